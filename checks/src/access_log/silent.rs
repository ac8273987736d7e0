//! `access-log-silent`: a stage serves requests, and nothing arrives at its access log's destination.

use gatelight_formats::lines::StageLineMatcher;
use gatelight_model::{
    Fetched, Gap, Need, Severity,
    arn::Destination,
    inventory::{AccessLog, DestinationIntake, Protocol, StageOf},
};
use jiff::Timestamp;

use super::destination_missing::{GroupLookup, in_another_account, log_group};
use crate::{
    check::{Check, Judge},
    context::Context,
    plan::metrics::{DELAY, ENOUGH_REQUESTS, SHORTEST_WINDOW, in_effect_since},
    verdict::{Evidence, Failure, Fix, Judgement, Verdict},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-silent",
    title: "Access log receives nothing although requests are served",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::AccessLogGroups,
        Need::DeliveryStreams,
        Need::LogDeliveries,
        Need::Functions,
        Need::Taken,
    ],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::AccessLog, Loss::Dark)]),
    docs: include_str!("silent.md"),
    scenarios: &[],
};

/// Why so little traffic is not judged.
const TOO_FEW: &str = "fewer than 10 requests in the window, client errors excluded";

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    let not_applicable = |reason| Ok(Judgement::NotApplicable(reason));
    let Some(log) = stage.access_log() else { return not_applicable("the stage has no access log") };
    let created = match destination_created_at(&log.destination, context)? {
        Ok(created) => created,
        Err(reason) => return not_applicable(reason),
    };
    let changed = &stage.stage.changed_at;
    let end = context.now().checked_sub(DELAY).unwrap_or(Timestamp::MIN);
    let is_short = |since: Timestamp| end.duration_since(since) < SHORTEST_WINDOW;
    if in_effect_since([changed.get().ok().copied(), created.get().ok().copied()]).is_some_and(is_short) {
        return not_applicable("the stage or its destination was changed too recently");
    }
    let begins = in_effect_since([Some(*changed.get()?), Some(*created.get()?)]);
    let answer = context.traffic().taken(stage)?;
    if answer.until.duration_since(answer.since) < SHORTEST_WINDOW {
        return not_applicable("the window is shorter than half an hour");
    }
    let requests = *answer.requests.get()?;
    if requests == 0 {
        return not_applicable("no requests in the window");
    }
    let unprovable = |why: String| Err(Gap::unprovable(context.stage_subject(stage).arn, why));
    if context.traffic().is_merged(stage)? {
        return unprovable(
            "CloudWatch counts this stage together with a stage of another REST API that has the same API and stage \
             name, so the requests cannot be attributed"
                .to_owned(),
        );
    }
    let taken = *answer.taken.get()?;
    if taken > 0
        && let Some(judgement) = judge_intake(stage, context, &log, answer)?
    {
        return Ok(judgement);
    }
    if requests < ENOUGH_REQUESTS {
        return not_applicable(TOO_FEW);
    }
    let errors = *answer.client_errors.get()?;
    if requests.saturating_sub(errors) < ENOUGH_REQUESTS {
        return not_applicable(TOO_FEW);
    }
    if begins.is_some_and(|begins| answer.since < begins) || answer.until > end {
        return unprovable(format!(
            "requests were counted between {} and {}, when the access log may not have been active yet",
            answer.since, answer.until
        ));
    }
    Ok(failure(stage, context, &log, answer, (requests, errors, taken)).into())
}

/// The judgement where the destination received something: whether that was this stage's. None: it surely was not.
///
/// # Errors
/// If it is not known whose it was.
fn judge_intake(
    stage: &StageOf<'_>,
    context: &Context<'_>,
    log: &AccessLog<'_>,
    answer: &DestinationIntake,
) -> Result<Option<Judgement>, Gap> {
    let shared = context.traffic().is_shared(&log.destination);
    if shared == Ok(false) {
        return Ok(Some(Judgement::Pass));
    }
    if shared == Ok(true) && *answer.requests.get()? < ENOUGH_REQUESTS {
        return Ok(Some(Judgement::NotApplicable(TOO_FEW)));
    }
    if answer.own_lines.get().is_ok_and(|own| own.proven > 0) {
        return Ok(Some(Judgement::Pass));
    }
    shared?;
    let unprovable = |why: String| Err(Gap::unprovable(context.stage_subject(stage).arn, why));
    if let Some(why) = indistinguishable(stage, log) {
        return unprovable(why);
    }
    if let Some(reached) = answer.own_lines.get()?.reached {
        return unprovable(format!(
            "other sources write to {} too, and the search for lines of this stage stopped at {reached} without \
             finding one",
            name(&log.destination)
        ));
    }
    Ok(None)
}

