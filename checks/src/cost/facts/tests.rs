use std::collections::BTreeMap;

use gatelight_model::{Fetched, Gap, inventory::TraceDestination};
use jiff::Timestamp;
use serde_json::Value;

use super::counted;
use crate::{
    Context,
    cost::{Cost, Estimate, Item, Money, PriceList, StageCost, StageFacts, estimate},
    sweep,
    testing::{Inventory, break_off, denied, healthy, sampling_rule, trace_destination},
};

/// What each stage costs, by name and ARN.
fn costs(inventory: &Inventory) -> Vec<((String, String), StageCost)> {
    let context = Context::new(inventory.scope());
    let costs = context.stages().flatten().map(|stage| {
        let subject = context.stage_subject(&stage);
        ((subject.name, subject.arn), estimate(&StageFacts::of(&stage, &context), PriceList::shipped()))
    });
    costs.collect()
}

fn cost(inventory: &Inventory, name: &str) -> StageCost {
    costs(inventory).into_iter().find(|(subject, _)| subject.0 == name).expect("a stage of that name").1
}

fn xray() -> Fetched<TraceDestination> {
    Fetched::known(trace_destination("XRay", Some("ACTIVE")))
}

/// What is said of an item; the first, if there are several.
fn said(cost: &StageCost, item: Item) -> &Estimate {
    &cost.costs.iter().find(|cost| cost.item == item).expect("a cost").estimate
}

#[test]
fn of_a_stage_all_of_whose_facts_are_known_nothing_is_missing() {
    let mut inventory = healthy();
    inventory.region.trace_destination = xray();
    let cost = cost(&inventory, "orders/prod");
    assert_eq!(cost.total().gaps, Vec::<Gap>::new());
    // 120,000 requests in 23 h 45 min: 3.69 million a month, of which one a second is the most that the rule's reservoir
    // takes; and 5 % of the rest.
    let Estimate::Known(traces) = said(&cost, Item::Traces) else { panic!("{cost:#?}") };
    let requests = 120_000_u128 * 2_628_000 / 85_500;
    let recorded = 2_628_000 + (requests - 2_628_000) / 20;
    assert!(traces.micros().abs_diff(recorded * 5) < 10, "{traces:?}");
    // 1.236 GB in that time.
    let Estimate::Known(execution) = said(&cost, Item::ExecutionLogIngestion) else { panic!("{cost:#?}") };
    assert!(execution.micros().abs_diff(1_236_000_000 * 2_628_000 / 85_500 / 2_000) < 10, "{execution:?}");
    // The canary's group does not exist, which costs nothing.
    let groups: Vec<_> = cost.costs.iter().filter(|cost| cost.item == Item::ExecutionLogIngestion).collect();
    assert!(matches!(groups[1].estimate, Estimate::Nothing(_)), "{groups:#?}");
}

#[test]
fn only_whole_periods_are_counted() {
    let at = |second| Timestamp::constant(second, 0);
    for (since, until, seconds) in [
        // As whole periods, and begun within one: 23 h 45 min, less a period.
        (0, 85_500, 85_500),
        (1, 85_501, 85_200),
        (0, 299, 0),
        // 7 days less a quarter of an hour, in hours; 30 days, in days.
        (0, 604_800 - 900, 604_800 - 3_600),
        (1, 2_592_000, 2_592_000 - 86_400),
        (900, 0, 0),
    ] {
        assert_eq!(counted(at(since), at(until)), seconds, "{since} to {until}");
    }
    assert_eq!(counted(Timestamp::MAX, Timestamp::MIN), 0);
}

#[test]
fn rules_that_come_first_for_some_requests_are_told() {
    let mut inventory = healthy();
    inventory.region.trace_destination = xray();
    let cost = cost(&inventory, "orders/prod");
    let traces = cost.costs.iter().find(|cost| cost.item == Item::Traces).expect("traces");
    assert_eq!(traces.resource.as_deref(), Some("Default"));
    assert!(traces.assumptions.iter().any(|told| told.contains("preflight, probes")), "{traces:#?}");
}

#[test]
fn rules_of_which_it_is_not_known_which_decides_leave_traces_open() {
    for mutate in [
        |inventory: &mut Inventory| inventory.region.sampling_rules.seen.push(sampling_rule("twin", 10_000)),
        |inventory: &mut Inventory| inventory.region.sampling_rules.seen.clear(),
        |inventory: &mut Inventory| {
            let mut rule = sampling_rule("case", 1);
            rule.service_name = "ORDERS/*".to_owned();
            inventory.region.sampling_rules.seen.push(rule);
        },
        |inventory: &mut Inventory| {
            inventory.region.trace_destination = Fetched::known(trace_destination("Elsewhere", None));
        },
    ] {
        let mut inventory = healthy();
        inventory.region.trace_destination = xray();
        mutate(&mut inventory);
        let cost = cost(&inventory, "orders/prod");
        assert!(matches!(said(&cost, Item::Traces), Estimate::Unknown(_)), "{cost:#?}");
    }
}

#[test]
fn stages_that_cloudwatch_counts_as_one_are_not_estimated() {
    let mut inventory = healthy();
    for name in ["orders", "users"] {
        inventory.api_mut(name).name = format!("{name}é");
    }
    let mut twin = inventory.region.rest_apis.seen[0].clone();
    (twin.id, twin.name) = ("twin567890".to_owned(), "orders".to_owned());
    inventory.region.rest_apis.seen.push(twin);
    let cost = cost(&inventory, "ordersé/prod");
    assert!(matches!(said(&cost, Item::AccessLogIngestion), Estimate::Unknown(_)), "{cost:#?}");
    assert!(matches!(cost.requests.estimate, Estimate::Unknown(_)));
    // What its log group took is its own.
    assert!(matches!(said(&cost, Item::ExecutionLogIngestion), Estimate::Known(money) if *money > Money::ZERO));
}

