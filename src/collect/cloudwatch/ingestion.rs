//! How much the log groups of execution logs took in, by CloudWatch's metrics.

use gatelight_checks::plan::Plan;
use gatelight_model::{
    Gap,
    inventory::{IngestedAnswer, LogGroupAnswer},
};
use jiff::Timestamp;

use super::{
    metrics,
    query::{Metric, MetricQuery, MetricTotal, Statistic},
    window::Window,
};
use crate::collect::{client::RegionClient, needs::Needs};

/// Asks for the volume of the groups that need it, in the window of the audit. A group that is known to be absent took
/// in nothing.
pub(crate) async fn ingested(
    region: &RegionClient,
    plan: &Plan<'_>,
    groups: &[LogGroupAnswer],
    needs: &Needs,
) -> Vec<IngestedAnswer> {
    if !needs.evidence.metrics {
        return Vec::new();
    }
    // Events that are not counted yet would be missing.
    let (since, until) = needs.evidence.counted(plan.now());
    let Some(window) = Window::inside(since, until) else { return Vec::new() };
    let names: Vec<String> = plan.groups_to_measure(groups).into_iter().collect();
    let queries: Vec<MetricQuery> = names.iter().map(|name| incoming_bytes(name, window)).collect();
    let totals = metrics::read(region, &queries).await;
    names.into_iter().zip(totals).map(|(group, total)| answer(group, window, total)).collect()
}

/// "The volume of log events in uncompressed bytes uploaded to CloudWatch Logs"
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html>).
pub(crate) fn incoming_bytes(group: &str, window: Window) -> MetricQuery {
    let dimensions = vec![("LogGroupName", group.to_owned())];
    MetricQuery {
        metric: Metric { namespace: "AWS/Logs", name: "IncomingBytes", dimensions },
        statistic: Statistic::Sum,
        window,
    }
}

fn answer(group: String, window: Window, total: Result<MetricTotal, Gap>) -> IngestedAnswer {
    let time = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    IngestedAnswer {
        group,
        since: time(window.from),
        until: time(window.to),
        bytes: total.map(MetricTotal::count).into(),
    }
}
