use gatelight_formats::variables::{REST_UNLISTED, table};
use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};

use super::*;
use crate::{
    access_log::testing::{evidence, failure, verdict},
    verdict::Judgement,
};

/// `""` passes, `"!"` passes with a note; else the place of the failure.
fn said(protocol: Protocol, format: &str) -> String {
    match verdict(&CHECK, protocol, Some(format)).expect("known") {
        Judgement::Pass => String::new(),
        Judgement::PassNoted(_) => "!".to_owned(),
        Judgement::Fail(failure) => evidence(&failure, "at").expect("a place").to_owned(),
        Judgement::NotApplicable(why) => panic!("{why}"),
    }
}

#[test]
fn names_pass_fail_or_are_noted() {
    const FAILS: &str = "column 3";
    for (variable, expected) in [
        ("$context.requestId", ["", "", ""]),
        ("$context.xrayTraceId", ["", FAILS, FAILS]),
        ("$context.routeKey", [FAILS, "", ""]),
        ("$context.connectionId", [FAILS, FAILS, ""]),
        ("$context.httpMethod", ["", "", FAILS]),
        ("$context.responseLatency", ["", "", FAILS]),
        ("$context.accountId", ["", "", FAILS]),
        ("$context.integration.timeToAllHeaders", ["", FAILS, FAILS]),
        // Slips.
        ("$context.requestid", [FAILS; 3]),
        ("$context.RequestId", [FAILS; 3]),
        ("$context.requestIdd", [FAILS; 3]),
        ("$context.statsu", [FAILS; 3]),
        ("$context.integration.eror", [FAILS; 3]),
        ("$context.routekey", [FAILS; 3]),
        ("$context.xraytraceid", [FAILS; 3]),
        // Free names.
        ("$context.authorizer.anything", ["", "", ""]),
        ("$context.authorizer.claims.cognito:username", ["", "", ""]),
        ("$context.authorizer.claims", ["!", "!", "!"]),
        ("$context.Authorizer.claims.sub", [FAILS; 3]),
        ("$context.requestOverride.header.x-y", ["", FAILS, FAILS]),
        ("$context.responseOverride.status", ["", FAILS, FAILS]),
        // Unknown, and like nothing.
        ("$context.brandNew", ["!", "!", "!"]),
        ("$context.requestIdFoo", ["!", "!", "!"]),
        ("$context.identity", ["!", "!", "!"]),
        // Beyond the tables.
        ("$context.tlsVersion", ["", "!", "!"]),
        ("$context.identity.vpceId", ["", "!", "!"]),
        ("$context.integrationErrorMessage", ["", "", "!"]),
        ("$context.integrationStatus", ["", "", "!"]),
        ("$context.awsEndpointRequestId", ["", "", "!"]),
        // Not of access logs.
        ("$input.body", [FAILS; 3]),
        ("${stageVariables.name}", [FAILS; 3]),
        ("$inputs.body", ["", "", ""]),
        ("$5 context.requestid", ["", "", ""]),
        // In braces it is the same variable.
        ("${context.requestid}", [FAILS; 3]),
        ("${context.requestId}", ["", "", ""]),
    ] {
        let format = format!("é {variable} $context.status");
        assert_eq!(Protocol::ALL.map(|protocol| said(protocol, &format)), expected, "{variable}");
    }
}

#[test]
fn every_name_of_a_table_is_known_there() {
    for protocol in Protocol::ALL {
        for name in table(protocol) {
            assert_eq!(said(protocol, &format!("$context.{name}")), "", "{protocol:?} {name}");
        }
    }
    for name in REST_UNLISTED {
        assert_eq!(said(Rest, &format!("$context.{name}")), "", "{name}");
    }
}

#[test]
fn the_message_says_what_was_meant() {
    let message = |protocol, format| failure(&CHECK, protocol, format).message;
    assert_eq!(
        message(Rest, "$context.requestid $context.requestid"),
        "The access log uses variables that are always empty: `$context.requestid`, which differs from `requestId` \
         only in case."
    );
    assert_eq!(
        message(Http, "${context.statu} $context.xraytraceid"),
        "The access log uses variables that are always empty: `${context.statu}`, which differs from `status` by one \
         letter; `$context.xraytraceid`, which differs from `xrayTraceId` only in case, and HTTP APIs do not have that \
         either."
    );
    assert_eq!(
        message(Websocket, "$context.path $input.body $input.body"),
        "The access log uses variables that are always empty: `$context.path`, which WebSocket APIs do not have (it \
         is always `-`); `$input.body`: only $context variables are filled."
    );
    // A slip is told once: it is not noted as a name that nobody knows.
    assert_eq!(evidence(&failure(&CHECK, Rest, "$context.requestid"), "note"), None);
    let fix = failure(&CHECK, Websocket, "$context.path $context.statu").fix.text;
    assert!(fix.starts_with("Remove `$context.path`. Write `$context.status` for `$context.statu`. "), "{fix}");
}

