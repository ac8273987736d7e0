use gatelight_model::{
    Fetched, Listing,
    inventory::{GatewaySettings, LogGroupAnswer},
};

use super::*;
use crate::testing::{Inventory, break_off, denied, empty, healthy, trace_destination};

const ALL: [Need; 15] = [
    Need::Stages,
    Need::GatewaySettings,
    Need::AccessLogGroups,
    Need::ExecutionLogGroups,
    Need::LogDeliveries,
    Need::DeliveryStreams,
    Need::Functions,
    Need::FunctionLogGroups,
    Need::FunctionRoles,
    Need::LogPolicies,
    Need::LogProbes,
    Need::ExecutionLogVolume,
    Need::SamplingRules,
    Need::TraceDestination,
    Need::Organization,
];

fn all_needs() -> BTreeSet<Need> {
    ALL.into()
}

fn wanted(inventory: &Inventory, needs: &BTreeSet<Need>) -> Wanted {
    Plan::new(&inventory.account, &inventory.region, needs).wanted()
}

fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

#[test]
fn an_empty_region_costs_its_listings() {
    let (inventory, needs) = (empty(), all_needs());
    let plan = Plan::new(&inventory.account, &inventory.region, &needs);
    assert_eq!(plan.wanted(), Wanted::default());
    assert!(!plan.wants_deliveries());
    assert_eq!(plan.span_groups(), BTreeMap::new());
    assert_eq!(plan.groups_to_search(), BTreeSet::new());
    assert_eq!(plan.groups_to_measure(&[]), BTreeSet::new());
    assert_eq!(wanted_roles(&inventory.account, [&inventory.region], &needs), WantedRoles::new());
    assert!(!wants_organization(&inventory.account, [&inventory.region], &needs));
}

#[test]
fn what_nobody_needs_is_not_asked() {
    let (inventory, needs) = (healthy(), BTreeSet::new());
    let plan = Plan::new(&inventory.account, &inventory.region, &needs);
    assert_eq!(plan.wanted(), Wanted::default());
    assert!(!plan.wants_deliveries());
    assert_eq!(plan.span_groups(), BTreeMap::new());
    assert_eq!(plan.groups_to_search(), BTreeSet::new());
    assert_eq!(plan.groups_to_measure(&[]), BTreeSet::new());
    assert_eq!(function_log_groups(&inventory.region.functions.seen, &needs), BTreeSet::new());
    assert_eq!(wanted_roles(&inventory.account, [&inventory.region], &needs), WantedRoles::new());
    assert!(!wants_organization(&inventory.account, [&inventory.region], &needs));
    assert!(!lists_functions(&needs) && !lists_functions(&[Need::Stages].into()));
    assert!(lists_functions(&[Need::Networks].into()));
}

#[test]
fn what_stages_and_functions_name_is_asked_once() {
    let inventory = healthy();
    let wanted = wanted(&inventory, &all_needs());
    assert!(wanted.settings && wanted.trace_destination && wanted.sampling_rules);
    let known: BTreeSet<String> = inventory.region.log_groups.iter().map(|answer| answer.name.clone()).collect();
    assert_eq!(wanted.log_groups, known);
    let known = inventory.region.delivery_streams.iter().map(|answer| answer.name.clone()).collect();
    assert_eq!(wanted.delivery_streams, known);
}

#[test]
fn the_inventory_of_a_check_is_asked_for_and_no_more() {
    let inventory = healthy();
    let wanted = |needs: &[Need]| wanted(&inventory, &needs.iter().copied().collect());
    let settings = wanted(&[Need::GatewaySettings]);
    assert_eq!(settings, Wanted { settings: true, ..Wanted::default() });
    let streams = wanted(&[Need::DeliveryStreams]).delivery_streams;
    assert!(!streams.is_empty());
    assert_eq!(wanted(&[Need::DeliveryStreams]), Wanted { delivery_streams: streams, ..Wanted::default() });
    let rules = wanted(&[Need::SamplingRules]);
    assert_eq!(rules, Wanted { sampling_rules: true, ..Wanted::default() });
    let (access, execution) =
        (wanted(&[Need::AccessLogGroups]).log_groups, wanted(&[Need::ExecutionLogGroups]).log_groups);
    assert!(!access.is_empty() && !execution.is_empty() && access.is_disjoint(&execution));
}

/// A listing that broke off may hide a stage that uses the settings, and something that sends segments.
#[test]
fn what_a_broken_listing_may_hide_is_asked_about() {
    let mut inventory = empty();
    break_off(&mut inventory.region.rest_apis, "apigateway:GetRestApis");
    let wanted = wanted(&inventory, &all_needs());
    assert!(wanted.settings && wanted.trace_destination);
    assert!(!wanted.sampling_rules);
}

