use gatelight_formats::variables::table;
use gatelight_model::inventory::Protocol::{self, Http, Rest};
use proptest::prelude::*;

use super::*;
use crate::{
    access_log::testing::{evidence, failure, verdict},
    verdict::Judgement,
};

fn passes(format: &str) {
    for protocol in Protocol::ALL {
        assert_eq!(verdict(&CHECK, protocol, Some(format)), Ok(Judgement::Pass), "{format}");
    }
}

fn note(format: &str) -> String {
    match verdict(&CHECK, Rest, Some(format)) {
        Ok(Judgement::PassNoted(note)) => note,
        other => panic!("{format}: {other:?}"),
    }
}

fn fails(format: &str) -> String {
    let message = failure(&CHECK, Rest, format).message;
    let told = message.strip_prefix("The access log is not JSON: at ").and_then(|told| told.strip_suffix('.'));
    told.expect("the usual beginning and end").to_owned()
}

#[test]
fn one_object_is_json_when_each_variable_has_a_value_of_its_kind() {
    for format in [
        "{}",
        r#"{"id":"$context.requestId"}"#,
        " { \"id\" : \"$context.requestId\" }\t",
        "{\"id\":\"$context.requestId\"}\n",
        "{\"id\":\"$context.requestId\"}\r\n",
        r#"{"s":$context.status,"l":$context.integration.latency,"w":$context.waf.status,"t":$context.requestTimeEpoch}"#,
        r#"{"a":$context.accountId,"c":$context.connectedAt,"d":$context.dataProcessed,"r":$context.responseLength}"#,
        r#"{"a":[$context.status,{"b":"$context.path"}]}"#,
        r#"{"a":"$context.identity.sourceIp$context.path - $context.status"}"#,
        r#"{"a":"$5 $ $$ $context. $input.body"}"#,
        // Broken by its own quotes, which is a check of its own.
        r#"{"e":"$context.error.messageString"}"#,
        r#"{"e":$context.error.messageString}"#,
        r#"{"e":"it says $context.error.messageString!","f":"$context.path"}"#,
        r#"{"n":1e400,"m":123456789012345678901234567890}"#,
    ] {
        passes(format);
    }
}

