//! Every AWS call that Gatelight makes, one row each. Pacing, gap messages, request counts and `iam-policy` read this
//! table. To add a call, add its row and use it.
//!
//! The integration tests compile this file too, and read the same table. So it imports nothing but `std`.

use std::fmt;

/// Declares [`Operation`] and its rows.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $call:expr;)*) => {
        /// A call to AWS. All of them only read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// Every call.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            fn row(self) -> &'static Call {
                match self {
                    $(Self::$variant => const { &$call },)*
                }
            }
        }
    };
}

operations! {
    /// Assumes a role in another account. It changes nothing there. `iam-policy` leaves it out: only the identity that
    /// assumes the roles needs it, on those roles.
    AssumeRole = call("sts:AssumeRole", Quota::Sts).granted(Granted::Never);
    /// The identity that the credentials belong to.
    GetCallerIdentity = call("sts:GetCallerIdentity", Quota::Sts);
    /// The regions of the partition.
    DescribeRegions = call("ec2:DescribeRegions", Quota::Ec2);
    /// REST APIs.
    GetRestApis = gateway("apigateway:GetRestApis", "apigateway:*::/restapis").http("GET /restapis");
    /// Stages of a REST API.
    GetRestStages = gateway("apigateway:GetStages", "apigateway:*::/restapis/*/stages")
        .absent("NotFoundException")
        .http("GET /restapis/*/stages");
    /// HTTP and WebSocket APIs.
    GetV2Apis = gateway("apigatewayv2:GetApis", "apigateway:*::/apis").http("GET /v2/apis");
    /// Stages of an HTTP or WebSocket API.
    GetV2Stages = gateway("apigatewayv2:GetStages", "apigateway:*::/apis/*/stages")
        .absent("NotFoundException")
        .http("GET /v2/apis/*/stages");
    /// The account's API Gateway settings in a region.
    GetGatewayAccount = gateway("apigateway:GetAccount", "apigateway:*::/account").http("GET /account");
    /// Log groups, by prefix or all.
    DescribeLogGroups = call("logs:DescribeLogGroups", Quota::DescribeLogGroups).on(LOG_GROUPS);
    /// One Firehose stream. API Gateway writes to no stream of another name, so no other is read.
    DescribeDeliveryStream = call("firehose:DescribeDeliveryStream", Quota::DescribeDeliveryStream)
        .on(Grant::new("FindStreams", "firehose:*:*:deliverystream/amazon-apigateway-*"))
        .absent("ResourceNotFoundException");
    /// One role with its trust policy.
    GetRole = call("iam:GetRole", Quota::Iam).on(ROLES).absent("NoSuchEntity");
    /// Names of the policies written into a role.
    ListRolePolicies = call("iam:ListRolePolicies", Quota::Iam).on(ROLES);
    /// One policy written into a role.
    GetRolePolicy = call("iam:GetRolePolicy", Quota::Iam).on(ROLES);
    /// ARNs of the managed policies attached to a role.
    ListAttachedRolePolicies = call("iam:ListAttachedRolePolicies", Quota::Iam).on(ROLES);
    /// The default version of a managed policy.
    GetPolicy = call("iam:GetPolicy", Quota::Iam).on(POLICIES);
    /// The document of a managed policy.
    GetPolicyVersion = call("iam:GetPolicyVersion", Quota::Iam).on(POLICIES);
    /// Lambda functions.
    ListFunctions = call("lambda:ListFunctions", Quota::Lambda).http("GET /2015-03-31/functions");
    /// The resource policy of a Lambda function: who may call it.
    GetFunctionPolicy = call("lambda:GetPolicy", Quota::GetFunctionPolicy)
        .on(Grant::new("ReadCallers", "lambda:*:*:function:*"))
        .absent("ResourceNotFoundException")
        .http("GET /2015-03-31/functions/*/policy");
    /// The network of a Lambda capacity provider.
    GetCapacityProvider = call("lambda:GetCapacityProvider", Quota::Lambda)
        .on(Grant::new("ReadCapacityProviders", "lambda:*:*:capacity-provider:*"))
        .http("GET /2025-11-30/capacity-providers/*");
    /// Every role with its policies.
    GetAccountAuthorizationDetails = call("iam:GetAccountAuthorizationDetails", Quota::Iam);
    /// Resource policies of CloudWatch Logs. Absent: the log group whose policies are asked for was deleted.
    DescribeResourcePolicies = call("logs:DescribeResourcePolicies", Quota::DescribeResourcePolicies)
        .absent("ResourceNotFoundException");
    /// Delivery sources of CloudWatch Logs: which resource sends which type of log.
    DescribeDeliverySources = call("logs:DescribeDeliverySources", Quota::LogDeliveries);
    /// Deliveries: which source sends to which destination.
    DescribeDeliveries = call("logs:DescribeDeliveries", Quota::LogDeliveries);
    /// Delivery destinations: the log group, bucket or stream behind each.
    DescribeDeliveryDestinations = call("logs:DescribeDeliveryDestinations", Quota::LogDeliveries);
    /// Subnets.
    DescribeSubnets = call("ec2:DescribeSubnets", Quota::Ec2);
    /// VPCs.
    DescribeVpcs = call("ec2:DescribeVpcs", Quota::Ec2);
    /// One of a VPC's two DNS settings.
    DescribeVpcAttribute = call("ec2:DescribeVpcAttribute", Quota::Ec2);
    /// Route tables.
    DescribeRouteTables = call("ec2:DescribeRouteTables", Quota::Ec2);
    /// NAT gateways.
    DescribeNatGateways = call("ec2:DescribeNatGateways", Quota::Ec2);
    /// Internet gateways.
    DescribeInternetGateways = call("ec2:DescribeInternetGateways", Quota::Ec2);
    /// VPC endpoints.
    DescribeVpcEndpoints = call("ec2:DescribeVpcEndpoints", Quota::Ec2);
    /// Security groups.
    DescribeSecurityGroups = call("ec2:DescribeSecurityGroups", Quota::Ec2);
    /// Network ACLs.
    DescribeNetworkAcls = call("ec2:DescribeNetworkAcls", Quota::Ec2);
    /// Sets of DHCP options.
    DescribeDhcpOptions = call("ec2:DescribeDhcpOptions", Quota::Ec2);
    /// The ranges in a prefix list. AWS's own lists belong to the account `aws`.
    GetManagedPrefixListEntries = call("ec2:GetManagedPrefixListEntries", Quota::Ec2)
        .on(Grant::new("ReadPrefixLists", "ec2:*:*:prefix-list/*"));
    /// Network interfaces.
    DescribeNetworkInterfaces = call("ec2:DescribeNetworkInterfaces", Quota::Ec2);
    /// VPC peering connections.
    DescribeVpcPeeringConnections = call("ec2:DescribeVpcPeeringConnections", Quota::Ec2);
    /// Transit gateways.
    DescribeTransitGateways = call("ec2:DescribeTransitGateways", Quota::Ec2);
    /// Attachments of transit gateways.
    DescribeTransitGatewayAttachments = call("ec2:DescribeTransitGatewayAttachments", Quota::Ec2);
    /// The subnets of a transit gateway's VPC attachments.
    DescribeTransitGatewayVpcAttachments = call("ec2:DescribeTransitGatewayVpcAttachments", Quota::Ec2);
    /// Routes of a transit gateway's route table.
    SearchTransitGatewayRoutes = call("ec2:SearchTransitGatewayRoutes", Quota::Ec2)
        .on(Grant::new("ReadTransitRoutes", "ec2:*:*:transit-gateway-route-table/*"));
    /// The private hosted zones of a VPC, whoever owns them.
    ListHostedZonesByVpc = call("route53:ListHostedZonesByVPC", Quota::Route53).http("GET /2013-04-01/hostedzonesbyvpc");
    /// The records of a hosted zone.
    ListResourceRecordSets = call("route53:ListResourceRecordSets", Quota::Route53)
        .on(Grant::new("ReadHostedZones", "route53:::hostedzone/*"))
        .http("GET /2013-04-01/hostedzone/*/rrset");
    /// The state of a KMS key.
    DescribeKey = call("kms:DescribeKey", Quota::DescribeKey).on(KEYS).absent("NotFoundException");
    /// The policy of a KMS key.
    GetKeyPolicy = call("kms:GetKeyPolicy", Quota::GetKeyPolicy).on(KEYS);
    /// A search of a log group.
    FilterLogEvents = call("logs:FilterLogEvents", Quota::FilterLogEvents)
        .on(LOG_GROUPS)
        .absent("ResourceNotFoundException");
    /// Starts a query of CloudWatch Logs Insights.
    StartQuery = call("logs:StartQuery", Quota::StartQuery)
        .on(LOG_GROUPS)
        .absent("ResourceNotFoundException")
        .granted(Granted::WithInsights);
    /// The results of a query.
    GetQueryResults = call("logs:GetQueryResults", Quota::GetQueryResults)
        .on(LOG_GROUPS)
        .granted(Granted::WithInsights);
    /// Ends a query that nobody waits for any more.
    StopQuery = call("logs:StopQuery", Quota::StopQuery).granted(Granted::WithInsights);
    /// Metrics of CloudWatch, up to 500 a call.
    GetMetricData = call("cloudwatch:GetMetricData", Quota::GetMetricData);
    /// Sampling rules of X-Ray.
    GetSamplingRules = call("xray:GetSamplingRules", Quota::Xray).http("POST /GetSamplingRules");
    /// Where X-Ray stores the segments it receives.
    GetTraceSegmentDestination = call("xray:GetTraceSegmentDestination", Quota::Xray)
        .http("POST /GetTraceSegmentDestination");
    /// The organization that the account belongs to.
    DescribeOrganization = call("organizations:DescribeOrganization", Quota::Organizations)
        .absent("AWSOrganizationsNotInUseException")
        .granted(Granted::WithOrganization);
    /// The root of an organization, with the policy types that are enabled there.
    ListRoots = call("organizations:ListRoots", Quota::Organizations).granted(Granted::WithOrganization);
    /// The parent of an account or organizational unit.
    ListParents = call("organizations:ListParents", Quota::Organizations).granted(Granted::WithOrganization);
    /// Policies attached to an account, an organizational unit or a root.
    ListPoliciesForTarget = call("organizations:ListPoliciesForTarget", Quota::Organizations)
        .granted(Granted::WithOrganization);
    /// The document of a policy of an organization. AWS's own policies belong to the account `aws`.
    DescribePolicy = call("organizations:DescribePolicy", Quota::Organizations)
        .on(Grant::new("ReadOrganizationPolicies", "organizations::*:policy/*"))
        .granted(Granted::WithOrganization);
}

