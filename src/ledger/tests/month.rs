//! A month of hourly runs: how large the file grows, how long the book-keeping takes, and whether memory grows.

use std::time::{Duration, Instant};

use gatelight_model::Severity;

use super::*;
use crate::report::fixtures::{self, FailingStage};

/// Without optimisation the report's own JSON takes most of the time: a day of a fifth of the findings is enough there.
const SMALL: bool = cfg!(debug_assertions);
const FINDINGS: u64 = if SMALL { 1_000 } else { 5_000 };
const RUNS: i64 = if SMALL { 24 } else { 30 * 24 };
const MEGABYTE: u64 = 1 << 20;
const LARGEST: u64 = if SMALL { 10 * MEGABYTE } else { 50 * MEGABYTE };
const LIMIT: Duration = if SMALL { Duration::from_secs(2) } else { Duration::from_millis(200) };

/// A generator of numbers, so that every run of the test is the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kilobytes * 1024
}

/// How long this thread has been computing: what other programs of the machine take does not count.
fn computed() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = schedule.split_whitespace().next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}

fn size(dir: &LedgerFolder) -> u64 {
    let length = |name: &String| std::fs::metadata(dir.folder.path().join(name)).map_or(0, |found| found.len());
    dir.names().iter().map(length).sum()
}

/// In each run one finding in a hundred is resolved, one in two hundred is deleted, as many begin or come back, and of one
/// in a hundred the message changes: between two runs three in a hundred are not what they were.
#[test]
fn a_month_of_hourly_runs_with_five_thousand_findings() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut failing: Vec<FailingStage> =
        (0..FINDINGS).map(|number| FailingStage { number, severity: Severity::High, detail: 0 }).collect();
    let mut fresh = FINDINGS;
    let mut idle: Vec<u64> = Vec::new();
    let (mut times, mut own, mut early, mut changed) = (Vec::new(), Vec::new(), 0, 0);
    for hours in 0..RUNS {
        if hours > 0 {
            for _ in 0..FINDINGS / 100 {
                let place = usize::try_from(numbers.next(failing.len() as u64)).expect("fits");
                idle.push(failing.swap_remove(place).number);
            }
            for _ in 0..FINDINGS / 200 {
                let place = usize::try_from(numbers.next(failing.len() as u64)).expect("fits");
                failing.swap_remove(place);
            }
            while (failing.len() as u64) < FINDINGS {
                let number = if idle.len() as u64 > FINDINGS / 10 { idle.remove(0) } else { fresh };
                fresh += u64::from(number == fresh);
                failing.push(FailingStage { number, severity: Severity::Medium, detail: 0 });
            }
            for _ in 0..FINDINGS / 100 {
                let place = usize::try_from(numbers.next(FINDINGS)).expect("fits");
                failing[place].detail = u64::try_from(hours).expect("positive");
            }
        }
        let mut report = fixtures::report(&failing, &idle, at(hours));
        let (begun, before) = (Instant::now(), computed());
        let diff =
            ledger.record(&mut report, AUDIT_SCOPE, |diff| vec![message("on-call", &diff.new.len().to_string())]);
        times.push(begun.elapsed());
        own.push(computed().saturating_sub(before));
        let diff = diff.expect("records");
        changed += diff.new.len() + diff.resolved.len();
        assert_eq!(diff.new.len() as u64 + diff.ongoing + diff.worse.len() as u64, FINDINGS, "hour {hours}");
        if hours > 0 {
            assert_eq!(diff.resolved.len() as u64, FINDINGS / 100 + FINDINGS / 200, "hour {hours}");
        }
        if hours == RUNS / 5 {
            early = resident();
        }
    }
    let late = resident();
    let bytes = size(&dir);
    times.sort();
    own.sort();
    let (least, median, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    let own = own[own.len() / 2];
    let page = format!(
        "{RUNS} runs of {FINDINGS} findings, {changed} changes: {:.1} MB; a run {least:?} to {most:?}, \
         {median:?} in the median, of which {own:?} its own; \
         resident {:.1} MB after a fifth, {:.1} MB at the end",
        megabytes(bytes),
        megabytes(early),
        megabytes(late)
    );
    // Shown by `cargo test -- --nocapture`.
    crate::notice::info(&page);
    assert!(bytes < LARGEST, "{page}");
    assert!(own < LIMIT && least < LIMIT, "{page}");
    assert!(late < early + 8 * MEGABYTE, "{page}");
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads").len() as u64, FINDINGS);
    // And all of it can be forgotten.
    let pruned = ledger.prune(at(RUNS), SignedDuration::from_hours(1)).expect("prunes");
    assert!(pruned.findings > 0 && pruned.runs > 0, "{pruned:?}");
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads").len() as u64, FINDINGS);
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / MEGABYTE as f64
}
