//! The way of a packet from a function to X-Ray, decided from what EC2 tells of the network: three-valued, hop by hop.

mod address_set;
mod appliance;
mod cache;
mod dns;
mod endpoint;
mod firewall;
mod hop;
mod index;
mod nat;
mod remote_endpoint;
mod routes;
mod routing;
mod transit;
mod walk;

pub use hop::{Hop, HopResult, PathFromSubnet, Place};
pub use index::Index;

pub use appliance::CHECK_IS_ON;
pub use walk::Walk;

use gatelight_model::{Gap, inventory::Function};

/// The way from each subnet of a function to X-Ray's endpoint (TCP port 443, and back), in the order in which Lambda
/// names the subnets; empty if the function is not in a VPC. On managed instances they are the subnets of its capacity
/// provider.
///
/// # Errors
/// If AWS would not say in which network its capacity provider is, or names no subnet of it.
pub fn paths(function: &Function, index: &Index<'_>) -> Result<Vec<PathFromSubnet>, Gap> {
    let walk = Walk::of(function, index)?;
    Ok(walk.map(|walk| walk.paths().as_ref().clone()).unwrap_or_default())
}