/// A row of the table.
#[derive(Clone, Copy)]
struct Call {
    name: &'static str,
    quota: Quota,
    permission: &'static str,
    grant: Grant,
    granted: Granted,
    absent: Option<&'static str>,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests recognise requests by it"))]
    http: Option<&'static str>,
}

/// A call of that name (`service:Operation`, as AWS spells it). Its permission has the same name and takes no resource.
const fn call(name: &'static str, quota: Quota) -> Call {
    Call { name, quota, permission: name, grant: ANYTHING, granted: Granted::Always, absent: None, http: None }
}

/// A call to API Gateway. Its permission is named after the HTTP method, for both APIs
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>).
const fn gateway(name: &'static str, resource: &'static str) -> Call {
    let grant = Grant::new("ReadApiGateway", resource);
    Call { permission: "apigateway:GET", grant, ..call(name, Quota::ApiGateway) }
}

impl Call {
    /// The permission can be granted on this.
    const fn on(self, grant: Grant) -> Self {
        Self { grant, ..self }
    }

    /// This error code means "there is none".
    const fn absent(self, code: &'static str) -> Self {
        Self { absent: Some(code), ..self }
    }

    const fn granted(self, granted: Granted) -> Self {
        Self { granted, ..self }
    }

    /// The HTTP method and path of a REST call; `*` stands for one segment. For services whose requests name the
    /// operation in a header or in the body it is left out.
    const fn http(self, request: &'static str) -> Self {
        Self { http: Some(request), ..self }
    }
}

