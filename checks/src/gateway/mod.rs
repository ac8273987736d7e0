//! Checks of what CloudWatch's metrics say about stages.

pub mod overhead_high;
