//! Every AWS call that Gatelight makes. One table feeds pacing, gap messages, request counts and `iam-policy`.

use std::fmt;

/// A call to AWS. All of them only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Operation {
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
            Self::DescribeDeliveryStream => (5.0, 5.0),
            // Not published.
            Self::Iam => (10.0, 20.0),
            // Not published per call; 600 a second for AssumeRole and its like.
            Self::Sts => (20.0, 20.0),
            // https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
            Self::Ec2 => (20.0, 100.0),
        };
        Rate { per_second, burst }
    }
}

impl Operation {
    /// Every call, for tables and tests.
    pub(crate) const ALL: [Self; 15] = [
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
    ];

    /// `service:Operation`, in AWS's words.
    pub(crate) fn name(self) -> &'static str {
        match self {
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
            Self::DescribeLogGroups => "logs:*:*:log-group:*",
            // API Gateway writes to no stream of another name, so none is asked about.
            Self::DescribeDeliveryStream => "firehose:*:*:deliverystream/amazon-apigateway-*",
            Self::GetRole | Self::ListRolePolicies | Self::GetRolePolicy | Self::ListAttachedRolePolicies => {
                "iam::*:role/*"
            }
            Self::GetPolicy | Self::GetPolicyVersion => "iam::*:policy/*",
            Self::GetCallerIdentity | Self::DescribeRegions => "*",
        }
    }

    /// The limit that it counts against.
    pub(crate) fn quota(self) -> Quota {
        match self {
            Self::GetCallerIdentity => Quota::Sts,
            Self::DescribeRegions => Quota::Ec2,
            Self::GetRestApis | Self::GetRestStages | Self::GetV2Apis | Self::GetV2Stages | Self::GetGatewayAccount => {
                Quota::ApiGateway
            }
            Self::DescribeLogGroups => Quota::DescribeLogGroups,
            Self::DescribeDeliveryStream => Quota::DescribeDeliveryStream,
            Self::GetRole
            | Self::ListRolePolicies
            | Self::GetRolePolicy
            | Self::ListAttachedRolePolicies
            | Self::GetPolicy
            | Self::GetPolicyVersion => Quota::Iam,
        }
    }

    /// The error code that means "there is none", for calls that ask about one thing.
    pub(crate) fn absent(self) -> Option<&'static str> {
        match self {
            Self::GetRestStages | Self::GetV2Stages => Some("NotFoundException"),
            Self::DescribeDeliveryStream => Some("ResourceNotFoundException"),
            Self::GetRole => Some("NoSuchEntity"),
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
            assert!(["Get", "List", "Describe"].iter().any(|read| verb.starts_with(read)), "{name}");
        }
    }
}
