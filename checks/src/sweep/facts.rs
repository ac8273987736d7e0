//! Which check rests on which fact: that `needs` is honest, and a map to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, thread,
};

use gatelight_model::{Need, arn::Destination, inventory::Function};
use serde_json::Value;

use super::{Known, assert_says_less, checks, facts, hide, kind_of, look, read, scenarios};
use crate::Context;

/// Who names what in a world: the names that tell under which need a fact is collected.
struct Names {
    execution_log_groups: BTreeSet<String>,
    /// Those that delivery sources send execution logs to.
    delivered_groups: BTreeSet<String>,
    access_log_groups: BTreeSet<String>,
    function_log_groups: BTreeSet<String>,
    gateway_role: Option<String>,
    /// The policies that the gateway's role names.
    gateway_policies: BTreeSet<String>,
}

impl Names {
    fn of(inventory: &Value) -> Self {
        let inventory = read(inventory);
        let context = Context::new(inventory.scope());
        let settings = inventory.region.gateway_settings.get().ok();
        let gateway_role = settings.and_then(|settings| settings.cloudwatch_role.clone());
        let role = gateway_role.as_ref().and_then(|arn| context.role(arn).ok()?.role.get().ok()?.as_ref());
        let policies = role.into_iter().flat_map(|role| {
            role.attached_policies.seen.iter().map(|policy| policy.arn.clone()).chain(role.boundary.clone())
        });
        Self {
            execution_log_groups: context.stages().flatten().flat_map(|stage| stage.execution_log_groups()).collect(),
            delivered_groups: context
                .stages()
                .flatten()
                .flat_map(|stage| context.delivered_groups(&stage))
                .map(str::to_owned)
                .collect(),
            access_log_groups: context
                .stages()
                .flatten()
                .filter_map(|stage| match stage.access_log()?.destination {
                    Destination::LogGroup(_, name) => Some(name.to_owned()),
                    _ => None,
                })
                .collect(),
            function_log_groups: context.functions().flatten().map(Function::log_group_name).collect(),
            gateway_policies: policies.collect(),
            gateway_role,
        }
    }
}

/// What kind of fact it is, and the needs of which one is enough to have it collected; none for what is always asked.
/// The one place in the sweeps that knows fields; a fact that it does not know fails the test.
fn kind_and_needs(inventory: &Value, names: &Names, pointer: &str) -> (String, Vec<Need>) {
    let kind = kind_of(pointer);
    // What a neighbour of the fact says, or of what holds it.
    let text = |tail: &str, key: &str| {
        let holder = &pointer[..pointer.rfind(tail).expect("its own end")];
        inventory.pointer(&format!("{holder}/{key}")).and_then(Value::as_str).expect("a name").to_owned()
    };
    let role = |key: &str, of_gateway: Need| {
        let arn = text(key, "arn");
        if names.gateway_role.as_ref() == Some(&arn) {
            (format!("{kind} (gateway)"), vec![of_gateway])
        } else {
            (format!("{kind} (function)"), vec![Need::FunctionRoles])
        }
    };
    let need = match kind.as_str() {
        "account.id" => return (kind, vec![]),
        organization if organization.starts_with("account.organization") => Need::Organization,
        "region.rest_apis.rest"
        | "region.rest_apis.seen[].stages.rest"
        | "region.v2_apis.rest"
        | "region.v2_apis.seen[].stages.rest" => Need::Stages,
        "region.gateway_settings" => Need::GatewaySettings,
        "region.functions.rest" => Need::Functions,
        "region.callers[].policy" => Need::Callers,
        "region.log_deliveries.rest" => Need::LogDeliveries,
        "region.log_policies.rest" => Need::LogPolicies,
        "region.log_probes[].probe" | "region.searched_for" | "region.named_log_groups.rest" => Need::LogProbes,
        "region.sampling_rules.rest" => Need::SamplingRules,
        "region.trace_destination" => Need::TraceDestination,
        "region.keys[].key" | "region.keys[].key.policy" => Need::LogGroupKeys,
        "region.rest_apis.seen[].stages.seen[].changed_at" | "region.v2_apis.seen[].stages.seen[].changed_at" => {
            Need::Stages
        }
        "region.delivery_streams[].stream.created_at" => Need::DeliveryStreams,
        "region.traffic[].requests" => Need::Traffic,
        "region.traffic[].latency" | "region.traffic[].integration_latency" | "region.traffic[].percentiles" => {
            Need::Latencies
        }
        "region.ingested[].bytes" => Need::ExecutionLogVolume,
        taken if taken.starts_with("region.taken[].") => Need::Taken,
        "region.capacity_providers[].vpc" => Need::Networks,
        network if network.starts_with("region.network.") => Need::Networks,
        "account.roles[].role" => return role("/role", Need::GatewayRole),
        "account.roles[].role.inline_policies.rest"
        | "account.roles[].role.inline_policies.seen[].document"
        | "account.roles[].role.attached_policies.rest" => return role("/role/ok/", Need::GatewayRolePolicies),
        // One policy may belong to both.
        "account.managed_policies[].document" if names.gateway_policies.contains(&text("/document", "arn")) => {
            return (format!("{kind} (gateway)"), vec![Need::GatewayRolePolicies, Need::FunctionRoles]);
        }
        "account.managed_policies[].document" => return (format!("{kind} (function)"), vec![Need::FunctionRoles]),
        "region.delivery_streams[].stream" => Need::DeliveryStreams,
        "region.log_groups[].group" | "region.log_groups[].group.created_at" => {
            let name = text("/group", "name");
            let is_delivered = names.delivered_groups.contains(&name);
            return if is_delivered && names.access_log_groups.contains(&name) {
                (format!("{kind} (both)"), vec![Need::AccessLogGroups, Need::ExecutionLogGroups])
            } else if is_delivered || names.execution_log_groups.contains(&name) {
                (format!("{kind} (execution log)"), vec![Need::ExecutionLogGroups])
            } else if names.function_log_groups.contains(&name) {
                (format!("{kind} (function log)"), vec![Need::FunctionLogGroups])
            } else {
                (format!("{kind} (access log)"), vec![Need::AccessLogGroups])
            };
        }
        _ => panic!("under which need is {kind} collected?"),
    };
    (kind, vec![need])
}

