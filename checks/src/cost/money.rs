//! Dollars, counted in millionths of one.

use std::{fmt, iter::Sum, ops::Add};

use gatelight_model::text::thousands;
use serde::Deserialize;

use super::units;

/// An amount of US dollars, never below zero, in millionths of a dollar.
///
/// It is written to three digits, and to no more than cents: an estimate is no better than that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Money(u128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: u128) -> Self {
        Self(micros)
    }

    /// The amount in millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> u128 {
        self.0
    }

    /// The amount in cents, to the nearest.
    #[must_use]
    pub const fn cents(self) -> u128 {
        self.0 / 10_000 + (self.0 % 10_000 >= 5_000) as u128
    }

    /// What `units` cost where `per` of them cost `price`, to the nearest millionth of a dollar. What is too large to
    /// count costs as much as can be counted.
    #[must_use]
    pub fn of(units: u128, price: Self, per: u128) -> Self {
        let per = per.max(1);
        Self(units.saturating_mul(price.0).saturating_add(per / 2) / per)
    }

    /// With all its digits, and at least cents: `$0.5985`. For prices.
    #[must_use]
    pub fn exact(self) -> String {
        let (dollars, fraction) = (self.0 / 1_000_000, format!("{:06}", self.0 % 1_000_000));
        let digits = fraction.trim_end_matches('0').len().max(2);
        format!("${dollars}.{}", &fraction[..digits])
    }
}

/// Reads dollars in decimal: `0.5985`.
impl TryFrom<String> for Money {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no amount of dollars");
        let (dollars, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if dollars.is_empty() || fraction.len() > 6 || !is_number(dollars) || !is_number(fraction) {
            return Err(wrong());
        }
        let dollars: u128 = dollars.parse().map_err(|_| wrong())?;
        let micros: u128 = format!("{fraction:0<6}").parse().map_err(|_| wrong())?;
        dollars.checked_mul(1_000_000).and_then(|dollars| dollars.checked_add(micros)).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.cents();
        match cents {
            0 if self.0 == 0 => f.write_str("$0"),
            0 => f.write_str("under $0.01"),
            1..1_000 => write!(f, "${}.{:02}", cents / 100, cents % 100),
            1_000..100_000 => write!(f, "${}", thousands(self.0.saturating_add(500_000) / 1_000_000)),
            _ => write!(f, "${}", thousands(units::rounded(self.0) / 1_000_000)),
        }
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dollars(text: &str) -> Money {
        Money::try_from(text.to_owned()).expect("an amount")
    }

    #[test]
    fn amounts_are_read_exactly_and_nothing_else_is() {
        for (text, micros) in [("0.5985", 598_500), ("5.00", 5_000_000), ("7", 7_000_000), ("0.000005", 5)] {
            assert_eq!(dollars(text).micros(), micros, "{text}");
        }
        for text in ["", ".5", "-1", "1e3", "0.0000001", "1,5", " 1", "$1", "340282366920938463463374607431769"] {
            assert!(Money::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_written_to_three_digits_and_prices_in_full() {
        for (micros, text) in [
            (0, "$0"),
            (4_999, "under $0.01"),
            (5_000, "$0.01"),
            (244_000, "$0.24"),
            (9_994_999, "$9.99"),
            (9_995_000, "$10"),
            (13_150_000, "$13"),
            (131_500_000, "$132"),
            (999_600_000, "$1,000"),
            (1_234_567_890, "$1,230"),
            (98_765_432_100, "$98,800"),
        ] {
            assert_eq!(Money::from_micros(micros).to_string(), text, "{micros}");
        }
        for (text, exact) in [("0.5985", "$0.5985"), ("5", "$5.00"), ("0.03", "$0.03"), ("0.335", "$0.335")] {
            assert_eq!(dollars(text).exact(), exact);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_near_the_amount(micros in 5_000_u128..10_000_000_000_000) {
            let text = Money::from_micros(micros).to_string().replace(['$', ','], "");
            let off = dollars(&text).micros().abs_diff(micros);
            prop_assert!(off <= 5_000 || off * 100 <= micros, "{text} for {micros}");
        }

        #[test]
        fn any_amount_can_be_reckoned_with(units in any::<u128>(), price in any::<u128>(), per in any::<u128>()) {
            let cost = Money::of(units, Money(price), per);
            prop_assert!(!(cost + cost).to_string().is_empty());
            prop_assert!(cost <= Money::of(units.saturating_add(1), Money(price), per));
        }
    }
}
