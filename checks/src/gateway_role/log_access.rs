//! The log groups that the role writes to, and what of that is refused: by the role's own policies or by others.

use std::collections::{BTreeMap, BTreeSet};

use gatelight_model::{Gap, Subject, arn::Destination, inventory::StageOf};

use super::SetRole;
use crate::{
    Context, role,
    verdict::{DecidedGroups, Evidence},
};

pub(super) const NO_GROUP: &str = "no REST or WebSocket stage logs to a log group of this account and region";

/// How many refusals are given as evidence.
pub(super) const EVIDENCE: usize = 20;

/// What is written to a log group, and by which stages: their places among those that were seen.
#[derive(Default)]
pub(super) struct Written {
    stages: BTreeSet<usize>,
    /// API Gateway makes execution-log groups itself.
    execution: bool,
}

/// What is written to log groups, by their names.
pub(super) type Groups = BTreeMap<String, Written>;

/// The log groups of this account and region that the role writes to.
pub(super) fn groups(context: &Context<'_>, stages: &[StageOf<'_>]) -> Groups {
    let mut groups = Groups::new();
    for (at, stage) in stages.iter().enumerate() {
        if let Some(log) = stage.access_log()
            && let Destination::LogGroup(_, name) = log.destination
            && context.is_here(&log.destination)
        {
            groups.entry(name.to_owned()).or_default().stages.insert(at);
        }
        if stage.logs_execution() {
            for name in stage.execution_log_groups() {
                let written = groups.entry(name).or_default();
                written.stages.insert(at);
                written.execution = true;
            }
        }
    }
    groups
}

/// An action on a log group that is denied.
pub(super) struct DeniedGroup<'a> {
    pub(super) group: &'a str,
    pub(super) refusal: role::DeniedAction,
}

/// What is denied, and why there may be more.
pub(super) struct LogAccess<'a> {
    pub(super) refused: Vec<DeniedGroup<'a>>,
    pub(super) gap: Option<Gap>,
    /// The groups that there may be more about.
    pub(super) undecided: BTreeSet<String>,
}

/// Asks about every group what of writing to it is denied; the second argument of `ask` tells whether whoever writes
/// makes the group if it is absent.
pub(super) fn refused(
    groups: &Groups,
    ask: impl Fn(&str, bool) -> Vec<Result<role::DeniedAction, Gap>>,
) -> LogAccess<'_> {
    let (mut refused, mut gap, mut undecided) = (Vec::new(), None, BTreeSet::new());
    for (name, written) in groups {
        for refusal in ask(name, written.execution) {
            match refusal {
                Ok(refusal) => refused.push(DeniedGroup { group: name, refusal }),
                Err(why) => {
                    undecided.insert(name.clone());
                    gap = gap.or(Some(why));
                }
            }
        }
    }
    LogAccess { refused, gap, undecided }
}

/// What refusals silence.
pub(super) struct Silenced<'a> {
    /// Of the groups.
    pub(super) names: Vec<&'a str>,
    pub(super) stages: Vec<Subject>,
    /// How many APIs these belong to.
    pub(super) apis: usize,
}

/// The groups that some action is refused on, and the stages that write to them.
pub(super) fn silenced<'a>(
    context: &Context<'_>,
    set: &SetRole<'_>,
    groups: &Groups,
    refused: &[DeniedGroup<'a>],
) -> Silenced<'a> {
    let names: BTreeSet<&str> = refused.iter().map(|refusal| refusal.group).collect();
    let stages: BTreeSet<usize> = names.iter().flat_map(|name| &groups[*name].stages).copied().collect();
    let stages: Vec<&StageOf<'_>> = stages.into_iter().map(|at| &set.stages.seen[at]).collect();
    Silenced {
        names: names.into_iter().collect(),
        apis: stages.iter().map(|stage| &stage.api.id).collect::<BTreeSet<_>>().len(),
        stages: stages.into_iter().map(|stage| context.stage_subject(stage)).collect(),
    }
}

/// The groups that some action is refused on, and those of which that is not known.
pub(super) fn decided(refused: &[DeniedGroup<'_>], undecided: BTreeSet<String>) -> DecidedGroups {
    DecidedGroups { lost: refused.iter().map(|refusal| refusal.group.to_owned()).collect(), undecided }
}

/// Each refusal, up to a limit.
pub(super) fn evidence(refused: &[DeniedGroup<'_>]) -> Vec<Evidence> {
    let row = |DeniedGroup { group, refusal }: &DeniedGroup<'_>| {
        Evidence::new(*group, format!("{}: {}", refusal.action, refusal.denial))
    };
    let mut evidence: Vec<_> = refused.iter().take(EVIDENCE).map(row).collect();
    if let more @ 1.. = refused.len().saturating_sub(EVIDENCE) {
        evidence.push(Evidence::new("more", format!("{more} more refusals like these")));
    }
    evidence.extend(role::near_miss_evidence(refused.iter().map(|refused| &refused.refusal)));
    evidence
}