#[test]
fn some_json_passes_with_a_note() {
    for (format, expected) in [
        ("{\n\"a\":1}", "AWS requires the format on one line and rejects the line break at line 1, column 2."),
        ("{\"a\":1}\n\n", "AWS requires the format on one line and rejects the line break at column 8."),
        (
            r#"{"a":{"é":1,"x-$context.path":1,"x-$context.stage":2}}"#,
            "`$context.path` at column 16 is part of a key: the field has a different name in each line.",
        ),
        (
            r#"{"$context.path":1,"$context.stage":2,"\u0061":3,"b":4,"a":5,"b":6}"#,
            "The key \"a\" occurs twice; most parsers keep only the last one. `$context.path` at column 3 is part of \
             a key: the field has a different name in each line.",
        ),
        (r#"{"a":1,"a":2}"#, "The key \"a\" occurs twice; most parsers keep only the last one."),
        (
            r#"{"a":"${context.path}"}"#,
            "`${context.path}` at column 7 is treated as `$context.path`; AWS documents only the form without braces.",
        ),
        (r#"{"a":"\ud83d"}"#, "An escape is half a character (a lone surrogate), which many parsers reject."),
    ] {
        assert_eq!(note(format), expected);
    }
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    for (format, expected) in [
        (r#"{"a":"b",}"#, "column 9: a comma before the closing brace"),
        (r#"{"a":["b",]}"#, "column 10: a comma before the closing bracket"),
        (r#"{"a":1 // one"#, "column 8: a comment; JSON has none"),
        (r#"{"a":1 /* one */}"#, "column 8: a comment; JSON has none"),
        (r#"{"a":1 # one"#, "column 8: a comment; JSON has none"),
        ("{\"a\":1, // é\n\"b\":2}", "line 1, column 9: a comment; JSON has none"),
        ("{\"a\":1,\n\"é\":2 // two\n}", "line 2, column 7: a comment; JSON has none"),
        (r#"{"a":"b}"#, "column 6: a missing quote: the string that begins here is never closed"),
        (
            r#"{"a":"b,"c":"d"}"#,
            "column 10: text after a closing quote: a missing quote, or a quote in the text that needs a backslash",
        ),
        (
            "{\"a\":\"b,\n\"c\":1}",
            "line 1, column 9: a line break inside a string: a missing quote, or a break that JSON writes as \\n",
        ),
        (
            "{\"a\":1, \\\n\"b\":2}",
            "line 1, column 9: a backslash at the end of a line: AWS's examples use it only to show a line break; it \
             is not part of the format",
        ),
        (r#"{"a":1}{"b":2}"#, "column 8: several objects: another one begins here"),
        (r#"{"a":1},{"b":2}"#, "column 8: several objects: another one follows the comma"),
        (r#"{"a":1}}"#, "column 8: a closing brace too many"),
        (r#"{"a":1}\n"#, "column 8: a literal \\n after the object; only a real line break is allowed there"),
        (r#"["$context.requestId"]"#, "column 1: this is an array, not an object"),
        (
            r#""{\"a\":\"$context.path\"}""#,
            "column 1: the whole format is wrapped in quotes, which makes it a JSON string, not an object",
        ),
        (r#"'{"a":1}'"#, "column 1: the entire format is in single quotes; they are part of it, and JSON has none"),
        (
            r#"{\"a\":1}"#,
            "column 2: a backslash before a quote: the format was escaped for a program that does not undo it",
        ),
        ("{'a':1}", "column 2: a single quote; JSON allows only \""),
        ("{“a”:1}", "column 2: a typographic quote (“); JSON allows only \""),
        ("\u{feff}{}", "column 1: a byte-order mark (U+FEFF, not visible); JSON has none"),
        ("{\u{a0}}", "column 2: the character U+00A0, which is not white space in JSON"),
        ("{\"a\":\"\u{1}\"}", "column 7: the control character U+0001 inside a string; JSON requires an escape"),
        ("{a:1}", "column 2: the key `a` is not quoted"),
        (r#"{"a" 1}"#, "column 6: a colon is missing before this"),
        (r#"{"a":None}"#, "column 6: `None` is not quoted"),
        (r#"{"a":None , "b":1}"#, "column 6: `None` is not quoted"),
        (r#"{"a":01}"#, "column 6: `01` is not a JSON number"),
        (r#"{"a":}"#, "column 6: a value is missing before }"),
        (r#"{"a":1"#, "column 1: the brace that opens here is never closed"),
        (" ", "column 2: the format is empty"),
        ("$context.status", "column 1: this is `$context.status` alone, not an object"),
        ("$context.path", "column 1: this is text (`$context.path`), not JSON: an object begins with a brace"),
        ("log {\"a\":1}", "column 1: this is text (`log {\"a\":1}`), not JSON: an object begins with a brace"),
        ("1", "column 1: this is a lone number, not an object"),
        ("\u{200b}{}", "column 1: the character U+200B, which is not white space in JSON"),
        (r#"{\n"a":1}"#, "column 2: `\\` does not belong here"),
        ("{\u{1}}", "column 2: the control character U+0001"),
        (r#"{"a":1} x"#, "column 9: text after the end of the object"),
        (r#"{"a":1},x"#, "column 8: text after the end of the object"),
        ("{,}", "column 2: a comma too many"),
        (r#"{"a":1,,"b":2}"#, "column 8: a comma too many"),
        (r#"{{"a":1}}"#, "column 2: a key is missing: an object's values have names"),
        (r#"{"a":1,["b"]}"#, "column 8: a key is missing: an object's values have names"),
        ("{:1}", "column 2: a key is missing before the colon"),
        ("{;}", "column 2: `;` does not belong here"),
        (r#"{"a":;}"#, "column 6: `;` does not belong here"),
        (r#"{"a":+1}"#, "column 6: `+1` is not a JSON number"),
        (r#"{"a":"b" "c":1}"#, "column 10: a comma is missing before this, or a quote is misplaced"),
        (r#"{"a":1:2}"#, "column 7: a colon where a comma belongs"),
        (r#"{"a":[1}"#, "column 8: } where ] belongs"),
        (r#"{"a":1]"#, "column 7: ] where } belongs"),
        (r#"{"a":1 2}"#, "column 8: a comma is missing before this"),
        ("x\u{1b}[31m", "column 1: this is text (`x\u{fffd}[31m`), not JSON: an object begins with a brace"),
    ] {
        assert_eq!(fails(format), expected, "{format}");
    }
}

#[test]
fn a_variable_without_quotes_is_named_with_its_kind() {
    for (format, expected) in [
        (r#"{"é":$context.requestId}"#, "column 6: `$context.requestId` is not quoted, and a UUID is not valid JSON"),
        (
            r#"{"a":$context.identity.sourceIp}"#,
            "column 6: `$context.identity.sourceIp` is not quoted, and an IP address is not valid JSON",
        ),
        (r#"{"a":${context.path}}"#, "column 6: `${context.path}` is not quoted, and text is not valid JSON"),
        (r#"{"a":1$context.path}"#, "column 7: a comma is missing before `$context.path`"),
        (r"{$context.path:1}", "column 2: the key `$context.path` is not quoted"),
        (r#"{"a"$context.path}"#, "column 5: a colon is missing before `$context.path`"),
        (r#"{"a":1 $context.identity.sourceIp}"#, "column 8: a comma is missing before `$context.identity.sourceIp`"),
        (r#"{"a":"\$context.path"}"#, "column 7: `\\$` is not a JSON escape"),
        (
            r#"{"a":""$context.path"}"#,
            "column 8: `$context.path` follows a closing quote: one quote too many, or a missing comma",
        ),
        (r#"{"a":1}$context.path"#, "column 8: `$context.path` follows the end of the object"),
        (r#"{"a":$input.body}"#, "column 6: `$input.body` is not quoted"),
    ] {
        assert_eq!(fails(format), expected, "{format}");
    }
}

#[test]
fn other_shapes_are_known() {
    let clf = "$context.identity.sourceIp - - [$context.requestTime] \"$context.httpMethod $context.path\"";
    assert_eq!(fails(clf), "column 1: this is CLF (`$context.identity.sourceIp - - [$context…`), not JSON");
    for clf in ["$context.path - - x", "x[$context.requestTime]", "x [$context.path]"] {
        assert_eq!(fails(clf), format!("column 1: this is CLF (`{clf}`), not JSON"));
    }
    // What begins as an object is one that is nearly right, whatever its strings hold.
    assert_eq!(fails(r#"{"t":" - - [$context.requestTime]",}"#), "column 35: a comma before the closing brace");
    for text in [
        // One field is no row, nor are words or mere spaces between fields.
        "$context.path,",
        "$context.path and $context.stage, x",
        "$context.path $context.stage",
        // No value, no pairs.
        "a=",
    ] {
        let expected = format!("column 1: this is text (`{text}`), not JSON: an object begins with a brace");
        assert_eq!(fails(text), expected);
    }
    let csv = "$context.identity.sourceIp,$context.requestTime,$context.status";
    assert_eq!(fails(csv), "column 1: this is CSV (`$context.identity.sourceIp,$context.requ…`), not JSON");
    let xml = "<request id=\"$context.requestId\"><ip>$context.identity.sourceIp</ip></request>";
    assert_eq!(fails(xml), "column 1: this is XML (`<request id=\"$context.requestId\"><ip>$co…`), not JSON");
    assert_eq!(
        fails("  id=$context.requestId status=\"$context.status\""),
        "column 3: these are key=value pairs (`id=$context.requestId status=\"$context.s…`), not JSON"
    );
}

#[test]
fn the_evidence_holds_format_place_and_notes() {
    let failure = failure(&CHECK, Http, "{\n\"a\":1,}");
    assert_eq!(evidence(&failure, "format"), Some("{\n\"a\":1,}"));
    assert_eq!(evidence(&failure, "at"), Some("line 2, column 6"));
    assert!(evidence(&failure, "note").is_some_and(|note| note.contains("one line")));
    assert_eq!((failure.severity, failure.cause.clone()), (None, None));
}

#[test]
fn hostile_formats_get_a_verdict() {
    let open = "{\"a\":".repeat(50_000);
    let nested = format!("{open}1{}", "}".repeat(50_000));
    passes(&nested);
    assert_eq!(fails(&open), "column 249996: the brace that opens here is never closed");
    for hostile in [
        "$".repeat(100_000),
        "${context.".repeat(10_000),
        "$context.a".repeat(10_000),
        format!("$context.{}", "a.".repeat(50_000)),
        "\"".repeat(100_000),
        "\\".repeat(100_000),
        "/*".repeat(50_000),
        "😀".repeat(25_000),
        "{\"a\":1,".repeat(12_000),
        "\u{0}\u{1b}[31m".repeat(10_000),
        "[".repeat(100_000),
    ] {
        for format in [hostile.clone(), format!("{{\"a\":{hostile}"), format!("{{{hostile}")] {
            fails(&format);
        }
    }
}

proptest! {
    #[test]
    fn an_object_whose_strings_hold_variables_is_json(
        names in prop::collection::vec((any::<prop::sample::Index>(), "[ -!#-~é]{0,6}", any::<bool>()), 0..20)
    ) {
        for protocol in Protocol::ALL {
            let member = |(n, (name, text, braced)): (usize, &(prop::sample::Index, String, bool))| {
                let name = name.get(table(protocol));
                let text = text.replace('\\', "");
                let variable = if *braced { format!("${{context.{name}}}") } else { format!("$context.{name}") };
                format!("\"k{n}\":\"{text}{variable} {text}\"")
            };
            let members: Vec<_> = names.iter().enumerate().map(member).collect();
            let format = format!("{{{}}}", members.join(","));
            let verdict = verdict(&CHECK, protocol, Some(&format));
            prop_assert!(matches!(verdict, Ok(Judgement::Pass | Judgement::PassNoted(_))), "{} {:?}", format, verdict);
        }
    }

    #[test]
    fn any_text_gets_a_verdict(
        text in r#"([$]context[.]status|[$]context[.]path|[$]input|//|/[*]|[]\[{}"\\:, \n'“é=<#]|true|1|\PC|[\x00-\x1f]){1,30}"#
    ) {
        for protocol in Protocol::ALL {
            for text in [text.clone(), format!("{{\"a\":{text}}}"), format!("{{\"a\":\"{text}\"}}")] {
                prop_assert!(verdict(&CHECK, protocol, Some(&text)).is_ok());
            }
        }
    }
}
