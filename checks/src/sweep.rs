//! What holds for every check, in every scenario. Nothing here names a field of the inventory: the facts of a scenario are
//! found by walking its serialised form, so a fact that is added tomorrow is swept too.

mod facts;
mod runs;
mod shape;
mod texts;
mod visibility;

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use gatelight_model::{
    Severity, SubjectKind,
    sweep::{FactSlot, Node as _},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize as _;
use serde_json::Value;

use runs::Runs;

use crate::{
    CHECKS, Check, Judgement, Outcome, Policy, Unseen, audit,
    check::Judge,
    testing::{Inventory, healthy, named_scenarios},
    verdict::Fix,
};

fn checks() -> Vec<&'static Check> {
    CHECKS.iter().collect()
}

/// What `test` gives for every scenario, on all cores.
fn each_scenario<T: Send>(test: impl Fn(&'static str, Inventory) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(8);
    let part = |at: usize| -> Vec<T> {
        let scenarios = named_scenarios().into_iter().skip(at).step_by(threads);
        scenarios.map(|(name, inventory)| test(name, inventory)).collect()
    };
    thread::scope(|scope| {
        let part = &part;
        let parts: Vec<_> = (0..threads).map(|at| scope.spawn(move || part(at))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("no test fails in a thread")).collect()
    })
}

/// Every scenario by name, as it is saved.
pub(crate) fn scenarios() -> Vec<(&'static str, Value)> {
    named_scenarios()
        .into_iter()
        .map(|(name, inventory)| (name, serde_json::to_value(inventory).expect("serialises")))
        .collect()
}

/// A judgement without its words. A pass is a pass, noted or not; the severity is that of a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Summary {
    NotApplicable,
    Pass,
    Fail(Severity),
}

/// By check and subject ARN; `None` is "could not check".
type Known = BTreeMap<(&'static str, String), Option<Summary>>;

fn outcomes(inventory: &Inventory) -> Vec<Outcome> {
    outcomes_of(inventory, &checks())
}

fn outcomes_of(inventory: &Inventory, checks: &[&'static Check]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    audit(inventory.scope(), checks, &Policy::default(), &mut |outcome| outcomes.push(outcome));
    outcomes
}

fn known(inventory: &Inventory) -> Known {
    known_by(inventory, &checks())
}

fn known_by(inventory: &Inventory, checks: &[&'static Check]) -> Known {
    known_of(outcomes_of(inventory, checks))
}

fn known_of(outcomes: Vec<Outcome>) -> Known {
    let mut known = Known::new();
    for Outcome { check, severity, subject, verdict, .. } in outcomes {
        let summary = verdict.ok().map(|judgement| match judgement {
            Judgement::NotApplicable(_) => Summary::NotApplicable,
            Judgement::Pass | Judgement::PassNoted(_) => Summary::Pass,
            Judgement::Fail(_) => Summary::Fail(severity),
        });
        let clash = known.insert((check.id, subject.arn), summary);
        assert!(clash.is_none(), "two outcomes of {} about one subject", check.id);
    }
    known
}

/// The fixes of what failed, by check and subject ARN.
fn fixes_by(inventory: &Inventory, check: &'static Check) -> BTreeMap<String, Fix> {
    let failed = outcomes_of(inventory, &[check]).into_iter().filter_map(|outcome| match outcome.verdict {
        Ok(Judgement::Fail(failure)) => Some((outcome.subject.arn, failure.fix)),
        _ => None,
    });
    failed.collect()
}

pub(crate) fn read(inventory: &Value) -> Inventory {
    Inventory::deserialize(inventory).expect("an inventory")
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

/// The fact at a JSON pointer, if another that was hidden did not hold it.
pub(crate) fn fact_at<'i>(inventory: &'i mut Inventory, pointer: &str) -> Option<&'i mut dyn FactSlot> {
    let path: Vec<&str> = pointer.split('/').skip(1).collect();
    match path.split_first()? {
        (&"account", rest) => inventory.account.fact(rest),
        (_, rest) => inventory.region.fact(rest),
    }
}

/// Less is known: each check keeps what it summary about a subject, or says it more severely, or could not check. Nothing
/// vanishes without an unknown of its check in its place; what appears is unknown, and about the account, or was among
/// what an unknown about the account stood for.
fn assert_says_less(more: &Known, less: &Known, hidden: &str) {
    for (key, now) in less {
        match (more.get(key), now) {
            (Some(_), None) => {}
            (Some(Some(Summary::Fail(was))), Some(Summary::Fail(now))) => {
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

fn hide_one_after_another(flip: bool) {
    each_scenario(|name, inventory| {
        let mut runs = Runs::new(inventory);
        let mut order = facts(&runs.saved());
        if flip {
            order.reverse();
        }
        for fact in order {
            // One that another holds is gone with it.
            if let Some(changes) = runs.hide(&fact) {
                changes.assert_say_less(&format!("{fact} in “{name}”, after those before"));
            }
        }
        assert_eq!(facts(&runs.saved()), Vec::<String>::new());
    });
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
        assert_eq!(known(&read(&inventory)), known(&read(&flipped)), "“{name}”");
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
            // Private hosted zones have the partition's own domain; the principal of CloudWatch Logs is the same everywhere.
            let domain = if partition == "aws-cn" { "us-east-1.amazonaws.com.cn" } else { "us-east-1.amazonaws.com" };
            let logs = format!("logs.{domain}");
            let replacements = [
                ("us-east-1.amazonaws.com", domain),
                (logs.as_str(), "logs.us-east-1.amazonaws.com"),
                ("arn:aws:", arn.as_str()),
            ];
            let replacements = replacements.into_iter().chain(regions);
            replacements.fold(text.to_owned(), |text, (from, to)| {
                let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                text.replace(from, to).replace(&encoded(from), &encoded(to))
            })
        };
        for (name, inventory) in scenarios() {
            let there = moved(&inventory.to_string());
            let mut there: Value = serde_json::from_str(&there).expect("an inventory");
            *there.pointer_mut("/account/partition").expect("a partition") = partition.into();
            assert!(!there.to_string().contains("arn:aws:"), "“{name}”");
            let expected: Known = known(&read(&inventory))
                .into_iter()
                .map(|((check, subject), summary)| ((check, moved(&subject)), summary))
                .collect();
            let found = known(&read(&there));
            let differ: Vec<_> = found.iter().filter(|(key, summary)| expected.get(*key) != Some(*summary)).collect();
            assert!(differ.is_empty() && found.len() == expected.len(), "“{name}” in {partition}: {differ:#?}");
        }
    }
}

#[test]
fn the_healthy_scenario_is_healthy() {
    for outcome in outcomes(&healthy()) {
        let verdict = &outcome.verdict;
        let fine = matches!(verdict, Ok(Judgement::Pass | Judgement::PassNoted(_) | Judgement::NotApplicable(_)));
        assert!(fine, "{} about {}: {verdict:?}", outcome.check.id, outcome.subject.name);
    }
}

#[test]
fn every_check_passes_and_fails_and_cannot_tell_in_some_scenario() {
    let seen: Vec<_> = scenarios().iter().flat_map(|(_, inventory)| known(&read(inventory))).collect();
    for check in checks() {
        let some =
            |fits: fn(&Option<Summary>) -> bool| seen.iter().any(|((id, _), summary)| *id == check.id && fits(summary));
        assert!(some(|summary| *summary == Some(Summary::Pass)), "{} never passes", check.id);
        assert!(some(|summary| matches!(summary, Some(Summary::Fail(_)))), "{} never fails", check.id);
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
