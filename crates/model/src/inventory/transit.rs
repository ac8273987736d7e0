//! Transit gateways: their attachments and routes.

use serde::{Deserialize, Serialize};

use super::routes::Route;
use crate::{Fetched, fetched::required_option, gaps::walk_gaps};

/// A transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitGateway {
    /// `tgw-…`.
    pub id: String,
    /// The account that owns it, and alone sees its route tables.
    pub owner: String,
}

/// What is attached to a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitAttachment {
    /// `tgw-attach-…`.
    pub id: String,
    /// `tgw-…`.
    pub gateway: String,
    /// `vpc`, `vpn`, `direct-connect-gateway`, `peering`, `connect`, …
    pub kind: String,
    /// What is attached: `vpc-…`, …
    pub resource: String,
    /// The account that owns that.
    pub owner: String,
    /// `available`, …
    pub state: String,
    /// The route table that holds for packets that come from there: `tgw-rtb-…`.
    #[serde(deserialize_with = "required_option")]
    pub table: Option<String>,
}

/// Where the attachment of a VPC to a transit gateway stands: a subnet a zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitSubnets {
    /// `tgw-attach-…`.
    pub attachment: String,
    /// Its subnets.
    pub subnets: Vec<String>,
}

/// What AWS said about a route table of a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitTableAnswer {
    /// `tgw-rtb-…`.
    pub id: String,
    /// Its routes; the target is an attachment. One that leads to several stands there once for each.
    pub routes: Fetched<Vec<Route>>,
}

walk_gaps! {
    TransitGateway { id, owner }
    TransitAttachment { id, gateway, kind, resource, owner, state, table }
    TransitSubnets { attachment, subnets }
    TransitTableAnswer { id, routes }
}
