//! The report: what was audited, what was found, and the exit status that follows. Memory holds one entry a region; the
//! outcomes are in a temporary file. Renderers know the report, not the account.

pub(crate) mod builder;
#[cfg(test)]
pub(crate) mod fixtures;
mod insights_cost;
pub(crate) mod json;
mod listings;
mod outcome;
mod reach;
mod spool;
mod subject;
mod summary;
pub(crate) mod text;

use std::io;

use jiff::Timestamp;

pub(crate) use self::{
    listings::ApiListings,
    outcome::{OutcomeRecord, RecordedVerdict, RegionReport},
    reach::NothingChecked,
    subject::{Impacts, KINDS, SubjectRecord, VisibilityCounts},
    summary::{IgnoreUse, Status, Summary},
};
use crate::{
    collect::CollectorCache,
    config::FailOn,
    finding::{Changes, SubjectKey, Tracked},
    runtime::FAILED,
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
    /// Whether every region of its accounts was asked about.
    pub(crate) all_regions: bool,
    /// Why it says nothing about API Gateway, if so.
    pub(crate) nothing_checked: Option<NothingChecked>,
    /// What changed since the last run, if a ledger holds that one.
    pub(crate) changes: Option<Changes>,
    spool: spool::Spool,
    subjects: spool::Spool,
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
        match self.summary.status(self.fail_on) {
            Status::Clean if self.nothing_checked.is_some() => Status::Incomplete,
            status => status,
        }
    }

    /// The exit status of an audit that ends with it. An audit that could list no API anywhere could not run, whatever else
    /// it found.
    pub(crate) fn exit_code(&self) -> u8 {
        if self.nothing_checked.is_some() { FAILED } else { self.status().exit_code() }
    }

    /// Why a run that ends with it counts as failed: nothing at all was checked.
    pub(crate) fn problem(&self) -> Option<String> {
        self.nothing_checked.as_ref().filter(|nothing| nothing.is_all).map(NothingChecked::sentence)
    }

    /// Whether everything could be checked, whatever the owner accepts. What a region that is closed to the account holds
    /// does not count.
    pub(crate) fn complete(&self) -> bool {
        self.summary.unknown + self.summary.ignored_unknown == 0 && self.nothing_checked.is_none()
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

    /// How much there is to see of each stage and function, in order: by account, region and ARN. Those of which no signal
    /// is shown are left out.
    ///
    /// # Errors
    /// If the temporary file cannot be read, or what `each` returns.
    pub(crate) fn subjects(
        &self,
        mut each: impl FnMut(&RegionReport, SubjectRecord) -> io::Result<()>,
    ) -> io::Result<()> {
        for region in &self.regions {
            self.subjects.read(region.subjects, |subject| each(region, subject))?;
        }
        Ok(())
    }

    /// How many stages and functions there are in each state, in all regions.
    pub(crate) fn visibility(&self) -> VisibilityCounts {
        let mut all = VisibilityCounts::default();
        self.regions.iter().for_each(|region| all.add_all(&region.visibility));
        all
    }

    /// What each group of findings that share a cause does to stages and functions: one pass over the subjects.
    ///
    /// # Errors
    /// If the temporary file cannot be read.
    pub(crate) fn impacts(&self) -> io::Result<Impacts> {
        let mut impacts = Impacts::default();
        self.subjects(|_, subject| {
            impacts.add(&subject);
            Ok(())
        })?;
        Ok(impacts)
    }

    /// Since when a stage or function is dark, if it is and a ledger is kept.
    pub(crate) fn dark_since(&self, region: &RegionReport, record: &SubjectRecord) -> Option<Timestamp> {
        self.changes.as_ref()?.dark_since.get(&SubjectKey::of(&region.account, &record.subject.arn)).copied()
    }
}

#[cfg(test)]
mod tests;
