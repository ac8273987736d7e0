use gatelight_model::inventory::OwnLines;
use jiff::SignedDuration;

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy};

const STAGE: &str = "orders/prod";
const SHARED: &str = "shop/v1";

fn served(stage: &str, counts: (u64, u64, u64)) -> Inventory {
    let mut inventory = healthy();
    inventory.serve(stage, counts);
    inventory
}

fn silent() -> Inventory {
    served(STAGE, (1_234, 34, 0))
}

fn with_own(own: impl Into<Fetched<OwnLines>>) -> Inventory {
    let mut inventory = healthy();
    inventory.taken_mut(SHARED).own_lines = own.into();
    inventory
}

fn not_applicable(inventory: &Inventory, stage: &str) -> &'static str {
    match inventory.verdict(&CHECK, stage) {
        Ok(Judgement::NotApplicable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn unprovable(inventory: &Inventory, stage: &str) -> String {
    let gap = inventory.verdict(&CHECK, stage).expect_err("could not check");
    assert_eq!(gap.why().kind, gatelight_model::GapKind::Unprovable, "{gap}");
    gap.to_string()
}

fn minutes_ago(minutes: i64) -> Timestamp {
    let now = healthy().account.collected_at;
    now.checked_sub(SignedDuration::from_mins(minutes)).expect("a time")
}

#[test]
fn requests_that_leave_nothing_fail() {
    let failure = silent().failure(&CHECK, STAGE);
    assert_eq!(
        failure.message,
        "The stage served 1234 requests (34 of them client errors) between 2026-11-21T09:00:00Z and \
         2026-11-22T08:45:00Z, and log group /gateway/orders has received no events since."
    );
    let command = failure.fix.only_command().join(" ");
    assert!(command.contains("--log-group-name /gateway/orders"), "{command}");
    let failure = served("orders/staging", (10, 0, 0)).failure(&CHECK, "orders/staging");
    assert!(
        failure.message.contains("Firehose stream amazon-apigateway-orders has received no events"),
        "{}",
        failure.message
    );
}

#[test]
fn ten_requests_beside_clients_errors_are_needed() {
    assert!(matches!(served(STAGE, (10, 0, 0)).verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))));
    assert!(matches!(served(STAGE, (20, 10, 0)).verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))));
    for counts in [(9, 0, 0), (20, 11, 0), (20, 20, 0), (20, 21, 0), (1, 0, 0)] {
        assert!(not_applicable(&served(STAGE, counts), STAGE).contains("fewer than 10"), "{counts:?}");
    }
    assert_eq!(not_applicable(&served(STAGE, (0, 0, 0)), STAGE), "no requests in the window");
    assert_eq!(served(STAGE, (1, 0, 1)).verdict(&CHECK, STAGE), Ok(Judgement::Pass));
}

#[test]
fn a_destination_that_others_write_to_is_judged_by_the_stages_own_lines() {
    let own = |proven, reached| with_own(Fetched::known(OwnLines { proven, reached }));
    assert_eq!(own(1, None).verdict(&CHECK, SHARED), Ok(Judgement::Pass));
    assert_eq!(own(1, Some(minutes_ago(60))).verdict(&CHECK, SHARED), Ok(Judgement::Pass));
    let message = own(0, None).failure(&CHECK, SHARED).message;
    assert!(message.contains("none of the events that log group /gateway/shop has received since"), "{message}");
    assert!(unprovable(&own(0, Some(minutes_ago(60))), SHARED).contains("stopped at 2026-11-22T08:00:00Z"));
    let gap = denied("logs:FilterLogEvents");
    assert_eq!(with_own(Err(gap.clone())).verdict(&CHECK, SHARED), Err(gap));
    // The other stage's format names neither.
    assert!(unprovable(&served("shop/$default", (70, 0, 90)), "shop/$default").contains("$context.apiId"));
    // Where nothing at all arrived, nobody's did.
    assert!(matches!(served("shop/$default", (70, 0, 0)).verdict(&CHECK, "shop/$default"), Ok(Judgement::Fail(_))));
    assert!(not_applicable(&served("shop/$default", (9, 0, 90)), "shop/$default").contains("fewer than 10"));
}

