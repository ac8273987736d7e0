//! The ledger's tests, and what they share.

mod cache;
mod crash;
mod files;
mod month;
mod outbox;
mod retention;
mod rules;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::{Ledger, Message};
use crate::finding::{AUDIT_SCOPE, RunDiff};

/// A folder that goes away by itself, and a ledger in it.
struct LedgerFolder {
    folder: TempDir,
    path: PathBuf,
}

impl LedgerFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { path: folder.path().join("ledger.db"), folder }
    }

    fn open(&self) -> Ledger {
        let opened = Ledger::open(&self.path).expect("opens");
        assert_eq!(opened.notice, None);
        opened.ledger
    }

    /// The names in its folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("lists");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Hours after the first run.
fn at(hours: i64) -> Timestamp {
    let first: Timestamp = "2026-11-01T09:00:00Z".parse().expect("a time");
    first + SignedDuration::from_hours(hours)
}

fn no_messages(_: &RunDiff) -> Vec<Message> {
    Vec::new()
}

fn message(webhook: &str, text: &str) -> Message {
    Message { webhook: webhook.to_owned(), body: json!({"text": text}) }
}

/// Messages that belong to no run.
fn put(ledger: &Ledger, messages: &[Message], now: Timestamp) {
    for message in messages {
        ledger.put_digest(message, now).expect("writes");
    }
}
