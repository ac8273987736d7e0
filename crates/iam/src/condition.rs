//! The Condition element. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use crate::{
    arn_shape::ArnShape,
    glob::{self, Colons, Match, Tail, Text, match_text},
    json::Json,
    keys::{ConditionKeys, PossibleValue},
    operator::{Comparison, Operator, SetOperator},
    ordered::{IpRange, Number, parse_date},
    pattern::{Pattern, Token},
    truth::Truth,
};

/// One operator on one key. A statement applies only if all its clauses hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    operator: String,
    /// As the policy spells it.
    pub(super) key: String,
    /// The key in lower case.
    pub(super) lower: String,
    pub(super) test: ClauseTest,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ClauseTest {
    Understood(Operator, Vec<Pattern>),
    /// The engine does not understand it; why.
    NotUnderstood(String),
}

/// Reads a Condition element.
pub(super) fn read(json: Json, variables: bool) -> Result<Vec<Clause>, String> {
    let Json::Map(operators) = json else { return Err("its Condition is no object".to_owned()) };
    let mut clauses = Vec::new();
    for (operator, keys) in operators {
        let keys = match keys {
            Json::Map(keys) if !keys.is_empty() => keys,
            _ => return Err(format!("its condition {operator} names no key")),
        };
        for (key, values) in keys {
            let test = read_test(&operator, values, variables);
            let lower = key.to_ascii_lowercase();
            clauses.push(Clause { operator: operator.clone(), key, lower, test });
        }
    }
    Ok(clauses)
}

fn read_test(name: &str, values: Json, variables: bool) -> ClauseTest {
    let Some(operator) = Operator::read(name) else {
        return ClauseTest::NotUnderstood(format!("its condition operator {name} is not understood"));
    };
    let wild = matches!(operator.comparison, Comparison::Arn | Comparison::String { wild: true, .. });
    let items = if let Json::List(items) = values { items } else { vec![values] };
    if items.is_empty() {
        return ClauseTest::NotUnderstood(format!("its condition {name} has an empty list of values"));
    }
    let value = |item| match item {
        Json::Text(text) => Some(Pattern::read(&text, wild, variables)),
        Json::Bool(value) => Some(Pattern::read(if value { "true" } else { "false" }, false, false)),
        Json::Number(text) => Some(text.map_or_else(Pattern::unknown_text, |text| Pattern::read(&text, false, false))),
        Json::Decimal(text) if matches!(operator.comparison, Comparison::Number(_)) => {
            Some(Pattern::read(&text, false, false))
        }
        Json::Decimal(_) => Some(Pattern::unknown_text()),
        Json::Null | Json::List(_) | Json::Map(_) => None,
    };
    match items.into_iter().map(value).collect() {
        Some(values) => ClauseTest::Understood(operator, values),
        None => ClauseTest::NotUnderstood(format!("its condition {name} has a value that is no text")),
    }
}

impl Clause {
    /// The values of which `key` must equal or match one; empty if the clause does not say that.
    pub(super) fn required(&self, key: &str) -> &[Pattern] {
        match &self.test {
            ClauseTest::Understood(
                Operator {
                    comparison: Comparison::Arn | Comparison::String { ignore_case: false, .. },
                    negated: false,
                    qualifier: SetOperator::None,
                    ..
                },
                values,
            ) if self.key.eq_ignore_ascii_case(key) => values,
            _ => &[],
        }
    }

