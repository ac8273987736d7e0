//! Values that are compared by size: decimal numbers, dates, and ranges of IP addresses. `samples` gives one value for
//! each way in which a value can compare with some bounds.

use std::{cmp::Ordering, net::IpAddr};

use jiff::Timestamp;

/// A decimal number of any size. Rejects exponents, which AWS does not document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// Without leading zeros.
    whole: String,
    /// Without trailing zeros.
    fraction: String,
}

impl Number {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
        let decimal = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !decimal(whole) || !fraction.is_none_or(decimal) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.unwrap_or_default().trim_end_matches('0').to_owned();
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole, fraction })
    }

    fn magnitude(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }

    /// As text that [`read`](Self::read) accepts; `more` is appended to the fraction, which is padded to that many digits.
    fn text(&self, digits: usize, more: &str) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0{}.{:0<digits$}{more}0", self.whole, self.fraction)
    }

    /// Numbers below all bounds, equal to each, between each two neighbours, and above all.
    pub(super) fn samples(mut numbers: Vec<Self>) -> Vec<String> {
        numbers.sort();
        numbers.dedup();
        let large = format!("1{}", "0".repeat(numbers.iter().map(|n| n.whole.len()).max().unwrap_or(0) + 1));
        let mut samples = vec![format!("-{large}"), large];
        samples.extend(numbers.iter().map(|number| number.text(0, "")));
        for pair in numbers.windows(2) {
            let [low, high] = pair else { continue };
            let digits = low.fraction.len().max(high.fraction.len());
            samples.push(match (low.negative, high.negative) {
                (false, _) => low.text(digits, "1"),
                (true, true) => high.text(digits, "1"),
                // Zero may be the upper one, so it is not between them.
                (true, false) => format!("-0.{:0<digits$}1", ""),
            });
        }
        samples
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude().cmp(&other.magnitude()),
            (true, true) => other.magnitude().cmp(&self.magnitude()),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A date: "one of the W3C implementations of the ISO 8601 date formats or in epoch (UNIX) time"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>). Rejects
/// four digits, which could be either.
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return if text.len() == 4 { None } else { Timestamp::from_second(text.parse().ok()?).ok() };
    }
    let completed = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    completed.parse().ok()
}

/// Dates below all bounds, equal to each, between each two neighbours, and above all.
pub(super) fn date_samples(mut dates: Vec<Timestamp>) -> Vec<String> {
    dates.sort();
    dates.dedup();
    let own: Vec<i128> = dates.iter().map(|date| date.as_nanosecond()).collect();
    let below = own.first().map(|first| first - 1);
    let above = own.last().map(|last| last + 1);
    // Between neighbours of one nanosecond there is no date; then one of the two is repeated.
    let between = own.windows(2).map(|pair| pair.iter().sum::<i128>() / 2);
    let all = below.into_iter().chain(above).chain(own.iter().copied()).chain(between);
    all.filter_map(|at| Some(Timestamp::from_nanosecond(at).ok()?.to_string())).collect()
}

/// A range of IP addresses, as the numbers of its first and last address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpRange {
    v4: bool,
    first: u128,
    last: u128,
}

