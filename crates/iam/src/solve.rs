//! The decision for every value that unknown condition keys could have, found by case analysis.
//!
//! A single evaluation would be undetermined too often: one unknown key may occur in both an Allow and a Deny. So each
//! such key is assumed to be absent, and then to have each of its [candidate values](crate::candidates).

use crate::{
    candidates::{KeyCandidates, candidates},
    document::{Effect, Statement},
    evaluation::{Evaluation, ImplicitDeny, PartialDecision, StatementRef, Uncertainty},
    keys::{ConditionKeys, PossibleValue},
    statement::RequestView,
    truth::{Truth, UnknownReason},
};

/// The decision over all cases.
#[derive(Clone, Debug)]
pub(super) enum Solution<'a> {
    /// By this statement; a root user needs none.
    Allowed(Option<StatementRef<'a>>),
    ExplicitDeny(StatementRef<'a>),
    ImplicitDeny(ImplicitDeny),
    Undetermined(Uncertainty<'a>),
}

/// Limits on the work, as hostile policies could ask for more than there is time: how many cases are evaluated for the
/// decision, how many to find out which keys matter, and how many statements in all cases together.
const MAX_CASES: usize = 20_000;
const MAX_EXPLAINED_CASES: usize = 2_000;
const MAX_STATEMENTS: usize = 1_000_000;

/// How many cases there is time for, at most `max`.
fn case_limit(evaluation: &Evaluation<'_>, max: usize) -> usize {
    let documents = evaluation.groups().flat_map(|(group, _)| &group.documents);
    let statements: usize = documents.map(|document| document.statements.len()).sum();
    (MAX_STATEMENTS / (statements + 1)).clamp(16, max)
}

/// Decides the request for all values that unknown keys could have.
pub(super) fn solve<'a>(evaluation: &Evaluation<'a>, keys: &ConditionKeys) -> Solution<'a> {
    let first = match evaluation.evaluate(keys) {
        PartialDecision::Allowed(statement) => return Solution::Allowed(statement),
        PartialDecision::ExplicitDeny(statement) => return Solution::ExplicitDeny(statement),
        PartialDecision::ImplicitDeny(deny) => return Solution::ImplicitDeny(deny),
        // Denied in every case; only the kind of denial depends on unknown keys.
        PartialDecision::SomeDeny(deny) => Err(deny),
        PartialDecision::Undetermined(why) => Ok(why),
    };
    let mut seen = CaseDecisions::default();
    let limit = case_limit(evaluation, MAX_CASES);
    for_each_case(evaluation, keys, &unknown_keys(evaluation, keys), limit, &mut |decision| seen.add(decision));
    match (seen, first) {
        (CaseDecisions { undetermined: false, allowed: Some(AllowedBy(by)), explicit: None, implicit: None }, _) => {
            Solution::Allowed(by)
        }
        (CaseDecisions { undetermined: false, allowed: None, explicit: Some(by), implicit: None }, _) => {
            Solution::ExplicitDeny(by)
        }
        (CaseDecisions { undetermined: false, allowed: None, implicit: Some(deny), .. }, _) | (_, Err(deny)) => {
            Solution::ImplicitDeny(deny)
        }
        (_, Ok(why)) => Solution::Undetermined(why),
    }
}

/// The statement that allowed the request; a root user needs none.
#[derive(Clone, Copy)]
struct AllowedBy<'a>(Option<StatementRef<'a>>);

/// The first decision of each kind among the cases seen so far.
#[derive(Default)]
struct CaseDecisions<'a> {
    undetermined: bool,
    allowed: Option<AllowedBy<'a>>,
    explicit: Option<StatementRef<'a>>,
    implicit: Option<ImplicitDeny>,
}

impl<'a> CaseDecisions<'a> {
    /// Adds the decision of one case, `None` where the limit was reached. Returns whether further cases matter.
    fn add(&mut self, decision: Option<PartialDecision<'a>>) -> bool {
        match decision {
            Some(PartialDecision::Allowed(by)) => self.allowed = self.allowed.or(Some(AllowedBy(by))),
            Some(PartialDecision::ExplicitDeny(by)) => self.explicit = self.explicit.or(Some(by)),
            Some(PartialDecision::ImplicitDeny(deny) | PartialDecision::SomeDeny(deny)) => {
                self.implicit = self.implicit.take().or(Some(deny));
            }
            Some(PartialDecision::Undetermined(_)) | None => self.undetermined = true,
        }
        !self.undetermined && (self.allowed.is_none() || (self.explicit.is_none() && self.implicit.is_none()))
    }
}

