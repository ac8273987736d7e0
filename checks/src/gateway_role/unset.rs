//! Stages log to CloudWatch Logs, and the region has no role to write with.

use gatelight_model::{Fetched, Need, Severity, inventory::GatewaySettings};

use super::{Stages, set_arn, setup};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge, Scenario},
    verdict::Failure,
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-unset",
    title: "No CloudWatch role is set",
    severity: Severity::High,
    needs: &[Need::Stages, Need::GatewaySettings],
    judge: Judge::Account(judge),
    signals: Signals::OfRole(Loss::Dark),
    docs: include_str!("unset.md"),
    scenarios: &[Scenario {
        name: "role unset",
        change: |_, region| region.gateway_settings = Fetched::known(GatewaySettings { cloudwatch_role: None }),
        in_demo: false,
    }],
};

const NO_STAGE: &str = "there is no REST or WebSocket stage in this region";

fn judge(context: &Context<'_>) -> Verdict {
    let stages = Stages::among(context.stages_that_may_need_the_role());
    if !stages.any()? {
        return Ok(Judgement::NotApplicable(NO_STAGE));
    }
    if set_arn(context)?.is_some() {
        return Ok(Judgement::Pass);
    }
    let region = &context.region().name;
    let logging = Stages::of(context);
    let (severity, says) = match logging.any() {
        Ok(true) => (
            Severity::High,
            format!(
                ", so it cannot write the logs that stages there have turned on. {}",
                logging.silenced(context)
            ),
        ),
        Ok(false) => (
            Severity::Medium,
            ": no REST or WebSocket stage of this region can log until it is set. AWS refuses to turn on a log until then, \
             and no stage has one turned on."
                .to_owned(),
        ),
        Err(gap) => (
            Severity::High,
            format!(
                ": no REST or WebSocket stage of this region can log until it is set. Whether a stage has turned on a log is \
                 not known ({gap}); the severity is that of a region in which one has."
            ),
        ),
    };
    let text = "Create a role that apigateway.amazonaws.com can assume and that is allowed to write to CloudWatch Logs, and \
                set it as the CloudWatch role of API Gateway in this region.";
    Ok(Failure {
        severity: Some(severity),
        cause: None,
        message: format!("API Gateway has no CloudWatch role in {region}{says}"),
        evidence: vec![],
        affects: logging.subjects(context),
        fix: setup::fix(context, &setup::new_role(context), text),
        ..Failure::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use gatelight_model::Fetched;

    use super::*;
    use crate::testing::{Inventory, denied, healthy};

    fn verdict(inventory: &Inventory) -> Verdict {
        inventory.verdict(&CHECK, "account settings")
    }

    fn unset() -> Inventory {
        let mut inventory = healthy();
        inventory.set_gateway_role(None);
        inventory
    }

    fn without_stages(inventory: &mut Inventory) {
        inventory.region.rest_apis.seen.clear();
        inventory.region.v2_apis.seen.clear();
    }

    #[test]
    fn no_role_silences_every_rest_and_websocket_stage_that_logs_to_cloudwatch() {
        let failure = unset().failure(&CHECK, "account settings");
        let names: Vec<_> = failure.affects.iter().map(|stage| stage.name.as_str()).collect();
        let expected = [
            "orders/prod",
            "orders/staging",
            "users/live",
            "users/beta",
            "chat/prod",
            "chat/test",
            "feed/live",
            "feed/try",
        ];
        assert_eq!(names, expected);
        assert!(failure.message.ends_with("8 stages (4 APIs) write no logs."), "{}", failure.message);
    }

    #[test]
    fn an_empty_role_is_none() {
        let mut inventory = healthy();
        inventory.set_gateway_role(Some(""));
        assert!(matches!(verdict(&inventory), Ok(Judgement::Fail(_))));
    }

    #[test]
    fn a_stage_that_was_seen_is_enough_and_the_count_says_that_there_may_be_more() {
        let mut inventory = unset();
        inventory.break_rest_apis();
        let failure = inventory.failure(&CHECK, "account settings");
        assert!(failure.message.contains("At least 8 stages"), "{}", failure.message);
    }

    #[test]
    fn without_a_stage_that_could_log_it_does_not_apply_whatever_the_settings() {
        let mut inventory = unset();
        without_stages(&mut inventory);
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(NO_STAGE)));
        inventory.region.gateway_settings = Fetched::from(Err(denied("apigateway:GetAccount")));
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(NO_STAGE)));
    }

    #[test]
    fn http_apis_need_no_role() {
        let mut inventory = unset();
        inventory.region.v2_apis.seen.retain(|api| api.name == "shop");
        inventory.region.rest_apis.seen.clear();
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(NO_STAGE)));
    }

    /// The only REST stage logs to Firehose, which needs no role; its execution log is off.
    fn firehose_alone() -> Inventory {
        let mut inventory = unset();
        inventory.region.v2_apis.seen.retain(|api| api.name == "shop");
        inventory.region.rest_apis.seen.retain(|api| api.name == "orders");
        inventory.api_mut("orders").stages.seen.retain(|stage| stage.name == "staging");
        inventory.firehose_stage_mut().method_logging.clear();
        inventory
    }

    #[test]
    fn it_matters_less_where_no_stage_logs_yet() {
        let mut inventory = firehose_alone();
        for with_access_log in [true, false] {
            if !with_access_log {
                inventory.stage_mut("orders/staging").access_log = None;
            }
            let failure = inventory.failure(&CHECK, "account settings");
            assert_eq!((failure.severity, failure.affects), (Some(Severity::Medium), vec![]));
            let says = "no REST or WebSocket stage of this region can log until it is set";
            assert!(failure.message.contains(says), "{}", failure.message);
        }
        // A stage that was not seen may log.
        inventory.break_rest_apis();
        let failure = inventory.failure(&CHECK, "account settings");
        assert_eq!(failure.severity, Some(Severity::High));
        assert!(failure.message.contains("not known"), "{}", failure.message);
        let failure = unset().failure(&CHECK, "account settings");
        assert_eq!(failure.severity, Some(Severity::High));
    }

    #[test]
    fn the_fix_creates_a_role_and_sets_it() {
        let mut inventory = unset();
        let fix = inventory.failure(&CHECK, "account settings").fix;
        let commands: Vec<_> = fix.commands.iter().map(|command| command[2].as_str()).collect();
        assert_eq!(commands, ["create-role", "attach-role-policy", "update-account"]);
        let arn = "value=arn:aws:iam::123456789012:role/gatelight-api-gateway-logs";
        assert!(fix.commands[2].last().expect("an operation").ends_with(arn), "{fix:?}");
        inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
        let fix = inventory.failure(&CHECK, "account settings").fix;
        assert!(fix.commands[2].last().expect("an operation").contains("<account ID>"), "{fix:?}");
    }

    #[test]
    fn a_role_that_is_set_and_stages_that_are_not_known_are_no_verdict() {
        let mut inventory = healthy();
        without_stages(&mut inventory);
        inventory.break_rest_apis();
        assert!(verdict(&inventory).is_err());
    }

    #[test]
    fn settings_that_are_not_known_are_no_verdict() {
        let mut inventory = healthy();
        inventory.region.gateway_settings = Fetched::from(Err(denied("apigateway:GetAccount")));
        assert_eq!(verdict(&inventory), Err(denied("apigateway:GetAccount")));
    }
}