/// What costs rest on, as JSON pointers begin.
const RESTS_ON: [&str; 10] = [
    "/account/id",
    "/region/rest_apis",
    "/region/v2_apis",
    "/region/functions",
    "/region/log_deliveries",
    "/region/log_groups",
    "/region/traffic",
    "/region/ingested",
    "/region/sampling_rules",
    "/region/trace_destination",
];

/// Every fact hidden alone, in the healthy scenario and in those that cost something else: each cost stays as it is or becomes
/// "could not estimate". Elsewhere than in the healthy scenario only what costs are seen to rest on there.
#[test]
fn hiding_a_fact_only_ever_makes_a_cost_unknown() {
    let mut scenarios = sweep::scenarios();
    let searched = scenarios[0].1["region"]["trace_destination"].clone();
    // With Transaction Search, as in the healthy scenario, nothing rests on sampling.
    for (_, inventory) in &mut scenarios {
        let destination = &mut inventory["region"]["trace_destination"];
        if *destination == searched {
            *destination = serde_json::to_value(xray()).expect("serialises");
        }
    }
    let healthy = scenarios.remove(0);
    let usual = costs(&sweep::read(&healthy.1));
    let rested_on = hide_each(&healthy, |_| true);
    assert!(rested_on.iter().all(|fact| RESTS_ON.iter().any(|start| fact.starts_with(start))), "{rested_on:#?}");
    for start in RESTS_ON {
        assert!(start == "/account/id" || rested_on.iter().any(|fact| fact.starts_with(start)), "{start}");
    }
    scenarios.retain(|(_, inventory)| costs(&sweep::read(inventory)) != usual);
    assert!(scenarios.len() > 10, "{}", scenarios.len());
    for inventory in &scenarios {
        hide_each(inventory, |fact| RESTS_ON.iter().any(|start| fact.starts_with(start)));
    }
}

/// The facts that, hidden alone, made a cost unknown.
fn hide_each((name, inventory): &(&str, Value), picks: impl Fn(&str) -> bool) -> Vec<String> {
    let mut blind = sweep::read(inventory);
    let seeing: BTreeMap<_, _> = costs(&blind).into_iter().collect();
    let mut rested_on = Vec::new();
    for fact in sweep::facts(inventory).into_iter().filter(|fact| picks(fact)) {
        let slot = sweep::fact_at(&mut blind, &fact).expect("a fact");
        let was = slot.hide(denied("sweep:Hide"));
        let mut touched = false;
        for (subject, mut cost) in costs(&blind) {
            let before = &seeing[&subject];
            // What may be sent elsewhere is a cost more, and not known.
            let is_new =
                |cost: &Cost| before.costs.iter().all(|of| (of.item, &of.resource) != (cost.item, &cost.resource));
            if cost.costs.len() > before.costs.len() {
                let more: Vec<_> = cost.costs.extract_if(.., |cost| is_new(cost)).collect();
                assert!(more.iter().all(|cost| matches!(cost.estimate, Estimate::Unknown(_))), "{fact} in “{name}”");
                touched = true;
            }
            assert_eq!(before.costs.len(), cost.costs.len(), "{fact} in “{name}”");
            let both = before.costs.iter().chain([&before.requests]).zip(cost.costs.iter().chain([&cost.requests]));
            for (before, after) in both.filter(|(before, after)| before.estimate != after.estimate) {
                assert_eq!(before.item, after.item, "{fact} in “{name}”");
                assert!(matches!(after.estimate, Estimate::Unknown(_)), "{fact} in “{name}”: {after:#?}");
                touched = true;
            }
        }
        sweep::fact_at(&mut blind, &fact).expect("its gap").restore(was);
        if touched {
            rested_on.push(fact);
        }
    }
    rested_on
}

#[test]
fn what_delivery_sources_send_is_counted_where_nothing_else_is_written() {
    let ingestion = |inventory: &Inventory, stage: &str| -> Vec<Estimate> {
        let cost = cost(inventory, stage);
        let of_logs = cost.costs.iter().filter(|cost| cost.item == Item::ExecutionLogIngestion);
        of_logs.map(|cost| cost.estimate.clone()).collect()
    };
    let mut inventory = healthy();
    // 2.4 GB in that time.
    let [_, _, Estimate::Known(delivered)] = &ingestion(&inventory, "orders/prod")[..] else { panic!("three groups") };
    assert!(delivered.micros().abs_diff(2_400_000_000 * 2_628_000 / 85_500 / 2_000) < 10, "{delivered:?}");
    // To a bucket beside a group.
    let users = ingestion(&inventory, "users/live");
    assert!(matches!(users[..], [Estimate::Known(_), Estimate::Known(_), Estimate::Unknown(_)]), "{users:?}");
    // To a group that a function writes to.
    inventory.region.log_deliveries.seen[0].destination =
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/checkout".to_owned();
    assert!(matches!(ingestion(&inventory, "orders/prod")[2], Estimate::Unknown(_)));
    // Where deliveries are not known, something may be missing.
    break_off(&mut inventory.region.log_deliveries, "logs:DescribeDeliverySources");
    assert!(matches!(ingestion(&inventory, "orders/staging")[..], [Estimate::Known(_), Estimate::Unknown(_)]));
}
