//! `gateway-overhead-high`: high API Gateway latency beside the integration.

use gatelight_model::{
    Gap, Need, Severity,
    inventory::{LatencyPercentiles, Percentiles, Protocol, StageOf, TrafficAnswer},
};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    plan::metrics::{ENOUGH_SAMPLES, Overhead, SHORTEST_WINDOW},
    verdict::{Evidence, Failure, Fix},
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-overhead-high",
    title: "High API Gateway latency beside the integration",
    severity: Severity::Low,
    needs: &[Need::Stages, Need::Traffic, Need::Latencies],
    judge: Judge::Stage(judge),
    signals: Signals::None,
    docs: include_str!("overhead_high.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.protocol() == Protocol::Websocket {
        return Ok(Judgement::NotApplicable("WebSocket APIs have no Latency metric"));
    }
    let answer = context.traffic().traffic(stage)?;
    if answer.until.duration_since(answer.since) < SHORTEST_WINDOW {
        return Ok(Judgement::NotApplicable("the window is shorter than half an hour"));
    }
    match *answer.requests.get()? {
        0 => return Ok(Judgement::NotApplicable("no requests in the window")),
        requests if requests < ENOUGH_SAMPLES => {
            return Ok(Judgement::NotApplicable("fewer than 100 requests in the window"));
        }
        _ => {}
    }
    let about = || context.stage_subject(stage).arn;
    if context.traffic().is_merged(stage)? {
        let why = "CloudWatch counts this stage together with a stage of another REST API that has the same API and \
            stage name";
        return Err(Gap::unprovable(about(), why));
    }
    let (latency, integration) = (answer.latency.get()?, answer.integration_latency.get()?);
    if latency.samples < ENOUGH_SAMPLES {
        return Ok(Judgement::NotApplicable("fewer than 100 requests in the window"));
    }
    // Answers of mocks and caches have no time of a backend: the means would be of different requests.
    if u128::from(integration.samples) * 100 < u128::from(latency.samples) * 95 {
        let why = format!(
            "only {} of {} requests went to a backend (mocks and caches answer without one), so the averages cannot \
             be compared",
            integration.samples, latency.samples
        );
        return Err(Gap::unprovable(about(), why));
    }
    let limit = context.policy().overhead_limit();
    match Overhead::of(latency, integration) {
        Some(overhead) if overhead.is_above(limit) => {
            Ok(failure(stage, answer, overhead, latency.samples, limit).into())
        }
        _ => Ok(Judgement::Pass),
    }
}

fn failure(stage: &StageOf<'_>, answer: &TrafficAnswer, overhead: Overhead, samples: u64, limit: u32) -> Failure {
    let TrafficAnswer { since, until, percentiles, .. } = answer;
    let (latency, integration) = (overhead.latency(), overhead.integration());
    let mut evidence = vec![
        Evidence::new("mean Latency", format!("{latency:.0} ms")),
        Evidence::new("mean IntegrationLatency", format!("{integration:.0} ms")),
        Evidence::new("requests", samples.to_string()),
        Evidence::new("window", format!("{since} to {until}")),
    ];
    if let Ok(LatencyPercentiles { latency, integration_latency }) = percentiles.get() {
        evidence.push(Evidence::new("p50, p95, p99 of Latency", in_words(latency)));
        evidence.push(Evidence::new("p50, p95, p99 of IntegrationLatency", in_words(integration_latency)));
    }
    let what = match stage.protocol() {
        Protocol::Rest => "authorizers, request validation, mapping templates, the cache and AWS WAF",
        Protocol::Http | Protocol::Websocket => "authorizers and parameter mapping",
    };
    Failure {
        severity: None,
        cause: None,
        message: format!(
            "API Gateway itself takes {:.0} ms of the {latency:.0} ms of an average request, and the backend \
             {integration:.0} ms ({samples} requests between {since} and {until}); the limit is {limit} ms.",
            overhead.own()
        ),
        evidence,
        affects: vec![],
        fix: Fix::text(format!(
            "Check what API Gateway does besides calling the backend: {what}. The usual cause is the cold start of a \
             Lambda authorizer; its results can be cached."
        )),
        ..Failure::default()
    }
}

fn in_words(Percentiles { p50, p95, p99 }: &Percentiles) -> String {
    format!("{p50:.0} ms, {p95:.0} ms, {p99:.0} ms")
}

#[cfg(test)]
mod tests;
