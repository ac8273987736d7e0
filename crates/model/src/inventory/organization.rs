//! The organization that an account belongs to, and the policies that it sets to the account.

use serde::{Deserialize, Serialize};

use crate::{Fetched, Listing, gaps::walk_gaps};

/// An AWS organization, as far as one of its accounts lies below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The account that it was made from: twelve digits.
    pub management_account: String,
    /// `ALL`, or `CONSOLIDATED_BILLING`: then it has no policies.
    pub feature_set: String,
    /// The types of policy that its root states.
    pub policy_types: Fetched<Vec<PolicyType>>,
    /// The account, the organizational units above it, and the root. Each names the one above it.
    pub levels: Vec<OrganizationLevel>,
    /// The policies that those name, each once.
    pub policies: Vec<OrganizationPolicy>,
}

/// A type of policy in an organization's root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyType {
    /// `SERVICE_CONTROL_POLICY`, `RESOURCE_CONTROL_POLICY`, …
    pub kind: String,
    /// `ENABLED`, `PENDING_ENABLE`, `PENDING_DISABLE`.
    pub status: String,
}

/// What policies are attached to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationLevel {
    /// Twelve digits for an account, `ou-…` for an organizational unit, `r-…` for a root.
    pub id: String,
    /// The id of what it lies in; a root lies in nothing.
    pub parent: Fetched<Option<String>>,
    /// The ids of the service control policies attached to it.
    pub service_control_policies: Listing<String>,
    /// The ids of the resource control policies attached to it.
    pub resource_control_policies: Listing<String>,
}

/// A policy of an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// `p-…`.
    pub id: String,
    /// `arn:P:organizations::A:policy/o-…/service_control_policy/p-…`; of AWS's own, `A` is `aws`.
    pub arn: String,
    /// What its owner calls it.
    pub name: String,
    /// As AWS sent it.
    pub document: Fetched<String>,
}

walk_gaps! {
    Organization { id, management_account, feature_set, policy_types, levels, policies }
    PolicyType { kind, status }
    OrganizationLevel { id, parent, service_control_policies, resource_control_policies }
    OrganizationPolicy { id, arn, name, document }
}