/// A resource that permissions are granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    /// Without its `arn:PARTITION:`; `*` where the action takes no resource.
    pub(crate) resource: &'static str,
    /// The statement's id in the policy.
    pub(crate) sid: &'static str,
}

impl Grant {
    const fn new(sid: &'static str, resource: &'static str) -> Self {
        Self { resource, sid }
    }
}

const ANYTHING: Grant = Grant::new("ListAndDescribe", "*");
const LOG_GROUPS: Grant = Grant::new("FindLogGroups", "logs:*:*:log-group:*");
const ROLES: Grant = Grant::new("ReadRoles", "iam::*:role/*");
/// AWS's own policies belong to the account `aws`.
const POLICIES: Grant = Grant::new("ReadPolicies", "iam::*:policy/*");
/// Log groups may name keys of other accounts.
const KEYS: Grant = Grant::new("ReadKeys", "kms:*:*:key/*");

/// Where `iam-policy` includes a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    Always,
    /// With `--insights`: the call is made only where the owner asks for queries of Insights, which AWS bills.
    WithInsights,
    /// With `--organization`: only the management account and delegated administrators of an organization get an answer,
    /// so most accounts have no use for the permission. `DescribeOrganization` answers every account, but is of no use
    /// without the rest.
    WithOrganization,
    Never,
}

