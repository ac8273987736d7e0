use gatelight_model::{Fetched, inventory::Timing};

use super::*;
use crate::{
    Policy,
    testing::{Inventory, denied, healthy},
};

const STAGE: &str = "orders/prod";

fn slow(latency: f64, integration: f64) -> Inventory {
    let mut inventory = healthy();
    inventory.take_long(STAGE, latency, integration);
    inventory
}

fn verdict(inventory: &Inventory) -> Verdict {
    inventory.verdict(&CHECK, STAGE)
}

fn not_applicable(inventory: &Inventory, stage: &str) -> &'static str {
    match inventory.verdict(&CHECK, stage) {
        Ok(Judgement::NotApplicable(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn above_the_limit_fails_and_at_the_limit_passes() {
    assert_eq!(verdict(&slow(200.0, 100.0)), Ok(Judgement::Pass));
    let failure = slow(200.5, 100.0).failure(&CHECK, STAGE);
    assert_eq!((failure.severity, failure.cause), (None, None));
    // A backend that is slow is another matter.
    assert_eq!(verdict(&slow(20_000.0, 19_990.0)), Ok(Judgement::Pass));
}

#[test]
fn the_owner_sets_the_limit() {
    let inventory = slow(200.0, 100.0);
    for (overhead, fails) in [(None, false), (Some(99), true), (Some(100), false), (Some(500), false)] {
        let policy = Policy { overhead, ..Policy::default() };
        let context = Context::under(inventory.scope(), &policy);
        let stage = context.stages().flatten().find(|stage| context.stage_subject(stage).name == STAGE);
        let verdict = judge(&stage.expect("that stage"), &context);
        assert_eq!(matches!(verdict, Ok(Judgement::Fail(_))), fails, "{overhead:?}: {verdict:?}");
    }
}

#[test]
fn the_message_says_where_the_time_goes_and_percentiles_are_evidence() {
    let failure = slow(412.0, 252.0).failure(&CHECK, STAGE);
    assert_eq!(
        failure.message,
        "API Gateway itself takes 160 ms of the 412 ms of an average request, and the backend 252 ms (1000 requests \
         between 2026-11-21T09:00:00Z and 2026-11-22T08:45:00Z); the limit is 100 ms."
    );
    let shown = |failure: &Failure| failure.evidence.iter().any(|e| e.value == "206 ms, 824 ms, 1236 ms");
    assert!(shown(&failure), "{:?}", failure.evidence);
    let mut inventory = slow(412.0, 252.0);
    inventory.traffic_mut(STAGE).percentiles = Err(denied("cloudwatch:GetMetricData")).into();
    assert!(!shown(&inventory.failure(&CHECK, STAGE)), "and are not needed");
}

#[test]
fn few_requests_and_websocket_apis_are_not_judged() {
    let mut inventory = slow(412.0, 252.0);
    inventory.traffic_mut(STAGE).requests = Fetched::known(0);
    assert_eq!(not_applicable(&inventory, STAGE), "no requests in the window");
    inventory.traffic_mut(STAGE).requests = Fetched::known(99);
    assert_eq!(not_applicable(&inventory, STAGE), "fewer than 100 requests in the window");
    inventory.traffic_mut(STAGE).requests = Fetched::known(100);
    inventory.traffic_mut(STAGE).latency = Fetched::known(Timing { sum: 99_000.0, samples: 99 });
    assert_eq!(not_applicable(&inventory, STAGE), "fewer than 100 requests in the window");
    assert!(not_applicable(&inventory, "chat/test").contains("WebSocket"));
}

#[test]
fn times_of_different_requests_are_not_compared() {
    for (samples, tells) in [(950, true), (949, false), (0, false)] {
        let mut inventory = slow(412.0, 252.0);
        inventory.traffic_mut(STAGE).integration_latency = Fetched::known(Timing { sum: 100.0, samples });
        assert_eq!(verdict(&inventory).is_ok(), tells, "{samples}");
    }
}

#[test]
fn stages_that_cloudwatch_counts_as_one_are_not_told_apart() {
    let mut inventory = slow(412.0, 252.0);
    inventory.api_mut("users").name = "ordersé".to_owned();
    inventory.region.rest_apis.seen[1].stages.seen[0].name = "prod".to_owned();
    assert!(verdict(&inventory).expect_err("a gap").to_string().contains("together with"));
    // Another stage of that API is another matter.
    assert_eq!(inventory.verdict(&CHECK, "orders/staging"), Ok(Judgement::Pass));
    let mut inventory = slow(412.0, 252.0);
    inventory.break_rest_apis();
    assert_eq!(verdict(&inventory), Err(denied("apigateway:GetRestApis")), "one that was not seen may be of that name");
}

#[test]
fn what_was_denied_or_not_asked_is_could_not_check() {
    type Hide = fn(&mut TrafficAnswer);
    let hide: [Hide; 3] = [
        |answer| answer.requests = Err(denied("cloudwatch:GetMetricData")).into(),
        |answer| answer.latency = Err(denied("cloudwatch:GetMetricData")).into(),
        |answer| answer.integration_latency = Err(denied("cloudwatch:GetMetricData")).into(),
    ];
    for hide in hide {
        let mut inventory = slow(412.0, 252.0);
        hide(inventory.traffic_mut(STAGE));
        assert_eq!(verdict(&inventory), Err(denied("cloudwatch:GetMetricData")));
    }
    let mut inventory = healthy();
    inventory.region.traffic.clear();
    assert_eq!(verdict(&inventory).expect_err("a gap").why().kind, gatelight_model::GapKind::NotCollected);
}
