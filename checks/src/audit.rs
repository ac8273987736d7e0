//! Runs the checks over one region and hands out their outcomes, sorted.

use gatelight_model::{Confidence, Gap, Need, Severity, Subject};

use crate::{
    check::{Check, Judge},
    context::{Context, LogGroupUse, Scope},
    coverage::{Coverage, Unseen},
    policy::Policy,
    subjects::Subjects,
    verdict::{Judgement, Verdict},
    visibility::{About, Gatherer, SubjectVisibility},
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
    let subjects = Subjects::of(&context);
    run(&context, &subjects, checks, &mut Outcomes { policy, sink, visibility: None })
}

/// The same, and then how much there is to see of each stage and function, sorted by ARN.
pub fn audit_visibility(
    scope: Scope<'_>,
    checks: &[&'static Check],
    policy: &Policy,
    sink: &mut dyn FnMut(Outcome),
    visible: &mut dyn FnMut(SubjectVisibility),
) -> Coverage {
    if scope.region.closed.is_some() {
        return Coverage::default();
    }
    let context = Context::under(scope, policy);
    let subjects = Subjects::of(&context);
    let mut outcomes = Outcomes { policy, sink, visibility: Some(Gatherer::new(&subjects, &context)) };
    let coverage = run(&context, &subjects, checks, &mut outcomes);
    if let Some(visibility) = outcomes.visibility {
        visibility.finish(checks, policy, visible);
    }
    coverage
}

/// What the checks say about each signal of each stage and function, by ARN.
#[cfg(test)]
pub(crate) fn signal_values(
    scope: Scope<'_>,
    checks: &[&'static Check],
    policy: &Policy,
    sink: &mut dyn FnMut(Outcome),
) -> Vec<(String, crate::visibility::Signal, crate::visibility::SignalValue)> {
    let context = Context::under(scope, policy);
    let subjects = Subjects::of(&context);
    let mut outcomes = Outcomes { policy, sink, visibility: Some(Gatherer::new(&subjects, &context)) };
    run(&context, &subjects, checks, &mut outcomes);
    outcomes.visibility.map(|visibility| visibility.values()).unwrap_or_default()
}

fn run(
    context: &Context<'_>,
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    outcomes: &mut Outcomes<'_, '_, '_>,
) -> Coverage {
    let mut checks = checks.to_vec();
    checks.sort_by_key(|check| check.id);
    let mut coverage = Coverage {
        stages: subjects.stages.len() as u64,
        functions: subjects.functions.len() as u64,
        gaps: context.gaps(),
        checks: Vec::new(),
    };
    // `…::/account` sorts before `…::/apis/…` and `…::/restapis/…`.
    for &check in &checks {
        coverage.checks.push((check.id, audit_account(check, subjects, context, outcomes)));
    }
    // ARNs of `apigateway` sort before those of `lambda`, and these before those of `logs`.
    audit_stages(subjects, &checks, context, outcomes);
    audit_functions(subjects, &checks, context, outcomes);
    audit_log_groups(subjects, &checks, context, outcomes);
    coverage
}

/// Hands out outcomes as the owner's policy has them.
struct Outcomes<'o, 's, 'a> {
    policy: &'o Policy,
    sink: &'o mut dyn FnMut(Outcome),
    /// Takes in each outcome, where it is asked for.
    visibility: Option<Gatherer<'s, 'a>>,
}

impl Outcomes<'_, '_, '_> {
    /// `applies`: how much the check matters to this subject, where the subject decides.
    fn emit(
        &mut self,
        check: &'static Check,
        subject: Subject,
        verdict: Verdict,
        applies: Option<Severity>,
        about: About<'_, '_>,
    ) {
        let (own, confidence) = match &verdict {
            Ok(Judgement::Fail(failure)) => (failure.severity, failure.confidence),
            _ => (applies, Confidence::High),
        };
        let severity = self.policy.severity(check.id).or(own).unwrap_or(check.severity);
        // Only failures and unknowns can be ignored.
        let counts = matches!(verdict, Err(_) | Ok(Judgement::Fail(_)));
        let ignored = if counts { self.policy.ignored(check.id, &subject) } else { None };
        if let Some(visibility) = &mut self.visibility {
            visibility.add(check, &subject.arn, &verdict, ignored.is_some(), about);
        }
        (self.sink)(Outcome { check, severity, confidence, subject, verdict, ignored });
    }
}

