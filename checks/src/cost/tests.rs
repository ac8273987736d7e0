use proptest::prelude::*;

use super::{month::HOUR, *};
use crate::testing::{FORMAT, denied};

const DAY: u64 = 24 * HOUR;

fn group(class: Option<&str>, retention_days: Option<i32>) -> LogGroup {
    let mut group =
        crate::testing::healthy().region.log_groups[0].group.get().expect("known").clone().expect("a group");
    group.class = class.map(str::to_owned);
    group.retention_days = retention_days;
    group
}

/// A stage of which all is known and on: 10 requests a second, 30 days' retention.
fn stage(group: &LogGroup) -> StageFacts<'_> {
    StageFacts {
        region: "us-east-1",
        protocol: Protocol::Rest,
        requests: Ok(InWindow { sum: 864_000, seconds: DAY }),
        access_log: Some(AccessLogFacts {
            format: FORMAT,
            destination: AccessLogDestination::LogGroup("access", Ok(Some(group))),
        }),
        execution_logs: vec![ExecutionLogFacts {
            name: "execution".to_owned(),
            group: Ok(Some(group)),
            bytes: Ok(InWindow { sum: 7_200_000_000, seconds: DAY }),
            level: "INFO",
            data_trace: true,
        }],
        traces: Some(TraceFacts {
            sampling: Ok(Sampling { rule: "Default".to_owned(), fixed_rate: 0.05, reservoir: 1, before: vec![] }),
            destination: Ok(TraceDestination::XRay),
        }),
    }
}

fn estimated(facts: &StageFacts<'_>) -> StageCost {
    estimate(facts, PriceList::shipped())
}

fn cost(of: &StageCost, item: Item) -> &Cost {
    of.costs.iter().find(|cost| cost.item == item).expect("a cost")
}

fn known(of: &StageCost, item: Item) -> Money {
    match &cost(of, item).estimate {
        Estimate::Known(money) => *money,
        other => panic!("{item:?}: {other:?}"),
    }
}

#[test]
fn every_item_of_a_stage_is_estimated_with_its_reasons() {
    let group = group(None, Some(365));
    let mut facts = stage(&group);
    // Lines of 1,000 bytes.
    let format = "x".repeat(1_000);
    facts.access_log.as_mut().expect("on").format = &format;
    let estimated = estimated(&facts);
    // 26.28 million lines: 26.28 GB.
    assert_eq!(known(&estimated, Item::AccessLogIngestion), Money::from_micros(13_140_000));
    // 26.28 GB × 12 months × 0.15 × $0.03.
    assert_eq!(known(&estimated, Item::AccessLogStorage), Money::from_micros(1_419_120));
    // 7.2 GB a day: 219 GB a month.
    assert_eq!(known(&estimated, Item::ExecutionLogIngestion), Money::from_micros(109_500_000));
    assert_eq!(known(&estimated, Item::Traces), Money::from_micros(19_053_000));
    // 26.28 million requests at $3.50: the logs and traces of this stage cost more than the API.
    assert_eq!(estimated.requests.estimate, Estimate::Known(Money::from_micros(91_980_000)));
    let whole = estimated.total();
    assert!(whole.is_whole() && whole.known > Money::from_micros(91_980_000));
    assert_eq!(estimated.of(&[Item::AccessLogIngestion, Item::AccessLogStorage]).known, Money::from_micros(14_559_120));
    for (item, phrases) in [
        (
            Item::AccessLogIngestion,
            &["26.3 million requests a month, extrapolated from 24 h", "1,000 bytes a line", "$0.50 a GB"][..],
        ),
        (Item::AccessLogStorage, &["kept for 365 days", "$0.03 a GB and month", "15 %"]),
        (Item::ExecutionLogIngestion, &["219 GB ingested a month", "level INFO", "data trace", "2025-04-30"]),
        (
            Item::Traces,
            &["sampling rule Default: 1 a second and 5 % of the rest", "3.81 million traces", "$5.00 a million"],
        ),
    ] {
        let told = cost(&estimated, item).assumptions.join("; ");
        for phrase in phrases {
            assert!(told.contains(phrase), "{item:?}: {phrase} in {told}");
        }
    }
}

#[test]
fn the_price_is_that_of_the_group_s_class_and_of_the_region() {
    for (class, region, price) in [
        (None, "us-east-1", Some("$0.50 a GB ingested (price of")),
        (Some("STANDARD"), "sa-east-1", Some("$0.90 a GB ingested (price of")),
        (Some("INFREQUENT_ACCESS"), "sa-east-1", Some("$0.45 a GB ingested (price of")),
        (None, "us-gov-west-1", Some("$0.50 a GB ingested (us-east-1's price of 2025-04-30: us-gov-west-1's is not")),
        (Some("DELIVERY"), "us-east-1", None),
    ] {
        let group = group(class, Some(30));
        let estimated = estimated(&StageFacts { region, ..stage(&group) });
        let cost = cost(&estimated, Item::AccessLogIngestion);
        match price {
            Some(price) => assert!(cost.assumptions.iter().any(|told| told.starts_with(price)), "{cost:?}"),
            None => assert!(matches!(&cost.estimate, Estimate::Unknown(gap) if gap.to_string().contains("DELIVERY"))),
        }
    }
}

