//! The ledger: one SQLite file that holds runs, findings and the messages that wait to be sent. A run, what it changed and
//! the messages about it are written in one transaction, or not at all.

mod cache;
mod dark;
mod diff;
mod open;
mod outbox;
mod prune;
mod read;
mod rows;
mod schema;

use std::{cell::Cell, path::PathBuf};

use gatelight_model::{Confidence, Severity};
use jiff::Timestamp;
use rusqlite::Connection;

pub(crate) use dark::DarkSubject;
pub(crate) use read::{Episode, EpisodeFilter, GlobPattern, Reader, Undelivered};

/// The daemon's ledger, in its state directory.
pub(crate) const FILE_NAME: &str = "ledger.db";

/// A ledger that is open for writing.
#[derive(Debug)]
pub(crate) struct Ledger {
    db: Connection,
    path: PathBuf,
    /// Whether messages that an earlier process was sending when it died were dealt with.
    recovered: Cell<bool>,
}

/// A ledger, and what its owner has to know.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) ledger: Ledger,
    /// A damaged file was moved aside: where it is now, and what is lost.
    pub(crate) notice: Option<String>,
}

/// A run as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    /// The name of the schedule, or `finding::AUDIT_SCOPE`.
    pub(crate) scope: String,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
    /// When what it found was so: before the run, if it was about a saved inventory.
    pub(crate) observed_at: Timestamp,
    pub(crate) end: RunEnd,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunEnd {
    Completed(RunCounts),
    /// Why it could not run.
    Failed(String),
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunCounts {
    /// `clean`, `findings` or `incomplete`.
    pub(crate) status: String,
    pub(crate) pass: u64,
    pub(crate) unknown: u64,
    pub(crate) not_applicable: u64,
    pub(crate) ignored: u64,
    pub(crate) high: u64,
    pub(crate) medium: u64,
    pub(crate) low: u64,
    pub(crate) new: u64,
    pub(crate) worse: u64,
    /// Includes those that are gone.
    pub(crate) resolved: u64,
    pub(crate) ongoing: u64,
}

impl RunCounts {
    /// How many findings there were, ignored ones aside.
    pub(crate) fn findings(&self) -> u64 {
        self.high + self.medium + self.low
    }
}

/// A message to put into the outbox.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// The name of the route, never its address.
    pub(crate) webhook: String,
    pub(crate) body: serde_json::Value,
}

/// A message that is due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    pub(crate) id: i64,
    /// The name of the route.
    pub(crate) webhook: String,
    pub(crate) body: serde_json::Value,
    /// It may have arrived already: a process died while it was sending it. The message must say so.
    pub(crate) repeated: bool,
    /// How often it was postponed.
    pub(crate) attempts: u32,
    pub(crate) created_at: Timestamp,
    /// When an earlier message to this webhook was composed of which nobody knows whether it arrived, if no message has
    /// said so yet. This one must, and point to `gatelight history`.
    pub(crate) uncertain: Option<Timestamp>,
}

/// How much `Ledger::prune` deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pruned {
    pub(crate) runs: u64,
    pub(crate) findings: u64,
    pub(crate) messages: u64,
}

/// A severity as it is stored.
fn to_number(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
    }
}

/// A severity out of the ledger.
fn from_number(number: i64) -> Severity {
    match number {
        ..=1 => Severity::Low,
        2 => Severity::Medium,
        _ => Severity::High,
    }
}

/// A confidence as it is stored.
fn confidence_to_number(confidence: Confidence) -> i64 {
    match confidence {
        Confidence::Low => 1,
        Confidence::Medium => 2,
        Confidence::High => 3,
    }
}

/// A confidence out of the ledger.
fn confidence_from_number(number: i64) -> Confidence {
    match number {
        ..=1 => Confidence::Low,
        2 => Confidence::Medium,
        _ => Confidence::High,
    }
}

/// A time as it is stored: milliseconds since 1970.
fn to_millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A time out of the ledger.
fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

#[cfg(test)]
mod tests;
