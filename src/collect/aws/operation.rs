//! Every AWS call that Gatelight makes. One table feeds pacing, gap messages, request counts and `iam-policy`.

use std::fmt;

/// A call to AWS. All of them only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
    /// Takes a role in another account. It changes nothing there, and `iam-policy` leaves it out: it is the identity
    /// that assumes which needs it, on the roles that it is given.
    AssumeRole,
    /// Whose credentials these are.
    GetCallerIdentity,
    /// Which regions there are.
    DescribeRegions,
    /// REST APIs.
    GetRestApis,
    /// Stages of a REST API.
    GetRestStages,
    /// HTTP and WebSocket APIs.
    GetV2Apis,
    /// Stages of an HTTP or WebSocket API.
    GetV2Stages,
    /// The account's API Gateway settings in a region.
    GetGatewayAccount,
    /// Log groups, by prefix or all.
    DescribeLogGroups,
    /// One Firehose stream.
    DescribeDeliveryStream,
    /// One role with its trust policy.
    GetRole,
    /// Names of the policies written into a role.
    ListRolePolicies,
    /// One policy written into a role.
    GetRolePolicy,
    /// ARNs of the managed policies attached to a role.
    ListAttachedRolePolicies,
    /// Which version of a managed policy is in force.
    GetPolicy,
    /// The document of a managed policy.
    GetPolicyVersion,
    /// Lambda functions.
    ListFunctions,
    /// Who may call a Lambda function.
    GetFunctionPolicy,
    /// The network of a capacity provider of Lambda.
    GetCapacityProvider,
    /// Every role with its policies.
    GetAccountAuthorizationDetails,
    /// Resource policies of CloudWatch Logs.
    DescribeResourcePolicies,
    /// Delivery sources of CloudWatch Logs: what sends which type of log.
    DescribeDeliverySources,
    /// Deliveries: which source sends to which destination.
    DescribeDeliveries,
    /// Delivery destinations: which log group, bucket or stream each stands for.
    DescribeDeliveryDestinations,
    /// Subnets.
    DescribeSubnets,
    /// VPCs.
    DescribeVpcs,
    /// One of a VPC's two DNS settings.
    DescribeVpcAttribute,
    /// Route tables.
    DescribeRouteTables,
    /// NAT gateways.
    DescribeNatGateways,
    /// Internet gateways.
    DescribeInternetGateways,
    /// VPC endpoints.
    DescribeVpcEndpoints,
    /// Security groups.
    DescribeSecurityGroups,
    /// Network ACLs.
    DescribeNetworkAcls,
    /// Sets of DHCP options.
    DescribeDhcpOptions,
    /// The ranges in a prefix list.
    GetManagedPrefixListEntries,
    /// Network interfaces.
    DescribeNetworkInterfaces,
    /// VPC peering connections.
    DescribeVpcPeeringConnections,
    /// Transit gateways.
    DescribeTransitGateways,
    /// What is attached to transit gateways.
    DescribeTransitGatewayAttachments,
    /// The subnets in which attachments of VPCs stand.
    DescribeTransitGatewayVpcAttachments,
    /// The routes of a transit gateway's table.
    SearchTransitGatewayRoutes,
    /// The state of a KMS key.
    DescribeKey,
    /// The policy of a KMS key.
    GetKeyPolicy,
    /// The search of a log group.
    FilterLogEvents,
    /// The begin of a query of CloudWatch Logs Insights.
    StartQuery,
    /// What a query found.
    GetQueryResults,
    /// The end of a query that nobody waits for any more.
    StopQuery,
    /// Metrics of CloudWatch, up to 500 a call.
    GetMetricData,
    /// Sampling rules of X-Ray.
    GetSamplingRules,
    /// Where X-Ray puts the segments that it is sent.
    GetTraceSegmentDestination,
    /// The organization that the account belongs to.
    DescribeOrganization,
    /// The root of an organization, with the types of policy that are enabled there.
    ListRoots,
    /// What an account or organizational unit lies in.
    ListParents,
    /// The policies attached to an account, an organizational unit or a root.
    ListPoliciesForTarget,
    /// The document of a policy of an organization.
    DescribePolicy,
}

