//! Packets to X-Ray do not arrive from some subnet of a function in a VPC.

mod fix;
mod remedy;

use gatelight_model::{Confidence, Need, Severity, Subject, inventory::Function};
use gatelight_network::{Hop, HopResult, PathFromSubnet, Walk};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    function::tracing_off::callers_among,
    verdict::{Evidence, Extent, Failure},
    visibility::{Loss, Signal, SignalValue, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "function-cannot-reach-xray",
    title: "Function in a VPC cannot reach X-Ray",
    severity: Severity::High,
    needs: &[Need::Functions, Need::Networks],
    judge: Judge::Function(judge, |function, _| Some(severity(function))),
    signals: Signals::Own(&[(Signal::FunctionTrace, Loss::ByFailure(left))]),
    docs: include_str!("cannot_reach_xray.md"),
    scenarios: &[],
};

/// Parts of the names of layers and extensions that export traces themselves.
const TRACERS: [&str; 16] = [
    "opentelemetry",
    "datadog",
    "newrelic",
    "new-relic",
    "dynatrace",
    "lumigo",
    "splunk",
    "signalfx",
    "honeycomb",
    "sentry",
    "elastic-apm",
    "epsagon",
    "instana",
    "appdynamics",
    "thundra",
    "tracing",
];
/// The same at the start of a word only: `otel` is also in `hotel`.
const TRACER_WORDS: [&str; 2] = ["otel", "adot"];

const DAEMON: &str = "Lambda's own X-Ray daemon is not known to use the routes of the VPC; whatever runs inside the \
                      function does: OpenTelemetry, extensions, its own calls of X-Ray.";
const INSTANCES: &str =
    "On managed instances all that the function sends goes by this network, Lambda's own traces too.";

fn judge(function: &Function, context: &Context<'_>) -> Verdict {
    let Some(walk) = Walk::of(function, context.network())? else {
        return Ok(Judgement::NotApplicable("it is not in a VPC"));
    };
    let paths = walk.paths();
    if paths.iter().any(|path| path.result == HopResult::Stops) {
        return Ok(failure(function, context, &walk, &paths).into());
    }
    let unknown = paths.iter().find_map(|path| match &path.result {
        HopResult::Unknown(gap) => Some(gap.clone()),
        _ => None,
    });
    if let Some(gap) = unknown {
        return Err(gap);
    }
    let refused: Vec<_> = paths.iter().filter_map(|path| Some((path, path.telemetry_refusal.as_ref()?))).collect();
    if refused.iter().any(|(_, hop)| hop.result == HopResult::Stops) {
        return Ok(without_telemetry(function, context, &walk, &paths, &refused).into());
    }
    let unknown = refused.into_iter().find_map(|(_, hop)| match &hop.result {
        HopResult::Unknown(gap) => Some(gap.clone()),
        _ => None,
    });
    unknown.map_or(Ok(Judgement::Pass), Err)
}

/// Segments arrive, and only the statistics about them do not.
fn without_telemetry(
    function: &Function,
    context: &Context<'_>,
    walk: &Walk<'_>,
    paths: &[PathFromSubnet],
    refused: &[(&PathFromSubnet, &Hop)],
) -> Failure {
    let stopped: Vec<_> = refused.iter().copied().filter(|(_, hop)| hop.result == HopResult::Stops).collect();
    let reason = stopped.first().map_or("", |(_, hop)| hop.message.as_str());
    let from: Vec<_> = stopped.iter().map(|(path, _)| path.name()).collect();
    Failure {
        severity: Some(Severity::Low),
        confidence: confidence(function),
        extent: Extent::Part,
        cause: None,
        message: format!(
            "From {} traces arrive at X-Ray, but the statistics about them do not: {reason}.",
            from.join(", ")
        ),
        evidence: paths.iter().map(|path| Evidence::new(path.name(), outcome(path))).collect(),
        affects: callers(function, context),
        fix: fix::fix(walk, &context.region().network, &stopped),
        ..Failure::default()
    }
}

