//! The rows that a run reads and writes.

use std::collections::HashMap;

use gatelight_model::{Confidence, Severity};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{RunCounts, confidence_from_number, confidence_to_number, from_number, read, to_millis, to_number};
use crate::{
    finding::{Finding, FindingDetails, FindingEnd, Fingerprint},
    report::Report,
};

/// Of the contents of a text.
type TextHash = [u8; 16];

/// An open finding, before the run.
#[derive(Debug)]
pub(super) struct OpenEpisode {
    pub(super) episode: i64,
    pub(super) severity: Severity,
    confidence: Confidence,
    /// How many stages and functions it left dark, and degraded.
    impact: (i64, i64),
    pub(super) ignored: bool,
    pub(super) first_seen: i64,
    /// None: the last run found it.
    pub(super) last_seen: Option<i64>,
    /// What this run observed.
    pub(super) observed: Observed,
    /// Of the message and the details.
    texts: (TextHash, TextHash),
}

/// What a run observed about an open finding. Of several outcomes about one subject the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Observed {
    Nothing,
    /// It passes, or does not apply.
    DoesNotFail,
    /// It could not be checked.
    Unknown,
    Fails,
}

/// Writes the row of a run that succeeded.
pub(super) fn insert_run(db: &Connection, scope: i64, report: &Report, counts: &RunCounts) -> rusqlite::Result<()> {
    // SQLite's integers have a sign.
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let own = report.run_times();
    db.prepare_cached(
        "INSERT INTO runs (scope, started_at, finished_at, observed_at, status, pass, unknown, not_applicable, ignored,
             high, medium, low, new, worse, resolved, ongoing)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        scope,
        to_millis(own.started_at),
        to_millis(own.finished_at),
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
pub(super) fn open_episodes(db: &Connection, scope: i64) -> rusqlite::Result<HashMap<Fingerprint, OpenEpisode>> {
    let mut statement = db.prepare_cached(
        "SELECT f.fingerprint, e.id, e.severity, e.ignored, m.hash, d.hash, e.first_seen, e.last_seen, e.confidence,
             e.dark, e.degraded
         FROM episodes e JOIN findings f ON f.id = e.finding
         JOIN texts m ON m.id = e.message JOIN texts d ON d.id = e.details
         WHERE f.scope = ? AND e.ended_at IS NULL",
    )?;
    let rows = statement.query_map([scope], |row| {
        let open = OpenEpisode {
            episode: row.get(1)?,
            severity: from_number(row.get(2)?),
            confidence: confidence_from_number(row.get(8)?),
            impact: (row.get(9)?, row.get(10)?),
            ignored: row.get(3)?,
            first_seen: row.get(6)?,
            last_seen: row.get(7)?,
            observed: Observed::Nothing,
            texts: (row.get(4)?, row.get(5)?),
        };
        Ok((Fingerprint::from_bytes(row.get(0)?), open))
    })?;
    rows.collect()
}

/// The texts of an episode, which are stored once however many episodes share them.
pub(super) struct EpisodeTexts<'a> {
    hashes: (TextHash, TextHash),
    message: &'a str,
    details: &'a str,
}

impl<'a> EpisodeTexts<'a> {
    pub(super) fn new(message: &'a str, details: &'a str) -> Self {
        Self { hashes: (hash(message), hash(details)), message, details }
    }

    /// The ids of both, which are stored if they are new.
    fn ids(&self, db: &Connection) -> rusqlite::Result<(i64, i64)> {
        Ok((text_id(db, &self.hashes.0, self.message)?, text_id(db, &self.hashes.1, self.details)?))
    }
}

/// A finding's details as they are stored.
pub(super) fn details_to_json(details: &FindingDetails) -> String {
    serde_json::to_string(details).expect("texts and lists of them serialise")
}

