//! One run: what it found is compared with what was open, and all that follows is written in one transaction.
//!
//! The rules, for an open finding of the run's scope: the outcome fails → it goes on; passes or does not apply →
//! resolved; could not be checked → it stays as it is; there is no outcome → gone if the run would have seen its
//! subject, else it stays as it is.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use anyhow::{Context as _, bail};
use gatelight_model::Severity;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    Ledger, Message, RunCounts, cache,
    dark::{self, DarkDiff},
    from_millis, outbox, read,
    rows::{self, EpisodeTexts, Observed, OpenEpisode},
    to_millis,
};
use crate::{
    finding::{Change, Changes, Finding, FindingEnd, Fingerprint, RunDiff, Tracked},
    rank,
    report::{Impacts, OutcomeRecord, RecordedVerdict, RegionReport, Report},
    text::to_second,
};

impl Ledger {
    /// Records a run of `scope`: what it found, what that changed, and the messages that `compose` makes of it, all or
    /// nothing. Sets the report's `changes`.
    ///
    /// # Errors
    /// If the ledger or the report's outcomes cannot be read or written, or a saved inventory is older than the last run
    /// of the scope. Then nothing of the run is recorded.
    pub(crate) fn record(
        &self,
        report: &mut Report,
        scope: &str,
        compose: impl FnOnce(&RunDiff) -> Vec<Message>,
    ) -> anyhow::Result<RunDiff> {
        let problem = || format!("this run was not recorded in the ledger {}", self.path.display());
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate).with_context(problem)?;
        let (diff, changes) = compare(&transaction, report, scope).with_context(problem)?;
        let now = report.run_times().finished_at;
        cache::replace(&transaction, &report.cache, scope, now).with_context(problem)?;
        let messages = compose(&diff);
        outbox::put(&transaction, &messages, now).with_context(problem)?;
        transaction.commit().with_context(problem)?;
        report.changes = Some(changes);
        Ok(diff)
    }

    /// Records that a run of `scope` failed, and why. No finding changes.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn record_failure(
        &self,
        scope: &str,
        started_at: Timestamp,
        finished_at: Timestamp,
        problem: &str,
    ) -> anyhow::Result<()> {
        let write = || -> rusqlite::Result<()> {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let scope = rows::scope_id(&transaction, scope)?;
            transaction.execute(
                "INSERT INTO runs (scope, started_at, finished_at, observed_at, problem) VALUES (?1, ?2, ?3, ?3, ?4)",
                params![scope, to_millis(started_at), to_millis(finished_at), problem],
            )?;
            transaction.commit()
        };
        write().with_context(|| format!("the ledger {} cannot be written", self.path.display()))
    }
}

fn compare(db: &Connection, report: &Report, scope: &str) -> anyhow::Result<(RunDiff, Changes)> {
    let last = read::last_success(db, scope)?.map(|run| run.observed_at);
    let now = to_millis(report.finished_at);
    if let Some(last) = last.filter(|last| now < to_millis(*last)) {
        if report.replayed.is_some() {
            bail!(
                "the inventory is from {}, but the last run of `{scope}` was at {}: older inventories cannot be \
                 recorded",
                to_second(report.finished_at),
                to_second(last)
            );
        }
        // Whatever the clock does, the daemon goes on: runs are in the order in which they were recorded.
        tracing::warn!("the clock was turned back: the last run of {scope} was at {last}");
    }
    let unreadable = "the outcomes cannot be compared with those of the last run";
    let mut builder = RunDiffBuilder::new(db, report, scope, last)?;
    builder.impacts = report.impacts().context(unreadable)?;
    report
        .outcomes(|region, outcome| {
            // Nobody knows whose findings these are; in the next run they may be another account's.
            if region.has_known_account() { builder.add(region, outcome).map_err(io::Error::other) } else { Ok(()) }
        })
        .context(unreadable)?;
    builder.end_missing(report)?;
    builder.finish(report)
}

/// Compares the outcomes of one run with the open findings, and writes what differs.
struct RunDiffBuilder<'a> {
    db: &'a Connection,
    /// The scope's row.
    scope: i64,
    /// When the last run that succeeded ended.
    last: Option<Timestamp>,
    /// When this run ended.
    now: i64,
    open: HashMap<Fingerprint, OpenEpisode>,
    tracked: HashMap<Fingerprint, Tracked>,
    impacts: Impacts,
    diff: RunDiff,
}

impl<'a> RunDiffBuilder<'a> {
    fn new(db: &'a Connection, report: &Report, scope: &str, last: Option<Timestamp>) -> rusqlite::Result<Self> {
        let diff = RunDiff {
            scope: scope.to_owned(),
            finished_at: from_millis(to_millis(report.finished_at)),
            is_first: last.is_none(),
            new: Vec::new(),
            worse: Vec::new(),
            resolved: Vec::new(),
            ongoing: 0,
            unknown: report.summary.unknown,
            dark: BTreeMap::new(),
        };
        let scope = rows::scope_id(db, scope)?;
        let (now, open) = (to_millis(report.finished_at), rows::open_episodes(db, scope)?);
        let impacts = Impacts::default();
        Ok(Self { db, scope, last, now, open, tracked: HashMap::new(), impacts, diff })
    }

