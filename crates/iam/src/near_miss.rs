//! Near misses: statements that would allow a request but for one thing. They explain an implicit denial and must not
//! change it.

use std::fmt;

use crate::{
    deciding::DecidingStatement,
    document::{Effect, Element, Statement},
    evaluation::{Evaluation, ImplicitDeny, PolicyGroup, StatementRef},
    glob::{self, Colons, Match, Tail, Text, components, has_unknown, match_text},
    keys::{ConditionKeys, PossibleValue},
    pattern::{Pattern, Token},
    principal::Caller,
    statement::RequestView,
    truth::Truth,
};

/// A statement that would allow the request but for one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub statement: DecidingStatement,
    /// The thing.
    pub difference: Difference,
    /// The value in the policy; several are joined with commas.
    pub policy_value: String,
    /// The value of the request; `…` stands for an unknown end.
    pub request_value: String,
}

/// The one thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// One character of the action.
    ActionCharacter,
    /// The partition in the resource's ARN.
    Partition,
    /// The region in the resource's ARN, which may be missing.
    Region,
    /// The account in the resource's ARN, which may be missing.
    Account,
    /// `:*` is missing at the end of the resource's ARN.
    Suffix,
    /// One character of the resource.
    ResourceCharacter,
    /// The ARN names another resource of the same type.
    ResourceName,
    /// The value of this condition key.
    Condition(String),
    /// It names a resource, and the action takes none: only `*` allows it.
    ScopedResource,
    /// The service that the Principal element names.
    Principal,
}

impl fmt::Display for Difference {
    /// What differs, to complete "would allow it but for …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActionCharacter => f.write_str("one character of the action"),
            Self::Partition => f.write_str("the partition in its resource"),
            Self::Region => f.write_str("the region in its resource"),
            Self::Account => f.write_str("the account in its resource"),
            Self::Suffix => f.write_str("the `:*` that its resource lacks"),
            Self::ResourceCharacter => f.write_str("one character of its resource"),
            Self::ResourceName => f.write_str("the name in its resource"),
            Self::Condition(key) => write!(f, "its condition on {key}"),
            Self::ScopedResource => f.write_str("its resource, which must be `*`"),
            Self::Principal => f.write_str("its principal"),
        }
    }
}

/// Patterns longer than this many tokens are not searched for a character: each is tried at every position.
const MAX_TOKENS: usize = 512;
/// How many near misses are returned.
const MAX_NEAR_MISSES: usize = 10;

/// The near misses among the statements that could have granted what `deny` says is missing.
pub(super) fn near_misses(evaluation: &Evaluation<'_>, deny: &ImplicitDeny, keys: &ConditionKeys) -> Vec<NearMiss> {
    let lacks = |group: &PolicyGroup<'_>| matches!(deny, ImplicitDeny::NotAllowedBy(name) if *name == group.name);
    let limits: Vec<_> = evaluation.groups().filter(|(group, _)| lacks(group)).collect();
    // A limit that does not allow it is not cured by what else could grant it.
    let groups = if limits.is_empty() { evaluation.granting_groups().collect() } else { limits };
    let mut found = Vec::new();
    for (group, request) in groups {
        let statements = group.documents.iter().flat_map(|own| own.statements.iter().map(move |one| (*own, one)));
        found.extend(statements.filter_map(|statement| near_miss(statement, request, keys)));
    }
    found.truncate(MAX_NEAR_MISSES);
    found
}

fn near_miss(statement: StatementRef<'_>, request: RequestView<'_>, keys: &ConditionKeys) -> Option<NearMiss> {
    let (document, own) = statement;
    if own.effect != Element::Read(Effect::Allow) || own.problem.is_some() {
        return None;
    }
    let principal = match own.principal_match(request, false).any() {
        Truth::True => true,
        Truth::False => false,
        Truth::Unknown(_) => return None,
    };
    let action = own.matches_action(request, keys) == Truth::True;
    let resource = own.matches_resource(request, keys) == Truth::True;
    let failed = failed_clauses(own, keys)?;
    let (difference, policy_value, request_value) = match (principal, action, resource, &failed[..]) {
        (false, true, true, []) => principal_difference(own, request)?,
        (true, false, true, []) => action_difference(own, request, keys)?,
        (true, true, false, []) => resource_difference(own, request, keys)?,
        (true, true, true, [at]) => condition_difference(own, *at, keys)?,
        _ => return None,
    };
    let statement = DecidingStatement { policy: document.name().to_owned(), statement: own.name.clone() };
    Some(NearMiss { statement, difference, policy_value, request_value })
}

/// What differs, the value in the policy, and that of the request.
type Found = (Difference, String, String);

/// The numbers of the conditions that do not hold; `None` if that is not known for each.
fn failed_clauses(statement: &Statement, keys: &ConditionKeys) -> Option<Vec<usize>> {
    let clauses = match &statement.condition {
        Element::Absent => return Some(vec![]),
        Element::Read(clauses) => clauses,
        Element::Malformed(_) => return None,
    };
    let mut failed = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        match clause.holds(keys) {
            Truth::True => {}
            Truth::False => failed.push(at),
            Truth::Unknown(_) => return None,
        }
    }
    Some(failed)
}

