//! Decides a request against the policies of one identity, or against one policy that decides alone.

use std::fmt;

use gatelight_model::Gap;

use crate::{
    deciding::DecidingStatement,
    document::{Document, PolicyList},
    evaluation::{Evaluation, ImplicitDeny, PolicyGroup, RequiredAllow, Uncertainty},
    glob::{Tail, Text},
    keys::ConditionKeys,
    near_miss::{NearMiss, near_misses},
    principal::Caller,
    solve::{Solution, solve},
    statement::RequestView,
};

/// A request to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `logs:PutLogEvents`; case does not matter.
    pub action: &'a str,
    /// The resource, or [`Text::NO_RESOURCE`]; `None` for a role's trust policy, whose only resource is the role itself.
    pub resource: Option<Text<'a>>,
    /// Who makes it; `None` for policies that belong to the caller.
    pub caller: Option<Caller<'a>>,
    /// The condition keys.
    pub keys: &'a ConditionKeys,
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.resource {
            Some(Text::NO_RESOURCE) | None => f.write_str(self.action),
            Some(Text { known, tail: Tail::None }) => write!(f, "{} on {known}", self.action),
            Some(Text { known, .. }) => write!(f, "{} on {known}<any>", self.action),
        }
    }
}

/// The policies of one identity, or one policy that decides alone.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The policies that grant permissions.
    pub identity: PolicyList,
    /// Whether `identity` is complete, or why it is not.
    pub rest: Result<(), Gap>,
    /// The permissions boundary, if there is one.
    pub boundary: Option<Result<Document, Gap>>,
}

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed by this statement, and nothing denies it.
    Allowed(DecidingStatement),
    /// Denied.
    Denied(Denial),
}

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// This statement denies it.
    Explicit(DecidingStatement),
    /// No statement allows it.
    NotAllowed,
    /// The policies of this name must allow it as well, and do not.
    NotAllowedBy(String),
}

impl From<ImplicitDeny> for Denial {
    fn from(deny: ImplicitDeny) -> Self {
        match deny {
            ImplicitDeny::NoAllow => Self::NotAllowed,
            ImplicitDeny::NotAllowedBy(name) => Self::NotAllowedBy(name),
        }
    }
}

impl Denial {
    /// The allow that is missing, where no statement denies it.
    pub(super) fn implicit(&self) -> Option<ImplicitDeny> {
        match self {
            Self::Explicit(_) => None,
            Self::NotAllowed => Some(ImplicitDeny::NoAllow),
            Self::NotAllowedBy(name) => Some(ImplicitDeny::NotAllowedBy(name.clone())),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(statement) => write!(f, "denied by {statement}"),
            Self::NotAllowed => f.write_str("no policy allows it"),
            Self::NotAllowedBy(policy) => write!(f, "{policy} does not allow it"),
        }
    }
}

impl Policies {
    /// One policy that decides alone, like a role's trust policy.
    #[must_use]
    pub fn only(document: Document) -> Self {
        Self { identity: vec![Ok(document)], rest: Ok(()), boundary: None }
    }

    /// The statements that would allow a request but for one thing, at most ten. To explain the denial that
    /// [`decide`](Self::decide) returned: none for one that a statement denies, those of the permissions boundary for one
    /// that it does not allow.
    #[must_use]
    pub fn near_misses(&self, request: &Request<'_>, denial: &Denial) -> Vec<NearMiss> {
        let Some(deny) = denial.implicit() else { return vec![] };
        let action = request.action.to_ascii_lowercase();
        near_misses(&self.evaluation(&action, request), &deny, request.keys)
    }

    /// Decides a request.
    ///
    /// # Errors
    /// If the decision depends on something that is not known or not understood.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, Gap> {
        let action = request.action.to_ascii_lowercase();
        match solve(&self.evaluation(&action, request), request.keys) {
            Solution::Allowed(Some(statement)) => Ok(Decision::Allowed(statement.into())),
            Solution::ExplicitDeny(statement) => Ok(Decision::Denied(Denial::Explicit(statement.into()))),
            Solution::ImplicitDeny(deny) => Ok(Decision::Denied(deny.into())),
            Solution::Undetermined(why) => Err(undetermined(&why, request)),
            // Not reached where identity policies decide. Undetermined is the safe answer.
            Solution::Allowed(None) => Err(undetermined(&Uncertainty::Account, request)),
        }
    }

    fn evaluation<'a>(&'a self, action: &'a str, request: &Request<'a>) -> Evaluation<'a> {
        let view =
            RequestView { action, resource: request.resource, caller: request.caller, by_identity_policy: false };
        let unread = self.identity.iter().find_map(|policy| policy.as_ref().err()).or(self.rest.as_ref().err());
        let boundary = self.boundary.as_ref().map(|policy| match policy {
            Ok(document) => PolicyGroup { documents: vec![document], unread: None, name: document.name().to_owned() },
            Err(gap) => PolicyGroup { documents: vec![], unread: Some(gap), name: String::new() },
        });
        Evaluation {
            request: view,
            resource_request: view,
            required: RequiredAllow::IdentityPolicy,
            identity: Some(PolicyGroup {
                documents: self.identity.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
                unread,
                name: String::new(),
            }),
            boundary,
            session: None,
            scps: vec![],
            rcps: vec![],
            resource: PolicyGroup::default(),
            endpoint: None,
        }
    }
}

/// The gap that says why a request is undetermined.
pub(super) fn undetermined(why: &Uncertainty<'_>, request: &Request<'_>) -> Gap {
    match why {
        Uncertainty::Unread(gap) => (*gap).clone(),
        Uncertainty::Statement((document, statement), why) => {
            let (policy, name) = (document.name(), &statement.name);
            let message =
                format!("cannot tell whether {request} is allowed: statement {name} of {policy}: {}", why.text());
            Gap::unprovable(policy, message)
        }
        Uncertainty::Account => Gap::unprovable(request.action, format!("cannot tell whether {request} is allowed")),
    }
}

#[cfg(test)]
mod tests;
