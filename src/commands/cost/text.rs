//! The estimates as text: a table, the highest first; the assumptions behind the figures; what could not be estimated.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use gatelight_checks::cost::{Cost, Estimate, Item, StageCost, Total};
use unicode_width::UnicodeWidthStr;

use super::estimates::{Estimates, StageLocation, exceeds_requests};
use crate::{
    output::TerminalPage,
    text::{WIDTH, count, plain, wrap},
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The columns of the table, right-aligned, and the items that each sums up.
const COLUMNS: [(&str, &[Item]); 4] = [
    ("access log", &[Item::AccessLogIngestion, Item::AccessLogStorage]),
    ("execution log", &[Item::ExecutionLogIngestion, Item::ExecutionLogStorage]),
    ("traces", &[Item::Traces]),
    ("total", &Item::ALL),
];
/// The width of a column: the widest heading and a space.
const COLUMN: usize = 14;
/// The width of the column of stages' names.
const NAME: usize = WIDTH - COLUMN * COLUMNS.len();
/// The most stages whose assumptions are shown.
const EXPLAINED: usize = 12;
/// The most names that one line lists. The others are counted.
const NAMES: usize = 4;
const INDENT: &str = "        ";

/// Writes the estimates.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(estimates: &Estimates, page: &mut TerminalPage) -> io::Result<()> {
    table(estimates, page)?;
    reasons(estimates, page)?;
    unknown(estimates, page)?;
    notes(estimates, page)
}

/// An amount in the table. `–`: nothing that could cost is turned on. `*`: another service charges more. `?`: more is not
/// known. The narrowest column has room for `$98,800 *?`.
fn cell<'a>(costs: impl Iterator<Item = &'a Cost> + Clone) -> String {
    let is_off = costs.clone().all(|cost| matches!(cost.estimate, Estimate::Nothing(_)));
    if is_off {
        return "–".to_owned();
    }
    let is_seen = costs.clone().any(|cost| matches!(cost.estimate, Estimate::Known(_)));
    let total: Total = costs.collect();
    let amount = if is_seen { total.known.to_string().replace("under ", "< ") } else { String::new() };
    let more = format!("{}{}", if total.elsewhere { "*" } else { "" }, if total.gaps.is_empty() { "" } else { "?" });
    let blank = if amount.is_empty() || more.is_empty() { "" } else { " " };
    format!("{amount}{blank}{more}")
}

fn cells<'a>(costs: &(impl Iterator<Item = &'a Cost> + Clone)) -> String {
    let texts = COLUMNS.map(|(_, items)| cell(costs.clone().filter(|cost| items.contains(&cost.item))));
    texts.map(|text| format!("{text:>COLUMN$}")).concat()
}

fn table(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    if estimates.stages.is_empty() {
        let none_seen = estimates.regions == 0 || !estimates.unread.is_empty();
        return writeln!(out, "{}", if none_seen { "No stage could be seen." } else { "There is no stage here." });
    }
    let head = COLUMNS.map(|(head, _)| format!("{head:>COLUMN$}")).concat();
    writeln!(out, "{BOLD}{:<NAME$}{head}{BOLD:#}", "stage, cost a month")?;
    for (location, cost) in &estimates.stages {
        let name = plain(&location.name);
        let line = cells(&cost.costs.iter());
        if name.width() < NAME {
            writeln!(out, "{name}{:gap$}{line}", "", gap = NAME - name.width())?;
        } else {
            writeln!(out, "{name}")?;
            writeln!(out, "{:NAME$}{line}", "")?;
        }
        if estimates.regions > 1 {
            writeln!(out, "  {DIM}{}{DIM:#}", plain(&location.account_and_region()))?;
        }
    }
    let all = estimates.stages.iter().flat_map(|(_, cost)| &cost.costs);
    let stages = count(estimates.stages.len() as u64, "stage");
    writeln!(out, "{BOLD}{stages:<NAME$}{}{BOLD:#}", cells(&all))?;
    let has = |is: fn(&Estimate) -> bool| all.clone().any(|cost| is(&cost.estimate));
    if has(|estimate| matches!(estimate, Estimate::Elsewhere(_))) {
        writeln!(out, "{DIM}* more is charged by another service, at prices that are not estimated here{DIM:#}")?;
    }
    if has(|estimate| matches!(estimate, Estimate::Unknown(_))) {
        writeln!(out, "{DIM}? more could not be estimated: the reasons are below{DIM:#}")?;
    }
    against_requests(estimates, out)
}