fn failure(function: &Function, context: &Context<'_>, walk: &Walk<'_>, paths: &[PathFromSubnet]) -> Failure {
    let stopped: Vec<_> = paths.iter().filter_map(|path| Some((path, path.stop()?))).collect();
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (path, hop) in &stopped {
        match reasons.iter_mut().find(|(message, _)| *message == hop.message) {
            Some((_, from)) => from.push(path.name()),
            None => reasons.push((hop.message.clone(), vec![path.name()])),
        }
    }
    let mut message = String::new();
    let unused = stopped.iter().find_map(|(path, _)| fix::why_endpoint_unused(walk, path));
    if let Some(why) = unused {
        message.push_str(&format!("{why}. "));
    }
    for (reason, from) in &reasons {
        message.push_str(&format!("From {} packets to X-Ray stop: {reason}. ", from.join(", ")));
    }
    let arrives: Vec<_> =
        paths.iter().filter(|path| path.result == HopResult::Through).map(PathFromSubnet::name).collect();
    if !arrives.is_empty() {
        message.push_str(&format!("From {} they arrive, so what is lost is intermittent. ", arrives.join(", ")));
    }
    message.push_str(if walk.managed { INSTANCES } else { DAEMON });
    Failure {
        severity: Some(severity(function)),
        confidence: confidence(function),
        // From the others they arrive, or may.
        extent: if stopped.len() == paths.len() { Extent::Whole } else { Extent::Part },
        cause: None,
        message,
        evidence: paths.iter().map(|path| Evidence::new(path.name(), outcome(path))).collect(),
        affects: callers(function, context),
        fix: fix::fix(walk, &context.region().network, &stopped),
        ..Failure::default()
    }
}

/// The stages that are known to call the function, whose traces end there; empty where the callers are not known. They do
/// not change the verdict.
fn callers(function: &Function, context: &Context<'_>) -> Vec<Subject> {
    callers_among(context.stages_by_api(), function, context).unwrap_or_default()
}

/// What happens to packets from a subnet, and the resources on their path.
fn outcome(path: &PathFromSubnet) -> String {
    let ids = |hops: &[Hop]| {
        let mut ids: Vec<_> = hops.iter().map(|hop| hop.id.as_str()).collect();
        ids.dedup();
        ids.join(" → ")
    };
    match (&path.result, path.stop()) {
        (HopResult::Unknown(gap), _) => format!("cannot be told: {gap}"),
        (_, Some(hop)) => format!("stops: {}", hop.message),
        (_, None) => format!("arrives: {}", ids(&path.hops)),
    }
}

/// What is left of the traces: none where what surely goes by this network is stopped from every subnet.
fn left(failure: &Failure) -> SignalValue {
    match (failure.severity, failure.extent) {
        (Some(Severity::High), Extent::Whole) => SignalValue::Dark,
        _ => SignalValue::Partly,
    }
}

/// High where something of the function's own sends traces by this network; else it would matter only if the daemon did.
fn severity(function: &Function) -> Severity {
    if sends_by_itself(function) { Severity::High } else { Severity::Low }
}

/// Where nothing in the function is seen to export, the finding rests on which way Lambda's own daemon takes, and AWS
/// does not document that.
fn confidence(function: &Function) -> Confidence {
    if sends_by_itself(function) { Confidence::High } else { Confidence::Low }
}

/// Whether what the function sends surely goes by this network: it is seen to export traces itself, or runs on managed
/// instances.
fn sends_by_itself(function: &Function) -> bool {
    let exports = function.layers.iter().any(|layer| {
        // Without the account and region: `arn:P:lambda:R:A:layer:NAME:VERSION`.
        let name = layer.split(":layer:").last().unwrap_or_default().to_ascii_lowercase();
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        TRACERS.iter().any(|tracer| name.contains(tracer))
            || words.any(|word| TRACER_WORDS.iter().any(|tracer| word.starts_with(tracer)))
    });
    let configured = function.tracing_variables.iter().any(|variable| {
        variable == "AWS_LAMBDA_EXEC_WRAPPER"
            || ["OTEL_", "OPENTELEMETRY_"].iter().any(|start| variable.starts_with(start))
    });
    exports || configured || function.capacity_provider.is_some()
}

#[cfg(test)]
mod tests;
