//! The way of a packet from a function to X-Ray, decided from what EC2 tells of the network: three-valued, hop by hop.

mod address;
mod appliance;
pub mod cannot_reach_xray;
mod elsewhere;
mod endpoint;
mod firewall;
mod follow;
mod hop;
mod index;
mod memo;
mod name;
mod nat;
mod path;
mod routes;
mod transit;

pub(crate) use index::Index;

pub use hop::{Hop, Passage, PathFromSubnet, Place};

use crate::{
    Context,
    fetched::Gap,
    inventory::{Function, FunctionVpc},
};
use path::Walk;

/// The way from each subnet of a function to X-Ray's endpoint (TCP port 443, and back), in the order in which Lambda
/// names the subnets; empty if the function is not in a VPC. On managed instances they are the subnets of its capacity
/// provider.
///
/// # Errors
/// If AWS would not say in which network its capacity provider is, or names no subnet of it.
pub fn paths(function: &Function, context: &Context<'_>) -> Result<Vec<PathFromSubnet>, Gap> {
    let walk = Walk::of(function, context)?;
    Ok(walk.map(|walk| walk.paths().as_ref().clone()).unwrap_or_default())
}

/// The network that the function's packets start in.
fn network_of<'a>(function: &'a Function, context: &Context<'a>) -> Result<Option<&'a FunctionVpc>, Gap> {
    let Some(arn) = &function.capacity_provider else {
        return Ok(function.vpc.as_ref().filter(|vpc| !vpc.subnets.is_empty()));
    };
    let mut answers = context.region().capacity_providers.iter();
    let answer = answers.find(|answer| answer.arn == *arn);
    let vpc = answer.ok_or_else(|| Gap::not_collected(format!("capacity provider {arn}")))?.vpc.get()?;
    if vpc.subnets.is_empty() {
        return Err(Gap::unprovable(arn, format!("AWS names no subnet of capacity provider {arn}")));
    }
    Ok(Some(vpc))
}
