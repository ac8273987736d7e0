//! What the page shows of the findings: one block a cause, so that what one change fixes stands together.

use std::{
    collections::{BTreeSet, HashMap},
    io, mem,
};

use gatelight_checks::{Check, access_log::lint::is_about_format, verdict::Command, visibility::State};
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::super::{
    Report,
    outcome::{OutcomeRecord, RecordedFailure, RecordedVerdict, RegionReport},
};
use crate::{
    finding::{Change, Fingerprint, Impact},
    rank::{Rank, natural},
};

/// Findings that one change fixes, or findings of one check that are fixed alike.
#[derive(Debug)]
pub(super) struct Block {
    /// What is wrong with which subjects.
    pub(super) entries: Vec<BlockEntry>,
    /// What has to be changed, if it is not the subjects themselves.
    pub(super) cause: Option<Subject>,
    /// Of the worst finding.
    pub(super) severity: Severity,
    /// The highest of the findings that are as severe.
    pub(super) confidence: Confidence,
    /// How many findings it holds.
    pub(super) findings: usize,
    /// Subjects of its findings that are new, by name.
    pub(super) new: Vec<String>,
    /// When the oldest of the others was first found.
    pub(super) since: Option<Timestamp>,
    /// When the newest was first found, where a ledger knows.
    newest: Option<Timestamp>,
    /// Stages and functions that are dark because of it.
    pub(super) dark: Vec<String>,
    /// Stages and functions that are degraded because of it.
    pub(super) degraded: Vec<String>,
    pub(super) impact: Impact,
    /// How many of the dark and degraded are functions.
    pub(super) functions: usize,
}

/// Subjects of a region about which the checks say the same.
#[derive(Debug)]
pub(super) struct BlockEntry {
    /// The region's position in the report.
    pub(super) region: usize,
    pub(super) kind: SubjectKind,
    /// What is wrong, one fault a check, the most severe first.
    pub(super) faults: Vec<Fault>,
    /// Their names, in natural order.
    pub(super) subjects: Vec<String>,
    /// Names of subjects that are affected beside them.
    pub(super) affects: BTreeSet<String>,
    /// Whether a subject has other commands than the first.
    pub(super) commands_differ: bool,
}

/// What one check found wrong.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) check: &'static Check,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) fix: String,
    pub(super) commands: Vec<Command>,
}

impl Block {
    /// The check whose title stands for the block.
    pub(super) fn check(&self) -> &'static Check {
        self.entries[0].faults[0].check
    }

    /// How many checks failed, if it is about formats.
    pub(super) fn faults(&self) -> usize {
        self.entries[0].faults.len()
    }

    /// The kind of its subjects.
    pub(super) fn kind(&self) -> SubjectKind {
        self.entries[0].kind
    }

    /// The names of what it is about, entry by entry.
    pub(super) fn subjects(&self) -> Vec<String> {
        self.entries.iter().flat_map(|entry| entry.subjects.iter().cloned()).collect()
    }

    /// A block without entries.
    fn new(cause: Option<Subject>, worst: &FailedOutcome) -> Self {
        Self {
            entries: Vec::new(),
            cause,
            severity: worst.outcome.severity,
            confidence: worst.outcome.confidence,
            findings: 0,
            new: Vec::new(),
            since: None,
            newest: None,
            dark: Vec::new(),
            degraded: Vec::new(),
            impact: Impact::default(),
            functions: 0,
        }
    }

    /// Puts its names in order, and what concerns most subjects first.
    fn sort(&mut self) {
        for entry in &mut self.entries {
            entry.subjects.sort_by(|a, b| natural(a, b));
        }
        self.entries.sort_by(|a, b| {
            let name = |entry: &BlockEntry| entry.subjects.first().cloned().unwrap_or_default();
            a.region
                .cmp(&b.region)
                .then(b.subjects.len().cmp(&a.subjects.len()))
                .then_with(|| natural(&name(a), &name(b)))
        });
        for names in [&mut self.dark, &mut self.degraded, &mut self.new] {
            names.sort_by(|a, b| natural(a, b));
        }
    }

    /// What its place on the page rests on.
    fn rank(&self) -> Rank<'_> {
        let name = match &self.cause {
            Some(cause) => &cause.name,
            None => &self.entries[0].subjects[0],
        };
        Rank {
            severity: self.severity,
            confidence: self.confidence,
            impact: self.impact,
            first_seen: self.newest,
            name,
        }
    }
}

