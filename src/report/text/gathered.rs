//! Gathers what the text report shows: findings by check and by what has to be changed, and what could not be checked by
//! its reason.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
};

use gatelight_checks::{CHECKS, verdict::Command};
use gatelight_model::{AccessDenial, Confidence, Gap, GapKind, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::{
    super::{
        Report,
        outcome::{OutcomeRecord, RecordedFailure, RecordedVerdict, RegionReport},
        spool::SpoolRange,
    },
    names::{NameList, shown},
};
use crate::{
    finding::{Change, Tracked},
    text::plain,
};

/// How a reason begins that a permission would remove.
pub(super) const NEEDS: &str = "needs ";

/// What one check found, entry by entry.
#[derive(Default)]
pub(super) struct Section {
    pub(super) entries: Vec<SectionEntry>,
    index: HashMap<(SpoolRange, String, String), usize>,
}

/// Subjects that share a cause, or a message.
pub(super) struct SectionEntry {
    pub(super) region: String,
    /// What has to be changed, if it is not the subject.
    pub(super) cause: Option<Subject>,
    pub(super) message: String,
    pub(super) subjects: NameList,
    pub(super) affects: NameList,
    pub(super) subject_kind: SubjectKind,
    pub(super) fix: String,
    pub(super) commands: Vec<Command>,
    /// Whether a subject has other commands than the first.
    pub(super) commands_differ: bool,
    /// Subjects for which the finding is new.
    pub(super) new: NameList,
    /// When the oldest of the others was first found.
    pub(super) since: Option<Timestamp>,
}

/// What could not be checked for one reason.
#[derive(Default)]
pub(super) struct Unchecked {
    pub(super) outcomes: usize,
    pub(super) checks: BTreeSet<&'static str>,
    /// The permissions of the calls, where granting them does not help.
    pub(super) permissions: NameList,
    /// What the calls, or else the outcomes, are about.
    pub(super) about: NameList,
    pub(super) regions: NameList,
}

/// All that the page shows, gathered in one pass over the outcomes.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) sections: BTreeMap<(Reverse<(Severity, Confidence)>, usize), Section>,
    pub(super) unchecked: BTreeMap<String, Unchecked>,
    pub(super) notes: BTreeMap<(usize, String), NameList>,
    /// By check, and by position among the report's ignores.
    pub(super) ignored: BTreeMap<(usize, usize), NameList>,
    /// By check: subjects for which it does not fail any more.
    pub(super) resolved: BTreeMap<usize, NameList>,
}

impl Gathered {
    /// Gathers what is at least as severe as `least`.
    ///
    /// # Errors
    /// If the report's temporary file cannot be read.
    pub(super) fn from(report: &Report, least: Severity, verbose: bool) -> io::Result<Self> {
        let positions: HashMap<_, _> =
            CHECKS.iter().enumerate().map(|(position, check)| (check.id, position)).collect();
        let most = shown(verbose);
        let mut all = Self::default();
        for region in &report.regions {
            for gap in region.gaps.iter().filter(|gap| is_about_a_call(gap)) {
                let unchecked = all.unchecked.entry(reason(gap)).or_default();
                if !gap.wants_a_grant() && gap.why().kind == GapKind::Denied {
                    unchecked.permissions.add(&gap.why().permission, most);
                }
                // `*`: the call takes no resource.
                if !matches!(gap.why().resource.as_str(), "" | "*") {
                    unchecked.about.add(&gap.why().resource, most);
                }
                unchecked.regions.add(&region_name(region), most);
            }
        }
        report.outcomes(|region, outcome| {
            let check = outcome.check();
            let position = positions[check.id];
            if let Some(ignored) = outcome.ignored {
                if verbose {
                    all.ignored.entry((position, ignored)).or_default().add(&outcome.subject.name, most);
                }
                return Ok(());
            }
            let tracked = report.tracked(region, &outcome);
            if tracked.is_some_and(|tracked| tracked.change == Change::Resolved) {
                all.resolved.entry(position).or_default().add(&outcome.subject.name, most);
            }
            match &outcome.verdict {
                RecordedVerdict::Fail(failure) if outcome.severity >= least => {
                    let section =
                        all.sections.entry((Reverse((outcome.severity, outcome.confidence)), position)).or_default();
                    section.add(region, &outcome, failure, tracked, most);
                }
                RecordedVerdict::Unknown { gap } => {
                    let unchecked = all.unchecked.entry(reason(gap)).or_default();
                    unchecked.outcomes += 1;
                    unchecked.checks.insert(check.id);
                    unchecked.regions.add(&region_name(region), most);
                    if !is_about_a_call(gap) {
                        unchecked.about.add(&outcome.subject.name, most);
                    }
                }
                RecordedVerdict::Pass { note: Some(note) } if verbose => {
                    all.notes.entry((position, note.clone())).or_default().add(&outcome.subject.name, most);
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(all)
    }
}

impl Section {
    fn add(
        &mut self,
        region: &RegionReport,
        outcome: &OutcomeRecord,
        failure: &RecordedFailure,
        tracked: Option<&Tracked>,
        most: usize,
    ) {
        let cause = (failure.details.cause != outcome.subject).then(|| failure.details.cause.clone());
        let shared = cause.as_ref().map_or_else(|| failure.message.clone(), |cause| cause.arn.clone());
        let index = *self.index.entry((region.outcomes, shared, failure.details.fix.clone())).or_insert_with(|| {
            self.entries.push(SectionEntry {
                region: region_name(region),
                cause,
                message: failure.message.clone(),
                subjects: NameList::default(),
                affects: NameList::default(),
                subject_kind: outcome.subject.kind,
                fix: failure.details.fix.clone(),
                commands: failure.details.fix_commands.clone(),
                commands_differ: false,
                new: NameList::default(),
                since: None,
            });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[index];
        entry.commands_differ |= entry.commands != failure.details.fix_commands;
        entry.subjects.add(&outcome.subject.name, most);
        match tracked {
            Some(tracked) if tracked.change == Change::New => entry.new.add(&outcome.subject.name, most),
            Some(tracked) => {
                entry.since = Some(entry.since.map_or(tracked.first_seen, |since| since.min(tracked.first_seen)));
            }
            None => {}
        }
        for subject in failure.details.affects.iter().filter(|subject| **subject != outcome.subject) {
            entry.affects.add(&subject.name, most);
        }
    }
}

/// What would let it be checked; what could not be is grouped by it.
fn reason(gap: &Gap) -> String {
    let why = gap.why();
    match why.kind {
        GapKind::Denied if gap.wants_a_grant() => format!("{NEEDS}{}", why.permission),
        // One policy denies many calls: they share a reason.
        GapKind::Denied if why.denied_by.is_some() => {
            let advice = why.denied_by.as_ref().and_then(AccessDenial::advice);
            ["denied", &why.message].into_iter().chain(advice).collect::<Vec<_>>().join("; ").replacen("; ", ": ", 1)
        }
        GapKind::Denied | GapKind::NotCollected | GapKind::Unprovable => gap.to_string(),
        // An account that could not be reached failed before any call.
        _ if why.operation.is_empty() => why.message.clone(),
        kind => format!("{} {}: {}", why.operation, kind.name(), why.message),
    }
}

/// Whether it names the resource of a call; otherwise the outcome's subject matters.
fn is_about_a_call(gap: &Gap) -> bool {
    !matches!(gap.why().kind, GapKind::Unprovable | GapKind::NotCollected)
}

/// `123456789012 · eu-west-1`.
pub(super) fn region_name(region: &RegionReport) -> String {
    plain(&format!("{} · {}", region.account, region.region))
}
