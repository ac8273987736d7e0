//! `log-emission-failing`: a log group holds lines that say that logs or traces do not arrive.

mod console;

use gatelight_model::{
    Gap, GapKind, Need, Severity,
    inventory::{Hit, LogProbe, OwnPattern},
    log_patterns,
};

use crate::{
    Context, Judgement, LogGroupUse, Verdict,
    check::{Check, Judge},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: gatelight_model::log_patterns::CHECK_ID,
    title: "Logs or traces failed to be sent (seen in the logs)",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::Functions,
        Need::AccessLogGroups,
        Need::ExecutionLogGroups,
        Need::LogDeliveries,
        Need::FunctionLogGroups,
        Need::LogProbes,
    ],
    judge: Judge::LogGroup(|_| true, judge),
    signals: Signals::OfGroup(Loss::Partly),
    docs: include_str!("emission_failing.md"),
    scenarios: &[],
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
    let class = known.class.as_deref().unwrap_or_default();
    let is_searched = probe.as_ref().map_or_else(|gap| gap.why().kind != GapKind::NotCollected, |_| true);
    if class == "DELIVERY" || (class == INFREQUENT && !is_searched) {
        let mut why = format!("log group {name} is of class {class}, which FilterLogEvents does not search");
        if class == INFREQUENT {
            why += "; with --insights (`insights = true` in the configuration) CloudWatch Logs Insights searches it, \
                billed by the volume scanned";
        }
        return Err(Gap::unprovable(&known.arn, why));
    }
    let LogProbe { until, reached, .. } = probe?;
    let reached = reached.as_ref().unwrap_or(until);
    let spent = if class == INFREQUENT { "the result limit of a query was" } else { "the page limit was" };
    let why = format!(
        "log group {name} was searched up to {reached} only, without a hit: {spent} reached before the window's end \
         at {until}"
    );
    Err(Gap::unprovable(&known.arn, why))
}

/// The class of log groups that CloudWatch Logs Insights alone searches.
const INFREQUENT: &str = "INFREQUENT_ACCESS";

fn is_infrequent(group: &str, context: &Context<'_>) -> bool {
    matches!(context.log_group(group), Ok(Some(group)) if group.class.as_deref() == Some(INFREQUENT))
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
    // One that the owner names and nothing writes to that was seen is not the clients'.
    if group.access.is_empty() || !(group.execution.is_empty() && group.functions.is_empty()) {
        return Ok(false);
    }
    let hidden = context.stages().filter_map(Result::err).chain(context.functions().filter_map(Result::err));
    let hidden = hidden.chain(context.unseen_deliveries()).next();
    hidden.map_or(Ok(true), Err)
}

/// What a pattern means, whoever it is from.
struct Meaning<'a> {
    severity: Severity,
    says: &'a str,
    fix: &'a str,
    /// One filter pattern that finds its events.
    filter: String,
}

const READ: &str = "Read the events and fix what they report.";

impl<'a> Meaning<'a> {
    /// A pattern of which nothing is known, such as one of a later version, may be the worst.
    fn of(name: &'a str, own: &'a [OwnPattern]) -> Self {
        let filter_of = |patterns: &[&'static log_patterns::LogPattern]| {
            log_patterns::filters_of(patterns.iter().copied()).into_iter().next().unwrap_or_default()
        };
        if let Some(pattern) = log_patterns::find(name) {
            let log_patterns::LogPattern { severity, says, fix, .. } = pattern;
            return Self { severity: *severity, says, fix, filter: filter_of(&[pattern]) };
        }
        match own.iter().find(|pattern| pattern.name == name) {
            Some(OwnPattern { severity, says, fix, filter, .. }) => {
                Self { severity: *severity, says, fix: fix.as_deref().unwrap_or(READ), filter: filter.clone() }
            }
            None => Self { severity: CHECK.severity, says: name, fix: READ, filter: String::new() },
        }
    }
}

