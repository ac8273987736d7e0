//! Near misses: statements that would allow a request but for one thing. They explain an implicit denial and must not
//! change it.

use crate::{
    deciding::DecidingStatement,
    document::{Effect, Element, Statement},
    evaluation::{Evaluation, StatementRef},
    glob::{self, Colons, Match, Tail, Text, components, has_unknown, match_text},
    keys::{ConditionKeys, PossibleValue},
    pattern::{Pattern, Token},
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
}

/// Patterns longer than this many tokens are not searched for a character: each is tried at every position.
const MAX_TOKENS: usize = 512;
/// How many near misses are returned.
const MAX_NEAR_MISSES: usize = 10;

/// The near misses among the statements that could grant the request.
pub(super) fn near_misses(evaluation: &Evaluation<'_>, keys: &ConditionKeys) -> Vec<NearMiss> {
    let mut found = Vec::new();
    for (group, request) in evaluation.granting_groups() {
        let statements = group.documents.iter().flat_map(|own| own.statements.iter().map(move |one| (*own, one)));
        found.extend(statements.filter_map(|statement| near_miss(statement, request, keys)));
    }
    found.truncate(MAX_NEAR_MISSES);
    found
}

fn near_miss(statement: StatementRef<'_>, request: RequestView<'_>, keys: &ConditionKeys) -> Option<NearMiss> {
    let (document, own) = statement;
    let is_allow = own.effect == Element::Read(Effect::Allow) && own.problem.is_none();
    if !is_allow || own.principal_match(request, false).any() != Truth::True {
        return None;
    }
    let action = own.matches_action(request, keys) == Truth::True;
    let resource = own.matches_resource(request, keys) == Truth::True;
    let failed = failed_clauses(own, keys)?;
    let (difference, policy_value, request_value) = match (action, resource, &failed[..]) {
        (false, true, []) => action_difference(own, request, keys)?,
        (true, false, []) => resource_difference(own, request, keys)?,
        (true, true, [at]) => condition_difference(own, *at, keys)?,
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
    match keys.known(&clause.lower) {
        Some(PossibleValue::Value(value)) if !values.is_empty() => {
            Some((Difference::Condition(clause.key.clone()), values.join(", "), value.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
