//! Candidate values of condition keys that are not known: few enough to try, and enough that any other value leads to
//! the same decision as one of them.

use crate::{
    condition::{Clause, ClauseTest, fold_case},
    document::{Element, Statement},
    glob::{Tail, components, has_unknown, is_incomplete_arn},
    keys::{ConditionKeys, PossibleValue},
    operator::{Comparison, Operator, SetOperator},
    ordered::{IpRange, Number, date_samples, parse_date},
    pattern::{Pattern, PolicyVariable, Token},
    statement::RequestView,
    variable_values::variable_values,
    witnesses::{MatchMode, literal, witnesses},
};

/// A key whose value is not known, and the values to try for it.
#[derive(Debug)]
pub(super) struct KeyCandidates {
    /// As some policy spells it.
    pub(super) key: String,
    pub(super) lower: String,
    /// Never empty. Contains a value that is not known itself if the others do not cover all that is possible.
    pub(super) values: Vec<PossibleValue>,
}

/// How the statements use a key.
struct KeyUse<'a> {
    key: &'a str,
    lower: &'a str,
    clauses: Vec<&'a Clause>,
    /// The values with which a pattern that contains the key as a variable matches a known text.
    variable_values: Vec<String>,
    /// It is used as a variable where these values cannot be listed.
    incomplete: bool,
    /// It is compared with another key whose value is not known either.
    linked: bool,
}

/// Limits: of how many values all sets are tried, and how many keys may be compared with each other.
const MAX_SET_VALUES: usize = 5;
const MAX_LINKED_KEYS: usize = 4;

/// The unknown keys that these statements depend on, in order of first use.
pub(super) fn candidates(statements: &[(&Statement, RequestView<'_>)], keys: &ConditionKeys) -> Vec<KeyCandidates> {
    let mut uses: Vec<KeyUse<'_>> = Vec::new();
    for (statement, request) in statements {
        if let (Element::Read(resources), Some(text)) = (&statement.resource, request.resource) {
            for pattern in &resources.list {
                let is_known = text.tail == Tail::None && !is_incomplete_arn(&pattern.tokens(keys));
                let known = is_known.then_some(text.known);
                note_variables(pattern, known, keys, &mut uses);
            }
        }
        let Element::Read(clauses) = &statement.condition else { continue };
        for clause in clauses {
            note_clause(clause, keys, &mut uses);
        }
    }
    share_linked_values(&mut uses, keys);
    uses.into_iter().map(|key_use| key_use.candidates(keys)).collect()
}

fn note_clause<'a>(clause: &'a Clause, keys: &'a ConditionKeys, uses: &mut Vec<KeyUse<'a>>) {
    let known = keys.known(&clause.lower);
    if known.is_none() {
        key_use(uses, &clause.key, &clause.lower).clauses.push(clause);
    }
    let ClauseTest::Understood(_, values) = &clause.test else { return };
    let texts: Option<Vec<&str>> = match known {
        Some(PossibleValue::Value(text)) => Some(vec![text]),
        Some(PossibleValue::Many(texts)) => Some(texts.iter().map(String::as_str).collect()),
        Some(PossibleValue::Absent) => return,
        _ => None,
    };
    for pattern in values {
        for text in texts.iter().flatten() {
            note_variables(pattern, Some(text), keys, uses);
        }
        if texts.is_none() && !note_link(clause, pattern, keys, uses) {
            note_variables(pattern, None, keys, uses);
        }
    }
}

/// Notes that two unknown keys must be equal, and returns whether the clause says that. A variable's value has no
/// wildcards, so that `StringLike` means equality too.
fn note_link<'a>(
    clause: &'a Clause,
    pattern: &'a Pattern,
    keys: &'a ConditionKeys,
    uses: &mut Vec<KeyUse<'a>>,
) -> bool {
    let ClauseTest::Understood(
        Operator { comparison: Comparison::String { ignore_case: false, .. }, qualifier: SetOperator::None, .. },
        _,
    ) = &clause.test
    else {
        return false;
    };
    let tokens = pattern.tokens(keys);
    let ([Token::Variable(_)], Some(variable)) = (&*tokens, pattern.unknown_variables(keys).next()) else {
        return false;
    };
    if variable.lower == clause.lower {
        return false;
    }
    for (key, lower) in [(&clause.key, &clause.lower), (&variable.key, &variable.lower)] {
        key_use(uses, key, lower).linked = true;
    }
    true
}

