//! The role that writes the logs of REST and WebSocket APIs in a region.

pub mod cannot_write;
pub mod missing;
pub mod unset;
pub mod untrusted;
