//! Route tables of VPCs.

use serde::{Deserialize, Serialize};

use crate::{Fetched, gaps::walk_gaps};

/// A route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// `rtb-…`.
    pub id: String,
    /// `vpc-…`.
    pub vpc: String,
    /// Whether it holds for subnets that are not associated with another.
    pub main: bool,
    /// The subnets that are associated with it by name.
    pub subnets: Vec<String>,
    /// The internet and virtual private gateways whose packets into the VPC it routes.
    pub gateways: Vec<String>,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// An IPv4 or IPv6 range, or `pl-…`.
    pub destination: String,
    /// `active`, `blackhole`, …
    pub state: String,
    /// Where it leads: `local`, `igw-…`, `nat-…`, `vpce-…`, `tgw-…`, `pcx-…`, `eni-…`, `i-…`, `eigw-…`, `vgw-…`, `cagw-…`,
    /// `lgw-…`, the ARN of a core network, …; empty where AWS names nothing that this version knows.
    pub target: String,
    /// How it came there: `CreateRouteTable`, `CreateRoute`, `EnableVgwRoutePropagation`, `Advertisement`; in the table of a
    /// transit gateway `static` or `propagated`.
    pub origin: Fetched<String>,
}

walk_gaps! {
    RouteTable { id, vpc, main, subnets, gateways, routes }
    Route { destination, state, target, origin }
}
