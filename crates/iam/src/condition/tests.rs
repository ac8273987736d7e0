use super::*;

/// The request: `known` is `Value`, `maybe` is absent or `value`, `none` is absent, `empty` is empty, `number` is 1.5,
/// `several` is `a` and `b`, `source` is absent or an ARN of this account and region, `delivery` an ARN whose end is
/// not known, `role` an ARN; others are not listed.
fn keys() -> ConditionKeys {
    let value = || PossibleValue::Value("value".to_owned());
    let arn = PossibleValue::Arn { partition: "aws".into(), region: "us-east-1".into(), account: "1".into() };
    ConditionKeys::default()
        .with("known", "Value")
        .with("flag", "true")
        .with("empty", "")
        .with("number", "1.5")
        .with_possible("several", vec![PossibleValue::Many(vec!["a".to_owned(), "b".to_owned()])], "")
        .with("role", "arn:aws:iam::1:role/path/r")
        .with_possible("none", vec![PossibleValue::Absent], "it is absent")
        .with_possible("maybe", vec![PossibleValue::Absent, value()], "it may be absent")
        .with_possible("source", vec![PossibleValue::Absent, arn], "it may be absent")
        .with_possible(
            "delivery",
            vec![PossibleValue::Begins("arn:aws:logs:us-east-1:1:".into())],
            "its end is not known",
        )
}

fn holds(operator: &str, key: &str, value: &str) -> Match {
    let text = format!(r#"{{"{operator}":{{"{key}":{value}}}}}"#);
    let clauses = read(serde_json::from_str(&text).expect("JSON"), true).expect("a condition");
    match Truth::all(clauses.iter().map(|clause| clause.holds(&keys()))) {
        Truth::True => Match::Yes,
        Truth::False => Match::No,
        Truth::Unknown(_) => Match::Unknown,
    }
}

#[test]
fn each_operator_compares_as_documented() {
    use Match::{No, Yes};
    for (operator, key, value, expected) in [
        ("StringEquals", "known", r#""Value""#, Yes),
        ("StringEquals", "KNOWN", r#"["x","Value"]"#, Yes),
        ("StringEquals", "known", r#""value""#, No),
        ("StringEquals", "known", r#""V*""#, No),
        ("StringEquals", "known", r#""Valu?""#, No),
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
        // A number without quotes in the policy.
        ("NumericEquals", "number", "1.5", Yes),
        ("NumericEquals", "number", "1.4", No),
        ("NumericLessThan", "number", "2", Yes),
    ] {
        assert_eq!(holds(operator, key, value), expected, "{operator} {key} {value}");
    }
}

#[test]
fn set_operators_treat_one_value_like_several() {
    use Match::{No, Unknown, Yes};
    for (operator, key, value, expected) in [
        ("ForAllValues:StringEquals", "known", r#""Value""#, Yes),
        ("ForAllValues:StringEquals", "known", r#""x""#, No),
        ("ForAnyValue:StringEquals", "known", r#""Value""#, Yes),
        ("ForAnyValue:StringEquals", "known", r#""x""#, No),
        ("ForAnyValue:StringEquals", "several", r#""b""#, Yes),
        ("ForAllValues:StringEquals", "several", r#""b""#, No),
        // "If the key values resolve to a null data set, such as an empty string".
        ("ForAllValues:StringEquals", "empty", r#""x""#, Yes),
        ("ForAnyValue:StringNotEquals", "empty", r#""x""#, No),
        // Without a set operator, known only if it is the same for each value.
        ("StringEquals", "several", r#""c""#, No),
        ("StringEquals", "several", r#"["a","b"]"#, Yes),
        ("StringEquals", "several", r#""a""#, Unknown),
        // AWS does not document whether Null treats an empty value as absent.
        ("Null", "empty", "true", Unknown),
        ("Null", "empty", "false", Unknown),
        ("Null", "several", "false", Yes),
    ] {
        assert_eq!(holds(operator, key, value), expected, "{operator} {key} {value}");
    }
}

#[test]
fn an_operator_without_keys_is_an_error() {
    for text in [r#"{"StringEquals":{}}"#, r#"{"StringEquals":"x"}"#] {
        let why = read(serde_json::from_str(text).expect("JSON"), true).expect_err(text);
        assert_eq!(why, "its condition StringEquals names no key");
    }
}

#[test]
fn a_missing_key_and_something_not_understood_have_different_reasons() {
    let answer = |text: &str| {
        let clauses = read(serde_json::from_str(text).expect("JSON"), true).expect("a condition");
        clauses[0].holds(&keys())
    };
    assert_eq!(
        answer(r#"{"StringEquals":{"Other":"x"}}"#),
        Truth::missing_key("it hangs on the condition StringEquals on Other: its value is not known")
    );
    assert_eq!(
        answer(r#"{"StringEquals":{"maybe":"value"}}"#),
        Truth::missing_key("it hangs on the condition StringEquals on maybe: it may be absent")
    );
    assert_eq!(
        answer(r#"{"StringEquals":{"known":"${Other}"}}"#),
        Truth::missing_key("it hangs on the condition StringEquals on known: the value of ${Other} is not known")
    );
    assert_eq!(
        answer(r#"{"StringEquals":{"several":"a"}}"#),
        Truth::not_understood("what its condition StringEquals means for this value of several is not known")
    );
}

#[test]
fn an_absent_key_fails_positive_operators_and_meets_negated_and_if_exists() {
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
fn a_clause_holds_if_it_does_for_every_possible_value_and_is_unknown_otherwise() {
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
        ("StringEqualsIgnoreCase", "source", r#""ARN:aws:execute-api:us-east-1:2:x""#, No),
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
fn a_clause_that_is_not_understood_is_unknown() {
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
