//! The sources on whose behalf a resource policy lets a service act: the values of `aws:SourceArn`.

use crate::{
    document::{Document, Effect, Element},
    glob::{Colons, Match, Tail, Text, match_text},
    keys::ConditionKeys,
    pattern::Pattern,
    principal::Caller,
    truth::Truth,
};

/// A pattern of `aws:SourceArn` under which a statement allows a service's call; `None` if it allows any source.
#[derive(Clone, Copy, Debug)]
pub struct SourceArn<'a>(Option<&'a Pattern>);

impl Document {
    /// The patterns of `aws:SourceArn` under which some statement allows `service` to call `action`. Skips statements that
    /// are not understood and ignores other conditions: a source that is named may be a caller, and others may be too.
    pub fn source_arns<'a>(&'a self, service: &'a str, action: &'a str) -> impl Iterator<Item = SourceArn<'a>> {
        let action = action.to_ascii_lowercase();
        let allows = move |statement: &&crate::document::Statement| {
            let (Element::Read(Effect::Allow), Element::Read(actions), Element::Read(principals)) =
                (&statement.effect, &statement.action, &statement.principal)
            else {
                return false;
            };
            let is = |pattern: &Pattern| {
                match_text(&pattern.tokens(&ConditionKeys::default()), Text::whole(&action), Colons::Free) == Match::Yes
            };
            !actions.negated
                && actions.list.iter().any(is)
                && principals.matches(Caller::Service(service), false).any() == Truth::True
        };
        self.statements.iter().filter(allows).flat_map(|statement| {
            let clauses = match &statement.condition {
                Element::Read(clauses) => clauses.as_slice(),
                Element::Absent => &[],
                Element::Malformed(_) => return Vec::new(),
            };
            let required = clauses.iter().flat_map(|clause| clause.required("aws:SourceArn"));
            let named: Vec<_> = required.map(|pattern| SourceArn(Some(pattern))).collect();
            if named.is_empty() { vec![SourceArn(None)] } else { named }
        })
    }
}

impl<'a> SourceArn<'a> {
    /// Whether it matches some longer ARN that begins with `prefix`.
    #[must_use]
    pub fn matches_below(self, prefix: &str) -> bool {
        let text = Text { known: prefix, tail: Tail::Anything };
        self.0.is_none_or(|pattern| {
            match_text(&pattern.tokens(&ConditionKeys::default()), text, Colons::Free) != Match::No
        })
    }

    /// The first segment of the ARN's resource, up to the slash; `None` if it is empty or has a wildcard or a variable.
    #[must_use]
    pub fn first_resource_segment(self) -> Option<&'a str> {
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
        let mut sources = document.source_arns("apigateway.amazonaws.com", "lambda:InvokeFunction");
        sources.any(|source| source.matches_below(HERE))
    }

    fn under(condition: &str) -> bool {
        named(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"f","Condition":{condition}}}"#
        ))
    }

    #[test]
    fn a_positive_condition_on_the_source_matches_it() {
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
    fn other_sources_do_not_match() {
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
    fn a_statement_without_a_source_condition_allows_any() {
        for condition in [
            "{}",
            r#"{"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
            r#"{"ArnNotLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:111122223333:f6g7h8i9j0/*"}}"#,
        ] {
            assert!(under(condition), "{condition}");
        }
    }

    #[test]
    fn the_first_resource_segment_is_returned_only_if_it_is_literal() {
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
            assert_eq!(SourceArn(Some(&pattern)).first_resource_segment(), expected, "{arn}");
        }
        assert_eq!(SourceArn(None).first_resource_segment(), None);
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
