//! Saved inventories, configurations and ledgers.

use std::{collections::BTreeSet, fs};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use super::{PAYLOAD, complaints};
use crate::{
    faults::cases::over,
    support::run::{Gatelight, Ran},
};

fn gatelight(args: &[&str]) -> Ran {
    Gatelight::new(args).no_keys().run()
}

/// The demo's inventory, line by line.
fn demo() -> Vec<Value> {
    let saved = gatelight(&["demo", "--output", "/dev/null", "--save", "-"]).stdout;
    saved.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Calls `change` with every string below a key of that name.
fn change_strings(value: &mut Value, key: &str, of: &str, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) if of == key => change(text),
        Value::Array(elements) => elements.iter_mut().for_each(|element| change_strings(element, key, of, change)),
        Value::Object(object) => {
            for (name, value) in object {
                change_strings(value, key, name, change);
            }
        }
        _ => {}
    }
}

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| keys(element, found)),
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                keys(value, found);
            }
        }
        _ => {}
    }
}

/// The inventory with the payload at the end of each string below the key, or in the place of the key itself.
fn spoiled(demo: &[Value], key: &str, in_key: bool) -> String {
    let line = |value: &Value| {
        let mut value = value.clone();
        if in_key {
            let text = value.to_string();
            return text.replace(&format!("\"{key}\":"), &format!("{}:", Value::from(format!("{key}{PAYLOAD}"))));
        }
        change_strings(&mut value, key, "", &mut |text| text.push_str(PAYLOAD));
        value.to_string()
    };
    demo.iter().map(|value| line(value) + "\n").collect()
}

#[test]
fn every_string_of_an_inventory_is_only_shown() {
    let demo = demo();
    let mut names = BTreeSet::new();
    for line in &demo {
        keys(line, &mut names);
    }
    assert!(names.len() > 100 && names.contains("name"), "{names:?}");
    let cases: Vec<_> = names.iter().flat_map(|name| [(name, false), (name, true)]).collect();
    over(
        &cases,
        |(name, in_key)| format!("{name} {}", if *in_key { "itself" } else { "below it" }),
        |(name, in_key)| {
            let text = spoiled(&demo, name, *in_key);
            let commands: &[&[&str]] = &[
                &["audit", "--verbose", "--color", "always"],
                &["audit", "--format", "json"],
                &["audit", "--format", "slack"],
                &["cost", "--color", "always"],
                &["path", "checkout", "--color", "always"],
                &["path", "checkout", "--format", "svg"],
            ];
            // A key is read, or it is not: one command shows how that is said.
            let commands = if *in_key { &commands[..1] } else { commands };
            let run = |args: &&[&str]| {
                let ran =
                    Gatelight::new(args.iter().copied()).args(["--from", "-"]).no_keys().stdin(text.clone()).run();
                complaints(&ran)
                    .into_iter()
                    .map(|complaint| format!("{}: {complaint}", args.join(" ")))
                    .collect::<Vec<_>>()
            };
            commands.iter().flat_map(run).collect()
        },
    );
}

#[test]
fn json_and_the_ledger_keep_what_was_there() {
    let folder = TempDir::new().unwrap();
    let ledger = folder.path().join("ledger.db");
    let ledger = ledger.to_str().unwrap();
    let inventory = spoiled(&demo(), "name", false);
    let audit = |args: &[&str]| {
        Gatelight::new(["audit", "--from", "-", "--ledger", ledger]).args(args).no_keys().stdin(inventory.clone()).run()
    };
    let holds = |ran: &Ran| {
        let mut found = false;
        let mut value = ran.json();
        change_strings(&mut value, "name", "", &mut |text| found |= text.contains(PAYLOAD));
        found
    };
    let report = audit(&["--format", "json"]);
    assert!(complaints(&report).is_empty() && holds(&report), "{:?}", complaints(&report));
    let again = audit(&["--verbose"]);
    assert_eq!(complaints(&again), Vec::<String>::new());
    for args in [&["history"][..], &["history", "--runs"], &["history", "--open"]] {
        let text = gatelight(&[args, &["--ledger", ledger]].concat());
        assert_eq!((complaints(&text), text.status), (vec![], Some(0)), "{args:?}");
    }
    let history = gatelight(&["history", "--ledger", ledger, "--format", "json"]);
    assert!(complaints(&history).is_empty() && holds(&history), "{:?}", complaints(&history));
}

