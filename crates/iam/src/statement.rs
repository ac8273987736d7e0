//! Whether a statement applies to a request.

use super::{
    answer::Answer,
    document::{Effect, Part, Patterns, Statement},
    glob::{self, Colons, Match, Text, run},
    keys::Keys,
    pattern::{Pattern, Token},
    principal::{Caller, Grants},
};

/// A request as statements see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    /// In lower case, as the patterns of actions are.
    pub(super) action: &'a str,
    /// None for the trust policy of a role, which is its own resource.
    pub(super) resource: Option<Text<'a>>,
    /// None for policies that belong to who asks.
    pub(super) caller: Option<Caller<'a>>,
}

impl Statement {
    /// Whether it has this effect on the request, whomever it is about.
    pub(super) fn has(&self, effect: Effect, ask: Ask<'_>, keys: &Keys) -> Answer {
        let own = match &self.effect {
            Part::Is(own) if *own == effect => Answer::Yes,
            Part::Is(_) => return Answer::No,
            Part::Absent => Answer::unknown("its Effect is missing"),
            Part::Unclear(why) => Answer::unknown(why.clone()),
        };
        let action = part(&self.action, "its Action is missing", |action| {
            include(action, |one| run(&one.tokens(keys), Text::whole(ask.action), Colons::Free).into())
        });
        if action == Answer::No {
            return action;
        }
        let resource = self.resource_fits(ask, keys);
        if resource == Answer::No {
            return resource;
        }
        let condition = match &self.condition {
            Part::Absent => Answer::Yes,
            condition => part(condition, "", |clauses| Answer::all(clauses.iter().map(|clause| clause.holds(keys)))),
        };
        let strange = self.strange.clone().map_or(Answer::Yes, Answer::unknown);
        Answer::all([own, action, resource, condition, strange])
    }

    /// As what it is about the caller. Without one, the policy belongs to who asks.
    pub(super) fn grants(&self, ask: Ask<'_>, denies: bool) -> Grants {
        let all = |direct| Grants { direct, role: Answer::No, account: Answer::No };
        match (ask.caller, &self.principal) {
            (Some(caller), Part::Is(principals)) => principals.include(caller, denies),
            (Some(_), Part::Absent) => all(Answer::unknown("its Principal is missing")),
            (_, Part::Unclear(why)) => all(Answer::unknown(why.clone())),
            (None, Part::Absent) => all(Answer::Yes),
            (None, Part::Is(_)) => {
                all(Answer::unknown("it names a Principal, which has no place in an identity policy"))
            }
        }
    }

    /// [`has`](Self::has), for a statement about the caller.
    pub(super) fn applies(&self, effect: Effect, ask: Ask<'_>, keys: &Keys) -> Answer {
        match self.has(effect, ask, keys) {
            Answer::No => Answer::No,
            has => Answer::all([has, self.grants(ask, effect == Effect::Deny).any()]),
        }
    }

    fn resource_fits(&self, ask: Ask<'_>, keys: &Keys) -> Answer {
        match (ask.resource, &self.resource) {
            (Some(text), resource) => part(resource, "its Resource is missing", |list| {
                include(list, |pattern| resource_is(pattern, text, keys))
            }),
            (None, Part::Absent) => Answer::Yes,
            (None, _) => Answer::unknown("it names a Resource, which has no place in a trust policy"),
        }
    }
}

fn part<T>(part: &Part<T>, absent: &'static str, answer: impl FnOnce(&T) -> Answer) -> Answer {
    match part {
        Part::Absent => Answer::unknown(absent),
        Part::Is(part) => answer(part),
        Part::Unclear(why) => Answer::unknown(why.clone()),
    }
}

fn include(patterns: &Patterns, one: impl Fn(&Pattern) -> Answer) -> Answer {
    let any = Answer::any(patterns.list.iter().map(one));
    if patterns.negated { !any } else { any }
}

impl From<Match> for Answer {
    fn from(found: Match) -> Self {
        match found {
            Match::Yes => Self::Yes,
            Match::No => Self::No,
            Match::Unknown => Self::unknown("one of its patterns cannot be read"),
        }
    }
}

fn resource_is(pattern: &Pattern, text: Text<'_>, keys: &Keys) -> Answer {
    let tokens = pattern.tokens(keys);
    match glob::resource(&tokens, text) {
        Match::Yes => Answer::Yes,
        Match::No => Answer::No,
        Match::Unknown => match tokens.iter().find_map(|token| match token {
            Token::Variable(variable) => Some(variable),
            _ => None,
        }) {
            Some(variable) => {
                Answer::hangs(format!("{} may match it or not: ${{{}}} is not known", pattern.text(), variable.key))
            }
            None => Answer::unknown(format!("{} may match it or not", pattern.text())),
        },
    }
}
