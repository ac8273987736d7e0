//! Lambda functions: whether they trace, and whether their roles let their traces and logs out.

pub mod cannot_reach_xray;
pub mod role_cannot_log;
pub mod role_cannot_trace;
pub mod tracing_off;

use gatelight_model::{
    Gap, Subject,
    inventory::{Function, Role},
};

use crate::{
    Context, Judgement,
    role::{self, DeniedAction},
    verdict::{Evidence, Failure, Fix},
};

/// The function's role: none if there is no such role.
///
/// # Errors
/// If the role belongs to another account, AWS would not say, or nobody asked.
fn role_of<'a>(function: &Function, context: &Context<'a>) -> Result<Option<&'a Role>, Gap> {
    role::existing(context, &function.role, context.account_of(function).ok())
}

/// A function whose role is gone can do nothing. `what`: what it cannot do.
fn without_role(function: &Function, what: &str) -> Judgement {
    let Function { name, role, .. } = function;
    Failure {
        severity: None,
        cause: cause(role),
        message: format!(
            "{role}, the execution role of function {name} ($LATEST), does not exist: the function can {what}."
        ),
        evidence: vec![Evidence::new("role", role)],
        affects: vec![],
        fix: Fix::text("Create the role again under the same ARN, or give the function another one."),
        ..Failure::default()
    }
    .into()
}

/// What is no role's ARN is mended in the function.
fn cause(role: &str) -> Option<Subject> {
    role::parse(role).map(|_| role::subject(role))
}

fn evidence(refused: &[DeniedAction]) -> Vec<Evidence> {
    let rows = refused.iter().map(|refused| Evidence::new(refused.action, refused.denial.to_string()));
    rows.chain(role::near_miss_evidence(refused)).collect()
}
