//! What of the other tests' scenarios MiniStack can hold: a second opinion on what the calls of AWS answer, by somebody who
//! did not write moto.
//!
//! Left out, for there MiniStack is not AWS:
//! - Interface endpoints: the answer has neither their security groups nor whether they have private DNS.
//! - Routes to prefix lists, interfaces and egress-only gateways: they lack their destination. Transit gateways: unknown.
//! - Network ACLs of one's own: associations are lost (see `support/ministack.rs` for those of the default ones).
//! - The callers of a function's alias: its policy is mixed into that of `$LATEST`.
//! - Which events a search finds: see [`searches`]. Metrics: it lacks the SDK's protocol.

mod delivery;
mod functions;
mod gateway_role;
mod networks;
mod searches;
mod stages;

use crate::support::{ministack::Account, report::Report};

/// Audits an account of MiniStack that these scripts fill, and holds its report to the table.
#[track_caller]
fn assert_table(scripts: &[&str], table: &str) -> Report {
    let account = Account::new();
    let seeded = account.seeded(scripts);
    let report = account.audit().run().report();
    report.is(&seeded.subjects(), table);
    report
}
