//! The report: what was looked at, what was found, and the exit status that follows. Outcomes are many; they lie
//! sorted in a temporary file, and memory holds one index entry a region.

#[cfg(test)]
pub(crate) mod fixtures;
mod insights_cost;
pub(crate) mod json;
pub(crate) mod text;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
};

use anyhow::{Context as _, bail};
use gatelight_checks::{Check, Coverage, Judgement, Outcome, Policy, Scope, audit, find_check, verdict::Evidence};
use gatelight_model::{
    Gap, Severity, SubjectKind,
    inventory::{Account, Region},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    collect::{Remembered, aws::Traffic},
    config::{FailOn, IgnoreSetting},
    finding::{Change, Finding},
};

/// Stands for an account whose id AWS would not tell.
const UNKNOWN_ACCOUNT: &str = "unknown";

/// All that a renderer needs.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
    pub(crate) fail_on: FailOn,
    pub(crate) summary: Summary,
    /// Sorted by account and region.
    pub(crate) shards: Vec<Shard>,
    pub(crate) ignores: Vec<IgnoreUse>,
    /// Log groups that the configuration names and that are in none of the regions.
    pub(crate) not_found: Vec<String>,
    /// What the collector remembers, where a ledger keeps it.
    pub(crate) searched: Remembered,
    /// Whether it is of a saved inventory: its times may be long ago.
    pub(crate) replayed: bool,
    /// What changed since the last look, if a ledger remembers that one.
    pub(crate) changes: Option<Changes>,
    spool: File,
}

/// What identifies a finding over time.
pub(crate) type Fingerprint = [u8; 16];

/// What changed since the last look. Ignored findings are in none of the counts.
#[derive(Debug)]
pub(crate) struct Changes {
    /// When that look ended. None: nobody had looked before, so everything is new.
    pub(crate) since: Option<Timestamp>,
    pub(crate) new: u64,
    pub(crate) worse: u64,
    /// Findings whose check does not fail any more.
    pub(crate) resolved: u64,
    /// Findings that are open as they were.
    pub(crate) ongoing: u64,
    /// Findings whose subject is not there any more, worst first.
    pub(crate) gone: Vec<Finding>,
    /// By fingerprint: outcomes that are new, ongoing or resolved.
    pub(crate) seen: HashMap<Fingerprint, Seen>,
}

/// What a ledger remembers of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) change: Change,
    /// When the finding was first found.
    pub(crate) first_seen: Timestamp,
}

/// Counts of outcomes. An ignored outcome counts as ignored alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) pass: u64,
    pub(crate) fail: u64,
    pub(crate) unknown: u64,
    pub(crate) not_applicable: u64,
    pub(crate) ignored: u64,
    /// How many of those are unknown.
    pub(crate) ignored_unknown: u64,
    /// How many of the unknown do not count for the exit status, as their check may stay unknown.
    pub(crate) excused: u64,
    pub(crate) by_severity: BTreeMap<Severity, u64>,
}

/// One region of one account.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stages: u64,
    pub(crate) functions: u64,
    pub(crate) log_groups: u64,
    pub(crate) traffic: Traffic,
    /// Every reason for which something here could not be checked.
    pub(crate) gaps: Vec<Gap>,
    /// What would have been seen, had it been there: nothing in an account that nobody could name.
    pub(crate) coverage: Coverage,
    /// Where its outcomes lie in the spool.
    start: u64,
    rows: u64,
}

/// An ignore of the configuration, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct IgnoreUse {
    pub(crate) setting: IgnoreSetting,
    pub(crate) matched: u64,
    pub(crate) ended: bool,
    /// Whether a check that it is about was run at all.
    pub(crate) applies: bool,
}

/// One outcome, as it lies in the spool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    check: String,
    pub(crate) severity: Severity,
    pub(crate) subject: Thing,
    pub(crate) verdict: Told,
    /// The position among the report's ignores.
    pub(crate) ignored: Option<usize>,
}

/// A subject, a cause, or something that a cause affects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Thing {
    pub(crate) kind: SubjectKind,
    pub(crate) arn: String,
    pub(crate) name: String,
}

/// A verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Told {
    Pass { note: Option<String> },
    NotApplicable { reason: String },
    Unknown { gap: Gap },
    Fail(Box<Failed>),
}

/// A failure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    /// The subject itself, if it is the thing to change.
    pub(crate) cause: Thing,
    pub(crate) message: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) affects: Vec<Thing>,
    pub(crate) fix: String,
    pub(crate) fix_command: Option<Vec<String>>,
}

/// The exit status of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Looked at everything; nothing at or above the threshold.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// No such findings, but something could not be checked.
    Incomplete,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Incomplete => "incomplete",
        }
    }

    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 3,
        }
    }
}

