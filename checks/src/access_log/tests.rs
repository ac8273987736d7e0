//! What all checks of formats have in common: verdicts without an access log, commands, evidence.

use gatelight_model::inventory::Protocol;

use super::{
    format_rule::{as_variables, join_names},
    lacks_integration_fields, lacks_request_id, not_json,
    testing::{DESTINATION, evidence, failure, verdict},
};
use crate::verdict::Judgement;

#[test]
fn without_an_access_log_the_question_does_not_arise() {
    for check in [not_json::CHECK, lacks_integration_fields::CHECK, lacks_request_id::CHECK] {
        for protocol in Protocol::ALL {
            for format in [None, Some("")] {
                assert_eq!(
                    verdict(&check, protocol, format),
                    Ok(Judgement::NotApplicable("the stage has no access log"))
                );
            }
        }
    }
}

#[test]
fn the_command_names_the_stage() {
    let command = |protocol| failure(&not_json::CHECK, protocol, "x").fix.only_command().join(" ");
    assert_eq!(
        command(Protocol::Rest),
        "aws apigateway update-stage --region eu-west-1 --rest-api-id a1b2c3d4e5 --stage-name prod \
         --patch-operations op=replace,path=/accessLogSettings/format,value@=file://format.json"
    );
    for protocol in [Protocol::Http, Protocol::Websocket] {
        assert_eq!(
            command(protocol),
            format!(
                "aws apigatewayv2 update-stage --region eu-west-1 --api-id a1b2c3d4e5 --stage-name prod \
                 --access-log-settings DestinationArn={DESTINATION},Format@=file://format.json"
            )
        );
    }
    for (protocol, name) in Protocol::ALL.into_iter().zip(["rest", "http", "websocket"]) {
        let say = failure(&not_json::CHECK, protocol, "x").fix.text;
        assert!(say.contains(&format!("`gatelight format print --protocol {name}`")), "{say}");
    }
}

#[test]
fn a_long_format_is_cut_in_the_evidence() {
    let exactly = "é".repeat(300);
    let failed = failure(&lacks_request_id::CHECK, Protocol::Rest, &exactly);
    assert_eq!(evidence(&failed, "format"), Some(exactly.as_str()));
    let failed = failure(&lacks_request_id::CHECK, Protocol::Rest, &format!("{exactly}é"));
    assert_eq!(evidence(&failed, "format"), Some(format!("{exactly}…").as_str()));
    assert_eq!(failed.cause, None);
}

#[test]
fn names_are_listed_as_people_do() {
    assert_eq!(join_names(&[""; 0]), "");
    assert_eq!(join_names(&["a"]), "a");
    assert_eq!(join_names(&["a", "b"]), "a and b");
    assert_eq!(join_names(&["a", "b", "c"]), "a, b and c");
    assert_eq!(as_variables(&["a".to_owned(), "b.c".to_owned()]), "`$context.a` and `$context.b.c`");
}
