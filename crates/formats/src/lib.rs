//! The language of API Gateway access-log formats: what a format writes, what is wrong with it, and how to fix it.
//!
//! A format is text with `$context` variables in it. [`template`] splits it into text and variables and can render the
//! line that API Gateway would write. [`variables`] knows AWS's tables: which kind of API fills which name, and with what
//! kind of value. [`json`] parses a rendered line, and [`explain`] translates a syntax error back to the place in the
//! format that causes it. [`format`] joins these: it asks whether a [`Format`] writes one JSON object. [`unfilled`] lists
//! variables that stay empty, [`refused`] what AWS does not accept. [`fix`] turns a faulty format into one that is right,
//! and [`recommended`] has a complete one for each kind of API. [`lines`] does the opposite of rendering: it recognises
//! lines that a stage wrote. [`protocol`] guesses the kind of API that a format was written for.
//!
//! Nothing here knows about checks, severities or accounts, and nothing does I/O.

pub mod explain;
pub mod fix;
pub mod format;
pub mod json;
pub mod lines;
pub mod protocol;
pub mod recommended;
pub mod refused;
pub mod template;
pub mod unfilled;
pub mod variables;

pub use explain::{NotJson, truncated};
pub use format::{Format, Position};
pub use template::{Template, Variable};