    fn add(&mut self, region: &RegionReport, outcome: OutcomeRecord) -> rusqlite::Result<()> {
        let observed = match outcome.verdict {
            RecordedVerdict::Fail(_) => Observed::Fails,
            RecordedVerdict::Unknown { .. } => Observed::Unknown,
            RecordedVerdict::Pass { .. } | RecordedVerdict::NotApplicable { .. } => Observed::DoesNotFail,
        };
        if observed == Observed::Fails {
            let ignored = outcome.ignored.is_some();
            return match outcome.into_finding(region, self.diff.finished_at, &self.impacts) {
                Some(finding) => self.add_finding(finding, ignored),
                None => Ok(()),
            };
        }
        if !self.open.is_empty()
            && let Some(open) = self.open.get_mut(&outcome.fingerprint(&region.account))
        {
            open.observed = open.observed.max(observed);
        }
        Ok(())
    }

    fn add_finding(&mut self, mut finding: Finding, ignored: bool) -> rusqlite::Result<()> {
        let key = finding.fingerprint;
        let details = rows::details_to_json(&finding.details);
        let texts = EpisodeTexts::new(&finding.message, &details);
        let Some(open) = self.open.get_mut(&key) else {
            let open = rows::insert_episode(self.db, self.scope, self.now, &finding, ignored, &texts)?;
            self.open.insert(key, open);
            if !ignored {
                self.tracked.insert(key, Tracked { change: Change::New, first_seen: finding.first_seen });
                self.diff.new.push(finding);
            }
            return Ok(());
        };
        if open.observed == Observed::Fails {
            return Ok(());
        }
        open.observed = Observed::Fails;
        rows::update_episode(self.db, open, &finding, ignored, &texts)?;
        if ignored {
            return Ok(());
        }
        finding.first_seen = from_millis(open.first_seen);
        // Nobody was notified of one that was ignored, so it is new to whoever reads this.
        let change = if open.ignored { Change::New } else { Change::Ongoing };
        self.tracked.insert(key, Tracked { change, first_seen: finding.first_seen });
        if open.ignored {
            self.diff.new.push(finding);
        } else if finding.severity > open.severity {
            finding.previous_severity = Some(open.severity);
            self.diff.worse.push(finding);
        } else {
            self.diff.ongoing += 1;
        }
        Ok(())
    }

    /// Ends what does not fail any more, and notes of what was not seen when that was last.
    fn end_missing(&mut self, report: &Report) -> anyhow::Result<()> {
        let last_run = self.last.map(to_millis);
        for (key, open) in &self.open {
            let end = match open.observed {
                Observed::Fails => continue,
                Observed::DoesNotFail => Some(FindingEnd::Resolved),
                Observed::Unknown => None,
                Observed::Nothing => is_gone(self.db, open, report)?.then_some(FindingEnd::Gone),
            };
            // An open episode was found by some run, so there was a last one.
            let last_seen = open.last_seen.or(last_run).unwrap_or(open.first_seen);
            let Some(end) = end else {
                self.diff.ongoing += u64::from(!open.ignored);
                if open.last_seen.is_none() {
                    rows::set_last_seen(self.db, open, last_seen)?;
                }
                continue;
            };
            rows::end_episode(self.db, open, last_seen, self.now, end)?;
            if !open.ignored {
                if end == FindingEnd::Resolved {
                    let first_seen = from_millis(open.first_seen);
                    self.tracked.insert(*key, Tracked { change: Change::Resolved, first_seen });
                }
                self.diff.resolved.push(read::episode(self.db, open.episode)?.finding);
            }
        }
        Ok(())
    }

    /// Writes the run's own row, and gives what it changed, sorted.
    fn finish(mut self, report: &Report) -> anyhow::Result<(RunDiff, Changes)> {
        for list in [&mut self.diff.new, &mut self.diff.worse, &mut self.diff.resolved] {
            rank::sort(list);
        }
        let DarkDiff { since: dark_since, counts: dark } = dark::compare(self.db, self.scope, report)?;
        let diff = RunDiff { dark, ..self.diff };
        let summary = &report.summary;
        let counts = RunCounts {
            status: report.status().name().to_owned(),
            pass: summary.pass,
            unknown: summary.unknown,
            not_applicable: summary.not_applicable,
            ignored: summary.ignored,
            high: summary.failed(Severity::High),
            medium: summary.failed(Severity::Medium),
            low: summary.failed(Severity::Low),
            new: diff.new.len() as u64,
            worse: diff.worse.len() as u64,
            resolved: diff.resolved.len() as u64,
            ongoing: diff.ongoing,
        };
        rows::insert_run(self.db, self.scope, report, &counts)?;
        let gone: Vec<_> =
            diff.resolved.iter().filter(|finding| finding.end == Some(FindingEnd::Gone)).cloned().collect();
        let changes = Changes {
            since: self.last,
            new: counts.new,
            worse: counts.worse,
            resolved: counts.resolved - gone.len() as u64,
            ongoing: counts.ongoing,
            gone,
            tracked: self.tracked,
            dark_since,
        };
        Ok((diff, changes))
    }
}

/// Whether the run would have seen the subject, had it still existed.
fn is_gone(db: &Connection, open: &OpenEpisode, report: &Report) -> rusqlite::Result<bool> {
    let subject = read::episode_subject(db, open.episode)?;
    let region =
        report.regions.iter().find(|region| region.account == subject.account && region.region == subject.region);
    Ok(region.is_some_and(|region| region.coverage.covers(&subject.check, &subject.arn)))
}
