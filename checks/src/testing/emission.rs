//! What the search of log groups gave, in the healthy account and where something is wrong.

use jiff::Timestamp;

use super::{Inventory, denied};
use crate::{
    Fetched,
    inventory::{Hit, LogProbe, LogProbeAnswer},
};

/// When the healthy account was read, less a day.
const SINCE: Timestamp = Timestamp::constant(1_795_338_000 - 86_400, 0);
const UNTIL: Timestamp = Timestamp::constant(1_795_338_000, 0);
/// Up to when CloudWatch has counted events: a quarter of an hour before.
const COUNTED: Timestamp = Timestamp::constant(1_795_338_000 - 900, 0);

fn clean() -> LogProbe {
    LogProbe { since: SINCE, until: UNTIL, silent: false, reached: None, hits: vec![] }
}

fn silent() -> LogProbe {
    LogProbe { silent: true, until: COUNTED, ..clean() }
}

fn answer(group: &str, probe: LogProbe) -> LogProbeAnswer {
    LogProbeAnswer { group: group.to_owned(), probe: Fetched::known(Some(probe)) }
}

/// Those of the log groups of stages. Groups that do not exist are not searched, and those of a class that cannot be
/// searched are silent.
fn of_stages() -> Vec<LogProbeAnswer> {
    [
        ("/gateway/orders", clean()),
        ("/gateway/users", silent()),
        ("/gateway/shop", clean()),
        ("/gateway/cart", silent()),
        ("/gateway/chat", silent()),
        ("/gateway/feed", clean()),
        ("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", clean()),
        ("API-Gateway-Execution-Logs_a1b2c3d4e5/staging", silent()),
        ("API-Gateway-Execution-Logs_f6g7h8i9j0/live", clean()),
        ("API-Gateway-Execution-Logs_f6g7h8i9j0/beta", silent()),
        ("/aws/apigateway/p6q7r8s9t0/prod", clean()),
        ("/aws/apigateway/z6a7b8c9d0/live", silent()),
        ("/aws/apigateway/z6a7b8c9d0/try", clean()),
    ]
    .map(|(group, probe)| answer(group, probe))
    .into()
}

/// Those of the log groups of functions.
fn of_functions() -> Vec<LogProbeAnswer> {
    [
        ("/aws/lambda/checkout", clean()),
        ("/functions/shared", clean()),
        ("/aws/lambda/ranking", silent()),
        ("/functions/fraud", silent()),
    ]
    .map(|(group, probe)| answer(group, probe))
    .into()
}

/// What the search gave in the healthy account: no hit.
pub(super) fn log_probes() -> Vec<LogProbeAnswer> {
    [of_stages(), of_functions()].concat()
}

fn hit(pattern: &str, count: u64, sample: Option<&str>) -> Hit {
    Hit {
        pattern: pattern.to_owned(),
        count,
        first: Timestamp::constant(1_795_338_000 - 50_000, 0),
        last: Timestamp::constant(1_795_338_000 - 3_000, 0),
        sample: sample.map(str::to_owned),
    }
}

fn set(world: &mut Inventory, group: &str, probe: impl Into<Fetched<Option<LogProbe>>>) {
    let mut probes = world.region.log_probes.iter_mut();
    probes.find(|answer| answer.group == group).expect("a search of that group").probe = probe.into();
}

fn found(world: &mut Inventory, group: &str, hits: Vec<Hit>, reached: Option<Timestamp>) {
    set(world, group, Fetched::known(Some(LogProbe { reached, hits, ..clean() })));
}

const REACHED: Option<Timestamp> = Some(Timestamp::constant(1_795_338_000 - 40_000, 0));
const EXECUTION: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

type Fault = (&'static str, fn(&mut Inventory));

/// The worlds in which logs say that something is wrong, or cannot be read.
pub(super) const EMISSION: &[Fault] = &[
    ("signs of failure in logs", |world| {
        let emit = hit("failed-to-emit-logs", 3, Some("ERROR Failed to emit logs: dispatch failure"));
        found(world, "/gateway/shop", vec![emit.clone()], None);
        found(world, EXECUTION, vec![hit("segment-dropped", 1, None), emit.clone()], None);
        found(world, "API-Gateway-Execution-Logs_f6g7h8i9j0/live", vec![hit("xray-put-denied", 2, None)], None);
        found(world, "/aws/lambda/checkout", vec![emit], None);
    }),
    ("logs that are too many to search to the end", |world| {
        found(world, "/gateway/orders", vec![], REACHED);
        found(world, EXECUTION, vec![hit("export-rejected", 9, Some("Exporting failed. Rejecting data."))], REACHED);
    }),
    ("logs that may not be searched", |world| {
        for group in ["/gateway/shop", EXECUTION] {
            set(world, group, Err(denied("logs:FilterLogEvents")));
        }
    }),
    ("logs of a class that cannot be searched", |world| {
        let groups = ["/gateway/users", "/gateway/cart", "/aws/lambda/ranking", "/functions/fraud"];
        world.region.log_probes.retain(|answer| !groups.contains(&answer.group.as_str()));
    }),
    ("a list of log groups that was denied, and a search that says what is not there", |world| {
        world.deny_log_groups();
        set(world, "/gateway/feed", Fetched::known(None));
        set(world, "/gateway/orders", Err(denied("logs:FilterLogEvents")));
    }),
    ("logs that nobody searched", |world| world.region.log_probes.clear()),
];
