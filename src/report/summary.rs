//! The report's counts, the exit status that follows from them, and what became of each ignore rule.

use std::collections::BTreeMap;

use gatelight_model::Severity;

use super::outcome::{OutcomeRecord, RecordedVerdict};
use crate::config::{FailOn, IgnoreSetting};

/// Counts of outcomes. An ignored outcome counts as ignored alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) pass: u64,
    pub(crate) fail: u64,
    pub(crate) unknown: u64,
    pub(crate) not_applicable: u64,
    pub(crate) ignored: u64,
    /// How many of the ignored are unknown.
    pub(crate) ignored_unknown: u64,
    /// How many of the unknown do not count for the exit status, as their check is optional.
    pub(crate) excused: u64,
    pub(crate) by_severity: BTreeMap<Severity, u64>,
}

impl Summary {
    pub(super) fn add(&mut self, outcome: &OutcomeRecord) {
        let unknown = matches!(outcome.verdict, RecordedVerdict::Unknown { .. });
        if outcome.ignored.is_some() {
            self.ignored += 1;
            self.ignored_unknown += u64::from(unknown);
            return;
        }
        match outcome.verdict {
            RecordedVerdict::Pass { .. } => self.pass += 1,
            RecordedVerdict::NotApplicable { .. } => self.not_applicable += 1,
            RecordedVerdict::Unknown { .. } => {
                self.unknown += 1;
                self.excused += u64::from(outcome.check().is_optional());
            }
            RecordedVerdict::Fail(_) => {
                self.fail += 1;
                *self.by_severity.entry(outcome.severity).or_default() += 1;
            }
        }
    }

    /// How many findings have this severity.
    pub(crate) fn failed(&self, severity: Severity) -> u64 {
        self.by_severity.get(&severity).copied().unwrap_or_default()
    }

    /// What the counts come to.
    pub(super) fn status(&self, fail_on: FailOn) -> Status {
        let counts = |threshold| self.by_severity.range(threshold..).any(|(_, count)| *count > 0);
        if fail_on.threshold().is_some_and(counts) {
            Status::Findings
        } else if self.unknown > self.excused {
            Status::Incomplete
        } else {
            Status::Clean
        }
    }
}

/// The exit status of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was checked; nothing at or above the threshold.
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

/// An ignore rule of the configuration, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct IgnoreUse {
    pub(crate) setting: IgnoreSetting,
    pub(crate) matched: u64,
    pub(crate) ended: bool,
    /// Whether a check that it is about was run at all.
    pub(crate) applies: bool,
}
