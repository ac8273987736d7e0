//! Which check rests on which fact: that `needs` is honest, and a map to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use gatelight_model::{
    FACTS, Need,
    arn::Destination,
    inventory::{Function, Role},
};
use serde_json::Value;

use super::{Runs, checks, each_scenario, fact_at, facts, fixes_by, kind_of, runs::Changes, scenarios};
use crate::{
    Check, Context,
    testing::{Inventory, denied, named_scenarios},
};

/// Who names what in a scenario: the names that tell which of its needs a fact is collected for.
struct NamedBy {
    execution_log_groups: BTreeSet<String>,
    /// Those that delivery sources send execution logs to.
    delivered_groups: BTreeSet<String>,
    access_log_groups: BTreeSet<String>,
    function_log_groups: BTreeSet<String>,
    gateway_role: Option<String>,
    /// The policies that the gateway's role names.
    gateway_policies: BTreeSet<String>,
}

impl NamedBy {
    fn of(inventory: &Inventory) -> Self {
        let context = Context::new(inventory.scope());
        let settings = inventory.region.gateway_settings.get().ok();
        let gateway_role = settings.and_then(|settings| settings.cloudwatch_role.clone());
        let role = gateway_role.as_ref().and_then(|arn| context.role(arn).ok()?.role.get().ok()?.as_ref());
        let policies = role.into_iter().flat_map(Role::managed_policies).map(str::to_owned);
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

/// What kind of fact it is, and the needs of which one is enough to have it collected; none for what is always asked. A
/// kind of fact that several things name is a kind for each of them.
fn kind_and_needs(inventory: &Value, named: &NamedBy, pointer: &str) -> (String, Vec<Need>) {
    let kind = kind_of(pointer);
    let row = FACTS.iter().find(|fact| fact.path == kind);
    let needs = row.unwrap_or_else(|| panic!("{kind} has no row in the table of facts")).needs;
    // What a neighbour of the fact says, or of what holds it.
    let text = |tail: &str, key: &str| {
        let holder = &pointer[..pointer.rfind(tail).expect("its own end")];
        inventory.pointer(&format!("{holder}/{key}")).and_then(Value::as_str).expect("a name").to_owned()
    };
    let (of, own): (_, &[Need]) = if kind.starts_with("account.roles[].role") {
        let arn = text(if pointer.ends_with("/role") { "/role" } else { "/role/ok/" }, "arn");
        let of_gateway = if pointer.ends_with("/role") { Need::GatewayRole } else { Need::GatewayRolePolicies };
        if named.gateway_role.as_ref() == Some(&arn) {
            ("gateway", &[of_gateway])
        } else {
            ("function", &[Need::FunctionRoles])
        }
    } else if kind == "account.managed_policies[].document" {
        // One policy may belong to both.
        if named.gateway_policies.contains(&text("/document", "arn")) {
            ("gateway", &[Need::GatewayRolePolicies, Need::FunctionRoles])
        } else {
            ("function", &[Need::FunctionRoles])
        }
    } else if kind.starts_with("region.log_groups[].group") {
        let name = text("/group", "name");
        let is_delivered = named.delivered_groups.contains(&name);
        if is_delivered && named.access_log_groups.contains(&name) {
            ("both", &[Need::AccessLogGroups, Need::ExecutionLogGroups])
        } else if is_delivered || named.execution_log_groups.contains(&name) {
            ("execution log", &[Need::ExecutionLogGroups])
        } else if named.function_log_groups.contains(&name) {
            ("function log", &[Need::FunctionLogGroups])
        } else {
            ("access log", &[Need::AccessLogGroups])
        }
    } else {
        assert!(needs.len() <= 1, "which of {needs:?} is {kind} collected for?");
        return (kind, needs.to_vec());
    };
    assert!(own.iter().all(|need| needs.contains(need)), "{kind} ({of})");
    (format!("{kind} ({of})"), own.to_vec())
}

/// By kind of fact: its needs, and the checks that it touches in some scenario.
type Map = BTreeMap<String, (Vec<Need>, BTreeSet<&'static str>)>;

/// Hides every fact of every scenario, alone: the one walk that the tests here share, as it takes the longest.
fn map(meanwhile: impl Fn(&Runs, &Changes, &str) + Sync) -> Map {
    let maps = each_scenario(|name, inventory| {
        let named = NamedBy::of(&inventory);
        let mut runs = Runs::new(inventory);
        let (saved, mut map) = (runs.saved(), Map::new());
        for fact in facts(&saved) {
            let hidden = format!("{fact} in “{name}”");
            let changes =
                runs.hide_for_now(&fact, denied("sweep:Hide"), |runs, changes| meanwhile(runs, changes, &hidden));
            changes.assert_say_less(&hidden);
            let (kind, needs) = kind_and_needs(&saved, &named, &fact);
            map.entry(kind).or_insert((needs, BTreeSet::new())).1.extend(changes.touched());
        }
        map
    });
    let mut all = Map::new();
    for (kind, (needs, checks)) in maps.into_iter().flatten() {
        all.entry(kind).or_insert((needs, BTreeSet::new())).1.extend(checks);
    }
    all
}

#[test]
fn hiding_one_fact_only_ever_says_less_where_the_check_needs_it_as_the_map_has_it() {
    let map = map(|_, _, _| {});
    needs_are_honest(&map);
    the_map_is_as_it_was(&map);
}

/// The sweeps run a check again only where it read the fact that was hidden. Here all of them run again.
#[test]
#[ignore = "long: CONTRIBUTING has the command that runs it"]
fn hiding_a_fact_changes_nothing_for_checks_that_did_not_read_it() {
    map(Runs::assert_no_other_changed);
}

/// The saved inventory's facts and the table of facts are the same.
#[test]
fn every_fact_has_a_row() {
    let found: BTreeSet<_> =
        scenarios().iter().flat_map(|(_, saved)| facts(saved).into_iter().map(|fact| kind_of(&fact))).collect();
    let rows: BTreeSet<_> = FACTS.iter().map(|fact| fact.path.to_owned()).collect();
    assert_eq!(found, rows);
}

fn needs_are_honest(map: &Map) {
    for check in checks() {
        for (kind, (needs, checks)) in map {
            let declared = needs.is_empty() || needs.iter().any(|need| check.needs.contains(need));
            assert!(declared || !checks.contains(check.id), "{} rests on {kind} and does not need {needs:?}", check.id);
        }
        for need in check.needs {
            let rests = map.values().any(|(of, checks)| of.contains(need) && checks.contains(check.id));
            let rests = rests || fix_rests_on(check, *need);
            assert!(rests, "{} needs {need:?}, and rests on none of it in any scenario", check.id);
        }
    }
}

/// Whether hiding some fact that a need stands for changes what a check says to do, in some scenario.
fn fix_rests_on(check: &'static Check, need: Need) -> bool {
    let of_need = |kind: &str| FACTS.iter().any(|fact| fact.path == kind && fact.needs.contains(&need));
    named_scenarios().into_iter().any(|(_, mut inventory)| {
        let saved = serde_json::to_value(&inventory).expect("serialises");
        let before = fixes_by(&inventory, check);
        let hidden: Vec<_> = facts(&saved).into_iter().filter(|fact| of_need(&kind_of(fact))).collect();
        hidden.iter().any(|fact| {
            let Some(slot) = fact_at(&mut inventory, fact) else { return false };
            let was = slot.hide(denied("sweep:Hide"));
            let after = fixes_by(&inventory, check);
            fact_at(&mut inventory, fact).expect("its gap").restore(was);
            after != before
        })
    })
}

/// An over-eager unknown, a fact that lost its check: each shows as a changed line.
fn the_map_is_as_it_was(map: &Map) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/facts.txt");
    let mut now = String::from(
        "Which checks rest on which fact: those whose outcomes change in some scenario when it is hidden.\n\
         Written by a test; `cargo xtask bless` writes it again.\n",
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
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, &now).expect("writes");
    }
    let was = fs::read_to_string(file).expect("facts.txt; `cargo xtask bless` writes it");
    let (was, now) = (pairs(&was), pairs(&now));
    let lost = was.difference(&now).map(|pair| format!("- {pair}"));
    let difference: Vec<_> = lost.chain(now.difference(&was).map(|pair| format!("+ {pair}"))).collect();
    let hint = "the map of facts has changed; if that is right, `cargo xtask bless` writes it again";
    assert!(difference.is_empty(), "{}\n{hint}", difference.join("\n"));
}

/// Each line of the map with the fact that it belongs to.
fn pairs(map: &str) -> BTreeSet<String> {
    let mut fact = "";
    let mut pairs = BTreeSet::new();
    for line in map.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("    ") {
            Some(check) => drop(pairs.insert(format!("{fact}: {check}"))),
            None => fact = line,
        }
    }
    pairs
}
