//! The Condition element. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use super::{
    answer::Answer,
    glob::{self, Colons, Match, Tail, Text, run},
    json::Json,
    keys::{Keys, Possible},
    pattern::{Pattern, Token},
    shape::Shape,
};

/// One operator over one key. A statement applies if all of its clauses hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clause {
    operator: String,
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// One that is understood.
    Plain { compare: Compare, negated: bool, if_exists: bool, values: Vec<Pattern> },
    /// One that is not, and why.
    Strange(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    /// Text; `wild`: with wildcards; `fold`: whatever the case.
    String {
        wild: bool,
        fold: bool,
    },
    Arn,
    Bool,
    Null,
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
            clauses.push(Clause { operator: operator.clone(), key, test });
        }
    }
    Ok(clauses)
}

fn read_test(operator: &str, values: Json, variables: bool) -> Test {
    let (base, if_exists) = operator.strip_suffix("IfExists").map_or((operator, false), |base| (base, true));
    let text = |wild, fold| Compare::String { wild, fold };
    let (compare, negated) = match base {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(false, true), false),
        "StringNotEqualsIgnoreCase" => (text(false, true), true),
        "StringLike" => (text(true, false), false),
        "StringNotLike" => (text(true, false), true),
        // "The ArnEquals and ArnLike condition operators behave identically", and so do their negations.
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        "Bool" => (Compare::Bool, false),
        "Null" if !if_exists => (Compare::Null, false),
        _ => return Test::Strange(format!("its condition operator {operator} is not understood")),
    };
    let wild = matches!(compare, Compare::Arn | Compare::String { wild: true, .. });
    let items = if let Json::List(items) = values { items } else { vec![values] };
    if items.is_empty() {
        return Test::Strange(format!("its condition {operator} has an empty list of values"));
    }
    let value = |item| match item {
        Json::Text(text) => Some(Pattern::read(&text, wild, variables)),
        Json::Bool(value) => Some(Pattern::read(if value { "true" } else { "false" }, false, false)),
        Json::Number(text) => Some(text.map_or_else(Pattern::hole, |text| Pattern::read(&text, false, false))),
        Json::Null | Json::List(_) | Json::Map(_) => None,
    };
    match items.into_iter().map(value).collect() {
        Some(values) => Test::Plain { compare, negated, if_exists, values },
        None => Test::Strange(format!("its condition {operator} has a value that is no text")),
    }
}

impl Clause {
    /// The values of which `key` must have one, if that is what it says.
    pub(super) fn required(&self, key: &str) -> &[Pattern] {
        match &self.test {
            Test::Plain {
                compare: Compare::Arn | Compare::String { fold: false, .. }, negated: false, values, ..
            } if self.key.eq_ignore_ascii_case(key) => values,
            _ => &[],
        }
    }

    /// Whether it holds for a request with these keys: the answer, if it is the same for all that is possible.
    pub(super) fn holds(&self, keys: &Keys) -> Answer {
        let Self { operator, key, test } = self;
        let (compare, negated, if_exists, values) = match test {
            Test::Plain { compare, negated, if_exists, values } => (*compare, *negated, *if_exists, values),
            Test::Strange(why) => return Answer::Unknown(why.clone().into()),
        };
        let (possible, why) = keys.possible(key);
        let mut answers = possible.iter().map(|possible| match possible {
            _ if compare == Compare::Null => is_null(values, *possible == Possible::Absent),
            // "If the key is not present, evaluate the condition element as true."
            Possible::Absent if if_exists => Match::Yes,
            // "The values do not match and the condition is false"; a negated operator is then true.
            Possible::Absent => not_if(negated, Match::No),
            present => {
                let found = values.iter().map(|value| compare.matches(value, present, keys));
                not_if(negated, found.fold(Match::No, either))
            }
        });
        let first = answers.next().unwrap_or(Match::Unknown);
        let agreed = answers.fold(first, |all, next| if all == next { all } else { Match::Unknown });
        match agreed {
            Match::Yes => Answer::Yes,
            Match::No => Answer::No,
            Match::Unknown => Answer::unknown(format!("it hangs on the condition {operator} on {key}: {why}")),
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

/// `"true"`: the key must be absent; `"false"`: it must be there.
fn is_null(values: &[Pattern], absent: bool) -> Match {
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
        let tokens = &*value.tokens(keys);
        match (self, possible) {
            (Self::String { wild: true, .. }, _) if *tokens == [Token::Many] => Match::Yes,
            (Self::String { fold: false, .. }, Possible::Value(text)) => run(tokens, Text::whole(text), Colons::Free),
            (Self::String { fold: true, .. }, Possible::Value(text)) => {
                // How AWS folds other letters than those of ASCII is not documented.
                if !text.is_ascii() {
                    return Match::Unknown;
                }
                let folded: Vec<Token> = tokens.iter().map(fold).collect();
                run(&folded, Text::whole(&text.to_ascii_lowercase()), Colons::Free)
            }
            (Self::Arn, Possible::Value(text)) => glob::arn(tokens, Text::whole(text)),
            (Self::Bool, Possible::Value(text)) => match (value.text(), text.as_str()) {
                ("true" | "false", "true" | "false") => if_true(value.text() == text),
                _ => Match::Unknown,
            },
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
            (Self::Null | Self::Bool, _) | (_, Possible::Absent | Possible::Anything) => Match::Unknown,
        }
    }
}

fn begins(known: &str) -> Text<'_> {
    Text { known, tail: Tail::Anything }
}

fn fold(token: &Token) -> Token {
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
            ("ForAllValues:StringEquals", r#""Value""#),
            ("ForAnyValue:StringEquals", r#""Value""#),
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
