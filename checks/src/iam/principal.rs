//! Who a statement of a role's trust policy is about.

use super::{
    answer::Answer,
    glob::{Colons, Match, Text, run},
    json::Json,
    keys::Keys,
    pattern::Pattern,
};

/// Who makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// An AWS service, by its principal: `apigateway.amazonaws.com`.
    Service(&'a str),
}

/// What a Principal element names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Principals {
    /// `"*"`.
    Everyone,
    /// By kind: `AWS`, `Service`, …
    Listed(Vec<(String, Vec<String>)>),
}

impl Principals {
    pub(super) fn read(json: Json) -> Result<Self, &'static str> {
        match json {
            Json::Text(text) if text == "*" => Ok(Self::Everyone),
            Json::Map(kinds) if !kinds.is_empty() => {
                let listed = |(kind, names): (String, Json)| Some((kind, names.texts()?));
                kinds
                    .into_iter()
                    .map(listed)
                    .collect::<Option<_>>()
                    .map(Self::Listed)
                    .ok_or("its Principal is no text or list")
            }
            _ => Err("its Principal cannot be read"),
        }
    }

    /// Whether the caller is among them.
    ///
    /// `"*"` stands for "all principals", services among them
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>). That page calls
    /// `{"AWS": "*"}` equivalent "for anonymous users" and says nothing on services: unknown.
    pub(super) fn include(&self, caller: Caller<'_>) -> Answer {
        let Self::Listed(kinds) = self else { return Answer::Yes };
        let Caller::Service(service) = caller;
        Answer::any(kinds.iter().flat_map(|(kind, names)| {
            names.iter().map(move |name| match kind.as_str() {
                "Service" => is_service(name, service),
                "AWS" if name == "*" => Answer::unknown(
                    "AWS does not document whether the principal {\"AWS\": \"*\"} includes AWS services",
                ),
                "AWS" | "Federated" | "CanonicalUser" => Answer::No,
                _ => Answer::unknown(format!("its Principal has the kind {kind}, which is not known")),
            })
        }))
    }
}

fn is_service(name: &str, service: &str) -> Answer {
    if name == service {
        return Answer::Yes;
    }
    let wild = Pattern::action(name);
    // `apigateway.us-east-1.amazonaws.com`, `apigateway.amazonaws.com.cn`: the same service in some places.
    let kin = service.split_once('.').map_or(service, |(first, _)| first);
    let first = name.split_once('.').map_or(name, |(first, _)| first);
    if first.eq_ignore_ascii_case(kin)
        || run(&wild.tokens(&Keys::default()), Text::whole(service), Colons::Free) == Match::Yes
    {
        return Answer::unknown(format!("it is not known whether the service {name} is {service} here"));
    }
    Answer::No
}

#[cfg(test)]
mod tests {
    use super::*;

    fn include(json: &str) -> Answer {
        let json = serde_json::from_str(json).expect("JSON");
        let principals = Principals::read(json).expect("principals");
        match principals.include(Caller::Service("apigateway.amazonaws.com")) {
            Answer::Unknown(_) => Answer::unknown(""),
            known => known,
        }
    }

    #[test]
    fn the_service_is_named_alone_in_a_list_or_by_everyone() {
        for json in [
            r#""*""#,
            r#"{"Service":"apigateway.amazonaws.com"}"#,
            r#"{"AWS":"111122223333","Service":["lambda.amazonaws.com","apigateway.amazonaws.com"]}"#,
        ] {
            assert_eq!(include(json), Answer::Yes, "{json}");
        }
    }

    #[test]
    fn others_are_others() {
        for json in [
            r#"{"Service":"lambda.amazonaws.com"}"#,
            r#"{"Service":"ops.apigateway.amazonaws.com"}"#,
            r#"{"AWS":"arn:aws:iam::111122223333:root"}"#,
            r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
        ] {
            assert_eq!(include(json), Answer::No, "{json}");
        }
    }

    #[test]
    fn what_may_mean_the_service_is_unknown() {
        for json in [
            r#"{"AWS":"*"}"#,
            r#"{"Service":"*"}"#,
            r#"{"Service":"apigateway.us-east-1.amazonaws.com"}"#,
            r#"{"Service":"apigateway.amazonaws.com.cn"}"#,
            r#"{"Service":"APIGateway.amazonaws.com"}"#,
            r#"{"Robot":"x"}"#,
        ] {
            assert_eq!(include(json), Answer::unknown(""), "{json}");
        }
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for json in ["{}", "[]", "\"x\"", r#"{"AWS":[]}"#, r#"{"AWS":{}}"#, "null"] {
            assert!(Principals::read(serde_json::from_str(json).expect("JSON")).is_err(), "{json}");
        }
    }
}
