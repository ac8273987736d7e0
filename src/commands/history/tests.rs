use gatelight_model::Severity;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::{
    finding::AUDIT_SCOPE,
    ledger::{Ledger, Message},
    output::TerminalPage,
    report::fixtures::{self, FailingStage},
};

fn at(hours: i64) -> Timestamp {
    let first: Timestamp = "2026-11-01T09:00:00Z".parse().expect("a time");
    first + SignedDuration::from_hours(hours)
}

/// Three findings, of which one is resolved and one is gone an hour later; a run that failed; a message that was refused.
fn ledger() -> (tempfile::TempDir, Reader) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let ledger = Ledger::open(&path).expect("opens").ledger;
    let stage = |number, severity| FailingStage { number, severity, detail: number };
    let all = [stage(0, Severity::Low), stage(1, Severity::High), stage(2, Severity::Medium)];
    let message = |text: &str| vec![Message { webhook: "on-call".to_owned(), body: json!({"text": text}) }];
    ledger.record(&mut fixtures::report(&all, &[], at(0)), AUDIT_SCOPE, |_| message("secret words")).expect("records");
    ledger.refused(1, "no_service", at(0)).expect("writes");
    ledger.record(&mut fixtures::report(&all[..1], &[1], at(1)), AUDIT_SCOPE, |_| Vec::new()).expect("records");
    ledger.record_failure("hourly", at(2), at(2), "no credentials\u{1b}[2J").expect("records");
    drop(ledger);
    let reader = Reader::open(&path).expect("opens");
    (folder, reader)
}

fn filter(check: Option<&str>, subject: Option<&str>, open: bool) -> EpisodeFilter {
    let pattern = |text: Option<&str>| text.map(|text| GlobPattern::new(text).expect("a pattern"));
    EpisodeFilter { check: pattern(check), subject: pattern(subject), open }
}

fn page(write: impl FnOnce(&mut TerminalPage) -> anyhow::Result<()>) -> String {
    let mut page = TerminalPage::new(false);
    write(&mut page).expect("writes");
    page.into_text()
}

fn written(write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("writes");
    String::from_utf8(out).expect("text")
}

fn json_of(write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>) -> Value {
    serde_json::from_str(&written(write)).expect("one document")
}

#[test]
fn json_has_first_seen_last_seen_and_ended_at() {
    let (_folder, reader) = ledger();
    let document = json_of(|out| json::findings(&reader, &EpisodeFilter::default(), out));
    assert_eq!(document["version"], 1);
    let found: Vec<_> = document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
            assert_eq!(
                (text("check"), text("scope"), text("account")),
                ("access-log-off".to_owned(), "audit".to_owned(), "123456789012".to_owned())
            );
            assert!(finding["fix_command"].as_str().is_some_and(|command| command.starts_with("aws apigateway")));
            assert_eq!(finding["fix_commands"], serde_json::json!([finding["fix_command"]]));
            [text("state"), text("severity"), text("first_seen"), text("last_seen"), text("ended_at")]
        })
        .collect();
    let (first, second) = ("2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z");
    assert_eq!(
        found,
        [
            ["open", "low", first, second, "-"],
            ["resolved", "high", first, first, second],
            ["gone", "medium", first, first, second],
        ]
    );
    let messages = json!([{
        "webhook": "on-call", "state": "refused", "created_at": first, "problem": "no_service"
    }]);
    assert_eq!(document["messages"], messages);
    assert!(!document.to_string().contains("secret words"), "what messages said is nobody's business here");
}

