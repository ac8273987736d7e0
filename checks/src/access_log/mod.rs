//! What a stage writes about each request.

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
pub mod unknown_variable;
