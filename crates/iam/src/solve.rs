//! What policies decide, whatever the keys are that are not known: by case, over values that stand for all others.
//!
//! The answer of three values alone would be unsure too often: the same key that is not known may stand in an Allow and in
//! a Deny. So each such key is supposed to be absent, and to have each of the values that its conditions can tell apart.

use super::{
    answer::{Answer, Why},
    document::{Effect, Statement},
    keys::{Keys, Possible},
    statement::Ask,
};
use crate::{
    candidates::{Choice, choices},
    evaluation::{Case, ImplicitDeny, Place, Rule, Uncertainty},
};

/// What is decided.
#[derive(Clone, Debug)]
pub(super) enum Solved<'a> {
    /// By this statement; a root user needs none.
    Allowed(Option<Place<'a>>),
    Explicit(Place<'a>),
    Implicit(ImplicitDeny),
    Undetermined(Uncertainty<'a>),
}

/// How many cases are looked at before it is given up, and how many to tell which keys matter. Hostile policies could
/// ask for more than there is time; so also, how many statements are looked at in all of them.
const BUDGET: usize = 20_000;
const EXPLAINED: usize = 2_000;
const STATEMENTS: usize = 1_000_000;

/// As many cases as there is time for, of no more than `most`.
fn budget(case: &Case<'_>, most: usize) -> usize {
    let documents = case.groups().flat_map(|(group, _)| &group.documents);
    let statements: usize = documents.map(|document| document.statements.len()).sum();
    (STATEMENTS / (statements + 1)).clamp(16, most)
}

/// Decides a case.
pub(super) fn solve<'a>(case: &Case<'a>, keys: &Keys) -> Solved<'a> {
    let doubt = match case.rule(keys) {
        Rule::Allowed(place) => return Solved::Allowed(place),
        Rule::Explicit(place) => return Solved::Explicit(place),
        Rule::Implicit(lack) => return Solved::Implicit(lack),
        // Only the kind of denial hangs on what is not known.
        Rule::Denied(lack) => Err(lack),
        Rule::Open(doubt) => Ok(doubt),
    };
    let mut seen = Seen::default();
    walk(case, keys, &open(case, keys), budget(case, BUDGET), &mut |rule| seen.add(rule));
    match (seen, doubt) {
        (Seen { open: false, allowed: Some(Grantor(place)), explicit: None, implicit: None }, _) => {
            Solved::Allowed(place)
        }
        (Seen { open: false, allowed: None, explicit: Some(place), implicit: None }, _) => Solved::Explicit(place),
        (Seen { open: false, allowed: None, implicit: Some(lack), .. }, _) | (_, Err(lack)) => Solved::Implicit(lack),
        (_, Ok(doubt)) => Solved::Undetermined(doubt),
    }
}

/// The statement that allowed it; a root user needs none.
#[derive(Clone, Copy)]
struct Grantor<'a>(Option<Place<'a>>);

/// What the cases came to.
#[derive(Default)]
struct Seen<'a> {
    open: bool,
    allowed: Option<Grantor<'a>>,
    explicit: Option<Place<'a>>,
    implicit: Option<ImplicitDeny>,
}

impl<'a> Seen<'a> {
    /// Whether to go on.
    fn add(&mut self, rule: Option<Rule<'a>>) -> bool {
        match rule {
            Some(Rule::Allowed(place)) => self.allowed = self.allowed.or(Some(Grantor(place))),
            Some(Rule::Explicit(place)) => self.explicit = self.explicit.or(Some(place)),
            Some(Rule::Implicit(lack) | Rule::Denied(lack)) => self.implicit = self.implicit.take().or(Some(lack)),
            Some(Rule::Open(_)) | None => self.open = true,
        }
        !self.open && (self.allowed.is_none() || (self.explicit.is_none() && self.implicit.is_none()))
    }
}

