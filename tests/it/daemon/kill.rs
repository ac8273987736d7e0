//! Killed at any moment: nothing is lost, and what may come twice says so.
//!
//! Ten kills in the usual tests; the figures that count are those of
//!
//! ```sh
//! GATELIGHT_KILLS=200 cargo test --test it daemon::kill -- --nocapture
//! ```
#![expect(clippy::print_stdout, reason = "figures are for those who run it with --nocapture")]

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::Value;

use super::{ON_CALL, process::Home, saved};
use crate::support::{run::Gatelight, slack::Slack};

/// Numbers that look as if by chance, and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// The inventory as it was found in the `minute`th minute, with those regions left out whose number is not in `regions`.
fn inventory(saved: &str, minute: u64, regions: u64) -> String {
    let time = format!("2026-01-{:02}T{:02}:{:02}:00Z", 1 + minute / 1440, minute / 60 % 24, minute % 60);
    let (mut lines, mut kept, mut number) = (Vec::new(), 0, 0);
    for line in saved.lines() {
        let mut value: Value = serde_json::from_str(line).unwrap();
        if let Some(head) = value.get_mut("inventory") {
            head["started_at"] = time.clone().into();
        } else if let Some(end) = value.get_mut("end") {
            end["finished_at"] = time.clone().into();
            end["regions"] = kept.into();
        } else if let Some(region) = value.get_mut("region") {
            number += 1;
            if regions & (1 << (number - 1)) == 0 {
                // It is still there, and all that was in it is gone.
                for list in ["rest_apis", "v2_apis", "functions", "named_log_groups"] {
                    region["facts"][list]["seen"] = Value::Array(vec![]);
                }
                for list in ["log_groups", "log_probes", "callers", "delivery_streams", "capacity_providers"] {
                    region["facts"][list] = Value::Array(vec![]);
                }
            }
            kept += 1;
        }
        lines.push(value.to_string());
    }
    lines.join("\n") + "\n"
}

/// A message without its marks; and whether it says that it is repeated.
fn bare(message: &Value) -> (String, bool) {
    let mut message = message.clone();
    let mut repeated = false;
    if let Some(text) = message["text"].as_str()
        && let Some(rest) = text.strip_prefix("(repeated) ")
    {
        repeated = true;
        message["text"] = rest.to_owned().into();
    }
    if let Some(blocks) = message["blocks"].as_array_mut() {
        blocks.retain(|block| {
            let text = block.to_string();
            !text.contains("may have been posted before") && !text.contains("may not have arrived")
        });
    }
    (message.to_string(), repeated)
}

