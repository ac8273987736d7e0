//! Stub.
use crate::check::{Check, Judge, Need, Severity};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-unset",
    title: "…",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Account(judge),
    docs: include_str!("unset.md"),
};
fn judge(_: &crate::Context<'_>) -> crate::Verdict {
    todo!()
}