/// A limit that AWS sets, per account and region (or per account, where the service is global). API Gateway shares one
/// over all its calls, the account owner's own deployments included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Quota {
    /// All of API Gateway's control plane, REST and v2 together.
    ApiGateway,
    /// `logs:DescribeLogGroups`.
    DescribeLogGroups,
    /// `firehose:DescribeDeliveryStream`.
    DescribeDeliveryStream,
    /// IAM.
    Iam,
    /// STS.
    Sts,
    /// EC2 calls that read.
    Ec2,
    /// What is left of Lambda's control plane when the calls with a limit of their own are taken out.
    Lambda,
    /// `lambda:GetPolicy`.
    GetFunctionPolicy,
    /// `logs:DescribeResourcePolicies`.
    DescribeResourcePolicies,
    /// `logs:DescribeDeliverySources`, `logs:DescribeDeliveries` and `logs:DescribeDeliveryDestinations`.
    LogDeliveries,
    /// `logs:FilterLogEvents`.
    FilterLogEvents,
    /// `logs:StartQuery`.
    StartQuery,
    /// `logs:GetQueryResults`.
    GetQueryResults,
    /// `logs:StopQuery`.
    StopQuery,
    /// `cloudwatch:GetMetricData`.
    GetMetricData,
    /// `kms:DescribeKey`.
    DescribeKey,
    /// `kms:GetKeyPolicy`.
    GetKeyPolicy,
    /// X-Ray calls that read.
    Xray,
    /// Organizations.
    Organizations,
}

/// Requests a second, and how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

impl Quota {
    /// What AWS grants. Where AWS publishes nothing, a figure that stays well below what is known to be throttled.
    pub(crate) fn rate(self) -> Rate {
        let (per_second, burst) = match self {
            // https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: 10 rps, burst 40, for all calls
            Self::ApiGateway => (10.0, 40.0),
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
            Self::DescribeLogGroups => (10.0, 10.0),
            // https://docs.aws.amazon.com/firehose/latest/dev/limits.html: five calls a second
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: five calls a second, and
            // cannot be raised
            // DescribeResourcePolicies, calls about deliveries, and X-Ray's calls: not published. Those about queries: AWS's list of quotas could
            // not be read; five a second is what is quoted from it.
            Self::DescribeDeliveryStream
            | Self::DescribeResourcePolicies
            | Self::LogDeliveries
            | Self::FilterLogEvents
            | Self::StartQuery
            | Self::GetQueryResults
            | Self::StopQuery
            | Self::Xray => (5.0, 5.0),
            // Not published.
            Self::Iam => (10.0, 20.0),
            // Not published, and shared by all accounts of the organization.
            Self::Organizations => (4.0, 8.0),
            // Not published per call; 600 a second for AssumeRole and its like.
            Self::Sts => (20.0, 20.0),
            // https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
            Self::Ec2 => (20.0, 100.0),
            // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 15 a second each
            Self::Lambda | Self::GetFunctionPolicy => (15.0, 15.0),
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
            Self::GetMetricData => (50.0, 50.0),
            // https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html
            Self::DescribeKey => (2000.0, 2000.0),
            Self::GetKeyPolicy => (1000.0, 1000.0),
        };
        Rate { per_second, burst }
    }
}

impl Operation {
    /// Every call that `iam-policy` grants, for tables and tests: with `--insights` and `--organization` those that are for
    /// few, too.
    pub(crate) const ALL: [Self; 54] = [
        Self::GetCallerIdentity,
        Self::DescribeRegions,
        Self::GetRestApis,
        Self::GetRestStages,
        Self::GetV2Apis,
        Self::GetV2Stages,
        Self::GetGatewayAccount,
        Self::DescribeLogGroups,
        Self::DescribeDeliveryStream,
        Self::GetRole,
        Self::ListRolePolicies,
        Self::GetRolePolicy,
        Self::ListAttachedRolePolicies,
        Self::GetPolicy,
        Self::GetPolicyVersion,
        Self::ListFunctions,
        Self::GetFunctionPolicy,
        Self::GetCapacityProvider,
        Self::GetAccountAuthorizationDetails,
        Self::DescribeResourcePolicies,
        Self::DescribeDeliverySources,
        Self::DescribeDeliveries,
        Self::DescribeDeliveryDestinations,
        Self::DescribeSubnets,
        Self::DescribeVpcs,
        Self::DescribeVpcAttribute,
        Self::DescribeRouteTables,
        Self::DescribeNatGateways,
        Self::DescribeInternetGateways,
        Self::DescribeVpcEndpoints,
        Self::DescribeSecurityGroups,
        Self::DescribeNetworkAcls,
        Self::DescribeDhcpOptions,
        Self::GetManagedPrefixListEntries,
        Self::DescribeNetworkInterfaces,
        Self::DescribeVpcPeeringConnections,
        Self::DescribeTransitGateways,
        Self::DescribeTransitGatewayAttachments,
        Self::DescribeTransitGatewayVpcAttachments,
        Self::SearchTransitGatewayRoutes,
        Self::DescribeKey,
        Self::GetKeyPolicy,
        Self::FilterLogEvents,
        Self::StartQuery,
        Self::GetQueryResults,
        Self::StopQuery,
        Self::GetMetricData,
        Self::GetSamplingRules,
        Self::GetTraceSegmentDestination,
        Self::DescribeOrganization,
        Self::ListRoots,
        Self::ListParents,
        Self::ListPoliciesForTarget,
        Self::DescribePolicy,
    ];