/// The checks whose outcomes are others in `less`, or which have an outcome more.
fn touched(more: &Known, less: &Known) -> BTreeSet<&'static str> {
    more.keys().chain(less.keys()).filter(|key| more.get(*key) != less.get(*key)).map(|(check, _)| *check).collect()
}

/// By kind of fact: its needs, and the checks that it touches in some world.
type Map = BTreeMap<String, (Vec<Need>, BTreeSet<&'static str>)>;

/// Hides every fact of every world, alone: the one walk that all tests here share, as it takes the longest.
fn map() -> Map {
    let scenarios = scenarios();
    let parts = thread::available_parallelism().map_or(1, usize::from).min(8);
    let maps: Vec<Map> = thread::scope(|scope| {
        let part =
            |at: usize| scenarios.iter().skip(at).step_by(parts).map(|(name, inventory)| map_of(name, inventory));
        let walks: Vec<_> = (0..parts).map(|at| scope.spawn(move || part(at).collect::<Vec<_>>())).collect();
        walks.into_iter().flat_map(|walk| walk.join().expect("says less")).collect()
    });
    let mut all = Map::new();
    for (kind, (needs, checks)) in maps.into_iter().flatten() {
        all.entry(kind).or_insert((needs, BTreeSet::new())).1.extend(checks);
    }
    all
}

fn map_of(name: &str, inventory: &Value) -> Map {
    let mut map = Map::new();
    let (seeing, names) = (look(inventory), Names::of(inventory));
    for fact in facts(inventory) {
        let mut blind = inventory.clone();
        assert!(hide(&mut blind, &fact));
        let seen = look(&blind);
        assert_says_less(&seeing, &seen, &format!("{fact} in “{name}”"));
        let (kind, needs) = kind_and_needs(inventory, &names, &fact);
        map.entry(kind).or_insert((needs, BTreeSet::new())).1.extend(touched(&seeing, &seen));
    }
    map
}

#[test]
fn hiding_one_fact_only_ever_says_less_where_the_check_needs_it_as_the_map_has_it() {
    let map = map();
    needs_are_honest(&map);
    the_map_is_as_it_was(&map);
}

fn needs_are_honest(map: &Map) {
    for check in checks() {
        for (kind, (needs, checks)) in map {
            let declared = needs.is_empty() || needs.iter().any(|need| check.needs.contains(need));
            assert!(declared || !checks.contains(check.id), "{} rests on {kind} and does not need {needs:?}", check.id);
        }
        for need in check.needs {
            let rests = map.values().any(|(of, checks)| of.contains(need) && checks.contains(check.id));
            assert!(rests, "{} needs {need:?}, and rests on none of it in any inventory", check.id);
        }
    }
}

/// An over-eager unknown, a fact that lost its check: each shows as a changed line.
fn the_map_is_as_it_was(map: &Map) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/facts.txt");
    let mut now = String::from(
        "Which checks rest on which fact: those whose outcomes change in some inventory when it is hidden.\n\
         Written by a test; UPDATE_FACTS=1 writes it anew.\n",
    );
    for (kind, (_, checks)) in map {
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
