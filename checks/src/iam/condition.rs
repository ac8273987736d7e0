//! The Condition element. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use super::{
    answer::Answer,
    glob::{self, Colons, Match, Tail, Text, run},
    json::Json,
    keys::{Keys, Possible},
    number::{Number, Range, date},
    operator::{Compare, Operator, Quantifier},
    pattern::{Pattern, Token},
    shape::Shape,
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
mod tests {
    use super::*;

    /// The request: `known` is `Value`, `maybe` is absent or `value`, `none` is absent, `source` is absent or an ARN of
    /// this account and region, `delivery` an ARN whose end is not known, `role` an ARN; others are not listed.
    fn keys() -> Keys {
        let value = || Possible::Value("value".to_owned());
        let arn = Possible::Arn { partition: "aws".into(), region: "us-east-1".into(), account: "1".into() };
        Keys::default()
            .with("known", "Value")
            .with("flag", "true")
            .with("role", "arn:aws:iam::1:role/path/r")
            .with_possible("none", vec![Possible::Absent], "it is absent")
            .with_possible("maybe", vec![Possible::Absent, value()], "it may be absent")
            .with_possible("source", vec![Possible::Absent, arn], "it may be absent")
            .with_possible(
                "delivery",
                vec![Possible::Begins("arn:aws:logs:us-east-1:1:".into())],
                "its end is not known",
            )
    }

