//! Saved inventories: the same outcomes from the file as from the account, and no outcome from a damaged file.

use serde_json::Value;

use super::mixed;
use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    run::{Gatelight, Ran},
    seed::Account,
};

/// An audit of a mixed account, its report, and the inventory that it saved.
fn audited() -> (Report, String) {
    let account = Account::new();
    mixed::seed(&account);
    // With metrics, which moto lacks: without them, checks are left out that are not left out of the file's audit.
    let audit = account.audit().args(["--region", "us-east-1", "--region", "eu-west-1", "--save", "saved.jsonl"]);
    let audit = audit.args(["--metrics", "on"]);
    let (ran, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved.jsonl")).unwrap());
    (ran.report(), saved)
}

/// With neither credentials nor an endpoint.
fn from(content: impl AsRef<[u8]>, args: &[&str]) -> Ran {
    let audit = Gatelight::new(["audit", "--from", "saved.jsonl", "--format", "json"]).no_keys();
    audit.file("saved.jsonl", content).args(args).run()
}

#[test]
fn a_saved_inventory_gives_the_same_outcomes() {
    let (report, saved) = audited();
    let again = from(&saved, &[]).report();
    assert_eq!(again.0["outcomes"], report.0["outcomes"]);
    assert_eq!(again.0["summary"], report.0["summary"]);
    assert_eq!(again.0["complete"], report.0["complete"]);

    // From stdin, and with other choices than were made when it was collected.
    let piped = Gatelight::new(["audit", "--from", "-", "--format", "json", "--check", "access-log-off"]);
    let piped = piped.no_keys().stdin(saved.clone()).run().report();
    let chosen: Vec<&Value> = report.outcomes().iter().filter(|outcome| outcome["check"] == "access-log-off").collect();
    assert_eq!(piped.outcomes().iter().collect::<Vec<_>>(), chosen);
    // moto could not say what rests on metrics.
    let skip = ["--skip", "access-log-silent", "--skip", "gateway-overhead-high"];
    let low = from(&saved, &[&["--fail-on", "never"], &skip[..]].concat());
    assert_eq!(low.status, Some(0), "{}", low.stderr);
}

/// What was not collected is a gap, not an answer: the file of a narrow audit gives no verdict on other checks.
#[test]
fn a_narrow_inventory_leaves_other_checks_open() {
    let account = Account::new();
    mixed::seed(&account);
    let whole = account.audit().args(["--region", "us-east-1", "--metrics", "on"]).run().report().verdicts();
    let audit = account.audit().args(["--region", "us-east-1", "--check", "access-log-off", "--save", "saved.jsonl"]);
    let (_, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved.jsonl")).unwrap());
    let verdicts = from(&saved, &[]).report().verdicts();
    let mut open = 0;
    // A listing that was not read leaves a word about the account, even where it would have been empty.
    let listing = |key: &(String, String)| key.1.ends_with("::/account") && !whole.contains_key(key);
    for (key, verdict) in &verdicts {
        assert!(verdict == "unknown" || Some(verdict) == whole.get(key), "{key:?}: {verdict}");
        open += usize::from(verdict == "unknown");
    }
    let verdicts: Vec<_> = verdicts.keys().filter(|key| !listing(key)).collect();
    assert!(open > 0, "group, stream and role were not read");
    assert_eq!(verdicts, whole.keys().collect::<Vec<_>>());
}

/// A denied call is in the file too.
#[test]
fn gaps_are_saved() {
    let account = Account::new();
    mixed::seed(&account);
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "iam:GetRole" | "logs:DescribeLogGroups" | "apigatewayv2:GetStages" => Rule::Deny,
        _ => Rule::Forward,
    });
    let audit = account.audit().endpoint(&proxy.url()).args(["--region", "us-east-1", "--save", "saved.jsonl"]);
    let (ran, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved.jsonl")).unwrap());
    let report = ran.report();
    assert!(report.0["summary"]["unknown"].as_u64().unwrap() > 0);
    assert_eq!(from(&saved, &[]).report().0["outcomes"], report.0["outcomes"]);
}

#[test]
fn to_stdout_the_inventory_alone() {
    let account = Account::new();
    mixed::seed(&account);
    let args = ["--region", "us-east-1", "--save", "-", "--output", "report.json"];
    let ran = account.audit().args(args).run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let again = from(&ran.stdout, &[]);
    assert!(again.report().outcomes().len() > 80);
}

#[test]
fn a_damaged_file_is_refused() {
    let (_, saved) = audited();
    let lines: Vec<&str> = saved.lines().collect();
    assert!(lines.len() >= 5, "a version, an account, two regions, a closing line");

    // Cut between lines, in each place; cut within a line; without its last line.
    for kept in 1..lines.len() {
        from(lines[..kept].join("\n") + "\n", &[]).refuses(&["saved.jsonl"]);
    }
    from(&saved[..saved.len() / 2], &[]).refuses(&["saved.jsonl"]);
    from(saved.trim_end().trim_end_matches('}'), &[]).refuses(&["saved.jsonl"]);
    // A line lost in the middle: the closing count is wrong.
    let mut fewer = lines.clone();
    fewer.remove(lines.len() - 2);
    from(fewer.join("\n"), &[]).refuses(&["saved.jsonl"]);
    // Two files in one.
    from(format!("{saved}{saved}"), &[]).refuses(&["saved.jsonl"]);

    for content in ["", "\n", "nonsense", "{}", "[]", "{\"version\":1}", "<html></html>\n"] {
        from(content, &[]).refuses(&["saved.jsonl"]);
    }
    from([0xff, 0xfe, 0x00, 0x0a], &[]).refuses(&["saved.jsonl"]);
    let missing = Gatelight::new(["audit", "--from", "nowhere.jsonl"]).no_keys().run();
    missing.refuses(&["nowhere.jsonl"]);
}

#[test]
fn a_newer_version_is_refused() {
    let (_, saved) = audited();
    let (first, rest) = saved.split_once('\n').unwrap();
    let mut version: Value = serde_json::from_str(first).unwrap();
    let number = find_version(&mut version).unwrap_or_else(|| panic!("no version in the first line: {first}"));
    *number = Value::from(number.as_u64().unwrap() + 1);
    let newer = number.to_string();
    let ran = from(format!("{version}\n{rest}"), &[]);
    ran.refuses(&["saved.jsonl", "version", &newer]);
}

/// The number called "version", wherever in the line it stands.
fn find_version(value: &mut Value) -> Option<&mut Value> {
    let fields = value.as_object_mut()?;
    if fields.get("version").is_some_and(Value::is_u64) {
        return fields.get_mut("version");
    }
    fields.values_mut().find_map(find_version)
}

/// Flags that only steer collection say nothing about a file.
#[test]
fn flags_of_collection_are_refused() {
    let (_, saved) = audited();
    let flags: [&[&str]; 7] = [
        &["--region", "us-east-1"],
        &["--all-regions"],
        &["--profile", "shop"],
        &["--role-arn", "arn:aws:iam::123456789012:role/auditor"],
        &["--pace", "off"],
        &["--since", "2h"],
        &["--metrics", "off"],
    ];
    for flag in flags {
        from(&saved, flag).refuses(&[flag[0]]);
    }
}
