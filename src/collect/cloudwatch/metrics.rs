//! CloudWatch's metrics: sums over windows, as few calls and as little money as can be.
//!
//! AWS bills metrics that are requested, $0.01 per 1,000; "You can request up to five statistics for the same metric in a
//! single GetMetricData API request. Additional statistics are billed as an additional metric"
//! (<https://aws.amazon.com/cloudwatch/pricing/>). So each metric is asked for once, with all its statistics in one call,
//! over a time that covers every window of it; and windows are cut out here, by the times of the data points.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::{
    self as cloudwatch,
    primitives::DateTime,
    types::{Dimension, MetricDataQuery, MetricStat},
};
use futures_util::{StreamExt, stream};
use gatelight_model::{Gap, GapKind};

use super::{
    answer::Answers,
    query::{Metric, MetricQuery, MetricTotal, Statistic, id},
    window::Window,
};
use crate::collect::{
    aws::{Operation, Page},
    client::RegionClient,
};

/// The most queries that GetMetricData takes in a call.
const BATCH: usize = 500;
/// The most data points that an answer holds, over its pages
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>).
const POINTS: i64 = 100_800;
/// The statistics of one metric that count as one metric.
const STATISTICS: usize = 5;
/// Calls under way at once.
const SIDE_BY_SIDE: usize = 4;

/// Answers questions, in their order. A missing or incomplete answer is a gap.
pub(crate) async fn read(region: &RegionClient, asks: &[MetricQuery]) -> Vec<Result<MetricTotal, Gap>> {
    let batches = batches(asks);
    let mut answers: Vec<Option<Result<MetricTotal, Gap>>> = vec![None; asks.len()];
    let mut tell = |batch: &Batch, told: Result<Answers, Gap>| {
        for (query, about) in batch.queries.iter().enumerate() {
            for at in &about.asks {
                let told = told.as_ref().map_err(Clone::clone);
                answers[*at] = Some(told.and_then(|told| told.total(query, asks[*at].window)));
            }
        }
    };
    let client = cloudwatch::Client::new(&region.config);
    let mut rest = batches.iter();
    // One first: what keeps it from an answer would keep it from all.
    let mut refused = None;
    if let Some(first) = rest.next() {
        let told = call(region, &client, first).await;
        refused = told.as_ref().err().filter(|gap| is_final(gap)).cloned();
        tell(first, told);
    }
    if let Some(gap) = refused {
        rest.for_each(|batch| tell(batch, Err(gap.clone())));
    } else {
        let client = &client;
        let mut told = stream::iter(rest)
            .map(|batch| async move { (batch, call(region, client, batch).await) })
            .buffered(SIDE_BY_SIDE);
        while let Some((batch, answer)) = told.next().await {
            tell(batch, answer);
        }
    }
    let unasked = || Err(Gap::not_collected("a metric"));
    answers.into_iter().map(|answer| answer.unwrap_or_else(unasked)).collect()
}

fn is_final(gap: &Gap) -> bool {
    matches!(gap.why().kind, GapKind::Denied | GapKind::Unsupported)
}

/// A call: queries over one time, in periods of one length.
#[derive(Debug)]
struct Batch<'a> {
    time: Window,
    queries: Vec<BatchQuery<'a>>,
}

/// One statistic of one metric, and the places of the questions that it answers.
#[derive(Debug)]
struct BatchQuery<'a> {
    metric: &'a Metric,
    statistic: Statistic,
    asks: Vec<usize>,
}

impl Batch<'_> {
    /// How many metrics AWS bills for it.
    fn metrics(&self) -> u64 {
        let mut statistics = BTreeMap::<&Metric, usize>::new();
        for query in &self.queries {
            *statistics.entry(query.metric).or_default() += 1;
        }
        statistics.values().map(|count| count.div_ceil(STATISTICS) as u64).sum()
    }
}

/// The calls that answer all questions.
fn batches(asks: &[MetricQuery]) -> Vec<Batch<'_>> {
    // By length of period and by metric: the statistics of a metric stay together.
    let mut wanted = BTreeMap::<i64, BTreeMap<&Metric, BTreeMap<Statistic, Vec<usize>>>>::new();
    for (at, ask) in asks.iter().enumerate() {
        let metrics = wanted.entry(ask.window.period).or_default();
        metrics.entry(&ask.metric).or_default().entry(ask.statistic).or_default().push(at);
    }
    let mut batches = Vec::new();
    for (period, metrics) in wanted {
        let windows = || asks.iter().map(|ask| ask.window).filter(|window| window.period == period);
        let (from, to) = (windows().map(|window| window.from).min(), windows().map(|window| window.to).max());
        let (Some(from), Some(to)) = (from, to) else { continue };
        let time = Window { from, to, period };
        let most = usize::try_from(POINTS / time.points().max(1)).unwrap_or(BATCH).clamp(1, BATCH);
        let mut queries: Vec<BatchQuery<'_>> = Vec::new();
        for (metric, statistics) in metrics {
            if !queries.is_empty() && queries.len() + statistics.len() > most {
                batches.push(Batch { time, queries: std::mem::take(&mut queries) });
            }
            queries.extend(statistics.into_iter().map(|(statistic, asks)| BatchQuery { metric, statistic, asks }));
        }
        batches.push(Batch { time, queries });
    }
    batches
}

async fn call(region: &RegionClient, client: &cloudwatch::Client, batch: &Batch<'_>) -> Result<Answers, Gap> {
    let names: BTreeSet<String> =
        batch.queries.iter().map(|query| format!("{} {}", query.metric.namespace, query.metric.name)).collect();
    let resource = names.into_iter().collect::<Vec<_>>().join(", ");
    let queries: Vec<_> =
        batch.queries.iter().enumerate().map(|(at, query)| sdk_query(at, query, batch.time)).collect();
    let mut answers = Answers::new(batch.queries.len(), &resource);
    let all = region
        .calls
        .pages(Operation::GetMetricData, &resource, async |token| {
            let answer = region
                .calls
                .call(Operation::GetMetricData, &resource, async || {
                    let answer = client
                        .get_metric_data()
                        .set_metric_data_queries(Some(queries.clone()))
                        .start_time(DateTime::from_secs(batch.time.from))
                        .end_time(DateTime::from_secs(batch.time.to))
                        .set_next_token(token.clone())
                        .send()
                        .await;
                    // A refused request costs nothing, nor does the next page of one that was paid for.
                    if answer.is_ok() && token.is_none() {
                        region.calls.count_metrics(batch.metrics());
                    }
                    answer
                })
                .await?;
            answers.take(&answer);
            Ok(Page::<()> { elements: Vec::new(), next: answer.next_token })
        })
        .await;
    all.rest.get().map(|()| answers)
}

fn sdk_query(at: usize, query: &BatchQuery<'_>, time: Window) -> MetricDataQuery {
    let dimension = |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value).build();
    let metric = cloudwatch::types::Metric::builder()
        .namespace(query.metric.namespace)
        .metric_name(query.metric.name)
        .set_dimensions(Some(query.metric.dimensions.iter().map(dimension).collect()))
        .build();
    let period = i32::try_from(time.period).unwrap_or(i32::MAX);
    let statistic = MetricStat::builder().metric(metric).period(period).stat(query.statistic.name()).build();
    MetricDataQuery::builder().id(id(at)).metric_stat(statistic).return_data(true).build()
}

#[cfg(test)]
mod tests;