#[test]
fn functions_and_execution_logs_share_a_group_too() {
    let mut inventory = healthy();
    inventory.function_mut("checkout").log_group = Some("/gateway/orders".to_owned());
    assert!(unprovable(&inventory, STAGE).contains("other sources write to"));
    let mut inventory = healthy();
    let execution = "arn:aws:logs:us-east-1:123456789012:log-group:API-Gateway-Execution-Logs_a1b2c3d4e5/prod";
    inventory.access_log_mut(STAGE).destination = Some(execution.to_owned());
    assert!(unprovable(&inventory, STAGE).contains("other sources write to"));
}

#[test]
fn a_stream_that_stages_share_cannot_be_read() {
    let mut inventory = healthy();
    let stream = inventory.access_log_mut("users/beta").destination.clone();
    inventory.access_log_mut("orders/staging").destination = stream;
    assert!(unprovable(&inventory, "orders/staging").contains("records cannot be read"));
}

#[test]
fn one_that_was_not_seen_may_write_there_too() {
    let mut inventory = healthy();
    break_off(&mut inventory.region.functions, "lambda:ListFunctions");
    assert_eq!(inventory.verdict(&CHECK, STAGE), Err(denied("lambda:ListFunctions")));
    assert_eq!(inventory.verdict(&CHECK, "orders/staging"), Ok(Judgement::Pass), "functions do not write to streams");
    assert_eq!(inventory.verdict(&CHECK, SHARED), Ok(Judgement::Pass), "its own lines are proof");
    inventory.serve(STAGE, (1_234, 34, 0));
    assert!(matches!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))), "nobody's arrived");
    let mut inventory = healthy();
    break_off(&mut inventory.api_mut("shop").stages, "apigatewayv2:GetStages");
    assert_eq!(inventory.verdict(&CHECK, STAGE), Err(denied("apigatewayv2:GetStages")));
}

#[test]
fn what_was_changed_a_short_time_ago_is_not_judged() {
    for (minutes, judged) in [(59, false), (60, true)] {
        let mut inventory = silent();
        inventory.stage_mut(STAGE).changed_at = Fetched::known(minutes_ago(minutes));
        inventory.taken_mut(STAGE).since = minutes_ago(minutes - 15);
        assert_eq!(matches!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))), judged, "{minutes}");
        let mut inventory = silent();
        inventory.change_log_group("/gateway/orders", |group| group.created_at = Fetched::known(minutes_ago(minutes)));
        inventory.taken_mut(STAGE).since = minutes_ago(minutes - 15);
        assert_eq!(matches!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))), judged, "{minutes}");
    }
    let mut inventory = silent();
    inventory.taken_mut(STAGE).since = minutes_ago(44);
    assert_eq!(not_applicable(&inventory, STAGE), "the window is shorter than half an hour");
}

#[test]
fn a_window_that_is_not_the_rules_proves_nothing() {
    let mut inventory = silent();
    inventory.stage_mut(STAGE).changed_at = Fetched::known(minutes_ago(300));
    assert!(unprovable(&inventory, STAGE).contains("may not have been active yet"));
    let mut inventory = silent();
    inventory.taken_mut(STAGE).until = minutes_ago(14);
    assert!(unprovable(&inventory, STAGE).contains("may not have been active yet"));
}

#[test]
fn times_of_changes_that_are_not_known_are_could_not_check() {
    let gap = denied("apigateway:GetStages");
    for mut inventory in [silent(), healthy()] {
        let unknown = || Err(gap.clone()).into();
        inventory.stage_mut(STAGE).changed_at = unknown();
        assert_eq!(inventory.verdict(&CHECK, STAGE), Err(gap.clone()));
        inventory.stage_mut(STAGE).changed_at = Fetched::known(minutes_ago(1_000));
        inventory.change_log_group("/gateway/orders", |group| group.created_at = unknown());
        assert_eq!(inventory.verdict(&CHECK, STAGE), Err(gap.clone()));
        // What is known of the other can still be too short a time ago.
        inventory.stage_mut(STAGE).changed_at = Fetched::known(minutes_ago(20));
        assert!(not_applicable(&inventory, STAGE).contains("too recently"));
    }
}

