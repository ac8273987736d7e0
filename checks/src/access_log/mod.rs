//! Checks of access logs: what a stage writes about each request, and where it goes.

pub mod breaks_json;
pub mod destination_missing;
pub mod format_rule;
pub mod lacks_integration_fields;
pub mod lacks_latency;
pub mod lacks_request_id;
pub mod lint;
pub mod never_expires;
pub mod not_json;
pub mod off;
pub mod silent;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turn_on;
pub mod unknown_variable;