/// Only what was measured, and only where all of it was.
#[test]
fn what_errors_alone_would_save_is_said_where_the_log_was_measured() {
    let group = group(None, Some(30));
    let mut facts = stage(&group);
    assert_eq!(estimated(&facts).errors_only_saves, None, "full requests are logged, whatever the level");
    facts.execution_logs[0].data_trace = false;
    let cost = estimated(&facts);
    let log = cost.of(&[Item::ExecutionLogIngestion, Item::ExecutionLogStorage]).known;
    assert!(log > Money::ZERO);
    assert_eq!(cost.errors_only_saves, Some(log));
    // Two groups: both.
    facts.execution_logs.push(facts.execution_logs[0].clone());
    assert_eq!(estimated(&facts).errors_only_saves, Some(log + log));
    let gap = || denied("cloudwatch:GetMetricData");
    let changes: [fn(&mut StageFacts<'_>, Gap); 5] = [
        |facts, _| facts.execution_logs[1].level = "ERROR",
        |facts, gap| facts.execution_logs[1].bytes = Err(gap),
        |facts, gap| facts.execution_logs[0].group = Err(gap),
        |facts, _| facts.execution_logs[0].bytes = Ok(InWindow { sum: 1, seconds: 0 }),
        |facts, _| facts.execution_logs.clear(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut other = facts.clone();
        change(&mut other, gap());
        assert_eq!(estimated(&other).errors_only_saves, None, "change {number}");
    }
}

#[test]
fn logs_that_are_kept_for_ever_are_said_to_cost_more_each_month() {
    let (expires, never) = (group(None, Some(30)), group(None, None));
    let (expires, never) = (estimated(&stage(&expires)), estimated(&stage(&never)));
    assert!(known(&expires, Item::AccessLogStorage) < known(&never, Item::AccessLogStorage));
    assert!(cost(&never, Item::AccessLogStorage).assumptions.iter().any(|told| told.contains("grows by this amount")));
}

#[test]
fn what_is_off_costs_nothing_and_what_is_paid_elsewhere_is_missing_from_the_total() {
    let group = group(None, Some(30));
    let off = StageFacts { access_log: None, execution_logs: vec![], traces: None, ..stage(&group) };
    let off = estimated(&off);
    assert_eq!(off.costs.len(), 5);
    assert_eq!(off.total(), Total::default());

    let mut facts = stage(&group);
    let log = facts.access_log.as_mut().expect("on");
    log.destination = AccessLogDestination::DeliveryStream("amazon-apigateway-orders");
    facts.traces.as_mut().expect("on").destination = Ok(TraceDestination::CloudWatchLogs);
    let estimated = super::tests::estimated(&facts);
    let total = estimated.total();
    assert!(total.elsewhere && total.gaps.is_empty() && !total.is_whole());
    assert_eq!(total.known, estimated.of(&[Item::ExecutionLogIngestion, Item::ExecutionLogStorage]).known);

    for destination in [AccessLogDestination::LogGroup("gone", Ok(None)), AccessLogDestination::Other("arn:x")] {
        facts.access_log.as_mut().expect("on").destination = destination;
        let estimated = super::tests::estimated(&facts);
        assert!(matches!(cost(&estimated, Item::AccessLogIngestion).estimate, Estimate::Nothing(_)));
    }
}

#[test]
fn a_window_of_no_length_and_a_rate_that_is_no_share_are_not_known() {
    let group = group(None, Some(30));
    let mut facts = stage(&group);
    facts.requests = Ok(InWindow { sum: 1, seconds: 0 });
    let estimated = super::tests::estimated(&facts);
    assert!(matches!(cost(&estimated, Item::AccessLogIngestion).estimate, Estimate::Unknown(_)));
    assert!(matches!(cost(&estimated, Item::Traces).estimate, Estimate::Unknown(_)));
    assert!(matches!(estimated.requests.estimate, Estimate::Unknown(_)));
    let mut facts = stage(&group);
    facts.traces.as_mut().expect("on").sampling =
        Ok(Sampling { rule: "odd".to_owned(), fixed_rate: f64::NAN, reservoir: 0, before: vec![] });
    assert!(matches!(cost(&super::tests::estimated(&facts), Item::Traces).estimate, Estimate::Unknown(_)));
}

#[test]
fn the_dearest_comes_first_and_of_two_the_one_that_may_be_dearer() {
    let group = group(None, Some(30));
    let with = |requests| estimated(&StageFacts { requests, traces: None, execution_logs: vec![], ..stage(&group) });
    let mut stages = vec![
        ("idle b", with(Ok(InWindow { sum: 0, seconds: DAY }))),
        ("idle a", with(Ok(InWindow { sum: 0, seconds: DAY }))),
        ("unknown", with(Err(denied("cloudwatch:GetMetricData")))),
        ("busy", with(Ok(InWindow { sum: 9_000_000, seconds: DAY }))),
        ("quiet", with(Ok(InWindow { sum: 9_000, seconds: DAY }))),
    ];
    worst_first(&mut stages, Ord::cmp);
    assert_eq!(stages.map_names(), ["busy", "quiet", "unknown", "idle a", "idle b"]);
}

trait Names {
    fn map_names(&self) -> Vec<&str>;
}

impl Names for Vec<(&str, StageCost)> {
    fn map_names(&self) -> Vec<&str> {
        self.iter().map(|(name, _)| *name).collect()
    }
}

/// Everything that can be hidden of a stage.
const HIDE: [fn(&mut StageFacts<'_>); 6] = [
    |facts| facts.requests = Err(denied("cloudwatch:GetMetricData")),
    |facts| {
        if let Some(AccessLogFacts { destination: AccessLogDestination::LogGroup(_, group), .. }) =
            &mut facts.access_log
        {
            *group = Err(denied("logs:DescribeLogGroups"));
        }
    },
    |facts| facts.execution_logs.iter_mut().for_each(|log| log.bytes = Err(denied("cloudwatch:GetMetricData"))),
    |facts| facts.execution_logs.iter_mut().for_each(|log| log.group = Err(denied("logs:DescribeLogGroups"))),
    |facts| facts.traces.iter_mut().for_each(|of| of.sampling = Err(denied("xray:GetSamplingRules"))),
    |facts| facts.traces.iter_mut().for_each(|of| of.destination = Err(denied("xray:GetTraceSegmentDestination"))),
];

/// Hiding a fact leaves each cost as it is, or makes it "could not estimate"; and it must make some so.
#[test]
fn hiding_a_fact_only_makes_costs_unknown() {
    let group = group(None, Some(30));
    for (number, hide) in HIDE.iter().enumerate() {
        let facts = stage(&group);
        let mut hidden = facts.clone();
        hide(&mut hidden);
        let (all, less) = (estimated(&facts), estimated(&hidden));
        assert_eq!(all.costs.len(), less.costs.len());
        let changed = all.costs.iter().zip(&less.costs).filter(|(before, after)| before.estimate != after.estimate);
        let changed: Vec<_> = changed.collect();
        assert!(!changed.is_empty(), "{number}");
        for (before, after) in changed {
            assert_eq!(before.item, after.item);
            assert!(matches!(after.estimate, Estimate::Unknown(_)), "{number}: {after:?}");
        }
        assert!(less.total().known <= all.total().known && !less.total().is_whole());
    }
}

proptest! {
    #[test]
    fn more_requests_never_cost_less(
        sum in any::<u64>(),
        more in any::<u64>(),
        seconds in 1..=30 * DAY,
        reservoir in 0..10_000_u64,
        fixed_rate in 0.0..=1.0,
    ) {
        let group = group(None, Some(30));
        let with = |sum| {
            let mut facts = stage(&group);
            facts.requests = Ok(InWindow { sum, seconds });
            facts.traces.as_mut().expect("on").sampling = Ok(Sampling { rule: "r".to_owned(), fixed_rate, reservoir, before: vec![] });
            estimated(&facts)
        };
        let (less, more) = (with(sum), with(sum.saturating_add(more)));
        for item in Item::ALL {
            prop_assert!(known(&less, item) <= known(&more, item), "{item:?}");
        }
    }

    #[test]
    fn a_longer_line_never_costs_less(format in ".{0,80}", more in "[a-z ]{0,80}", sum in any::<u64>()) {
        let group = group(None, Some(30));
        let longer = format!("{format} {more}");
        let with = |format| {
            let mut facts = stage(&group);
            facts.requests = Ok(InWindow { sum, seconds: DAY });
            facts.access_log.as_mut().expect("on").format = format;
            estimated(&facts).total().known
        };
        prop_assert!(with(&format) <= with(&longer));
    }

    #[test]
    fn a_longer_retention_never_costs_less(days in 1..4_000_i32, more in 0..4_000_i32) {
        let (short, long) = (group(None, Some(days)), group(None, Some(days + more)));
        prop_assert!(estimated(&stage(&short)).total().known <= estimated(&stage(&long)).total().known);
    }
}
