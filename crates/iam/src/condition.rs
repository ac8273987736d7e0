//! The Condition element. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use super::{
    answer::Answer,
    glob::{self, Colons, Match, Tail, Text, run},
    json::Json,
    keys::{Keys, Possible},
    operator::{Compare, Operator, Quantifier},
    pattern::{Pattern, Token},
};
use crate::{
    arn_shape::Shape,
    ordered::{Number, Range, date},
};

/// One operator over one key. A statement applies if all of its clauses hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    operator: String,
    /// As the policy spells it.
    pub(super) key: String,
    pub(super) lower: String,
    pub(super) test: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// One that is understood.
    Plain(Operator, Vec<Pattern>),
    /// One that is not, and why.
    Strange(String),
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

fn read_test(name: &str, values: Json, variables: bool) -> Test {
    let Some(operator) = Operator::read(name) else {
        return Test::Strange(format!("its condition operator {name} is not understood"));
    };
    let wild = matches!(operator.compare, Compare::Arn | Compare::String { wild: true, .. });
    let items = if let Json::List(items) = values { items } else { vec![values] };
    if items.is_empty() {
        return Test::Strange(format!("its condition {name} has an empty list of values"));
    }
    let value = |item| match item {
        Json::Text(text) => Some(Pattern::read(&text, wild, variables)),
        Json::Bool(value) => Some(Pattern::read(if value { "true" } else { "false" }, false, false)),
        Json::Number(text) => Some(text.map_or_else(Pattern::hole, |text| Pattern::read(&text, false, false))),
        Json::Decimal(text) if matches!(operator.compare, Compare::Number(_)) => {
            Some(Pattern::read(&text, false, false))
        }
        Json::Decimal(_) => Some(Pattern::hole()),
        Json::Null | Json::List(_) | Json::Map(_) => None,
    };
    match items.into_iter().map(value).collect() {
        Some(values) => Test::Plain(operator, values),
        None => Test::Strange(format!("its condition {name} has a value that is no text")),
    }
}

impl Clause {
    /// The values of which `key` must have one, if that is what it says.
    pub(super) fn required(&self, key: &str) -> &[Pattern] {
        match &self.test {
            Test::Plain(
                Operator {
                    compare: Compare::Arn | Compare::String { fold: false, .. },
                    negated: false,
                    quantifier: Quantifier::One,
                    ..
                },
                values,
            ) if self.key.eq_ignore_ascii_case(key) => values,
            _ => &[],
        }
    }

    /// Whether it holds for a request with these keys: the answer, if it is the same for all that is possible.
    pub(super) fn holds(&self, keys: &Keys) -> Answer {
        let Self { operator: name, key, lower, test } = self;
        let (operator, values) = match test {
            Test::Plain(operator, values) => (*operator, values),
            Test::Strange(why) => return Answer::unknown(why.clone()),
        };
        let (possible, why) = keys.possible(lower);
        let mut answers = possible.iter().map(|possible| operator.holds(values, possible, keys));
        let first = answers.next().unwrap_or(Match::Unknown);
        let agreed = answers.fold(first, |all, next| if all == next { all } else { Match::Unknown });
        match agreed {
            Match::Yes => Answer::Yes,
            Match::No => Answer::No,
            Match::Unknown if keys.known(lower).is_none() => {
                Answer::hangs(format!("it hangs on the condition {name} on {key}: {why}"))
            }
            Match::Unknown => match values.iter().find_map(|value| value.unknown(keys).next()) {
                Some(variable) => Answer::hangs(format!(
                    "it hangs on the condition {name} on {key}: the value of ${{{}}} is not known",
                    variable.key
                )),
                None => {
                    Answer::unknown(format!("what its condition {name} means for this value of {key} is not known"))
                }
            },
        }
    }
}

