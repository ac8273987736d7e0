//! What is global in an account: its roles, their policies, and its organization.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Organization;
use crate::{Fetched, Listing, fetched::required_option, gaps::walk_gaps};

/// What is global in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: Fetched<String>,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// When its facts were collected: the "now" of every verdict about it.
    pub collected_at: Timestamp,
    /// The roles that something in its regions names, each once.
    pub roles: Vec<RoleAnswer>,
    /// The managed policies that those roles name, each once.
    pub managed_policies: Vec<ManagedPolicy>,
    /// The organization that the account belongs to, or that it belongs to none.
    pub organization: Fetched<Option<Organization>>,
}

/// What AWS said about a role that something names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleAnswer {
    /// The ARN as it was named.
    pub arn: String,
    /// The role, or that there is none of that name.
    pub role: Fetched<Option<Role>>,
}

/// An IAM role. Policy documents are kept as AWS sent them (raw or URL-encoded JSON).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The role's own ARN: it differs from the one that was asked for if a role of that name has another path now.
    pub arn: String,
    /// Who may assume it.
    pub trust_policy: String,
    /// The ARN of the managed policy that is its permissions boundary.
    #[serde(deserialize_with = "required_option")]
    pub boundary: Option<String>,
    /// The policies written into it.
    pub inline_policies: Listing<InlinePolicy>,
    /// The managed policies attached to it.
    pub attached_policies: Listing<AttachedPolicy>,
}

impl Role {
    /// The ARNs of the managed policies that it names: those attached to it, and its permissions boundary.
    pub fn managed_policies(&self) -> impl Iterator<Item = &str> {
        self.attached_policies.seen.iter().map(|policy| policy.arn.as_str()).chain(self.boundary.as_deref())
    }
}

/// A policy written into a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InlinePolicy {
    /// Unique within the role.
    pub name: String,
    /// JSON, raw or URL-encoded.
    pub document: Fetched<String>,
}

/// A managed policy that a role names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttachedPolicy {
    /// Its ARN; the document is among [`Account::managed_policies`].
    pub arn: String,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `arn:aws:iam::aws:policy/…` or the account's own.
    pub arn: String,
    /// The default version: JSON, raw or URL-encoded.
    pub document: Fetched<String>,
}

walk_gaps! {
    Account { id, partition, collected_at, roles, managed_policies, organization }
    RoleAnswer { arn, role }
    Role { arn, trust_policy, boundary, inline_policies, attached_policies }
    InlinePolicy { name, document }
    AttachedPolicy { arn }
    ManagedPolicy { arn, document }
}
