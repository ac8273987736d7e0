//! A whole question: who wants to do what, under all policies that apply.

use gatelight_model::{Gap, arn::Arn};

use super::{
    decision::{Decider, Denial},
    document::Document,
    glob::Text,
    keys::{Keys, Possible},
    principal::Caller,
    solve::{Solved, explain, solve},
    statement::Ask,
};
use crate::{
    evaluation::{Case, Group, Side},
    identity::{Identity, Who},
};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user, a role, a session or a root user.
    Identity(Identity),
    /// An AWS service: `apigateway.amazonaws.com`.
    Service(String),
    /// Nobody that AWS knows.
    Anonymous,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Question {
    /// By whom.
    pub principal: Principal,
    /// `logs:PutLogEvents`; not case-sensitive.
    pub action: String,
    /// An ARN, or `*` for an action that takes no resource.
    pub resource: String,
    /// The account that the resource belongs to; none: the one in its ARN.
    pub resource_account: Option<String>,
    /// The condition keys that are known, beside those that follow from the above.
    pub keys: Keys,
}

/// The policies that apply. A policy that cannot be read may hold anything.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// The identity's own.
    pub identity: Vec<Result<Document, Gap>>,
    /// Its permissions boundary; none if empty.
    pub boundary: Vec<Result<Document, Gap>>,
    /// The policies of its session; none if empty.
    pub session: Vec<Result<Document, Gap>>,
    /// Service control policies by level, from the root to the account. Each level must allow.
    pub scps: Vec<Vec<Result<Document, Gap>>>,
    /// Resource control policies, likewise.
    pub rcps: Vec<Vec<Result<Document, Gap>>>,
    /// Those of the resource.
    pub resource: Vec<Result<Document, Gap>>,
    /// Those of the VPC endpoint that the request goes through; none if empty.
    pub endpoint: Vec<Result<Document, Gap>>,
}

/// What is decided, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What is decided.
    pub verdict: Verdict,
    /// The condition keys that could turn an undetermined one.
    pub missing_context: Vec<String>,
    /// What could turn an undetermined one, and is not understood.
    pub problems: Vec<String>,
}

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// By this statement; a root user needs none.
    Allowed(Option<Decider>),
    /// It is denied.
    Denied(Denial),
    /// It hangs on what is not known or not understood.
    Undetermined,
}

impl Question {
    /// Decides it. A policy that does not apply to such a principal is not looked at: a service and an anonymous caller
    /// have no policies of their own, and SCPs do not restrict them.
    #[must_use]
    pub fn decide(&self, policies: &PolicySet) -> Ruling {
        let action = self.action.to_ascii_lowercase();
        let keys = self.all_keys();
        let side = self.side(&action);
        let caller = match &self.principal {
            Principal::Identity(identity) => Caller::Identity(identity),
            Principal::Service(service) => Caller::Service(service),
            Principal::Anonymous => Caller::Anonymous,
        };
        let identity = match &self.principal {
            Principal::Identity(identity) => Some(identity),
            Principal::Service(_) | Principal::Anonymous => None,
        };
        let ask = Ask { action: &action, resource: Some(Text::whole(&self.resource)), caller: None };
        let of_resource =
            Ask { resource: ask.resource.filter(|_| !self.is_trust(&action, policies)), caller: Some(caller), ..ask };
        let own = |list: &'_ [Result<Document, Gap>]| identity.is_some() && !list.is_empty();
        let service_linked = identity.is_some_and(Identity::is_service_linked);
        let levels = |list, what| -> Vec<Group<'_>> { if service_linked { vec![] } else { numbered(list, what) } };
        let case = Case {
            ask,
            ask_of_resource: of_resource,
            side,
            identity: match identity {
                Some(Identity { who: Who::Root, .. }) => None,
                Some(_) => Some(group(&policies.identity, String::new())),
                None => Some(Group::default()),
            },
            boundary: own(&policies.boundary)
                .then(|| group(&policies.boundary, named("permissions boundary", &policies.boundary))),
            session: own(&policies.session)
                .then(|| group(&policies.session, named("session policy", &policies.session))),
            scps: if identity.is_some() { levels(&policies.scps, "service control policies") } else { vec![] },
            rcps: levels(&policies.rcps, "resource control policies"),
            resource: group(&policies.resource, "the resource's own policy".to_owned()),
            endpoint: (!policies.endpoint.is_empty())
                .then(|| group(&policies.endpoint, named("endpoint policy", &policies.endpoint))),
        };
        let verdict = match solve(&case, &keys) {
            Solved::Allowed(place) => Verdict::Allowed(place.map(Decider::from)),
            Solved::Explicit(place) => Verdict::Denied(Denial::Explicit(place.into())),
            Solved::Implicit(lack) => Verdict::Denied(lack.into()),
            Solved::Undetermined(_) => {
                let explained = explain(&case, &keys);
                let (missing_context, problems) = (explained.keys, explained.problems);
                return Ruling { verdict: Verdict::Undetermined, missing_context, problems };
            }
        };
        Ruling { verdict, missing_context: vec![], problems: vec![] }
    }

