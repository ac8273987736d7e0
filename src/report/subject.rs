//! What the report keeps of how much there is to see of one stage or function, and what follows from all of them.

use std::collections::{BTreeMap, HashMap};

use gatelight_checks::visibility::{Signal, SignalValue, State, SubjectVisibility};
use gatelight_model::{Subject, SubjectKind};
use serde::{Deserialize, Serialize};

use crate::finding::{CauseId, Fingerprint, Impact};

/// The kinds of subject that have a state.
pub(crate) const KINDS: [SubjectKind; 4] =
    [SubjectKind::RestStage, SubjectKind::HttpStage, SubjectKind::WebsocketStage, SubjectKind::Function];

/// How much there is to see of a stage or function, as the temporary file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SubjectRecord {
    pub(crate) subject: Subject,
    pub(crate) state: State,
    /// Those that are shown.
    pub(crate) signals: Vec<(Signal, SignalValue)>,
    /// The outcomes that make some signal dark, partly seen or unknown.
    pub(crate) causes: Vec<CauseRecord>,
    /// How many requests a stage served in the window of the audit, where that is known.
    pub(crate) requests: Option<u64>,
}

/// An outcome to which a subject owes its state.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CauseRecord {
    pub(crate) fingerprint: Fingerprint,
    /// The findings that share what has to be changed.
    pub(crate) group: CauseId,
    /// The state that the outcome alone leads to: dark only where the subject is.
    pub(crate) state: State,
}

impl SubjectRecord {
    /// `cause_of` names what an outcome says has to be changed, by its check and its subject's ARN.
    pub(super) fn new(
        visible: SubjectVisibility,
        account: &str,
        cause_of: impl Fn(&'static str, &str) -> CauseId,
    ) -> Self {
        let causes = visible.causes.iter().map(|cause| CauseRecord {
            fingerprint: Fingerprint::of(cause.check, account, &cause.subject),
            group: cause_of(cause.check, &cause.subject),
            state: cause.state,
        });
        let causes = causes.collect();
        let SubjectVisibility { subject, state, signals, requests, .. } = visible;
        Self { subject, state, signals, causes, requests }
    }
}

/// How many stages and functions there are in each state, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VisibilityCounts(BTreeMap<(SubjectKind, State), u64>);

impl VisibilityCounts {
    pub(super) fn add(&mut self, kind: SubjectKind, state: State) {
        *self.0.entry((kind, state)).or_default() += 1;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (key, count) in &other.0 {
            *self.0.entry(*key).or_default() += count;
        }
    }

    /// How many subjects of that kind are in that state.
    pub(crate) fn of(&self, kind: SubjectKind, state: State) -> u64 {
        self.0.get(&(kind, state)).copied().unwrap_or_default()
    }

    /// How many functions are in that state.
    pub(crate) fn functions(&self, state: State) -> u64 {
        self.of(SubjectKind::Function, state)
    }

    /// How many stages, of any kind of API, are in that state.
    pub(crate) fn stages(&self, state: State) -> u64 {
        KINDS.into_iter().filter(|kind| *kind != SubjectKind::Function).map(|kind| self.of(kind, state)).sum()
    }
}

/// What each group of findings that share a cause does to stages and functions.
#[derive(Debug, Default)]
pub(crate) struct Impacts(HashMap<CauseId, Impact>);

impl Impacts {
    /// Counts a subject: once for each group that takes something from it.
    pub(super) fn add(&mut self, record: &SubjectRecord) {
        let mut groups: Vec<(CauseId, State)> = Vec::new();
        for cause in record.causes.iter().filter(|cause| cause.state <= State::Degraded) {
            match groups.iter_mut().find(|(group, _)| *group == cause.group) {
                Some((_, state)) => *state = (*state).min(cause.state),
                None => groups.push((cause.group, cause.state)),
            }
        }
        for (group, state) in groups {
            let impact = self.0.entry(group).or_default();
            *(if state == State::Dark { &mut impact.dark } else { &mut impact.degraded }) += 1;
            if let Some(requests) = record.requests {
                impact.requests = Some(impact.requests.unwrap_or_default().saturating_add(requests));
            }
        }
    }

    /// What a group does; nothing where it takes no signal away.
    pub(crate) fn of(&self, group: CauseId) -> Impact {
        self.0.get(&group).copied().unwrap_or_default()
    }
}
