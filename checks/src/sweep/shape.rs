//! A file that lacks something is never read as an answer, and the scenarios leave nothing unswept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::Value;

use super::{Runs, answer, assert_says_less, each_scenario, fact_at, is_gap, kind_of, known, nodes, read, scenarios};
use crate::testing::Inventory;

/// One pointer of each kind in a scenario: what a missing key does hangs on the type, not on the subject.
fn one_of_each(inventory: &Value) -> Vec<String> {
    let mut kinds = BTreeSet::new();
    // With its `ok`: the answer and the fact that holds it are two nodes.
    let kind = |at: &str| (kind_of(at), at.ends_with("/ok"));
    nodes(inventory).into_iter().filter(|at| !at.is_empty() && kinds.insert(kind(at))).collect()
}

/// The parts of a saved inventory that hold [`one_of_each`]: a sixth of it, and as much to find out about types.
fn pruned(saved: &Value) -> Value {
    fn walk(node: &Value, at: &str, kept: &BTreeSet<String>) -> Value {
        match node {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.clone(), walk(value, &format!("{at}/{key}"), kept))).collect()
            }
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(i, item)| (format!("{at}/{i}"), item));
                items.filter(|(at, _)| kept.contains(at)).map(|(at, item)| walk(item, &at, kept)).collect()
            }
            _ => node.clone(),
        }
    }
    let mut kept = BTreeSet::new();
    for at in one_of_each(saved) {
        kept.extend(at.match_indices('/').map(|(end, _)| at[..end].to_owned()));
        kept.insert(at);
    }
    let pruned = walk(saved, "", &kept);
    assert_eq!(one_of_each(&pruned).len(), one_of_each(saved).len());
    pruned
}

/// What is read from a file, and how that is saved again; `None` if the file cannot be read.
fn read_back(saved: &Value) -> Option<(Inventory, Value)> {
    let inventory = Inventory::deserialize(saved).ok()?;
    let again = serde_json::to_value(&inventory).expect("serialises");
    Some((inventory, again))
}

/// Whether `node`, which stands in the place of `was`, says nothing: a gap, a listing or a network full of them, or no
/// answers where there were some. A list of anything but answers says something even when it is empty.
fn is_unread(was: &Value, node: &Value) -> bool {
    match node {
        Value::Array(items) => items.is_empty() && was.as_array().is_some_and(|was| was.iter().all(holds_an_answer)),
        Value::Object(parts) if !is_gap(node) => parts.iter().all(|(name, part)| {
            // What was seen of a listing before it broke off.
            is_unread(&was[name], part) || (name == "seen" && *part == serde_json::json!([]))
        }),
        _ => is_gap(node),
    }
}

fn holds_an_answer(element: &Value) -> bool {
    nodes(element).iter().any(|at| element.pointer(at).is_some_and(|node| answer(node).is_some() || is_gap(node)))
}

/// `saved` without the key at `pointer`.
fn without(saved: &Value, pointer: &str) -> Value {
    let mut saved = saved.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("not the root");
    saved.pointer_mut(parent).and_then(Value::as_object_mut).and_then(|map| map.remove(key)).expect("a key");
    saved
}

#[test]
fn a_missing_key_is_an_error_or_a_gap_and_never_an_answer() {
    each_scenario(|name, inventory| {
        let mut runs = Runs::new(inventory);
        let saved = runs.saved();
        let pruned = pruned(&saved);
        // The same kinds in the same order, at other places.
        for (at, whole) in one_of_each(&pruned).into_iter().zip(one_of_each(&saved)) {
            assert_eq!(kind_of(&at), kind_of(&whole));
            let (parent, _) = at.rsplit_once('/').expect("not the root");
            if !pruned.pointer(parent).is_some_and(Value::is_object) {
                continue;
            }
            let Some((mut less, again)) = read_back(&without(&pruned, &at)) else { continue };
            let (was, node) = (pruned.pointer(&at).expect("a node"), again.pointer(&at));
            let node = node.expect("all that was written is written again");
            assert!(is_unread(was, node), "{at} missing in “{name}” reads as {node}");
            if let Some(gap) = fact_at(&mut less, &at).and_then(|fact| fact.gap()) {
                // As if that fact alone were hidden: what did not read it says what it said.
                let mut hidden = Inventory::deserialize(&pruned).expect("reads");
                fact_at(&mut hidden, &at).expect("a fact").hide(gap.clone());
                assert_eq!(less, hidden, "{at} missing in “{name}”");
                runs.hide_for_now(&whole, gap, |_, _| {}).assert_say_less(&whole);
            }
        }
    });
}

