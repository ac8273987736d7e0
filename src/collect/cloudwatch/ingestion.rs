//! How much the log groups of execution logs took in, by CloudWatch's metrics.

use std::collections::BTreeSet;

use gatelight_checks::Context;
use gatelight_model::{
    Gap, Need,
    inventory::{IngestedAnswer, LogGroupAnswer, StageOf},
};
use jiff::Timestamp;

use super::{Ask, Metric, Statistic, Total, Window};
use crate::collect::{Needs, Region, cloudwatch};

/// Asks for what is needed of them, in the window of the audit. A group that is known to be absent took nothing.
pub(crate) async fn ingested(
    region: &Region,
    context: &Context<'_>,
    groups: &[LogGroupAnswer],
    needs: &Needs,
) -> Vec<IngestedAnswer> {
    if !needs.contains(Need::ExecutionLogVolume) || !needs.evidence.metrics {
        return Vec::new();
    }
    // What is not yet counted would be missing.
    let (since, until) = needs.evidence.counted(context.now());
    let Some(window) = Window::inside(since, until) else { return Vec::new() };
    let names: Vec<String> = names(context, groups).into_iter().collect();
    let asks: Vec<Ask> = names.iter().map(|name| ask(name, window)).collect();
    let told = cloudwatch::read(region, &asks).await;
    names.into_iter().zip(told).map(|(group, told)| answer(group, window, told)).collect()
}

/// The groups of stages that log execution, without those that are known to be absent.
fn names(context: &Context<'_>, groups: &[LogGroupAnswer]) -> BTreeSet<String> {
    let absent: BTreeSet<&str> =
        groups.iter().filter(|answer| answer.group.get() == Ok(&None)).map(|answer| answer.name.as_str()).collect();
    let stages = context.stages().flatten().filter(StageOf::logs_execution);
    let names = stages.flat_map(|stage| {
        let delivered = context.delivered_groups(&stage).into_iter().map(str::to_owned);
        stage.execution_log_groups().into_iter().chain(delivered).collect::<Vec<_>>()
    });
    names.filter(|name| !absent.contains(name.as_str())).collect()
}

/// "The volume of log events in uncompressed bytes uploaded to CloudWatch Logs"
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html>).
pub(crate) fn ask(group: &str, window: Window) -> Ask {
    let dimensions = vec![("LogGroupName", group.to_owned())];
    Ask {
        metric: Metric { namespace: "AWS/Logs", name: "IncomingBytes", dimensions },
        statistic: Statistic::Sum,
        window,
    }
}

fn answer(group: String, window: Window, told: Result<Total, Gap>) -> IngestedAnswer {
    let time = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    IngestedAnswer { group, since: time(window.from), until: time(window.to), bytes: told.map(Total::count).into() }
}

#[cfg(test)]
mod tests {
    use gatelight_checks::testing;

    use super::*;

    #[test]
    fn groups_of_stages_that_log_execution_are_asked_about_unless_they_are_absent() {
        let scope = testing::healthy();
        let context = Context::new(scope.scope());
        let names = names(&context, &scope.region.log_groups);
        let known: BTreeSet<String> = scope.region.ingested.iter().map(|answer| answer.group.clone()).collect();
        assert_eq!(names, known);
        // Of a group of which nothing is known it is asked.
        assert!(self::names(&context, &[]).contains("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"));
    }
}