impl Row {
    /// The check. Rows are written and read by one process, so it is known.
    pub(crate) fn check(&self) -> &'static Check {
        find_check(&self.check).expect("a row is about a check of this program")
    }

    /// Identifies the finding over time: it depends on check, account and subject ARN alone, so it survives renamed
    /// messages, reordered lists and upgrades.
    pub(crate) fn key(&self, account: &str) -> Fingerprint {
        let mut hash = Sha256::new();
        for part in [&self.check, account, &self.subject.arn] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut key = Fingerprint::default();
        key.copy_from_slice(&hash.finalize()[..16]);
        key
    }

    /// [`Row::key`] as reports write it.
    pub(crate) fn fingerprint(&self, account: &str) -> String {
        hex(&self.key(account))
    }
}

impl Shard {
    /// Whether somebody could name its account.
    pub(crate) fn is_named(&self) -> bool {
        // `unknown-2` is the second.
        !self.account.starts_with(UNKNOWN_ACCOUNT)
    }
}

impl From<Outcome> for Row {
    fn from(outcome: Outcome) -> Self {
        let thing =
            |subject: gatelight_model::Subject| Thing { kind: subject.kind, arn: subject.arn, name: subject.name };
        let subject = thing(outcome.subject);
        let verdict = match outcome.verdict {
            Err(gap) => Told::Unknown { gap },
            Ok(Judgement::Pass) => Told::Pass { note: None },
            Ok(Judgement::PassNoted(note)) => Told::Pass { note: Some(note) },
            Ok(Judgement::NotApplicable(reason)) => Told::NotApplicable { reason: reason.to_owned() },
            Ok(Judgement::Fail(failure)) => Told::Fail(Box::new(Failed {
                cause: failure.cause.map_or_else(|| subject.clone(), thing),
                message: failure.message,
                evidence: failure.evidence,
                affects: failure.affects.into_iter().map(thing).collect(),
                fix: failure.fix.text,
                fix_command: failure.fix.command,
            })),
        };
        Self {
            check: outcome.check.id.to_owned(),
            severity: outcome.severity,
            subject,
            verdict,
            ignored: outcome.ignored,
        }
    }
}

/// Takes regions as they come, judges them, and keeps what they gave.
#[derive(Debug)]
pub(crate) struct Builder {
    checks: Vec<&'static Check>,
    policy: Policy,
    fail_on: FailOn,
    summary: Summary,
    shards: BTreeMap<(String, String), Shard>,
    ignores: Vec<IgnoreUse>,
    spool: BufWriter<File>,
    at: u64,
}

