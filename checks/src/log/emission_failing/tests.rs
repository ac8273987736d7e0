use gatelight_model::{Fetched, inventory::LogProbeAnswer};
use jiff::Timestamp;

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy};

const ACCESS: &str = "/gateway/shop";
const EXECUTION: &str = "API-Gateway-Execution-Logs_a1b2c3d4e5/prod";

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

fn clean() -> LogProbe {
    LogProbe {
        since: at("2026-11-21T09:00:00Z"),
        until: at("2026-11-22T08:45:00Z"),
        silent: false,
        reached: None,
        hits: vec![],
    }
}

fn hit(pattern: &str, count: u64) -> Hit {
    Hit {
        pattern: pattern.to_owned(),
        count,
        first: at("2026-11-21T10:00:00Z"),
        last: at("2026-11-21T11:00:00Z"),
        samples: vec![format!("a line of {pattern}")],
    }
}

/// A scenario in which the search of one group gave this.
fn inventory(group: &str, probe: impl Into<Fetched<Option<LogProbe>>>) -> Inventory {
    let mut inventory = healthy();
    inventory.region.log_probes.retain(|answer| answer.group != group);
    inventory.region.log_probes.push(LogProbeAnswer { group: group.to_owned(), probe: probe.into() });
    inventory
}

fn known(group: &str, probe: LogProbe) -> Inventory {
    inventory(group, Fetched::known(Some(probe)))
}

fn unprovable(inventory: &Inventory, group: &str) -> String {
    let gap = inventory.verdict(&CHECK, group).expect_err("could not check");
    assert_eq!(gap.why().kind, gatelight_model::GapKind::Unprovable);
    gap.to_string()
}

#[test]
fn the_worst_pattern_decides_the_severity() {
    for (patterns, severity) in [
        (&["failed-to-emit-logs"][..], Severity::High),
        (&["segment-dropped"], Severity::Medium),
        (&["xray-put-denied", "export-rejected"], Severity::Medium),
        (&["segment-dropped", "failed-to-emit-logs"], Severity::High),
        (&["of-a-later-version"], Severity::High),
    ] {
        let hits = patterns.iter().map(|pattern| hit(pattern, 2)).collect();
        let failure = known(EXECUTION, LogProbe { hits, ..clean() }).failure(&CHECK, EXECUTION);
        assert_eq!(failure.severity, Some(severity), "{patterns:?}");
    }
}

#[test]
fn a_failure_counts_and_shows_what_was_found() {
    let hits = vec![Hit { samples: vec![], ..hit("segment-dropped", 1) }, hit("failed-to-emit-logs", 2)];
    let failure = known(EXECUTION, LogProbe { hits, ..clean() }).failure(&CHECK, EXECUTION);
    assert_eq!(
        failure.message,
        format!(
            "Log group {EXECUTION} has 3 failure lines between 2026-11-21T09:00:00Z and 2026-11-22T08:45:00Z: logs \
             could not be sent; the X-Ray daemon dropped segments."
        )
    );
    let (links, evidence): (Vec<_>, Vec<_>) =
        failure.evidence.iter().map(|e| format!("{}: {}", e.name, e.value)).partition(|e| e.starts_with("console"));
    let [link, _] = &links[..] else { panic!("one a pattern: {links:?}") };
    assert!(
        link.starts_with("console (gatelight: failed-to-emit-logs): https://us-east-1.console.aws.amazon.com/"),
        "{link}"
    );
    assert!(
        link.contains("$2522Failed$2520to$2520emit$2520logs$2522") && link.contains("$26start$3D1795255200000"),
        "{link}"
    );
    assert_eq!(
        evidence,
        [
            "failed-to-emit-logs: 2 events, first 2026-11-21T10:00:00Z, last 2026-11-21T11:00:00Z",
            "sample (gatelight: failed-to-emit-logs): a line of failed-to-emit-logs",
            "segment-dropped: 1 event, first 2026-11-21T10:00:00Z, last 2026-11-21T11:00:00Z",
        ]
    );
    let command = failure.fix.only_command();
    let filter = r#"?"Failed to emit logs" ?"failed to emit logs""#;
    assert!(command.contains(&"1795251600000".to_owned()) && command.contains(&filter.to_owned()), "{command:?}");
}

#[test]
fn a_report_that_is_logged_is_not_found_anew() {
    let hits = vec![Hit { samples: vec!["Failed to emit logs: 503".into()], ..hit("failed-to-emit-logs", 2) }];
    let failure = known(EXECUTION, LogProbe { hits, ..clean() }).failure(&CHECK, EXECUTION);
    let shown = failure.evidence.iter().map(|e| format!("{}: {}", e.name, e.value));
    let command = failure.fix.only_command().join(" ");
    for line in shown.chain([failure.message, failure.fix.text, command]) {
        assert_eq!(log_patterns::LogPatterns::default().matches(&line), None, "{line}");
    }
    for line in CHECK.docs.lines() {
        let told = log_patterns::LogPatterns::default().matches(line).is_some() && !line.starts_with(['|', ' ']);
        assert!(!told, "{line}");
    }
}

