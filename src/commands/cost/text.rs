//! The estimates as text: a table, the highest first; the assumptions behind the figures; what could not be estimated.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use gatelight_checks::cost::{Cost, Estimate, Item, Money, StageCost, Total};
use unicode_width::UnicodeWidthStr;

use super::estimates::{Estimates, StageLocation, exceeds_requests};
use crate::{
    output::TerminalPage,
    text::{count, plain, wrap},
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The columns of the table, right-aligned, the items that each sums up, and its width: the heading, or `$98,800 *?`, and a
/// space.
const COLUMNS: [(&str, &[Item], usize); 4] = [
    ("access log", &[Item::AccessLogIngestion, Item::AccessLogStorage], 11),
    ("execution log", &[Item::ExecutionLogIngestion, Item::ExecutionLogStorage], 14),
    ("traces", &[Item::Traces], 11),
    ("total", &Item::ALL, 11),
];
/// The narrowest table that has room for bars.
const WITH_BARS: usize = 78;
/// The most stages whose assumptions are shown.
const EXPLAINED: usize = 12;
/// The most names that one line lists. The others are counted.
const NAMES: usize = 4;
/// The least saving that is named, in cents.
const LEAST_SAVING: u128 = 100;
const INDENT: &str = "        ";

/// Writes the estimates on pages of `width` columns.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(estimates: &Estimates, width: usize, page: &mut TerminalPage) -> io::Result<()> {
    let mut out = Columns { page, width };
    table(estimates, &mut out)?;
    savings(estimates, &mut out)?;
    reasons(estimates, &mut out)?;
    unknown(estimates, &mut out)?;
    notes(estimates, &mut out)
}

/// A page of so many columns.
struct Columns<'a> {
    page: &'a mut TerminalPage,
    width: usize,
}

impl Columns<'_> {
    fn line(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.page, "{line}")
    }

    fn wrapped(&mut self, indent: &str, text: &str) -> io::Result<()> {
        let lines = wrap(text, self.width - indent.len());
        lines.iter().try_for_each(|line| writeln!(self.page, "{indent}{line}"))
    }

    /// The columns of a bar; none on a narrow page.
    fn bar(&self) -> usize {
        if self.width < WITH_BARS { 0 } else { (8 + self.width.saturating_sub(80) / 4).min(16) }
    }

    /// The columns of the stages' names.
    fn names(&self) -> usize {
        let bar = if self.bar() > 0 { self.bar() + 1 } else { 0 };
        self.width - bar - COLUMNS.iter().map(|(.., width)| width).sum::<usize>()
    }

    /// A row of the table. A longer name has a line of its own.
    fn row(&mut self, style: Style, name: &str, cells: &str) -> io::Result<()> {
        let names = self.names();
        if name.width() < names {
            let gap = names - name.width();
            return self.line(format_args!("{style}{name}{:gap$}{}{style:#}", "", cells.trim_end()));
        }
        self.line(format_args!("{style}{name}{style:#}"))?;
        self.line(format_args!("{style}{:names$}{}{style:#}", "", cells.trim_end()))
    }
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
    let texts = COLUMNS.map(|(_, items, width)| {
        let text = cell(costs.clone().filter(|cost| items.contains(&cost.item)));
        format!("{text:>width$}")
    });
    texts.concat()
}

/// How much of `total` an amount is, as a bar of at most `width` columns.
fn bar(part: Money, total: Money, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if total == Money::ZERO || width == 0 {
        return String::new();
    }
    let eighths = part.micros().saturating_mul(8 * width as u128) / total.micros();
    let eighths = usize::try_from(eighths).unwrap_or(0).min(8 * width);
    let bar = "█".repeat(eighths / 8) + EIGHTHS[eighths % 8];
    if bar.is_empty() { bar } else { format!(" {bar}") }
}

/// Whether something of what a stage costs is known.
fn has_figure(cost: &StageCost) -> bool {
    cost.costs.iter().any(|cost| matches!(cost.estimate, Estimate::Known(_)))
}

