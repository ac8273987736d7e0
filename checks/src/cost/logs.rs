//! What log data costs: once when it is taken in, as long as it is kept, and whenever CloudWatch Logs Insights scans it.

use super::{money::Money, month::HOURS_A_MONTH};

/// A GB, as it is counted here: 10⁹ bytes. If AWS counts 2³⁰, this is 7 % too much.
pub const GB: u128 = 1_000_000_000;

/// How much of log data is left when CloudWatch Logs has compressed it, in hundredths: what AWS's own calculator
/// reckons with ("Storage compression factor 0.15"), as quoted in
/// <https://dev.classmethod.jp/articles/compare-archive-cost-cloudwatchlogs-s3/>.
const COMPRESSED: u128 = 15;

/// What AWS gives an account each month: 5 GB of log data taken in, kept or scanned
/// (<https://aws.amazon.com/cloudwatch/pricing/>).
pub const FREE: u128 = 5 * GB;

/// What `bytes` of log data cost when they are taken in, of which `free` cost nothing.
///
/// AWS counts 26 bytes an event against the size of a batch. They are not added here: nothing says that they are paid
/// for.
#[must_use]
pub fn ingestion(bytes: u128, a_gb: Money, free: u128) -> Money {
    Money::of(bytes.saturating_sub(free), a_gb, GB)
}

/// What it costs a month to keep log data of which `bytes` are written a month, each for `hours`, once the oldest of it
/// expires.
#[must_use]
pub fn storage(bytes: u128, hours: u64, a_gb_and_month: Money) -> Money {
    let kept = bytes.saturating_mul(u128::from(hours)).saturating_mul(COMPRESSED);
    Money::of(kept, a_gb_and_month, GB * u128::from(HOURS_A_MONTH) * 100)
}

/// What it costs to let CloudWatch Logs Insights scan `bytes`: "You are charged for Logs Insights queries based on the
/// amount of ingested log data scanned" (<https://aws.amazon.com/cloudwatch/pricing/>).
#[must_use]
pub fn scanning(bytes: u128, a_gb: Money) -> Money {
    Money::of(bytes, a_gb, GB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scanned_is_paid_by_the_byte() {
        let a_gb = Money::from_micros(5_000);
        for (bytes, micros) in [(0, 0), (200_000, 1), (GB, 5_000), (60 * GB, 300_000)] {
            assert_eq!(scanning(bytes, a_gb), Money::from_micros(micros));
        }
    }

    const STANDARD: Money = Money::from_micros(500_000);

    /// Facts, §9: 10 requests a second with lines of 1 kB.
    #[test]
    fn ten_requests_a_second() {
        let bytes = 10 * 2_628_000 * 1_000;
        assert_eq!(ingestion(bytes, STANDARD, 0), Money::from_micros(13_140_000));
        // There, the month was rounded to 2.63 million seconds.
        assert_eq!(ingestion(10 * 2_630_000 * 1_000, STANDARD, 0), Money::from_micros(13_150_000));
        assert_eq!(ingestion(bytes, STANDARD, FREE), Money::from_micros(10_640_000));
        assert_eq!(ingestion(FREE, STANDARD, FREE), Money::ZERO);
    }

    /// AWS's calculator, Tokyo: "100.00 GB per month x 0.15 Storage compression factor x 1 Logs retention factor x
    /// 0.033 USD = 0.495 USD", as quoted in
    /// <https://dev.classmethod.jp/articles/compare-archive-cost-cloudwatchlogs-s3/>.
    #[test]
    fn a_hundred_gigabytes_kept_for_a_month() {
        let a_gb = Money::from_micros(33_000);
        assert_eq!(storage(100 * GB, 730, a_gb), Money::from_micros(495_000));
        assert_eq!(storage(100 * GB, 7_300, a_gb), Money::from_micros(4_950_000));
        assert_eq!(storage(100 * GB, 0, a_gb), Money::ZERO);
    }
}
