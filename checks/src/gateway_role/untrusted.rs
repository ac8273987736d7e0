//! Stub.
use crate::check::{Check, Judge, Need, Severity};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-untrusted",
    title: "…",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Account(judge),
    docs: include_str!("untrusted.md"),
};
fn judge(_: &crate::Context<'_>) -> crate::Verdict {
    todo!()
}
