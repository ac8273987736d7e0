//! `access-log-off`: a stage writes no access log.

use gatelight_model::{
    Need, Severity,
    inventory::{AccessLogSetting, StageOf},
};

use super::turn_on;
use crate::{
    check::{Check, Judge},
    context::Context,
    verdict::{Evidence, Failure, Judgement, Verdict},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-off",
    title: "Access log is off",
    severity: Severity::High,
    // The fix begins with the CloudWatch role where there is none.
    needs: &[Need::Stages, Need::GatewaySettings],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::AccessLog, Loss::Dark)]),
    docs: include_str!("off.md"),
    scenarios: &[],
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every judgement")]
fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.access_log().is_some() {
        return Ok(Judgement::Pass);
    }
    // AWS treats empty as not set, and so does `StageOf::access_log`.
    let half = |get: fn(&AccessLogSetting) -> &Option<String>| {
        stage.stage.access_log.as_ref().and_then(|setting| get(setting).as_deref()).filter(|text| !text.is_empty())
    };
    let (destination, format) = (half(|setting| &setting.destination), half(|setting| &setting.format));
    let message = match (destination, format) {
        (None, None) => "The access log is off: it has neither a destination nor a format.",
        (None, _) => "The access log is off: it has a format but no destination.",
        (_, None) => "The access log is off: it has a destination but no format.",
        // Unreachable: a log that is on has passed above.
        (Some(_), Some(_)) => "The access log is off.",
    };
    let shown = |half: Option<&str>| half.unwrap_or("none").to_owned();
    Ok(Failure {
        severity: None,
        cause: None,
        message: message.to_owned(),
        evidence: vec![Evidence::new("destination", shown(destination)), Evidence::new("format", shown(format))],
        affects: vec![],
        fix: turn_on::fix(stage, context, destination, format),
        ..Failure::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gatelight_formats::recommended::recommended;

    use super::*;
    use crate::{
        testing::{Inventory, denied, healthy},
        verdict::Fix,
    };

    const STAGES: [&str; 3] = ["orders/prod", "shop/$default", "chat/prod"];

    #[test]
    fn passes_where_both_halves_are_set() {
        for stage in STAGES {
            assert_eq!(healthy().verdict(&CHECK, stage), Ok(Judgement::Pass));
        }
    }

    #[test]
    fn fails_without_a_setting() {
        for stage in STAGES {
            let mut inventory = healthy();
            inventory.stage_mut(stage).access_log = None;
            assert!(inventory.failure(&CHECK, stage).message.contains("neither a destination nor a format"));
        }
    }

    #[test]
    fn names_the_half_that_is_missing_and_empty_is_missing() {
        for none in [None, Some(String::new())] {
            for stage in STAGES {
                let mut inventory = healthy();
                inventory.access_log_mut(stage).destination.clone_from(&none);
                let failure = inventory.failure(&CHECK, stage);
                assert!(failure.message.ends_with("has a format but no destination."), "{}", failure.message);
                assert_eq!(failure.evidence[0], Evidence::new("destination", "none"));

                let mut inventory = healthy();
                inventory.access_log_mut(stage).format.clone_from(&none);
                let failure = inventory.failure(&CHECK, stage);
                assert!(failure.message.ends_with("has a destination but no format."), "{}", failure.message);
                assert_eq!(failure.evidence[1], Evidence::new("format", "none"));
                assert_eq!(failure.fix.commands.len(), 1, "{stage} keeps its destination");
            }
        }
    }

    /// The stage without an access log, in a region with this role.
    fn off(stage: &str, role: Option<&str>) -> Inventory {
        let mut inventory = healthy();
        inventory.set_gateway_role(role);
        inventory.stage_mut(stage).access_log = None;
        inventory
    }

    /// The second and third words of each command.
    fn words(fix: &Fix) -> Vec<String> {
        fix.commands.iter().map(|command| command[1..3].join(" ")).collect()
    }

    const ROLE: [&str; 3] = ["iam create-role", "iam attach-role-policy", "apigateway update-account"];
    const GROUP: [&str; 2] = ["logs create-log-group", "logs put-retention-policy"];

    #[test]
    fn the_fix_begins_with_the_role_where_there_is_none_and_one_is_needed() {
        for (stage, update) in [("orders/prod", "apigateway update-stage"), ("chat/prod", "apigatewayv2 update-stage")]
        {
            let fix = off(stage, None).failure(&CHECK, stage).fix;
            assert_eq!(words(&fix), [&ROLE[..], &GROUP, &[update]].concat(), "{stage}");
            assert!(fix.text.starts_with("us-east-1 has no CloudWatch role"), "{}", fix.text);
            let fix = off(stage, Some("arn:aws:iam::123456789012:role/x")).failure(&CHECK, stage).fix;
            assert_eq!(words(&fix), [&GROUP[..], &[update]].concat(), "{stage}");
        }
        let fix = off("shop/$default", None).failure(&CHECK, "shop/$default").fix;
        assert_eq!(words(&fix), [&GROUP[..], &["apigatewayv2 update-stage"]].concat(), "HTTP APIs need no role");
    }

    #[test]
    fn a_role_that_is_not_known_is_to_be_checked_first() {
        let mut inventory = off("orders/prod", None);
        inventory.region.gateway_settings = Err(denied("apigateway:GetAccount")).into();
        let fix = inventory.failure(&CHECK, "orders/prod").fix;
        assert!(fix.text.contains("could not be checked (") && fix.text.contains("get-account"), "{}", fix.text);
        assert_eq!(fix.commands.len(), 3);
    }

    #[test]
    fn a_stream_is_not_written_to_by_the_role() {
        let mut inventory = healthy();
        inventory.set_gateway_role(None);
        inventory.access_log_mut("orders/staging").format = None;
        let fix = inventory.failure(&CHECK, "orders/staging").fix;
        assert_eq!(words(&fix), ["apigateway update-stage"]);
    }

    /// What an update sets, by its name in the API of HTTP and WebSocket APIs.
    fn settings(command: &[String]) -> BTreeMap<String, String> {
        let value: serde_json::Value = serde_json::from_str(command.last().expect("a value")).expect("JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        match value {
            serde_json::Value::Array(operations) => {
                operations.iter().map(|one| (text(&one["path"]), text(&one["value"]))).collect()
            }
            object => object.as_object().expect("settings").iter().map(|(key, one)| (key.clone(), text(one))).collect(),
        }
    }

    #[test]
    fn the_format_is_the_recommended_one_and_the_group_has_a_name_that_aws_takes() {
        for (stage, destination, format) in [
            ("orders/prod", "/accessLogSettings/destinationArn", "/accessLogSettings/format"),
            ("shop/$default", "DestinationArn", "Format"),
            ("chat/prod", "DestinationArn", "Format"),
        ] {
            let mut inventory = off(stage, Some("arn:aws:iam::123456789012:role/x"));
            let protocol = inventory.api_mut(stage.split('/').next().expect("an API")).protocol;
            let fix = inventory.failure(&CHECK, stage).fix;
            let set = settings(fix.commands.last().expect("an update"));
            assert_eq!(set[format], recommended(protocol), "{stage}");
            let group = fix.commands[0].last().expect("a group");
            assert_eq!(set[destination], format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}"));
            assert!(group.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.#".contains(c)), "{group}");
        }
    }

    #[test]
    fn what_the_stage_has_is_kept() {
        let mut inventory = healthy();
        inventory.access_log_mut("shop/$default").destination = None;
        let format = inventory.access_log_mut("shop/$default").format.clone().expect("a format");
        let fix = inventory.failure(&CHECK, "shop/$default").fix;
        assert_eq!(settings(fix.commands.last().expect("an update"))["Format"], format);
        inventory.access_log_mut("orders/prod").destination = None;
        let fix = inventory.failure(&CHECK, "orders/prod").fix;
        let update = fix.commands.last().expect("an update").join(" ");
        assert!(
            update.starts_with("aws apigateway update-stage --region us-east-1 --rest-api-id a1b2c3d4e5"),
            "{update}"
        );
        assert!(!update.contains("/accessLogSettings/format"), "{update}");
    }
}
