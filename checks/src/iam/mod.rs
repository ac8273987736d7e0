//! Policy documents, and what they allow: three-valued, so that whatever is not understood ends as "could not check"
//! and never as an allow or a deny.
//!
//! The order of evaluation is that of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! so far for identity policies, a permissions boundary, a role's trust policy, and policies of resources that decide alone.

mod answer;
mod condition;
mod decision;
mod document;
mod glob;
mod json;
mod keys;
mod pattern;
mod principal;
mod shape;
mod source;

pub use decision::{Decider, Decision, Denial, Policies, Request};
pub use document::Document;
pub use glob::{Tail, Text};
pub use keys::{Keys, Possible};
pub use principal::Caller;
pub use source::Source;
