//! How long a month is: 730 hours, as in AWS's calculator.

/// Seconds in an hour.
pub(super) const HOUR: u64 = 3_600;
/// Hours in a month.
pub const HOURS_A_MONTH: u64 = 730;
/// Seconds in a month.
pub const SECONDS_A_MONTH: u128 = (HOURS_A_MONTH * HOUR) as u128;
