//! What log groups themselves say about logs and traces that do not arrive.

pub mod failing;
pub mod patterns;
