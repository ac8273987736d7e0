//! Reads runs, open findings, and the history of both.

use std::{cmp::Reverse, path::Path};

use anyhow::Context as _;
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, types::Type};
use serde::de::DeserializeOwned;

use super::{Ledger, RunCounts, RunEnd, RunRow, confidence_from_number, from_millis, from_number, open};
use crate::{
    finding::{Finding, FindingEnd, Fingerprint, Impact},
    rank::{self, Rank},
};

const EPISODES: &str = "
    SELECT s.name, e.ignored, e.ended_at, e.how, f.fingerprint, f.check_id, e.severity, f.account, f.region,
        f.kind, f.arn, f.name, m.body, d.body, e.first_seen,
        coalesce(e.last_seen,
            (SELECT r.observed_at FROM runs r WHERE r.scope = f.scope AND r.problem IS NULL ORDER BY r.id DESC LIMIT 1),
            e.first_seen),
        e.confidence, e.dark, e.degraded
    FROM episodes e JOIN findings f ON f.id = e.finding JOIN scopes s ON s.id = f.scope
    JOIN texts m ON m.id = e.message JOIN texts d ON d.id = e.details";

const RUNS: &str = "
    SELECT r.id, s.name, r.started_at, r.finished_at, r.problem, r.status, r.pass, r.unknown, r.not_applicable,
        r.ignored, r.high, r.medium, r.low, r.new, r.worse, r.resolved, r.ongoing, r.observed_at
    FROM runs r JOIN scopes s ON s.id = r.scope";

/// A finding from its first run to its last. One that came back has several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Episode {
    /// The name of the schedule, or `audit`.
    pub(crate) scope: String,
    /// Whether the configuration accepted it when it was last found.
    pub(crate) ignored: bool,
    pub(crate) finding: Finding,
    /// None while it is open.
    pub(crate) ended_at: Option<Timestamp>,
}

/// Which episodes to read.
#[derive(Debug, Default)]
pub(crate) struct EpisodeFilter {
    /// Patterns of the check's id and of the subject's ARN or name.
    pub(crate) check: Option<GlobPattern>,
    pub(crate) subject: Option<GlobPattern>,
    /// Only open ones.
    pub(crate) open: bool,
}

/// A text in which `*` stands for any text, slashes too, as in `[[ignore]]`.
#[derive(Debug)]
pub(crate) struct GlobPattern(GlobMatcher);

impl GlobPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn new(text: &str) -> anyhow::Result<Self> {
        let glob = GlobBuilder::new(text).build().with_context(|| format!("{text:?} is not a valid pattern"))?;
        Ok(Self(glob.compile_matcher()))
    }
}

impl EpisodeFilter {
    fn matches(&self, finding: &Finding) -> bool {
        self.check.as_ref().is_none_or(|check| check.0.is_match(&finding.check)) && self.is_about(&finding.subject)
    }

    /// Whether that subject is wanted.
    pub(crate) fn is_about(&self, subject: &Subject) -> bool {
        self.subject.as_ref().is_none_or(|glob| glob.0.is_match(&subject.arn) || glob.0.is_match(&subject.name))
    }
}

/// Where an episode stands among all.
struct EpisodePlace {
    episode: i64,
    ended_at: Option<i64>,
    severity: Severity,
    confidence: Confidence,
    impact: Impact,
    first_seen: Timestamp,
    name: String,
}

impl EpisodePlace {
    /// Open ones first, then the last to end.
    fn order(&self) -> impl Ord {
        let rank = Rank {
            severity: self.severity,
            confidence: self.confidence,
            impact: self.impact,
            first_seen: Some(self.first_seen),
            name: &self.name,
        };
        (self.ended_at.is_some(), Reverse(self.ended_at), rank)
    }
}

/// A message that did not arrive, may not have, or waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undelivered {
    /// The name of the route.
    pub(crate) webhook: String,
    /// `waiting`, `sending`, `refused` or `uncertain`.
    pub(crate) state: String,
    pub(crate) created_at: Timestamp,
    pub(crate) problem: Option<String>,
}

/// A ledger that is open for reading only.
#[derive(Debug)]
pub(crate) struct Reader {
    opened: open::ReadOnly,
}

