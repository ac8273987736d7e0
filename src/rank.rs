//! The one order of findings, for every report, message and page: what to look at first.

use std::cmp::{Ordering, Reverse};

use gatelight_model::{Confidence, Severity};
use jiff::Timestamp;

use crate::finding::{Finding, Impact};

/// What the order of a finding, or of a group of findings with one cause, rests on. The least is the worst, so that a list
/// that is sorted by it begins with what matters most: the severest; then the surest; then what leaves the most stages
/// and functions dark, then degraded; then what the most requests went through, where that is known; then what was found
/// last; then by name, `svc-2` before `svc-10`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rank<'a> {
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) impact: Impact,
    /// When it was first found, where a ledger knows.
    pub(crate) first_seen: Option<Timestamp>,
    /// What has to be changed, or what it is about.
    pub(crate) name: &'a str,
}

impl<'a> Rank<'a> {
    /// That of a finding by itself.
    pub(crate) fn of(finding: &'a Finding) -> Self {
        Self {
            severity: finding.severity,
            confidence: finding.confidence,
            impact: finding.impact,
            first_seen: Some(finding.first_seen),
            name: &finding.subject.name,
        }
    }

    fn weight(&self) -> impl Ord + use<> {
        let Impact { dark, degraded, requests } = self.impact;
        Reverse((self.severity, self.confidence, dark, degraded, requests, self.first_seen))
    }
}

impl Ord for Rank<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weight().cmp(&other.weight()).then_with(|| natural(self.name, other.name))
    }
}

impl PartialOrd for Rank<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank<'_> {}

/// Sorts findings, the worst first; those of one rank by where they are and what they are about.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| Rank::of(a).cmp(&Rank::of(b)).then_with(|| place(a).cmp(&place(b))));
}

fn place(finding: &Finding) -> impl Ord {
    (&finding.account, &finding.region, &finding.subject.arn, &finding.check)
}

/// Compares names as people do: digits by their number, so that `svc-2` comes before `svc-10`. Names that differ are never
/// equal.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (x, y) = (Chunk::take(&mut left), Chunk::take(&mut right));
        match x.cmp(&y) {
            Ordering::Equal if x == Chunk::End => return a.cmp(b),
            Ordering::Equal => {}
            other => return other,
        }
    }
}

/// A part of a name: a number, by its length without leading zeros and its digits, or a single character.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Chunk<'a> {
    End,
    Number(usize, &'a str),
    Char(char),
}

impl<'a> Chunk<'a> {
    fn take(rest: &mut &'a str) -> Self {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            let (number, after) = rest.split_at(digits);
            *rest = after;
            let number = number.trim_start_matches('0');
            return Self::Number(number.len(), number);
        }
        let mut chars = rest.chars();
        let Some(char) = chars.next() else { return Self::End };
        *rest = chars.as_str();
        Self::Char(char)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names =
            ["svc-10", "svc-2", "svc-1", "svc-2/prod", "svc", "svc-01", "a10b2", "a10b10", "a9", "10", "9", ""];
        names.sort_by(|a, b| natural(a, b));
        let expected =
            ["", "9", "10", "a9", "a10b2", "a10b10", "svc", "svc-01", "svc-1", "svc-2", "svc-2/prod", "svc-10"];
        assert_eq!(names, expected);
    }

    #[test]
    fn each_part_of_the_order_decides_where_those_before_it_are_equal() {
        use Severity::{High, Low, Medium};
        let at = |seconds| Some(Timestamp::from_second(seconds).expect("a time"));
        let rank = |severity, confidence, impact: (u64, u64, Option<u64>), first_seen, name| Rank {
            severity,
            confidence,
            impact: Impact { dark: impact.0, degraded: impact.1, requests: impact.2 },
            first_seen,
            name,
        };
        let sure = Confidence::High;
        let ranks = [
            rank(High, sure, (36, 0, None), at(0), "z"),
            rank(High, sure, (1, 99, None), at(0), "y"),
            rank(High, sure, (1, 2, Some(10)), at(0), "x"),
            rank(High, sure, (1, 2, Some(9)), at(9), "w"),
            rank(High, sure, (1, 2, Some(0)), at(9), "v"),
            rank(High, sure, (1, 2, None), at(9), "u"),
            rank(High, sure, (1, 2, None), at(8), "t-2"),
            rank(High, sure, (1, 2, None), at(8), "t-10"),
            rank(High, sure, (0, 0, None), at(8), "s"),
            rank(High, Confidence::Medium, (36, 0, None), at(9), "r"),
            rank(High, Confidence::Low, (36, 0, None), at(9), "q"),
            rank(Medium, sure, (36, 0, None), at(9), "p"),
            rank(Low, sure, (36, 0, None), at(9), "o"),
        ];
        for (at, rank) in ranks.iter().enumerate() {
            for (other, next) in ranks.iter().enumerate() {
                assert_eq!(rank.cmp(next), at.cmp(&other), "{} and {}", rank.name, next.name);
            }
        }
    }

    #[test]
    fn the_natural_order_is_one() {
        let parts = ["", "a", "b", "-", "0", "1", "01", "2", "10", "é"];
        let names: Vec<_> = parts.iter().flat_map(|a| parts.map(|b| format!("{a}{b}"))).collect();
        for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (a, b))) {
            assert_eq!(natural(a, b), natural(b, a).reverse(), "{a} {b}");
            assert_eq!(natural(a, b) == Ordering::Equal, a == b, "{a} {b}");
            for c in names.iter().filter(|c| natural(a, b).is_le() && natural(b, c).is_le()) {
                assert!(natural(a, c).is_le(), "{a} {b} {c}");
            }
        }
    }
}