#[test]
fn text_of_clients_is_low_and_marked() {
    let mut inventory = known(ACCESS, LogProbe { hits: vec![hit("failed-to-emit-logs", 1)], ..clean() });
    let failure = inventory.failure(&CHECK, ACCESS);
    assert_eq!(failure.severity, Some(Severity::Low));
    assert!(failure.message.contains("1 failure line") && failure.message.contains("from clients"));
    assert!(failure.evidence.contains(&Evidence::new("source", "text supplied by clients")));

    // What is hidden may write there too.
    break_off(&mut inventory.region.functions, "lambda:ListFunctions");
    let failure = inventory.failure(&CHECK, ACCESS);
    assert_eq!(failure.severity, Some(Severity::High));
    assert!(failure.message.contains("not known"), "{}", failure.message);
}

#[test]
fn a_group_that_takes_execution_logs_too_is_not_the_clients() {
    let mut inventory = known(EXECUTION, LogProbe { hits: vec![hit("segment-dropped", 1)], ..clean() });
    inventory.access_log_mut("shop/v1").destination =
        Some(format!("arn:aws:logs:us-east-1:123456789012:log-group:{EXECUTION}"));
    assert_eq!(inventory.failure(&CHECK, EXECUTION).severity, Some(Severity::Medium));
}

#[test]
fn a_group_searched_to_the_end_passes_and_so_does_a_silent_one() {
    for silent in [false, true] {
        let inventory = known(EXECUTION, LogProbe { silent, ..clean() });
        assert_eq!(inventory.verdict(&CHECK, EXECUTION), Ok(Judgement::Pass));
    }
}

#[test]
fn a_spent_budget_is_at_least_with_hits_and_could_not_check_without() {
    let spent = || LogProbe { reached: Some(at("2026-11-21T12:00:00Z")), ..clean() };
    let said = unprovable(&known(EXECUTION, spent()), EXECUTION);
    assert!(said.contains("up to 2026-11-21T12:00:00Z"), "{said}");
    let found = LogProbe { hits: vec![hit("segment-dropped", 7)], ..spent() };
    let failure = known(EXECUTION, found).failure(&CHECK, EXECUTION);
    assert!(
        failure.message.contains("at least 7 failure lines") && failure.message.contains("12:00:00Z"),
        "{}",
        failure.message
    );
}

fn of_class(mut inventory: Inventory, class: &str) -> Inventory {
    inventory.change_log_group(EXECUTION, |group| group.class = Some(class.to_owned()));
    inventory
}

#[test]
fn classes_that_are_not_searched_are_could_not_check_unless_silent() {
    for class in ["INFREQUENT_ACCESS", "DELIVERY"] {
        let mut blind = of_class(healthy(), class);
        blind.region.log_probes.retain(|answer| answer.group != EXECUTION);
        let said = unprovable(&blind, EXECUTION);
        assert!(said.contains(class) && said.contains("FilterLogEvents"), "{said}");
        assert_eq!(said.contains("--insights"), class == "INFREQUENT_ACCESS", "{said}");
        let silent = of_class(known(EXECUTION, LogProbe { silent: true, ..clean() }), class);
        assert_eq!(silent.verdict(&CHECK, EXECUTION), Ok(Judgement::Pass));
    }
}

