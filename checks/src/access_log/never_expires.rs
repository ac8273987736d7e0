//! Stub.
use crate::check::{Check, Judge, Need, Severity};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-never-expires",
    title: "…",
    severity: Severity::Low,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("never_expires.md"),
};
fn judge(_: &crate::inventory::StageOf<'_>, _: &crate::Context<'_>) -> crate::Verdict {
    todo!()
}