fn action_difference(statement: &Statement, request: RequestView<'_>, keys: &ConditionKeys) -> Option<Found> {
    let Element::Read(patterns) = &statement.action else { return None };
    let text = Text::whole(request.action);
    let near = |pattern: &&Pattern| {
        differs_in_one_character(&pattern.tokens(keys), |tokens| match_text(tokens, text, Colons::Free) == Match::Yes)
    };
    let pattern = patterns.list.iter().filter(|_| !patterns.negated).find(near)?;
    Some((Difference::ActionCharacter, pattern.text().to_owned(), request.action.to_owned()))
}

fn resource_difference(statement: &Statement, request: RequestView<'_>, keys: &ConditionKeys) -> Option<Found> {
    let (Element::Read(patterns), Some(text)) = (&statement.resource, request.resource) else { return None };
    if matches!(text, Text::NO_RESOURCE) {
        let named: Vec<&str> = patterns.list.iter().map(Pattern::text).collect();
        let found = (Difference::ScopedResource, named.join(", "), text.known.to_owned());
        return (!patterns.negated).then_some(found);
    }
    let near = |pattern: &Pattern| {
        let difference = pattern_difference(&pattern.tokens(keys), text)?;
        let end = if text.tail == Tail::None { "" } else { "…" };
        Some((difference, pattern.text().to_owned(), format!("{}{end}", text.known)))
    };
    patterns.list.iter().filter(|_| !patterns.negated).find_map(near)
}

/// The one thing that keeps a pattern from matching a resource.
fn pattern_difference(tokens: &[Token], text: Text<'_>) -> Option<Difference> {
    if has_unknown(tokens) {
        return None;
    }
    let matches = |tokens: &[Token]| glob::resource(tokens, text) == Match::Yes;
    if matches(&[tokens, &[Token::Char(':'), Token::Many]].concat()) {
        return Some(Difference::Suffix);
    }
    let parts = components(tokens)?;
    let without = |at: usize| {
        let mut parts = parts;
        parts[at] = &[Token::Many];
        match_text(&parts.join(&Token::Char(':')), text, Colons::Fixed) == Match::Yes
    };
    for (at, difference) in [(1, Difference::Partition), (3, Difference::Region), (4, Difference::Account)] {
        if without(at) {
            return Some(difference);
        }
    }
    if differs_in_one_character(tokens, matches) {
        return Some(Difference::ResourceCharacter);
    }
    let resource = text.known.splitn(6, ':').nth(5)?;
    let kind = &resource[..=resource.find([':', '/'])?];
    let same_kind = parts[5].iter().zip(kind.chars()).filter(|(own, c)| **own == Token::Char(*c)).count();
    (same_kind == kind.chars().count() && without(5)).then_some(Difference::ResourceName)
}

/// Whether the pattern matches with one character replaced, removed or added.
fn differs_in_one_character(tokens: &[Token], matches: impl Fn(&[Token]) -> bool) -> bool {
    let edited =
        |at: usize, removed: usize, added: &[Token]| matches(&[&tokens[..at], added, &tokens[at + removed..]].concat());
    let is_char = |at: usize| matches!(tokens[at], Token::Char(c) if c != ':');
    tokens.len() <= MAX_TOKENS
        && ((0..tokens.len()).any(|at| is_char(at) && (edited(at, 1, &[Token::One]) || edited(at, 1, &[])))
            || (0..=tokens.len()).any(|at| edited(at, 0, &[Token::One])))
}

fn condition_difference(statement: &Statement, at: usize, keys: &ConditionKeys) -> Option<Found> {
    let Element::Read(clauses) = &statement.condition else { return None };
    let clause = &clauses[at];
    let values: Vec<&str> = clause.required(&clause.key).iter().map(Pattern::text).collect();
    let value = keys.possible(&clause.lower).0.iter().find_map(as_text).filter(|_| !values.is_empty())?;
    Some((Difference::Condition(clause.key.clone()), values.join(", "), value))
}

/// A value of the request as a near miss shows it: `…` stands for what is not known.
fn as_text(value: &PossibleValue) -> Option<String> {
    match value {
        PossibleValue::Value(value) => Some(value.clone()),
        PossibleValue::Arn { partition, region, account } => Some(format!("arn:{partition}:…:{region}:{account}:…")),
        PossibleValue::Begins(start) => Some(format!("{start}…")),
        PossibleValue::Absent | PossibleValue::Many(_) | PossibleValue::Anything => None,
    }
}

/// Services that are easily taken for each other: the name of one is part of the other's, or differs in one character. A
/// trust policy has nothing but its principal to get wrong, so there any service is told.
fn principal_difference(statement: &Statement, request: RequestView<'_>) -> Option<Found> {
    let (Element::Read(principal), Some(Caller::Service(service))) = (&statement.principal, request.caller) else {
        return None;
    };
    let label = service.split('.').next().unwrap_or(service);
    let is_near = |name: &str| {
        let tokens: Vec<Token> = name.chars().map(Token::Char).collect();
        request.resource.is_none()
            || name.split('.').any(|part| part == label)
            || differs_in_one_character(&tokens, |tokens| {
                match_text(tokens, Text::whole(service), Colons::Free) == Match::Yes
            })
    };
    let near: Vec<&str> = principal.services().filter(|name| is_near(name)).collect();
    (!near.is_empty()).then(|| (Difference::Principal, near.join(", "), service.to_owned()))
}

#[cfg(test)]
mod tests;
