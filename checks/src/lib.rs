//! What Gatelight judges: an inventory of AWS accounts in, outcomes out.
//!
//! [`audit`] is a pure function. The same inventory gives the same outcomes for ever: there is no clock, no network
//! and no file here. A fact that could not be read turns a verdict into "could not check" and never into another
//! verdict; the tests hide every fact of every world to prove it.

pub mod access_log;
pub mod arn;
pub mod check;
mod context;
pub mod cost;
mod coverage;
pub mod emission;
pub mod execution_log;
pub mod fetched;
pub mod function;
pub mod gateway_role;
pub mod iam;
pub mod inventory;
pub mod log_group;
pub mod network;
mod organization;
pub mod policy;
mod role;
#[cfg(test)]
mod sweep;
pub mod testing;
pub mod tracing;
pub mod traffic;

pub use check::{Check, Judgement, Severity, Subject, Verdict, all, any, worst};
pub use context::{Context, LogGroupUse, TracedStages, World};
pub use coverage::{Coverage, Unseen};
pub use fetched::{Fetched, Gap, GapKind, Listing};
pub use policy::Policy;

use check::{Judge, Need};

/// Every check, in the order of the documentation.
pub const CHECKS: &[Check] = &[
    access_log::off::CHECK,
    access_log::not_json::CHECK,
    access_log::breaks_json::CHECK,
    access_log::lacks_integration_fields::CHECK,
    access_log::lacks_latency::CHECK,
    access_log::lacks_request_id::CHECK,
    access_log::unknown_variable::CHECK,
    access_log::destination_missing::CHECK,
    access_log::never_expires::CHECK,
    log_group::never_expires::CHECK,
    access_log::silent::CHECK,
    execution_log::off::CHECK,
    execution_log::records_payloads::CHECK,
    gateway_role::unset::CHECK,
    gateway_role::missing::CHECK,
    gateway_role::untrusted::CHECK,
    gateway_role::cannot_write::CHECK,
    gateway_role::denied_by_organization::CHECK,
    log_group::delivery_denied::CHECK,
    log_group::key_unusable::CHECK,
    function::role_cannot_log::CHECK,
    tracing::stage_off::CHECK,
    function::tracing_off::CHECK,
    function::role_cannot_trace::CHECK,
    tracing::sampling_off::CHECK,
    tracing::destination_denied::CHECK,
    network::cannot_reach_xray::CHECK,
    emission::failing::CHECK,
    traffic::overhead_high::CHECK,
];

/// The check of that id.
#[must_use]
pub fn find_check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

/// What one check says about one subject.
#[derive(Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// How much it matters here: the owner's word, else the failure's, else the check's.
    pub severity: Severity,
    /// What it is about; unique in a region together with the check.
    pub subject: Subject,
    /// The judgement, or why there is none.
    pub verdict: Verdict,
    /// The position in [`Policy::ignores`] of the one that covers it.
    pub ignored: Option<usize>,
}