fn table(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    if estimates.stages.is_empty() {
        let none_seen = estimates.regions == 0 || !estimates.unread.is_empty();
        return out.line(if none_seen { "No stage could be seen." } else { "There is no stage here." });
    }
    let head = COLUMNS.map(|(head, _, width)| format!("{head:>width$}")).concat();
    let share = if out.bar() > 0 { " share" } else { "" };
    out.row(BOLD, "stage, cost a month", &format!("{head}{share}"))?;
    let known = estimates.total().known;
    let (shown, folded): (Vec<_>, Vec<_>) = estimates.stages.iter().partition(|(_, cost)| has_figure(cost));
    for (location, cost) in shown {
        let line = cells(&cost.costs.iter()) + &bar(cost.total().known, known, out.bar());
        out.row(Style::new(), &plain(&location.name), &line)?;
        if estimates.regions > 1 {
            out.line(format_args!("  {DIM}{}{DIM:#}", plain(&location.account_and_region())))?;
        }
    }
    without_figure(estimates, &folded, out)?;
    let all = estimates.stages.iter().flat_map(|(_, cost)| &cost.costs);
    let stages = count(estimates.stages.len() as u64, "stage");
    out.row(BOLD, &stages, &cells(&all))?;
    legend(estimates, out)?;
    against_requests(estimates, out)
}

/// The stages without any figure as one row, and their names, each with what stands in its total.
fn without_figure(
    estimates: &Estimates,
    stages: &[&(StageLocation, StageCost)],
    out: &mut Columns<'_>,
) -> io::Result<()> {
    if stages.is_empty() {
        return Ok(());
    }
    let costs = stages.iter().flat_map(|(_, cost)| &cost.costs);
    out.row(Style::new(), &format!("{} without a figure", stages.len()), &cells(&costs))?;
    let mut names: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (location, cost) in stages {
        let mark = cell(cost.costs.iter());
        names.entry((&location.name, mark)).or_default().push(&location.region);
    }
    let several = estimates.regions > 1;
    let names = names.into_iter().map(|((name, mark), regions)| {
        let regions = if several { format!(" in {}", regions.join(", ")) } else { String::new() };
        plain(&format!("{name} {mark}{regions}")).replace(' ', "\u{a0}")
    });
    out.wrapped("  ", &names.collect::<Vec<_>>().join(if several { "; " } else { ", " }))
}

/// What the signs in the table mean, of those that are in it.
fn legend(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    let has = |is: fn(&Estimate) -> bool| {
        estimates.stages.iter().flat_map(|(_, cost)| &cost.costs).any(|cost| is(&cost.estimate))
    };
    let signs = [
        (has(|estimate| matches!(estimate, Estimate::Nothing(_))), "–  off, or nothing is written"),
        (
            has(|estimate| matches!(estimate, Estimate::Elsewhere(_))),
            "*  another service charges more, which is not estimated here",
        ),
        (
            has(|estimate| matches!(estimate, Estimate::Unknown(_))),
            "?  more could not be estimated: the reasons are below",
        ),
        (out.bar() > 0 && estimates.total().known > Money::ZERO, "█  share of what is known of the total"),
    ];
    for (_, sign) in signs.iter().filter(|(is_there, _)| *is_there) {
        out.line(format_args!("{DIM}{sign}{DIM:#}"))?;
    }
    Ok(())
}

/// Compares the costs with what API Gateway charges for the requests.
fn against_requests(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
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
    out.line("")?;
    out.wrapped("", &text)
}

/// What one change would save, from what was measured.
fn savings(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    let mut savings: Vec<_> = estimates
        .stages
        .iter()
        .filter_map(|(location, cost)| Some((cost.errors_only_saves?, location)))
        .filter(|(money, _)| money.cents() >= LEAST_SAVING)
        .collect();
    savings.sort_by_key(|(money, _)| std::cmp::Reverse(*money));
    if savings.is_empty() {
        return Ok(());
    }
    out.line(format_args!("\n{BOLD}What one change would save{BOLD:#}"))?;
    for (money, location) in savings.iter().take(EXPLAINED) {
        let name = plain(&estimates.name(location));
        out.wrapped(INDENT, &format!("{name}: execution log INFO → ERROR, up to {money} a month"))?;
    }
    if let Some(more @ 1..) = savings.len().checked_sub(EXPLAINED) {
        let more = count(more as u64, "more stage");
        out.line(format_args!("{INDENT}and at {more} (--format json shows them)"))?;
    }
    out.wrapped(
        INDENT,
        "Up to: this is all that the execution log costs now, by the bytes that CloudWatch counted. At level ERROR failed \
         requests are still logged, and how many of the bytes are theirs is not measured.",
    )
}