/// Begins an episode.
pub(super) fn insert_episode(
    db: &Connection,
    scope: i64,
    now: i64,
    finding: &Finding,
    ignored: bool,
    texts: &EpisodeTexts<'_>,
) -> rusqlite::Result<OpenEpisode> {
    let (message, details) = texts.ids(db)?;
    let id = finding_id(db, scope, finding)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO episodes (finding, severity, confidence, dark, degraded, ignored, message, details, first_seen)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let (severity, confidence) = (to_number(finding.severity), confidence_to_number(finding.confidence));
    let (dark, degraded) = impact(finding);
    let episode = insert.insert(params![id, severity, confidence, dark, degraded, ignored, message, details, now])?;
    Ok(OpenEpisode {
        episode,
        severity: finding.severity,
        confidence: finding.confidence,
        impact: (dark, degraded),
        ignored,
        first_seen: now,
        last_seen: None,
        observed: Observed::Fails,
        texts: texts.hashes,
    })
}

/// What is kept of a finding's impact. How many requests stages serve changes with every run, so it is not.
fn impact(finding: &Finding) -> (i64, i64) {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    (number(finding.impact.dark), number(finding.impact.degraded))
}

/// Writes what differs in an episode that goes on: mostly nothing.
pub(super) fn update_episode(
    db: &Connection,
    open: &OpenEpisode,
    finding: &Finding,
    ignored: bool,
    texts: &EpisodeTexts<'_>,
) -> rusqlite::Result<()> {
    if open.texts != texts.hashes {
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
            delete_unused_text(db, id)?;
        }
    }
    let (severity, confidence) = (finding.severity, finding.confidence);
    let is_same =
        (open.severity, open.confidence, open.impact, open.ignored) == (severity, confidence, impact(finding), ignored);
    if !is_same || open.last_seen.is_some() {
        let (dark, degraded) = impact(finding);
        db.prepare_cached(
            "UPDATE episodes SET severity = ?, confidence = ?, dark = ?, degraded = ?, ignored = ?, last_seen = NULL
             WHERE id = ?",
        )?
        .execute(params![
            to_number(severity),
            confidence_to_number(confidence),
            dark,
            degraded,
            ignored,
            open.episode
        ])?;
    }
    Ok(())
}

/// Notes when an open finding was last seen, as this run did not see it.
pub(super) fn set_last_seen(db: &Connection, open: &OpenEpisode, last_seen: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE episodes SET last_seen = ? WHERE id = ?")?.execute([last_seen, open.episode]).map(drop)
}

/// Ends an episode.
pub(super) fn end_episode(
    db: &Connection,
    open: &OpenEpisode,
    last_seen: i64,
    now: i64,
    end: FindingEnd,
) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE episodes SET last_seen = ?, ended_at = ?, how = ? WHERE id = ?")?
        .execute(params![last_seen, now, read::end_to_text(end), open.episode])
        .map(drop)
}

/// The id of a scope, which is stored if it is new.
pub(super) fn scope_id(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    if let Some(id) = db.query_row("SELECT id FROM scopes WHERE name = ?", [name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.execute("INSERT INTO scopes (name) VALUES (?)", [name])?;
    Ok(db.last_insert_rowid())
}

/// The id of a finding, which is stored if it is new.
fn finding_id(db: &Connection, scope: i64, finding: &Finding) -> rusqlite::Result<i64> {
    let key = finding.fingerprint.as_bytes();
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

fn hash(text: &str) -> TextHash {
    let mut hash = TextHash::default();
    hash.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    hash
}

/// The id of a text, which is stored if it is new.
fn text_id(db: &Connection, hash: &TextHash, body: &str) -> rusqlite::Result<i64> {
    let mut known = db.prepare_cached("SELECT id FROM texts WHERE hash = ?")?;
    if let Some(id) = known.query_row([hash], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO texts (hash, body) VALUES (?, ?)")?.insert(params![hash, body])
}

/// Deletes a text that no episode uses: a message with a figure in it changes with every run.
fn delete_unused_text(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "DELETE FROM texts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM episodes WHERE message = ?1)
         AND NOT EXISTS (SELECT 1 FROM episodes WHERE details = ?1)",
    )?
    .execute([id])?;
    Ok(())
}
