//! The IAM decision engine: whether policies allow a request. The decision is allowed, denied, or undetermined; whatever
//! the engine does not understand leads to undetermined, never to an allow or a deny. It must not do I/O.
//!
//! How a decision flows through the files, from the text of a policy up:
//!
//! 1. `json` and `document` read a policy into statements. Their elements are `pattern` (texts with wildcards and policy
//!    variables), `principal` (with `identity`), and `condition` (with `operator`, `ordered`, `arn_shape`).
//! 2. `statement` decides whether one statement applies to a request: a three-valued `truth`, given what `keys` says about
//!    the condition keys. `glob` matches patterns.
//! 3. `evaluation` combines the statements of all policies in AWS's order: explicit deny, then every allow that is needed.
//! 4. `solve` repeats the evaluation for each value that an unknown key could have; `candidates` lists these values, with
//!    the help of `witnesses` and `variable_values`.
//! 5. The entry points build an evaluation and call `solve`: `decision` ([`Policies`], one identity or one policy),
//!    `guardrails` ([`Guardrails`], SCPs and RCPs), and `simulation` ([`SimulatedRequest`], everything at once, which
//!    `input` reads from JSON). For an implicit denial, `near_miss` finds the statements that would allow but for one thing.
//!    `source` only lists which `aws:SourceArn` values a policy allows.
//!
//! Start reading at `evaluation`.

mod arn_shape;
mod candidates;
mod condition;
#[cfg(test)]
mod corpus;
mod deciding;
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
mod near_miss;
mod operator;
mod ordered;
mod pattern;
mod principal;
mod simulation;
mod solve;
mod source;
mod statement;
mod truth;
mod variable_values;
mod witnesses;

pub use deciding::DecidingStatement;
pub use decision::{Decision, Denial, Policies, Request};
pub use document::{Document, PolicyList};
pub use glob::{Tail, Text};
pub use guardrails::{GuardrailLevel, Guardrails};
pub use identity::Identity;
pub use input::{InputError, SimulationReader};
pub use keys::{ConditionKeys, PossibleValue};
pub use near_miss::{Difference, NearMiss};
pub use principal::Caller;
pub use simulation::{PolicySet, Principal, SimulatedRequest, Simulation, SimulationDecision, SimulationResult};
pub use source::SourceArn;
