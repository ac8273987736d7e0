//! Visibility: counts, and an entry for each stage and function.

use gatelight_checks::visibility::State;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    super::{
        Report,
        outcome::RegionReport,
        subject::{SubjectRecord, VisibilityCounts},
    },
    parts::{SubjectEntry, seconds_or_null, subject},
};

#[derive(Serialize)]
pub(super) struct VisibilityEntry {
    stages: ByState,
    functions: ByState,
}

#[derive(Serialize)]
struct ByState {
    dark: u64,
    degraded: u64,
    unknown: u64,
    clear: u64,
}

/// How much there is to see of a stage or function.
#[derive(Serialize)]
pub(super) struct VisibleEntry<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    line_type: Option<&'static str>,
    account: &'a str,
    region: &'a str,
    subject: SubjectEntry<'a>,
    state: &'static str,
    #[serde(serialize_with = "in_order")]
    signals: Vec<(&'static str, &'static str)>,
    causes: Vec<String>,
    requests: Option<u64>,
    #[serde(serialize_with = "seconds_or_null")]
    dark_since: Option<Timestamp>,
}

pub(super) fn visibility(counts: &VisibilityCounts) -> VisibilityEntry {
    let by_state = |count: &dyn Fn(State) -> u64| ByState {
        dark: count(State::Dark),
        degraded: count(State::Degraded),
        unknown: count(State::Unknown),
        clear: count(State::Clear),
    };
    VisibilityEntry {
        stages: by_state(&|state| counts.stages(state)),
        functions: by_state(&|state| counts.functions(state)),
    }
}

pub(super) fn visible<'a>(
    report: &Report,
    region: &'a RegionReport,
    record: &'a SubjectRecord,
    line_type: Option<&'static str>,
) -> VisibleEntry<'a> {
    VisibleEntry {
        line_type,
        account: &region.account,
        region: &region.region,
        subject: subject(&record.subject),
        state: record.state.name(),
        signals: record.signals.iter().map(|(signal, value)| (signal.name(), value.name())).collect(),
        causes: record.causes.iter().map(|cause| cause.fingerprint.to_string()).collect(),
        requests: record.requests,
        dark_since: report.dark_since(region, record),
    }
}

/// An object whose keys stay in this order.
fn in_order<S: Serializer>(pairs: &[(&'static str, &'static str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}
