//! What the search of log groups gave, in the healthy account and where something is wrong.

use gatelight_model::{
    Fetched, Listing, Severity,
    inventory::{Hit, LogProbe, LogProbeAnswer, OwnPattern, SearchedFor},
    log_patterns::PATTERNS,
};
use jiff::Timestamp;

use super::{Fault, Inventory, denied};

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
        ("/aws/vendedlogs/orders", clean()),
        ("/executions/users", silent()),
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

/// A log group that only the owner names.
pub(super) const DAEMON: &str = "/ecs/xray-daemon";

/// What the search gave in the healthy account: no hit.
pub(super) fn log_probes() -> Vec<LogProbeAnswer> {
    [of_stages(), of_functions(), vec![answer(DAEMON, clean())]].concat()
}

/// What was searched for.
pub(super) fn searched_for() -> SearchedFor {
    SearchedFor { built_in: PATTERNS.iter().map(|pattern| pattern.name.to_owned()).collect(), own: vec![] }
}

fn own(name: &str, severity: Severity, fix: Option<&str>) -> OwnPattern {
    OwnPattern {
        name: name.to_owned(),
        filter: format!("{{ $.event = {name} }}"),
        severity,
        says: format!("the program said {name}"),
        fix: fix.map(str::to_owned),
    }
}

fn hit(pattern: &str, count: u64, sample: Option<&str>) -> Hit {
    Hit {
        pattern: pattern.to_owned(),
        count,
        first: Timestamp::constant(1_795_338_000 - 50_000, 0),
        last: Timestamp::constant(1_795_338_000 - 3_000, 0),
        samples: sample.map(str::to_owned).into_iter().collect(),
    }
}

fn set(inventory: &mut Inventory, group: &str, probe: impl Into<Fetched<Option<LogProbe>>>) {
    let mut probes = inventory.region.log_probes.iter_mut();
    probes.find(|answer| answer.group == group).expect("a search of that group").probe = probe.into();
}

fn found(inventory: &mut Inventory, group: &str, hits: Vec<Hit>, reached: Option<Timestamp>) {
    set(inventory, group, Fetched::known(Some(LogProbe { reached, hits, ..clean() })));
}

const REACHED: Option<Timestamp> = Some(Timestamp::constant(1_795_338_000 - 40_000, 0));
const EXECUTION: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

/// The scenarios in which logs say that something is wrong, or cannot be read.
pub(super) const EMISSION: &[Fault] = &[
    ("failure lines in logs", |inventory| {
        let emit = hit("failed-to-emit-logs", 3, Some("ERROR Failed to emit logs: dispatch failure"));
        found(inventory, "/gateway/shop", vec![emit.clone()], None);
        found(inventory, EXECUTION, vec![hit("segment-dropped", 1, None), emit.clone()], None);
        found(inventory, "API-Gateway-Execution-Logs_f6g7h8i9j0/live", vec![hit("xray-put-denied", 2, None)], None);
        found(inventory, "/aws/lambda/checkout", vec![emit], None);
    }),
    ("logs that are too many to search to the end", |inventory| {
        found(inventory, "/gateway/orders", vec![], REACHED);
        found(
            inventory,
            EXECUTION,
            vec![hit("export-rejected", 9, Some("Exporting failed. Rejecting data."))],
            REACHED,
        );
    }),
    ("logs that may not be searched", |inventory| {
        for group in ["/gateway/shop", EXECUTION] {
            set(inventory, group, Err(denied("logs:FilterLogEvents")));
        }
    }),
    ("logs of a class that cannot be searched", |inventory| {
        let groups = ["/gateway/users", "/gateway/cart", "/aws/lambda/ranking", "/functions/fraud"];
        inventory.region.log_probes.retain(|answer| !groups.contains(&answer.group.as_str()));
    }),
    ("logs of a class that Logs Insights alone searches", |inventory| {
        found(inventory, "/gateway/users", vec![hit("failed-to-emit-logs", 2, Some("Failed to emit logs"))], None);
        set(inventory, "/functions/fraud", Err(denied("logs:StartQuery")));
    }),
    ("logs of that class, of which a query gave as much as it gives", |inventory| {
        found(inventory, "/gateway/users", vec![], REACHED);
        found(inventory, "/functions/fraud", vec![hit("segment-dropped", 9_000, None)], REACHED);
    }),
    ("a list of log groups that was denied, and a search that says what is not there", |inventory| {
        inventory.deny_log_groups();
        set(inventory, "/gateway/feed", Fetched::known(None));
        set(inventory, "/gateway/orders", Err(denied("logs:FilterLogEvents")));
    }),
    ("logs that nobody searched", |inventory| inventory.region.log_probes.clear()),
    ("failure lines that the owner asked for", |inventory| {
        let own =
            vec![own("spool-full", Severity::High, Some("Empty the spool.")), own("slow-flush", Severity::Low, None)];
        inventory.region.searched_for = Fetched::known(SearchedFor { built_in: vec![], own });
        found(inventory, DAEMON, vec![hit("spool-full", 2, None), hit("slow-flush", 7, Some("flush took 9 s"))], None);
        found(inventory, EXECUTION, vec![hit("slow-flush", 1, None)], None);
    }),
    ("log groups that the owner names, and that cannot be found", |inventory| {
        inventory.region.named_log_groups = Listing::broken(vec![DAEMON.to_owned()], denied("logs:DescribeLogGroups"));
    }),
];