/// Evaluates every case, a combination of candidate values for the unknown keys, and passes each decision to `visit`
/// until that returns false. Passes `None` when `limit` is reached.
fn for_each_case<'a>(
    evaluation: &Evaluation<'a>,
    keys: &ConditionKeys,
    unknown: &[KeyCandidates],
    limit: usize,
    visit: &mut dyn FnMut(Option<PartialDecision<'a>>) -> bool,
) {
    let mut keys = keys.clone();
    // A depth-first search. For each key that has an assumed value: the values still to try, and what was known before.
    let mut path: Vec<(std::slice::Iter<'_, PossibleValue>, _)> = Vec::new();
    for _ in 0..limit {
        let decision = evaluation.evaluate(&keys);
        let next = unknown.get(path.len()).map(|key| (key, key.values.iter()));
        if matches!(decision, PartialDecision::Undetermined(_) | PartialDecision::SomeDeny(_))
            && let Some((key, mut values)) = next
            && let Some(first) = values.next()
        {
            path.push((values, keys.assume(&key.lower, first.clone())));
            continue;
        }
        if !visit(Some(decision)) {
            return;
        }
        loop {
            let Some((mut values, before)) = path.pop() else { return };
            let key = &unknown[path.len()];
            keys.restore(&key.lower, before);
            if let Some(value) = values.next() {
                path.push((values, keys.assume(&key.lower, value.clone())));
                break;
            }
        }
    }
    visit(None);
}

/// A statement that may or may not apply, the request as it sees it, and why that is not known.
type UncertainStatement<'a> = (StatementRef<'a>, RequestView<'a>, UnknownReason);

fn uncertain_statements<'a>(evaluation: &Evaluation<'a>, keys: &ConditionKeys) -> Vec<UncertainStatement<'a>> {
    let mut uncertain = Vec::new();
    for (group, request) in evaluation.groups() {
        for document in &group.documents {
            for statement in &document.statements {
                let applies = |effect| match statement.applies(effect, request, keys) {
                    Truth::Unknown(why) => Some(why),
                    Truth::True | Truth::False => None,
                };
                if let Some(why) = applies(Effect::Allow).or_else(|| applies(Effect::Deny)) {
                    uncertain.push(((*document, statement), request, why));
                }
            }
        }
    }
    uncertain
}

/// The unknown keys that some statement depends on, with their candidate values.
fn unknown_keys(evaluation: &Evaluation<'_>, keys: &ConditionKeys) -> Vec<KeyCandidates> {
    let uncertain = uncertain_statements(evaluation, keys);
    let statements: Vec<(&Statement, RequestView<'_>)> =
        uncertain.iter().map(|((_, statement), request, _)| (*statement, *request)).collect();
    candidates(&statements, keys)
}

/// Why a request is undetermined.
#[derive(Debug, Default)]
pub(super) struct Explanation {
    /// The keys that could change the decision, as the policies spell them.
    pub(super) missing_keys: Vec<String>,
    /// What the engine does not understand.
    pub(super) problems: Vec<String>,
}

/// Explains why a request is undetermined.
pub(super) fn explain(evaluation: &Evaluation<'_>, keys: &ConditionKeys) -> Explanation {
    let unknown = unknown_keys(evaluation, keys);
    let count = unknown.iter().try_fold(1_usize, |count, key| count.checked_mul(key.values.len()));
    let Some(count) = count.filter(|count| *count <= case_limit(evaluation, MAX_EXPLAINED_CASES)) else {
        let missing_keys = unknown.into_iter().map(|key| key.key).collect();
        return Explanation { missing_keys, problems: problems(evaluation, keys) };
    };
    let mut explanation = Explanation::default();
    // Whether it is allowed in each case. The values of the last key change fastest.
    let mut allowed = Vec::with_capacity(count);
    for number in 0..count {
        let mut assumed = keys.clone();
        let mut rest = number;
        for key in unknown.iter().rev() {
            assumed.assume(&key.lower, key.values[rest % key.values.len()].clone());
            rest /= key.values.len();
        }
        allowed.push(match evaluation.evaluate(&assumed) {
            PartialDecision::Allowed(_) => Some(true),
            PartialDecision::Undetermined(_) => {
                for problem in problems(evaluation, &assumed) {
                    if !explanation.problems.contains(&problem) {
                        explanation.problems.push(problem);
                    }
                }
                None
            }
            PartialDecision::ExplicitDeny(_) | PartialDecision::ImplicitDeny(_) | PartialDecision::SomeDeny(_) => {
                Some(false)
            }
        });
    }
    let mut stride = count;
    for key in unknown {
        let values = key.values.len();
        stride /= values;
        // Two cases that differ in this key alone.
        if (0..count).any(|number| (number / stride) % values != 0 && allowed[number] != allowed[number - stride]) {
            explanation.missing_keys.push(key.key);
        }
    }
    explanation
}

/// Everything that the engine does not understand and that could change the decision.
fn problems(evaluation: &Evaluation<'_>, keys: &ConditionKeys) -> Vec<String> {
    let mut problems = Vec::new();
    for (group, _) in evaluation.groups() {
        problems.extend(group.unread.map(ToString::to_string));
    }
    for ((document, statement), _, why) in uncertain_statements(evaluation, keys) {
        if let UnknownReason::NotUnderstood(text) = why {
            problems.push(format!("statement {} of {}: {text}", statement.name, document.name()));
        }
    }
    if problems.is_empty()
        && let PartialDecision::Undetermined(Uncertainty::Account) = evaluation.evaluate(keys)
    {
        problems.push("whether the resource belongs to the principal's account is not known".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests;
