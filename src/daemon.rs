//! The audit on a schedule, remembering: heartbeat, what is due, no overlap, stop, notify, health.

pub(crate) mod schedule;
