//! The stages and functions that are dark, and since when.
//!
//! The rules, for each run of a scope: one that is dark keeps its time, or begins with this run; one that is degraded or
//! clear is dark no more; one of which that could not be told stays as it was; one that was not seen goes if the run would
//! have seen it.

use std::collections::{BTreeMap, HashMap};

use gatelight_checks::visibility::State;
use gatelight_model::{Subject, SubjectKind};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Reader, from_millis, read, to_millis};
use crate::{
    finding::{DarkCounts, SubjectKey},
    report::{RegionReport, Report},
};

/// A stage or function that is dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DarkSubject {
    /// The name of the schedule, or `audit`.
    pub(crate) scope: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) subject: Subject,
    pub(crate) since: Timestamp,
}

/// What a run changed about them.
#[derive(Debug, Default)]
pub(super) struct DarkDiff {
    /// Of all that are dark now.
    pub(super) since: HashMap<SubjectKey, Timestamp>,
    /// By account and region.
    pub(super) counts: BTreeMap<(String, String), DarkCounts>,
}

/// One that was dark before the run.
struct Known {
    account: String,
    region: String,
    arn: String,
    kind: SubjectKind,
    since: i64,
    is_seen: bool,
}

/// Compares the subjects of a run with those that were dark, and writes what differs.
pub(super) fn compare(db: &Connection, scope: i64, report: &Report) -> anyhow::Result<DarkDiff> {
    let now = to_millis(report.finished_at);
    let mut known = known(db, scope)?;
    let mut diff = DarkDiff::default();
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    report.subjects(|region, record| {
        // Nobody knows whose these are; in the next run they may be another account's.
        if !region.has_known_account() {
            return Ok(());
        }
        let counts = diff.counts.entry((region.account.clone(), region.region.clone())).or_default();
        counts.all.add(record.subject.kind);
        let key = SubjectKey::of(&region.account, &record.subject.arn);
        let before = known.get_mut(&key).map(|known| {
            known.is_seen = true;
            known.since
        });
        match (record.state, before) {
            (State::Dark, Some(since)) => drop(diff.since.insert(key, from_millis(since))),
            (State::Dark, None) => {
                counts.went_dark.add(record.subject.kind);
                diff.since.insert(key, from_millis(now));
                begun.push((region.account.clone(), region.region.clone(), record.subject));
            }
            (State::Degraded | State::Clear, Some(_)) => {
                counts.no_longer_dark.add(record.subject.kind);
                ended.push(key);
            }
            _ => {}
        }
        Ok(())
    })?;
    let is_gone = |known: &&Known| !known.is_seen && is_gone(known, report);
    ended.extend(known.values().filter(is_gone).map(|known| SubjectKey::of(&known.account, &known.arn)));
    let mut delete = db.prepare_cached("DELETE FROM dark_subjects WHERE scope = ? AND account = ? AND arn = ?")?;
    for known in ended.iter().filter_map(|key| known.get(key)) {
        delete.execute(params![scope, known.account, known.arn])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO dark_subjects (scope, account, region, kind, arn, name, since) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (account, region, subject) in begun {
        insert.execute(params![scope, account, region, subject.kind.name(), subject.arn, subject.name, now])?;
    }
    Ok(diff)
}

fn known(db: &Connection, scope: i64) -> rusqlite::Result<HashMap<SubjectKey, Known>> {
    let mut statement =
        db.prepare_cached("SELECT account, region, arn, since, kind FROM dark_subjects WHERE scope = ?")?;
    let rows = statement.query_map([scope], |row| {
        let known = Known {
            account: row.get(0)?,
            region: row.get(1)?,
            arn: row.get(2)?,
            since: row.get(3)?,
            kind: read::kind(row, 4)?,
            is_seen: false,
        };
        Ok((SubjectKey::of(&known.account, &known.arn), known))
    })?;
    rows.collect()
}

/// Whether the run would have seen it, had it still existed: some check of its kind covers it.
fn is_gone(known: &Known, report: &Report) -> bool {
    let of = |region: &&RegionReport| region.account == known.account && region.region == known.region;
    let Some(region) = report.regions.iter().find(of).filter(|region| region.shown.contains(&known.kind)) else {
        return false;
    };
    let kind = if known.kind == SubjectKind::Function { "function" } else { "stage" };
    let mut checks = gatelight_checks::CHECKS.iter().filter(|check| check.judge.scope() == kind);
    checks.any(|check| region.coverage.covers(check.id, &known.arn))
}

impl Reader {
    /// The stages and functions that are dark, by account, region and name.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn dark_subjects(&self) -> anyhow::Result<Vec<DarkSubject>> {
        let mut statement = self.db().prepare(
            "SELECT s.name, d.account, d.region, d.arn, d.name, d.since, d.kind
             FROM dark_subjects d JOIN scopes s ON s.id = d.scope",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(DarkSubject {
                scope: row.get(0)?,
                account: row.get(1)?,
                region: row.get(2)?,
                subject: Subject { arn: row.get(3)?, name: row.get(4)?, kind: read::kind(row, 6)? },
                since: from_millis(row.get(5)?),
            })
        })?;
        let mut subjects: Vec<_> = rows.collect::<Result<_, _>>()?;
        subjects.sort_by(|a, b| {
            let place = |of: &DarkSubject| (of.account.clone(), of.region.clone());
            let name = || crate::rank::natural(&a.subject.name, &b.subject.name);
            place(a)
                .cmp(&place(b))
                .then_with(name)
                .then_with(|| (&a.subject.arn, &a.scope).cmp(&(&b.subject.arn, &b.scope)))
        });
        Ok(subjects)
    }
}
