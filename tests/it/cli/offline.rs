//! The commands that need neither credentials nor a network.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    moto_suite::formats::{GOOD, good},
    support::{
        report::check_ids,
        run::{Gatelight, Ran},
    },
};

fn gatelight(args: &[&str]) -> Ran {
    Gatelight::new(args).no_keys().run()
}

#[test]
fn demo_fails_and_passes_every_check() {
    let ran = gatelight(&["demo", "--format", "json"]);
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let report = ran.report();
    let mut said = BTreeMap::<_, BTreeSet<_>>::new();
    for ((check, _), verdict) in report.verdicts() {
        said.entry(check).or_default().insert(verdict);
    }
    assert_eq!(said.len(), check_ids().len());
    for (check, verdicts) in &said {
        assert!(verdicts.contains("fail") && verdicts.contains("pass"), "{check}: {verdicts:?}");
    }
    assert!(said.values().any(|verdicts| verdicts.contains("unknown")));

    let all = gatelight(&["demo", "--verbose"]);
    for check in check_ids() {
        assert!(all.stdout.contains(check), "{check} in {}", all.stdout);
    }
    let text = gatelight(&["demo"]);
    assert_eq!(text.status, Some(1));
    assert!(text.stdout.lines().count() <= 200, "{}", text.stdout);
    // At 80 columns where it can be: only what cannot be broken (ARNs, commands) is longer.
    let too_long = |line: &&str| {
        let is_command = line.contains('\'') || line.contains('`') || line.contains("verify   gatelight");
        line.chars().count() > 80 && !is_command && line.split_whitespace().all(|word| word.len() < 60)
    };
    assert_eq!(text.stdout.lines().filter(too_long).collect::<Vec<_>>(), Vec::<&str>::new());
    assert_eq!(gatelight(&["demo"]).stdout, text.stdout, "the same every time");
}

#[test]
fn colour_is_as_told() {
    let coloured = |args: &[&str], name: &str, value: &str| {
        let ran = Gatelight::new(["demo"]).args(args).env(name, value).no_keys().run();
        ran.stdout.contains('\u{1b}')
    };
    assert!(coloured(&["--color", "always"], "TERM", "xterm"));
    assert!(!coloured(&["--color", "never"], "CLICOLOR_FORCE", "1"));
    assert!(!coloured(&["--color", "auto"], "TERM", "xterm"), "stdout is a pipe");
    assert!(!coloured(&[], "NO_COLOR", "1"));
    assert!(!coloured(&["--color", "always", "--format", "json"], "TERM", "xterm"), "JSON has no colours");
}

#[test]
fn explain_lists_and_tells() {
    let table = gatelight(&["explain"]);
    assert_eq!(table.status, Some(0), "{table:#?}");
    for check in check_ids() {
        assert!(table.stdout.contains(check), "{check}");
        let one = gatelight(&["explain", check]);
        assert_eq!(one.status, Some(0));
        assert!(one.stdout.contains(check) && one.stdout.lines().count() > 5, "{}", one.stdout);
    }
    let json = gatelight(&["explain", "--json"]);
    assert_eq!(json.status, Some(0));
    let rows = json.json();
    let rows = rows.as_array().or_else(|| rows["checks"].as_array()).unwrap();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, check_ids());
    gatelight(&["explain", "access-log-of"]).refuses(&["access-log-of", "access-log-off"]);
    gatelight(&["explain", "nonsense"]).refuses(&["nonsense"]);
}

fn check(protocol: &str, format: &str) -> Ran {
    Gatelight::new(["format", "check", "-", "--protocol", protocol]).no_keys().stdin(format).run()
}

#[test]
fn format_check_exits_by_what_it_finds() {
    for protocol in ["rest", "http", "websocket"] {
        let good = good(protocol);
        let ran = check(protocol, &good);
        assert_eq!(ran.status, Some(0), "{protocol}: {ran:#?}");
        // One final newline is the file's, not the format's.
        assert_eq!(check(protocol, &format!("{good}\n")).status, Some(0));
        for bad in [
            "$context.requestId",
            "{\"a\":\"$context.status\"}",
            &good.replace('}', ",}"),
            &good.replace("\"$context.integration.latency\"", "$context.integration.latency"),
            &good.replace("identity.sourceIp", "identity.sourceip"),
            &good.replace("integration.latency", "authorizer.latency"),
        ] {
            let ran = check(protocol, bad);
            assert_eq!(ran.status, Some(1), "{protocol}: {bad}: {ran:#?}");
            assert!(ran.stdout.contains("access-log-"), "{ran:#?}");
        }
        assert_eq!(check(protocol, "").status, Some(2));
        assert_eq!(check(protocol, "\n").status, Some(2));
    }
    for (protocol, status) in [("rest", 1), ("http", 0), ("websocket", 1)] {
        let trap = good(protocol).replace("integration.status", "integrationStatus");
        assert_eq!(check(protocol, &trap).status, Some(status), "{protocol}");
    }
    // A name that no table has is no finding, but HTTP APIs refuse it.
    for (protocol, status) in [("rest", 0), ("http", 1), ("websocket", 0)] {
        let ran = check(protocol, &good(protocol).replace("identity.sourceIp", "brandNew"));
        assert_eq!((ran.status, ran.stdout.contains("AWS rejects")), (Some(status), status == 1), "{ran:#?}");
    }
    check("grpc", GOOD).refuses(&["grpc", "rest"]);
}

