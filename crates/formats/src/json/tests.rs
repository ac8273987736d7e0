use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn why(text: &str) -> (usize, Why) {
    let Err(Fault { at, why }) = object(text) else { panic!("{text} is an object") };
    (at, why)
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
        assert!(object(text).is_ok(), "{text}");
    }
}

#[test]
fn whatever_else_has_its_place_and_reason() {
    use Place::{AfterValue, Colon, End, FirstKey, Key, Value};
    for (text, expected) in [
        ("", (0, Why::Empty)),
        (" \n", (2, Why::Empty)),
        ("[]", (0, Why::NotAnObject("an array"))),
        (" \"a\"", (1, Why::NotAnObject("a string"))),
        ("1", (0, Why::NotAnObject("a lone number"))),
        ("null", (0, Why::NotAnObject("a lone literal"))),
        ("\u{feff}{}", (0, Why::ByteOrderMark)),
        ("{}\u{feff}", (2, Why::ByteOrderMark)),
        ("{} {}", (3, Why::Unexpected(End))),
        ("{}\\n", (2, Why::Unexpected(End))),
        ("{", (0, Why::Open('{'))),
        (r#"{"a"#, (1, Why::OpenString)),
        (r#"{"a""#, (0, Why::Open('{'))),
        (r#"{"a":"#, (0, Why::Open('{'))),
        (r#"{"a":1"#, (0, Why::Open('{'))),
        (r#"{"a":1,"#, (0, Why::Open('{'))),
        (r#"{"a":[1"#, (5, Why::Open('['))),
        (r#"{"a":["#, (5, Why::Open('['))),
        (r#"{"a":1 , }"#, (7, Why::TrailingComma('}'))),
        (r#"{"a":[1,]}"#, (7, Why::TrailingComma(']'))),
        (r"{,}", (1, Why::Unexpected(FirstKey))),
        (r"{a:1}", (1, Why::Unexpected(FirstKey))),
        (r#"{"a":1,,"b":2}"#, (7, Why::Unexpected(Key))),
        (r#"{"a":1,b:2}"#, (7, Why::Unexpected(Key))),
        (r#"{"a" 1}"#, (5, Why::Unexpected(Colon))),
        (r#"{"a":}"#, (5, Why::Unexpected(Value))),
        (r#"{"a":tru}"#, (5, Why::Unexpected(Value))),
        (r#"{"a":[,1]}"#, (6, Why::Unexpected(Value))),
        (r#"{"a":1 "b":2}"#, (7, Why::Unexpected(AfterValue('}', false)))),
        (r#"{"a":"1""b":2}"#, (8, Why::Unexpected(AfterValue('}', true)))),
        (r#"{"a":[1 2]}"#, (8, Why::Unexpected(AfterValue(']', false)))),
        (r#"{"a":["x"}"#, (9, Why::Unexpected(AfterValue(']', true)))),
        (r#"{"a":{"b":"c"} "d"}"#, (15, Why::Unexpected(AfterValue('}', false)))),
        (r#"{"a":truex}"#, (9, Why::Unexpected(AfterValue('}', false)))),
        (r#"{"a":01}"#, (5, Why::Number)),
        (r#"{"a":-}"#, (5, Why::Number)),
        (r#"{"a":1.}"#, (5, Why::Number)),
        (r#"{"a":1e}"#, (5, Why::Number)),
        (r#"{"a":1e+}"#, (5, Why::Number)),
        (r#"{"a":.1}"#, (5, Why::Unexpected(Value))),
        (r#"{"a":+1}"#, (5, Why::Unexpected(Value))),
        (r#"{"\x":1}"#, (2, Why::Escape)),
        (r#"{"\u12g4":1}"#, (2, Why::Escape)),
        (r#"{"\u12"#, (2, Why::Escape)),
        ("{\"\\é\":1}", (2, Why::Escape)),
        ("{\"\\u12é\":1}", (2, Why::Escape)),
        ("{\"a\\", (3, Why::Escape)),
        ("{\"a\n\":1}", (3, Why::ControlCharacter('\n'))),
        ("{\"\0\":1}", (2, Why::ControlCharacter('\0'))),
        ("{\u{b}}", (1, Why::Unexpected(FirstKey))),
    ] {
        assert_eq!(why(text), expected, "{text}");
    }
}

#[test]
fn keys_are_compared_decoded_and_within_their_object() {
    let repeated = |text: &str| -> Vec<String> {
        let places = object(text).expect("an object").repeated;
        places.into_iter().map(|place| format!("{}{}", place.start, &text[place.clone()])).collect()
    };
    assert_eq!(repeated(r#"{"a":1,"\u0061":2}"#), [r#"7"\u0061""#]);
    assert_eq!(repeated(r#"{"a":{"b":1,"b":2,"b":3},"a":4}"#), [r#"12"b""#, r#"18"b""#, r#"25"a""#]);
    assert_eq!(repeated(r#"{"a":1,"A":2,"b":{"a":1},"c":[{"a":1},{"a":1}],"a ":1}"#), [""; 0]);
    assert_eq!(repeated(r#"{"\ud83d\ude00":1,"😀":2}"#), [r#"18"😀""#]);
    let places = object(r#"{"a":1, "b" :{"c":[]}}"#).expect("an object").key_places;
    assert_eq!(places, [1..4, 8..11, 14..17]);
}

#[test]
fn half_a_surrogate_pair_is_in_the_grammar() {
    let lone = |text| object(text).expect("an object").lone_surrogate;
    assert_eq!(lone(r#"{"a":"\ud83d\ude00"}"#), None);
    assert_eq!(lone(r#"{"a":"x\ud83d"}"#), Some(7));
    assert_eq!(lone(r#"{"a":"\ude00\ud83d"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83d\u0061"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83d\ud83d\ude00"}"#), Some(6));
    // A low half is no beginning, and the high one is followed by an escape at once.
    assert_eq!(lone(r#"{"a":"\udc00\udc00"}"#), Some(6));
    assert_eq!(lone(r#"{"a":"\ud83dxxde00"}"#), Some(6));
    assert_eq!(why(r#"{"a":"\ud83d\u00"}"#), (12, Why::Escape));
}

#[test]
fn what_mending_needs_is_of_the_outermost_object() {
    let found = object(r#"{ "a" : {"x":1 ,"y":2}, "b":[ {"z":0} ] ,"c":3 } "#).expect("an object");
    let mut keys: Vec<_> = found.keys.into_iter().collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!((found.colon, found.before_key, found.last_end), (Some(5..8), Some(23..24), 46));
    let found = object(" { } ").expect("an object");
    assert_eq!((found.keys.len(), found.colon, found.before_key, found.last_end), (0, None, None, 2));
}

#[test]
fn depth_and_size_are_no_obstacle() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{{\"a\":{}{middle}{}}}", open.repeat(50_000), close.repeat(50_000))
    };
    assert!(object(&deep("{\"a\":", "1", "}")).is_ok());
    assert!(object(&deep("[", "", "]")).is_ok());
    assert!(object(&"{\"a\":".repeat(50_000)).is_err());
    assert!(object(&"[".repeat(100_000)).is_err());
    assert!(object(&deep("[", "", "}")).is_err());
    let wide: Vec<_> = (0..=50_000).map(|n| format!("\"{n}\":{n}")).collect();
    assert_eq!(object(&format!("{{{}}}", wide.join(","))).expect("an object").keys.len(), 50_001);
}

/// Texts that are nearly JSON.
fn nearly() -> impl Strategy<Value = String> {
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
    fn agrees_with_another_reader_on_what_is_nearly_json(text in nearly()) {
        prop_assert_eq!(object(&text).is_ok(), reads(&text), "{}", text);
        let inside = format!("{{\"k\":{text}}}");
        prop_assert_eq!(object(&inside).is_ok(), reads(&inside), "{}", inside);
    }

    #[test]
    fn agrees_with_another_reader_on_json_and_on_json_with_a_change(
        value in value(), at in any::<prop::sample::Index>(), change in "[{}\\[\\],:\"\\\\0a-]?", pretty in any::<bool>()
    ) {
        let object_of = serde_json::json!({ "k": value });
        let text = if pretty { serde_json::to_string_pretty(&object_of) } else { serde_json::to_string(&object_of) };
        let text = text.expect("it is JSON");
        prop_assert!(object(&text).is_ok(), "{}", text);
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let changed: String = characters[..at].iter().chain(&change.chars().collect::<Vec<_>>()).chain(&characters[at + 1..]).collect();
        prop_assert_eq!(object(&changed).is_ok(), reads(&changed), "{}", changed);
        // A fault lies in the text.
        if let Err(fault) = object(&changed) {
            prop_assert!(changed.is_char_boundary(fault.at));
        }
    }
}