#[test]
fn of_many_some_are_named() {
    let names = ["path", "protocol", "httpMethod", "accountId", "domainPrefix"];
    let five: String = names.map(|name| format!("$context.{name} ")).concat();
    let message = failure(&CHECK, Websocket, &five).message;
    assert!(message.contains("`$context.domainPrefix`") && !message.contains("more"), "{message}");
    let seven = failure(&CHECK, Websocket, &format!("{five} $context.routekey $context.xrayTraceId"));
    assert!(seven.message.ends_with("; and 2 more."), "{}", seven.message);
    assert!(seven.fix.text.contains("Fix the others the same way."), "{}", seven.fix.text);
}

#[test]
fn notes_name_what_is_not_known() {
    let note = |protocol, format: &str| match verdict(&CHECK, protocol, Some(format)) {
        Ok(Judgement::PassNoted(note)) => note,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        note(
            Rest,
            "$context.new $context.new $context.authorizer.claims $context.newer.tlsVersion $context.tlsVersion"
        ),
        "`$context.new` and `$context.newer.tlsVersion`: no variables that this version of Gatelight knows. AWS \
         documents that `$context.authorizer.claims` is null: name one of the claims."
    );
    assert_eq!(
        note(Websocket, "$context.integrationStatus"),
        "`$context.integrationStatus`: AWS's table of variables for WebSocket APIs lacks it; it may be empty."
    );
    assert_eq!(
        note(Websocket, "$context.integrationStatus $context.tlsVersion"),
        "`$context.integrationStatus` and `$context.tlsVersion`: AWS's table of variables for WebSocket APIs lacks \
         them; they may be empty."
    );
    let many = [1, 2, 3, 4, 5].map(|n| format!("$context.new{n}x ")).concat();
    assert!(note(Http, &many).ends_with("`$context.new5x`: no variables that this version of Gatelight knows."));
    assert!(note(Http, &format!("{many}$context.new6x")).contains("`$context.new5x` (and others): no"));
}

#[test]
fn a_common_wrong_name_is_noted_with_the_right_one() {
    let note = |protocol, format: &str| match verdict(&CHECK, protocol, Some(format)) {
        Ok(Judgement::PassNoted(note)) => note,
        other => panic!("{other:?}"),
    };
    let text = note(Rest, "$context.sourceIp $context.responseTime $context.sourceIp");
    assert!(
        text.ends_with(
            "Perhaps you meant `$context.identity.sourceIp` for `$context.sourceIp` and `$context.responseLatency` for \
             `$context.responseTime`."
        ),
        "{text}"
    );
    let header = note(Http, "$context.requestHeaders.Content-Type");
    assert!(header.starts_with("`$context.requestHeaders.Content-Type`: no variable"), "{header}");
    assert!(header.contains("no variable contains headers, query strings or bodies"), "{header}");
    for name in ["requestBody", "queryString", "responseHeaders.etag"] {
        assert!(note(Rest, &format!("$context.{name}")).contains("no variable contains headers"), "{name}");
    }
    assert!(!note(Rest, "$context.brandNew").contains("no variable contains"));
    let dash = note(Http, "$context.brandNew-$context.status");
    assert!(dash.starts_with("`$context.brandNew`: no variable"), "{dash}");
    let escaped = note(Http, "é $$context.requestId");
    assert!(escaped.starts_with("`$$context.requestId` at column 3 writes a `$` before the value"), "{escaped}");
}

#[test]
fn a_variable_of_other_apis_is_swapped_for_its_counterpart() {
    let failed = failure(&CHECK, Rest, "${context.routeKey}");
    assert!(failed.message.contains("use `$context.resourcePath`"), "{}", failed.message);
    assert!(failed.fix.text.starts_with("Write `$context.resourcePath` for `${context.routeKey}`. "));
    let failed = failure(&CHECK, Http, "$context.resourcePath");
    assert!(failed.message.contains("use `$context.routeKey`"), "{}", failed.message);
}

#[test]
fn routing_rules_are_of_rest_apis() {
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-routing-rules-troubleshoot.html
    let format = "$context.customDomain.routingRuleIdMatched";
    assert_eq!([Rest, Http].map(|protocol| said(protocol, format)), ["", "column 1"]);
}