fn failure(group: &LogGroupUse<'_>, probe: &LogProbe, context: &Context<'_>) -> Failure {
    let LogProbe { since, until, reached, hits, .. } = probe;
    let name = group.name.as_str();
    let searched = context.region().searched_for.get();
    let own = searched.as_ref().map_or(&[][..], |searched| &searched.own);
    let mut hits: Vec<_> = hits.iter().map(|hit| (Meaning::of(&hit.pattern, own), hit)).collect();
    hits.sort_by(|(a, x), (b, y)| b.severity.cmp(&a.severity).then_with(|| x.pattern.cmp(&y.pattern)));
    let worst = hits.first().map_or(CHECK.severity, |(meaning, _)| meaning.severity);
    let clients = is_for_clients(group, context);

    let count: u64 = hits.iter().fold(0, |sum, (_, hit)| sum.saturating_add(hit.count));
    let says: Vec<_> = hits.iter().map(|(meaning, _)| meaning.says).collect();
    let mut message = format!(
        "Log group {name} has {}{} between {since} and {until}: {}.",
        if reached.is_some() { "at least " } else { "" },
        if count == 1 { "1 failure line".to_owned() } else { format!("{count} failure lines") },
        says.join("; ")
    );
    if let Some(reached) = reached {
        message += &format!(" The search stopped at {reached}.");
    }
    let severity = match clients {
        Ok(true) => {
            message += " Only access logs are written to it: the text comes from clients, and anyone who calls the API can \
                 forge it.";
            Severity::Low
        }
        Ok(false) => worst,
        Err(_) => {
            if !group.access.is_empty() {
                message += " What else writes to it is not known; if only access logs are written to it, the text \
                    comes from clients.";
            }
            worst
        }
    };
    let infrequent = is_infrequent(name, context);
    // The console shows no events of a group of that class by a filter.
    let page_by = |meaning: &Meaning<'_>| (!infrequent).then(|| meaning.filter.clone());
    let mut evidence: Vec<_> =
        hits.iter().flat_map(|(meaning, hit)| evidence(hit, page_by(meaning), name, context)).collect();
    if clients == Ok(true) {
        evidence.push(Evidence::new("source", "text supplied by clients"));
    }
    let fix = hits.first().map_or(READ, |(meaning, _)| meaning.fix);
    let worst = hits.first().map(|(meaning, hit)| (meaning.filter.as_str(), hit.pattern.as_str()));
    let command = show_command(infrequent, worst, probe, name, context);
    Failure {
        severity: Some(severity),
        cause: None,
        message,
        evidence,
        affects: group.functions.iter().map(|function| function.subject()).collect(),
        fix: Fix::text(fix).commands([command]),
        ..Failure::default()
    }
}

/// The command that shows the worst of what was found: its filter and its pattern.
fn show_command(
    infrequent: bool,
    worst: Option<(&str, &str)>,
    probe: &LogProbe,
    group: &str,
    context: &Context<'_>,
) -> Vec<String> {
    if infrequent {
        query_command(worst.map(|(_, pattern)| pattern), probe, group, context)
    } else {
        filter_command(worst.map_or("", |(filter, _)| filter), probe, group, context)
    }
}

/// The command that shows events that a filter lets through.
fn filter_command(filter: &str, probe: &LogProbe, group: &str, context: &Context<'_>) -> Vec<String> {
    let (from, to) = (probe.since.as_millisecond().to_string(), probe.until.as_millisecond().to_string());
    let mut command = vec!["aws", "logs", "filter-log-events", "--region", &context.region().name];
    command.extend(["--log-group-name", group, "--start-time", &from, "--end-time", &to]);
    if !filter.is_empty() {
        command.extend(["--filter-pattern", filter]);
    }
    command.into_iter().map(str::to_owned).collect()
}

/// The command that asks CloudWatch Logs Insights for events of a pattern; its answer names the query whose results
/// `get-query-results` shows.
fn query_command(pattern: Option<&str>, probe: &LogProbe, group: &str, context: &Context<'_>) -> Vec<String> {
    let (from, to) = (probe.since.as_second().to_string(), probe.until.as_second().to_string());
    let query = log_patterns::insights_query_of(pattern.and_then(log_patterns::find).into_iter());
    let mut command = vec!["aws", "logs", "start-query", "--region", &context.region().name];
    command.extend(["--log-group-name", group, "--start-time", &from, "--end-time", &to, "--query-string", &query]);
    command.into_iter().map(str::to_owned).collect()
}

/// What tells of a hit, with a page of the console that shows its events by a filter, if one does.
fn evidence(hit: &Hit, filter: Option<String>, group: &str, context: &Context<'_>) -> Vec<Evidence> {
    let Hit { pattern, count, first, last, samples } = hit;
    let events = if *count == 1 { "event" } else { "events" };
    let mut all = vec![Evidence::new(pattern, format!("{count} {events}, first {first}, last {last}"))];
    // The name marks the line as Gatelight's: where a report is logged, the sample is not found anew.
    let sample = |line: &String| Evidence::new(format!("sample (gatelight: {pattern})"), line);
    all.extend(samples.iter().map(sample));
    let place = (context.account().partition.as_str(), context.region().name.as_str());
    let page = filter.and_then(|filter| console::events(place, group, &filter, (*first, *last)));
    all.extend(page.map(|page| Evidence::new(format!("console (gatelight: {pattern})"), page)));
    all
}

#[cfg(test)]
mod tests;