/// Gives keys that are compared with each other the same values to try: all that any of them is compared with, and one
/// more for each key. With wildcards that would not cover everything.
fn share_linked_values(uses: &mut [KeyUse<'_>], keys: &ConditionKeys) {
    let linked: Vec<usize> = (0..uses.len()).filter(|at| uses[*at].linked).collect();
    let mut shared: Vec<String> = Vec::new();
    let mut complete = linked.len() <= MAX_LINKED_KEYS;
    for at in &linked {
        let key_use = &uses[*at];
        shared.extend(key_use.variable_values.iter().cloned());
        for possible in keys.possible(key_use.lower).0 {
            match possible {
                PossibleValue::Absent | PossibleValue::Anything => {}
                PossibleValue::Value(text) => shared.push(text.clone()),
                // The other keys are not tried with these.
                PossibleValue::Many(_) | PossibleValue::Arn { .. } | PossibleValue::Begins(_) => complete = false,
            }
        }
        for (comparison, qualifier, values) in key_use.tests() {
            complete &=
                qualifier == SetOperator::None && matches!(comparison, Comparison::String { ignore_case: false, .. });
            for value in values {
                match &*value.tokens(keys) {
                    [Token::Variable(variable)] => shared.extend(variable.default.clone()),
                    tokens => match literal(tokens) {
                        Some(text) => shared.push(text),
                        None => complete = false,
                    },
                }
            }
        }
    }
    let others: Vec<String> = (0..)
        .map(|number: usize| format!("other-{number}"))
        .filter(|other| !shared.contains(other))
        .take(linked.len())
        .collect();
    shared.extend(others);
    for at in linked {
        if complete {
            uses[at].variable_values.clone_from(&shared);
        } else {
            uses[at].incomplete = true;
        }
    }
}

fn key_use<'s, 'a>(uses: &'s mut Vec<KeyUse<'a>>, key: &'a str, lower: &'a str) -> &'s mut KeyUse<'a> {
    let at = uses.iter().position(|key_use| key_use.lower == lower).unwrap_or_else(|| {
        let (clauses, variable_values) = (vec![], vec![]);
        uses.push(KeyUse { key, lower, clauses, variable_values, incomplete: false, linked: false });
        uses.len() - 1
    });
    &mut uses[at]
}

/// Notes the unknown variables of a pattern that is compared with `text`; `None`: with an unknown text.
fn note_variables<'a>(pattern: &'a Pattern, text: Option<&str>, keys: &'a ConditionKeys, uses: &mut Vec<KeyUse<'a>>) {
    let unknown: Vec<&PolicyVariable> = pattern.unknown_variables(keys).collect();
    for variable in &unknown {
        let values = match (text, unknown.len()) {
            (Some(text), 1) => variable_values(&pattern.tokens(keys), text),
            _ => None,
        };
        let key_use = key_use(uses, &variable.key, &variable.lower);
        match values {
            Some(values) => key_use.variable_values.extend(values),
            None => key_use.incomplete = true,
        }
    }
}