#[test]
fn runs_are_listed_the_last_first() {
    let (_folder, reader) = ledger();
    let document = json_of(|out| json::runs(&reader, out));
    let runs = document["runs"].as_array().expect("a list");
    assert_eq!(
        runs.iter().map(|run| run["status"].as_str().expect("text")).collect::<Vec<_>>(),
        ["failed", "clean", "findings"]
    );
    assert_eq!((&runs[0]["scope"], &runs[0]["summary"]), (&json!("hourly"), &Value::Null));
    let summary = &runs[1]["summary"];
    assert_eq!((&summary["fail"], &summary["resolved"], &summary["ongoing"]), (&json!(1), &json!(2), &json!(1)));
    let page = page(|out| text::runs(&reader, out));
    assert!(page.contains("2026-11-01 10:00 UTC  audit  0 s  1 finding (2 resolved)"), "{page}");
    assert!(page.contains("could not run: no credentials\u{fffd}[2J") && page.ends_with("3 runs.\n"), "{page}");
}

#[test]
fn text_has_the_same() {
    let (_folder, reader) = ledger();
    let page = page(|out| text::findings(&reader, &EpisodeFilter::default(), out));
    for words in [
        "OPEN      low     access-log-off\n          service-00000/prod\n",
        "first seen 2026-11-01 09:00 UTC · last seen 2026-11-01 09:00 UTC · resolved 2026-11-01 10:00 UTC",
        "GONE      medium",
        "The message of 2026-11-01 09:00 UTC to on-call did not arrive: no_service.",
        "1 open, 2 resolved or gone; last run 2026-11-01 10:00 UTC.",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    assert_eq!(page.matches("fix: ").count(), 1, "what is over needs no fix");
}

#[test]
fn findings_are_chosen_by_check_subject_and_state() {
    let (_folder, reader) = ledger();
    let count = |filter: &EpisodeFilter| {
        json_of(|out| json::findings(&reader, filter, out))["findings"].as_array().expect("a list").len()
    };
    for (check, subject, open, found) in [
        (None, None, false, 3),
        (None, None, true, 1),
        (Some("access-log-*"), None, false, 3),
        (Some("access-log"), None, false, 0),
        (None, Some("service-00001/prod"), false, 1),
        (None, Some("*/prod"), false, 3),
        (None, Some("arn:*/restapis/0000000002/*"), false, 1),
        (Some("access-log-off"), Some("service-00001/*"), true, 0),
    ] {
        assert_eq!(count(&filter(check, subject, open)), found, "{check:?} {subject:?} {open}");
    }
    assert!(GlobPattern::new("[").is_err());
}

#[test]
fn the_ledger_is_the_named_one_or_the_daemons() {
    let arguments = |ledger: Option<&str>| HistoryArgs {
        ledger: ledger.map(PathBuf::from),
        config: None,
        check: None,
        subject: None,
        open: false,
        runs: false,
        format: FindingsFormat::Text,
    };
    let file = Settings { ledger: Some("b.db".into()), ..Settings::default() };
    let state = || Some(PathBuf::from("/state"));
    assert_eq!(ledger_path(&arguments(Some("a.db")), Some(&file), state()).expect("named"), Path::new("a.db"));
    assert_eq!(ledger_path(&arguments(None), Some(&file), state()).expect("named"), Path::new("b.db"));
    let silent = Settings::default();
    assert_eq!(ledger_path(&arguments(None), Some(&silent), state()).expect("state"), Path::new("/state/ledger.db"));
    if !Path::new(INSTALLED).exists() {
        let problem = ledger_path(&arguments(None), None, None).expect_err("none");
        assert!(problem.to_string().contains("--ledger FILE"), "{problem}");
    }
}

#[test]
fn the_role_that_silences_all_stands_before_a_sandbox_that_is_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let ledger = Ledger::open(&path).expect("opens").ledger;
    let mut report = fixtures::audited(&[fixtures::thirty_seven_stages()]);
    ledger.record(&mut report, AUDIT_SCOPE, |_| Vec::new()).expect("records");
    drop(ledger);
    let reader = Reader::open(&path).expect("opens");
    let text = page(|out| text::findings(&reader, &EpisodeFilter::default(), out));
    let of = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}\n{text}"));
    assert!(of("gateway-role-missing") < of("access-log-off"), "{text}");
}
