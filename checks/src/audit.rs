//! Runs the checks over one region and hands out their outcomes, sorted.

use gatelight_model::{
    Confidence, Gap, Need, Severity, Subject,
    inventory::{Function, StageOf},
};

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
    /// How sure it is that a failure does harm; high for any other verdict.
    pub confidence: Confidence,
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
/// Outcomes come sorted by subject ARN and check, so that nobody has to hold them all to sort them. A region that is closed
/// to the account has none, and covers nothing.
pub fn audit(scope: Scope<'_>, checks: &[&'static Check], policy: &Policy, sink: &mut dyn FnMut(Outcome)) -> Coverage {
    if scope.region.closed.is_some() {
        return Coverage::default();
    }
    let context = Context::under(scope, policy);
    let mut checks = checks.to_vec();
    checks.sort_by_key(|check| check.id);
    let subjects = Subjects::of(&context);
    let mut outcomes = Outcomes { policy, sink };
    let mut coverage = Coverage {
        stages: subjects.stages.len() as u64,
        functions: subjects.functions.len() as u64,
        gaps: context.gaps(),
        checks: Vec::new(),
    };
    // `…::/account` sorts before `…::/apis/…` and `…::/restapis/…`.
    for &check in &checks {
        coverage.checks.push((check.id, audit_account(check, &subjects, &context, &mut outcomes)));
    }
    // ARNs of `apigateway` sort before those of `lambda`, and these before those of `logs`.
    audit_stages(&subjects, &checks, &context, &mut outcomes);
    audit_functions(&subjects, &checks, &context, &mut outcomes);
    audit_log_groups(&subjects, &checks, &context, &mut outcomes);
    coverage
}

/// What is audited in a region, each kind sorted by ARN.
struct Subjects<'a> {
    stages: Vec<(Subject, StageOf<'a>)>,
    /// Why there may be stages that were not seen.
    unread_stages: Option<Gap>,
    functions: Vec<&'a Function>,
    /// Why there may be functions that were not seen.
    unread_functions: Option<Gap>,
    log_groups: Vec<(Subject, LogGroupUse<'a>)>,
}

impl<'a> Subjects<'a> {
    fn of(context: &Context<'a>) -> Self {
        let (mut stages, mut unread_stages) = (Vec::new(), None);
        for stage in context.stages() {
            match stage {
                Ok(stage) => stages.push((context.stage_subject(&stage), stage)),
                Err(gap) => unread_stages = unread_stages.or(Some(gap)),
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
        let log_groups = context.log_groups_in_use().into_iter();
        let mut log_groups: Vec<_> = log_groups.map(|group| (context.log_group_subject(&group.name), group)).collect();
        log_groups.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));
        Self { stages, unread_stages, functions, unread_functions, log_groups }
    }
}

/// Hands out outcomes as the owner's policy has them.
struct Outcomes<'o> {
    policy: &'o Policy,
    sink: &'o mut dyn FnMut(Outcome),
}

impl Outcomes<'_> {
    /// `applies`: how much the check matters to this subject, where the subject decides.
    fn emit(&mut self, check: &'static Check, subject: Subject, verdict: Verdict, applies: Option<Severity>) {
        let (own, confidence) = match &verdict {
            Ok(Judgement::Fail(failure)) => (failure.severity, failure.confidence),
            _ => (applies, Confidence::High),
        };
        let severity = self.policy.severity(check.id).or(own).unwrap_or(check.severity);
        // Only failures and unknowns can be ignored.
        let counts = matches!(verdict, Err(_) | Ok(Judgement::Fail(_)));
        let ignored = if counts { self.policy.ignored(check.id, &subject) } else { None };
        (self.sink)(Outcome { check, severity, confidence, subject, verdict, ignored });
    }
}

/// What is said about the account's settings in the region: the verdict of a check of the account, and of any other
/// check that subjects may have been missed. Returns which.
fn audit_account(
    check: &'static Check,
    subjects: &Subjects<'_>,
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_>,
) -> Unseen {
    let (missed, unseen) = match check.judge {
        Judge::Account(judge) => {
            outcomes.emit(check, context.account_subject(), judge(context), None);
            return Unseen::None;
        }
        Judge::Stage(_) => {
            (subjects.unread_stages.clone(), Unseen::stages(&context.account().partition, context.region()))
        }
        Judge::Function(..) => (subjects.unread_functions.clone(), Unseen::any_if(subjects.unread_functions.is_some())),
        Judge::LogGroup(picks, judge) => {
            let unlisted = || {
                let mut picked = subjects.log_groups.iter().map(|(_, group)| group).filter(|group| picks(group));
                picked.find_map(|group| caused_by_listing_gap(group, context, || judge(group, context)))
            };
            let missed = unread_writers(check, subjects, context).or_else(unlisted);
            let unseen = Unseen::any_if(missed.is_some());
            (missed, unseen)
        }
    };
    if let Some(gap) = missed {
        outcomes.emit(check, context.account_subject(), Err(gap), None);
    }
    unseen
}

/// Why there may be log groups that a check of log groups was not asked about: a stage, a function or a delivery that
/// was not seen may write to a group that was not seen, and so may the owner have named one.
fn unread_writers(check: &Check, subjects: &Subjects<'_>, context: &Context<'_>) -> Option<Gap> {
    let from_functions = || subjects.unread_functions.clone().filter(|_| check.needs.contains(&Need::Functions));
    let undelivered = || context.unseen_deliveries().filter(|_| check.needs.contains(&Need::LogDeliveries));
    let named = || {
        let rest = context.region().named_log_groups.rest.get().err();
        rest.filter(|_| check.needs.contains(&Need::LogProbes))
    };
    subjects.unread_stages.clone().or_else(from_functions).or_else(undelivered).or_else(named)
}

fn audit_stages(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_>,
) {
    for (subject, stage) in &subjects.stages {
        for &check in checks {
            if let Judge::Stage(judge) = check.judge {
                outcomes.emit(check, subject.clone(), judge(stage, context), None);
            }
        }
    }
}

fn audit_functions(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_>,
) {
    for &function in &subjects.functions {
        for &check in checks {
            if let Judge::Function(judge, applies) = check.judge {
                let verdict = judge(function, context);
                outcomes.emit(check, function.subject(), verdict, applies(function, context));
            }
        }
    }
}

fn audit_log_groups(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_>,
) {
    for (subject, group) in &subjects.log_groups {
        for &check in checks {
            if let Judge::LogGroup(picks, judge) = check.judge
                && picks(group)
            {
                let verdict = judge(group, context);
                // Reported once for all of them, about the account.
                if caused_by_listing_gap(group, context, || verdict.clone()).is_none() {
                    outcomes.emit(check, subject.clone(), verdict, None);
                }
            }
        }
    }
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
