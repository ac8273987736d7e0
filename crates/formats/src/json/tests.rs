use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn error(text: &str) -> (usize, SyntaxErrorKind) {
    let Err(SyntaxError { at, kind }) = parse_object(text) else { panic!("{text} is an object") };
    (at, kind)
}

#[test]
fn one_object_with_white_space_around_it() {
    for text in [
        "{}",
        " \t\r\n{ }\n",
        r#"{"a":1}"#,
        r#"{"":""}"#,
        r#"{"a":[],"b":[[]],"c":{"d":{}},"e":[1,{"f":null},true,false]}"#,
        r#"{"a":-0,"b":0.5,"c":1e9,"d":-1.5E-3,"e":10,"f":1e99999,"g":123456789012345678901234567890}"#,
        r#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"}"#,
        "{\"a\":\"\u{7f}\u{feff}\"}",
    ] {
        assert!(parse_object(text).is_ok(), "{text}");
    }
}

#[test]
fn whatever_else_has_its_place_and_reason() {
    use Expected::{AfterValue, Colon, End, FirstKey, Key, Value};
    for (text, expected) in [
        ("", (0, SyntaxErrorKind::Empty)),
        (" \n", (2, SyntaxErrorKind::Empty)),
        ("[]", (0, SyntaxErrorKind::NotAnObject("an array"))),
        (" \"a\"", (1, SyntaxErrorKind::NotAnObject("a string"))),
        ("1", (0, SyntaxErrorKind::NotAnObject("a lone number"))),
        ("null", (0, SyntaxErrorKind::NotAnObject("a lone literal"))),
        ("\u{feff}{}", (0, SyntaxErrorKind::ByteOrderMark)),
        ("{}\u{feff}", (2, SyntaxErrorKind::ByteOrderMark)),
        ("{} {}", (3, SyntaxErrorKind::Unexpected(End))),
        ("{}\\n", (2, SyntaxErrorKind::Unexpected(End))),
        ("{", (0, SyntaxErrorKind::Unclosed('{'))),
        (r#"{"a"#, (1, SyntaxErrorKind::UnclosedString)),
        (r#"{"a""#, (0, SyntaxErrorKind::Unclosed('{'))),
        (r#"{"a":"#, (0, SyntaxErrorKind::Unclosed('{'))),
        (r#"{"a":1"#, (0, SyntaxErrorKind::Unclosed('{'))),
        (r#"{"a":1,"#, (0, SyntaxErrorKind::Unclosed('{'))),
        (r#"{"a":[1"#, (5, SyntaxErrorKind::Unclosed('['))),
        (r#"{"a":["#, (5, SyntaxErrorKind::Unclosed('['))),
        (r#"{"a":1 , }"#, (7, SyntaxErrorKind::TrailingComma('}'))),
        (r#"{"a":[1,]}"#, (7, SyntaxErrorKind::TrailingComma(']'))),
        (r"{,}", (1, SyntaxErrorKind::Unexpected(FirstKey))),
        (r"{a:1}", (1, SyntaxErrorKind::Unexpected(FirstKey))),
        (r#"{"a":1,,"b":2}"#, (7, SyntaxErrorKind::Unexpected(Key))),
        (r#"{"a":1,b:2}"#, (7, SyntaxErrorKind::Unexpected(Key))),
        (r#"{"a" 1}"#, (5, SyntaxErrorKind::Unexpected(Colon))),
        (r#"{"a":}"#, (5, SyntaxErrorKind::Unexpected(Value))),
        (r#"{"a":tru}"#, (5, SyntaxErrorKind::Unexpected(Value))),
        (r#"{"a":[,1]}"#, (6, SyntaxErrorKind::Unexpected(Value))),
        (r#"{"a":1 "b":2}"#, (7, SyntaxErrorKind::Unexpected(AfterValue('}', false)))),
        (r#"{"a":"1""b":2}"#, (8, SyntaxErrorKind::Unexpected(AfterValue('}', true)))),
        (r#"{"a":[1 2]}"#, (8, SyntaxErrorKind::Unexpected(AfterValue(']', false)))),
        (r#"{"a":["x"}"#, (9, SyntaxErrorKind::Unexpected(AfterValue(']', true)))),
        (r#"{"a":{"b":"c"} "d"}"#, (15, SyntaxErrorKind::Unexpected(AfterValue('}', false)))),
        (r#"{"a":truex}"#, (9, SyntaxErrorKind::Unexpected(AfterValue('}', false)))),
        (r#"{"a":01}"#, (5, SyntaxErrorKind::InvalidNumber)),
        (r#"{"a":-}"#, (5, SyntaxErrorKind::InvalidNumber)),
        (r#"{"a":1.}"#, (5, SyntaxErrorKind::InvalidNumber)),
        (r#"{"a":1e}"#, (5, SyntaxErrorKind::InvalidNumber)),
        (r#"{"a":1e+}"#, (5, SyntaxErrorKind::InvalidNumber)),
        (r#"{"a":.1}"#, (5, SyntaxErrorKind::Unexpected(Value))),
        (r#"{"a":+1}"#, (5, SyntaxErrorKind::Unexpected(Value))),
        (r#"{"\x":1}"#, (2, SyntaxErrorKind::InvalidEscape)),
        (r#"{"\u12g4":1}"#, (2, SyntaxErrorKind::InvalidEscape)),
        (r#"{"\u12"#, (2, SyntaxErrorKind::InvalidEscape)),
        ("{\"\\é\":1}", (2, SyntaxErrorKind::InvalidEscape)),
        ("{\"\\u12é\":1}", (2, SyntaxErrorKind::InvalidEscape)),
        ("{\"a\\", (3, SyntaxErrorKind::InvalidEscape)),
        ("{\"a\n\":1}", (3, SyntaxErrorKind::ControlCharacter('\n'))),
        ("{\"\0\":1}", (2, SyntaxErrorKind::ControlCharacter('\0'))),
        ("{\u{b}}", (1, SyntaxErrorKind::Unexpected(FirstKey))),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn keys_are_compared_decoded_and_within_their_object() {
    let repeated = |text: &str| -> Vec<String> {
        let places = parse_object(text).expect("an object").repeated_keys;
        places.into_iter().map(|place| format!("{}{}", place.start, &text[place.clone()])).collect()
    };
    assert_eq!(repeated(r#"{"a":1,"\u0061":2}"#), [r#"7"\u0061""#]);
    assert_eq!(repeated(r#"{"a":{"b":1,"b":2,"b":3},"a":4}"#), [r#"12"b""#, r#"18"b""#, r#"25"a""#]);
    assert_eq!(repeated(r#"{"a":1,"A":2,"b":{"a":1},"c":[{"a":1},{"a":1}],"a ":1}"#), [""; 0]);
    assert_eq!(repeated(r#"{"\ud83d\ude00":1,"😀":2}"#), [r#"18"😀""#]);
    let places = parse_object(r#"{"a":1, "b" :{"c":[]}}"#).expect("an object").key_ranges;
    assert_eq!(places, [1..4, 8..11, 14..17]);
}

#[test]
fn half_a_surrogate_pair_is_in_the_grammar() {
    let lone = |text| parse_object(text).expect("an object").lone_surrogate;
    assert_eq!(lone(r#"{"a":"\ud83d\ude00"}"#), None);
    assert_eq!(lone(r#"{"a":"x\ud83d"}"#), Some(7));
    assert_eq!(lone(r#"{"a":"\ude00\ud83d"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83d\u0061"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83d\ud83d\ude00"}"#), Some(6));
    // A low half is no beginning, and the high one is followed by an escape at once.
    assert_eq!(lone(r#"{"a":"\udc00\udc00"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83dxxde00"}"#), Some(6));
    assert_eq!(error(r#"{"a":"\ud83d\u00"}"#), (12, SyntaxErrorKind::InvalidEscape));
}

#[test]
fn what_the_fix_needs_is_of_the_outermost_object() {
    let found = parse_object(r#"{ "a" : {"x":1 ,"y":2}, "b":[ {"z":0} ] ,"c":3 } "#).expect("an object");
    let mut keys: Vec<_> = found.keys.into_iter().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!((found.colon, found.space_before_key, found.last_end), (Some(5..8), Some(23..24), 46));
    let found = parse_object(" { } ").expect("an object");
    assert_eq!((found.keys.len(), found.colon, found.space_before_key, found.last_end), (0, None, None, 2));
}

#[test]
fn depth_and_size_are_no_obstacle() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{{\"a\":{}{middle}{}}}", open.repeat(50_000), close.repeat(50_000))
    };
    assert!(parse_object(&deep("{\"a\":", "1", "}")).is_ok());
    assert!(parse_object(&deep("[", "", "]")).is_ok());
    assert!(parse_object(&"{\"a\":".repeat(50_000)).is_err());
    assert!(parse_object(&"[".repeat(100_000)).is_err());
    assert!(parse_object(&deep("[", "", "}")).is_err());
    let wide: Vec<_> = (0..=50_000).map(|n| format!("\"{n}\":{n}")).collect();
    assert_eq!(parse_object(&format!("{{{}}}", wide.join(","))).expect("an object").keys.len(), 50_001);
}

/// Texts that are almost JSON.
fn almost_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "0", "-", ".", "e", "+", "true", "null", " ", "\n",
        "\t", "\\", "\\u00", "\\ud83d", "\\n", "é", "/", "x", "\u{1}", "{\"a\":", "\"\"", "[]", "{}", "\u{feff}",
    ]);
    prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// serde_json's own reader, with the rules that it has and we do not: depth, and values that are not objects.
fn reads(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok() && text.trim_start().starts_with('{')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_another_reader_on_what_is_nearly_json(text in almost_json()) {
        prop_assert_eq!(parse_object(&text).is_ok(), reads(&text), "{}", text);
        let inside = format!("{{\"k\":{text}}}");
        prop_assert_eq!(parse_object(&inside).is_ok(), reads(&inside), "{}", inside);
    }

    #[test]
    fn agrees_with_another_reader_on_json_and_on_json_with_a_change(
        value in value(), at in any::<prop::sample::Index>(), change in "[{}\\[\\],:\"\\\\0a-]?", pretty in any::<bool>()
    ) {
        let object_of = serde_json::json!({ "k": value });
        let text = if pretty { serde_json::to_string_pretty(&object_of) } else { serde_json::to_string(&object_of) };
        let text = text.expect("it is JSON");
        prop_assert!(parse_object(&text).is_ok(), "{}", text);
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let changed: String = characters[..at].iter().chain(&change.chars().collect::<Vec<_>>()).chain(&characters[at + 1..]).collect();
        prop_assert_eq!(parse_object(&changed).is_ok(), reads(&changed), "{}", changed);
        // The offset lies in the text.
        if let Err(error) = parse_object(&changed) {
            prop_assert!(changed.is_char_boundary(error.at));
        }
    }
}
