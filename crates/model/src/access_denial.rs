//! Which policy denied a call, and what helps then.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why AWS denied a call, as far as it says so: the kind of the deciding policy, and whether that has a `Deny` or only lacks
/// an `Allow`. AWS names one kind even where several deny
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccessDenial {
    /// The kind of the policy; `None` if AWS does not say it.
    #[serde(default)]
    pub policy: Option<DenyingPolicy>,
    /// Whether a `Deny` decided. Otherwise no policy of that kind allows the call.
    pub explicit: bool,
    /// The policy's ARN, which AWS tells callers of the same account or organization.
    #[serde(default)]
    pub arn: Option<String>,
}

/// A kind of policy that can deny a call. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DenyingPolicy {
    /// A service control policy (SCP) of the organization.
    ServiceControlPolicy,
    /// A resource control policy (RCP) of the organization.
    ResourceControlPolicy,
    /// The permissions boundary of the role or user.
    PermissionsBoundary,
    /// A policy that was passed when the session began.
    SessionPolicy,
    /// The policy of the VPC endpoint that the call went through.
    VpcEndpointPolicy,
    /// A policy of the role or user.
    IdentityBasedPolicy,
    /// A policy of what the call is about, such as a key policy.
    ResourceBasedPolicy,
    /// The trust policy of the role that is to be assumed.
    RoleTrustPolicy,
}

impl DenyingPolicy {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::ServiceControlPolicy,
        Self::ResourceControlPolicy,
        Self::PermissionsBoundary,
        Self::SessionPolicy,
        Self::VpcEndpointPolicy,
        Self::IdentityBasedPolicy,
        Self::ResourceBasedPolicy,
        Self::RoleTrustPolicy,
    ];

    /// The name in the JSON report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceControlPolicy => "service-control-policy",
            Self::ResourceControlPolicy => "resource-control-policy",
            Self::PermissionsBoundary => "permissions-boundary",
            Self::SessionPolicy => "session-policy",
            Self::VpcEndpointPolicy => "vpc-endpoint-policy",
            Self::IdentityBasedPolicy => "identity-based-policy",
            Self::ResourceBasedPolicy => "resource-based-policy",
            Self::RoleTrustPolicy => "role-trust-policy",
        }
    }

    /// What AWS calls it in its messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ServiceControlPolicy => "service control policy",
            Self::ResourceControlPolicy => "resource control policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::SessionPolicy => "session policy",
            Self::VpcEndpointPolicy => "VPC endpoint policy",
            Self::IdentityBasedPolicy => "identity-based policy",
            Self::ResourceBasedPolicy => "resource-based policy",
            Self::RoleTrustPolicy => "role trust policy",
        }
    }
}

impl AccessDenial {
    /// Whether a service control policy decided. No permission in the account helps against it.
    #[must_use]
    pub fn is_by_service_control_policy(&self) -> bool {
        self.policy == Some(DenyingPolicy::ServiceControlPolicy)
    }

    /// Whether granting the permission to the role or user is what helps.
    #[must_use]
    pub fn wants_a_grant(&self) -> bool {
        !self.explicit && matches!(self.policy, None | Some(DenyingPolicy::IdentityBasedPolicy))
    }

    /// What helps, as the end of a sentence; `None` where granting the permission does.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        use DenyingPolicy as Policy;
        Some(match (self.policy, self.explicit) {
            (None | Some(Policy::IdentityBasedPolicy), false) => return None,
            (Some(Policy::ServiceControlPolicy | Policy::ResourceControlPolicy), _) => {
                "no permission in this account helps; only an administrator of the organization can change that policy"
            }
            (Some(Policy::PermissionsBoundary), false) => "allow the call in the permissions boundary too",
            (Some(Policy::PermissionsBoundary), true) => {
                "a grant does not help; change that Deny in the permissions boundary"
            }
            (Some(Policy::SessionPolicy), _) => {
                "a grant to the role does not help; start the session with a session policy that allows the call, or \
                 with none"
            }
            (Some(Policy::VpcEndpointPolicy), _) => {
                "a grant to the role does not help; allow the call in the policy of the VPC endpoint, or call from \
                 elsewhere"
            }
            (Some(Policy::ResourceBasedPolicy), false) => "allow the call in the policy of the resource too",
            (Some(Policy::ResourceBasedPolicy), true) => {
                "a grant does not help; change that Deny in the policy of the resource"
            }
            (Some(Policy::RoleTrustPolicy), false) => "let these credentials assume the role in its trust policy",
            (Some(Policy::RoleTrustPolicy), true) => {
                "a grant does not help; change that Deny in the role's trust policy"
            }
            (None | Some(Policy::IdentityBasedPolicy), true) => "a grant does not help; change that Deny",
        })
    }
}

/// Which policy it was: `explicit deny in a service control policy (arn:aws:organizations::…)`.
impl fmt::Display for AccessDenial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.policy, self.explicit) {
            (None, true) => f.write_str("explicit deny, AWS does not say in which policy"),
            (None, false) => f.write_str("no policy allows it"),
            (Some(policy), true) => {
                let article = if policy == DenyingPolicy::IdentityBasedPolicy { "an" } else { "a" };
                write!(f, "explicit deny in {article} {}", policy.words())
            }
            (Some(policy), false) => write!(f, "no {} allows it", policy.words()),
        }?;
        match &self.arn {
            Some(arn) => write!(f, " ({arn})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_helps_only_where_a_policy_of_the_caller_lacks_an_allow() {
        for policy in DenyingPolicy::ALL {
            for explicit in [true, false] {
                let denial = AccessDenial { policy: Some(policy), explicit, arn: None };
                let helps = policy == DenyingPolicy::IdentityBasedPolicy && !explicit;
                assert_eq!(denial.wants_a_grant(), helps, "{denial}");
                assert_eq!(denial.advice().is_none(), helps, "{denial}");
                assert!(denial.to_string().contains(policy.words()), "{denial}");
                let json = serde_json::to_value(policy).expect("a name");
                assert_eq!(json, policy.name());
            }
        }
        assert!(!AccessDenial { policy: None, explicit: true, arn: None }.wants_a_grant());
    }
}
