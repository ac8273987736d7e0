use gatelight_model::inventory::Protocol;

use super::*;

#[test]
fn kinds_follow_the_names() {
    let numbers = "status waf.status integration.integrationStatus integrationLatency integration.latency \
                   responseLatency responseLength requestTimeEpoch connectedAt accountId dataProcessed";
    for name in numbers.split(' ') {
        assert_eq!(ValueKind::of(name), ValueKind::Number, "{name}");
    }
    for name in ["identity.accountId", "requestTime", "statusText", "extendedRequestId", "integration.requestId"] {
        assert_eq!(ValueKind::of(name), ValueKind::Text, "{name}");
    }
    assert_eq!(ValueKind::of("requestId"), ValueKind::Uuid);
    assert_eq!(ValueKind::of("identity.sourceIp"), ValueKind::Ip);
    assert_eq!(ValueKind::of("error.messageString"), ValueKind::QuotedText);
}

#[test]
fn only_numbers_and_quoted_text_are_json_without_quotes() {
    for kind in [ValueKind::Uuid, ValueKind::Number, ValueKind::Ip, ValueKind::QuotedText, ValueKind::Text] {
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(is_json(kind.sample(false)), matches!(kind, ValueKind::Number | ValueKind::QuotedText), "{kind:?}");
        assert!(is_json(&format!("\"{}\"", kind.sample(true))), "{kind:?}");
    }
}

#[test]
fn what_is_absent_is_a_dash_unless_it_is_always_there_or_brings_its_quotes() {
    let absent = |protocol, name: &str, in_string| {
        let source = format!("$context.{name}");
        let template = crate::Template::parse(&source);
        absent_value(protocol, template.variables().next().expect("a variable"), in_string)
    };
    for protocol in [Protocol::Rest, Protocol::Http, Protocol::Websocket] {
        assert_eq!(absent(protocol, "status", false), "200");
        assert_eq!(absent(protocol, "path", true), "-");
        assert_eq!(absent(protocol, "integration.status", false), "-");
        // Whether it is `-` or `"-"` outside a string is not known.
        assert_eq!(absent(protocol, "error.messageString", false), "\"value\"");
        assert_eq!(absent(protocol, "error.messageString", true), "-");
    }
}

#[test]
fn two_names_of_one_value_stand_for_each_other() {
    let rest = [
        ("integration.error", "integrationErrorMessage"),
        ("integration.latency", "integrationLatency"),
        ("integration.requestId", "awsEndpointRequestId"),
    ];
    let others = [&rest[..], &[("requestId", "extendedRequestId")]].concat();
    let kinds = [(Protocol::Rest, &rest[..]), (Protocol::Http, &others), (Protocol::Websocket, &others)];
    for (protocol, pairs) in kinds {
        for name in [REST, HTTP, WEBSOCKET, WEBSOCKET_UNLISTED].into_iter().flatten() {
            let expected: Vec<&str> = pairs
                .iter()
                .filter_map(|(one, other)| match *name {
                    own if own == *one => Some(*other),
                    own if own == *other => Some(*one),
                    _ => None,
                })
                .collect();
            assert_eq!(aliases(protocol, name), expected, "{protocol:?} {name}");
        }
    }
}

#[test]
fn tables_are_sorted_and_without_repeats() {
    for names in [REST, HTTP, WEBSOCKET, REST_UNLISTED, WEBSOCKET_UNLISTED] {
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, names);
    }
}

#[test]
fn clients_and_backends_decide_what_free_names_and_a_few_others_hold() {
    for name in ["path", "identity.userAgent", "integration.error", "authorizer.tenant", "authorizer.claims.sub"] {
        assert!(holds_untrusted_text(name), "{name}");
    }
    // What API Gateway itself writes, and numbers.
    for name in ["requestId", "authorizer.principalId", "authorizer.requestId", "authorizer.own.status", "authorizers"]
    {
        assert!(!holds_untrusted_text(name), "{name}");
    }
    assert!(holds_untrusted_text("requestOverride.header.x") && holds_untrusted_text("responseOverride.header.x"));
}
