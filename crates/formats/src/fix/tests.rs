use gatelight_model::inventory::Protocol;
use proptest::prelude::*;

use super::*;
use crate::{refused::is_refused, unfilled::unfilled_variables};

fn fixed(text: &str, missing: &[&str]) -> Option<String> {
    let missing: Vec<_> = missing.iter().map(|name| (*name).to_owned()).collect();
    fix(&Format::new(Protocol::Rest, text), &missing)
}

#[test]
fn what_is_missing_is_added_in_the_style_of_the_rest() {
    for (text, expected) in [
        ("{}", r#"{"requestId":"$context.requestId"}"#),
        ("{ }", r#"{"requestId":"$context.requestId" }"#),
        (r#"{"a":1}"#, r#"{"a":1,"requestId":"$context.requestId"}"#),
        (r#"{"a": 1}"#, r#"{"a": 1,"requestId": "$context.requestId"}"#),
        (r#"{ "a" : 1, "b" : 2 }"#, r#"{ "a" : 1, "b" : 2, "requestId" : "$context.requestId" }"#),
        ("{\n  \"b\": 1,\n  \"a\": 2\n}\n", r#"{ "b": 1, "a": 2, "requestId": "$context.requestId" }"#),
        (r#"{"a":$context.status}"#, r#"{"a":$context.status,"requestId":"$context.requestId"}"#),
        (r#"{"a":{"requestId":1} }"#, r#"{"a":{"requestId":1},"requestId":"$context.requestId" }"#),
        (r#"{"requestId":1}"#, r#"{"requestId":1,"requestId2":"$context.requestId"}"#),
        (r#"{"requestId":1,"requestId2":2}"#, r#"{"requestId":1,"requestId2":2,"requestId3":"$context.requestId"}"#),
        (r#"{"\u0072equestId":1}"#, r#"{"\u0072equestId":1,"requestId2":"$context.requestId"}"#),
    ] {
        assert_eq!(fixed(text, &["requestId"]).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_key_is_never_used_twice() {
    let missing = ["integration.error", "integration.status"];
    assert_eq!(
        fixed(r#"{"integrationStatus":"$context.integrationStatus"}"#, &missing).expect("fixed"),
        r#"{"integrationStatus":"$context.integrationStatus","integrationError":"$context.integration.error","integrationStatus2":"$context.integration.status"}"#
    );
    assert_eq!(
        fixed(r#"{"integrationStatus":1,"integration_status":2}"#, &missing[1..]).expect("fixed"),
        r#"{"integrationStatus":1,"integration_status":2,"integrationStatus2":"$context.integration.status"}"#
    );
}

#[test]
fn what_is_almost_json_becomes_json() {
    for (text, expected) in [
        (r#"{"a":1,}"#, r#"{"a":1}"#),
        (r#"{"a":[1, ], }"#, r#"{"a":[1 ] }"#),
        ("{\n\"a\":1, // one, \"quoted\"\n\"b\":2 /* two\n*/, # three\n}", r#"{ "a":1, "b":2 }"#),
        (r#"{"a":1 /* x * y / z */}"#, r#"{"a":1 }"#),
        ("// head\n{\"a\":\"// no # comment /* here\"}", r#"{"a":"// no # comment /* here"}"#),
        (r#"{"a":1,,"b":2}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":"x" "b":"y"}"#, r#"{"a":"x", "b":"y"}"#),
        ("{\"a\":1\n\"b\":2}", r#"{"a":1, "b":2}"#),
        (r#"{"a":$context.requestId}"#, r#"{"a":"$context.requestId"}"#),
        (r#"{"a":${context.path},"s":$context.status}"#, r#"{"a":"${context.path}","s":$context.status}"#),
        (r#"{'a':'it\'s "x"'}"#, r#"{"a":"it's \"x\""}"#),
        ("{“a”:“$context.path”}", r#"{"a":"$context.path"}"#),
        ("\u{feff}{\"a\":\u{a0}1}", r#"{"a": 1}"#),
        (r#"{"a":1}\n"#, r#"{"a":1}"#),
        (r#"{\"a\":\"$context.path\"}"#, r#"{"a":"$context.path"}"#),
        (r#""{\"a\":\"$context.path\"}""#, r#"{"a":"$context.path"}"#),
        (r#"'{"a":"$context.path"}'"#, r#"{"a":"$context.path"}"#),
        ("{\"a\":\"x\ty\"}", r#"{"a":"x\ty"}"#),
        ("{\"a\":\"x\n  y\"}", r#"{"a":"x y"}"#),
        ("{ \"a\":1, \\\n  \"b\":2 \\\r\n}", r#"{ "a":1, "b":2 }"#),
        (r#"{"a":1} \"#, r#"{"a":1}"#),
        (r#"{"a":1}}"#, r#"{"a":1}"#),
        (r#"{"a":"b,"c":"d"}"#, r#"{"a":"b","c":"d"}"#),
        (r#"{"a":"b}"#, r#"{"a":"b"}"#),
        (r#"{"a":1}{"b":2}"#, r#"{"a":1,"b":2}"#),
        ("{a:1}", r#"{"a":1}"#),
        // Where a colon, a comma or a quote is lost, also before what stands without quotes.
        (r#"{"a" "$context.path","b":1}"#, r#"{"a": "$context.path","b":1}"#),
        (r#"{"a" $context.status,"b":1}"#, r#"{"a": $context.status,"b":1}"#),
        (r#"{"a" $context.requestId}"#, r#"{"a": "$context.requestId"}"#),
        (r#"{"a":$context.status $context.status}"#, r#"{"a":"$context.status $context.status"}"#),
        (
            r#"{"a":$context.status "b":$context.requestId "c":1}"#,
            r#"{"a":$context.status, "b":"$context.requestId", "c":1}"#,
        ),
        (r#"{"a":"$context.path,"b":"$context.status"}"#, r#"{"a":"$context.path","b":"$context.status"}"#),
        (
            r#"{"u":"https://$context.domainName,"p":"$context.path"}"#,
            r#"{"u":"https://$context.domainName","p":"$context.path"}"#,
        ),
        (r#""a":"$context.path"}"#, r#"{"a":"$context.path"}"#),
        (r#"{"a":{"b":"$context.path"},"c":"$context.stage""#, r#"{"a":{"b":"$context.path"},"c":"$context.stage"}"#),
        (r#"{"a":"$$context.path","b":$$context.status}"#, r#"{"a":"$context.path","b":"$context.status"}"#),
        // A line that broke inside a word, and one that did not.
        ("{\"a\":\"$context.ident\nity.sourceIp\"}", r#"{"a":"$context.identity.sourceIp"}"#),
        ("{\"a\":\"$context.integration\r\n.latency\"}", r#"{"a":"$context.integration.latency"}"#),
        ("{\"a\":\"$context.status\nx\"}", r#"{"a":"$context.status x"}"#),
        ("[]", ""),
        ("", ""),
        ("'", ""),
        ("\"", ""),
        ("$context.requestId", ""),
        ("$context.identity.sourceIp - - [$context.requestTime]", ""),
    ] {
        let expected = Some(expected).filter(|text| !text.is_empty());
        assert_eq!(fixed(text, &[]).as_deref(), expected, "{text}");
    }
}

#[test]
fn json_on_one_line_stays_as_it_is() {
    let text = r#" {  "a" :"\n  $context.path"  ,"b":[ 1 ,2 ] }"#;
    assert_eq!(fixed(text, &[]).as_deref(), Some(text.trim()));
}

#[test]
fn variables_are_fixed_in_place() {
    // kind of API, format, the same fixed; empty where it is nothing that can be fixed
    for (protocol, text, expected) in [
        (Protocol::Rest, r#"{"a":"$context.requestid"}"#, r#"{"a":"$context.requestId"}"#),
        (Protocol::Rest, r#"{"a":"x${context.requestid}y"}"#, r#"{"a":"x${context.requestId}y"}"#),
        (Protocol::Rest, r#"{"a":"$context.Authorizer.claims.a-b"}"#, r#"{"a":"$context.authorizer.claims.a-b"}"#),
        // Quotes around numbers that can be absent, and around no others.
        (
            Protocol::Rest,
            r#"{"a":$context.integration.latency,"b":$context.status,"c": ${context.waf.status} }"#,
            r#"{"a":"$context.integration.latency","b":$context.status,"c": "${context.waf.status}" }"#,
        ),
        (
            Protocol::Rest,
            r#"{"a":$context.integration.latenci,"b":1}"#,
            r#"{"a":"$context.integration.latency","b":1}"#,
        ),
        (Protocol::Rest, r#"{"a":$context.waf.status$context.status}"#, r#"{"a":$context.waf.status$context.status}"#),
        (Protocol::Rest, r#"{"a":1$context.waf.status}"#, ""),
        (Protocol::Websocket, r#"{"a":$context.connectedAt}"#, r#"{"a":$context.connectedAt}"#),
        // Quoted text in quotes.
        (Protocol::Http, r#"{"a":"$context.error.messageString"}"#, r#"{"a":"$context.error.message"}"#),
        (Protocol::Http, r#"{"a":$context.error.messageString}"#, r#"{"a":$context.error.messageString}"#),
        (Protocol::Http, r#"{"a":"$context.error.messagestring"}"#, r#"{"a":"$context.error.message"}"#),
        // What is never filled goes, with its key and one comma.
        (Protocol::Http, r#"{"a":1,"x":"$context.xrayTraceId","b":2}"#, r#"{"a":1,"b":2}"#),
        (Protocol::Http, r#"{"x" : "$context.xrayTraceId" , "b":2}"#, r#"{ "b":2}"#),
        (Protocol::Http, r#"{"b":2, "x":"$context.xrayTraceId" }"#, r#"{"b":2 }"#),
        (
            Protocol::Http,
            r#"{"a":$context.Integration.latency,"x":"$context.xrayTraceId"}"#,
            r#"{"a":"$context.integration.latency"}"#,
        ),
        (Protocol::Http, r#"{"x":"$context.xrayTraceId"}"#, "{}"),
        (Protocol::Http, r#"{"x":"$context.xrayTraceId","y":"$input.body"}"#, "{}"),
        (Protocol::Http, r#"{"a":{"x":"$context.waf.error"},"y":$context.waf.status}"#, r#"{"a":{}}"#),
        // Or, where it is a part of something else, alone.
        (Protocol::Http, r#"{"a":"x $context.xrayTraceId"}"#, r#"{"a":"x -"}"#),
        (Protocol::Http, r#"{"a":"$context.xrayTraceId},"}"#, r#"{"a":"-},"}"#),
        (Protocol::Http, r#"{"a":["$context.xrayTraceId",$context.waf.status]}"#, r#"{"a":["-","-"]}"#),
        (Protocol::Http, r#"{"$context.xrayTraceId":1}"#, r#"{"-":1}"#),
        (Protocol::Http, r#"{"a":"$input.body"}"#, "{}"),
        (Protocol::Http, r#"{"a":"x$input.body"}"#, r#"{"a":"x"}"#),
        (Protocol::Http, r#"{"a":"\":$context.xrayTraceId"}"#, r#"{"a":"\":-"}"#),
        (Protocol::Http, r#"{"a\"":"$context.xrayTraceId"}"#, r#"{"a\"":"-"}"#),
        (Protocol::Rest, r#"{"a":"$context.brandNew"}"#, r#"{"a":"$context.brandNew"}"#),
        // What AWS refuses goes too; a counterpart takes the place of what this kind of API does not have.
        (Protocol::Http, r#"{"a":"$context.brandNew"}"#, "{}"),
        (Protocol::Http, r#"{"r":"$context.resourcePath"}"#, r#"{"r":"$context.routeKey"}"#),
        (Protocol::Rest, r#"{"r":"$context.routeKey"}"#, r#"{"r":"$context.resourcePath"}"#),
        (Protocol::Rest, r#"{"t":$context.responseTime}"#, r#"{"t":"$context.responseLatency"}"#),
        (Protocol::Rest, r#"{"t":"${context.sourceIp}"}"#, r#"{"t":"${context.identity.sourceIp}"}"#),
        (
            Protocol::Http,
            r#"{"e":"$context.wafError","m":"$context.errorMessage"}"#,
            r#"{"m":"$context.error.message"}"#,
        ),
    ] {
        let expected = Some(expected).filter(|text| !text.is_empty());
        assert_eq!(fix(&Format::new(protocol, text), &[]).as_deref(), expected, "{protocol:?} {text}");
    }
}

#[test]
fn a_corrected_name_is_not_added_again() {
    let text = r#"{"a":"$context.integration.eror","b":"$context.integration.status"}"#;
    let expected = r#"{"a":"$context.integration.error","b":"$context.integration.status"}"#;
    assert_eq!(fixed(text, &["integration.error"]).as_deref(), Some(expected));
}

#[test]
fn too_many_edits_are_not_made() {
    let text = |count: usize| format!("{{\"a\":\"{}\"}}", "$context.requestid ".repeat(count));
    assert!(fixed(&text(500), &[]).is_some());
    assert_eq!(fixed(&text(501), &[]), None);
}

#[test]
fn a_format_too_long_for_http_apis_is_not_fixed() {
    let text = format!("{{\"a\":\"{}\"}}", "x".repeat(HTTP_MAX_BYTES - 8));
    assert_eq!(text.len(), HTTP_MAX_BYTES);
    assert_eq!(fix(&Format::new(Protocol::Http, &text), &[]).as_deref(), Some(text.as_str()));
    assert_eq!(fix(&Format::new(Protocol::Http, &text), &["requestId".to_owned()]), None);
    assert!(fix(&Format::new(Protocol::Rest, &text), &["requestId".to_owned()]).is_some());
}

proptest! {
    #[test]
    fn fixed_formats_are_json_with_what_was_missing(
        text in r#"([$]context[.]status|[$]context[.]path|//|[\[\]{}"\\:, \n'“]|"[a-c]":|true|1|\PC){0,30}"#
    ) {
        for protocol in Protocol::ALL {
            for text in [text.clone(), format!("{{{text}}}"), format!("{{\"a\":\"{text}\"\n}}")] {
                let before = Format::new(protocol, &text);
                let Some(fixed) = fix(&before, &["requestId".to_owned()]) else { continue };
                let format = Format::new(protocol, &fixed);
                prop_assert!(format.json().is_ok(), "{text}\n{fixed}");
                prop_assert!(format.find("requestId").is_some() && format.inner_newline().is_none());
                // Fixing what is fixed changes nothing.
                prop_assert_eq!(fix(&format, &[]), Some(fixed.clone()));
                // All that an object held, it still holds, but for what is never filled.
                let is_kept = |name| !is_refused(protocol, name);
                if let (Ok(object), [], true) = (
                    before.json(),
                    &unfilled_variables(&before)[..],
                    before.template.variables().all(|variable| is_kept(variable.name)),
                ) {
                    prop_assert!(object.keys.is_subset(&format.json().expect("JSON").keys));
                    prop_assert_eq!(object.keys.len() + 1, format.json().expect("JSON").keys.len());
                }
            }
        }
    }
}

#[test]
fn a_member_that_goes_takes_the_variables_in_its_key_with_it() {
    // `path` is never filled on HTTP APIs.
    for text in ["$context.path:$context.path", r#"{"$context.path":"$context.path","a":"$context.stage"}"#] {
        for protocol in Protocol::ALL {
            for text in [text.to_owned(), format!("{{{text}}}"), format!("{{\"a\":\"{text}\"\n}}")] {
                let Some(fixed) = fix(&Format::new(protocol, &text), &["requestId".to_owned()]) else { continue };
                assert!(Format::new(protocol, &fixed).json().is_ok(), "{text}: {fixed}");
            }
        }
    }
}