    /// Whether it holds for a request with these keys: true or false only if that is so for every possible value.
    pub(super) fn holds(&self, keys: &ConditionKeys) -> Truth {
        let Self { operator: name, key, lower, test } = self;
        let (operator, values) = match test {
            ClauseTest::Understood(operator, values) => (*operator, values),
            ClauseTest::NotUnderstood(why) => return Truth::not_understood(why.clone()),
        };
        let (possible, why) = keys.possible(lower);
        let mut matches = possible.iter().map(|possible| operator.holds(values, possible, keys));
        let first = matches.next().unwrap_or(Match::Unknown);
        let agreed = matches.fold(first, |all, next| if all == next { all } else { Match::Unknown });
        match agreed {
            Match::Yes => Truth::True,
            Match::No => Truth::False,
            Match::Unknown if keys.known(lower).is_none() => {
                Truth::missing_key(format!("it hangs on the condition {name} on {key}: {why}"))
            }
            Match::Unknown => match values.iter().find_map(|value| value.unknown_variables(keys).next()) {
                Some(variable) => Truth::missing_key(format!(
                    "it hangs on the condition {name} on {key}: the value of ${{{}}} is not known",
                    variable.key
                )),
                None => Truth::not_understood(format!(
                    "what its condition {name} means for this value of {key} is not known"
                )),
            },
        }
    }
}

impl Operator {
    fn holds(self, values: &[Pattern], possible: &PossibleValue, keys: &ConditionKeys) -> Match {
        // Whether one value of the request matches some value of the policy, or none if the operator is negated.
        let one = |request: &PossibleValue| {
            let found = values.iter().map(|value| self.comparison.matches(value, request, keys));
            not_if(self.negated, found.fold(Match::No, either))
        };
        match (possible, self.qualifier) {
            _ if self.comparison == Comparison::Null => is_null(values, possible),
            // "If the key is not present, evaluate the condition element as true."
            (PossibleValue::Absent, _) if self.if_exists => Match::Yes,
            // "The values do not match and the condition is false"; a negated operator is then true.
            (PossibleValue::Absent, SetOperator::None) => not_if(self.negated, Match::No),
            // "It also returns true if there are no keys in the request, or if the key values resolve to a null data set,
            // such as an empty string"; "for no matching key or a null dataset, the condition returns false".
            (PossibleValue::Absent, SetOperator::ForAllValues) => Match::Yes,
            (PossibleValue::Absent, SetOperator::ForAnyValue) => Match::No,
            (PossibleValue::Value(text), SetOperator::ForAllValues) if text.is_empty() => Match::Yes,
            (PossibleValue::Value(text), SetOperator::ForAnyValue) if text.is_empty() => Match::No,
            (PossibleValue::Many(texts), qualifier) => {
                let of = |all: fn(Match, Match) -> Match, start| {
                    let texts = texts.iter().filter(|text| !text.is_empty());
                    texts.map(|text| one(&PossibleValue::Value(text.clone()))).fold(start, all)
                };
                let (all, any) = (of(both, Match::Yes), of(either, Match::No));
                match qualifier {
                    SetOperator::ForAllValues => all,
                    SetOperator::ForAnyValue => any,
                    // "Multivalued condition keys require a set operator": AWS does not document the result without one.
                    SetOperator::None if all == any => all,
                    SetOperator::None => Match::Unknown,
                }
            }
            (present, _) => one(present),
        }
    }
}

fn not_if(negated: bool, found: Match) -> Match {
    match found {
        Match::Yes if negated => Match::No,
        Match::No if negated => Match::Yes,
        other => other,
    }
}

fn either(one: Match, other: Match) -> Match {
    match (one, other) {
        (Match::Yes, _) | (_, Match::Yes) => Match::Yes,
        (Match::No, Match::No) => Match::No,
        _ => Match::Unknown,
    }
}

fn both(one: Match, other: Match) -> Match {
    not_if(true, either(not_if(true, one), not_if(true, other)))
}

/// `"true"`: the key must be absent; `"false"`: it must be present. Unknown for an empty value, which AWS calls null too.
fn is_null(values: &[Pattern], possible: &PossibleValue) -> Match {
    let absent = match possible {
        PossibleValue::Absent => true,
        PossibleValue::Value(text) if text.is_empty() => return Match::Unknown,
        _ => false,
    };
    let holds = |value: &Pattern| match value.text() {
        "true" => if_true(absent),
        "false" => if_true(!absent),
        _ => Match::Unknown,
    };
    values.iter().map(holds).fold(Match::No, either)
}

