//! What log groups themselves say about logs and traces that do not arrive.

mod console;
pub mod failing;
pub mod patterns;