#[test]
fn destinations_elsewhere_are_not_asked_about() {
    let mut inventory = healthy();
    let elsewhere = "arn:aws:logs:eu-west-1:123456789012:log-group:/elsewhere";
    for api in inventory.region.rest_apis.seen.iter_mut().chain(&mut inventory.region.v2_apis.seen) {
        for stage in &mut api.stages.seen {
            if let Some(log) = &mut stage.access_log {
                log.destination = Some(elsewhere.to_owned());
            }
        }
    }
    let wanted = wanted(&inventory, &[Need::AccessLogGroups, Need::DeliveryStreams].into());
    assert_eq!(wanted, Wanted::default());
}

#[test]
fn segments_in_cloudwatch_logs_need_the_policies_of_their_groups() {
    let needs = all_needs();
    let spans = |inventory: &Inventory, needs: &BTreeSet<Need>| {
        Plan::new(&inventory.account, &inventory.region, needs).span_groups()
    };
    let mut inventory = healthy();
    let groups: BTreeSet<String> = spans(&inventory, &needs).into_keys().collect();
    assert_eq!(groups, texts(SPAN_GROUPS));
    assert_eq!(spans(&inventory, &[Need::TraceDestination].into()), BTreeMap::new());
    inventory.region.trace_destination = Fetched::known(trace_destination("XRay", None));
    assert_eq!(spans(&inventory, &needs), BTreeMap::new());
}

#[test]
fn groups_that_are_known_to_be_absent_are_left_out() {
    let groups: BTreeMap<String, String> =
        ["gone", "here", "unknown"].map(|name| (name.to_owned(), format!("arn of {name}"))).into();
    let answer = |name: &str, group| LogGroupAnswer { name: name.to_owned(), group };
    let answers =
        [answer("gone", Fetched::known(None)), answer("unknown", Err(denied("logs:DescribeLogGroups")).into())];
    assert_eq!(existing(&groups, &answers), texts(["arn of here", "arn of unknown"]));
}

#[test]
fn the_volume_of_execution_logs_is_asked_unless_the_group_is_absent() {
    let (inventory, needs) = (healthy(), all_needs());
    let plan = Plan::new(&inventory.account, &inventory.region, &needs);
    let known: BTreeSet<String> = inventory.region.ingested.iter().map(|answer| answer.group.clone()).collect();
    assert_eq!(plan.groups_to_measure(&inventory.region.log_groups), known);
    // A group of which nothing is known is asked about.
    assert!(plan.groups_to_measure(&[]).contains("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"));
}

#[test]
fn roles_of_this_account_are_read_with_the_policies_that_are_needed() {
    let mut inventory = healthy();
    let roles = |inventory: &Inventory, needs: &[Need]| {
        wanted_roles(&inventory.account, [&inventory.region], &needs.iter().copied().collect())
    };
    let settings = inventory.region.gateway_settings.get().expect("known").clone();
    let role = settings.cloudwatch_role.clone().expect("a role");
    assert_eq!(roles(&inventory, &[Need::GatewayRole]), [(role.clone(), false)].into());
    assert_eq!(roles(&inventory, &[Need::GatewayRole, Need::GatewayRolePolicies]), [(role.clone(), true)].into());
    let of_functions = roles(&inventory, &[Need::FunctionRoles]);
    assert!(!of_functions.is_empty() && of_functions.values().all(|with_policies| *with_policies));

    let mut set = |role: &str| {
        let settings = GatewaySettings { cloudwatch_role: Some(role.to_owned()) };
        inventory.region.gateway_settings = Fetched::known(settings);
        roles(&inventory, &[Need::GatewayRole])
    };
    assert_eq!(set("arn:aws:iam::999999999999:role/theirs"), WantedRoles::new());
    // The answer says what is wrong with it.
    assert_eq!(set("no ARN"), [("no ARN".to_owned(), false)].into());
}

#[test]
fn the_organization_matters_once_the_role_exists() {
    let mut inventory = healthy();
    let wants = |inventory: &Inventory| {
        wants_organization(&inventory.account, [&inventory.region], &[Need::Organization].into())
    };
    assert!(wants(&inventory));
    for answer in &mut inventory.account.roles {
        answer.role = Fetched::known(None);
    }
    assert!(!wants(&inventory));
}

#[test]
fn deliveries_are_listed_where_a_rest_stage_logs_execution() {
    let (mut inventory, needs) = (healthy(), all_needs());
    assert!(Plan::new(&inventory.account, &inventory.region, &needs).wants_deliveries());
    inventory.region.rest_apis = Listing::whole(Vec::new());
    assert!(!Plan::new(&inventory.account, &inventory.region, &needs).wants_deliveries());
}
