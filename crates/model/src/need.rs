//! The groups of facts that are collected together or not at all.

macro_rules! needs {
    ($($need:ident = $about:literal,)*) => {
        /// A group of facts that is collected together or not at all.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Need {
            $(#[doc = $about] $need,)*
        }

        impl Need {
            /// Every need.
            pub const ALL: &[Self] = &[$(Self::$need),*];

            /// What is collected, as a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$need => $about,)*
                }
            }
        }
    };
}

needs! {
    Stages = "REST, HTTP and WebSocket APIs and their stages.",
    GatewaySettings = "The API Gateway settings of the account in a region.",
    GatewayRole = "The role in the API Gateway settings, and its trust policy.",
    GatewayRolePolicies = "The policies and the permissions boundary of the role in the API Gateway settings.",
    AccessLogGroups = "The log groups that access logs go to.",
    ExecutionLogGroups = "The log groups that execution logs go to.",
    LogDeliveries = "Where delivery sources send the execution logs of REST stages.",
    DeliveryStreams = "The Firehose streams that access logs go to.",
    Functions = "Lambda functions.",
    Callers = "Who may call the functions whose verdict depends on it.",
    FunctionRoles = "The execution roles of functions.",
    FunctionLogGroups = "The log groups that functions write to.",
    LogPolicies = "Resource policies of CloudWatch Logs.",
    Networks = "The networks that functions are attached to, and the capacity providers that they run on.",
    LogProbes = "The search of log groups for failure lines.",
    LogGroupKeys = "The KMS keys of log groups.",
    ExecutionLogVolume = "How much the log groups of execution logs took in. No check needs it; `gatelight cost` does.",
    Traffic = "How many requests stages served in the window of the audit.",
    Latencies = "How long the requests of stages took, in all and in the backend.",
    Taken = "What stages served and the destinations of their access logs took, since either last changed.",
    SamplingRules = "The sampling rules of X-Ray.",
    TraceDestination = "Where X-Ray puts the segments that it is sent.",
    Organization = "The policies that an organization sets to the account.",
}

impl Need {
    /// Whether AWS gives it to few accounts, whatever the owner of another allows: policies of an organization to its
    /// management account and to delegated administrators alone
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html>).
    #[must_use]
    pub fn needs_org_admin(self) -> bool {
        self == Self::Organization
    }
}
