//! Simulates one request by any principal under all policies that apply to it, like IAM's policy simulator.

use gatelight_model::{Gap, arn::Arn};

use crate::{
    deciding::DecidingStatement,
    decision::Denial,
    document::{Document, PolicyList},
    evaluation::{Evaluation, PolicyGroup, RequiredAllow},
    glob::Text,
    identity::{Identity, IdentityKind},
    keys::{ConditionKeys, PossibleValue},
    near_miss::{NearMiss, near_misses},
    principal::Caller,
    solve::{Solution, explain, solve},
    statement::RequestView,
};

/// A request, and the policies that apply to it.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The request.
    pub request: SimulatedRequest,
    /// The policies.
    pub policies: PolicySet,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user, a role, a session or a root user.
    Identity(Identity),
    /// An AWS service: `apigateway.amazonaws.com`.
    Service(String),
    /// A caller without AWS credentials.
    Anonymous,
}

/// A request with its principal and context.
#[derive(Clone, Debug)]
pub struct SimulatedRequest {
    /// Who makes it.
    pub principal: Principal,
    /// `logs:PutLogEvents`; case does not matter.
    pub action: String,
    /// An ARN, or `*` for an action that takes no resource.
    pub resource: String,
    /// The account that owns the resource; `None`: the account in the resource's ARN.
    pub resource_account: Option<String>,
    /// The condition keys that are given. Those that follow from the other fields are added to them.
    pub keys: ConditionKeys,
}

/// The policies that apply to a request. A policy that could not be read may say anything.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// The identity's policies.
    pub identity: PolicyList,
    /// Its permissions boundary; empty: it has none.
    pub boundary: PolicyList,
    /// The policies of its session; empty: it has none.
    pub session: PolicyList,
    /// Service control policies by level, from the root to the account. Each level must allow.
    pub scps: Vec<PolicyList>,
    /// Resource control policies by level, likewise.
    pub rcps: Vec<PolicyList>,
    /// The resource's policies.
    pub resource: PolicyList,
    /// The policies of the VPC endpoint that the request goes through; empty: it goes through none.
    pub endpoint: PolicyList,
}

/// The decision on a simulated request, and what an undetermined one depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulationResult {
    /// The decision.
    pub decision: SimulationDecision,
    /// The condition keys that could change an undetermined decision.
    pub missing_context: Vec<String>,
    /// What the engine does not understand and could change an undetermined decision.
    pub problems: Vec<String>,
    /// For an implicit denial: the statements that would allow the request but for one thing, at most ten.
    pub near_misses: Vec<NearMiss>,
}

/// The decision on a simulated request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulationDecision {
    /// Allowed by this statement; a root user needs none, nor does `sts:GetCallerIdentity`.
    Allowed(Option<DecidingStatement>),
    /// Denied.
    Denied(Denial),
    /// It depends on something that is not known or not understood.
    Undetermined,
}

impl SimulatedRequest {
    /// Decides the request. Ignores policies that do not apply to its principal: a service and an anonymous caller have
    /// no policies of their own, and SCPs do not restrict them.
    #[must_use]
    pub fn simulate(&self, policies: &PolicySet) -> SimulationResult {
        let action = self.action.to_ascii_lowercase();
        if action == "sts:getcalleridentity" && matches!(self.principal, Principal::Identity(_)) {
            // "No permissions are required to perform this operation", and an explicit deny does not prevent it
            // (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
            let decision = SimulationDecision::Allowed(None);
            return SimulationResult { decision, missing_context: vec![], problems: vec![], near_misses: vec![] };
        }
        let keys = self.all_keys();
        let evaluation = self.evaluation(&action, policies);
        let decision = match solve(&evaluation, &keys) {
            Solution::Allowed(by) => SimulationDecision::Allowed(by.map(DecidingStatement::from)),
            Solution::ExplicitDeny(by) => SimulationDecision::Denied(Denial::Explicit(by.into())),
            Solution::ImplicitDeny(deny) => SimulationDecision::Denied(deny.into()),
            Solution::Undetermined(_) => {
                let explanation = explain(&evaluation, &keys);
                return SimulationResult {
                    decision: SimulationDecision::Undetermined,
                    missing_context: explanation.missing_keys,
                    problems: explanation.problems,
                    near_misses: vec![],
                };
            }
        };
        let deny = match &decision {
            SimulationDecision::Denied(denial) => denial.implicit(),
            _ => None,
        };
        let near_misses = deny.map_or_else(Vec::new, |deny| near_misses(&evaluation, &deny, &keys));
        SimulationResult { decision, missing_context: vec![], problems: vec![], near_misses }
    }

