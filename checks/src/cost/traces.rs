//! How many requests X-Ray records, and what that costs.

use super::{money::Money, month::SECONDS_A_MONTH};

/// What decides which requests are recorded: a sampling rule. In each second the first `reservoir` requests are
/// recorded, and of the others the fixed rate
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html>).
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// The rule's name.
    pub rule: String,
    /// Of the requests beyond the reservoir, from 0 to 1.
    pub fixed_rate: f64,
    /// Requests a second.
    pub reservoir: u64,
    /// Rules that come first for some of the requests, by method, host or other properties: how many is not known.
    pub before: Vec<String>,
}

/// What AWS gives an account each month: 100,000 traces recorded (<https://aws.amazon.com/xray/pricing/>).
pub const FREE: u128 = 100_000;

/// What a price of traces is for.
const MILLION: u128 = 1_000_000;

impl Sampling {
    /// How many of a month's requests are recorded if they come evenly, and nothing else uses the rule's reservoir.
    /// It is the most that the rule records: in a second without requests a reservoir is not used, and a reservoir is
    /// shared by all that the rule matches. Requests of which a caller has already decided are not told apart.
    /// `None` if the rate is no share.
    #[must_use]
    pub fn recorded(&self, requests: u128) -> Option<u128> {
        if !(0.0..=1.0).contains(&self.fixed_rate) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a million")]
        let rate = (self.fixed_rate * 1e6).round() as u128;
        let first = requests.min(u128::from(self.reservoir) * SECONDS_A_MONTH);
        let beyond = requests - first;
        // In two parts, so that no number of requests is too large.
        Some(first + beyond / MILLION * rate + (beyond % MILLION * rate + MILLION / 2) / MILLION)
    }
}

/// What it costs to record `traces`, of which `free` cost nothing.
#[must_use]
pub fn recording(traces: u128, a_million: Money, free: u128) -> Money {
    Money::of(traces.saturating_sub(free), a_million, MILLION)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_MILLION: Money = Money::from_micros(5_000_000);

    fn sampling(fixed_rate: f64, reservoir: u64) -> Sampling {
        Sampling { rule: "Default".to_owned(), fixed_rate, reservoir, before: vec![] }
    }

    /// AWS's example 1 at <https://aws.amazon.com/xray/pricing/>: "2,000 requests per hour x 24 hours x 31 days x 10 %
    /// = 148,800 traces", less 100,000: "48,800 traces * $0.000005 = $0.24".
    #[test]
    fn two_thousand_requests_an_hour_at_a_tenth() {
        let traces = sampling(0.1, 0).recorded(2_000 * 24 * 31).expect("a share");
        assert_eq!(traces, 148_800);
        let cost = recording(traces, A_MILLION, FREE);
        assert_eq!((cost, cost.to_string()), (Money::from_micros(244_000), "$0.24".to_owned()));
    }

    /// Facts, §9: 10 requests a second under X-Ray's default rule.
    #[test]
    fn ten_requests_a_second_by_default() {
        let traces = sampling(0.05, 1).recorded(10 * SECONDS_A_MONTH).expect("a share");
        assert_eq!(traces, 3_810_600);
        assert_eq!(recording(traces, A_MILLION, FREE), Money::from_micros(18_553_000));
    }

    #[test]
    fn a_reservoir_takes_what_comes_up_to_its_size() {
        assert_eq!(sampling(0.0, 1).recorded(SECONDS_A_MONTH / 2), Some(SECONDS_A_MONTH / 2));
        assert_eq!(sampling(0.0, 1).recorded(9 * SECONDS_A_MONTH), Some(SECONDS_A_MONTH));
        assert_eq!(sampling(0.0, 0).recorded(9), Some(0));
        assert_eq!(sampling(1.0, 0).recorded(9), Some(9));
        assert_eq!(sampling(1.0, u64::MAX).recorded(u128::MAX), Some(u128::MAX));
    }

    #[test]
    fn what_is_no_share_is_not_reckoned_with() {
        for rate in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(sampling(rate, 1).recorded(1), None, "{rate}");
        }
    }
}
