//! Whether the policies of an organization deny a request, whatever other policies allow.

use gatelight_model::Gap;

use crate::{
    decision::{Denial, Request, undetermined},
    document::PolicyList,
    evaluation::{Evaluation, PolicyGroup, RequiredAllow},
    identity::Identity,
    near_miss::{NearMiss, near_misses},
    principal::Caller,
    solve::{Solution, solve},
    statement::RequestView,
};

/// The SCPs and RCPs that apply to an account. Each level must allow a request; no levels restrict nothing.
#[derive(Clone, Debug, Default)]
pub struct Guardrails {
    /// Service control policies, which restrict the account's identities.
    pub scps: Vec<GuardrailLevel>,
    /// Resource control policies, which restrict access to the account's resources by any caller.
    pub rcps: Vec<GuardrailLevel>,
}

/// The policies attached to a root, an organizational unit or an account.
#[derive(Clone, Debug)]
pub struct GuardrailLevel {
    /// What messages call the level where it does not allow a request.
    pub name: String,
    /// The policies.
    pub policies: PolicyList,
    /// Whether `policies` is complete, or why it is not.
    pub rest: Result<(), Gap>,
}

impl GuardrailLevel {
    fn group(&self) -> PolicyGroup<'_> {
        PolicyGroup {
            documents: self.policies.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
            unread: self.policies.iter().find_map(|policy| policy.as_ref().err()).or(self.rest.as_ref().err()),
            name: self.name.clone(),
        }
    }
}

impl Guardrails {
    /// Whether they deny a request, which must name its caller. Neither kind restricts service-linked roles
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>). SCPs
    /// restrict identities only, not services or anonymous callers.
    ///
    /// # Errors
    /// If the decision depends on something that is not known or not understood.
    pub fn denial(&self, request: &Request<'_>) -> Result<Option<Denial>, Gap> {
        if identity_of(request).is_some_and(Identity::is_service_linked) {
            return Ok(None);
        }
        let action = request.action.to_ascii_lowercase();
        match solve(&self.evaluation(&action, request), request.keys) {
            Solution::Allowed(_) => Ok(None),
            Solution::ExplicitDeny(statement) => Ok(Some(Denial::Explicit(statement.into()))),
            Solution::ImplicitDeny(deny) => Ok(Some(deny.into())),
            Solution::Undetermined(why) => Err(undetermined(&why, request)),
        }
    }

    /// The statements that would allow a request but for one thing, at most ten: those of the level that, as
    /// [`denial`](Self::denial) says, does not allow it.
    #[must_use]
    pub fn near_misses(&self, request: &Request<'_>, denial: &Denial) -> Vec<NearMiss> {
        let Some(deny) = denial.implicit() else { return vec![] };
        let action = request.action.to_ascii_lowercase();
        near_misses(&self.evaluation(&action, request), &deny, request.keys)
    }

    fn evaluation<'a>(&'a self, action: &'a str, request: &Request<'a>) -> Evaluation<'a> {
        let identity = identity_of(request);
        let view = RequestView { action, resource: request.resource, caller: None, by_identity_policy: false };
        Evaluation {
            request: view,
            resource_request: RequestView { caller: request.caller, ..view },
            required: RequiredAllow::IdentityPolicy,
            // All other policies are taken to allow it.
            identity: None,
            boundary: None,
            session: None,
            scps: self.scps.iter().filter(|_| identity.is_some()).map(GuardrailLevel::group).collect(),
            rcps: self.rcps.iter().map(GuardrailLevel::group).collect(),
            resource: PolicyGroup::default(),
            endpoint: None,
        }
    }
}

fn identity_of<'a>(request: &Request<'a>) -> Option<&'a Identity> {
    match request.caller {
        Some(Caller::Identity(identity)) => Some(identity),
        Some(Caller::Service(_) | Caller::Anonymous) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document::Document, glob::Text, keys::ConditionKeys};

    const ALL: &str = r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#;
    const OWN: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

    fn level(name: &str, statements: &[&str]) -> GuardrailLevel {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        GuardrailLevel {
            name: name.to_owned(),
            policies: vec![Document::parse(format!("{name}'s"), &text)],
            rest: Ok(()),
        }
    }

    fn unread(name: &str) -> GuardrailLevel {
        GuardrailLevel { name: name.to_owned(), policies: vec![], rest: Err(Gap::unprovable(name, "hidden")) }
    }

    fn denial(guardrails: &Guardrails, caller: Caller<'_>) -> Result<Option<String>, Gap> {
        let keys = ConditionKeys::default().with("aws:PrincipalOrgID", "o-own");
        let resource = Some(Text::open("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:"));
        let request = Request { action: "logs:PutLogEvents", resource, caller: Some(caller), keys: &keys };
        guardrails.denial(&request).map(|denial| denial.map(|denial| denial.to_string()))
    }

    #[test]
    fn every_level_must_allow_and_none_may_deny() {
        let role = Identity::read("arn:aws:iam::123456789012:role/r").expect("a role");
        let by_role = |scps: Vec<GuardrailLevel>, rcps: Vec<GuardrailLevel>| {
            denial(&Guardrails { scps, rcps }, Caller::Identity(&role))
        };
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
    fn the_level_that_does_not_allow_it_is_what_nearly_does() {
        let role = Identity::read("arn:aws:iam::123456789012:role/r").expect("a role");
        let near = r#"{"Effect":"Allow","Action":"logs:PutLogEvent","Resource":"*"}"#;
        let guardrails = Guardrails { scps: vec![level("root", &[OWN]), level("ou", &[near])], rcps: vec![] };
        let keys = ConditionKeys::default();
        let resource = Some(Text::open("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:"));
        let caller = Some(Caller::Identity(&role));
        let request = Request { action: "logs:PutLogEvents", resource, caller, keys: &keys };
        let denial = guardrails.denial(&request).expect("known").expect("denied");
        let [near_miss] = &guardrails.near_misses(&request, &denial)[..] else { panic!("one") };
        assert_eq!(near_miss.statement.policy, "ou's");
        let deny = level("ou", &[near, r#"{"Effect":"Deny","Action":"logs:*","Resource":"*"}"#]);
        let guardrails = Guardrails { scps: vec![deny], rcps: vec![] };
        let denial = guardrails.denial(&request).expect("known").expect("denied");
        assert_eq!(guardrails.near_misses(&request, &denial), []);
    }

    #[test]
    fn a_proven_denial_beats_a_hidden_policy() {
        let role = Identity::read("arn:aws:iam::123456789012:role/r").expect("a role");
        let by_role = |scps| denial(&Guardrails { scps, rcps: vec![] }, Caller::Identity(&role));
        assert_eq!(by_role(vec![level("root", &[OWN]), unread("ou")]), Err(Gap::unprovable("ou", "hidden")));
        assert_eq!(by_role(vec![unread("ou"), level("a", &[])]), Ok(Some("a does not allow it".to_owned())));
    }

    #[test]
    fn scps_do_not_restrict_services_and_nothing_restricts_service_linked_roles() {
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