    /// The account that the resource belongs to. An action that takes no resource is done in the account of who asks.
    fn owner(&self) -> Option<&str> {
        let in_arn = || Arn::parse(&self.resource).map(|arn| arn.account).filter(|account| !account.is_empty());
        let own = || match &self.principal {
            Principal::Identity(identity) if self.resource == "*" => Some(identity.account()),
            _ => None,
        };
        self.resource_account.as_deref().or_else(in_arn).or_else(own)
    }

    /// Those that are given, and those that follow from the request
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). What is given wins.
    fn all_keys(&self) -> Keys {
        let text = |text: &str| Some(Possible::Value(text.to_owned()));
        let (arn, account, service) = match &self.principal {
            Principal::Identity(identity) => {
                (identity.principal_arn().map(Possible::Value), text(identity.account()), text("false"))
            }
            // What else a service's own request holds is not documented.
            Principal::Service(_) => (None, None, text("true")),
            // "For anonymous requests, the request context returns anonymous"; the others are not included.
            Principal::Anonymous => (Some(Possible::Absent), text("anonymous"), Some(Possible::Absent)),
        };
        let derived = [
            ("aws:PrincipalArn", arn),
            ("aws:PrincipalAccount", account),
            ("aws:PrincipalIsAWSService", service),
            ("aws:ResourceAccount", self.owner().and_then(text)),
        ];
        derived.into_iter().fold(self.keys.clone(), |keys, (key, value)| match value {
            Some(value) if !keys.lists(key) => keys.with_possible(key, vec![value], ""),
            _ => keys,
        })
    }

    fn side(&self, action: &str) -> Side {
        let Principal::Identity(identity) = &self.principal else { return Side::Resource };
        let named = self.is_role(action) || self.is_key(action);
        match self.owner() {
            Some(owner) if owner != identity.account() => Side::Across,
            Some(_) if named => Side::SameAndNamed,
            Some(_) => Side::Same,
            None => Side::Unknown(named),
        }
    }

    /// Whether a role is assumed: its trust policy must allow that.
    fn is_role(&self, action: &str) -> bool {
        let assumes =
            action.starts_with("sts:assumerole") || ["sts:tagsession", "sts:setsourceidentity"].contains(&action);
        assumes && Arn::parse(&self.resource).is_some_and(|arn| arn.resource.starts_with("role/"))
    }

    /// Whether a KMS key is used: its key policy must allow that
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>).
    fn is_key(&self, action: &str) -> bool {
        action.starts_with("kms:") && Arn::parse(&self.resource).is_some_and(|arn| arn.resource.starts_with("key/"))
    }

    /// Whether the resource's policies are trust policies, which name no resource.
    fn is_trust(&self, action: &str, policies: &PolicySet) -> bool {
        let names_resource = |policy: &Result<Document, Gap>| policy.as_ref().is_ok_and(Document::names_resource);
        self.is_role(action) && !policies.resource.iter().any(names_resource)
    }
}

fn group(policies: &[Result<Document, Gap>], name: String) -> Group<'_> {
    Group {
        documents: policies.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
        unread: policies.iter().find_map(|policy| policy.as_ref().err()),
        name,
    }
}

fn named(what: &str, policies: &[Result<Document, Gap>]) -> String {
    let names: Vec<&str> = policies.iter().filter_map(|policy| policy.as_ref().ok()).map(Document::name).collect();
    format!("{what} {}", names.join(", "))
}

fn numbered<'a>(levels: &'a [Vec<Result<Document, Gap>>], what: &str) -> Vec<Group<'a>> {
    let name = |(at, level): (usize, &'a Vec<Result<Document, Gap>>)| {
        let names: Vec<&str> = level.iter().filter_map(|policy| policy.as_ref().ok()).map(Document::name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        group(level, format!("level {} of the {what} ({names})", at + 1))
    };
    levels.iter().enumerate().map(name).collect()
}
