//! `audit --ledger` and `history`, on a saved inventory.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::run::{Gatelight, Ran};

fn gatelight(args: &[&str]) -> Ran {
    Gatelight::new(args).no_keys().run()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with the demo's inventory.
fn saved() -> (TempDir, String, String) {
    let folder = TempDir::new().unwrap();
    let inventory = folder.path().join("inventory.jsonl");
    assert_eq!(gatelight(&["demo", "--save", text(&inventory)]).status, Some(1));
    let ledger = text(&folder.path().join("ledger.db")).to_owned();
    (folder, text(&inventory).to_owned(), ledger)
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:#?}"))
}

#[test]
fn a_second_audit_says_what_changed_and_history_tells_the_rest() {
    let (_folder, inventory, ledger) = saved();
    let audit = |more: &[&str]| {
        let args = [&["audit", "--from", &inventory, "--ledger", &ledger, "--format", "json"], more].concat();
        let ran = gatelight(&args);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), ""), "{ran:#?}");
        json(&ran)
    };
    let changes = |report: &Value| -> Vec<String> {
        let outcomes = report["outcomes"].as_array().unwrap().iter();
        outcomes.filter(|outcome| outcome["verdict"] == "fail").map(|outcome| outcome["change"].to_string()).collect()
    };
    let first = audit(&[]);
    assert_eq!(first["changes"]["since"], Value::Null);
    assert!(changes(&first).len() > 20 && changes(&first).iter().all(|change| change == "\"new\""));
    let second = audit(&["--skip", "access-log-off"]);
    assert!(changes(&second).iter().all(|change| change == "\"ongoing\""));
    assert_eq!((&second["changes"]["new"], &second["changes"]["resolved"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(second["changes"]["ongoing"], changes(&first).len(), "a check that is skipped resolves nothing");
    assert_eq!(fs::metadata(&ledger).unwrap().permissions().mode() & 0o777, 0o600);

    let history = json(&gatelight(&["history", "--ledger", &ledger, "--format", "json", "--open"]));
    assert_eq!(history["findings"].as_array().unwrap().len(), changes(&first).len());
    let one = gatelight(&["history", "--ledger", &ledger, "--check", "access-log-off", "--subject", "*"]);
    assert!(one.status == Some(0) && one.stdout.contains("first seen") && !one.stdout.contains("gateway-role"));
    let runs = gatelight(&["history", "--ledger", &ledger, "--runs"]);
    assert!(runs.stdout.ends_with("2 runs.\n"), "{runs:#?}");
    gatelight(&["history", "--ledger", &ledger, "--check", "access-log-of"]).refuses(&["access-log-off"]);
}

#[test]
fn what_is_no_ledger_is_left_alone() {
    let (folder, inventory, ledger) = saved();
    let before = fs::read(&inventory).unwrap();
    gatelight(&["audit", "--from", &inventory, "--ledger", &inventory]).refuses(&["inventory.jsonl", "ledger"]);
    gatelight(&["history", "--ledger", &inventory]).refuses(&["inventory.jsonl"]);
    assert_eq!(fs::read(&inventory).unwrap(), before);
    gatelight(&["history", "--ledger", &ledger]).refuses(&["ledger.db"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "history makes no file");
}

#[test]
fn a_damaged_ledger_is_moved_aside_even_quietly() {
    let (folder, inventory, ledger) = saved();
    let audit = || gatelight(&["audit", "--from", &inventory, "--ledger", &ledger, "--quiet"]);
    assert_eq!(audit().status, Some(1));
    let mut bytes = fs::read(&ledger).unwrap();
    bytes[4096..12_288].fill(0x5a);
    fs::write(&ledger, bytes).unwrap();
    let ran = audit();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("damaged") && ran.stderr.contains("ledger.db.damaged-"), "{}", ran.stderr);
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().contains(".damaged-")).count(), 1);
    assert!(audit().stderr.is_empty());
}
