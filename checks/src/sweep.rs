//! What holds for every check, in every world. Nothing here names a field of the inventory: the facts of a world are
//! found by walking its serialised form, so a fact that is added tomorrow is swept too.

mod facts;
mod shape;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

use gatelight_model::{Fetched, Severity, SubjectKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    CHECKS, Check, Judgement, Outcome, Policy, Unseen, audit,
    check::Judge,
    testing::{Inventory, denied, healthy, named_scenarios},
};

fn checks() -> Vec<&'static Check> {
    CHECKS.iter().collect()
}

/// Every world by name, as it is saved.
pub(crate) fn scenarios() -> Vec<(&'static str, Value)> {
    named_scenarios()
        .into_iter()
        .map(|(name, inventory)| (name, serde_json::to_value(inventory).expect("serialises")))
        .collect()
}

/// A judgement without its words. A pass is a pass, noted or not; the severity is that of a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    NotApplicable,
    Pass,
    Fail(Severity),
}

/// By check and subject ARN; `None` is "could not check".
type Known = BTreeMap<(&'static str, String), Option<Said>>;

fn outcomes(inventory: &Inventory) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    audit(inventory.scope(), &checks(), &Policy::default(), &mut |outcome| outcomes.push(outcome));
    outcomes
}

fn look(inventory: &Value) -> Known {
    let inventory = read(inventory);
    let mut known = Known::new();
    for Outcome { check, severity, subject, verdict, .. } in outcomes(&inventory) {
        let said = verdict.ok().map(|judgement| match judgement {
            Judgement::NotApplicable(_) => Said::NotApplicable,
            Judgement::Pass | Judgement::PassNoted(_) => Said::Pass,
            Judgement::Fail(_) => Said::Fail(severity),
        });
        let clash = known.insert((check.id, subject.arn), said);
        assert!(clash.is_none(), "two outcomes of {} about one subject", check.id);
    }
    known
}

pub(crate) fn read(inventory: &Value) -> Inventory {
    Inventory::deserialize(inventory).expect("a inventory")
}

