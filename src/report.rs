//! The report: what was audited, what was found, and the exit status that follows. Memory holds one entry a region; the
//! outcomes are in a temporary file. Renderers know the report, not the account.

pub(crate) mod builder;
#[cfg(test)]
pub(crate) mod fixtures;
mod insights_cost;
pub(crate) mod json;
mod outcome;
mod spool;
mod summary;
pub(crate) mod text;

use std::io;

use jiff::Timestamp;

pub(crate) use self::{
    outcome::{OutcomeRecord, RecordedVerdict, RegionReport},
    summary::{IgnoreUse, Status, Summary},
};
use crate::{
    collect::CollectorCache,
    config::FailOn,
    finding::{Changes, Tracked},
};

/// All that a renderer needs.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
    pub(crate) fail_on: FailOn,
    pub(crate) summary: Summary,
    /// Sorted by account and region.
    pub(crate) regions: Vec<RegionReport>,
    pub(crate) ignores: Vec<IgnoreUse>,
    /// Log groups that the configuration names and that are in none of the regions.
    pub(crate) not_found: Vec<String>,
    /// What the collector caches for the next run, where a ledger keeps it.
    pub(crate) cache: CollectorCache,
    /// When the run itself began and ended, if it is about a saved inventory: the times of the report are then those of its
    /// facts, which may be long ago.
    pub(crate) replayed: Option<RunTimes>,
    /// What changed since the last run, if a ledger holds that one.
    pub(crate) changes: Option<Changes>,
    spool: spool::Spool,
}

/// When a run began and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunTimes {
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
}

impl Report {
    /// When the run itself began and ended.
    pub(crate) fn run_times(&self) -> RunTimes {
        self.replayed.unwrap_or(RunTimes { started_at: self.started_at, finished_at: self.finished_at })
    }

    /// What the audit comes to.
    pub(crate) fn status(&self) -> Status {
        self.summary.status(self.fail_on)
    }

    /// Whether everything could be checked, whatever the owner accepts.
    pub(crate) fn complete(&self) -> bool {
        self.summary.unknown + self.summary.ignored_unknown == 0
    }

    /// What the ledger knows of an outcome.
    pub(crate) fn tracked(&self, region: &RegionReport, outcome: &OutcomeRecord) -> Option<&Tracked> {
        self.changes.as_ref()?.tracked.get(&outcome.fingerprint(&region.account))
    }

    /// Every outcome in order: by account, region, subject ARN, check.
    ///
    /// # Errors
    /// If the temporary file cannot be read, or what `each` returns.
    pub(crate) fn outcomes(
        &self,
        mut each: impl FnMut(&RegionReport, OutcomeRecord) -> io::Result<()>,
    ) -> io::Result<()> {
        for region in &self.regions {
            self.spool.read(region.outcomes, |outcome| each(region, outcome))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
