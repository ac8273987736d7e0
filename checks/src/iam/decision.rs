//! What policies decide about a request.

use std::fmt;

use super::{
    answer::Answer,
    document::{Document, Effect, Part, Patterns, Statement},
    glob::{self, Colons, Match, Tail, Text, run},
    keys::Keys,
    pattern::Pattern,
    principal::Caller,
};
use crate::fetched::Gap;

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
    /// No statement of this permissions boundary allows it.
    OutsideBoundary(String),
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// What reports call the policy.
    pub policy: String,
    /// The statement's Sid, or else its number, from 1.
    pub statement: String,
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
            Self::OutsideBoundary(policy) => write!(f, "{policy} does not allow it"),
        }
    }
}

/// A request with its action in lower case, as the patterns of actions are.
struct Asked<'a> {
    request: &'a Request<'a>,
    action: String,
}

impl Asked<'_> {
    fn is(&self, action: &Pattern) -> Answer {
        yes_if(run(&action.tokens(self.request.keys), Text::whole(&self.action), Colons::Free) == Match::Yes)
    }
}

/// Whether something in a policy allows, or denies.
enum Found {
    Surely(Decider),
    Maybe(Gap),
    Never,
}

impl Found {
    fn in_documents<'a>(documents: impl Iterator<Item = &'a Document>, effect: Effect, asked: &Asked<'_>) -> Self {
        let request = asked.request;
        let mut found = Self::Never;
        for document in documents {
            for statement in &document.statements {
                match statement.has(effect, asked) {
                    Answer::Yes => {
                        let policy = document.name().to_owned();
                        return Self::Surely(Decider { policy, statement: statement.name.clone() });
                    }
                    Answer::Unknown(why) if matches!(found, Self::Never) => {
                        let (policy, name) = (document.name(), &statement.name);
                        found = Self::Maybe(Gap::unprovable(
                            policy,
                            format!("cannot tell whether {request} is allowed: statement {name} of {policy}: {why}"),
                        ));
                    }
                    Answer::Unknown(_) | Answer::No => {}
                }
            }
        }
        found
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
        let asked = &Asked { request, action: request.action.to_ascii_lowercase() };
        let identity = || self.identity.iter().filter_map(|policy| policy.as_ref().ok());
        let boundary = self.boundary.as_ref();
        let known_boundary = || boundary.and_then(|policy| policy.as_ref().ok());

        let denied = Found::in_documents(identity().chain(known_boundary()), Effect::Deny, asked);
        if let Found::Surely(decider) = denied {
            return Ok(Decision::Denied(Denial::Explicit(decider)));
        }
        // What is not known could allow, or deny.
        let hidden = self.identity.iter().find_map(|policy| policy.as_ref().err()).or(self.rest.as_ref().err());
        let allowed = Found::in_documents(identity(), Effect::Allow, asked);
        if matches!(allowed, Found::Never) && hidden.is_none() {
            return Ok(Decision::Denied(Denial::NotAllowed));
        }
        let within = match boundary {
            None => None,
            Some(Ok(document)) => match Found::in_documents(std::iter::once(document), Effect::Allow, asked) {
                Found::Surely(_) => None,
                Found::Maybe(gap) => Some(gap),
                Found::Never => return Ok(Decision::Denied(Denial::OutsideBoundary(document.name().to_owned()))),
            },
            Some(Err(gap)) => Some(gap.clone()),
        };
        match (hidden, within, allowed, denied) {
            (Some(gap), ..) => Err(gap.clone()),
            (None, Some(gap), ..) | (None, None, Found::Maybe(gap), _) | (.., Found::Maybe(gap)) => Err(gap),
            (None, None, Found::Surely(decider), _) => Ok(Decision::Allowed(decider)),
            (None, None, Found::Never, _) => Ok(Decision::Denied(Denial::NotAllowed)),
        }
    }
}

impl Statement {
    /// Whether it has this effect on the request: all of its parts must fit.
    fn has(&self, effect: Effect, asked: &Asked<'_>) -> Answer {
        let request = asked.request;
        let parts: [&dyn Fn() -> Answer; 6] = [
            &|| self.effect.answer("its Effect is missing", |own| yes_if(*own == effect)),
            &|| self.action.answer("its Action is missing", |action| action.include(|one| asked.is(one))),
            &|| self.resource_fits(request),
            &|| self.principal_fits(request),
            &|| match &self.condition {
                Part::Absent => Answer::Yes,
                condition => condition.answer("", |clauses| Answer::all(clauses.iter().map(|c| c.holds(request.keys)))),
            },
            &|| self.strange.clone().map_or(Answer::Yes, Answer::unknown),
        ];
        Answer::all(parts.iter().map(|part| part()))
    }

    fn resource_fits(&self, request: &Request<'_>) -> Answer {
        match (request.resource, &self.resource) {
            (Some(text), part) => {
                let fits = |list: &Patterns| list.include(|pattern| resource_is(pattern, text, request.keys));
                part.answer("its Resource is missing", fits)
            }
            (None, Part::Absent) => Answer::Yes,
            (None, _) => Answer::unknown("it names a Resource, which has no place in a trust policy"),
        }
    }

    fn principal_fits(&self, request: &Request<'_>) -> Answer {
        match (request.caller, &self.principal) {
            (Some(caller), part) => part.answer("its Principal is missing", |principals| principals.include(caller)),
            (None, Part::Absent) => Answer::Yes,
            (None, _) => Answer::unknown("it names a Principal, which has no place in an identity policy"),
        }
    }
}

fn yes_if(holds: bool) -> Answer {
    if holds { Answer::Yes } else { Answer::No }
}

impl<T> Part<T> {
    fn answer(&self, absent: &'static str, answer: impl FnOnce(&T) -> Answer) -> Answer {
        match self {
            Self::Absent => Answer::unknown(absent),
            Self::Is(part) => answer(part),
            Self::Unclear(why) => Answer::unknown(why.clone()),
        }
    }
}

impl Patterns {
    fn include(&self, one: impl Fn(&Pattern) -> Answer) -> Answer {
        let any = Answer::any(self.list.iter().map(one));
        if self.negated { !any } else { any }
    }
}

fn resource_is(pattern: &Pattern, text: Text<'_>, keys: &Keys) -> Answer {
    match glob::resource(&pattern.tokens(keys), text) {
        Match::Yes => Answer::Yes,
        Match::No => Answer::No,
        Match::Unknown => Answer::unknown(format!("{} may match it or not", pattern.text())),
    }
}

#[cfg(test)]
mod tests;
