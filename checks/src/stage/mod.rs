//! Whether stages trace requests.

pub mod tracing_off;
