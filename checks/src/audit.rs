//! Runs the checks over one region and hands out their outcomes, sorted.

use gatelight_model::{Gap, Need, Severity, Subject};

use crate::{
    check::{Check, Judge},
    context::{Context, LogGroupUse, Scope},
    coverage::{Coverage, Unseen},
    policy::Policy,
    verdict::{Judgement, Verdict},
};

/// What one check found about one subject.
#[derive(Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// How much it matters here: as the owner set it, else as the failure has it, else as the check has it.
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
pub fn audit(scope: Scope<'_>, checks: &[&'static Check], policy: &Policy, sink: &mut dyn FnMut(Outcome)) -> Coverage {
    let context = Context::under(scope, policy);
    let mut checks = checks.to_vec();
    checks.sort_by_key(|check| check.id);
    let mut emit = |check: &'static Check, subject: Subject, verdict: Verdict, applies: Option<Severity>| {
        let own = match &verdict {
            Ok(Judgement::Fail(failure)) => failure.severity,
            _ => applies,
        };
        let severity = policy.severity(check.id).or(own).unwrap_or(check.severity);
        // Only failures and unknowns can be ignored.
        let counts = matches!(verdict, Err(_) | Ok(Judgement::Fail(_)));
        let ignored = if counts { policy.ignored(check.id, &subject) } else { None };
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
        gaps: context.gaps(),
        checks: Vec::new(),
    };
    // `…::/account` sorts before `…::/apis/…` and `…::/restapis/…`.
    for &check in &checks {
        let (missed, unseen) = match check.judge {
            Judge::Account(judge) => {
                emit(check, context.account_subject(), judge(&context), None);
                (None, Unseen::None)
            }
            Judge::Stage(_) => (unread.clone(), Unseen::stages(&scope.account.partition, scope.region)),
            Judge::Function(..) => (unread_functions.clone(), Unseen::any_if(unread_functions.is_some())),
            // A stage or a function that was not seen may write to a group that was not seen.
            Judge::LogGroup(picks, judge) => {
                let from_functions = || unread_functions.clone().filter(|_| check.needs.contains(&Need::Functions));
                let unlisted = || {
                    let mut picked = groups.iter().map(|(_, group)| group).filter(|group| picks(group));
                    picked.find_map(|group| caused_by_listing_gap(group, &context, || judge(group, &context)))
                };
                let named = || {
                    let rest = scope.region.named_log_groups.rest.get().err();
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
            emit(check, context.account_subject(), Err(gap), None);
        }
    }
    for (subject, stage) in &stages {
        for &check in &checks {
            if let Judge::Stage(judge) = check.judge {
                emit(check, subject.clone(), judge(stage, &context), None);
            }
        }
    }
    // ARNs of `apigateway` sort before those of `lambda`, and these before those of `logs`.
    for function in functions {
        for &check in &checks {
            if let Judge::Function(judge, applies) = check.judge {
                emit(check, function.subject(), judge(function, &context), applies(function, &context));
            }
        }
    }
    for (subject, group) in &groups {
        for &check in &checks {
            if let Judge::LogGroup(picks, judge) = check.judge
                && picks(group)
            {
                let verdict = judge(group, &context);
                // Reported once for all of them, above.
                if caused_by_listing_gap(group, &context, || verdict.clone()).is_none() {
                    emit(check, subject.clone(), verdict, None);
                }
            }
        }
    }
    coverage
}

/// Why the list of log groups could not be read, where that is what keeps a check from a verdict on `group`.
fn caused_by_listing_gap(
    group: &LogGroupUse<'_>,
    context: &Context<'_>,
    verdict: impl FnOnce() -> Verdict,
) -> Option<Gap> {
    let unlisted = context.unlisted(&group.name)?;
    verdict().err().filter(|gap| *gap == unlisted)
}
