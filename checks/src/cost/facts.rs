//! From an inventory to what bears on the cost of a stage.

use gatelight_model::{
    Gap,
    arn::Destination,
    inventory::{AccessLog, LogGroup, MethodLogging, Protocol, StageOf},
};
use jiff::Timestamp;

use super::{
    AccessLogDestination, AccessLogFacts, ExecutionLogFacts, InWindow, Sampling, StageFacts, TraceDestination,
    TraceFacts,
};
use crate::{
    Context,
    access_log::destination_missing::{GroupLookup, log_group},
    trace::sampling_off,
};

impl<'a> StageFacts<'a> {
    /// What an inventory holds of a stage.
    #[must_use]
    pub fn of(stage: &StageOf<'a>, context: &Context<'a>) -> Self {
        Self {
            region: &context.region().name,
            protocol: stage.protocol(),
            requests: requests(stage, context),
            access_log: stage.access_log().map(|log| access_log(&log, context)),
            execution_logs: execution_logs(stage, context),
            traces: traces(stage, context),
        }
    }
}

fn requests(stage: &StageOf<'_>, context: &Context<'_>) -> Result<InWindow, Gap> {
    let answer = context.traffic().traffic(stage)?;
    let sum = *answer.requests.get()?;
    if sum > 0 && context.traffic().is_merged(stage)? {
        return Err(Gap::unprovable(
            context.stage_subject(stage).arn,
            "CloudWatch counts this stage together with a stage of another REST API that has the same API and stage \
             name, so the requests cannot be attributed",
        ));
    }
    Ok(InWindow { sum, seconds: counted(answer.since, answer.until) })
}

/// How much of a window was counted, in seconds: the whole periods that lie inside it. They have five minutes, or in
/// windows of more than 25 hours one hour, or in those of more than 15 days one day.
fn counted(since: Timestamp, until: Timestamp) -> u64 {
    let length = until.as_second().saturating_sub(since.as_second());
    let period = if length <= 25 * 3_600 {
        300
    } else if length <= 15 * 86_400 {
        3_600
    } else {
        86_400
    };
    let first = since.as_second().saturating_add(period - 1).div_euclid(period);
    let end = until.as_second().div_euclid(period);
    u64::try_from(end.saturating_sub(first).saturating_mul(period)).unwrap_or(0)
}

fn access_log<'a>(log: &AccessLog<'a>, context: &Context<'a>) -> AccessLogFacts<'a> {
    let destination = match log.destination {
        Destination::LogGroup(_, name) => match log_group(&log.destination, context) {
            Ok(GroupLookup::Elsewhere) => AccessLogDestination::Other(name),
            Ok(GroupLookup::Absent) => AccessLogDestination::LogGroup(name, Ok(None)),
            Ok(GroupLookup::Here(group)) => AccessLogDestination::LogGroup(name, Ok(Some(group))),
            Err(gap) => AccessLogDestination::LogGroup(name, Err(gap)),
        },
        Destination::DeliveryStream(_, name) => AccessLogDestination::DeliveryStream(name),
        Destination::Other(text) => AccessLogDestination::Other(text),
    };
    AccessLogFacts { format: log.format, destination }
}

fn execution_logs<'a>(stage: &StageOf<'a>, context: &Context<'a>) -> Vec<ExecutionLogFacts<'a>> {
    if !stage.logs_execution() {
        return Vec::new();
    }
    let logging = || stage.stage.method_logging.iter().filter(|logging| logging.logs());
    let levels = logging().filter_map(|logging| logging.level.as_deref());
    // `INFO` logs what `ERROR` logs, and more.
    let level = levels.max_by_key(|level| *level == "INFO").unwrap_or_default();
    let data_trace = logging().any(|logging: &MethodLogging| logging.data_trace);
    let facts = |name: String, group, bytes| ExecutionLogFacts { name, group, bytes, level, data_trace };
    let own = stage.execution_log_groups().into_iter().map(|name| {
        let (group, bytes) = (context.log_group(&name), bytes(&name, context));
        facts(name, group, bytes)
    });
    let delivered = context.delivered_to(stage).map(|destination| match destination {
        Destination::LogGroup(_, name) if context.is_here(&destination) => {
            facts(name.to_owned(), context.log_group(name), delivered(&destination, name, context))
        }
        Destination::LogGroup(arn, _) | Destination::DeliveryStream(arn, _) => elsewhere(arn.resource, facts),
        Destination::Other(text) => elsewhere(text, facts),
    });
    let unseen = context.unseen_deliveries().filter(|_| stage.protocol() == Protocol::Rest);
    let unseen = unseen
        .map(|gap| facts("the destination of its delivery sources".to_owned(), Err(gap.clone()), Err(gap.clone())));
    own.chain(delivered).chain(unseen).collect()
}

/// What went to a log group that a delivery source sends to, if nothing else is written there.
fn delivered(destination: &Destination<'_>, name: &str, context: &Context<'_>) -> Result<InWindow, Gap> {
    if context.traffic().is_shared(destination)? {
        let why = format!("other sources write to log group {name} too: the share of the delivery source is not known");
        return Err(Gap::unprovable(name, why));
    }
    bytes(name, context)
}

/// No metric that is read here counts what goes to a bucket, a stream or another account.
fn elsewhere<'a>(
    name: &str,
    facts: impl FnOnce(String, Result<Option<&'a LogGroup>, Gap>, Result<InWindow, Gap>) -> ExecutionLogFacts<'a>,
) -> ExecutionLogFacts<'a> {
    let gap = Gap::unprovable(name, format!("how much delivery sources send to {name} is not counted here"));
    facts(name.to_owned(), Err(gap.clone()), Err(gap))
}

fn bytes(group: &str, context: &Context<'_>) -> Result<InWindow, Gap> {
    let answer = context.region().ingested.iter().find(|answer| answer.group == group);
    let answer = answer.ok_or_else(|| Gap::not_collected(format!("how much log group {group} took in")))?;
    Ok(InWindow { sum: *answer.bytes.get()?, seconds: counted(answer.since, answer.until) })
}

fn traces(stage: &StageOf<'_>, context: &Context<'_>) -> Option<TraceFacts> {
    let traced = stage.protocol() == Protocol::Rest && stage.stage.tracing == Some(true);
    traced.then(|| TraceFacts { sampling: sampling(stage, context), destination: destination(context) })
}

fn sampling(stage: &StageOf<'_>, context: &Context<'_>) -> Result<Sampling, Gap> {
    let deciding = sampling_off::deciding(stage, context)?;
    Ok(Sampling {
        rule: deciding.rule.name.clone(),
        fixed_rate: deciding.rule.fixed_rate,
        reservoir: u64::try_from(deciding.rule.reservoir_size).unwrap_or(0),
        before: deciding.before.iter().map(|rule| rule.name.clone()).collect(),
    })
}

fn destination(context: &Context<'_>) -> Result<TraceDestination, Gap> {
    let answer = context.region().trace_destination.get()?;
    match answer.destination.as_str() {
        "XRay" => Ok(TraceDestination::XRay),
        "CloudWatchLogs" => Ok(TraceDestination::CloudWatchLogs),
        other => Err(Gap::unprovable("trace destination", format!("no price is known for segments sent to {other}"))),
    }
}

#[cfg(test)]
mod tests;