    /// `service:Operation`, in AWS's words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AssumeRole => "sts:AssumeRole",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::DescribeRegions => "ec2:DescribeRegions",
            Self::GetRestApis => "apigateway:GetRestApis",
            Self::GetRestStages => "apigateway:GetStages",
            Self::GetV2Apis => "apigatewayv2:GetApis",
            Self::GetV2Stages => "apigatewayv2:GetStages",
            Self::GetGatewayAccount => "apigateway:GetAccount",
            Self::DescribeLogGroups => "logs:DescribeLogGroups",
            Self::DescribeDeliveryStream => "firehose:DescribeDeliveryStream",
            Self::GetRole => "iam:GetRole",
            Self::ListRolePolicies => "iam:ListRolePolicies",
            Self::GetRolePolicy => "iam:GetRolePolicy",
            Self::ListAttachedRolePolicies => "iam:ListAttachedRolePolicies",
            Self::GetPolicy => "iam:GetPolicy",
            Self::GetPolicyVersion => "iam:GetPolicyVersion",
            Self::ListFunctions => "lambda:ListFunctions",
            Self::GetFunctionPolicy => "lambda:GetPolicy",
            Self::GetCapacityProvider => "lambda:GetCapacityProvider",
            Self::GetAccountAuthorizationDetails => "iam:GetAccountAuthorizationDetails",
            Self::DescribeResourcePolicies => "logs:DescribeResourcePolicies",
            Self::DescribeDeliverySources => "logs:DescribeDeliverySources",
            Self::DescribeDeliveries => "logs:DescribeDeliveries",
            Self::DescribeDeliveryDestinations => "logs:DescribeDeliveryDestinations",
            Self::DescribeSubnets => "ec2:DescribeSubnets",
            Self::DescribeVpcs => "ec2:DescribeVpcs",
            Self::DescribeVpcAttribute => "ec2:DescribeVpcAttribute",
            Self::DescribeRouteTables => "ec2:DescribeRouteTables",
            Self::DescribeNatGateways => "ec2:DescribeNatGateways",
            Self::DescribeInternetGateways => "ec2:DescribeInternetGateways",
            Self::DescribeVpcEndpoints => "ec2:DescribeVpcEndpoints",
            Self::DescribeSecurityGroups => "ec2:DescribeSecurityGroups",
            Self::DescribeNetworkAcls => "ec2:DescribeNetworkAcls",
            Self::DescribeDhcpOptions => "ec2:DescribeDhcpOptions",
            Self::GetManagedPrefixListEntries => "ec2:GetManagedPrefixListEntries",
            Self::DescribeNetworkInterfaces => "ec2:DescribeNetworkInterfaces",
            Self::DescribeVpcPeeringConnections => "ec2:DescribeVpcPeeringConnections",
            Self::DescribeTransitGateways => "ec2:DescribeTransitGateways",
            Self::DescribeTransitGatewayAttachments => "ec2:DescribeTransitGatewayAttachments",
            Self::DescribeTransitGatewayVpcAttachments => "ec2:DescribeTransitGatewayVpcAttachments",
            Self::SearchTransitGatewayRoutes => "ec2:SearchTransitGatewayRoutes",
            Self::DescribeKey => "kms:DescribeKey",
            Self::GetKeyPolicy => "kms:GetKeyPolicy",
            Self::FilterLogEvents => "logs:FilterLogEvents",
            Self::StartQuery => "logs:StartQuery",
            Self::GetQueryResults => "logs:GetQueryResults",
            Self::StopQuery => "logs:StopQuery",
            Self::GetMetricData => "cloudwatch:GetMetricData",
            Self::GetSamplingRules => "xray:GetSamplingRules",
            Self::GetTraceSegmentDestination => "xray:GetTraceSegmentDestination",
            Self::DescribeOrganization => "organizations:DescribeOrganization",
            Self::ListRoots => "organizations:ListRoots",
            Self::ListParents => "organizations:ListParents",
            Self::ListPoliciesForTarget => "organizations:ListPoliciesForTarget",
            Self::DescribePolicy => "organizations:DescribePolicy",
        }
    }

    /// The IAM action that allows it. API Gateway's is named after the HTTP method, for both its APIs
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>).
    pub(crate) fn permission(self) -> &'static str {
        match self.quota() {
            Quota::ApiGateway => "apigateway:GET",
            _ => self.name(),
        }
    }

    /// The resources to grant it on, each without its `arn:PARTITION:`; `*` where the action takes none.
    pub(crate) fn grant_on(self) -> &'static str {
        match self {
            Self::GetRestApis => "apigateway:*::/restapis",
            Self::GetRestStages => "apigateway:*::/restapis/*/stages",
            Self::GetV2Apis => "apigateway:*::/apis",
            Self::GetV2Stages => "apigateway:*::/apis/*/stages",
            Self::GetGatewayAccount => "apigateway:*::/account",
            Self::DescribeLogGroups | Self::FilterLogEvents | Self::StartQuery | Self::GetQueryResults => {
                "logs:*:*:log-group:*"
            }
            // API Gateway writes to no stream of another name, so none is asked about.
            Self::DescribeDeliveryStream => "firehose:*:*:deliverystream/amazon-apigateway-*",
            Self::GetRole | Self::ListRolePolicies | Self::GetRolePolicy | Self::ListAttachedRolePolicies => {
                "iam::*:role/*"
            }
            Self::GetPolicy | Self::GetPolicyVersion => "iam::*:policy/*",
            Self::GetFunctionPolicy => "lambda:*:*:function:*",
            Self::GetCapacityProvider => "lambda:*:*:capacity-provider:*",
            // Groups may name keys of other accounts.
            Self::DescribeKey | Self::GetKeyPolicy => "kms:*:*:key/*",
            // AWS's own lists belong to the account `aws`.
            Self::GetManagedPrefixListEntries => "ec2:*:*:prefix-list/*",
            Self::SearchTransitGatewayRoutes => "ec2:*:*:transit-gateway-route-table/*",
            // AWS's own policies belong to the account `aws`.
            Self::DescribePolicy => "organizations::*:policy/*",
            Self::AssumeRole
            | Self::GetCallerIdentity
            | Self::DescribeOrganization
            | Self::ListRoots
            | Self::ListParents
            | Self::ListPoliciesForTarget
            | Self::GetMetricData
            | Self::StopQuery
            | Self::GetSamplingRules
            | Self::GetTraceSegmentDestination
            | Self::DescribeRegions
            | Self::ListFunctions
            | Self::GetAccountAuthorizationDetails
            | Self::DescribeResourcePolicies
            | Self::DescribeDeliverySources
            | Self::DescribeDeliveries
            | Self::DescribeDeliveryDestinations
            | Self::DescribeSubnets
            | Self::DescribeVpcs
            | Self::DescribeVpcAttribute
            | Self::DescribeRouteTables
            | Self::DescribeNatGateways
            | Self::DescribeInternetGateways
            | Self::DescribeVpcEndpoints
            | Self::DescribeSecurityGroups
            | Self::DescribeNetworkAcls
            | Self::DescribeNetworkInterfaces
            | Self::DescribeVpcPeeringConnections
            | Self::DescribeTransitGateways
            | Self::DescribeTransitGatewayAttachments
            | Self::DescribeTransitGatewayVpcAttachments
            | Self::DescribeDhcpOptions => "*",
        }
    }

    /// Whether only the management account and delegated administrators of an organization get an answer, so that most
    /// accounts need no permission for it. Whether an account belongs to one is told to all, and is of no use without
    /// the rest.
    pub(crate) fn is_of_organization(self) -> bool {
        self.quota() == Quota::Organizations
    }

    /// Whether it is made only where the owner asks for queries of CloudWatch Logs Insights, which AWS bills.
    pub(crate) fn is_of_insights(self) -> bool {
        matches!(self, Self::StartQuery | Self::GetQueryResults | Self::StopQuery)
    }

    /// The limit that it counts against.
    pub(crate) fn quota(self) -> Quota {
        match self {
            Self::AssumeRole | Self::GetCallerIdentity => Quota::Sts,
            Self::DescribeRegions
            | Self::GetManagedPrefixListEntries
            | Self::DescribeSubnets
            | Self::DescribeVpcs
            | Self::DescribeVpcAttribute
            | Self::DescribeRouteTables
            | Self::DescribeNatGateways
            | Self::DescribeInternetGateways
            | Self::DescribeVpcEndpoints
            | Self::DescribeSecurityGroups
            | Self::DescribeNetworkAcls
            | Self::DescribeNetworkInterfaces
            | Self::DescribeVpcPeeringConnections
            | Self::DescribeTransitGateways
            | Self::DescribeTransitGatewayAttachments
            | Self::DescribeTransitGatewayVpcAttachments
            | Self::SearchTransitGatewayRoutes
            | Self::DescribeDhcpOptions => Quota::Ec2,
            Self::ListFunctions | Self::GetCapacityProvider => Quota::Lambda,
            Self::GetFunctionPolicy => Quota::GetFunctionPolicy,
            Self::DescribeResourcePolicies => Quota::DescribeResourcePolicies,
            Self::DescribeDeliverySources | Self::DescribeDeliveries | Self::DescribeDeliveryDestinations => {
                Quota::LogDeliveries
            }
            Self::GetRestApis | Self::GetRestStages | Self::GetV2Apis | Self::GetV2Stages | Self::GetGatewayAccount => {
                Quota::ApiGateway
            }
            Self::DescribeLogGroups => Quota::DescribeLogGroups,
            Self::FilterLogEvents => Quota::FilterLogEvents,
            Self::StartQuery => Quota::StartQuery,
            Self::GetQueryResults => Quota::GetQueryResults,
            Self::StopQuery => Quota::StopQuery,
            Self::DescribeKey => Quota::DescribeKey,
            Self::GetKeyPolicy => Quota::GetKeyPolicy,
            Self::GetMetricData => Quota::GetMetricData,
            Self::GetSamplingRules | Self::GetTraceSegmentDestination => Quota::Xray,
            Self::DescribeOrganization
            | Self::ListRoots
            | Self::ListParents
            | Self::ListPoliciesForTarget
            | Self::DescribePolicy => Quota::Organizations,
            Self::DescribeDeliveryStream => Quota::DescribeDeliveryStream,
            Self::GetRole
            | Self::ListRolePolicies
            | Self::GetRolePolicy
            | Self::ListAttachedRolePolicies
            | Self::GetPolicy
            | Self::GetPolicyVersion
            | Self::GetAccountAuthorizationDetails => Quota::Iam,
        }
    }

    /// The error code that means "there is none", for calls that ask about one thing.
    pub(crate) fn absent(self) -> Option<&'static str> {
        match self {
            Self::GetRestStages | Self::GetV2Stages | Self::DescribeKey => Some("NotFoundException"),
            // Of DescribeResourcePolicies: the log group whose policies are asked for is gone.
            Self::DescribeDeliveryStream
            | Self::GetFunctionPolicy
            | Self::FilterLogEvents
            | Self::StartQuery
            | Self::DescribeResourcePolicies => Some("ResourceNotFoundException"),
            Self::GetRole => Some("NoSuchEntity"),
            Self::DescribeOrganization => Some("AWSOrganizationsNotInUseException"),
            _ => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_only_read() {
        let names: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        assert_eq!(names.len(), Operation::ALL.len());
        for name in names {
            let (_, verb) = name.split_once(':').expect("service:Operation");
            // Access level Read, both: a query changes nothing
            // (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html).
            if ["logs:StartQuery", "logs:StopQuery"].contains(&name) {
                continue;
            }
            assert!(
                ["Get", "List", "Describe", "Filter", "Search"].iter().any(|read| verb.starts_with(read)),
                "{name}"
            );
        }
    }
}