impl Reader {
    /// Opens a ledger to read from it. It changes nothing, and never holds up a run.
    ///
    /// # Errors
    /// If there is none, it cannot be read, is damaged, is no ledger, or is of another version.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let opened =
            open::open_to_read(path).with_context(|| format!("the ledger {} cannot be read", path.display()))?;
        // What is read in several steps is of one moment.
        opened.db.execute_batch("BEGIN")?;
        Ok(Self { opened })
    }

    pub(super) fn db(&self) -> &Connection {
        &self.opened.db
    }

    /// Every episode that matches: open ones first, worst first, then the others, the last to end first.
    ///
    /// # Errors
    /// If the ledger cannot be read, or what `each` returns.
    pub(crate) fn episodes(
        &self,
        filter: &EpisodeFilter,
        mut each: impl FnMut(Episode) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for place in self.places(filter.open)? {
            let episode = episode(&self.opened.db, place.episode)?;
            if filter.matches(&episode.finding) {
                each(episode)?;
            }
        }
        Ok(())
    }

    /// Where every episode stands in that order. The ledger cannot sort by names as people do; and there may be many, so
    /// the episodes themselves are read one after the other.
    fn places(&self, only_open: bool) -> rusqlite::Result<Vec<EpisodePlace>> {
        let open = if only_open { "WHERE e.ended_at IS NULL" } else { "" };
        let mut statement = self.opened.db.prepare(&format!(
            "SELECT e.id, e.ended_at, e.severity, e.confidence, e.dark, e.degraded, e.first_seen, f.name
             FROM episodes e JOIN findings f ON f.id = e.finding JOIN scopes s ON s.id = f.scope {open}
             ORDER BY f.account, f.region, f.arn, f.check_id, s.name"
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(EpisodePlace {
                episode: row.get(0)?,
                ended_at: row.get(1)?,
                severity: from_number(row.get(2)?),
                confidence: confidence_from_number(row.get(3)?),
                impact: Impact { dark: count(row, 4)?, degraded: count(row, 5)?, requests: None },
                first_seen: from_millis(row.get(6)?),
                name: row.get(7)?,
            })
        })?;
        let mut places: Vec<_> = rows.collect::<Result<_, _>>()?;
        places.sort_by(|a, b| a.order().cmp(&b.order()));
        Ok(places)
    }

    /// Whether there is a finding of a check, which may be one that this version does not know.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn knows_check(&self, id: &str) -> anyhow::Result<bool> {
        Ok(self
            .opened
            .db
            .query_row("SELECT EXISTS (SELECT 1 FROM findings WHERE check_id = ?)", [id], |row| row.get(0))?)
    }

    /// When what the last run that succeeded found was so, of any scope.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn last_finished(&self) -> anyhow::Result<Option<Timestamp>> {
        let last = "SELECT observed_at FROM runs WHERE problem IS NULL ORDER BY id DESC LIMIT 1";
        Ok(self.opened.db.query_row(last, [], |row| row.get(0)).optional()?.map(from_millis))
    }

    /// Every run, the last first.
    ///
    /// # Errors
    /// If the ledger cannot be read, or what `each` returns.
    pub(crate) fn runs(&self, mut each: impl FnMut(RunRow) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut statement = self.opened.db.prepare(&format!("{RUNS} ORDER BY r.id DESC"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(run_of(row)?)?;
        }
        Ok(())
    }

    /// Messages that did not arrive, may not have, or wait, the last first.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn undelivered(&self) -> anyhow::Result<Vec<Undelivered>> {
        let mut statement = self
            .opened
            .db
            .prepare("SELECT webhook, state, created_at, problem FROM outbox WHERE state != 'sent' ORDER BY id DESC")?;
        let rows = statement.query_map([], |row| {
            Ok(Undelivered {
                webhook: row.get(0)?,
                state: row.get(1)?,
                created_at: from_millis(row.get(2)?),
                problem: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Ledger {
    /// The last run of a scope, whether or not it succeeded.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn last_run(&self, scope: &str) -> anyhow::Result<Option<RunRow>> {
        let last = format!("{RUNS} WHERE s.name = ? ORDER BY r.id DESC LIMIT 1");
        Ok(self.db.query_row(&last, [scope], run_of).optional()?)
    }

    /// The last run of a scope that succeeded.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn last_success(&self, scope: &str) -> anyhow::Result<Option<RunRow>> {
        Ok(last_success(&self.db, scope)?)
    }

    /// The open findings of a scope, worst first, without those that are ignored.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn open_findings(&self, scope: &str) -> anyhow::Result<Vec<Finding>> {
        let open = format!(
            "{EPISODES} WHERE s.name = ? AND e.ended_at IS NULL AND NOT e.ignored
             ORDER BY f.account, f.region, f.arn, f.check_id"
        );
        let mut statement = self.db.prepare_cached(&open)?;
        let rows = statement.query_map([scope], |row| episode_of(row).map(|episode| episode.finding))?;
        let mut findings: Vec<_> = rows.collect::<Result<_, _>>()?;
        rank::sort(&mut findings);
        Ok(findings)
    }
}

/// What an episode is about.
pub(super) struct EpisodeSubject {
    pub(super) check: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
}

pub(super) fn episode_subject(db: &Connection, episode: i64) -> rusqlite::Result<EpisodeSubject> {
    db.prepare_cached(
        "SELECT f.check_id, f.account, f.region, f.arn FROM episodes e JOIN findings f ON f.id = e.finding
         WHERE e.id = ?",
    )?
    .query_row([episode], |row| {
        Ok(EpisodeSubject { check: row.get(0)?, account: row.get(1)?, region: row.get(2)?, arn: row.get(3)? })
    })
}

pub(super) fn episode(db: &Connection, id: i64) -> rusqlite::Result<Episode> {
    db.prepare_cached(&format!("{EPISODES} WHERE e.id = ?"))?.query_row([id], episode_of)
}

pub(super) fn last_success(db: &Connection, scope: &str) -> rusqlite::Result<Option<RunRow>> {
    let last = format!("{RUNS} WHERE s.name = ? AND r.problem IS NULL ORDER BY r.id DESC LIMIT 1");
    db.prepare_cached(&last)?.query_row([scope], run_of).optional()
}

/// How an end is stored.
pub(super) fn end_to_text(end: FindingEnd) -> &'static str {
    match end {
        FindingEnd::Resolved => "resolved",
        FindingEnd::Gone => "gone",
    }
}

fn episode_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Episode> {
    let ended_at: Option<i64> = row.get(2)?;
    let end: Option<String> = row.get(3)?;
    let finding = Finding {
        fingerprint: Fingerprint::from_bytes(row.get(4)?),
        check: row.get(5)?,
        severity: from_number(row.get(6)?),
        confidence: confidence_from_number(row.get(16)?),
        previous_severity: None,
        account: row.get(7)?,
        region: row.get(8)?,
        subject: Subject { kind: kind(row, 9)?, arn: row.get(10)?, name: row.get(11)? },
        message: row.get(12)?,
        details: json(row, 13)?,
        impact: Impact { dark: count(row, 17)?, degraded: count(row, 18)?, requests: None },
        console: None,
        first_seen: from_millis(row.get(14)?),
        last_seen: from_millis(row.get(15)?),
        end: end
            .map(|text| if text == end_to_text(FindingEnd::Gone) { FindingEnd::Gone } else { FindingEnd::Resolved }),
    };
    Ok(Episode { scope: row.get(0)?, ignored: row.get(1)?, finding, ended_at: ended_at.map(from_millis) })
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or_default())
}

fn run_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<RunRow> {
    let count = |column| count(row, column);
    let end = match row.get::<_, Option<String>>(4)? {
        Some(problem) => RunEnd::Failed(problem),
        None => RunEnd::Completed(RunCounts {
            status: row.get(5)?,
            pass: count(6)?,
            unknown: count(7)?,
            not_applicable: count(8)?,
            ignored: count(9)?,
            high: count(10)?,
            medium: count(11)?,
            low: count(12)?,
            new: count(13)?,
            worse: count(14)?,
            resolved: count(15)?,
            ongoing: count(16)?,
        }),
    };
    Ok(RunRow {
        id: row.get(0)?,
        scope: row.get(1)?,
        started_at: from_millis(row.get(2)?),
        finished_at: from_millis(row.get(3)?),
        observed_at: from_millis(row.get(17)?),
        end,
    })
}

fn json<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let problem = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(problem)
}

/// A kind of subject by its name: the names are those of its serialised form. One that is added to them is a new version
/// of the tables, as an older Gatelight could not read it.
pub(super) fn kind(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<SubjectKind> {
    let problem = |error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error));
    let name = serde_json::Value::String(row.get(column)?);
    serde_json::from_value::<SubjectKind>(name).map_err(problem)
}