fn state(home: &Home, what: &str) -> Vec<(String, String)> {
    let db = Connection::open(home.ledger()).unwrap();
    let mut rows = db.prepare(what).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn outbox(home: &Home) -> Vec<(String, String)> {
    state(home, "SELECT body, state FROM outbox ORDER BY id")
}

#[test]
fn killed_at_any_moment_it_loses_nothing() {
    let kills: u64 = std::env::var("GATELIGHT_KILLS").map_or(10, |kills| kills.parse().unwrap());
    let saved = saved();
    let slack = Slack::start([]);
    let home = Home::new().webhook(slack.webhook());
    home.write(
        "gatelight.toml",
        format!(
            "[daemon]\nhealth = \"off\"\n{ON_CALL}\
             [[schedule]]\nname = \"replay\"\ncron = \"* * * * * *\"\nfrom = \"saved.jsonl\"\n"
        ),
    );
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let begun = Instant::now();
    let (mut minute, mut regions, mut moments) = (0, 0, BTreeMap::new());
    for number in 0..kills {
        // Something changes with every start: of five regions some are emptied.
        minute += 1;
        regions = (regions + 1 + chance.below(30)) % 31;
        home.write("saved.jsonl", inventory(&saved, minute, 1 + regions));
        let posts = slack.posts().len();
        let daemon = home.spawn();
        if number % 2 == 0 {
            // In a delivery: up to some milliseconds after the stand-in has read a message.
            let begun = Instant::now();
            while slack.posts().len() == posts && begun.elapsed() < Duration::from_secs(10) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_micros(chance.below(2_000)));
        } else {
            thread::sleep(Duration::from_millis(chance.below(200)));
        }
        daemon.kill();
        *moments.entry(moment(&home, minute)).or_insert(0) += 1;
    }
    // Left alone, it sends what is left.
    minute += 1;
    let last = inventory(&saved, minute, 0b10101);
    home.write("saved.jsonl", &last);
    let daemon = home.start();
    daemon.until("an empty outbox", || is_idle(&home, minute));
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");

    let sound = state(&home, "SELECT integrity_check, '' FROM pragma_integrity_check");
    assert_eq!(sound, [("ok".to_owned(), String::new())]);
    let aside: Vec<_> =
        std::fs::read_dir(home.path("state")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!aside.iter().any(|name| name.to_string_lossy().contains("damaged")), "{aside:?}");

    // Each message of the outbox arrived once, or twice and said so the second time; and nothing else arrived.
    let mut arrived: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for message in slack.channel() {
        let (text, repeated) = bare(&message);
        arrived.entry(text).or_default().push(repeated);
    }
    let (mut once, mut twice, mut uncertain, mut never) = (0, 0, 0, 0);
    let outbox = outbox(&home);
    for (body, state) in &outbox {
        let text = serde_json::from_str::<Value>(body).unwrap().to_string();
        let times = arrived.remove(&text).unwrap_or_default();
        match (state.as_str(), times.as_slice()) {
            ("sent", [_]) => once += 1,
            ("sent", [false, true]) => twice += 1,
            // Killed twice while it was being sent: it may have arrived up to twice, and the next message says so.
            ("uncertain", [] | [_] | [false, true]) => {
                uncertain += 1;
                never += u64::from(times.is_empty());
            }
            other => panic!("{other:?}: {text}"),
        }
    }
    assert!(arrived.is_empty(), "messages that nobody wrote: {arrived:?}");

    // Each finding of the last look is open, and nothing else.
    let open = "SELECT f.check_id, f.arn FROM episodes e JOIN findings f ON f.id = e.finding WHERE e.ended_at IS NULL";
    let open: BTreeSet<_> = state(&home, open).into_iter().collect();
    let report =
        Gatelight::new(["audit", "--from", "saved.jsonl", "--format", "json"]).file("saved.jsonl", &last).run();
    let report = report.json();
    let failed = report["outcomes"].as_array().unwrap().iter().filter(|outcome| outcome["verdict"] == "fail");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found: BTreeSet<_> =
        failed.map(|outcome| (text(&outcome["check"]), text(&outcome["subject"]["arn"]))).collect();
    assert_eq!(open, found);
    assert!(!found.is_empty() && once > 0);
    println!(
        "{kills} kills in {:.0?}, by what was under way: {moments:?}; {} messages: {once} arrived once, {twice} twice and \
         said so, {uncertain} are in doubt, of which {never} did not arrive; {} findings open, as audited; the database is sound",
        begun.elapsed(),
        outbox.len(),
        found.len(),
    );
}

/// Whether the look of that minute is in the ledger.
fn is_recorded(home: &Home, minute: u64) -> bool {
    let Ok(db) = Connection::open(home.ledger()) else { return false };
    let last = "SELECT max(observed_at) FROM runs WHERE problem IS NULL";
    let last = db.query_row(last, [], |row| row.get::<_, Option<i64>>(0));
    let millis = 1_767_225_600_000 + i64::try_from(minute).unwrap() * 60_000;
    last.is_ok_and(|last| last == Some(millis))
}

/// Whether it is, and all that is to be said is said.
fn is_idle(home: &Home, minute: u64) -> bool {
    is_recorded(home, minute) && outbox(home).iter().all(|(_, state)| state != "waiting" && state != "sending")
}

/// What a kill interrupted.
fn moment(home: &Home, minute: u64) -> &'static str {
    if !is_recorded(home, minute) {
        return "start or run";
    }
    let outbox = outbox(home);
    let has = |wanted: &str| outbox.iter().any(|(_, state)| state == wanted);
    if has("sending") {
        "request"
    } else if has("waiting") {
        "outbox"
    } else {
        "nothing"
    }
}
