//! Which check rests on which fact: that `needs` is honest, and a map to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use serde_json::Value;

use super::{Known, checks, facts, hide, kind_of, look, read, worlds};
use crate::{Context, check::Need};

/// What kind of fact it is, and the need under which it is collected; none for what is always asked. The one place in the sweeps that knows fields;
/// a fact that it does not know fails the test.
fn kind_and_need(world: &Value, execution_log_groups: &BTreeSet<String>, pointer: &str) -> (String, Option<Need>) {
    let kind = kind_of(pointer);
    let need = match kind.as_str() {
        "account.id" => return (kind, None),
        "region.rest_apis.rest"
        | "region.rest_apis.seen[].stages.rest"
        | "region.v2_apis.rest"
        | "region.v2_apis.seen[].stages.rest" => Need::Stages,
        "region.gateway_settings" => Need::GatewaySettings,
        "account.roles[].role" => Need::GatewayRole,
        "account.roles[].role.inline_policies.rest"
        | "account.roles[].role.inline_policies.seen[].document"
        | "account.roles[].role.attached_policies.rest"
        | "account.managed_policies[].document" => Need::GatewayRolePolicies,
        "region.delivery_streams[].stream" => Need::DeliveryStreams,
        "region.log_groups[].group" => {
            let name = pointer.strip_suffix("/group").and_then(|at| world.pointer(&format!("{at}/name")));
            let name = name.and_then(Value::as_str).expect("a name");
            return if execution_log_groups.contains(name) {
                (format!("{kind} (execution log)"), Some(Need::ExecutionLogGroups))
            } else {
                (format!("{kind} (access log)"), Some(Need::AccessLogGroups))
            };
        }
        _ => panic!("under which need is {kind} collected?"),
    };
    (kind, Some(need))
}

fn execution_log_groups(world: &Value) -> BTreeSet<String> {
    let world = read(world);
    let context = Context::new(world.world());
    context.stages().flatten().flat_map(|stage| stage.execution_log_groups()).collect()
}

/// The checks whose outcomes are others in `less`, or which have an outcome more.
fn touched(more: &Known, less: &Known) -> BTreeSet<&'static str> {
    more.keys().chain(less.keys()).filter(|key| more.get(*key) != less.get(*key)).map(|(check, _)| *check).collect()
}

/// By kind of fact: its need, and the checks that it touches in some world.
fn map() -> BTreeMap<String, (Option<Need>, BTreeSet<&'static str>)> {
    let mut map = BTreeMap::new();
    for (_, world) in worlds() {
        let (seeing, groups) = (look(&world), execution_log_groups(&world));
        for fact in facts(&world) {
            let mut blind = world.clone();
            hide(&mut blind, &fact);
            let (kind, need) = kind_and_need(&world, &groups, &fact);
            map.entry(kind).or_insert((need, BTreeSet::new())).1.extend(touched(&seeing, &look(&blind)));
        }
    }
    map
}

#[test]
fn needs_are_honest() {
    let map = map();
    for check in checks() {
        for (kind, (need, checks)) in &map {
            let declared = need.is_none_or(|need| check.needs.contains(&need));
            assert!(declared || !checks.contains(check.id), "{} rests on {kind} and does not need {need:?}", check.id);
        }
        for need in check.needs {
            let rests = map.values().any(|(of, checks)| *of == Some(*need) && checks.contains(check.id));
            assert!(rests, "{} needs {need:?}, and rests on none of it in any world", check.id);
        }
    }
}

/// An over-eager unknown, a fact that lost its check: each shows as a changed line.
#[test]
fn the_map_of_facts_is_as_it_was() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/facts.txt");
    let mut now = String::from(
        "Which checks rest on which fact: those whose outcomes change in some world when it is hidden.\n\
         Written by a test; UPDATE_FACTS=1 writes it anew.\n",
    );
    for (kind, (_, checks)) in map() {
        let _ = write!(now, "\n{kind}\n");
        if checks.is_empty() {
            now.push_str("    (no check)\n");
        }
        for check in checks {
            let _ = writeln!(now, "    {check}");
        }
    }
    if std::env::var_os("UPDATE_FACTS").is_some() {
        fs::write(file, &now).expect("writes");
    }
    let was = fs::read_to_string(file).expect("facts.txt; UPDATE_FACTS=1 writes it");
    assert_eq!(was, now, "the map of facts has changed; if that is right, UPDATE_FACTS=1 writes it anew");
}
