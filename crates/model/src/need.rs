//! The groups of facts that are collected together or not at all.

/// A group of facts that is collected together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// REST, HTTP and WebSocket APIs and their stages.
    Stages,
    /// The API Gateway settings of the account in a region.
    GatewaySettings,
    /// The role in those settings, and its trust policy.
    GatewayRole,
    /// That role's policies and permissions boundary.
    GatewayRolePolicies,
    /// The log groups that access logs go to.
    AccessLogGroups,
    /// The log groups that execution logs go to.
    ExecutionLogGroups,
    /// Where delivery sources send the execution logs of REST stages.
    LogDeliveries,
    /// The Firehose streams that access logs go to.
    DeliveryStreams,
    /// Lambda functions.
    Functions,
    /// Who may call the functions whose verdict depends on it.
    Callers,
    /// The execution roles of functions.
    FunctionRoles,
    /// The log groups that functions write to.
    FunctionLogGroups,
    /// Resource policies of CloudWatch Logs.
    LogPolicies,
    /// The networks that functions are attached to, and the capacity providers that they run on.
    Networks,
    /// The search of log groups for signs of failure.
    LogProbes,
    /// The KMS keys of log groups.
    LogGroupKeys,
    /// How much the log groups of execution logs took in. No check needs it; `gatelight cost` does.
    ExecutionLogVolume,
    /// How many requests stages served in the window of the audit.
    Traffic,
    /// How long those took, in all and in the backend.
    Latencies,
    /// What stages served and the destinations of their access logs took, since either last changed.
    Taken,
    /// The sampling rules of X-Ray.
    SamplingRules,
    /// Where X-Ray puts the segments that it is sent.
    TraceDestination,
    /// The policies that an organization sets to the account.
    Organization,
}

impl Need {
    /// Whether AWS does not tell it to most accounts, whatever their owner allows.
    /// Policies of an organization are told to its management account and to delegated administrators alone
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html>).
    #[must_use]
    pub fn needs_org_admin(self) -> bool {
        self == Self::Organization
    }
}
