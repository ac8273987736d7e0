//! Whether a statement applies to a request: its effect, action, resource, principal and conditions.

use crate::{
    document::{Effect, Element, Patterns, Statement},
    glob::{self, Colons, Match, Text, match_text},
    keys::ConditionKeys,
    pattern::{Pattern, Token},
    principal::{Caller, PrincipalMatch},
    truth::Truth,
};

/// A request as one kind of policy sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestView<'a> {
    /// In lower case, like the action patterns of statements.
    pub(super) action: &'a str,
    /// `None` for a role's trust policy, whose only resource is the role itself.
    pub(super) resource: Option<Text<'a>>,
    /// `None` for policies that belong to the caller and so have no Principal element.
    pub(super) caller: Option<Caller<'a>>,
    /// Whether it is an identity policy that sees it: AWS completes incomplete ARNs in these.
    pub(super) by_identity_policy: bool,
}

impl Statement {
    /// Whether it has this effect on the request, leaving aside its Principal element.
    pub(super) fn has_effect(&self, effect: Effect, request: RequestView<'_>, keys: &ConditionKeys) -> Truth {
        let own = match &self.effect {
            Element::Read(own) if *own == effect => Truth::True,
            Element::Read(_) => return Truth::False,
            Element::Absent => Truth::not_understood("its Effect is missing"),
            Element::Malformed(why) => Truth::not_understood(why.clone()),
        };
        let action = self.matches_action(request, keys);
        if action == Truth::False {
            return action;
        }
        let resource = self.matches_resource(request, keys);
        if resource == Truth::False {
            return resource;
        }
        let condition = match &self.condition {
            Element::Absent => Truth::True,
            condition => element(condition, "", |clauses| Truth::all(clauses.iter().map(|clause| clause.holds(keys)))),
        };
        let problem = self.problem.clone().map_or(Truth::True, Truth::not_understood);
        Truth::all([own, action, resource, condition, problem])
    }

    /// How its Principal element names the caller. `denies`: as for a statement with the effect Deny.
    pub(super) fn principal_match(&self, request: RequestView<'_>, denies: bool) -> PrincipalMatch {
        match (request.caller, &self.principal) {
            (Some(caller), Element::Read(element)) => element.matches(caller, denies),
            (Some(_), Element::Absent) => PrincipalMatch::direct(Truth::not_understood("its Principal is missing")),
            (_, Element::Malformed(why)) => PrincipalMatch::direct(Truth::not_understood(why.clone())),
            (None, Element::Absent) => PrincipalMatch::direct(Truth::True),
            (None, Element::Read(_)) => PrincipalMatch::direct(Truth::not_understood(
                "it names a Principal, which has no place in an identity policy",
            )),
        }
    }

    /// Whether it has this effect on the request and names the caller.
    pub(super) fn applies(&self, effect: Effect, request: RequestView<'_>, keys: &ConditionKeys) -> Truth {
        match self.has_effect(effect, request, keys) {
            Truth::False => Truth::False,
            has_effect => Truth::all([has_effect, self.principal_match(request, effect == Effect::Deny).any()]),
        }
    }

    pub(super) fn matches_action(&self, request: RequestView<'_>, keys: &ConditionKeys) -> Truth {
        element(&self.action, "its Action is missing", |patterns| {
            matches(patterns, |one| match_text(&one.tokens(keys), Text::whole(request.action), Colons::Free).into())
        })
    }

    pub(super) fn matches_resource(&self, request: RequestView<'_>, keys: &ConditionKeys) -> Truth {
        match (request.resource, &self.resource) {
            (Some(text), resource) => element(resource, "its Resource is missing", |patterns| {
                matches(patterns, |pattern| matches_resource_pattern(pattern, text, request.by_identity_policy, keys))
            }),
            (None, Element::Absent) => Truth::True,
            (None, _) => Truth::not_understood("it names a Resource, which has no place in a trust policy"),
        }
    }
}

fn element<T>(element: &Element<T>, if_absent: &'static str, applies: impl FnOnce(&T) -> Truth) -> Truth {
    match element {
        Element::Absent => Truth::not_understood(if_absent),
        Element::Read(element) => applies(element),
        Element::Malformed(why) => Truth::not_understood(why.clone()),
    }
}

fn matches(patterns: &Patterns, one: impl Fn(&Pattern) -> Truth) -> Truth {
    let any = Truth::any(patterns.list.iter().map(one));
    if patterns.negated { !any } else { any }
}

impl From<Match> for Truth {
    fn from(found: Match) -> Self {
        match found {
            Match::Yes => Self::True,
            Match::No => Self::False,
            Match::Unknown => Self::not_understood("one of its patterns cannot be read"),
        }
    }
}

fn matches_resource_pattern(pattern: &Pattern, text: Text<'_>, completes: bool, keys: &ConditionKeys) -> Truth {
    let tokens = pattern.tokens(keys);
    let plain = glob::resource(&tokens, text);
    let found = if glob::is_incomplete_arn(&tokens) { glob::completed_resource(&tokens, text) } else { plain };
    if !completes && found != plain {
        return Truth::not_understood(format!(
            "AWS documents only for identity policies that it completes an ARN like {}",
            pattern.text()
        ));
    }
    match found {
        Match::Yes => Truth::True,
        Match::No => Truth::False,
        Match::Unknown => match tokens.iter().find_map(|token| match token {
            Token::Variable(variable) => Some(variable),
            _ => None,
        }) {
            Some(variable) => Truth::missing_key(format!(
                "{} may match it or not: ${{{}}} is not known",
                pattern.text(),
                variable.key
            )),
            None => Truth::not_understood(format!("{} may match it or not", pattern.text())),
        },
    }
}