impl KeyUse<'_> {
    fn candidates(self, keys: &ConditionKeys) -> KeyCandidates {
        let mut values = Vec::new();
        for possible in keys.possible(self.lower).0 {
            match possible {
                PossibleValue::Anything => values.extend(self.present_values("", keys)),
                PossibleValue::Begins(prefix) => values.extend(self.present_values(prefix, keys)),
                known => values.push(known.clone()),
            }
        }
        KeyCandidates { key: self.key.to_owned(), lower: self.lower.to_owned(), values }
    }

    /// Candidates for all values that are longer than `prefix` and begin with it.
    fn present_values(&self, prefix: &str, keys: &ConditionKeys) -> Vec<PossibleValue> {
        let mut complete = !self.incomplete;
        let found = self.single_values(prefix, keys, &mut complete);
        let single = self.tests().any(|(_, qualifier, _)| qualifier == SetOperator::None);
        let sets = self.tests().any(|(_, qualifier, _)| qualifier != SetOperator::None);
        if single && sets {
            // A key has either one value or several, and the policies do not agree which.
            complete = false;
        }
        let mut values = if sets && !single {
            value_sets(found, &mut complete)
        } else {
            found.into_iter().map(PossibleValue::Value).collect()
        };
        if !complete || values.is_empty() {
            values.push(if prefix.is_empty() {
                PossibleValue::Anything
            } else {
                PossibleValue::Begins(prefix.to_owned())
            });
        }
        values
    }

    /// Candidates for one value that begins with `prefix`. Clears `complete` if they do not cover everything.
    fn single_values(&self, prefix: &str, keys: &ConditionKeys, complete: &mut bool) -> Vec<String> {
        let mut kinds: Vec<ValueKind> =
            self.tests().filter_map(|(comparison, _, _)| ValueKind::of(comparison)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.contains(&ValueKind::Bool) && prefix.is_empty() {
            return vec!["true".to_owned(), "false".to_owned()];
        }
        // Values of one kind say nothing about how values of another kind compare.
        *complete &= kinds.len() <= 1 && (prefix.is_empty() || kinds == [ValueKind::Text] || kinds.is_empty());
        let mut found = Vec::new();
        if kinds.contains(&ValueKind::Number) {
            let bounds = self.values().filter_map(|value| Number::read(value.text()));
            found.extend(Number::samples(bounds.collect()));
        }
        if kinds.contains(&ValueKind::Date) {
            found.extend(date_samples(self.values().filter_map(|value| parse_date(value.text())).collect()));
        }
        if kinds.contains(&ValueKind::Ip) {
            let ranges: Vec<_> = self.values().filter_map(|value| IpRange::read(value.text())).collect();
            found.extend(IpRange::samples(&ranges));
        }
        if kinds.contains(&ValueKind::Text) || kinds.is_empty() {
            found.extend(self.texts(prefix, keys, complete));
        }
        found
    }

    /// The tests of the key's value, without tests of whether it exists.
    fn tests(&self) -> impl Iterator<Item = (Comparison, SetOperator, &[Pattern])> {
        self.clauses.iter().filter_map(|clause| match &clause.test {
            ClauseTest::Understood(operator, _) if operator.comparison == Comparison::Null => None,
            ClauseTest::Understood(operator, values) => {
                Some((operator.comparison, operator.qualifier, values.as_slice()))
            }
            ClauseTest::NotUnderstood(_) => None,
        })
    }

    fn values(&self) -> impl Iterator<Item = &Pattern> {
        self.tests().flat_map(|(_, _, values)| values)
    }

    /// One text for each way to match the conditions. Clears `complete` if there may be more ways.
    fn texts(&self, prefix: &str, keys: &ConditionKeys, complete: &mut bool) -> Vec<String> {
        let mut patterns: Vec<(MatchMode, Vec<Token>)> = self
            .variable_values
            .iter()
            .map(|text| (MatchMode::Text, text.chars().map(Token::Char).collect()))
            .collect();
        let mut arns_only = false;
        for (comparison, _, values) in self.tests() {
            arns_only |= comparison == Comparison::Arn;
            for value in values {
                // `share_linked_values` has added what linked keys are compared with.
                if self.linked {
                    continue;
                }
                let tokens = value.tokens(keys).into_owned();
                if has_unknown(&tokens) {
                    *complete = false;
                    continue;
                }
                patterns.push(match comparison {
                    Comparison::String { ignore_case: true, .. } => {
                        (MatchMode::IgnoreCase, tokens.iter().map(fold_case).collect())
                    }
                    // A value with fewer components is compared as text first, see `glob::arn`.
                    Comparison::Arn if components(&tokens).is_some() => (MatchMode::Arn, tokens),
                    _ => (MatchMode::Text, tokens),
                });
            }
        }
        patterns.sort();
        patterns.dedup();
        let found = witnesses(&patterns, prefix, arns_only);
        *complete &= found.complete;
        found.texts
    }
}

/// Every set of these values, for a key with several values. Of too many values, only the sets of one.
fn value_sets(values: Vec<String>, complete: &mut bool) -> Vec<PossibleValue> {
    if values.len() > MAX_SET_VALUES {
        *complete = false;
        return values.into_iter().map(PossibleValue::Value).collect();
    }
    let set = |chosen: u32| {
        let member = |(at, value): (usize, &String)| (chosen >> at & 1 == 1).then(|| value.clone());
        values.iter().enumerate().filter_map(member).collect::<Vec<_>>()
    };
    (1..1_u32 << values.len()).map(set).map(PossibleValue::Many).collect()
}

/// The kind of value that an operator compares.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ValueKind {
    Text,
    Bool,
    Number,
    Date,
    Ip,
}

impl ValueKind {
    /// `None` for Null, which does not look at the value.
    fn of(comparison: Comparison) -> Option<Self> {
        match comparison {
            Comparison::String { .. } | Comparison::Arn | Comparison::Binary => Some(Self::Text),
            Comparison::Bool => Some(Self::Bool),
            Comparison::Number(_) => Some(Self::Number),
            Comparison::Date(_) => Some(Self::Date),
            Comparison::Ip => Some(Self::Ip),
            Comparison::Null => None,
        }
    }
}