impl Outcomes<'_, '_, '_> {
    /// What the account's outcome of a check says about a log group that could not be judged, as the list of groups could
    /// not be read.
    fn add_unlisted(
        &mut self,
        check: &'static Check,
        context: &Context<'_>,
        verdict: &Verdict,
        group: &LogGroupUse<'_>,
    ) {
        if let Some(visibility) = &mut self.visibility {
            let account = context.account_subject();
            let ignored = self.policy.ignored(check.id, &account).is_some();
            visibility.add(check, &account.arn, verdict, ignored, About::LogGroup(group));
        }
    }

    /// What it says about stages whose logs may be delivered to log groups that were not seen.
    fn add_unseen_deliveries(&mut self, check: &'static Check, context: &Context<'_>, gap: Gap) {
        if let Some(visibility) = &mut self.visibility {
            let account = context.account_subject();
            let ignored = self.policy.ignored(check.id, &account).is_some();
            visibility.add_unseen_deliveries(check, &account.arn, &Err(gap), ignored);
        }
    }
}

/// What is said about the account's settings in the region: the verdict of a check of the account, and of any other
/// check that subjects may have been missed. Returns which.
fn audit_account(
    check: &'static Check,
    subjects: &Subjects<'_>,
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_, '_, '_>,
) -> Unseen {
    let (missed, unseen) = match check.judge {
        Judge::Account(judge) => {
            outcomes.emit(check, context.account_subject(), judge(context), None, About::Account);
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
        outcomes.emit(check, context.account_subject(), Err(gap), None, About::Account);
    }
    if let Some(gap) = unseen_deliveries(check, context) {
        outcomes.add_unseen_deliveries(check, context, gap);
    }
    unseen
}

/// Why there may be log groups that a check of log groups was not asked about: a stage, a function or a delivery that
/// was not seen may write to a group that was not seen, and so may the owner have named one.
fn unread_writers(check: &Check, subjects: &Subjects<'_>, context: &Context<'_>) -> Option<Gap> {
    let from_functions = || subjects.unread_functions.clone().filter(|_| check.needs.contains(&Need::Functions));
    let undelivered = || unseen_deliveries(check, context);
    let named = || {
        let rest = context.region().named_log_groups.rest.get().err();
        rest.filter(|_| check.needs.contains(&Need::LogProbes))
    };
    subjects.unread_stages.clone().or_else(from_functions).or_else(undelivered).or_else(named)
}

/// Why there may be deliveries to log groups that a check of log groups was not asked about.
fn unseen_deliveries(check: &Check, context: &Context<'_>) -> Option<Gap> {
    context.unseen_deliveries().filter(|_| check.needs.contains(&Need::LogDeliveries))
}

fn audit_stages(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_, '_, '_>,
) {
    for (at, (subject, stage)) in subjects.stages.iter().enumerate() {
        for &check in checks {
            if let Judge::Stage(judge) = check.judge {
                outcomes.emit(check, subject.clone(), judge(stage, context), None, About::Row(at));
            }
        }
    }
}

fn audit_functions(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_, '_, '_>,
) {
    for (&function, at) in subjects.functions.iter().zip(subjects.stages.len()..) {
        for &check in checks {
            if let Judge::Function(judge, applies) = check.judge {
                let verdict = judge(function, context);
                let severity = applies(function, context);
                outcomes.emit(check, function.subject(), verdict, severity, About::Row(at));
            }
        }
    }
}

fn audit_log_groups(
    subjects: &Subjects<'_>,
    checks: &[&'static Check],
    context: &Context<'_>,
    outcomes: &mut Outcomes<'_, '_, '_>,
) {
    for (subject, group) in &subjects.log_groups {
        for &check in checks {
            if let Judge::LogGroup(picks, judge) = check.judge
                && picks(group)
            {
                let verdict = judge(group, context);
                // Reported once for all of them, about the account.
                if caused_by_listing_gap(group, context, || verdict.clone()).is_none() {
                    outcomes.emit(check, subject.clone(), verdict, None, About::LogGroup(group));
                } else {
                    outcomes.add_unlisted(check, context, &verdict, group);
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