#[test]
fn format_check_fails_on_what_aws_refuses() {
    for protocol in ["rest", "http", "websocket"] {
        let ran = check(protocol, &good(protocol).replacen(',', ",\n", 1));
        assert_eq!(ran.status, Some(1), "{ran:#?}");
        assert!(ran.stdout.contains("AWS rejects the format: it has a line break inside."), "{ran:#?}");
        let run = Gatelight::new(["format", "check", "--protocol", protocol, "--fail-on", "never"]).no_keys();
        assert_eq!(run.stdin("{}").run().status, Some(1), "no request id");
    }
}

#[test]
fn format_check_counts_findings_from_a_severity_on() {
    let latencies = good("rest").replace("integration.latency", "authorizer.latency");
    for (severity, status) in [("low", 1), ("medium", 0), ("high", 0), ("never", 0)] {
        let run = Gatelight::new(["format", "check", "--protocol", "rest", "--fail-on", severity]).no_keys();
        let ran = run.stdin(latencies.as_str()).run();
        assert_eq!(ran.status, Some(status), "{severity}: {ran:#?}");
    }
}

#[test]
fn format_check_guesses_the_kind_of_api() {
    for protocol in ["rest", "http", "websocket"] {
        let printed = gatelight(&["format", "print", "--protocol", protocol]).stdout;
        let run = Gatelight::new(["format", "check", "--format", "json"]).no_keys();
        let ran = run.stdin(printed.as_str()).run();
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        assert_eq!(ran.json()["protocols"], serde_json::json!([protocol]));
        assert_eq!(ran.json()["guessed"], true);
    }
    let ran = Gatelight::new(["format", "check"]).no_keys().stdin("$context.requestId").run();
    assert!(ran.stdout.starts_with("Checked for REST APIs, HTTP APIs and WebSocket APIs"), "{ran:#?}");
}

#[test]
fn format_check_reads_files() {
    let file = |name: &str| {
        let run = Gatelight::new(["format", "check", name, "--protocol", "rest"]).no_keys();
        run.file("good.txt", GOOD).file("bad.txt", "$context.status").file("binary", [0xff, 0xfe]).run()
    };
    assert_eq!(file("good.txt").status, Some(0));
    assert_eq!(file("bad.txt").status, Some(1));
    file("nowhere.txt").refuses(&["nowhere.txt"]);
    file("binary").refuses(&["binary"]);
}

#[test]
fn format_check_as_json() {
    let json = |protocol: &str, format: &str| {
        let run = Gatelight::new(["format", "check", "-", "--protocol", protocol, "--format", "json"]).no_keys();
        run.stdin(format).run()
    };
    let rows = |ran: &Ran| -> BTreeMap<String, String> {
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let rows: BTreeMap<_, _> = findings.iter().map(|row| (text(&row["check"]), text(&row["verdict"]))).collect();
        assert_eq!(rows.len(), findings.len(), "a row a check");
        rows
    };
    let good = json("rest", GOOD);
    assert_eq!(good.status, Some(0), "{good:#?}");
    assert!(rows(&good).values().all(|verdict| verdict == "pass"), "{good:#?}");
    let bad = json("rest", &GOOD.replace('}', ",}"));
    assert_eq!(bad.status, Some(1));
    let rows = rows(&bad);
    assert_eq!(rows["access-log-not-json"], "fail");
    assert_eq!(rows["access-log-lacks-integration-fields"], "pass");
    assert_eq!(rows["access-log-lacks-request-id"], "pass");
    assert_eq!(rows["access-log-breaks-json"], "not-applicable");
    assert_eq!(rows.len(), 6);
    let columns = bad.json()["findings"].clone();
    let not_json =
        columns.as_array().unwrap().iter().find(|row| row["check"] == "access-log-not-json").unwrap().clone();
    assert_eq!(not_json["column"], GOOD.chars().count(), "the comma: {not_json}");
    assert_eq!(bad.json()["mended"], GOOD, "mended to what it was");
    assert_eq!(good.json()["mended"], Value::Null);
}

/// The caret stands below the fault, and characters that take two columns count as two.
#[test]
fn format_check_points_at_the_fault() {
    let ran = check("rest", "{\"日本\":$context.requestId}\n");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("fail  access-log-not-json:")).expect("a finding");
    assert_eq!(lines[at + 1].trim_start(), "{\"日本\":$context.requestId}");
    let before = lines[at + 1].len() - lines[at + 1].trim_start().len();
    assert_eq!(lines[at + 2].find('^'), Some(before + 8), "{}", ran.stdout);
    assert!(lines[at + 2].ends_with("^ column 7"), "{}", ran.stdout);
}

/// What is printed passes every check, on one line.
#[test]
fn format_print_passes_format_check() {
    for protocol in ["rest", "http", "websocket"] {
        let ran = gatelight(&["format", "print", "--protocol", protocol]);
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.len() < 3000, "HTTP APIs take 3 KB");
        let checked = check(protocol, &ran.stdout);
        assert_eq!(checked.status, Some(0), "{checked:#?}");
    }
}

#[test]
fn iam_policy_prints_a_policy() {
    let ran = gatelight(&["iam-policy"]);
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    assert_eq!(ran.json()["Version"], "2012-10-17");
    assert!(ran.stdout.len() < 6144, "it fits into a managed policy");
    assert!(!ran.stdout.contains("apikeys"));
}
