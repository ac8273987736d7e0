//! On whose behalf a resource policy lets a service act: the values of `aws:SourceArn`.

use super::{
    answer::Answer,
    document::{Document, Effect, Part},
    glob::{Colons, Match, Tail, Text, run},
    keys::Keys,
    pattern::Pattern,
    principal::Caller,
};

/// A value of `aws:SourceArn` under which a statement allows something; none where it asks for no such value.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a>(Option<&'a Pattern>);

impl Document {
    /// The values of `aws:SourceArn` under which some statement allows `service` to do `action`; any value, where a
    /// statement asks for none. A statement that is not understood names nobody, and other conditions are not looked at: whoever is
    /// named may be a caller, and others too.
    pub fn sources<'a>(&'a self, service: &'a str, action: &'a str) -> impl Iterator<Item = Source<'a>> {
        let action = action.to_ascii_lowercase();
        let allows = move |statement: &&super::document::Statement| {
            let (Part::Is(Effect::Allow), Part::Is(actions), Part::Is(principals)) =
                (&statement.effect, &statement.action, &statement.principal)
            else {
                return false;
            };
            let is = |pattern: &Pattern| {
                run(&pattern.tokens(&Keys::default()), Text::whole(&action), Colons::Free) == Match::Yes
            };
            !actions.negated
                && actions.list.iter().any(is)
                && principals.include(Caller::Service(service), false).any() == Answer::Yes
        };
        self.statements.iter().filter(allows).flat_map(|statement| {
            let clauses = match &statement.condition {
                Part::Is(clauses) => clauses.as_slice(),
                Part::Absent => &[],
                Part::Unclear(_) => return Vec::new(),
            };
            let required = clauses.iter().flat_map(|clause| clause.required("aws:SourceArn"));
            let named: Vec<_> = required.map(|pattern| Source(Some(pattern))).collect();
            if named.is_empty() { vec![Source(None)] } else { named }
        })
    }
}

impl<'a> Source<'a> {
    /// Whether it names some source that begins like this and goes on.
    #[must_use]
    pub fn names(self, begin: &str) -> bool {
        let text = Text { known: begin, tail: Tail::Anything };
        self.0.is_none_or(|pattern| run(&pattern.tokens(&Keys::default()), text, Colons::Free) != Match::No)
    }

    /// What stands in the place of an ARN's resource up to the first slash; none where that is not one name: where it
    /// has a wildcard, or a variable.
    #[must_use]
    pub fn first_of_resource(self) -> Option<&'a str> {
        let first = self.0?.text().splitn(6, ':').nth(5)?.split('/').next()?;
        (!first.is_empty() && !first.contains(['*', '?', '$'])).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/";

    fn named(statement: &str) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let document = Document::parse("p", &text).expect("a policy");
        let mut sources = document.sources("apigateway.amazonaws.com", "lambda:InvokeFunction");
        sources.any(|source| source.names(HERE))
    }

    fn under(condition: &str) -> bool {
        named(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"f","Condition":{condition}}}"#
        ))
    }

    #[test]
    fn a_positive_condition_on_the_source_names_it() {
        for condition in [
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/pets"}}"#,
            r#"{"ArnEquals":{"aws:sourcearn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*/*"}}"#,
            r#"{"StringLike":{"aws:SourceArn":["x","arn:aws:execute-api:*:*:a1b2c3d4e5/*/GET/pets"]}}"#,
            r#"{"StringEquals":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/"}}"#,
            r#"{"StringEquals":{"aws:SourceAccount":"1"},"ArnLike":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*"}}"#,
        ] {
            assert!(under(condition), "{condition}");
        }
    }

    #[test]
    fn others_are_not_named() {
        for condition in [
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/test/GET/pets"}}"#,
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:f6g7h8i9j0/*"}}"#,
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-west-2:111122223333:a1b2c3d4e5/*"}}"#,
            r#"{"StringEquals":{"aws:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*"}}"#,
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::a1b2c3d4e5"}}"#,
        ] {
            assert!(!under(condition), "{condition}");
        }
    }

    #[test]
    fn a_statement_that_asks_for_no_source_names_any() {
        for condition in [
            "{}",
            r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
            r#"{"ArnNotLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:f6g7h8i9j0/*"}}"#,
        ] {
            assert!(under(condition), "{condition}");
        }
    }

    #[test]
    fn the_first_name_of_the_source_is_told_only_where_it_is_one_name() {
        for (arn, expected) in [
            ("arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*/GET/pets", Some("a1b2c3d4e5")),
            ("arn:aws:execute-api:*:*:a1b2c3d4e5", Some("a1b2c3d4e5")),
            ("arn:aws:execute-api:us-east-1:111122223333:*/prod", None),
            ("arn:aws:execute-api:us-east-1:111122223333:a1b2?/prod", None),
            ("arn:aws:execute-api:us-east-1:111122223333:${aws:x}/prod", None),
            ("arn:aws:execute-api:us-east-1:111122223333:/prod", None),
            ("arn:aws:execute-api:us-east-1:111122223333", None),
        ] {
            let pattern = Pattern::read(arn, true, false);
            assert_eq!(Source(Some(&pattern)).first_of_resource(), expected, "{arn}");
        }
        assert_eq!(Source(None).first_of_resource(), None);
    }

    #[test]
    fn the_statement_must_allow_the_service_the_action() {
        let condition =
            r#""Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/*"}}"#;
        let with = |effect: &str, principal: &str, action: &str| {
            named(&format!(
                r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}","Resource":"f",{condition}}}"#
            ))
        };
        let gateway = r#"{"Service":"apigateway.amazonaws.com"}"#;
        assert!(with("Allow", gateway, "lambda:invokefunction"));
        assert!(with("Allow", gateway, "lambda:*"));
        assert!(!with("Deny", gateway, "lambda:InvokeFunction"));
        assert!(!with("Allow", r#"{"Service":"s3.amazonaws.com"}"#, "lambda:InvokeFunction"));
        assert!(!with("Allow", r#"{"AWS":"*"}"#, "lambda:InvokeFunction"));
        assert!(!with("Allow", gateway, "lambda:GetFunction"));
    }
}