/// What the findings of a block have in common.
#[derive(PartialEq, Eq, Hash)]
enum BlockKey {
    /// What has to be changed in a region, for one check: a role, a log group.
    Cause(usize, &'static str, String),
    /// What is wrong with a format, by check and message, in a region.
    Format(usize, Vec<(&'static str, String)>),
    /// Nothing but the check: each subject has to be changed.
    Subjects(&'static str, Severity),
}

/// A failed outcome.
struct FailedOutcome {
    region: usize,
    outcome: OutcomeRecord,
    failure: RecordedFailure,
}

/// Collects blocks.
struct BlockGatherer<'a> {
    report: &'a Report,
    least: Severity,
    blocks: Vec<Block>,
    keys: HashMap<BlockKey, usize>,
    /// The entries, by their block, region and what is said of them.
    entries: HashMap<(usize, usize, Vec<String>), usize>,
    /// The blocks of findings.
    findings: HashMap<Fingerprint, usize>,
    /// Failures of the format of one stage, as they are read.
    format: Vec<FailedOutcome>,
    hidden: Hidden,
}

/// Findings that the page does not show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) medium: usize,
    pub(super) low: usize,
}

/// The blocks of a report, the worst first: findings at least as severe as `least`, and less severe ones of a format that
/// has such findings.
///
/// # Errors
/// If the report's temporary file cannot be read.
pub(super) fn gather(report: &Report, least: Severity) -> io::Result<(Vec<Block>, Hidden)> {
    let mut gatherer = BlockGatherer {
        report,
        least,
        blocks: Vec::new(),
        keys: HashMap::new(),
        entries: HashMap::new(),
        findings: HashMap::new(),
        format: Vec::new(),
        hidden: Hidden::default(),
    };
    let positions = positions(report);
    report.outcomes(|region, outcome| {
        if outcome.ignored.is_some() {
            return Ok(());
        }
        if let RecordedVerdict::Fail(failure) = &outcome.verdict {
            let failure = (**failure).clone();
            gatherer.add(FailedOutcome { region: positions[&place(region)], outcome, failure });
        }
        Ok(())
    })?;
    gatherer.end_format();
    gatherer.impacts()?;
    let BlockGatherer { mut blocks, hidden, .. } = gatherer;
    blocks.iter_mut().for_each(Block::sort);
    blocks.sort_by(|a, b| a.rank().cmp(&b.rank()));
    Ok((blocks, hidden))
}

impl BlockGatherer<'_> {
    /// Outcomes come sorted by region and subject, so the failures of one format follow each other.
    fn add(&mut self, failed: FailedOutcome) {
        let is_other = |last: &FailedOutcome| {
            (last.region, &last.outcome.subject.arn) != (failed.region, &failed.outcome.subject.arn)
        };
        if self.format.last().is_some_and(is_other) {
            self.end_format();
        }
        if is_about_format(failed.outcome.check()) {
            self.format.push(failed);
        } else if failed.outcome.severity < self.least {
            self.hide(failed.outcome.severity);
        } else {
            let check = failed.outcome.check().id;
            let cause = &failed.failure.details.cause;
            let key = if *cause == failed.outcome.subject {
                BlockKey::Subjects(check, failed.outcome.severity)
            } else {
                BlockKey::Cause(failed.region, check, cause.arn.clone())
            };
            self.add_to(key, vec![failed]);
        }
    }

    /// The failures of the last format are all known.
    fn end_format(&mut self) {
        let mut failed = mem::take(&mut self.format);
        // One change of the format fixes all of them, so the less severe ones are shown with the others.
        if failed.iter().all(|failed| failed.outcome.severity < self.least) {
            for failed in failed {
                self.hide(failed.outcome.severity);
            }
            return;
        }
        failed.sort_by_key(|failed| std::cmp::Reverse(failed.outcome.severity));
        let key = match &failed[..] {
            [] => return,
            [one] => BlockKey::Subjects(one.outcome.check().id, one.outcome.severity),
            several => {
                let fault = |failed: &FailedOutcome| (failed.outcome.check().id, failed.failure.message.clone());
                BlockKey::Format(several[0].region, several.iter().map(fault).collect())
            }
        };
        self.add_to(key, failed);
    }

    fn hide(&mut self, severity: Severity) {
        match severity {
            Severity::Low => self.hidden.low += 1,
            _ => self.hidden.medium += 1,
        }
    }

    /// Adds the failures of one subject to a block.
    fn add_to(&mut self, key: BlockKey, failed: Vec<FailedOutcome>) {
        let first = &failed[0];
        let cause = (first.failure.details.cause != first.outcome.subject).then(|| first.failure.details.cause.clone());
        let position = *self.keys.entry(key).or_insert_with(|| {
            self.blocks.push(Block::new(cause, first));
            self.blocks.len() - 1
        });
        for failed in &failed {
            let region = &self.report.regions[failed.region];
            self.findings.insert(failed.outcome.fingerprint(&region.account), position);
            let block = &mut self.blocks[position];
            block.findings += 1;
            let worst = (failed.outcome.severity, failed.outcome.confidence).max((block.severity, block.confidence));
            (block.severity, block.confidence) = worst;
            if let Some(tracked) = self.report.tracked(region, &failed.outcome) {
                block.newest = block.newest.max(Some(tracked.first_seen));
                if tracked.change == Change::New {
                    block.new.push(failed.outcome.subject.name.clone());
                } else {
                    block.since = Some(block.since.map_or(tracked.first_seen, |since| since.min(tracked.first_seen)));
                }
            }
        }
        self.add_entry(position, failed);
    }

    fn add_entry(&mut self, block: usize, failed: Vec<FailedOutcome>) {
        // What has a cause of its own has one message, which may name the subject.
        let texts = |failed: &FailedOutcome| [failed.failure.message.clone(), failed.failure.details.fix.clone()];
        let texts: Vec<String> =
            if self.blocks[block].cause.is_some() { Vec::new() } else { failed.iter().flat_map(texts).collect() };
        let region = failed[0].region;
        let entries = &mut self.blocks[block].entries;
        let position = *self.entries.entry((block, region, texts)).or_insert_with(|| {
            entries.push(BlockEntry {
                region,
                kind: failed[0].outcome.subject.kind,
                faults: failed.iter().map(FailedOutcome::fault).collect(),
                subjects: Vec::new(),
                affects: BTreeSet::new(),
                commands_differ: false,
            });
            entries.len() - 1
        });
        let entry = &mut entries[position];
        let commands = |fault: &Fault, failed: &FailedOutcome| fault.commands != failed.failure.details.fix_commands;
        entry.commands_differ |= entry.faults.iter().zip(&failed).any(|(fault, failed)| commands(fault, failed));
        for failed in failed {
            let affected = failed.failure.details.affects.iter().filter(|other| **other != failed.outcome.subject);
            entry.affects.extend(affected.map(|subject| subject.name.clone()));
            if entry.subjects.last() != Some(&failed.outcome.subject.name) {
                entry.subjects.push(failed.outcome.subject.name);
            }
        }
    }

    /// Which stages and functions each block makes dark or degraded.
    fn impacts(&mut self) -> io::Result<()> {
        let Self { report, blocks, findings, .. } = self;
        report.subjects(|_, subject| {
            let mut affected: Vec<(usize, State)> = Vec::new();
            for cause in subject.causes.iter().filter(|cause| cause.state <= State::Degraded) {
                affected.extend(findings.get(&cause.fingerprint).map(|block| (*block, cause.state)));
            }
            affected.sort_unstable();
            // The worst state of each block comes first.
            affected.dedup_by_key(|(block, _)| *block);
            for (block, state) in affected {
                let Block { dark, degraded, impact, functions, .. } = &mut blocks[block];
                *functions += usize::from(subject.subject.kind == SubjectKind::Function);
                if state == State::Dark {
                    dark.push(subject.subject.name.clone());
                    impact.dark += 1;
                } else {
                    degraded.push(subject.subject.name.clone());
                    impact.degraded += 1;
                }
                if let Some(requests) = subject.requests {
                    impact.requests = Some(impact.requests.unwrap_or_default().saturating_add(requests));
                }
            }
            Ok(())
        })
    }
}

impl FailedOutcome {
    fn fault(&self) -> Fault {
        Fault {
            check: self.outcome.check(),
            severity: self.outcome.severity,
            message: self.failure.message.clone(),
            fix: self.failure.details.fix.clone(),
            commands: self.failure.details.fix_commands.clone(),
        }
    }
}

/// The positions of the regions in the report.
pub(super) fn positions(report: &Report) -> HashMap<(&str, &str), usize> {
    report.regions.iter().enumerate().map(|(position, region)| (place(region), position)).collect()
}

/// What tells a region of the report from the others.
pub(super) fn place(region: &RegionReport) -> (&str, &str) {
    (&region.account, &region.region)
}