impl Builder {
    /// An empty report. `ignores` are those of `policy`, in the same order.
    ///
    /// # Errors
    /// If there is no place for a temporary file.
    pub(crate) fn new(
        checks: &[&'static Check],
        policy: Policy,
        ignores: &[IgnoreSetting],
        fail_on: FailOn,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let spool = tempfile::tempfile().context("no temporary file can be made for the outcomes")?;
        let ignores = ignores.iter().zip(&policy.ignores).map(|(setting, ignore)| IgnoreUse {
            setting: setting.clone(),
            matched: 0,
            ended: setting.ended(now),
            applies: checks.iter().any(|check| ignore.is_about(check.id)),
        });
        let ignores = ignores.collect();
        Ok(Self {
            checks: checks.to_vec(),
            policy,
            fail_on,
            summary: Summary::default(),
            shards: BTreeMap::new(),
            ignores,
            spool: BufWriter::new(spool),
            at: 0,
        })
    }

    /// Judges a region.
    ///
    /// # Errors
    /// If the temporary file cannot be written, or the region was there before.
    pub(crate) fn add(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()> {
        let mut id = account.id.get().map_or_else(|_| UNKNOWN_ACCOUNT.to_owned(), Clone::clone);
        if self.shards.contains_key(&(id.clone(), region.name.clone())) {
            if account.id.get().is_ok() {
                bail!("region {} of account {id} is there twice", region.name);
            }
            // Two accounts that are not known need not be one.
            let taken = |id: &str| self.shards.contains_key(&(id.to_owned(), region.name.clone()));
            let mut number = 2;
            while taken(&format!("{id}-{number}")) {
                number += 1;
            }
            id = format!("{id}-{number}");
        }
        let key = (id.clone(), region.name.clone());
        let mut gaps = BTreeSet::new();
        let (start, mut rows, mut problem) = (self.at, 0, None);
        let checks = self.checks.clone();
        let policy = std::mem::take(&mut self.policy);
        let coverage = audit(Scope { account, region }, &checks, &policy, &mut |outcome| {
            if let Err(gap) = &outcome.verdict {
                gaps.insert(gap.clone());
            }
            rows += 1;
            if problem.is_none() {
                problem = self.write(&Row::from(outcome)).err();
            }
        });
        self.policy = policy;
        if let Some(problem) = problem {
            return Err(problem).context("the temporary file for the outcomes cannot be written");
        }
        gaps.extend(coverage.gaps.iter().cloned());
        let (stages, functions) = (coverage.stages, coverage.functions);
        let coverage = if account.id.get().is_ok() { coverage } else { Coverage::default() };
        let shard = Shard {
            account: id,
            region: region.name.clone(),
            stages,
            functions,
            log_groups: region.log_groups.iter().filter(|answer| matches!(answer.group.get(), Ok(Some(_)))).count()
                as u64,
            traffic,
            gaps: gaps.into_iter().collect(),
            coverage,
            start,
            rows,
        };
        self.shards.insert(key, shard);
        Ok(())
    }

    fn write(&mut self, row: &Row) -> io::Result<()> {
        self.count(row);
        let mut line = serde_json::to_vec(row)?;
        line.push(b'\n');
        self.at += line.len() as u64;
        self.spool.write_all(&line)
    }

    fn count(&mut self, row: &Row) {
        if let Some(ignored) = row.ignored {
            self.ignores[ignored].matched += 1;
            self.summary.ignored += 1;
            self.summary.ignored_unknown += u64::from(matches!(row.verdict, Told::Unknown { .. }));
            return;
        }
        match row.verdict {
            Told::Pass { .. } => self.summary.pass += 1,
            Told::NotApplicable { .. } => self.summary.not_applicable += 1,
            Told::Unknown { .. } => {
                self.summary.unknown += 1;
                self.summary.excused += u64::from(row.check().is_optional());
            }
            Told::Fail(_) => {
                self.summary.fail += 1;
                *self.summary.by_severity.entry(row.severity).or_default() += 1;
            }
        }
    }

    /// The report.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub(crate) fn finish(self, started_at: Timestamp, finished_at: Timestamp) -> anyhow::Result<Report> {
        let spool = self.spool.into_inner().context("the temporary file for the outcomes cannot be written")?;
        Ok(Report {
            started_at,
            finished_at,
            fail_on: self.fail_on,
            summary: self.summary,
            shards: self.shards.into_values().collect(),
            ignores: self.ignores,
            not_found: Vec::new(),
            searched: Remembered::new(),
            replayed: false,
            changes: None,
            spool,
        })
    }
}

impl Report {
    /// What the audit comes to.
    pub(crate) fn status(&self) -> Status {
        let counts = |threshold| self.summary.by_severity.range(threshold..).any(|(_, count)| *count > 0);
        if self.fail_on.threshold().is_some_and(counts) {
            Status::Findings
        } else if self.summary.unknown > self.summary.excused {
            Status::Incomplete
        } else {
            Status::Clean
        }
    }

    /// Whether everything could be checked, whatever the owner accepts.
    pub(crate) fn complete(&self) -> bool {
        self.summary.unknown + self.summary.ignored_unknown == 0
    }

    /// What a ledger remembers of an outcome.
    pub(crate) fn seen(&self, shard: &Shard, row: &Row) -> Option<&Seen> {
        self.changes.as_ref()?.seen.get(&row.key(&shard.account))
    }

    /// Every outcome in order: by account, region, subject ARN, check.
    ///
    /// # Errors
    /// If the temporary file cannot be read, or what `each` says.
    pub(crate) fn rows(&self, mut each: impl FnMut(&Shard, Row) -> io::Result<()>) -> io::Result<()> {
        let mut spool = &self.spool;
        let mut line = Vec::new();
        for shard in &self.shards {
            spool.seek(SeekFrom::Start(shard.start))?;
            let mut reader = BufReader::new(spool);
            for _ in 0..shard.rows {
                line.clear();
                reader.read_until(b'\n', &mut line)?;
                each(shard, serde_json::from_slice(&line)?)?;
            }
        }
        Ok(())
    }
}

/// A command as one types it in a POSIX shell: names are hostile input, and this is the one place that quotes them.
pub(crate) fn command_line(argv: &[String]) -> String {
    // A name cannot hold a NUL, the only thing that a shell's quotes cannot hold.
    let clean: Vec<String> = argv.iter().map(|argument| argument.replace('\0', "")).collect();
    shlex::try_join(clean.iter().map(String::as_str)).unwrap_or_default()
}

pub(crate) fn to_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A fingerprint as reports write it.
pub(crate) fn hex(fingerprint: &Fingerprint) -> String {
    fingerprint.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
