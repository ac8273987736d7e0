//! The way of a packet from a function to X-Ray, decided from what EC2 tells of the network: three-valued, hop by hop.

mod address;
pub mod cannot_reach_xray;
mod endpoint;
mod firewall;
mod index;
mod nat;
mod path;
mod routes;

pub(crate) use index::Index;
