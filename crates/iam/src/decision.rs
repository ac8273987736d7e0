//! What policies decide about a request.

use std::fmt;

use gatelight_model::Gap;

use super::{
    document::Document,
    glob::{Tail, Text},
    keys::Keys,
    principal::Caller,
    solve::{Solved, solve},
    statement::Ask,
};
use crate::evaluation::{Case, Group, ImplicitDeny, Place, Side, Uncertainty};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `logs:PutLogEvents`; not case-sensitive.
    pub action: &'a str,
    /// On what, or [`Text::NO_RESOURCE`]; none for the trust policy of a role, which is its own resource.
    pub resource: Option<Text<'a>>,
    /// By whom; none for policies that belong to who asks.
    pub caller: Option<Caller<'a>>,
    /// The condition keys.
    pub keys: &'a Keys,
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

/// The policies that decide.
#[derive(Clone, Debug)]
pub struct Policies {
    /// Those that grant, each read or missing.
    pub identity: Vec<Result<Document, Gap>>,
    /// Whether these are all, or why the rest is not known.
    pub rest: Result<(), Gap>,
    /// The permissions boundary, if there is one.
    pub boundary: Option<Result<Document, Gap>>,
}

/// What the policies decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This statement allows it and nothing is against it.
    Allowed(Decider),
    /// It is not allowed.
    Denied(Denial),
}

/// Why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// This statement denies it.
    Explicit(Decider),
    /// No statement allows it.
    NotAllowed,
    /// These must allow it too, and do not.
    Outside(String),
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// What reports call the policy.
    pub policy: String,
    /// The statement's Sid, or else its number, from 1.
    pub statement: String,
}

impl From<Place<'_>> for Decider {
    fn from((document, statement): Place<'_>) -> Self {
        Self { policy: document.name().to_owned(), statement: statement.name.clone() }
    }
}

impl From<ImplicitDeny> for Denial {
    fn from(lack: ImplicitDeny) -> Self {
        match lack {
            ImplicitDeny::Grant => Self::NotAllowed,
            ImplicitDeny::Level(name) => Self::Outside(name),
        }
    }
}

impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of {}", self.statement, self.policy)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(decider) => write!(f, "denied by {decider}"),
            Self::NotAllowed => f.write_str("no policy allows it"),
            Self::Outside(policy) => write!(f, "{policy} does not allow it"),
        }
    }
}

impl Policies {
    /// One policy that decides alone, as the trust policy of a role does.
    #[must_use]
    pub fn only(document: Document) -> Self {
        Self { identity: vec![Ok(document)], rest: Ok(()), boundary: None }
    }

    /// Decides a request.
    ///
    /// # Errors
    /// If it hangs on what is not known or not understood.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, Gap> {
        let action = request.action.to_ascii_lowercase();
        let ask = Ask { action: &action, resource: request.resource, caller: request.caller };
        let hidden = self.identity.iter().find_map(|policy| policy.as_ref().err()).or(self.rest.as_ref().err());
        let boundary = self.boundary.as_ref().map(|policy| match policy {
            Ok(document) => Group { documents: vec![document], unread: None, name: document.name().to_owned() },
            Err(gap) => Group { documents: vec![], unread: Some(gap), name: String::new() },
        });
        let case = Case {
            ask,
            ask_of_resource: ask,
            side: Side::Identity,
            identity: Some(Group {
                documents: self.identity.iter().filter_map(|policy| policy.as_ref().ok()).collect(),
                unread: hidden,
                name: String::new(),
            }),
            boundary,
            session: None,
            scps: vec![],
            rcps: vec![],
            resource: Group::default(),
            endpoint: None,
        };
        match solve(&case, request.keys) {
            Solved::Allowed(Some(place)) => Ok(Decision::Allowed(place.into())),
            Solved::Explicit(place) => Ok(Decision::Denied(Denial::Explicit(place.into()))),
            Solved::Implicit(lack) => Ok(Decision::Denied(lack.into())),
            Solved::Undetermined(doubt) => Err(unsure(&doubt, request)),
            // It cannot be, where identity policies are asked; nothing is said rather than the wrong thing.
            Solved::Allowed(None) => Err(unsure(&Uncertainty::Account, request)),
        }
    }
}

/// Why it cannot be told whether a request is allowed.
pub(super) fn unsure(doubt: &Uncertainty<'_>, request: &Request<'_>) -> Gap {
    match doubt {
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
