//! What the page shows beside findings: what could not be checked, notes, accepted findings and resolved ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use gatelight_model::{AccessDenial, Gap, GapKind};

use super::super::{
    Report,
    outcome::{RecordedVerdict, RegionReport},
};
use crate::finding::Change;

/// How a reason begins that a permission would remove.
pub(super) const NEEDS: &str = "needs ";

/// What could not be checked for one reason.
#[derive(Default)]
pub(super) struct Unchecked {
    pub(super) outcomes: usize,
    pub(super) checks: BTreeSet<&'static str>,
    /// What the outcomes are about.
    pub(super) subjects: BTreeSet<String>,
    /// What the calls are about: ARNs and names.
    pub(super) resources: BTreeSet<String>,
    /// The permissions of the calls, where granting them does not help.
    pub(super) permissions: BTreeSet<String>,
    pub(super) regions: BTreeSet<String>,
}

/// All of it, gathered in one pass over the outcomes.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) unchecked: BTreeMap<String, Unchecked>,
    /// By check and note.
    pub(super) notes: BTreeMap<(&'static str, String), Vec<String>>,
    /// By check, and by position among the report's ignores.
    pub(super) ignored: BTreeMap<(&'static str, usize), Vec<String>>,
    /// By check: subjects for which it does not fail any more.
    pub(super) resolved: BTreeMap<&'static str, Vec<String>>,
}

impl Gathered {
    /// # Errors
    /// If the report's temporary file cannot be read.
    pub(super) fn from(report: &Report, verbose: bool) -> io::Result<Self> {
        let mut all = Self::default();
        for region in &report.regions {
            for gap in region.gaps.iter().filter(|gap| is_about_a_call(gap)) {
                let unchecked = all.unchecked.entry(reason(gap)).or_default();
                // `*`: the call takes no resource.
                if !matches!(gap.why().resource.as_str(), "" | "*") {
                    unchecked.resources.insert(gap.why().resource.clone());
                }
                if !gap.wants_a_grant() && gap.why().kind == GapKind::Denied {
                    unchecked.permissions.insert(gap.why().permission.clone());
                }
                unchecked.regions.insert(region_name(report, region));
            }
        }
        report.outcomes(|region, outcome| {
            let check = outcome.check().id;
            let name = || outcome.subject.name.clone();
            if let Some(ignored) = outcome.ignored {
                if verbose {
                    all.ignored.entry((check, ignored)).or_default().push(name());
                }
                return Ok(());
            }
            if report.tracked(region, &outcome).is_some_and(|tracked| tracked.change == Change::Resolved) {
                all.resolved.entry(check).or_default().push(name());
            }
            match &outcome.verdict {
                RecordedVerdict::Unknown { gap } => {
                    let unchecked = all.unchecked.entry(reason(gap)).or_default();
                    unchecked.outcomes += 1;
                    unchecked.checks.insert(check);
                    unchecked.regions.insert(region_name(report, region));
                    unchecked.subjects.insert(name());
                }
                RecordedVerdict::Pass { note: Some(note) } if verbose => {
                    all.notes.entry((check, note.clone())).or_default().push(name());
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(all)
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
        // `traffic of stage prod of API x`: what a saved inventory lacks, it lacks of many subjects.
        GapKind::NotCollected => {
            format!("not collected: {}", why.resource.split(" of ").next().unwrap_or(&why.resource))
        }
        GapKind::Denied | GapKind::Unprovable => gap.to_string(),
        // An account that could not be reached failed before any call.
        _ if why.operation.is_empty() => why.message.clone(),
        kind => format!("{} {}: {}", why.operation, kind.name(), why.message),
    }
}

/// Whether it names the resource of a call; otherwise the outcome's subject matters.
fn is_about_a_call(gap: &Gap) -> bool {
    !matches!(gap.why().kind, GapKind::Unprovable | GapKind::NotCollected)
}

/// `eu-west-1`, or `123456789012 · eu-west-1` in a report of several accounts.
pub(super) fn region_name(report: &Report, region: &RegionReport) -> String {
    if report.regions.iter().all(|other| other.account == region.account) {
        region.region.clone()
    } else {
        format!("{} · {}", region.account, region.region)
    }
}