/// When the destination was created, or why the check does not apply.
///
/// # Errors
/// The gap, if AWS did not answer or was not asked.
fn destination_created_at<'a>(
    destination: &Destination<'_>,
    context: &Context<'a>,
) -> Result<Result<&'a Fetched<Timestamp>, &'static str>, Gap> {
    Ok(match destination {
        Destination::LogGroup(..) => match log_group(destination, context)? {
            GroupLookup::Here(group) => Ok(&group.created_at),
            GroupLookup::Absent => Err("the log group does not exist"),
            GroupLookup::Elsewhere => Err("the log group is not in this account and region"),
        },
        Destination::DeliveryStream(..) if !destination.is_well_named() => {
            Err("API Gateway does not write to a Firehose stream of that name")
        }
        Destination::DeliveryStream(..) if !context.is_here(destination) => {
            Err("the Firehose stream is not in this account and region")
        }
        Destination::DeliveryStream(arn, name) => match context.delivery_stream(name)? {
            Some(stream) if in_another_account(&stream.arn, arn) => {
                Err("the Firehose stream is not in this account and region")
            }
            Some(stream) => Ok(&stream.created_at),
            None => Err("the Firehose stream does not exist"),
        },
        Destination::Other(_) => Err("the destination is neither a log group nor a Firehose stream"),
    })
}

/// Why the stage's lines cannot be told apart from those of others that write to the same destination.
fn indistinguishable(stage: &StageOf<'_>, log: &AccessLog<'_>) -> Option<String> {
    let destination = name(&log.destination);
    if let Destination::DeliveryStream(..) = log.destination {
        return Some(format!("other stages write to {destination} too, and its records cannot be read"));
    }
    StageLineMatcher::new(log.format, &stage.api.id, &stage.stage.name).is_none().then(|| {
        format!(
            "other sources write to {destination} too, and the stage's lines cannot be told apart from theirs: its \
             format lacks $context.apiId and $context.stage"
        )
    })
}

/// `log group /x`, `Firehose stream x`.
fn name(destination: &Destination<'_>) -> String {
    match destination {
        Destination::LogGroup(_, name) => format!("log group {name}"),
        Destination::DeliveryStream(_, name) => format!("Firehose stream {name}"),
        Destination::Other(text) => (*text).to_owned(),
    }
}

fn failure(
    stage: &StageOf<'_>,
    context: &Context<'_>,
    log: &AccessLog<'_>,
    answer: &DestinationIntake,
    (requests, errors, taken): (u64, u64, u64),
) -> Failure {
    let DestinationIntake { since, until, .. } = answer;
    let place = name(&log.destination);
    let nothing = if taken == 0 {
        format!("{place} has received no events since")
    } else {
        format!("none of the events that {place} has received since are from this stage")
    };
    Failure {
        severity: None,
        cause: None,
        message: format!(
            "The stage served {requests} requests ({errors} of them client errors) between {since} and {until}, and \
             {nothing}."
        ),
        evidence: vec![
            Evidence::new("requests", requests.to_string()),
            Evidence::new("client errors", errors.to_string()),
            Evidence::new(format!("received by {place}"), taken.to_string()),
            Evidence::new("window", format!("{since} to {until}")),
        ],
        affects: vec![],
        fix: fix(&log.destination, stage.protocol(), &context.region().name),
        ..Failure::default()
    }
}

/// Where to look. AWS does not say why it writes nothing.
fn fix(destination: &Destination<'_>, protocol: Protocol, region: &str) -> Fix {
    let look = "First check the other findings about";
    match (destination, protocol) {
        (Destination::LogGroup(_, name), protocol) => {
            let who = match protocol {
                Protocol::Http => "the CloudWatch Logs resource policies and the log group's key",
                Protocol::Rest | Protocol::Websocket => {
                    "the CloudWatch role and the log group's key, and whether AWS STS is active in the region"
                }
            };
            Fix::text(format!("{look} {who}; then send a request and check that a line arrives.")).command([
                "aws",
                "logs",
                "describe-log-streams",
                "--region",
                region,
                "--log-group-name",
                name,
                "--order-by",
                "LastEventTime",
                "--descending",
                "--max-items",
                "1",
            ])
        }
        (Destination::DeliveryStream(..), Protocol::Http | Protocol::Websocket) => Fix::text(
            "AWS documents Firehose as a destination for REST APIs only: set the ARN of a log group as the \
             destination.",
        ),
        (Destination::DeliveryStream(_, name), Protocol::Rest) => Fix::text(
            "Check that the stream is active and that the role AWSServiceRoleForAPIGateway, which writes to it, \
             exists; then send a request and check that a record arrives.",
        )
        .command([
            "aws",
            "firehose",
            "describe-delivery-stream",
            "--region",
            region,
            "--delivery-stream-name",
            name,
        ]),
        (Destination::Other(_), _) => Fix::text("Set the ARN of a log group as the destination."),
    }
}

#[cfg(test)]
mod tests;
