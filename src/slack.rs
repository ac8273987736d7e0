//! Slack: what a run changed, as messages for incoming webhooks, and their delivery.
//!
//! A message is composed once, and stays as it is until it is delivered. It keeps Slack's documented limits, and those that
//! others measured (`blocks.rs`). Names are hostile input: none of them can mention, link or format (`text.rs`).

mod blocks;
mod client;
mod groups;
mod message;
mod oneshot;
mod record;
mod text;
mod webhook;

pub(crate) use client::{Delivery, backoff, connect};
pub(crate) use message::{LastRun, compose, digest, snapshot, snapshot_of_all, with_delivery_notes};
pub(crate) use oneshot::{check, post_all, send_all};
pub(crate) use record::{NO_ROUTE, RecordedDelivery, record_delivery};

#[cfg(test)]
mod tests;
