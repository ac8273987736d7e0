//! `log-emission-failing`: a log group holds lines that say that logs or traces do not arrive.

use super::patterns;
use crate::{
    Context, Gap, Judgement, LogGroupUse, Severity, Verdict,
    check::{Check, Evidence, Failure, Fix, Judge, Need},
    inventory::{Hit, LogProbe},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-emission-failing",
    title: "Logs or traces fail to be sent",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::Functions,
        Need::AccessLogGroups,
        Need::ExecutionLogGroups,
        Need::FunctionLogGroups,
        Need::LogProbes,
    ],
    judge: Judge::LogGroup(|_| true, judge),
    docs: include_str!("failing.md"),
};

fn judge(group: &LogGroupUse<'_>, context: &Context<'_>) -> Verdict {
    let name = group.name.as_str();
    // The search itself tells whether there is such a group: nothing else is needed where it came to its end.
    let probe = match probe(name, context) {
        Ok(Some(found)) if !found.hits.is_empty() => return Ok(failure(group, found, context).into()),
        Ok(Some(LogProbe { reached: None, .. })) => return Ok(Judgement::Pass),
        Ok(None) => return Ok(Judgement::NotApplicable(ABSENT)),
        Ok(Some(unfinished)) => Ok(unfinished),
        Err(gap) => Err(gap),
    };
    let Some(known) = context.log_group(name)? else { return Ok(Judgement::NotApplicable(ABSENT)) };
    if let Some(class @ ("INFREQUENT_ACCESS" | "DELIVERY")) = known.class.as_deref() {
        let why = format!("log group {name} is of class {class}, whose events FilterLogEvents does not search");
        return Err(Gap::unprovable(&known.arn, why));
    }
    let LogProbe { until, reached, .. } = probe?;
    let reached = reached.as_ref().unwrap_or(until);
    let why = format!(
        "log group {name} was searched up to {reached} only, without a hit: the budget of pages was spent before the \
         window's end at {until}"
    );
    Err(Gap::unprovable(&known.arn, why))
}

const ABSENT: &str = "the log group does not exist";

fn probe<'a>(name: &str, context: &Context<'a>) -> Result<Option<&'a LogProbe>, Gap> {
    let answer = context.region().log_probes.iter().find(|answer| answer.group == name);
    let answer = answer.ok_or_else(|| Gap::not_collected(format!("search of log group {name}")))?;
    Ok(answer.probe.get()?.as_ref())
}

/// Whether nothing but access logs is written to the group, whose text comes from clients. What a listing hides may be
/// something else.
fn is_for_clients(group: &LogGroupUse<'_>, context: &Context<'_>) -> Result<bool, Gap> {
    if !(group.execution.is_empty() && group.functions.is_empty()) {
        return Ok(false);
    }
    let hidden = context.stages().filter_map(Result::err).chain(context.functions().filter_map(Result::err)).next();
    hidden.map_or(Ok(true), Err)
}

fn failure(group: &LogGroupUse<'_>, probe: &LogProbe, context: &Context<'_>) -> Failure {
    let LogProbe { since, until, reached, hits, .. } = probe;
    let name = group.name.as_str();
    let mut hits: Vec<_> = hits.iter().map(|hit| (patterns::find(&hit.pattern), hit)).collect();
    // A pattern that this version does not know may be the worst.
    let severity = |pattern: Option<&patterns::Pattern>| pattern.map_or(CHECK.severity, |pattern| pattern.severity);
    hits.sort_by(|(a, x), (b, y)| severity(*b).cmp(&severity(*a)).then_with(|| x.pattern.cmp(&y.pattern)));
    let worst = hits.first().map_or(CHECK.severity, |(pattern, _)| severity(*pattern));
    let clients = is_for_clients(group, context);

    let count: u64 = hits.iter().fold(0, |sum, (_, hit)| sum.saturating_add(hit.count));
    let says: Vec<_> =
        hits.iter().map(|(pattern, hit)| pattern.map_or(hit.pattern.as_str(), |pattern| pattern.says)).collect();
    let mut message = format!(
        "Log group {name} holds {}{} between {since} and {until}: {}.",
        if reached.is_some() { "at least " } else { "" },
        if count == 1 { "1 sign of failure".to_owned() } else { format!("{count} signs of failure") },
        says.join("; ")
    );
    if let Some(reached) = reached {
        message += &format!(" The search went no further than {reached}.");
    }
    let severity = match clients {
        Ok(true) => {
            message +=
                " It takes access logs alone: text supplied by clients, which anyone who calls the API can forge.";
            Severity::Low
        }
        Ok(false) => worst,
        Err(_) => {
            if !group.access.is_empty() {
                message += " What else writes to it is not known; if only access logs do, clients supplied the text.";
            }
            worst
        }
    };
    let mut evidence: Vec<_> = hits.iter().flat_map(|(_, hit)| evidence(hit)).collect();
    if clients == Ok(true) {
        evidence.push(Evidence::new("source", "text supplied by clients"));
    }
    let fix = match hits.first() {
        Some((Some(pattern), _)) => pattern.fix,
        _ => "Read the events and mend what they name.",
    };
    let (from, to) = (since.as_millisecond().to_string(), until.as_millisecond().to_string());
    Failure {
        severity: Some(severity),
        cause: None,
        message,
        evidence,
        affects: group.functions.iter().map(|function| function.subject()).collect(),
        fix: Fix::say(fix).command([
            "aws",
            "logs",
            "filter-log-events",
            "--region",
            &context.region().name,
            "--log-group-name",
            name,
            "--start-time",
            &from,
            "--end-time",
            &to,
            "--filter-pattern",
            &patterns::filter(),
        ]),
    }
}

fn evidence(hit: &Hit) -> impl Iterator<Item = Evidence> {
    let Hit { pattern, count, first, last, sample } = hit;
    let events = if *count == 1 { "event" } else { "events" };
    let counted = Evidence::new(pattern, format!("{count} {events}, first {first}, last {last}"));
    // The name marks the line as Gatelight's: where a report is logged, the sample is not found anew.
    let sample = sample.as_ref().map(|line| Evidence::new(format!("sample (gatelight: {pattern})"), line));
    std::iter::once(counted).chain(sample)
}

#[cfg(test)]
mod tests;
