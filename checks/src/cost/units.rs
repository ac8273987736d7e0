//! Amounts in words: to three digits, as estimates are.

use gatelight_model::text::thousands;

use super::month::HOUR;

/// Rounded to three digits.
pub(super) fn rounded(n: u128) -> u128 {
    let unit = 10_u128.pow(n.checked_ilog10().unwrap_or(0).saturating_sub(2));
    (n / unit).saturating_add(u128::from(n % unit * 2 >= unit && unit > 1)).saturating_mul(unit)
}

/// Grouped, and rounded to three digits: `26,300`.
pub(super) fn three_digits(n: u128) -> String {
    thousands(rounded(n))
}

/// In units of `unit`, which is a power of ten from a thousand up, with three digits: `26.3`.
fn decimal(n: u128, unit: u128) -> String {
    let hundredths = rounded(n) / (unit / 100);
    match hundredths {
        0..1_000 => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        1_000..10_000 => format!("{}.{}", hundredths / 100, hundredths % 100 / 10),
        _ => thousands(hundredths / 100),
    }
}

/// `26.3 million`, `12,300`.
pub(super) fn count(n: u128) -> String {
    match rounded(n) {
        0..1_000_000 => three_digits(n),
        1_000_000..1_000_000_000 => format!("{} million", decimal(n, 1_000_000)),
        _ => format!("{} billion", decimal(n, 1_000_000_000)),
    }
}

/// `26.3 GB`; a GB has 10⁹ bytes.
#[must_use]
pub fn volume(bytes: u128) -> String {
    match rounded(bytes) {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", decimal(bytes, 1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", decimal(bytes, 1_000_000)),
        _ => format!("{} GB", decimal(bytes, 1_000_000_000)),
    }
}

/// `90 min`, `24 h`, `7 days`, to the nearest.
pub(super) fn length(seconds: u64) -> String {
    match seconds {
        _ if seconds < 10 * HOUR && !seconds.is_multiple_of(HOUR) => format!("{} min", seconds.saturating_add(30) / 60),
        _ if seconds <= 48 * HOUR => format!("{} h", seconds.saturating_add(HOUR / 2) / HOUR),
        _ => format!("{} days", seconds.saturating_add(12 * HOUR) / (24 * HOUR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_204, "1,200"),
            (26_280, "26,300"),
            (999_499, "999,000"),
            (999_500, "1.00 million"),
            (26_280_000, "26.3 million"),
            (99_960_000, "100 million"),
            (3_810_600, "3.81 million"),
            (411_000_000, "411 million"),
            (7_000_000_000, "7.00 billion"),
        ] {
            assert_eq!(count(n), text, "{n}");
        }
        for (bytes, text) in [(0, "0 bytes"), (1_500, "1.50 kB"), (41_200_000, "41.2 MB"), (26_280_000_000, "26.3 GB")]
        {
            assert_eq!(volume(bytes), text, "{bytes}");
        }
        let _ = (count(u128::MAX), volume(u128::MAX), three_digits(u128::MAX));
    }

    #[test]
    fn windows_are_told_as_one_says_them() {
        for (seconds, text) in
            [(1_800, "30 min"), (3_600, "1 h"), (5_400, "90 min"), (85_500, "24 h"), (604_800, "7 days")]
        {
            assert_eq!(length(seconds), text);
        }
    }
}
