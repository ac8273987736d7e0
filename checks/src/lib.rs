//! What Gatelight judges: an inventory of AWS accounts in, outcomes out.
//!
//! [`audit`] is a pure function. The same inventory gives the same outcomes for ever: there is no clock, no network
//! and no file here. A fact that could not be read turns a verdict into "could not check" and never into another
//! verdict; the tests hide every fact of every scenario to prove it.

pub mod access_log;
mod audit;
pub mod check;
pub mod context;
pub mod cost;
mod coverage;
pub mod execution_log;
pub mod function;
pub mod gateway;
pub mod gateway_role;
pub mod log;
pub mod log_group;
mod organization;
mod patch;
pub mod plan;
pub mod policy;
mod role;
pub mod stage;
mod subjects;
#[cfg(test)]
mod sweep;
pub mod testing;
pub mod trace;
pub mod verdict;
pub mod visibility;

pub use audit::{Outcome, audit, audit_visibility};
pub use check::Check;
pub use context::{Context, LogGroupUse, Scope, TracedStages};
pub use coverage::{Coverage, Unseen};
pub use policy::Policy;
pub use verdict::{Extent, Judgement, Verdict, worst};

macro_rules! checks {
    ($($folder:ident::$file:ident::CHECK,)*) => {
        /// Every check, in the order of the documentation.
        pub const CHECKS: &[Check] = &[$($folder::$file::CHECK,)*];

        /// Where each of them stands: `access_log_off`.
        #[cfg(test)]
        const PLACES: &[&str] = &[$(concat!(stringify!($folder), "_", stringify!($file)),)*];
    };
}

checks! {
    access_log::off::CHECK,
    access_log::not_json::CHECK,
    access_log::breaks_json::CHECK,
    access_log::lacks_integration_fields::CHECK,
    access_log::lacks_latency::CHECK,
    access_log::lacks_request_id::CHECK,
    access_log::unknown_variable::CHECK,
    access_log::destination_missing::CHECK,
    access_log::never_expires::CHECK,
    log_group::never_expires::CHECK,
    access_log::silent::CHECK,
    execution_log::off::CHECK,
    execution_log::records_payloads::CHECK,
    gateway_role::unset::CHECK,
    gateway_role::missing::CHECK,
    gateway_role::untrusted::CHECK,
    gateway_role::cannot_write::CHECK,
    gateway_role::denied_by_organization::CHECK,
    log::delivery_denied::CHECK,
    log_group::key_unusable::CHECK,
    function::role_cannot_log::CHECK,
    stage::tracing_off::CHECK,
    function::tracing_off::CHECK,
    function::role_cannot_trace::CHECK,
    trace::sampling_off::CHECK,
    trace::destination_denied::CHECK,
    function::cannot_reach_xray::CHECK,
    log::emission_failing::CHECK,
    gateway::overhead_high::CHECK,
}

/// The check of that id.
#[must_use]
pub fn find_check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}