fn list(names: &[String]) -> String {
    plain(&crate::text::list(names, NAMES))
}

/// The assumptions behind the highest costs.
fn reasons(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    let costs_something = |cost: &StageCost| cost.total().known.cents() > 0;
    let highest: Vec<_> = estimates.stages.iter().filter(|(_, cost)| costs_something(cost)).collect();
    if highest.is_empty() {
        return Ok(());
    }
    out.line(format_args!("\n{BOLD}What the figures rest on{BOLD:#}"))?;
    for (location, cost) in highest.iter().take(EXPLAINED) {
        out.line(format_args!("{INDENT}{BOLD}{}{BOLD:#}", plain(&location.name)))?;
        if estimates.regions > 1 {
            out.line(format_args!("{INDENT}{DIM}{}{DIM:#}", plain(&location.account_and_region())))?;
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
            out.wrapped("          ", &plain(&format!("{}, {money}: {}.", what(cost), assumptions.join("; "))))?;
            previous = Some(cost);
        }
    }
    match highest.len().saturating_sub(EXPLAINED) {
        0 => Ok(()),
        more => {
            out.line(format_args!("{INDENT}and of {} (--format json shows them)", count(more as u64, "more stage")))
        }
    }
}

/// `access log, ingested into /gateway/orders`.
fn what(cost: &Cost) -> String {
    let resource = cost.resource.as_deref().unwrap_or_default();
    match cost.item {
        Item::AccessLogIngestion => format!("access log, ingested into {resource}"),
        Item::AccessLogStorage => "access log, kept".to_owned(),
        Item::ExecutionLogIngestion => format!("execution log, ingested into {resource}"),
        Item::ExecutionLogStorage => "execution log, kept".to_owned(),
        Item::Traces => "traces".to_owned(),
        Item::Requests => "requests".to_owned(),
    }
}

fn unknown(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (location, cost) in &estimates.stages {
        for gap in cost.total().gaps {
            reasons.entry(gap.to_string()).or_default().push(estimates.name(location));
        }
    }
    if !estimates.skipped.is_empty() {
        out.line(format_args!("\n{BOLD}Skipped{BOLD:#}"))?;
    }
    for (account, region, why) in &estimates.skipped {
        out.wrapped(INDENT, &plain(&format!("{account} {region}: {why}")))?;
    }
    if reasons.is_empty() && estimates.unread.is_empty() {
        return Ok(());
    }
    out.line(format_args!(
        "\n{BOLD}{yellow}Could not be estimated{yellow:#}{BOLD:#}",
        yellow = AnsiColor::Yellow.on_default()
    ))?;
    for (account, region, gap) in &estimates.unread {
        out.wrapped(INDENT, &plain(&gap.to_string()))?;
        out.wrapped("          ", &plain(&format!("There may be more stages in {account} {region}.")))?;
    }
    for (reason, names) in &reasons {
        out.wrapped(INDENT, &plain(reason))?;
        out.wrapped("          ", &format!("Stages: {}.", list(names)))?;
    }
    Ok(())
}

/// Notes about all figures.
fn notes(estimates: &Estimates, out: &mut Columns<'_>) -> io::Result<()> {
    if estimates.stages.is_empty() {
        return Ok(());
    }
    out.line("")?;
    let text = format!(
        "Estimates, in US dollars, for a month of 730 hours like the window that was read, at prices of {}. What AWS gives \
         each account free every month (5 GB of logs, 100,000 traces) is not subtracted, nor are discounts.",
        estimates.prices.date
    );
    out.wrapped("", &text)
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
