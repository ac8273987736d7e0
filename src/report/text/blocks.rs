//! What the page shows of the findings: one block a cause, so that what one change fixes stands together.

use std::{
    collections::{BTreeSet, HashMap},
    io, mem,
};

use gatelight_checks::{Check, State, access_log};
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::super::{
    Report,
    outcome::{OutcomeRecord, RecordedFailure, RecordedVerdict},
};
use crate::{
    finding::{Change, Fingerprint},
    text::natural,
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
    /// How many of its findings are new.
    pub(super) new: usize,
    /// When the oldest of the others was first found.
    pub(super) since: Option<Timestamp>,
    /// Stages and functions that are dark, or degraded, because of it: region and name.
    pub(super) dark: Vec<(usize, String)>,
    pub(super) degraded: Vec<(usize, String)>,
    /// How many requests these served in the window of the audit, as far as that is known.
    pub(super) requests: u64,
}

/// Subjects of a region about which the checks say the same.
#[derive(Debug)]
pub(super) struct BlockEntry {
    /// The region's position in the report.
    pub(super) region: usize,
    pub(super) kind: SubjectKind,
    /// What is wrong, one fault a check, the most severe first.
    pub(super) faults: Vec<Fault>,
    /// Their names.
    pub(super) subjects: BTreeSet<String>,
    /// Subjects that are affected beside them.
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
    pub(super) commands: Vec<Vec<String>>,
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

    /// How many subjects it is about.
    pub(super) fn subjects(&self) -> usize {
        self.entries.iter().map(|entry| entry.subjects.len()).sum()
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
    let positions: HashMap<_, _> =
        report.regions.iter().enumerate().map(|(position, region)| (region.outcomes, position)).collect();
    report.outcomes(|region, mut outcome| {
        if outcome.ignored.is_some() {
            return Ok(());
        }
        let verdict = mem::replace(&mut outcome.verdict, RecordedVerdict::Pass { note: None });
        if let RecordedVerdict::Fail(failure) = verdict {
            gatherer.add(FailedOutcome { region: positions[&region.outcomes], outcome, failure: *failure });
        }
        Ok(())
    })?;
    gatherer.end_format();
    gatherer.impacts()?;
    let BlockGatherer { mut blocks, hidden, .. } = gatherer;
    blocks.iter_mut().for_each(Block::sort);
    blocks.sort_by_cached_key(|block| block.rank(report));
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
        if access_log::is_about_format(failed.outcome.check()) {
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
            failed.iter().for_each(|failed| self.hide(failed.outcome.severity));
            return;
        }
        failed.sort_by_key(|failed| std::cmp::Reverse(failed.outcome.severity));
        let key = match &failed[..] {
            [] => return,
            [one] => BlockKey::Subjects(one.outcome.check().id, one.outcome.severity),
            several => {
                let fault =
                    |failed: &FailedOutcome| (failed.outcome.check().id, failed.failure.message.clone());
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
            let rank = |severity, confidence| (severity, std::cmp::Reverse(confidence));
            if rank(failed.outcome.severity, failed.failure.details.confidence) > rank(block.severity, block.confidence) {
                (block.severity, block.confidence) = (failed.outcome.severity, failed.failure.details.confidence);
            }
            match self.report.tracked(region, &failed.outcome) {
                Some(tracked) if tracked.change == Change::New => block.new += 1,
                Some(tracked) => {
                    block.since = Some(block.since.map_or(tracked.first_seen, |since| since.min(tracked.first_seen)));
                }
                None => {}
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
                subjects: BTreeSet::new(),
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
            entry.subjects.insert(failed.outcome.subject.name);
        }
    }

    /// Which stages and functions each block makes dark or degraded.
    fn impacts(&mut self) -> io::Result<()> {
        let Self { report, blocks, findings, .. } = self;
        let mut position = 0;
        for (number, region) in report.regions.iter().enumerate() {
            report.subjects_of(region, |subject| {
                position += 1;
                let mut blocks_of: Vec<(usize, State)> = Vec::new();
                for cause in &subject.causes {
                    if let Some(block) = findings.get(&cause.fingerprint(&region.account)) {
                        blocks_of.push((*block, cause.state));
                    }
                }
                blocks_of.sort_unstable();
                // The worst state of each block comes first.
                blocks_of.dedup_by_key(|(block, _)| *block);
                for (block, state) in blocks_of {
                    let block = &mut blocks[block];
                    let names = match state {
                        State::Dark => &mut block.dark,
                        State::Degraded => &mut block.degraded,
                        _ => continue,
                    };
                    names.push((number, subject.subject.name.clone()));
                    block.requests += subject.requests.unwrap_or_default();
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}
