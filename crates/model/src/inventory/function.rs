//! Lambda functions. Values of environment variables often hold secrets and are not kept; verdicts are about `$LATEST`.

use serde::{Deserialize, Serialize};

use crate::{Fetched, Subject, SubjectKind, fetched::required_option, gaps::walk_gaps};

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Without a version or alias.
    pub arn: String,
    /// Unique in a region.
    pub name: String,
    /// The ARN of its execution role.
    pub role: String,
    /// `Active` or `PassThrough`; none where AWS states no mode.
    #[serde(deserialize_with = "required_option")]
    pub tracing_mode: Option<String>,
    /// The log group that it is configured to write to; none: `/aws/lambda/NAME`.
    #[serde(deserialize_with = "required_option")]
    pub log_group: Option<String>,
    /// The subnets and security groups that it is attached to.
    #[serde(deserialize_with = "required_option")]
    pub vpc: Option<FunctionVpc>,
    /// ARNs of its layers' versions.
    pub layers: Vec<String>,
    /// Names of those of its environment variables that bear on tracing.
    pub tracing_variables: Vec<String>,
    /// The ARN of the capacity provider whose managed instances it runs on.
    #[serde(deserialize_with = "required_option")]
    pub capacity_provider: Option<String>,
}

/// The network that a function is attached to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionVpc {
    /// Any of which it may run in.
    pub subnets: Vec<String>,
    /// All of which apply.
    pub security_groups: Vec<String>,
    /// Whether IPv6 is allowed out of dual-stack subnets.
    pub ipv6: bool,
}

/// What AWS said about who may call a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallersAnswer {
    /// The function's ARN.
    pub function: String,
    /// Its resource policy as AWS sent it, or that there is none.
    pub policy: Fetched<Option<String>>,
}

/// What AWS said about a capacity provider that a function names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapacityProviderAnswer {
    /// Its ARN.
    pub arn: String,
    /// The network that its instances run in.
    pub vpc: Fetched<FunctionVpc>,
}

impl Function {
    /// Whether it traces by itself.
    #[must_use]
    pub fn traces(&self) -> bool {
        self.tracing_mode.as_deref() == Some("Active")
    }

    /// The name of the log group that it writes to. An empty name is none.
    #[must_use]
    pub fn log_group_name(&self) -> String {
        let named = self.log_group.as_deref().filter(|name| !name.is_empty());
        named.map_or_else(|| format!("/aws/lambda/{}", self.name), str::to_owned)
    }

    /// The function as a report names it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject { kind: SubjectKind::Function, arn: self.arn.clone(), name: self.name.clone() }
    }
}

walk_gaps! {
    Function { arn, name, role, tracing_mode, log_group, vpc, layers, tracing_variables, capacity_provider }
    FunctionVpc { subnets, security_groups, ipv6 }
    CallersAnswer { function, policy }
    CapacityProviderAnswer { arn, vpc }
}
