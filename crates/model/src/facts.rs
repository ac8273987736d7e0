//! The table of facts: where each stands in the saved inventory, under which need it is collected, and which calls of AWS
//! give it. Checks, collector and documentation are compared with it in tests.

use crate::{
    Need,
    Need::{
        AccessLogGroups, Callers, DeliveryStreams, ExecutionLogGroups, ExecutionLogVolume, FunctionLogGroups,
        FunctionRoles, Functions, GatewayRole, GatewayRolePolicies, GatewaySettings, Latencies, LogDeliveries,
        LogGroupKeys, LogPolicies, LogProbes, Networks, Organization, SamplingRules, Stages, Taken, TraceDestination,
        Traffic,
    },
};

/// A kind of fact: an answer of AWS that can be missing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where it stands in the saved inventory, with `[]` for every element of a list: `region.callers[].policy`. The end of a
    /// listing is its `rest`.
    pub path: &'static str,
    /// One of these is enough to have it collected. Empty: it always is.
    pub needs: &'static [Need],
    /// The calls that give it, in AWS's words: `lambda:GetPolicy`.
    pub operations: &'static [&'static str],
}

const fn fact(path: &'static str, needs: &'static [Need], operations: &'static [&'static str]) -> Fact {
    Fact { path, needs, operations }
}

const GROUPS: &[Need] = &[AccessLogGroups, ExecutionLogGroups, FunctionLogGroups];
const SEARCH: &[&str] = &["logs:FilterLogEvents", "logs:StartQuery", "logs:GetQueryResults"];
const METRICS: &[&str] = &["cloudwatch:GetMetricData"];
const LEVEL: &[&str] = &["organizations:ListPoliciesForTarget"];
const ATTRIBUTE: &[&str] = &["ec2:DescribeVpcAttribute"];
/// Of a role, as it is read alone, and as it is read with all others of the account.
const ROLE: &[&str] = &["iam:GetRole", "iam:GetAccountAuthorizationDetails"];
const INLINE: &[&str] = &["iam:ListRolePolicies", "iam:GetAccountAuthorizationDetails"];
const ATTACHED: &[&str] = &["iam:ListAttachedRolePolicies", "iam:GetAccountAuthorizationDetails"];
const INLINE_DOCUMENT: &[&str] = &["iam:GetRolePolicy", "iam:GetAccountAuthorizationDetails"];
const MANAGED: &[&str] = &["iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetAccountAuthorizationDetails"];
const DELIVERIES: &[&str] =
    &["logs:DescribeDeliverySources", "logs:DescribeDeliveries", "logs:DescribeDeliveryDestinations"];