/// JSON pointers of all nodes, parents first.
fn nodes(inventory: &Value) -> Vec<String> {
    fn walk(node: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match node {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                walk(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, value)| walk(value, &format!("{at}/{i}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(inventory, "", &mut found);
    found
}

/// The answer in a node that only [`Fetched`] writes: `{"ok": …}`.
fn answer(node: &Value) -> Option<&Value> {
    node.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("ok"))
}

fn is_gap(node: &Value) -> bool {
    node.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("gap"))
}

/// The pointers of all facts that are known.
pub(crate) fn facts(inventory: &Value) -> Vec<String> {
    nodes(inventory).into_iter().filter(|at| inventory.pointer(at).and_then(answer).is_some()).collect()
}

/// `/region/rest_apis/seen/0/stages/rest` → `region.rest_apis.seen[].stages.rest`: the same fact of all subjects.
fn kind_of(pointer: &str) -> String {
    pointer.split('/').skip(1).filter(|part| *part != "ok").fold(String::new(), |kind, part| {
        if part.parse::<usize>().is_ok() {
            kind + "[]"
        } else if kind.is_empty() {
            part.to_owned()
        } else {
            kind + "." + part
        }
    })
}

/// Puts a gap in the place of a fact; false if it is gone already, with the fact that held it.
pub(crate) fn hide(inventory: &mut Value, pointer: &str) -> bool {
    let Some(node) = inventory.pointer_mut(pointer) else { return false };
    *node = serde_json::to_value(Fetched::<()>::from(Err(denied("sweep:Hide")))).expect("serialises");
    true
}

/// Less is known: each check keeps what it said about a subject, or says it more severely, or could not check. Nothing
/// vanishes without an unknown of its check in its place; what appears is unknown, and about the account, or was among
/// what an unknown about the account stood for.
fn assert_says_less(more: &Known, less: &Known, hidden: &str) {
    for (key, now) in less {
        match (more.get(key), now) {
            (Some(_), None) => {}
            (Some(Some(Said::Fail(was))), Some(Said::Fail(now))) => {
                assert!(now >= was, "hiding {hidden}: {key:?} is {now:?} and was {was:?}");
            }
            (Some(was), now) => assert_eq!(was, now, "hiding {hidden}: {key:?}"),
            (None, now) => {
                assert_eq!(*now, None, "hiding {hidden}: {key:?} appeared");
                let is_of_account =
                    |(check, subject): &(&str, String)| *check == key.0 && subject.ends_with("::/account");
                let stood_for = || more.iter().any(|(key, was)| is_of_account(key) && was.is_none());
                assert!(is_of_account(key) || stood_for(), "hiding {hidden}: {key:?} appeared");
            }
        }
    }
    for key in more.keys() {
        let unknown = || less.iter().any(|((check, _), now)| *check == key.0 && now.is_none());
        assert!(less.contains_key(key) || unknown(), "hiding {hidden}: {key:?} vanished");
    }
}

/// Some at a time: each step judges a world anew, and that each fact alone says less is swept with the map of facts.
const STEP: usize = 4;

fn hide_one_after_another(flip: bool) {
    for (name, inventory) in scenarios() {
        let mut order = facts(&inventory);
        if flip {
            order.reverse();
        }
        let (mut before, mut blind) = (look(&inventory), inventory);
        for some in order.chunks(STEP) {
            // One that another holds is gone with it.
            let hidden = some.iter().filter(|fact| hide(&mut blind, fact)).count();
            if hidden > 0 {
                let after = look(&blind);
                assert_says_less(&before, &after, &format!("{some:?} in “{name}”, after those before"));
                before = after;
            }
        }
        assert_eq!(facts(&blind), Vec::<String>::new());
    }
}

#[test]
fn hiding_facts_one_after_another_only_ever_says_less() {
    hide_one_after_another(false);
}

#[test]
fn hiding_facts_one_after_another_from_the_end_only_ever_says_less() {
    hide_one_after_another(true);
}

#[test]
fn order_means_nothing() {
    fn flip(node: &mut Value) {
        match node {
            Value::Array(items) => {
                items.reverse();
                items.iter_mut().for_each(flip);
            }
            Value::Object(map) => map.values_mut().for_each(flip),
            _ => {}
        }
    }
    for (name, inventory) in scenarios() {
        let mut flipped = inventory.clone();
        flip(&mut flipped);
        assert_eq!(look(&inventory), look(&flipped), "“{name}”");
    }
}

#[test]
fn other_partitions_are_judged_alike() {
    for (partition, regions) in [
        ("aws-cn", [("us-east-1", "cn-north-1"), ("eu-west-1", "cn-northwest-1")]),
        ("aws-us-gov", [("us-east-1", "us-gov-west-1"), ("eu-west-1", "us-gov-east-1")]),
    ] {
        let arn = format!("arn:{partition}:");
        let moved = |text: &str| {
            let replacements = [("arn:aws:", arn.as_str())].into_iter().chain(regions);
            replacements.fold(text.to_owned(), |text, (from, to)| {
                let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                text.replace(from, to).replace(&encoded(from), &encoded(to))
            })
        };
        for (name, inventory) in scenarios() {
            let there = moved(&inventory.to_string());
            let mut there: Value = serde_json::from_str(&there).expect("a inventory");
            *there.pointer_mut("/account/partition").expect("a partition") = partition.into();
            assert!(!there.to_string().contains("arn:aws:"), "“{name}”");
            let expected: Known =
                look(&inventory).into_iter().map(|((check, subject), said)| ((check, moved(&subject)), said)).collect();
            assert_eq!(look(&there), expected, "“{name}” in {partition}");
        }
    }
}

#[test]
fn the_healthy_world_is_healthy() {
    for outcome in outcomes(&healthy()) {
        let verdict = &outcome.verdict;
        let fine = matches!(verdict, Ok(Judgement::Pass | Judgement::PassNoted(_) | Judgement::NotApplicable(_)));
        assert!(fine, "{} about {}: {verdict:?}", outcome.check.id, outcome.subject.name);
    }
}

#[test]
fn every_check_passes_and_fails_and_cannot_tell_in_some_world() {
    let seen: Vec<_> = scenarios().iter().flat_map(|(_, inventory)| look(inventory)).collect();
    for check in checks() {
        let some = |fits: fn(&Option<Said>) -> bool| seen.iter().any(|((id, _), said)| *id == check.id && fits(said));
        assert!(some(|said| *said == Some(Said::Pass)), "{} never passes", check.id);
        assert!(some(|said| matches!(said, Some(Said::Fail(_)))), "{} never fails", check.id);
        assert!(some(Option::is_none), "{} can always tell", check.id);
    }
}

#[test]
fn coverage_is_whole_where_every_listing_was_read_and_counts_what_was_seen() {
    for (name, inventory) in named_scenarios() {
        let (mut stages, mut functions) = (BTreeSet::new(), BTreeSet::new());
        let mut unread = BTreeSet::new();
        let coverage = audit(inventory.scope(), &checks(), &Policy::default(), &mut |outcome| match (
            outcome.subject.kind,
            outcome.check.judge,
        ) {
            (SubjectKind::Account, Judge::Account(_)) | (SubjectKind::LogGroup, _) => {}
            (SubjectKind::Account, _) => drop(unread.insert(outcome.check.id)),
            (SubjectKind::Function, _) => drop(functions.insert(outcome.subject)),
            _ => drop(stages.insert(outcome.subject)),
        });
        assert_eq!(coverage.stages, stages.len() as u64, "“{name}”");
        assert_eq!(coverage.functions, functions.len() as u64, "“{name}”");
        for (check, unseen) in coverage.checks {
            assert_eq!(unseen == Unseen::None, !unread.contains(check), "{check} in “{name}”");
        }
    }
}

/// A report is written as it comes.
#[test]
fn outcomes_come_sorted_by_subject_and_check() {
    for (name, inventory) in crate::testing::named_scenarios() {
        let keys: Vec<_> = outcomes(&inventory).into_iter().map(|o| (o.subject.arn, o.check.id)).collect();
        assert!(keys.is_sorted(), "{name}");
    }
}
