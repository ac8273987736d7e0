//! Policy documents, and what they allow: three-valued, so that whatever is not understood ends as "could not check"
//! and never as an allow or a deny.
//!
//! A text becomes a [`Document`]; a [`Question`] and the [`PolicySet`] that applies to it give a [`Ruling`]. Checks that
//! look at the policies of one identity, or at one policy that decides alone, ask [`Policies`].

mod answer;
mod arn_shape;
mod candidates;
mod condition;
#[cfg(test)]
mod corpus;
mod decision;
mod document;
mod evaluation;
#[cfg(test)]
mod fuzz_regressions;
mod glob;
mod guardrails;
mod identity;
mod input;
mod json;
mod keys;
mod operator;
mod ordered;
mod pattern;
mod principal;
mod simulation;
mod solve;
mod source;
mod statement;
mod variable_values;
mod witnesses;

pub use decision::{Decider, Decision, Denial, Policies, Request};
pub use document::Document;
pub use glob::{Tail, Text};
pub use guardrails::{Guardrails, Level};
pub use identity::Identity;
pub use input::{Queries, Query, Unreadable};
pub use keys::{Keys, Possible};
pub use principal::Caller;
pub use simulation::{PolicySet, Principal, Question, Ruling, Verdict};
pub use source::Source;