/// Every kind of fact, sorted by path.
pub const FACTS: &[Fact] = &[
    fact("account.id", &[], &["sts:GetCallerIdentity"]),
    fact("account.managed_policies[].document", &[GatewayRolePolicies, FunctionRoles], MANAGED),
    fact("account.organization", &[Organization], &["organizations:DescribeOrganization"]),
    fact("account.organization.levels[].parent", &[Organization], &["organizations:ListParents"]),
    fact("account.organization.levels[].resource_control_policies.rest", &[Organization], LEVEL),
    fact("account.organization.levels[].service_control_policies.rest", &[Organization], LEVEL),
    fact("account.organization.policies[].document", &[Organization], &["organizations:DescribePolicy"]),
    fact("account.organization.policy_types", &[Organization], &["organizations:ListRoots"]),
    fact("account.roles[].role", &[GatewayRole, FunctionRoles], ROLE),
    fact("account.roles[].role.attached_policies.rest", &[GatewayRolePolicies, FunctionRoles], ATTACHED),
    fact("account.roles[].role.inline_policies.rest", &[GatewayRolePolicies, FunctionRoles], INLINE),
    fact(
        "account.roles[].role.inline_policies.seen[].document",
        &[GatewayRolePolicies, FunctionRoles],
        INLINE_DOCUMENT,
    ),
    fact("region.callers[].policy", &[Callers], &["lambda:GetPolicy"]),
    fact("region.capacity_providers[].vpc", &[Networks], &["lambda:GetCapacityProvider"]),
    fact("region.delivery_streams[].stream", &[DeliveryStreams], &["firehose:DescribeDeliveryStream"]),
    fact("region.delivery_streams[].stream.created_at", &[DeliveryStreams], &["firehose:DescribeDeliveryStream"]),
    fact("region.functions.rest", &[Functions], &["lambda:ListFunctions"]),
    fact("region.gateway_settings", &[GatewaySettings], &["apigateway:GetAccount"]),
    fact("region.ingested[].bytes", &[ExecutionLogVolume], METRICS),
    fact("region.keys[].key", &[LogGroupKeys], &["kms:DescribeKey"]),
    fact("region.keys[].key.policy", &[LogGroupKeys], &["kms:GetKeyPolicy"]),
    fact("region.log_deliveries.rest", &[LogDeliveries], DELIVERIES),
    fact("region.log_groups[].group", GROUPS, &["logs:DescribeLogGroups"]),
    fact("region.log_groups[].group.created_at", GROUPS, &["logs:DescribeLogGroups"]),
    fact("region.log_policies.rest", &[LogPolicies], &["logs:DescribeResourcePolicies"]),
    fact("region.log_probes[].probe", &[LogProbes], SEARCH),
    fact("region.named_log_groups.rest", &[LogProbes], &["logs:DescribeLogGroups"]),
    fact("region.network.dhcp_options.rest", &[Networks], &["ec2:DescribeDhcpOptions"]),
    fact("region.network.endpoint_addresses.rest", &[Networks], &["ec2:DescribeNetworkInterfaces"]),
    fact("region.network.endpoints.rest", &[Networks], &["ec2:DescribeVpcEndpoints"]),
    fact("region.network.endpoints.seen[].dns_record_type", &[Networks], &["ec2:DescribeVpcEndpoints"]),
    fact("region.network.endpoints.seen[].ip_address_type", &[Networks], &["ec2:DescribeVpcEndpoints"]),
    fact("region.network.hosted_zones[].zones.rest", &[Networks], &["route53:ListHostedZonesByVPC"]),
    fact("region.network.internet_gateways.rest", &[Networks], &["ec2:DescribeInternetGateways"]),
    fact("region.network.nat_gateways.rest", &[Networks], &["ec2:DescribeNatGateways"]),
    fact("region.network.network_acls.rest", &[Networks], &["ec2:DescribeNetworkAcls"]),
    fact("region.network.network_interfaces.rest", &[Networks], &["ec2:DescribeNetworkInterfaces"]),
    fact("region.network.peering_connections.rest", &[Networks], &["ec2:DescribeVpcPeeringConnections"]),
    fact("region.network.prefix_lists[].cidrs", &[Networks], &["ec2:GetManagedPrefixListEntries"]),
    fact("region.network.route_tables.rest", &[Networks], &["ec2:DescribeRouteTables"]),
    fact("region.network.route_tables.seen[].routes[].origin", &[Networks], &["ec2:DescribeRouteTables"]),
    fact("region.network.security_groups.rest", &[Networks], &["ec2:DescribeSecurityGroups"]),
    fact("region.network.subnets.rest", &[Networks], &["ec2:DescribeSubnets"]),
    fact("region.network.transit_attachments.rest", &[Networks], &["ec2:DescribeTransitGatewayAttachments"]),
    fact("region.network.transit_gateways.rest", &[Networks], &["ec2:DescribeTransitGateways"]),
    fact("region.network.transit_subnets.rest", &[Networks], &["ec2:DescribeTransitGatewayVpcAttachments"]),
    fact("region.network.transit_tables[].routes", &[Networks], &["ec2:SearchTransitGatewayRoutes"]),
    fact("region.network.transit_tables[].routes[].origin", &[Networks], &["ec2:SearchTransitGatewayRoutes"]),
    fact("region.network.vpcs.rest", &[Networks], &["ec2:DescribeVpcs"]),
    fact("region.network.vpcs.seen[].dns_hostnames", &[Networks], ATTRIBUTE),
    fact("region.network.vpcs.seen[].dns_support", &[Networks], ATTRIBUTE),
    fact("region.network.vpcs.seen[].primary_cidr", &[Networks], &["ec2:DescribeVpcs"]),
    fact("region.network.zone_records[].records", &[Networks], &["route53:ListResourceRecordSets"]),
    fact("region.rest_apis.rest", &[Stages], &["apigateway:GetRestApis"]),
    fact("region.rest_apis.seen[].stages.rest", &[Stages], &["apigateway:GetStages"]),
    fact("region.rest_apis.seen[].stages.seen[].changed_at", &[Stages], &["apigateway:GetStages"]),
    fact("region.sampling_rules.rest", &[SamplingRules], &["xray:GetSamplingRules"]),
    // What the search was for, which its options say.
    fact("region.searched_for", &[LogProbes], &[]),
    fact("region.taken[].client_errors", &[Taken], METRICS),
    fact("region.taken[].own_lines", &[Taken], &["logs:FilterLogEvents"]),
    fact("region.taken[].requests", &[Taken], METRICS),
    fact("region.taken[].taken", &[Taken], METRICS),
    fact("region.trace_destination", &[TraceDestination], &["xray:GetTraceSegmentDestination"]),
    fact("region.traffic[].integration_latency", &[Latencies], METRICS),
    fact("region.traffic[].latency", &[Latencies], METRICS),
    fact("region.traffic[].percentiles", &[Latencies], METRICS),
    fact("region.traffic[].requests", &[Traffic], METRICS),
    fact("region.v2_apis.rest", &[Stages], &["apigatewayv2:GetApis"]),
    fact("region.v2_apis.seen[].stages.rest", &[Stages], &["apigatewayv2:GetStages"]),
    fact("region.v2_apis.seen[].stages.seen[].changed_at", &[Stages], &["apigatewayv2:GetStages"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_sorted_and_every_need_has_one() {
        assert!(FACTS.is_sorted_by(|a, b| a.path < b.path));
        for need in Need::ALL {
            assert!(FACTS.iter().any(|fact| fact.needs.contains(need)), "{need:?}");
        }
    }
}
