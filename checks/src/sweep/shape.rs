//! That a file which lacks something is never read as an answer, and that the scenarios leave nothing unswept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::Value;

use super::{answer, assert_says_less, is_gap, kind_of, look, nodes, scenarios};
use crate::testing::Inventory;

/// One pointer of each kind in a world: what a missing key does hangs on the type, not on the subject.
fn one_of_each(inventory: &Value) -> Vec<String> {
    let mut kinds = BTreeSet::new();
    // With its `ok`: the answer and the fact that holds it are two nodes.
    let kind = |at: &str| (kind_of(at), at.ends_with("/ok"));
    nodes(inventory).into_iter().filter(|at| !at.is_empty() && kinds.insert(kind(at))).collect()
}

/// What is read at `pointer` after `spoil` has changed the file; `None` if the file cannot be read.
fn read_back(inventory: &Value, pointer: &str, spoil: impl FnOnce(&mut Value)) -> Option<(Value, Value)> {
    let mut spoilt = inventory.clone();
    spoil(&mut spoilt);
    let inventory: Inventory = Inventory::deserialize(&spoilt).ok()?;
    let again = serde_json::to_value(inventory).expect("serialises");
    let node = again.pointer(pointer).expect("all that was written is written again").clone();
    Some((node, again))
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

/// The scenarios in which a key of one kind goes missing and all is judged anew: most of the time of this sweep. How it reads
/// is looked at in every world.
const JUDGED: usize = 4;

#[test]
fn a_missing_key_is_an_error_or_a_gap_and_never_an_answer() {
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    for (name, inventory) in scenarios() {
        let seeing = look(&inventory);
        for at in one_of_each(&inventory) {
            let (parent, key) = at.rsplit_once('/').expect("not the root");
            if !inventory.pointer(parent).is_some_and(Value::is_object) {
                continue;
            }
            let read = read_back(&inventory, &at, |inventory| {
                let parent = inventory.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
                parent.remove(key).expect("a key");
            });
            if let Some((node, again)) = read {
                let was = inventory.pointer(&at).expect("a node");
                assert!(is_unread(was, &node), "{at} missing in “{name}” reads as {node}");
                let times = judged.entry(kind_of(&at)).or_default();
                *times += 1;
                if *times <= JUDGED {
                    assert_says_less(&seeing, &look(&again), &at);
                }
            }
        }
    }
}

/// A fault that shows only where something is, or only where nothing is, must find both in some world.
#[test]
fn the_worlds_hold_something_everywhere_and_nothing_everywhere() {
    let (mut bare, mut filled) = (BTreeSet::new(), BTreeSet::new());
    let mut bools: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    let mut can_be_bare = BTreeSet::new();
    for (_, inventory) in scenarios() {
        for at in nodes(&inventory) {
            let node = inventory.pointer(&at).expect("a node");
            if answer(node).is_some() || at.contains("/gap") {
                continue; // The wrapper; its content follows. And what gaps say is no fact.
            }
            let kind = kind_of(&at);
            if let Some(value) = node.as_bool() {
                bools.entry(kind.clone()).or_default().insert(value);
            }
            if node.is_array() {
                can_be_bare.insert(kind.clone());
            }
            let is_bare = node.is_null() || node.as_array().is_some_and(Vec::is_empty);
            if is_bare || is_gap(node) {
                bare.insert(kind)
            } else {
                filled.insert(kind)
            };
        }
        for at in one_of_each(&inventory) {
            let null = |inventory: &mut Value| *inventory.pointer_mut(&at).expect("a node") = Value::Null;
            // A `null` in place of a fact reads as a gap, and in place of what is no option as an error.
            if read_back(&inventory, &at, null).is_some_and(|(node, _)| node.is_null()) {
                can_be_bare.insert(kind_of(&at));
            }
        }
    }
    // The end of a listing is `null` when it was reached: a fact without content.
    let content = |kind: &&String| kind.rsplit_once('.').is_none_or(|(_, name)| name != "rest");
    let never_filled: Vec<_> = bare.difference(&filled).filter(content).collect();
    assert_eq!(never_filled, Vec::<&String>::new(), "empty in every inventory");
    let never_bare: Vec<_> = can_be_bare.difference(&bare).collect();
    assert_eq!(never_bare, Vec::<&String>::new(), "filled in every inventory");
    for (kind, values) in bools {
        assert_eq!(values.len(), 2, "{kind} is the same in every inventory");
    }
}
