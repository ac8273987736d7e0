use gatelight_model::inventory::Protocol::{self, Http, Rest, Websocket};

use super::*;
use crate::{
    access_log::testing::{evidence, failure, verdict},
    verdict::Judgement,
};

/// `""` passes, `"!"` passes with a note, `"-"` is not JSON at all; else the column of the failure.
fn said(protocol: Protocol, format: &str) -> String {
    match verdict(&CHECK, protocol, Some(format)).expect("known") {
        Judgement::Pass => String::new(),
        Judgement::PassNoted(_) => "!".to_owned(),
        Judgement::NotApplicable(why) => {
            assert_eq!(why, "the access log is not JSON");
            "-".to_owned()
        }
        Judgement::Fail(failure) => evidence(&failure, "at").expect("a place").replace("column ", ""),
    }
}

#[test]
fn numbers_that_can_be_absent_want_quotes() {
    for (format, expected) in [
        ("{}", ["", "", ""]),
        (r#"{"a":"$context.integration.latency"}"#, ["", "", ""]),
        (r#"{"a":$context.integration.latency}"#, ["6", "6", "6"]),
        (r#"{"a":${context.integration.latency}}"#, ["6", "6", "6"]),
        (r#"{"a":$context.waf.status,"b":$context.status}"#, ["6", "6", "6"]),
        // Always there.
        (r#"{"a":$context.status,"b":$context.requestTimeEpoch}"#, ["", "", ""]),
        (r#"{"a":$context.responseLatency}"#, ["", "", "6"]),
        (r#"{"a":$context.responseLength}"#, ["", "", "6"]),
        (r#"{"a":$context.accountId}"#, ["!", "!", "6"]),
        (r#"{"a":$context.connectedAt}"#, ["6", "6", ""]),
        (r#"{"a":$context.dataProcessed}"#, ["6", "6", "6"]),
        // Next to each other.
        (r#"{"a":$context.status$context.waf.status}"#, ["21", "21", "21"]),
        (r#"{"a":$context.waf.status$context.status}"#, ["", "", ""]),
        (r#"{"a":1e$context.waf.status$context.status}"#, ["", "", ""]),
        (r#"{"a":$context.waf.status$context.waf.latency}"#, ["6", "6", "6"]),
        // Not JSON with values either.
        (r#"{"a":$context.requestId}"#, ["-", "-", "-"]),
        ("$context.integration.latency", ["-", "-", "-"]),
        // Quoted text.
        (r#"{"a":"$context.error.messageString"}"#, ["7", "7", "7"]),
        (r#"{"a":"said: $context.error.messageString","b":$context.waf.status}"#, ["13", "13", "13"]),
        (r#"{"b":$context.waf.status,"a":"$context.error.messageString"}"#, ["6", "6", "6"]),
        (r#"{"a":$context.error.messageString}"#, ["!", "!", "!"]),
        (r#"{"a":"$context.error.message"}"#, ["", "", ""]),
    ] {
        assert_eq!(Protocol::ALL.map(|protocol| said(protocol, format)), expected, "{format}");
    }
}

#[test]
fn a_line_without_any_value_is_told_by_its_variables() {
    let one = failure(&CHECK, Rest, r#"{"a":$context.integration.latency,"b":"$context.path"}"#);
    assert_eq!(
        one.message,
        "The access log breaks: when integration.latency has no value, the line is not valid JSON: API Gateway writes \
         `-` for an absent value, and it is not quoted."
    );
    assert!(one.fix.text.starts_with("Put integration.latency in quotes. "), "{}", one.fix.text);
    assert_eq!(one.severity, None);

    let two = r#"{"a":$context.waf.status,"b":"$context.error.messageString","c":$context.waf.latency,"d":$context.waf.status}"#;
    let two = failure(&CHECK, Http, two);
    assert_eq!(
        two.message,
        "The access log breaks: when waf.status and waf.latency have no value, the line is not valid JSON: API \
         Gateway writes `-` for an absent value, and they are not quoted; `$context.error.messageString` includes its \
         own quotes and is quoted again: when there is an error, the line is not valid JSON."
    );
    assert!(two.fix.text.contains("Use `$context.error.message` instead"), "{}", two.fix.text);

    let names = ["authorize", "authorizer", "authenticate", "waf", "integration"];
    let many: Vec<_> = names.iter().map(|name| format!("\"{name}\":$context.{name}.status")).collect();
    let five = failure(&CHECK, Rest, &format!("{{{}}}", many.join(","))).message;
    assert!(five.contains("waf.status and integration.status have"), "{five}");
    let six = failure(&CHECK, Rest, &format!("{{{},\"x\":$context.waf.latency}}", many.join(","))).message;
    assert!(six.contains("integration.status and others have"), "{six}");
}

#[test]
fn notes_name_the_place() {
    let note = |protocol, format| match verdict(&CHECK, protocol, Some(format)) {
        Ok(Judgement::PassNoted(note)) => note,
        other => panic!("{other:?}"),
    };
    let text = note(Websocket, r#"{"a":$context.error.messageString}"#);
    assert!(text.starts_with("`$context.error.messageString` at column 6 is not quoted"), "{text}");
    let account = note(Http, r#"{"é":${context.accountId}}"#);
    assert!(account.starts_with("`${context.accountId}` at column 6 is not quoted; an account"), "{account}");
}
