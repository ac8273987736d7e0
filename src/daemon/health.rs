//! Health of the daemon over HTTP: whether it is alive and ready, its metrics, and its last reports.

mod metrics;
mod server;
mod state;

pub(crate) use self::{
    server::{HealthListener, HealthServer},
    state::Health,
};

#[cfg(test)]
mod tests;