/// Asks the policies in every case, until `tell` has heard enough. It hears of no rule where the budget is spent.
fn walk<'a>(
    case: &Case<'a>,
    keys: &Keys,
    open: &[Choice],
    budget: usize,
    tell: &mut dyn FnMut(Option<Rule<'a>>) -> bool,
) {
    let mut keys = keys.clone();
    // For each of the first choices, the values that are still to be supposed, and what was known of its key before.
    let mut path: Vec<(std::slice::Iter<'_, Possible>, _)> = Vec::new();
    for _ in 0..budget {
        let rule = case.rule(&keys);
        let next = open.get(path.len()).map(|choice| (choice, choice.values.iter()));
        if matches!(rule, Rule::Open(_) | Rule::Denied(_))
            && let Some((choice, mut values)) = next
            && let Some(first) = values.next()
        {
            path.push((values, keys.suppose(&choice.lower, first.clone())));
            continue;
        }
        if !tell(Some(rule)) {
            return;
        }
        loop {
            let Some((mut values, before)) = path.pop() else { return };
            let choice = &open[path.len()];
            keys.restore(&choice.lower, before);
            if let Some(value) = values.next() {
                path.push((values, keys.suppose(&choice.lower, value.clone())));
                break;
            }
        }
    }
    tell(None);
}

/// The statements that may apply or not, each with how it is asked.
fn doubtful<'a>(case: &Case<'a>, keys: &Keys) -> Vec<(Place<'a>, Ask<'a>, Why)> {
    let mut doubtful = Vec::new();
    for (group, ask) in case.groups() {
        for document in &group.documents {
            for statement in &document.statements {
                let applies = |effect| match statement.applies(effect, ask, keys) {
                    Answer::Unknown(why) => Some(why),
                    Answer::Yes | Answer::No => None,
                };
                if let Some(why) = applies(Effect::Allow).or_else(|| applies(Effect::Deny)) {
                    doubtful.push(((*document, statement), ask, why));
                }
            }
        }
    }
    doubtful
}

/// The keys that are not known, on which some statement hangs, and the values that stand for all that they may have.
fn open(case: &Case<'_>, keys: &Keys) -> Vec<Choice> {
    let doubtful = doubtful(case, keys);
    let statements: Vec<(&Statement, Ask<'_>)> = doubtful.iter().map(|((_, own), ask, _)| (*own, *ask)).collect();
    choices(&statements, keys)
}

/// Why a case is undetermined.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// The keys that could turn it, as the policies spell them.
    pub(super) keys: Vec<String>,
    /// What is not understood.
    pub(super) problems: Vec<String>,
}

/// Tells why a case is undetermined.
pub(super) fn explain(case: &Case<'_>, keys: &Keys) -> Explained {
    let open = open(case, keys);
    let count = open.iter().try_fold(1_usize, |count, choice| count.checked_mul(choice.values.len()));
    let Some(count) = count.filter(|count| *count <= budget(case, EXPLAINED)) else {
        let keys_that_may = open.into_iter().map(|choice| choice.key).collect();
        return Explained { keys: keys_that_may, problems: problems(case, keys) };
    };
    let mut explained = Explained::default();
    // The answer in every case; the first choice turns slowest.
    let mut answers = Vec::with_capacity(count);
    for number in 0..count {
        let mut supposed = keys.clone();
        let mut rest = number;
        for choice in open.iter().rev() {
            supposed.suppose(&choice.lower, choice.values[rest % choice.values.len()].clone());
            rest /= choice.values.len();
        }
        answers.push(match case.rule(&supposed) {
            Rule::Allowed(_) => Some(true),
            Rule::Open(_) => {
                for problem in problems(case, &supposed) {
                    if !explained.problems.contains(&problem) {
                        explained.problems.push(problem);
                    }
                }
                None
            }
            Rule::Explicit(_) | Rule::Implicit(_) | Rule::Denied(_) => Some(false),
        });
    }
    let mut stride = count;
    for choice in open {
        let values = choice.values.len();
        stride /= values;
        // Two cases that differ in this key alone.
        if (0..count).any(|number| (number / stride) % values != 0 && answers[number] != answers[number - stride]) {
            explained.keys.push(choice.key);
        }
    }
    explained
}

/// What is not understood and may bear on the case.
fn problems(case: &Case<'_>, keys: &Keys) -> Vec<String> {
    let mut problems = Vec::new();
    for (group, _) in case.groups() {
        problems.extend(group.unread.map(ToString::to_string));
    }
    for ((document, statement), _, why) in doubtful(case, keys) {
        if let Why::Problem(text) = why {
            problems.push(format!("statement {} of {}: {text}", statement.name, document.name()));
        }
    }
    if problems.is_empty()
        && let Rule::Open(Uncertainty::Account) = case.rule(keys)
    {
        problems.push("whether the resource belongs to the principal's account is not known".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests;
