//! What to ask CloudWatch about a metric, and what its data points add up to.

use super::window::Window;

/// A metric, as CloudWatch identifies it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Metric {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) dimensions: Vec<(&'static str, String)>,
}

/// What is made of a metric's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Statistic {
    /// Their sum.
    Sum,
    /// How many there are.
    SampleCount,
    /// What half of them do not exceed, and 95 and 99 of 100.
    P50,
    P95,
    P99,
}

impl Statistic {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::SampleCount => "SampleCount",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }
}

/// A question: a statistic of a metric over a window.
#[derive(Clone, Debug)]
pub(crate) struct MetricQuery {
    pub(crate) metric: Metric,
    pub(crate) statistic: Statistic,
    pub(crate) window: Window,
}

/// What the data points in a window came to. No data points are nothing, as the call succeeded and covers the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct MetricTotal {
    pub(crate) sum: f64,
    /// The greatest of them.
    pub(crate) greatest: Option<f64>,
}

impl MetricTotal {
    /// The sum of counts.
    pub(crate) fn count(self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "points are finite and not negative"
        )]
        let count = self.sum.round() as u64;
        count
    }
}

/// Ids of queries begin with a small letter.
pub(crate) fn id(at: usize) -> String {
    format!("q{at}")
}

/// The place of the query of that id.
pub(crate) fn place(id: &str) -> Option<usize> {
    id.strip_prefix('q')?.parse().ok()
}
