//! Stub.
use crate::check::{Check, Judge, Need, Severity};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "stage-tracing-off",
    title: "…",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("stage_off.md"),
};
fn judge(_: &crate::inventory::StageOf<'_>, _: &crate::Context<'_>) -> crate::Verdict {
    todo!()
}