#[test]
fn stages_that_cloudwatch_counts_as_one_are_not_told_apart() {
    let mut inventory = silent();
    let mut twin = inventory.region.rest_apis.seen[0].clone();
    (twin.id, twin.name) = ("twin567890".to_owned(), "ordersü".to_owned());
    inventory.region.rest_apis.seen.push(twin);
    assert!(unprovable(&inventory, STAGE).contains("together with"));
    inventory.region.rest_apis.seen[2].stages.seen.retain(|stage| stage.name != "prod");
    assert!(matches!(inventory.verdict(&CHECK, STAGE), Ok(Judgement::Fail(_))), "no stage of that name");
    inventory.region.rest_apis.seen[2].stages = gatelight_model::Listing::unread(denied("apigateway:GetStages"));
    assert_eq!(inventory.verdict(&CHECK, STAGE), Err(denied("apigateway:GetStages")));
    // HTTP and WebSocket APIs are counted by id.
    let mut inventory = served("shop/$default", (30, 0, 0));
    inventory.region.v2_apis.seen[2].name = "shop".to_owned();
    assert!(matches!(inventory.verdict(&CHECK, "shop/$default"), Ok(Judgement::Fail(_))));
}

#[test]
fn cloudwatch_leaves_out_what_is_not_ascii() {
    let mut inventory = healthy();
    for (name, counted) in [("orders", "orders"), ("café 2", "caf 2"), ("注文", "a1b2c3d4e5"), ("", "a1b2c3d4e5")] {
        inventory.region.rest_apis.seen[0].name = name.to_owned();
        assert_eq!(inventory.region.rest_apis.seen[0].metric_name(), counted);
    }
}

#[test]
fn where_there_is_no_destination_there_is_nothing_to_judge() {
    let reason = |change: fn(&mut Inventory), stage: &str| {
        let mut inventory = silent();
        change(&mut inventory);
        not_applicable(&inventory, stage)
    };
    assert_eq!(reason(|inventory| inventory.rest_stage_mut().access_log = None, STAGE), "the stage has no access log");
    let gone: fn(&mut Inventory) = |inventory| *inventory.log_group_mut("/gateway/orders") = Fetched::known(None);
    assert_eq!(reason(gone, STAGE), "the log group does not exist");
    let gone: fn(&mut Inventory) =
        |inventory| *inventory.delivery_stream_mut("amazon-apigateway-orders") = Fetched::known(None);
    assert_eq!(reason(gone, "orders/staging"), "the Firehose stream does not exist");
    let elsewhere: fn(&mut Inventory) = |inventory| {
        for stage in ["orders/prod", "orders/staging"] {
            let destination = &mut inventory.access_log_mut(stage).destination;
            *destination = destination.as_ref().map(|arn| arn.replace("123456789012", "210987654321"));
        }
    };
    assert_eq!(reason(elsewhere, STAGE), "the log group is not in this account and region");
    assert_eq!(reason(elsewhere, "orders/staging"), "the Firehose stream is not in this account and region");
    let bucket: fn(&mut Inventory) =
        |inventory| inventory.access_log_mut("orders/prod").destination = Some("arn:aws:s3:::bucket".to_owned());
    assert_eq!(reason(bucket, STAGE), "the destination is neither a log group nor a Firehose stream");
}

#[test]
fn what_was_denied_or_not_asked_is_could_not_check() {
    type Hide = fn(&mut DestinationIntake);
    let hide: [Hide; 3] = [
        |answer| answer.requests = Err(denied("cloudwatch:GetMetricData")).into(),
        |answer| answer.taken = Err(denied("cloudwatch:GetMetricData")).into(),
        |answer| answer.client_errors = Err(denied("cloudwatch:GetMetricData")).into(),
    ];
    for hide in hide {
        let mut inventory = silent();
        hide(inventory.taken_mut(STAGE));
        assert_eq!(inventory.verdict(&CHECK, STAGE), Err(denied("cloudwatch:GetMetricData")));
    }
    let mut inventory = healthy();
    inventory.region.taken.clear();
    assert_eq!(inventory.verdict(&CHECK, STAGE).expect_err("a gap").why().kind, gatelight_model::GapKind::NotCollected);
}
