//! Builds the report: judges regions as they are collected, and keeps their outcomes.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
};

use anyhow::{Context as _, bail};
use gatelight_checks::{
    Check, Coverage, Judgement, Outcome, Policy, Scope, audit_visibility,
    visibility::{SubjectVisibility, shown_signals},
};
use gatelight_model::{
    SubjectKind,
    inventory::{Account, Region},
};
use jiff::Timestamp;

use super::{
    Report,
    listings::{ApiListings, is_read},
    outcome::{OutcomeRecord, RegionReport, UNKNOWN_ACCOUNT},
    reach::NothingChecked,
    spool::SpoolWriter,
    subject::{KINDS, SubjectRecord, VisibilityCounts},
    summary::{IgnoreUse, Summary},
};
use crate::{
    collect::{CollectorCache, aws::Traffic},
    config::{FailOn, IgnoreSetting},
    finding::CauseId,
};

/// Judges regions as they come.
#[derive(Debug)]
pub(crate) struct Builder {
    checks: Vec<&'static Check>,
    policy: Policy,
    fail_on: FailOn,
    /// By account and region.
    regions: BTreeMap<(String, String), RegionReport>,
    pub(super) outcomes: OutcomeWriter,
    subjects: SpoolWriter,
}

/// Counts outcomes, and writes them to the temporary file.
#[derive(Debug)]
pub(super) struct OutcomeWriter {
    summary: Summary,
    ignores: Vec<IgnoreUse>,
    pub(super) spool: SpoolWriter,
}

impl OutcomeWriter {
    pub(super) fn write(&mut self, outcome: &OutcomeRecord) -> io::Result<()> {
        if let Some(ignored) = outcome.ignored {
            self.ignores[ignored].matched += 1;
        }
        self.summary.add(outcome);
        self.spool.write(outcome)
    }
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
            regions: BTreeMap::new(),
            outcomes: OutcomeWriter { summary: Summary::default(), ignores, spool: SpoolWriter::new()? },
            subjects: SpoolWriter::new()?,
        })
    }

    /// Judges a region.
    ///
    /// # Errors
    /// If the temporary file cannot be written, or the region was added before.
    pub(crate) fn add(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()> {
        let id = self.account_id(account, region)?;
        let name = &region.name;
        let mut gaps = BTreeSet::new();
        let mut visibility = VisibilityCounts::default();
        // What has to be changed for outcomes of which that is not the subject.
        let causes: RefCell<HashMap<(&str, String), CauseId>> = RefCell::default();
        let (mut written, mut subjects_written) = (Ok(()), Ok(()));
        self.outcomes.spool.begin_region();
        self.subjects.begin_region();
        let (outcomes, subjects) = (&mut self.outcomes, &mut self.subjects);
        let mut take = |outcome: Outcome| {
            match &outcome.verdict {
                Err(gap) => drop(gaps.insert(gap.clone())),
                Ok(Judgement::Fail(failure)) => {
                    if let Some(cause) = &failure.cause {
                        let key = (outcome.check.id, outcome.subject.arn.clone());
                        let group = CauseId::of(outcome.check.id, &id, name, &cause.arn);
                        causes.borrow_mut().insert(key, group);
                    }
                }
                Ok(_) => {}
            }
            if written.is_ok() {
                written = outcomes.write(&OutcomeRecord::from(outcome));
            }
        };
        let mut show = |visible: SubjectVisibility| {
            visibility.add(visible.subject.kind, visible.state);
            let cause_of = |check: &'static str, subject: &str| {
                let known = causes.borrow().get(&(check, subject.to_owned())).copied();
                known.unwrap_or_else(|| CauseId::of(check, &id, name, subject))
            };
            if subjects_written.is_ok() {
                subjects_written = subjects.write(&SubjectRecord::new(visible, &id, cause_of));
            }
        };
        let coverage = audit_visibility(Scope { account, region }, &self.checks, &self.policy, &mut take, &mut show);
        written.and(subjects_written).context("the temporary file for the outcomes cannot be written")?;
        gaps.extend(coverage.gaps.iter().cloned());
        self.insert(RegionReport {
            account: id,
            region: region.name.clone(),
            skipped: region.closed.clone(),
            apis: ApiListings::of(region),
            functions_read: is_read(&region.functions.seen, &region.functions.rest),
            stages: coverage.stages,
            functions: coverage.functions,
            log_groups: existing_log_groups(region),
            traffic,
            gaps: gaps.into_iter().collect(),
            coverage: if account.id.get().is_ok() { coverage } else { Coverage::default() },
            visibility,
            shown: self.shown_kinds(),
            outcomes: self.outcomes.spool.region(),
            subjects: self.subjects.region(),
        });
        Ok(())
    }

    /// The kinds of subject of which some signal is shown.
    fn shown_kinds(&self) -> Vec<SubjectKind> {
        let is_shown = |kind: &SubjectKind| !shown_signals(*kind, &self.checks, &self.policy).is_empty();
        KINDS.into_iter().filter(is_shown).collect()
    }

    /// What the report calls the account.
    fn account_id(&self, account: &Account, region: &Region) -> anyhow::Result<String> {
        let is_taken = |id: &str| self.regions.contains_key(&(id.to_owned(), region.name.clone()));
        match account.id.get() {
            Ok(id) if is_taken(id) => bail!("region {} of account {id} is there twice", region.name),
            Ok(id) => Ok(id.clone()),
            Err(_) if !is_taken(UNKNOWN_ACCOUNT) => Ok(UNKNOWN_ACCOUNT.to_owned()),
            // Two accounts without a known id need not be the same.
            Err(_) => {
                let mut number = 2;
                while is_taken(&format!("{UNKNOWN_ACCOUNT}-{number}")) {
                    number += 1;
                }
                Ok(format!("{UNKNOWN_ACCOUNT}-{number}"))
            }
        }
    }

    pub(super) fn insert(&mut self, region: RegionReport) {
        self.regions.insert((region.account.clone(), region.region.clone()), region);
    }

    /// The report.
    ///
    /// # Errors
    /// If the temporary file cannot be written.
    pub(crate) fn finish(self, started_at: Timestamp, finished_at: Timestamp) -> anyhow::Result<Report> {
        let regions: Vec<_> = self.regions.into_values().collect();
        let nothing_checked = NothingChecked::of(&regions);
        Ok(Report {
            started_at,
            finished_at,
            fail_on: self.fail_on,
            summary: self.outcomes.summary,
            regions,
            ignores: self.outcomes.ignores,
            not_found: Vec::new(),
            cache: CollectorCache::new(),
            replayed: None,
            all_regions: false,
            nothing_checked,
            changes: None,
            spool: self.outcomes.spool.finish()?,
            subjects: self.subjects.finish()?,
        })
    }
}

/// How many log groups of the region are known to exist.
fn existing_log_groups(region: &Region) -> u64 {
    region.log_groups.iter().filter(|group| matches!(group.group.get(), Ok(Some(_)))).count() as u64
}
