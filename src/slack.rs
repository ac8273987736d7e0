//! Slack: what a look changed, as messages for incoming webhooks, and their delivery.
//!
//! A message is composed once, and kept as it is until it is delivered. What Slack documents as limits is kept, and so
//! is what others measured (`blocks.rs`); names are hostile input, and none of them can mention, link or format (`text.rs`).

mod blocks;
mod client;
mod groups;
mod message;
mod oneshot;
mod record;
mod route;
mod text;
mod webhook;

pub(crate) use client::{Delivery, backoff, connect};
pub(crate) use message::{Look, compose, digest, marked, snapshot, snapshot_of_all};
pub(crate) use oneshot::{check, post_all, send_all};
pub(crate) use record::{NO_ROUTE, Settled, settle};
pub(crate) use route::Route;
pub(crate) use webhook::{Source, Webhook};

#[cfg(test)]
mod tests;
