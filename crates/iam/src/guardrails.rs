//! What the policies of an organization do to a request, whatever else applies to it.

use gatelight_model::Gap;

use super::{
    decision::{Denial, Request, unsure},
    document::Document,
    principal::Caller,
    solve::{Solved, solve},
    statement::Ask,
};
use crate::{
    evaluation::{Case, Group, Side},
    identity::Identity,
};

/// The levels that must each allow a request; none where none apply.
#[derive(Clone, Debug, Default)]
pub struct Guardrails {
    /// Service control policies: they restrict identities of the account.
    pub scps: Vec<Level>,
    /// Resource control policies: they restrict what is done with resources of the account, by whomever.
    pub rcps: Vec<Level>,
}

/// The policies that are attached to a root, an organizational unit or an account.
#[derive(Clone, Debug)]
pub struct Level {
    /// What to call it where it allows nothing.
    pub name: String,
    /// Each read or missing.
    pub policies: Vec<Result<Document, Gap>>,
    /// Whether these are all, or why the rest is not known.
    pub rest: Result<(), Gap>,
}

impl Level {
    fn group(&self) -> Group<'_> {
        Group {
            documents: self.policies.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
            unread: self.policies.iter().find_map(|policy| policy.as_ref().err()).or(self.rest.as_ref().err()),
            name: self.name.clone(),
        }
    }
}

impl Guardrails {
    /// Whether they deny a request, which must name its caller. Service-linked roles are restricted by neither kind
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>), and callers that are
    /// no identities not by service control policies.
    ///
    /// # Errors
    /// If it hangs on what is not known or not understood.
    pub fn denial(&self, request: &Request<'_>) -> Result<Option<Denial>, Gap> {
        let identity = match request.caller {
            Some(Caller::Identity(identity)) => Some(identity),
            Some(Caller::Service(_) | Caller::Anonymous) | None => None,
        };
        if identity.is_some_and(Identity::is_service_linked) {
            return Ok(None);
        }
        let action = request.action.to_ascii_lowercase();
        let ask = Ask { action: &action, resource: request.resource, caller: None };
        let case = Case {
            ask,
            ask_of_resource: Ask { caller: request.caller, ..ask },
            side: Side::Identity,
            // Everything else allows it.
            identity: None,
            boundary: None,
            session: None,
            scps: self.scps.iter().filter(|_| identity.is_some()).map(Level::group).collect(),
            rcps: self.rcps.iter().map(Level::group).collect(),
            resource: Group::default(),
            endpoint: None,
        };
        match solve(&case, request.keys) {
            Solved::Allowed(_) => Ok(None),
            Solved::Explicit(place) => Ok(Some(Denial::Explicit(place.into()))),
            Solved::Implicit(lack) => Ok(Some(lack.into())),
            Solved::Undetermined(doubt) => Err(unsure(&doubt, request)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keys, Text};

    const ALL: &str = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    const OWN: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

    fn level(name: &str, statements: &[&str]) -> Level {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        Level { name: name.to_owned(), policies: vec![Document::parse(format!("{name}'s"), &text)], rest: Ok(()) }
    }

    fn unread(name: &str) -> Level {
        Level { name: name.to_owned(), policies: vec![], rest: Err(Gap::unprovable(name, "hidden")) }
    }

    fn denial(guardrails: &Guardrails, caller: Caller<'_>) -> Result<Option<String>, Gap> {
        let keys = Keys::default().with("aws:PrincipalOrgID", "o-own");
        let resource = Some(Text::open("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:"));
        let request = Request { action: "logs:PutLogEvents", resource, caller: Some(caller), keys: &keys };
        guardrails.denial(&request).map(|denial| denial.map(|denial| denial.to_string()))
    }

    #[test]
    fn every_level_must_allow_and_none_may_deny() {
        let role = Identity::read("arn:aws:iam::123456789012:role/r").expect("a role");
        let by_role = |scps: Vec<Level>, rcps: Vec<Level>| denial(&Guardrails { scps, rcps }, Caller::Identity(&role));
        assert_eq!(by_role(vec![], vec![]), Ok(None));
        let open = || level("root", &[OWN]);
        assert_eq!(by_role(vec![open()], vec![level("root", &[ALL])]), Ok(None));
        let denied =
            by_role(vec![open(), level("ou", &[OWN, r#"{"Effect":"Deny","Action":"logs:*","Resource":"*"}"#])], vec![]);
        assert_eq!(denied, Ok(Some("denied by statement 2 of ou's".to_owned())));
        let narrow = level("ou", &[r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#]);
        assert_eq!(by_role(vec![open(), narrow], vec![]), Ok(Some("ou does not allow it".to_owned())));
        assert_eq!(by_role(vec![level("empty", &[])], vec![]), Ok(Some("empty does not allow it".to_owned())));
        let foreign = r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-own"}}}"#;
        assert_eq!(by_role(vec![], vec![level("root", &[ALL, foreign])]), Ok(None));
        let other = foreign.replace("o-own", "o-other");
        let denied = by_role(vec![], vec![level("root", &[ALL, &other])]);
        assert_eq!(denied, Ok(Some("denied by statement 2 of root's".to_owned())));
    }

    #[test]
    fn what_is_proven_beats_what_is_hidden() {
        let role = Identity::read("arn:aws:iam::123456789012:role/r").expect("a role");
        let by_role = |scps| denial(&Guardrails { scps, rcps: vec![] }, Caller::Identity(&role));
        assert_eq!(by_role(vec![level("root", &[OWN]), unread("ou")]), Err(Gap::unprovable("ou", "hidden")));
        assert_eq!(by_role(vec![unread("ou"), level("a", &[])]), Ok(Some("a does not allow it".to_owned())));
    }

    #[test]
    fn services_know_no_service_control_policy_and_service_linked_roles_none_at_all() {
        let shut = || Guardrails { scps: vec![level("root", &[])], rcps: vec![] };
        assert_eq!(denial(&shut(), Caller::Service("apigateway.amazonaws.com")), Ok(None));
        let linked =
            "arn:aws:iam::123456789012:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway";
        let linked = Identity::read(linked).expect("a role");
        let shut = Guardrails { rcps: vec![level("root", &[])], ..shut() };
        assert_eq!(denial(&shut, Caller::Identity(&linked)), Ok(None));
        assert!(denial(&shut, Caller::Service("apigateway.amazonaws.com")).expect("known").is_some());
    }
}
