//! Checks of API Gateway itself, by what CloudWatch's metrics say.

pub mod overhead_high;