/// Runs `checks` over one region of an account. Each subject gets exactly one outcome a check; a listing that could
/// not be read becomes one "could not check" a check, about the account's settings in the region.
///
/// Outcomes come sorted by subject ARN and check, so that nobody has to hold them all to sort them.
pub fn audit(world: World<'_>, checks: &[&'static Check], policy: &Policy, sink: &mut dyn FnMut(Outcome)) -> Coverage {
    let context = Context::under(world, policy);
    let mut checks = checks.to_vec();
    checks.sort_by_key(|check| check.id);
    let mut tell = |check: &'static Check, subject: Subject, verdict: Verdict, applies: Option<Severity>| {
        let own = match &verdict {
            Ok(Judgement::Fail(failure)) => failure.severity,
            _ => applies,
        };
        let severity = policy.severity(check).or(own).unwrap_or(check.severity);
        // Only what would count can be left out of account.
        let counts = matches!(verdict, Err(_) | Ok(Judgement::Fail(_)));
        let ignored = if counts { policy.ignored(check, &subject) } else { None };
        sink(Outcome { check, severity, subject, verdict, ignored });
    };

    let (mut stages, mut unread) = (Vec::new(), None);
    for stage in context.stages() {
        match stage {
            Ok(stage) => stages.push((context.stage_subject(&stage), stage)),
            Err(gap) => unread = unread.or(Some(gap)),
        }
    }
    stages.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));

    let (mut functions, mut unread_functions) = (Vec::new(), None);
    for function in context.functions() {
        match function {
            Ok(function) => functions.push(function),
            Err(gap) => unread_functions = Some(gap),
        }
    }
    functions.sort_by(|a, b| a.arn.cmp(&b.arn));
    let mut groups: Vec<_> =
        context.log_groups_in_use().into_iter().map(|group| (context.log_group_subject(&group.name), group)).collect();
    groups.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));

    let mut coverage = Coverage {
        stages: stages.len() as u64,
        functions: functions.len() as u64,
        gaps: context.gaps().collect(),
        checks: Vec::new(),
    };
    // `…::/account` sorts before `…::/apis/…` and `…::/restapis/…`.
    for &check in &checks {
        let (missed, unseen) = match check.judge {
            Judge::Account(judge) => {
                tell(check, context.account_subject(), judge(&context), None);
                (None, Unseen::None)
            }
            Judge::Stage(_) => (unread.clone(), Unseen::stages(&world.account.partition, world.region)),
            Judge::Function(..) => (unread_functions.clone(), Unseen::any_if(unread_functions.is_some())),
            // A stage or a function that was not seen may write to a group that was not seen.
            Judge::LogGroup(picks, judge) => {
                let from_functions = || unread_functions.clone().filter(|_| check.needs.contains(&Need::Functions));
                let unlisted = || {
                    let mut picked = groups.iter().map(|(_, group)| group).filter(|group| picks(group));
                    picked.find_map(|group| hangs_on_the_list(group, &context, || judge(group, &context)))
                };
                let named = || {
                    let rest = world.region.named_log_groups.rest.get().err();
                    rest.filter(|_| check.needs.contains(&Need::LogProbes))
                };
                let undelivered = || context.unseen_deliveries().filter(|_| check.needs.contains(&Need::LogDeliveries));
                let missed =
                    unread.clone().or_else(from_functions).or_else(undelivered).or_else(named).or_else(unlisted);
                let unseen = Unseen::any_if(missed.is_some());
                (missed, unseen)
            }
        };
        coverage.checks.push((check.id, unseen));
        if let Some(gap) = missed {
            tell(check, context.account_subject(), Err(gap), None);
        }
    }
    for (subject, stage) in &stages {
        for &check in &checks {
            if let Judge::Stage(judge) = check.judge {
                tell(check, subject.clone(), judge(stage, &context), None);
            }
        }
    }
    // ARNs of `apigateway` sort before those of `lambda`, and these before those of `logs`.
    for function in functions {
        for &check in &checks {
            if let Judge::Function(judge, applies) = check.judge {
                tell(check, function.subject(), judge(function, &context), applies(function, &context));
            }
        }
    }
    for (subject, group) in &groups {
        for &check in &checks {
            if let Judge::LogGroup(picks, judge) = check.judge
                && picks(group)
            {
                let verdict = judge(group, &context);
                // Said once for all of them, above.
                if hangs_on_the_list(group, &context, || verdict.clone()).is_none() {
                    tell(check, subject.clone(), verdict, None);
                }
            }
        }
    }
    coverage
}

/// Why the list of log groups could not be read, where that is what keeps a check from a verdict on `group`.
fn hangs_on_the_list(group: &LogGroupUse<'_>, context: &Context<'_>, verdict: impl FnOnce() -> Verdict) -> Option<Gap> {
    let unlisted = context.unlisted(&group.name)?;
    verdict().err().filter(|gap| *gap == unlisted)
}