fn if_true(holds: bool) -> Match {
    if holds { Match::Yes } else { Match::No }
}

impl Comparison {
    fn matches(self, value: &Pattern, possible: &PossibleValue, keys: &ConditionKeys) -> Match {
        if let PossibleValue::Value(text) = possible
            && !matches!(self, Self::String { .. } | Self::Arn | Self::Binary)
        {
            return self.matches_typed(value.text(), text).map_or(Match::Unknown, if_true);
        }
        let tokens = &*value.tokens(keys);
        match (self, possible) {
            (Self::String { wild: true, .. }, _) if *tokens == [Token::Many] => Match::Yes,
            (Self::String { ignore_case: false, .. } | Self::Binary, PossibleValue::Value(text)) => {
                match_text(tokens, Text::whole(text), Colons::Free)
            }
            (Self::String { ignore_case: true, .. }, PossibleValue::Value(text)) => {
                // AWS does not document how it ignores the case of letters outside ASCII.
                if !text.is_ascii() {
                    return Match::Unknown;
                }
                let folded: Vec<Token> = tokens.iter().map(fold_case).collect();
                match_text(&folded, Text::whole(&text.to_ascii_lowercase()), Colons::Free)
            }
            (Self::Arn, PossibleValue::Value(text)) => glob::arn(tokens, Text::whole(text)),
            (Self::String { ignore_case: false, .. }, PossibleValue::Arn { partition, region, account }) => {
                ArnShape { partition, region, account }.matches_as_text(tokens)
            }
            (Self::String { ignore_case: true, .. }, PossibleValue::Arn { partition, region, account }) => {
                let folded: Vec<Token> = tokens.iter().map(fold_case).collect();
                ArnShape { partition, region, account }.matches_as_text(&folded)
            }
            (Self::Arn, PossibleValue::Arn { partition, region, account }) => {
                ArnShape { partition, region, account }.matches_as_arn(tokens)
            }
            (Self::String { ignore_case: false, .. }, PossibleValue::Begins(known)) => {
                match_text(tokens, begins(known), Colons::Free)
            }
            (Self::String { ignore_case: true, .. }, PossibleValue::Begins(known)) => {
                if !known.is_ascii() {
                    return Match::Unknown;
                }
                let folded: Vec<Token> = tokens.iter().map(fold_case).collect();
                match_text(&folded, begins(&known.to_ascii_lowercase()), Colons::Free)
            }
            (Self::Arn, PossibleValue::Begins(known)) => glob::arn(tokens, begins(known)),
            _ => Match::Unknown,
        }
    }

    /// Compares values by what they mean: booleans, numbers, dates, addresses. `None` if one of the two cannot be read.
    fn matches_typed(self, policy: &str, request: &str) -> Option<bool> {
        match self {
            Self::Bool => match (policy, request) {
                ("true" | "false", "true" | "false") => Some(policy == request),
                _ => None,
            },
            Self::Number(relation) => Some(relation.holds(&Number::read(request)?, &Number::read(policy)?)),
            Self::Date(relation) => Some(relation.holds(&parse_date(request)?, &parse_date(policy)?)),
            Self::Ip => Some(IpRange::read(policy)?.contains(IpRange::read(request)?)),
            Self::String { .. } | Self::Arn | Self::Binary | Self::Null => None,
        }
    }
}

fn begins(known: &str) -> Text<'_> {
    Text { known, tail: Tail::Anything }
}

/// A token in lower case, for comparisons that ignore case.
pub(super) fn fold_case(token: &Token) -> Token {
    match token {
        Token::Char(c) if c.is_ascii() => Token::Char(c.to_ascii_lowercase()),
        Token::Char(_) => Token::Unknown,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