impl Operator {
    fn holds(self, values: &[Pattern], possible: &Possible, keys: &Keys) -> Match {
        // Of one value: whether some value of the policy fits, or none if it is negated.
        let one = |request: &Possible| {
            let found = values.iter().map(|value| self.compare.matches(value, request, keys));
            not_if(self.negated, found.fold(Match::No, either))
        };
        match (possible, self.quantifier) {
            _ if self.compare == Compare::Null => is_null(values, possible),
            // "If the key is not present, evaluate the condition element as true."
            (Possible::Absent, _) if self.if_exists => Match::Yes,
            // "The values do not match and the condition is false"; a negated operator is then true.
            (Possible::Absent, Quantifier::One) => not_if(self.negated, Match::No),
            // "It also returns true if there are no keys in the request, or if the key values resolve to a null data set,
            // such as an empty string"; "for no matching key or a null dataset, the condition returns false".
            (Possible::Absent, Quantifier::All) => Match::Yes,
            (Possible::Absent, Quantifier::Any) => Match::No,
            (Possible::Value(text), Quantifier::All) if text.is_empty() => Match::Yes,
            (Possible::Value(text), Quantifier::Any) if text.is_empty() => Match::No,
            (Possible::Many(texts), quantifier) => {
                let of = |all: fn(Match, Match) -> Match, start| {
                    let texts = texts.iter().filter(|text| !text.is_empty());
                    texts.map(|text| one(&Possible::Value(text.clone()))).fold(start, all)
                };
                let (all, any) = (of(both, Match::Yes), of(either, Match::No));
                match quantifier {
                    Quantifier::All => all,
                    Quantifier::Any => any,
                    // "Multivalued condition keys require a set operator": without one, AWS does not say.
                    Quantifier::One if all == any => all,
                    Quantifier::One => Match::Unknown,
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

/// `"true"`: the key must be absent; `"false"`: it must be there. An empty value is called null too: unknown.
fn is_null(values: &[Pattern], possible: &Possible) -> Match {
    let absent = match possible {
        Possible::Absent => true,
        Possible::Value(text) if text.is_empty() => return Match::Unknown,
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

impl Compare {
    fn matches(self, value: &Pattern, possible: &Possible, keys: &Keys) -> Match {
        if let Possible::Value(text) = possible
            && !matches!(self, Self::String { .. } | Self::Arn | Self::Binary)
        {
            return self.matches_typed(value.text(), text).map_or(Match::Unknown, if_true);
        }
        let tokens = &*value.tokens(keys);
        match (self, possible) {
            (Self::String { wild: true, .. }, _) if *tokens == [Token::Many] => Match::Yes,
            (Self::String { fold: false, .. } | Self::Binary, Possible::Value(text)) => {
                run(tokens, Text::whole(text), Colons::Free)
            }
            (Self::String { fold: true, .. }, Possible::Value(text)) => {
                // How AWS folds other letters than those of ASCII is not documented.
                if !text.is_ascii() {
                    return Match::Unknown;
                }
                let folded: Vec<Token> = tokens.iter().map(fold).collect();
                run(&folded, Text::whole(&text.to_ascii_lowercase()), Colons::Free)
            }
            (Self::Arn, Possible::Value(text)) => glob::arn(tokens, Text::whole(text)),
            (Self::String { fold: false, .. }, Possible::Arn { partition, region, account }) => {
                Shape { partition, region, account }.by_text(tokens)
            }
            (Self::String { fold: true, .. }, Possible::Arn { partition, region, account }) => {
                let folded: Vec<Token> = tokens.iter().map(fold).collect();
                Shape { partition, region, account }.by_text(&folded)
            }
            (Self::Arn, Possible::Arn { partition, region, account }) => {
                Shape { partition, region, account }.by_component(tokens)
            }
            (Self::String { fold: false, .. }, Possible::Begins(known)) => run(tokens, begins(known), Colons::Free),
            (Self::String { fold: true, .. }, Possible::Begins(known)) => {
                if !known.is_ascii() {
                    return Match::Unknown;
                }
                let folded: Vec<Token> = tokens.iter().map(fold).collect();
                run(&folded, begins(&known.to_ascii_lowercase()), Colons::Free)
            }
            (Self::Arn, Possible::Begins(known)) => glob::arn(tokens, begins(known)),
            _ => Match::Unknown,
        }
    }

    /// Values that are compared by what they mean; nothing if one of the two cannot be read.
    fn matches_typed(self, policy: &str, request: &str) -> Option<bool> {
        match self {
            Self::Bool => match (policy, request) {
                ("true" | "false", "true" | "false") => Some(policy == request),
                _ => None,
            },
            Self::Number(order) => Some(order.holds(&Number::read(request)?, &Number::read(policy)?)),
            Self::Date(order) => Some(order.holds(&date(request)?, &date(policy)?)),
            Self::Ip => Some(Range::read(policy)?.holds(Range::read(request)?)),
            Self::String { .. } | Self::Arn | Self::Binary | Self::Null => None,
        }
    }
}

fn begins(known: &str) -> Text<'_> {
    Text { known, tail: Tail::Anything }
}

/// A token as letters of any case match it.
pub(super) fn fold(token: &Token) -> Token {
    match token {
        Token::Char(c) if c.is_ascii() => Token::Char(c.to_ascii_lowercase()),
        Token::Char(_) => Token::Hole,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
