//! The scenarios in which something is wrong, or not known: each a healthy one with a fault, or a few that do not touch.

use gatelight_model::Listing;

use super::{
    Fault, Inventory, break_off,
    deliveries::DELIVERIES,
    denied,
    emission::EMISSION,
    empty::clear,
    functions::{FUNCTIONS, pass_through},
    healthy,
    ingested::INGESTED,
    network::{BEYOND, CENTRAL, NETWORKS},
    organization::ORGANIZATIONS,
    roles::ROLES,
    stages::{DESTINATIONS, STAGES},
    tracing::TRACING,
    traffic::TRAFFIC,
};
use crate::{CHECKS, check::Scenario};

/// An account in which neither API Gateway nor Lambda is used.
#[must_use]
pub fn empty() -> Inventory {
    let mut inventory = healthy();
    clear(&mut inventory);
    inventory
}

/// Every scenario: the healthy one, the empty one, the faulty ones, and those of the checks.
#[must_use]
pub fn scenarios() -> Vec<Inventory> {
    named_scenarios().into_iter().map(|(_, inventory)| inventory).collect()
}

/// The same, each with what it is about.
#[must_use]
pub fn named_scenarios() -> Vec<(&'static str, Inventory)> {
    let faulty = STAGES
        .iter()
        .chain(DESTINATIONS)
        .chain(ROLES)
        .chain(FUNCTIONS)
        .chain(NETWORKS)
        .chain(BEYOND)
        .chain(CENTRAL)
        .chain(DELIVERIES)
        .chain(EMISSION)
        .chain(TRAFFIC)
        .chain(INGESTED)
        .chain(TRACING)
        .chain(ORGANIZATIONS)
        .chain(GAPS);
    let faulty = faulty.map(|(name, mutate)| {
        let mut inventory = healthy();
        mutate(&mut inventory);
        (*name, inventory)
    });
    let of_checks = CHECKS.iter().flat_map(|check| check.scenarios).map(|Scenario { name, change, .. }| {
        let mut inventory = healthy();
        change(&mut inventory.account, &mut inventory.region);
        (*name, inventory)
    });
    [("healthy", healthy()), ("empty", empty())].into_iter().chain(faulty).chain(of_checks).collect()
}

/// The scenarios in which something could not be read.
const GAPS: &[Fault] = &[
    ("listings that broke off", |inventory| {
        inventory.break_rest_apis();
        break_off(&mut inventory.api_mut("chat").stages, "apigatewayv2:GetStages");
    }),
    ("listings that were denied, beside a role that is unset", |inventory| {
        inventory.region.rest_apis = Listing::unread(denied("apigateway:GetRestApis"));
        inventory.region.v2_apis = Listing::unread(denied("apigatewayv2:GetApis"));
        inventory.set_gateway_role(None);
    }),
    ("settings that were denied", |inventory| {
        inventory.region.gateway_settings = Err(denied("apigateway:GetAccount")).into();
    }),
    ("destinations that were denied", |inventory| {
        *inventory.log_group_mut("/gateway/orders") = Err(denied("logs:DescribeLogGroups")).into();
        *inventory.delivery_stream_mut("amazon-apigateway-orders") =
            Err(denied("firehose:DescribeDeliveryStream")).into();
    }),
    ("a role that was denied", |inventory| *inventory.gateway_role_mut() = Err(denied("iam:GetRole")).into()),
    ("policies that were denied, beside a proven lack", |inventory| {
        inventory.change_gateway_role(|role| {
            role.inline_policies.seen.clear();
            break_off(&mut role.attached_policies, "iam:ListAttachedRolePolicies");
        });
        *inventory.managed_policy_mut("policy/boundary") = Err(denied("iam:GetPolicyVersion")).into();
    }),
    ("nothing looked up", |inventory| {
        inventory.region.log_groups.clear();
        inventory.region.delivery_streams.clear();
        inventory.region.callers.clear();
        inventory.region.capacity_providers.clear();
        inventory.region.keys.clear();
        inventory.account.roles.clear();
        inventory.account.managed_policies.clear();
    }),
    ("functions, callers and resource policies that were denied", |inventory| {
        break_off(&mut inventory.region.functions, "lambda:ListFunctions");
        break_off(&mut inventory.region.log_policies, "logs:DescribeResourcePolicies");
        pass_through(inventory, &["checkout", "reports", "ranking"]);
        *inventory.callers_mut("checkout") = Err(denied("lambda:GetPolicy")).into();
        *inventory.role_of_mut("reports") = Err(denied("iam:GetRole")).into();
        *inventory.log_group_mut("/aws/lambda/checkout") = Err(denied("logs:DescribeLogGroups")).into();
        *inventory.key_mut("0a1b2c3d") = Err(denied("kms:DescribeKey")).into();
        inventory.change_key("4e5f6a7b", |key| key.policy = Err(denied("kms:GetKeyPolicy")).into());
        for provider in &mut inventory.region.capacity_providers {
            provider.vpc = Err(denied("lambda:GetCapacityProvider")).into();
        }
    }),
];