/// Every text column, the tables' own names too.
#[test]
fn every_text_of_a_ledger_is_only_shown() {
    let folder = TempDir::new().unwrap();
    let good = folder.path().join("good.db");
    let good = good.to_str().unwrap();
    let demo = gatelight(&["demo", "--output", "/dev/null", "--save", "-"]).stdout;
    let audit =
        |ledger: &str| Gatelight::new(["audit", "--from", "-", "--ledger", ledger]).no_keys().stdin(demo.clone()).run();
    assert_eq!(audit(good).status, Some(1));
    let db = Connection::open(good).unwrap();
    db.execute("INSERT INTO outbox (webhook, body, state, created_at, not_before, problem) VALUES ('w', '{}', 'refused', 0, 0, 'p')", [])
        .unwrap();
    let mut statement = db
        .prepare("SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type = 'TEXT'")
        .unwrap();
    let columns: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert!(columns.len() > 10, "{columns:?}");
    drop(statement);
    db.close().unwrap();
    let bad = folder.path().join("bad.db");
    let bad = bad.to_str().unwrap();
    let look = |what: &str| {
        for args in [&["history"][..], &["history", "--runs"], &["history", "--format", "json"]] {
            let ran = gatelight(&[args, &["--ledger", bad]].concat());
            assert_eq!(complaints(&ran), Vec::<String>::new(), "{what}: {args:?}");
        }
        assert_eq!(complaints(&audit(bad)), Vec::<String>::new(), "{what}");
    };
    let mut changed = 0;
    for (table, column) in &columns {
        fs::copy(good, bad).unwrap();
        let db = Connection::open(bad).unwrap();
        let update = format!("UPDATE {table} SET {column} = {column} || ?1");
        // A column may allow certain texts alone.
        if db.execute(&update, [PAYLOAD]).is_ok() {
            changed += 1;
            db.close().unwrap();
            look(&format!("{table}.{column}"));
        }
    }
    assert!(changed > 10, "{changed}");
    // SQLite names what it finds wrong, and how the owner of the file called it.
    fs::copy(good, bad).unwrap();
    let db = Connection::open(bad).unwrap();
    db.execute_batch(&format!("ALTER TABLE findings RENAME COLUMN name TO \"n{PAYLOAD}\"")).unwrap();
    db.close().unwrap();
    look("a column's name");
}

#[test]
fn every_word_of_a_configuration_is_only_quoted() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/gatelight.example.toml")).unwrap();
    // As TOML writes it, and raw, which no parser takes.
    let escaped: String = PAYLOAD
        .chars()
        .map(|c| if c.is_ascii_graphic() { c.to_string() } else { format!("\\u{:04X}", u32::from(c)) })
        .collect();
    let lines: Vec<&str> = example.lines().map(|line| line.trim_start_matches("# ").trim_start_matches('#')).collect();
    let settings: Vec<_> = lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")).collect();
    assert!(settings.len() > 30, "{}", settings.len());
    let mut cases = Vec::new();
    for (_, line) in settings {
        let (key, value) = line.split_once(" = ").unwrap();
        for payload in [&escaped, PAYLOAD] {
            cases.push(format!("\"{key}{payload}\" = {value}\n"));
            cases.push(format!("{key} = \"{payload}\"\n"));
            cases.push(format!("{key} = [\"{payload}\"]\n"));
            for table in ["ignore", "schedule", "slack", "pattern"] {
                cases.push(format!("[[{table}]]\n{key} = \"{payload}\"\n"));
            }
        }
    }
    cases.push(format!("[\"severity{escaped}\"]\nx = 1\n"));
    cases.push(format!("[severity]\n\"x{escaped}\" = \"high\"\n"));
    cases.push(format!("[severity]\naccess-log-off = \"{escaped}\"\n"));
    over(
        &cases,
        |text| format!("{text:?}"),
        |text| {
            let run = |args: &[&str]| {
                let ran = Gatelight::new(args).file("c.toml", text).file("empty", "").no_keys().run();
                complaints(&ran)
            };
            let mut found = run(&["audit", "--config", "c.toml", "--from", "empty"]);
            found.extend(run(&["history", "--config", "c.toml"]));
            found
        },
    );
}
