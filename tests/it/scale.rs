//! A million outcomes from a saved inventory: how much memory and time they take, and the judging alone.
//!
//! Figures that count are those of a release build; a debug build does a twentieth:
//!
//! ```sh
//! cargo test --release --test it scale -- --nocapture --test-threads 1
//! ```
#![expect(clippy::print_stdout, reason = "figures are for those who run it with --nocapture")]

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use gatelight_checks::{CHECKS, Check, Policy, Scope, audit, check::Judge};
use gatelight_model::inventory::{Account, Region};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{
    budget::{Measured, measure},
    support::inventory::{REGIONS, Size},
};

/// 1,200 stages a region; nine checks a stage make a million outcomes of 31 accounts.
const SIZE: Size =
    if cfg!(debug_assertions) { Size { accounts: 5, apis: 186 } } else { Size { accounts: 31, apis: 600 } };

/// How many outcomes such an inventory has: each stage and each region's settings get one of each check of their own.
fn outcomes() -> usize {
    let of_stages = checks().iter().filter(|check| matches!(check.judge, Judge::Stage(_))).count();
    SIZE.stages() * of_stages + SIZE.accounts * REGIONS.len() * (checks().len() - of_stages)
}

/// Those of stages and settings: the inventory has no functions, and nothing was searched.
fn checks() -> Vec<&'static Check> {
    let of_stages = |check: &&Check| matches!(check.judge, Judge::Stage(_) | Judge::Account(_));
    CHECKS.iter().filter(of_stages).collect()
}

/// A line of a saved inventory.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Line<'a> {
    Inventory { version: u32, tool: &'a str, started_at: &'a str },
    Account(&'a Account),
    Region { facts: &'a Region, traffic: Value },
    End { accounts: usize, regions: usize, finished_at: &'a str },
}

/// The inventory in a file that goes when it is dropped.
fn inventory() -> NamedTempFile {
    let file = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut out = BufWriter::new(file.as_file());
    let mut line = |line: &Line<'_>| {
        serde_json::to_writer(&mut out, line).unwrap();
        out.write_all(b"\n").unwrap();
    };
    line(&Line::Inventory { version: 1, tool: "0.1.0", started_at: "2026-11-22T09:00:00Z" });
    for (account, regions) in SIZE.accounts() {
        line(&Line::Account(&account));
        for facts in &regions {
            line(&Line::Region { facts, traffic: json!({"requests": {}, "throttled": 0}) });
        }
    }
    let (accounts, regions) = (SIZE.accounts, SIZE.accounts * REGIONS.len());
    line(&Line::End { accounts, regions, finished_at: "2026-11-22T09:10:00Z" });
    out.flush().unwrap();
    drop(out);
    file
}

fn audit_saved(format: &str, output: &Path) -> Measured {
    let inventory = inventory();
    let from = inventory.path().to_str().unwrap();
    let mut args = vec!["audit", "--from", from, "--format", format, "--output", output.to_str().unwrap()];
    args.extend(checks().iter().flat_map(|check| ["--check", check.id]));
    let measured = measure(args, "http://127.0.0.1:1");
    assert_eq!(measured.status, 1, "{}", measured.stderr);
    println!("{} outcomes as {format}: {}", outcomes(), measured.cost());
    measured
}

#[test]
fn a_million_outcomes_need_little_memory() {
    let measured = audit_saved("jsonl", Path::new("/dev/null"));
    if !cfg!(debug_assertions) {
        assert!(outcomes() >= 1_000_000, "{}", outcomes());
        assert!(measured.peak_memory < 150_000_000, "peak memory {} bytes", measured.peak_memory);
    }
}

#[test]
fn a_million_outcomes_are_a_line_each() {
    let path = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().into_temp_path();
    audit_saved("jsonl", &path);
    let (mut lines, mut checks) = (0, BTreeSet::new());
    for line in BufReader::new(File::open(&path).unwrap()).lines() {
        let line = line.unwrap();
        // What there is to see of a stage or function.
        if line.starts_with(r#"{"type":"subject""#) {
            continue;
        }
        // Each line is an object of its own; a look at few keeps the test quick. A prime, as checks come in turn.
        if lines % 997 == 0 {
            let outcome: Value = serde_json::from_str(&line).unwrap();
            checks.insert(outcome["check"].as_str().unwrap().to_owned());
        }
        lines += 1;
    }
    assert_eq!(lines, outcomes());
    assert!(checks.len() > 5, "{checks:?}");
}

/// The same, without reading, sorting and writing.
#[test]
fn judging_alone() {
    let (checks, policy): (Vec<&'static Check>, _) = (checks(), Policy::default());
    let (mut count, mut took) = (0, Duration::ZERO);
    for (account, regions) in SIZE.accounts() {
        for region in &regions {
            let start = Instant::now();
            audit(Scope { account: &account, region }, &checks, &policy, &mut |_| count += 1);
            took += start.elapsed();
        }
    }
    println!("{count} outcomes judged in {took:.2?}, {:.2?} each", took / u32::try_from(count).unwrap());
    assert_eq!(count, outcomes());
}