/// A rate limit of AWS, per account and region (or per account, where the service is global). All calls to API Gateway
/// share one, the account owner's own deployments included.
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
    /// Lambda's control plane, but for the calls that have a limit of their own.
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
    /// Route 53, all regions together.
    Route53,
}

/// Requests a second, and how many may come at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

impl Quota {
    /// What AWS allows. Where AWS publishes nothing, a figure well below the rates that are known to be throttled.
    pub(crate) fn rate(self) -> Rate {
        let (per_second, burst) = match self {
            // https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: 10 rps, burst 40, for all calls
            Self::ApiGateway => (10.0, 40.0),
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
            Self::DescribeLogGroups => (10.0, 10.0),
            // DescribeDeliveryStream: five calls a second (https://docs.aws.amazon.com/firehose/latest/dev/limits.html).
            // FilterLogEvents: five calls a second, and cannot be raised
            // (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html).
            // Calls about queries: AWS's list of quotas could not be read; five a second is what others quote from it.
            // Route 53: five a second (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
            // DescribeResourcePolicies, calls about deliveries, and X-Ray's calls: not published.
            Self::DescribeDeliveryStream
            | Self::DescribeResourcePolicies
            | Self::LogDeliveries
            | Self::FilterLogEvents
            | Self::StartQuery
            | Self::GetQueryResults
            | Self::StopQuery
            | Self::Xray
            | Self::Route53 => (5.0, 5.0),
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
    /// `service:Operation`, as AWS spells it.
    pub(crate) fn name(self) -> &'static str {
        self.row().name
    }

    /// The IAM action that allows it.
    pub(crate) fn permission(self) -> &'static str {
        self.row().permission
    }

    /// What to grant that action on.
    pub(crate) fn grant(self) -> Grant {
        self.row().grant
    }

    /// Where `iam-policy` includes that action.
    pub(crate) fn granted(self) -> Granted {
        self.row().granted
    }

    /// The limit that it counts against.
    pub(crate) fn quota(self) -> Quota {
        self.row().quota
    }

    /// The error code that means "there is none", for calls that ask about one thing.
    pub(crate) fn absent(self) -> Option<&'static str> {
        self.row().absent
    }

    /// The HTTP method and path, where they name the operation. Tests recognise requests by it.
    #[cfg(test)]
    pub(crate) fn http(self) -> Option<(&'static str, &'static str)> {
        self.row().http.and_then(|request| request.split_once(' '))
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
            // The queries' access level is Read: a query changes nothing
            // (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html).
            // AssumeRole changes nothing either.
            if ["logs:StartQuery", "logs:StopQuery", "sts:AssumeRole"].contains(&name) {
                continue;
            }
            assert!(
                ["Get", "List", "Describe", "Filter", "Search"].iter().any(|read| verb.starts_with(read)),
                "{name}"
            );
        }
    }

    /// The services whose requests are recognised by method and path.
    #[test]
    fn rest_calls_have_a_path() {
        for operation in Operation::ALL {
            let service = operation.name().split(':').next().expect("service:Operation");
            let is_rest = ["apigateway", "apigatewayv2", "lambda", "route53", "xray"].contains(&service);
            let http = operation.http();
            assert_eq!(http.is_some_and(|(_, path)| path.starts_with('/')), is_rest, "{operation}: {http:?}");
            if service.starts_with("apigateway") {
                // IAM writes the paths of the second version without /v2.
                let (method, path) = http.expect("checked above");
                let granted = format!("apigateway:*::{}", path.strip_prefix("/v2").unwrap_or(path));
                assert_eq!((method, granted.as_str()), ("GET", operation.grant().resource));
            }
        }
    }
}
