//! Stages log to CloudWatch Logs, and the region has no role to write with.

use gatelight_model::{Fetched, Need, Severity, inventory::GatewaySettings};

use super::{Stages, set_arn};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge, Scenario},
    verdict::{Failure, Fix},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-unset",
    title: "API Gateway has no role to write logs with",
    severity: Severity::High,
    needs: &[Need::Stages, Need::GatewaySettings],
    judge: Judge::Account(judge),
    docs: include_str!("unset.md"),
    scenarios: &[Scenario {
        name: "role unset",
        change: |_, region| region.gateway_settings = Fetched::known(GatewaySettings { cloudwatch_role: None }),
        in_demo: false,
    }],
};

fn judge(context: &Context<'_>) -> Verdict {
    let stages = Stages::of(context);
    if !stages.any()? {
        return Ok(Judgement::NotApplicable(super::NO_STAGE));
    }
    if set_arn(context)?.is_some() {
        return Ok(Judgement::Pass);
    }
    let region = &context.region().name;
    let fix = "Create a role that apigateway.amazonaws.com may assume and that may write to CloudWatch Logs, and set it \
               as the CloudWatch role of API Gateway in this region.";
    Ok(Failure {
        severity: None,
        cause: None,
        message: format!(
            "API Gateway has no CloudWatch role in {region}, so it cannot write the logs that stages there have \
             turned on. {}",
            stages.silenced(context)
        ),
        evidence: vec![],
        affects: stages.subjects(context),
        fix: Fix::text(fix).command(super::missing::update_account(region)),
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
        assert!(
            failure.message.ends_with(
                "Silences 8 stages of 4 REST and WebSocket APIs: orders/prod, orders/staging, users/live and 5 more."
            ),
            "{}",
            failure.message
        );
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
        assert!(failure.message.contains("at least 8 stages"), "{}", failure.message);
    }

    #[test]
    fn without_a_stage_that_logs_it_does_not_apply_whatever_the_settings() {
        let mut inventory = unset();
        without_stages(&mut inventory);
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(crate::gateway_role::NO_STAGE)));
        inventory.region.gateway_settings = Fetched::from(Err(denied("apigateway:GetAccount")));
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(crate::gateway_role::NO_STAGE)));
    }

    #[test]
    fn http_apis_and_access_logs_in_firehose_need_no_role() {
        let mut inventory = unset();
        inventory.region.v2_apis.seen.retain(|api| api.name == "shop");
        inventory.region.rest_apis.seen.retain(|api| api.name == "orders");
        inventory.api_mut("orders").stages.seen.retain(|stage| stage.name == "staging");
        inventory.firehose_stage_mut().method_logging.clear();
        assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(crate::gateway_role::NO_STAGE)));
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