/// Compares the costs with what API Gateway charges for the requests.
fn against_requests(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    let requests = estimates.requests();
    let more: Vec<String> = estimates
        .stages
        .iter()
        .filter(|(_, cost)| exceeds_requests(cost))
        .map(|(location, _)| estimates.name(location))
        .collect();
    let least = if requests.is_whole() { "about" } else { "at least" };
    let mut text =
        format!("API Gateway itself charges {least} {} a month for the requests of these stages", requests.known);
    text.push_str(&match more.len() {
        0 => ": no stage is known to cost more to see than its requests cost.".to_owned(),
        _ => format!(". It costs more to see these than their requests cost: {}.", list(&more)),
    });
    writeln!(out)?;
    wrapped("", &text, out)
}

fn list(names: &[String]) -> String {
    plain(&crate::text::list(names, NAMES))
}

/// The assumptions behind the highest costs.
fn reasons(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    let costs_something = |cost: &StageCost| cost.total().known.cents() > 0;
    let highest: Vec<_> = estimates.stages.iter().filter(|(_, cost)| costs_something(cost)).collect();
    if highest.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}What the figures rest on{BOLD:#}")?;
    for (location, cost) in highest.iter().take(EXPLAINED) {
        writeln!(out, "{INDENT}{BOLD}{}{BOLD:#}", plain(&location.name))?;
        if estimates.regions > 1 {
            writeln!(out, "{INDENT}{DIM}{}{DIM:#}", plain(&location.account_and_region()))?;
        }
        // Assumptions of a log's ingestion are not repeated for its storage.
        let mut previous: Option<&Cost> = None;
        for cost in &cost.costs {
            let Estimate::Known(money) = &cost.estimate else { continue };
            if money.cents() == 0 {
                continue;
            }
            let is_shown = |text: &&String| {
                previous.is_some_and(|shown| shown.resource == cost.resource && shown.assumptions.contains(text))
            };
            let assumptions: Vec<&str> =
                cost.assumptions.iter().filter(|text| !is_shown(text)).map(String::as_str).collect();
            wrapped("          ", &plain(&format!("{}, {money}: {}.", what(cost), assumptions.join("; "))), out)?;
            previous = Some(cost);
        }
    }
    match highest.len().saturating_sub(EXPLAINED) {
        0 => Ok(()),
        more => writeln!(out, "{INDENT}and of {} (--format json shows them)", count(more as u64, "more stage")),
    }
}

/// `access log to /gateway/orders, taken in`.
fn what(cost: &Cost) -> String {
    let resource = cost.resource.as_deref().unwrap_or_default();
    match cost.item {
        Item::AccessLogIngestion => format!("access log, taken into {resource}"),
        Item::AccessLogStorage => "access log, kept".to_owned(),
        Item::ExecutionLogIngestion => format!("execution log, taken into {resource}"),
        Item::ExecutionLogStorage => "execution log, kept".to_owned(),
        Item::Traces => "traces".to_owned(),
        Item::Requests => "requests".to_owned(),
    }
}

fn unknown(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (location, cost) in &estimates.stages {
        for gap in cost.total().gaps {
            reasons.entry(gap.to_string()).or_default().push(estimates.name(location));
        }
    }
    if !estimates.skipped.is_empty() {
        writeln!(out, "\n{BOLD}Skipped{BOLD:#}")?;
    }
    for (account, region, why) in &estimates.skipped {
        wrapped(INDENT, &plain(&format!("{account} {region}: {why}")), out)?;
    }
    if reasons.is_empty() && estimates.unread.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BOLD}{yellow}Could not be estimated{yellow:#}{BOLD:#}", yellow = AnsiColor::Yellow.on_default())?;
    for (account, region, gap) in &estimates.unread {
        wrapped(INDENT, &plain(&gap.to_string()), out)?;
        wrapped("          ", &plain(&format!("There may be more stages in {account} {region}.")), out)?;
    }
    for (reason, names) in &reasons {
        wrapped(INDENT, &plain(reason), out)?;
        wrapped("          ", &format!("Stages: {}.", list(names)), out)?;
    }
    Ok(())
}

/// Notes about all figures.
fn notes(estimates: &Estimates, out: &mut dyn Write) -> io::Result<()> {
    if estimates.stages.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let text = format!(
        "Estimates, in US dollars, for a month of 730 hours like the window that was looked at, at prices of {}. What AWS gives \
         each account free every month (5 GB of logs, 100,000 traces) is not subtracted, nor are discounts.",
        estimates.prices.date
    );
    wrapped("", &text, out)
}

fn wrapped(indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    wrap(text, WIDTH - indent.len()).iter().try_for_each(|line| writeln!(out, "{indent}{line}"))
}

impl Estimates {
    /// A stage's name, with its region where there are several.
    fn name(&self, location: &StageLocation) -> String {
        if self.regions > 1 { format!("{} in {}", location.name, location.region) } else { location.name.clone() }
    }
}

impl StageLocation {
    /// `123456789012 eu-west-1`.
    fn account_and_region(&self) -> String {
        format!("{} {}", self.account, self.region)
    }
}
