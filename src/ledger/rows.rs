//! The rows that a run reads and writes.

use std::collections::HashMap;

use gatelight_model::Severity;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{RunCounts, from_number, to_millis, to_number};
use crate::{
    finding::Finding,
    report::{Fingerprint, Report},
};

/// Stands for the contents of a text.
pub(super) type Hash = [u8; 16];

/// An open finding, before the run.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) episode: i64,
    pub(super) severity: Severity,
    pub(super) ignored: bool,
    pub(super) message: Hash,
    pub(super) details: Hash,
    pub(super) first_seen: i64,
    /// None: the last run found it.
    pub(super) last_seen: Option<i64>,
    /// What the run says of it.
    pub(super) told: Word,
}

/// What a run says of an open finding. Of two outcomes about one subject the later word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// Nothing.
    None,
    /// It passes, or does not apply.
    Over,
    /// It could not be checked.
    Unknown,
    /// It fails.
    Fails,
}

pub(super) fn write_run(db: &Connection, scope: i64, report: &Report, counts: &RunCounts) -> rusqlite::Result<()> {
    // SQLite's integers have a sign.
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO runs (scope, started_at, finished_at, status, pass, unknown, not_applicable, ignored,
             high, medium, low, new, worse, resolved, ongoing)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        scope,
        to_millis(report.started_at),
        to_millis(report.finished_at),
        counts.status,
        number(counts.pass),
        number(counts.unknown),
        number(counts.not_applicable),
        number(counts.ignored),
        number(counts.high),
        number(counts.medium),
        number(counts.low),
        number(counts.new),
        number(counts.worse),
        number(counts.resolved),
        number(counts.ongoing),
    ])?;
    Ok(())
}

/// Every open finding of a scope.
pub(super) fn open(db: &Connection, scope: i64) -> rusqlite::Result<HashMap<Fingerprint, Open>> {
    let mut statement = db.prepare_cached(
        "SELECT f.fingerprint, e.id, e.severity, e.ignored, m.hash, d.hash, e.first_seen, e.last_seen
         FROM episodes e JOIN findings f ON f.id = e.finding
         JOIN texts m ON m.id = e.message JOIN texts d ON d.id = e.details
         WHERE f.scope = ? AND e.ended_at IS NULL",
    )?;
    let rows = statement.query_map([scope], |row| {
        let open = Open {
            episode: row.get(1)?,
            severity: from_number(row.get(2)?),
            ignored: row.get(3)?,
            message: row.get(4)?,
            details: row.get(5)?,
            first_seen: row.get(6)?,
            last_seen: row.get(7)?,
            told: Word::None,
        };
        Ok((row.get::<_, Fingerprint>(0)?, open))
    })?;
    rows.collect()
}

/// What is said of a failure.
pub(super) struct Texts<'a> {
    pub(super) hashes: (Hash, Hash),
    pub(super) message: &'a str,
    pub(super) details: &'a str,
}

impl Texts<'_> {
    /// The numbers of both.
    fn ids(&self, db: &Connection) -> rusqlite::Result<(i64, i64)> {
        Ok((text_id(db, &self.hashes.0, self.message)?, text_id(db, &self.hashes.1, self.details)?))
    }
}

/// Begins an episode.
pub(super) fn begin(
    db: &Connection,
    scope: i64,
    now: i64,
    key: &Fingerprint,
    finding: &Finding,
    ignored: bool,
    texts: &Texts<'_>,
) -> rusqlite::Result<Open> {
    let (message, details) = texts.ids(db)?;
    let number = finding_id(db, scope, key, finding)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO episodes (finding, severity, ignored, message, details, first_seen) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    let episode = insert.insert(params![number, to_number(finding.severity), ignored, message, details, now])?;
    Ok(Open {
        episode,
        severity: finding.severity,
        ignored,
        message: texts.hashes.0,
        details: texts.hashes.1,
        first_seen: now,
        last_seen: None,
        told: Word::Fails,
    })
}

/// Writes what is different of an episode that goes on: mostly nothing.
pub(super) fn go_on(
    db: &Connection,
    open: &Open,
    severity: Severity,
    ignored: bool,
    texts: &Texts<'_>,
) -> rusqlite::Result<()> {
    if (open.message, open.details) != texts.hashes {
        let (message, details) = texts.ids(db)?;
        let old: (i64, i64) = db
            .prepare_cached("SELECT message, details FROM episodes WHERE id = ?")?
            .query_row([open.episode], |row| Ok((row.get(0)?, row.get(1)?)))?;
        db.prepare_cached("UPDATE episodes SET message = ?, details = ? WHERE id = ?")?.execute(params![
            message,
            details,
            open.episode
        ])?;
        for id in [old.0, old.1] {
            drop_text(db, id)?;
        }
    }
    if (open.severity, open.ignored) != (severity, ignored) || open.last_seen.is_some() {
        db.prepare_cached("UPDATE episodes SET severity = ?, ignored = ?, last_seen = NULL WHERE id = ?")?
            .execute(params![to_number(severity), ignored, open.episode])?;
    }
    Ok(())
}

/// The number of a scope, which is made if it is new.
pub(super) fn scope_id(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    if let Some(id) = db.query_row("SELECT id FROM scopes WHERE name = ?", [name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.execute("INSERT INTO scopes (name) VALUES (?)", [name])?;
    Ok(db.last_insert_rowid())
}

/// The number of a finding, which is made if it is new.
fn finding_id(db: &Connection, scope: i64, key: &Fingerprint, finding: &Finding) -> rusqlite::Result<i64> {
    let mut known = db.prepare_cached("SELECT id FROM findings WHERE scope = ? AND fingerprint = ?")?;
    if let Some(id) = known.query_row(params![scope, key], |row| row.get(0)).optional()? {
        // What its owner calls the subject may have changed since.
        db.prepare_cached("UPDATE findings SET name = ?2 WHERE id = ?1 AND name != ?2")?
            .execute(params![id, finding.subject.name])?;
        return Ok(id);
    }
    db.prepare_cached(
        "INSERT INTO findings (scope, fingerprint, check_id, account, region, kind, arn, name)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .insert(params![
        scope,
        key,
        finding.check,
        finding.account,
        finding.region,
        finding.subject.kind.name(),
        finding.subject.arn,
        finding.subject.name,
    ])
}

pub(super) fn hash(text: &str) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    hash
}

/// The number of a text, which is kept if it is new.
fn text_id(db: &Connection, hash: &Hash, body: &str) -> rusqlite::Result<i64> {
    let mut known = db.prepare_cached("SELECT id FROM texts WHERE hash = ?")?;
    if let Some(id) = known.query_row([hash], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO texts (hash, body) VALUES (?, ?)")?.insert(params![hash, body])
}

/// Drops a text that nothing holds any more: a message with a figure in it changes with every run.
fn drop_text(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM texts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM episodes WHERE message = ?1)
         AND NOT EXISTS (SELECT 1 FROM episodes WHERE details = ?1)",
    )?
    .execute([id])?;
    Ok(())
}