#[test]
fn what_logs_insights_found_or_could_not_find_is_told_like_any_other_search() {
    let infrequent = |inventory| of_class(inventory, "INFREQUENT_ACCESS");
    assert_eq!(infrequent(known(EXECUTION, clean())).verdict(&CHECK, EXECUTION), Ok(Judgement::Pass));
    let gap = denied("logs:StartQuery");
    assert_eq!(infrequent(inventory(EXECUTION, Err(gap.clone()))).verdict(&CHECK, EXECUTION), Err(gap));
    let spent = LogProbe { reached: Some(at("2026-11-21T12:00:00Z")), ..clean() };
    let said = unprovable(&infrequent(known(EXECUTION, spent)), EXECUTION);
    assert!(said.contains("up to 2026-11-21T12:00:00Z") && said.contains("result limit of a query"), "{said}");

    let found = LogProbe { hits: vec![hit("put-log-events-denied", 1), hit("failed-to-emit-logs", 2)], ..clean() };
    let failure = infrequent(known(EXECUTION, found)).failure(&CHECK, EXECUTION);
    assert_eq!(failure.severity, Some(Severity::High));
    // The console shows no events of such a group, and the command that would search it is refused.
    assert!(!failure.evidence.iter().any(|evidence| evidence.name.starts_with("console")), "{:?}", failure.evidence);
    let command = failure.fix.only_command().join(" ");
    assert!(command.starts_with("aws logs start-query ") && command.contains("--start-time 1795251600 "), "{command}");
    assert!(command.contains(r#"like "Failed to emit logs" or"#) && !command.contains("AccessDenied"), "{command}");
    assert_eq!(log_patterns::LogPatterns::default().matches(&command), None, "{command}");
}

#[test]
fn an_absent_group_has_no_lines() {
    let mut inventory = healthy();
    inventory.delete_log_group(EXECUTION);
    assert_eq!(inventory.verdict(&CHECK, EXECUTION), Ok(Judgement::NotApplicable(ABSENT)));
}

#[test]
fn the_search_itself_tells_what_is_there_where_the_list_of_groups_is_denied() {
    let verdict = |probe: Fetched<Option<LogProbe>>| {
        let mut inventory = inventory(EXECUTION, probe);
        *inventory.log_group_mut(EXECUTION) = Err(denied("logs:DescribeLogGroups")).into();
        inventory.verdict(&CHECK, EXECUTION)
    };
    assert_eq!(verdict(Fetched::known(Some(clean()))), Ok(Judgement::Pass));
    assert_eq!(verdict(Fetched::known(None)), Ok(Judgement::NotApplicable(ABSENT)));
    // The class may be why: what is denied of the group comes first.
    let gap = verdict(Err(denied("logs:FilterLogEvents")).into()).expect_err("could not check");
    assert_eq!(gap, denied("logs:DescribeLogGroups"));
}

#[test]
fn what_was_denied_or_not_asked_is_could_not_check() {
    let gap = denied("logs:FilterLogEvents");
    assert_eq!(inventory(EXECUTION, Err(gap.clone())).verdict(&CHECK, EXECUTION), Err(gap));

    let mut blind = healthy();
    blind.region.log_probes.clear();
    assert_eq!(blind.verdict(&CHECK, EXECUTION).expect_err("a gap").why().kind, gatelight_model::GapKind::NotCollected);
}

#[test]
fn hits_are_proof_whatever_else_is_denied() {
    let mut inventory = known(EXECUTION, LogProbe { hits: vec![hit("segment-dropped", 1)], ..clean() });
    *inventory.log_group_mut(EXECUTION) = Err(denied("logs:DescribeLogGroups")).into();
    let _ = inventory.failure(&CHECK, EXECUTION);
}

// ---- The owner's own ----

fn own(name: &str, severity: Severity) -> OwnPattern {
    let filter = format!("\"{name} was full\"");
    OwnPattern { name: name.to_owned(), filter, severity, says: format!("{name} said so"), fix: None }
}

#[test]
fn a_pattern_of_the_owners_means_what_the_owner_says() {
    let mut inventory =
        known(EXECUTION, LogProbe { hits: vec![hit("spool", 3), hit("segment-dropped", 1)], ..clean() });
    let searched = |own| Fetched::known(gatelight_model::inventory::SearchedFor { built_in: vec![], own });
    inventory.region.searched_for =
        searched(vec![OwnPattern { fix: Some("Empty it.".into()), ..own("spool", Severity::High) }]);
    let failure = inventory.failure(&CHECK, EXECUTION);
    assert_eq!((failure.severity, failure.fix.text.as_str()), (Some(Severity::High), "Empty it."));
    assert!(failure.message.contains(": spool said so; the X-Ray daemon dropped segments."), "{}", failure.message);
    assert!(failure.fix.only_command().contains(&"\"spool was full\"".to_owned()));

    inventory.region.searched_for = searched(vec![own("spool", Severity::Low)]);
    assert_eq!(inventory.failure(&CHECK, EXECUTION).severity, Some(Severity::Medium), "of the built-in one");
    // What it means is not known: it may be the worst.
    inventory.region.searched_for = Err(denied("logs:FilterLogEvents")).into();
    assert_eq!(inventory.failure(&CHECK, EXECUTION).severity, Some(Severity::High));
}

#[test]
fn a_group_that_only_the_owner_names_is_judged_and_is_not_the_clients() {
    const DAEMON: &str = "/ecs/xray-daemon";
    let inventory = known(DAEMON, LogProbe { hits: vec![hit("segment-dropped", 1)], ..clean() });
    assert_eq!(inventory.failure(&CHECK, DAEMON).severity, Some(Severity::Medium));
    // One that takes access logs too stays the clients', named or not.
    let mut inventory = known(ACCESS, LogProbe { hits: vec![hit("segment-dropped", 1)], ..clean() });
    inventory.region.named_log_groups.seen.push(ACCESS.to_owned());
    assert_eq!(inventory.failure(&CHECK, ACCESS).severity, Some(Severity::Low));
}

#[test]
fn the_documentation_has_every_pattern_with_its_severity() {
    for pattern in log_patterns::all() {
        let row = format!("| `{}` |", pattern.name);
        let line = CHECK.docs.lines().find(|line| line.starts_with(&row)).expect(&row);
        assert!(line.ends_with(&format!("| {} |", pattern.severity.name())), "{line}");
        let told = |text: &&str| line.contains(text) || line.contains(&text[1..]);
        assert!(pattern.any_of.iter().chain(pattern.and_any_of).all(told), "{line}");
    }
}
