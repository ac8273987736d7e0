//! Whether requests are traced.

pub mod stage_off;
