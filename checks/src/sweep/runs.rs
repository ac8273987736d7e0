//! The checks run over one inventory whose facts are hidden in place. A check runs again only where a fact that it read
//! has changed: an audit is a pure function of the facts that it reads.

use std::{any::Any, collections::BTreeSet};

use gatelight_model::{Gap, sweep::reads};
use serde_json::Value;

use super::{
    Known, assert_says_less, checks, fact_at, known, known_of,
    visibility::{Values, assert_shows_less},
};
use crate::{
    Check, Policy,
    audit::signal_values,
    testing::{Inventory, denied},
};

/// What a check said when it last ran, and the facts that it read.
#[derive(Clone)]
struct Run {
    check: &'static Check,
    known: Known,
    /// What it says about signals.
    values: Values,
    reads: BTreeSet<usize>,
}

impl Run {
    fn new(check: &'static Check, inventory: &Inventory) -> Self {
        let ((known, values), reads) = reads(|| {
            let mut outcomes = Vec::new();
            let values =
                signal_values(inventory.scope(), &[check], &Policy::default(), &mut |outcome| outcomes.push(outcome));
            (known_of(outcomes), values)
        });
        let values = values.into_iter().map(|(subject, signal, value)| ((subject, signal), value)).collect();
        Self { check, known, values, reads }
    }
}

/// An inventory, and what each check says about it.
pub(super) struct Runs {
    /// Boxed, so that facts keep their addresses.
    inventory: Box<Inventory>,
    runs: Vec<Run>,
}

/// What the checks that ran again said before and after.
pub(super) struct Changes(Vec<(Run, Run)>);

impl Changes {
    pub(super) fn assert_say_less(&self, hidden: &str) {
        for (before, after) in &self.0 {
            assert_says_less(&before.known, &after.known, hidden);
            assert_shows_less(after.check, &before.values, &after.values, hidden);
        }
    }

    /// The checks whose outcomes changed.
    pub(super) fn touched(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(before, after)| before.known != after.known).map(|(run, _)| run.check.id)
    }
}

impl Runs {
    pub(super) fn new(inventory: Inventory) -> Self {
        let inventory = Box::new(inventory);
        let runs = checks().into_iter().map(|check| Run::new(check, &inventory)).collect();
        let runs = Self { inventory, runs };
        runs.assert_are_those_of_one_audit("as it is");
        runs
    }

    /// The inventory as it is saved.
    pub(super) fn saved(&self) -> Value {
        serde_json::to_value(&*self.inventory).expect("serialises")
    }

    /// Hides a fact for good; none if it is gone already.
    pub(super) fn hide(&mut self, pointer: &str) -> Option<Changes> {
        let (fact, _) = self.put_gap(pointer, denied("sweep:Hide"))?;
        let again = self.run_again(fact);
        let mut changes = Vec::new();
        for run in again {
            let before = self.runs.iter_mut().find(|before| before.check == run.check).expect("its run");
            changes.push((std::mem::replace(before, run.clone()), run));
        }
        Some(Changes(changes))
    }

    /// What changes while `gap` stands in the place of a fact. `meanwhile` runs while it does.
    pub(super) fn hide_for_now(&mut self, pointer: &str, gap: Gap, meanwhile: impl FnOnce(&Self, &Changes)) -> Changes {
        let (fact, was) = self.put_gap(pointer, gap).expect("a fact");
        let again = self.run_again(fact).into_iter().map(|run| {
            let before = self.runs.iter().find(|before| before.check == run.check).expect("its run");
            (before.clone(), run)
        });
        let changes = Changes(again.collect());
        meanwhile(self, &changes);
        fact_at(&mut self.inventory, pointer).expect("its gap").restore(was);
        changes
    }

    fn put_gap(&mut self, pointer: &str, gap: Gap) -> Option<(usize, Box<dyn Any>)> {
        let fact = fact_at(&mut self.inventory, pointer)?;
        Some((fact.address(), fact.hide(gap)))
    }

    fn run_again(&self, fact: usize) -> Vec<Run> {
        let readers = self.runs.iter().filter(|run| run.reads.contains(&fact));
        readers.map(|run| Run::new(run.check, &self.inventory)).collect()
    }

    /// What all checks said, each as it last ran.
    fn known(&self) -> Known {
        self.runs.iter().flat_map(|run| run.known.clone()).collect()
    }

    /// One audit with all checks says what each said alone, or would say if it ran again.
    pub(super) fn assert_are_those_of_one_audit(&self, how: &str) {
        assert_eq!(known(&self.inventory), self.known(), "{how}");
    }

    /// The same while some changed.
    pub(super) fn assert_no_other_changed(&self, changes: &Changes, how: &str) {
        let mut expected = self.known();
        for (_, after) in &changes.0 {
            expected.retain(|(id, _), _| *id != after.check.id);
            expected.extend(after.known.clone());
        }
        assert_eq!(known(&self.inventory), expected, "{how}");
    }
}