    fn evaluation<'a>(&'a self, action: &'a str, policies: &'a PolicySet) -> Evaluation<'a> {
        let (caller, identity) = match &self.principal {
            Principal::Identity(identity) => (Caller::Identity(identity), Some(identity)),
            Principal::Service(service) => (Caller::Service(service), None),
            Principal::Anonymous => (Caller::Anonymous, None),
        };
        let request = RequestView {
            action,
            resource: Some(Text::whole(&self.resource)),
            caller: None,
            by_identity_policy: false,
        };
        let resource = request.resource.filter(|_| !self.is_decided_by_trust_policy(action, policies));
        let limit = |list: &'a PolicyList, what| {
            (identity.is_some() && !list.is_empty()).then(|| group(list, named(what, list)))
        };
        let levels = |list, what, applies: bool| {
            let applies = applies && !identity.is_some_and(Identity::is_service_linked);
            if applies { level_groups(list, what) } else { vec![] }
        };
        Evaluation {
            request,
            resource_request: RequestView { resource, caller: Some(caller), ..request },
            required: self.required_allow(action),
            identity: match identity {
                Some(Identity { kind: IdentityKind::Root, .. }) => None,
                Some(_) => Some(group(&policies.identity, String::new())),
                None => Some(PolicyGroup::default()),
            },
            boundary: limit(&policies.boundary, "permissions boundary"),
            session: limit(&policies.session, "session policy"),
            scps: levels(&policies.scps, "service control policies", identity.is_some()),
            rcps: levels(&policies.rcps, "resource control policies", true),
            resource: group(&policies.resource, "the resource's own policy".to_owned()),
            endpoint: (!policies.endpoint.is_empty())
                .then(|| group(&policies.endpoint, named("endpoint policy", &policies.endpoint))),
        }
    }

    /// The account that owns the resource. An action that takes no resource happens in the principal's account.
    fn owner(&self) -> Option<&str> {
        let in_arn = || Arn::parse(&self.resource).map(|arn| arn.account).filter(|account| !account.is_empty());
        let own = || match &self.principal {
            Principal::Identity(identity) if self.resource == "*" => Some(identity.account()),
            _ => None,
        };
        self.resource_account.as_deref().or_else(in_arn).or_else(own)
    }

    /// The keys that are given, and those that follow from the request
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). Given keys win.
    fn all_keys(&self) -> ConditionKeys {
        let text = |text: &str| Some(PossibleValue::Value(text.to_owned()));
        let (arn, account, service) = match &self.principal {
            Principal::Identity(identity) => {
                (identity.principal_arn().map(PossibleValue::Value), text(identity.account()), text("false"))
            }
            // AWS does not document what else a service's own request contains.
            Principal::Service(_) => (None, None, text("true")),
            // "For anonymous requests, the request context returns anonymous"; the other keys are not included.
            Principal::Anonymous => (Some(PossibleValue::Absent), text("anonymous"), Some(PossibleValue::Absent)),
        };
        let derived = [
            ("aws:PrincipalArn", arn),
            ("aws:PrincipalAccount", account),
            ("aws:PrincipalIsAWSService", service),
            ("aws:ResourceAccount", self.owner().and_then(text)),
        ];
        derived.into_iter().fold(self.keys.clone(), |keys, (key, value)| match value {
            Some(value) if !keys.contains(key) => keys.with_possible(key, vec![value], ""),
            _ => keys,
        })
    }

    fn required_allow(&self, action: &str) -> RequiredAllow {
        let Principal::Identity(identity) = &self.principal else { return RequiredAllow::ResourcePolicyOnly };
        let resource_policy_required = self.assumes_role(action) || self.uses_kms_key(action);
        match self.owner() {
            Some(owner) if owner != identity.account() => RequiredAllow::CrossAccount,
            Some(_) if resource_policy_required => RequiredAllow::SameAccountResourcePolicy,
            Some(_) => RequiredAllow::SameAccount,
            None => RequiredAllow::UnknownAccount(resource_policy_required),
        }
    }

    /// Whether a role is assumed. The role's trust policy must allow that.
    fn assumes_role(&self, action: &str) -> bool {
        let assumes =
            action.starts_with("sts:assumerole") || ["sts:tagsession", "sts:setsourceidentity"].contains(&action);
        assumes && Arn::parse(&self.resource).is_some_and(|arn| arn.resource.starts_with("role/"))
    }

    /// Whether a KMS key is used. The key policy must allow that
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>).
    fn uses_kms_key(&self, action: &str) -> bool {
        action.starts_with("kms:") && Arn::parse(&self.resource).is_some_and(|arn| arn.resource.starts_with("key/"))
    }

    /// Whether the resource's policies are trust policies, which have no Resource element.
    fn is_decided_by_trust_policy(&self, action: &str, policies: &PolicySet) -> bool {
        let names_resource = |policy: &Result<Document, Gap>| policy.as_ref().is_ok_and(Document::names_resource);
        self.assumes_role(action) && !policies.resource.iter().any(names_resource)
    }
}

fn group(policies: &PolicyList, name: String) -> PolicyGroup<'_> {
    PolicyGroup {
        documents: policies.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
        unread: policies.iter().find_map(|policy| policy.as_ref().err()),
        name,
    }
}

fn names(policies: &PolicyList) -> String {
    let names: Vec<&str> = policies.iter().filter_map(|policy| policy.as_ref().ok()).map(Document::name).collect();
    names.join(", ")
}

fn named(what: &str, policies: &PolicyList) -> String {
    format!("{what} {}", names(policies))
}

fn level_groups<'a>(levels: &'a [PolicyList], what: &str) -> Vec<PolicyGroup<'a>> {
    let numbered = |(at, level): (usize, &'a PolicyList)| {
        let names = Some(names(level)).filter(|names| !names.is_empty()).unwrap_or_else(|| "none".to_owned());
        group(level, format!("level {} of the {what} ({names})", at + 1))
    };
    levels.iter().enumerate().map(numbered).collect()
}
