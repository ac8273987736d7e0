//! Policy documents, and what they allow: three-valued, so that whatever is not understood ends as "could not check"
//! and never as an allow or a deny.
//!
//! A text becomes a [`Document`]; a [`Question`] and the [`PolicySet`] that applies to it give a [`Ruling`]. Checks that
//! look at the policies of one identity, or at one policy that decides alone, ask [`Policies`].

mod answer;
mod choices;
mod condition;
#[cfg(test)]
mod corpus;
mod decision;
mod document;
#[cfg(test)]
mod fuzzed;
mod glob;
mod guardrails;
mod joint;
mod json;
mod keys;
mod levels;
mod number;
mod operator;
mod pattern;
mod principal;
mod query;
mod question;
mod shape;
mod solve;
mod source;
mod statement;
mod who;
mod within;

pub use decision::{Decider, Decision, Denial, Policies, Request};
pub use document::Document;
pub use glob::{Tail, Text};
pub use guardrails::{Guardrails, Level};
pub use keys::{Keys, Possible};
pub use principal::Caller;
pub use query::{Queries, Query, Unreadable};
pub use question::{PolicySet, Principal, Question, Ruling, Verdict};
pub use source::Source;
pub use who::Identity;