impl IpRange {
    /// Reads an address, or a range in CIDR notation; ignores bits beyond the prefix.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) if !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(length.parse::<u32>().ok()?))
            }
            Some(_) => return None,
            None => (text, None),
        };
        let (v4, bits, value) = match address.parse().ok()? {
            IpAddr::V4(address) => (true, 32, u128::from(u32::from(address))),
            IpAddr::V6(address) => (false, 128, u128::from(address)),
        };
        let free = bits - length.filter(|length| *length <= bits).or(length.is_none().then_some(bits))?;
        let mask = if free == 128 { u128::MAX } else { (1 << free) - 1 };
        Some(Self { v4, first: value & !mask, last: value | mask })
    }

    /// Whether it contains all of `other`.
    pub(super) fn contains(self, other: Self) -> bool {
        self.v4 == other.v4 && self.first <= other.first && other.last <= self.last
    }

    /// IPv4 and IPv6 addresses inside and outside of each combination of these ranges that can occur.
    pub(super) fn samples(ranges: &[Self]) -> Vec<String> {
        let mut samples = vec!["0.0.0.0".to_owned(), "::".to_owned()];
        for range in ranges {
            // Membership changes only where a range begins and just after its end.
            for at in [Some(range.first), range.last.checked_add(1)].into_iter().flatten() {
                if range.v4 {
                    samples.extend(u32::try_from(at).ok().map(|at| std::net::Ipv4Addr::from(at).to_string()));
                } else {
                    samples.push(std::net::Ipv6Addr::from(at).to_string());
                }
            }
        }
        samples.sort();
        samples.dedup();
        samples
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        Number::read(text).expect("a number")
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (low, high) in [("9", "10"), ("-10", "-9"), ("-1", "0"), ("0.1", "0.11"), ("1.9", "1.95"), ("-0.2", "-0.1")]
        {
            assert!(number(low) < number(high), "{low} {high}");
        }
        for (one, other) in [("1", "1.0"), ("01", "1"), ("-0", "0"), ("+5", "5.00")] {
            assert_eq!(number(one), number(other));
        }
        for text in ["", "1e3", "0x1", "1.", ".5", "--1", "1 ", "NaN", "١"] {
            assert_eq!(Number::read(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_w3c_formats_and_as_seconds() {
        let at = parse_date("2020-01-01T00:00:01Z");
        assert!(at.is_some());
        assert_eq!(parse_date("1577836801"), at);
        assert_eq!(parse_date("2020-01-01T01:00:01+01:00"), at);
        assert_eq!(parse_date("2020-01"), parse_date("2020-01-01"));
        assert_eq!(parse_date("2020-01-01T00:00Z"), parse_date("2020-01-01"));
        assert_eq!(parse_date("2020"), None);
        assert_eq!(parse_date("yesterday"), None);
    }

    #[test]
    fn ranges_contain_addresses_of_their_own_version() {
        let contains = |range: &str, address: &str| {
            IpRange::read(range).expect("a range").contains(IpRange::read(address).expect("an address"))
        };
        assert!(contains("203.0.113.0/24", "203.0.113.255"));
        assert!(contains("203.0.113.7/24", "203.0.113.1"));
        assert!(contains("203.0.113.7/24", "203.0.113.255"));
        assert!(!contains("203.0.113.0/24", "203.0.114.0"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("2001:db8::/32", "2001:DB8:1::1"));
        assert!(contains("::/0", "ffff::"));
        assert!(contains("10.1.2.3", "10.1.2.3"));
        for text in ["10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "::/129", "", "x"] {
            assert_eq!(IpRange::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_order_as_integers_do(a in -100_000_i64..100_000, b in -100_000_i64..100_000) {
            let text = |n: i64| format!("{}{}.{:03}", if n < 0 { "-" } else { "" }, n.abs() / 1000, n.abs() % 1000);
            prop_assert_eq!(number(&text(a)).cmp(&number(&text(b))), a.cmp(&b));
        }

        #[test]
        fn date_samples_cover_every_interval(mut all in prop::collection::vec(-9_i128..9, 1..5), scale in 0..3_u32) {
            // Some are nanoseconds apart, some seconds.
            for at in &mut all {
                *at *= 40_000_i128.pow(scale);
            }
            let own: Vec<_> = all.iter().map(|at| Timestamp::from_nanosecond(*at).expect("a date")).collect();
            let samples: Vec<_> = date_samples(own).iter().map(|text| parse_date(text).expect("a date").as_nanosecond()).collect();
            all.sort_unstable();
            prop_assert!(samples.iter().any(|sample| *sample < all[0]));
            prop_assert!(samples.iter().any(|sample| *sample > all[all.len() - 1]));
            prop_assert!(all.iter().all(|own| samples.contains(own)));
            for pair in all.windows(2).filter(|pair| pair[1] > pair[0] + 1) {
                prop_assert!(samples.iter().any(|sample| *sample > pair[0] && *sample < pair[1]), "{:?} {:?}", pair, samples);
            }
        }

        #[test]
        fn number_samples_cover_every_interval(mut all in prop::collection::vec(-50_i64..50, 1..5)) {
            let numbers: Vec<_> = all.iter().map(|n| number(&n.to_string())).collect();
            let samples: Vec<_> = Number::samples(numbers).iter().map(|text| number(text)).collect();
            all.sort_unstable();
            all.dedup();
            let bounds: Vec<_> = all.iter().map(|n| number(&n.to_string())).collect();
            prop_assert!(samples.iter().any(|sample| *sample < bounds[0]));
            prop_assert!(samples.iter().any(|sample| *sample > bounds[bounds.len() - 1]));
            for pair in bounds.windows(2) {
                prop_assert!(samples.contains(&pair[0]));
                prop_assert!(samples.iter().any(|sample| *sample > pair[0] && *sample < pair[1]), "{:?} {:?}", pair, samples);
            }
        }
    }
}
