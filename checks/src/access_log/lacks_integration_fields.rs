//! Stub.
use crate::check::{Check, Judge, Need, Severity};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-lacks-integration-fields",
    title: "…",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("lacks_integration_fields.md"),
};
fn judge(_: &crate::inventory::StageOf<'_>, _: &crate::Context<'_>) -> crate::Verdict {
    todo!()
}