    fn holds(operator: &str, key: &str, value: &str) -> Match {
        let text = format!(r#"{{"{operator}":{{"{key}":{value}}}}}"#);
        let clauses = read(serde_json::from_str(&text).expect("JSON"), true).expect("a condition");
        match Answer::all(clauses.iter().map(|clause| clause.holds(&keys()))) {
            Answer::Yes => Match::Yes,
            Answer::No => Match::No,
            Answer::Unknown(_) => Match::Unknown,
        }
    }

    #[test]
    fn each_operator_compares_in_its_own_way() {
        use Match::{No, Yes};
        for (operator, key, value, expected) in [
            ("StringEquals", "known", r#""Value""#, Yes),
            ("StringEquals", "KNOWN", r#"["x","Value"]"#, Yes),
            ("StringEquals", "known", r#""value""#, No),
            ("StringEquals", "known", r#""V*""#, No),
            ("StringNotEquals", "known", r#"["x","Value"]"#, No),
            ("StringNotEquals", "known", r#"["x","y"]"#, Yes),
            ("StringEqualsIgnoreCase", "known", r#""vALUE""#, Yes),
            ("StringNotEqualsIgnoreCase", "known", r#""vALUE""#, No),
            ("StringLike", "known", r#""V?l*""#, Yes),
            ("StringLike", "known", r#""v*""#, No),
            ("StringNotLike", "known", r#""v*""#, Yes),
            ("StringEquals", "known", r#""${known}""#, Yes),
            ("ArnEquals", "role", r#""arn:aws:iam::*:role/*""#, Yes),
            ("ArnLike", "role", r#""arn:aws:iam::2:role/*""#, No),
            ("ArnNotEquals", "role", r#""arn:aws:iam::2:role/*""#, Yes),
            ("ArnNotLike", "role", r#""arn:aws:iam::1:role/path/r""#, No),
            ("Bool", "flag", "true", Yes),
            ("Bool", "flag", r#""false""#, No),
            ("Null", "flag", r#""false""#, Yes),
            ("Null", "flag", "true", No),
        ] {
            assert_eq!(holds(operator, key, value), expected, "{operator} {key} {value}");
        }
    }

    #[test]
    fn an_absent_key_fails_what_is_positive_and_meets_what_is_negated_or_if_exists() {
        use Match::{No, Yes};
        for (operator, expected) in [
            ("StringEquals", No),
            ("StringLike", No),
            ("ArnLike", No),
            ("Bool", No),
            ("StringNotEquals", Yes),
            ("StringNotLike", Yes),
            ("ArnNotEquals", Yes),
            ("StringEqualsIfExists", Yes),
            ("StringNotEqualsIfExists", Yes),
            ("BoolIfExists", Yes),
        ] {
            assert_eq!(holds(operator, "none", r#""x""#), expected, "{operator}");
        }
        assert_eq!(holds("Null", "none", r#""true""#), Yes);
        assert_eq!(holds("Null", "none", r#""false""#), No);
    }

    #[test]
    fn what_holds_for_all_that_is_possible_holds_and_the_rest_is_unknown() {
        use Match::{No, Unknown, Yes};
        for (operator, key, value, expected) in [
            ("StringEquals", "maybe", r#""value""#, Unknown),
            ("StringEquals", "maybe", r#""other""#, No),
            ("StringNotEquals", "maybe", r#""other""#, Yes),
            ("StringNotEquals", "maybe", r#""value""#, Unknown),
            ("StringEqualsIfExists", "maybe", r#""value""#, Yes),
            ("StringEqualsIfExists", "maybe", r#""other""#, Unknown),
            ("Null", "maybe", "true", Unknown),
            ("ArnLike", "source", r#""arn:aws:execute-api:us-east-1:1:*""#, Unknown),
            ("ArnLike", "source", r#""arn:aws:execute-api:*:2:*""#, No),
            ("ArnLike", "source", r#""arn:aws:execute-api:us-west-2:1:*""#, No),
            ("ArnLikeIfExists", "source", r#""arn:aws:*:us-east-1:1:*""#, Yes),
            ("ArnNotLike", "source", r#""arn:aws:execute-api:*:2:*""#, Yes),
            ("StringEquals", "source", r#""arn:aws:execute-api:us-east-1:2:x""#, No),
            ("StringEqualsIgnoreCase", "source", r#""ARN:aws:execute-api:us-east-1:1:x""#, Unknown),
            ("ArnLike", "delivery", r#""arn:aws:logs:us-east-1:1:*""#, Yes),
            ("ArnEquals", "delivery", r#""arn:*:logs:*:1:*""#, Yes),
            ("ArnLike", "delivery", r#""arn:aws:logs:us-east-1:2:*""#, No),
            ("ArnLike", "delivery", r#""arn:aws:logs:us-east-1:1:delivery-source:x""#, Unknown),
            ("ArnLike", "delivery", r#""arn:aws:logs:*""#, Unknown),
            ("ArnNotLike", "delivery", r#""arn:aws:logs:us-east-1:1:*""#, No),
            ("StringLike", "delivery", r#""arn:aws:logs:us-east-1:1:*""#, Yes),
            ("StringEquals", "delivery", r#""arn:aws:logs:us-east-1:1:*""#, Unknown),
            ("StringEquals", "delivery", r#""arn:aws:logs:us-east-1:1:""#, No),
            ("StringEqualsIgnoreCase", "delivery", r#""ARN:aws:logs:us-east-1:2:x""#, No),
            ("Null", "delivery", "false", Yes),
            ("StringEquals", "other", r#""x""#, Unknown),
            ("StringLikeIfExists", "other", r#""*""#, Yes),
            ("StringEquals", "known", r#""${other}""#, Unknown),
        ] {
            assert_eq!(holds(operator, key, value), expected, "{operator} {key} {value}");
        }
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        for (operator, value) in [
            ("NumericEquals", "1"),
            ("NumericLike", "1"),
            ("ForAllValues:Null", r#""true""#),
            ("stringequals", r#""Value""#),
            ("NullIfExists", r#""true""#),
            ("StringEquals", "[]"),
            ("StringEquals", "null"),
            ("StringEquals", "{}"),
            ("StringEquals", "1.5"),
            ("StringEqualsIgnoreCase", r#""Valué""#),
            ("Bool", r#""true""#),
            ("Null", r#""yes""#),
        ] {
            assert_eq!(holds(operator, "known", value), Match::Unknown, "{operator} {value}");
        }
    }
}