/// The same of lists. All checks run again, as what a check reads of a list is not known; so each kind goes missing in
/// some of the scenarios that hold it.
#[test]
fn a_missing_list_only_ever_says_less() {
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    for (_, saved) in scenarios() {
        judge_without_lists(&saved, |kind| {
            let times = judged.entry(kind).or_default();
            *times += 1;
            *times <= 4
        });
    }
}

#[test]
#[ignore = "long: CONTRIBUTING has the command that runs it"]
fn a_missing_list_only_ever_says_less_in_every_scenario() {
    each_scenario(|_, inventory| judge_without_lists(&serde_json::to_value(inventory).expect("serialises"), |_| true));
}

/// Judges an inventory without each list, and without whatever else is no fact and may be missing, if `picks` its kind.
fn judge_without_lists(saved: &Value, mut picks: impl FnMut(String) -> bool) {
    let before = known(&read(saved));
    for at in one_of_each(saved) {
        let (parent, _) = at.rsplit_once('/').expect("not the root");
        let is_fact = |node: &Value| is_gap(node) || answer(node).is_some();
        let may_be_missing =
            saved.pointer(parent).is_some_and(Value::is_object) && !saved.pointer(&at).is_some_and(is_fact);
        if may_be_missing
            && picks(kind_of(&at))
            && let Ok(less) = Inventory::deserialize(without(saved, &at))
        {
            assert_says_less(&before, &known(&less), &at);
        }
    }
}

#[derive(Default)]
struct Shapes {
    bare: BTreeSet<String>,
    filled: BTreeSet<String>,
    can_be_bare: BTreeSet<String>,
    bools: BTreeMap<String, BTreeSet<bool>>,
}

impl Shapes {
    fn of(saved: &Value) -> Self {
        let mut shapes = Self::default();
        for at in nodes(saved) {
            let node = saved.pointer(&at).expect("a node");
            if answer(node).is_some() || at.contains("/gap") {
                continue; // The wrapper; its content follows. And what gaps say is no fact.
            }
            let kind = kind_of(&at);
            if let Some(value) = node.as_bool() {
                shapes.bools.entry(kind.clone()).or_default().insert(value);
            }
            if node.is_array() {
                shapes.can_be_bare.insert(kind.clone());
            }
            let is_bare = node.is_null() || node.as_array().is_some_and(Vec::is_empty);
            if is_bare || is_gap(node) {
                shapes.bare.insert(kind)
            } else {
                shapes.filled.insert(kind)
            };
        }
        let mut pruned = pruned(saved);
        for at in one_of_each(&pruned) {
            let was = pruned.pointer_mut(&at).expect("a node").take();
            let again = read_back(&pruned);
            *pruned.pointer_mut(&at).expect("a node") = was;
            // A `null` in place of a fact reads as a gap, and in place of what is no option as an error.
            if again.is_some_and(|(_, again)| again.pointer(&at).expect("written again").is_null()) {
                shapes.can_be_bare.insert(kind_of(&at));
            }
        }
        shapes
    }

    fn add(&mut self, other: Self) {
        self.bare.extend(other.bare);
        self.filled.extend(other.filled);
        self.can_be_bare.extend(other.can_be_bare);
        for (kind, values) in other.bools {
            self.bools.entry(kind).or_default().extend(values);
        }
    }
}

/// A fault that shows only where something is, or only where nothing is, must find both in some scenario.
#[test]
fn the_scenarios_hold_something_everywhere_and_nothing_everywhere() {
    let mut shapes = Shapes::default();
    for one in each_scenario(|_, inventory| Shapes::of(&serde_json::to_value(inventory).expect("serialises"))) {
        shapes.add(one);
    }
    let Shapes { bare, filled, can_be_bare, bools } = shapes;
    // The end of a listing is `null` when it was reached: a fact without content.
    let content = |kind: &&String| kind.rsplit_once('.').is_none_or(|(_, name)| name != "rest");
    let never_filled: Vec<_> = bare.difference(&filled).filter(content).collect();
    assert_eq!(never_filled, Vec::<&String>::new(), "empty in every scenario");
    let never_bare: Vec<_> = can_be_bare.difference(&bare).collect();
    assert_eq!(never_bare, Vec::<&String>::new(), "filled in every scenario");
    for (kind, values) in bools {
        assert_eq!(values.len(), 2, "{kind} is the same in every scenario");
    }
}
