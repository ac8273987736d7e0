//! Whether packets from a function in a VPC reach X-Ray, and the answers come back, decided from what EC2 describes.
//!
//! A path is decided as a packet travels it. `dns` finds what X-Ray's name may resolve to: an interface endpoint of the VPC,
//! public addresses, or nothing; `name_server` follows a question to a DNS server of the owner's, and `hosted_zone` says what
//! private hosted zones answer. To an endpoint, `endpoint` checks security groups, network ACLs, diverting routes and the
//! endpoint's policy; to one in another network, which a hosted zone leads to, `far_endpoint` also peering connections,
//! transit gateways and the way back. To public addresses, `routing` follows the subnet's routes into `nat`, `transit` or
//! `appliance`, and `answers` follows the answers back. `paths` puts the hops together, and asks `central_endpoint` whether
//! a hosted zone decides, and `remote_endpoint` whether an endpoint in another network may help by what is not read.
//! `firewall` (groups and ACLs), `routes` (longest prefix) and `address_set` are the tools; `packet` tries each part of the
//! packets that rules divide; `remedy` is what would let packets pass, for the fix.
//!
//! Every hop lets packets through, stops them, or is unknown for a reason. A hop that stops is a proof, whatever is unknown
//! about the others. A fact that could not be read never turns one proof into another.
//!
//! The modules below stand in layers: a module uses only those of the layers above it.

mod address_set;
mod remedy;
mod service;

mod hop;

mod packet;

mod cache;

mod index;

mod firewall;

mod walk;

mod middlebox;

mod route_hops;
mod routes;

mod name_server;

mod dns;

mod hosted_zone;

mod answers;
mod appliance;
mod endpoint;
mod remote_endpoint;

mod nat;

mod transit;

mod far_endpoint;

mod central_endpoint;

mod routing;

mod paths;

use std::collections::{BTreeSet, HashSet};

use gatelight_model::{Gap, inventory::Function};

pub use hop::{Hop, HopKind, HopResult, PathFromSubnet};
pub use hosted_zone::{covers, xray_hosts};
pub use index::NetworkIndex;
pub use middlebox::CHECK_IS_ON;
pub use remedy::{Remedy, RouteGoal, Traffic};
pub use walk::Walk;

/// The path from each subnet of a function to X-Ray's endpoint (TCP port 443, and back), in the order in which Lambda
/// lists the subnets; empty if the function is not in a VPC. On managed instances they are the subnets of its capacity
/// provider.
///
/// # Errors
/// If the network of its capacity provider could not be read, or AWS lists no subnet of it.
pub fn paths(function: &Function, index: &NetworkIndex<'_>) -> Result<Vec<PathFromSubnet>, Gap> {
    let walk = Walk::of(function, index)?;
    Ok(walk.map(|walk| walk.paths().as_ref().clone()).unwrap_or_default())
}

/// The VPCs whose private hosted zones may change what becomes of the packets of these functions. Functions whose network is
/// not known count for none.
pub fn vpcs_whose_zones_matter<'a>(
    functions: impl IntoIterator<Item = &'a Function>,
    index: &'a NetworkIndex<'a>,
) -> BTreeSet<String> {
    let mut decided = HashSet::new();
    let walks = functions.into_iter().filter_map(|function| Walk::of(function, index).ok().flatten());
    let mut vpcs = BTreeSet::new();
    for walk in walks.filter(|walk| decided.insert(walk.key())) {
        vpcs.extend(walk.vpcs_whose_zones_matter().map(str::to_owned));
    }
    vpcs
}
