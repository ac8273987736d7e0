//! Questions to CloudWatch that are sent together, and their answers by place.

use gatelight_model::{Fetched, Gap};

use crate::collect::cloudwatch::{
    query::{Metric, MetricQuery, MetricTotal, Statistic},
    window::Window,
};

/// Questions to send together. Each knows its place, where its answer will be.
#[derive(Debug, Default)]
pub(crate) struct Batch(pub(crate) Vec<MetricQuery>);

impl Batch {
    /// Adds a question, and gives its place.
    pub(crate) fn ask(&mut self, metric: Metric, statistic: Statistic, window: Window) -> usize {
        self.0.push(MetricQuery { metric, statistic, window });
        self.0.len() - 1
    }
}

/// The answers, in the order of the questions.
pub(crate) type Totals = [Result<MetricTotal, Gap>];

pub(crate) fn total(totals: &Totals, place: usize) -> Result<MetricTotal, Gap> {
    totals.get(place).cloned().unwrap_or_else(|| Err(Gap::not_collected("a metric")))
}

/// The sum of the counts at these places.
pub(crate) fn count(totals: &Totals, places: &[usize]) -> Fetched<u64> {
    let counts = places.iter().map(|place| total(totals, *place).map(MetricTotal::count));
    counts.sum::<Result<u64, Gap>>().into()
}
