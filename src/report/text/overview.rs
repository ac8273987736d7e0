//! What a person needs in the first ten lines: what was audited, how much can be seen, and what to do first.

use std::collections::BTreeSet;

use gatelight_checks::visibility::State;
use gatelight_model::{Severity, SubjectKind};
use unicode_width::UnicodeWidthStr as _;

use super::{
    super::{RegionReport, Report, insights_cost},
    blocks::{Block, Hidden},
    changes::changed,
    page::{BOLD, DIM, TextPage, padded, severity_word, state_style},
};
use crate::{
    collect::aws::Traffic,
    text::{count, plain, thousands},
};

/// Lines of "Do first", without its heading and its last line.
const FIRST: usize = 8;
/// The columns before a title: number and severity.
const LEAD: usize = 13;

impl TextPage {
    /// What was audited, when, by which version, and what that cost.
    pub(super) fn head(&mut self, report: &Report) {
        let accounts: BTreeSet<_> = report.regions.iter().map(|region| region.account.as_str()).collect();
        let regions: BTreeSet<_> = report.regions.iter().map(|region| region.region.as_str()).collect();
        let some = |names: BTreeSet<&str>, noun| match names.len() {
            1..=3 => names.into_iter().map(plain).collect::<Vec<_>>().join(", "),
            n => count(n as u64, noun),
        };
        let mut traffic = Traffic::default();
        report.regions.iter().for_each(|region| traffic.add(&region.traffic));
        let subjects = |of: fn(&RegionReport) -> u64| report.regions.iter().map(of).sum::<u64>();
        let name = format!("{} · {}", some(accounts, "account"), some(regions, "region"));
        let mut parts = vec![
            name.clone(),
            report.finished_at.strftime("%-d %b %Y %H:%M UTC").to_string(),
            format!("gatelight {}", env!("CARGO_PKG_VERSION")),
            format!("{}, {}", count(subjects(|r| r.stages), "stage"), count(subjects(|r| r.functions), "function")),
        ];
        if traffic.total() > 0 {
            let seconds = report.finished_at.as_second() - report.started_at.as_second();
            let throttled = match traffic.throttled {
                0 => String::new(),
                n => format!(", {} throttled", thousands(n)),
            };
            parts.push(format!("{} in {seconds} s{throttled}", count(traffic.total(), "request")));
        }
        for (position, line) in joined(&parts, self.width()).into_iter().enumerate() {
            match line.strip_prefix(&name).filter(|_| position == 0) {
                Some(rest) => self.line(format!("{BOLD}{name}{BOLD:#}{DIM}{rest}{DIM:#}")),
                None => self.line(format!("{DIM}{line}{DIM:#}")),
            }
        }
        if traffic.metrics > 0 {
            let metrics = count(traffic.metrics, "CloudWatch metric");
            self.line(format!("{DIM}{metrics} requested; AWS bills {}{DIM:#}", price(traffic.metrics)));
        }
        let insights =
            insights_cost::line(report.regions.iter().map(|region| (region.region.as_str(), &region.traffic)));
        if let Some(line) = insights {
            for line in crate::text::wrap(&line, self.width()) {
                self.line(format!("{DIM}{line}{DIM:#}"));
            }
        }
        if let Some(changes) = &report.changes {
            self.wrapped("", &changed(changes));
        }
    }

    /// How many stages and functions are in which state.
    pub(super) fn states(&mut self, report: &Report) {
        let visibility = report.visibility();
        let rows: Vec<_> = [
            ("stage", State::ALL.map(|state| visibility.stages(state))),
            ("function", State::ALL.map(|state| visibility.functions(state))),
        ]
        .into_iter()
        .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
        .collect();
        if rows.is_empty() {
            return;
        }
        self.heading("If a request fails now");
        let names: Vec<_> = rows.iter().map(|(noun, counts)| count(counts.iter().sum(), noun)).collect();
        let widest = names.iter().map(String::len).max().unwrap_or_default();
        let digits = rows.iter().flat_map(|(_, counts)| counts.map(|count| thousands(count).len())).max();
        let digits = digits.unwrap_or_default();
        for ((_, counts), name) in rows.iter().zip(names) {
            let states: Vec<_> = State::ALL
                .iter()
                .zip(counts)
                .map(|(state, count)| {
                    let style = if *count == 0 { DIM } else { state_style(*state) };
                    format!("{style}{:>digits$} {}{style:#}", thousands(*count), state.name())
                })
                .collect();
            let plain_length: usize = State::ALL.iter().map(|state| digits + 1 + state.name().len() + 2).sum();
            let bar = bar(*counts, self.width().saturating_sub(4 + widest + plain_length).min(30));
            self.line(format!("  {name:<widest$}  {}  {bar}", states.join("  ")).trim_end().to_owned());
        }
    }

    /// The worst blocks, one a line.
    pub(super) fn do_first(&mut self, blocks: &[Block], hidden: Hidden) {
        if blocks.is_empty() && hidden == Hidden::default() {
            return;
        }
        self.heading("Do first");
        let rows: Vec<_> = blocks.iter().map(|block| (block, title(block), impact(block))).take(FIRST).collect();
        let widest = |width: fn(&(&Block, String, String)) -> usize| rows.iter().map(width).max().unwrap_or_default();
        let (titles, impacts) = (widest(|(_, title, _)| title.width()), widest(|(.., impact)| impact.width()));
        let ids = widest(|(block, ..)| block.check().id.len());
        let (width, last) = (self.width(), self.lines.len() + FIRST);
        let mut shown = 0;
        for (block, title, impact) in &rows {
            let lead = format!("{:>3}  {}  ", shown + 1, severity_word(block.severity));
            let lines = if LEAD + title.width() + 2 + impact.width() <= width { 1 } else { 2 };
            if self.lines.len() + lines > last {
                break;
            }
            // Columns as long as all rows have room; then what fits.
            if LEAD + titles + 2 + impacts + 2 + ids <= width {
                let (title, impact, id) = (padded(title, titles), padded(impact, impacts), self.id(block.check()));
                self.line(format!("{lead}{title}  {impact}  {DIM}{id}{DIM:#}"));
            } else if lines == 1 {
                let title = padded(title, titles.min(width - LEAD - 2 - impact.width()));
                self.line(format!("{lead}{title}  {DIM}{impact}{DIM:#}"));
            } else {
                self.line(format!("{lead}{title}"));
                self.line(format!("{:LEAD$}{DIM}{impact}{DIM:#}", ""));
            }
            shown += 1;
        }
        let rest: usize = blocks.iter().skip(shown).map(|block| block.findings).sum();
        let mut more = Vec::new();
        if rest > 0 {
            more.push(format!("{} below", count(rest as u64, "more finding")));
        }
        for (hidden, severity) in [(hidden.medium, "medium"), (hidden.low, "low")] {
            if hidden > 0 {
                more.push(format!("{} of {severity} severity: --verbose", count(hidden as u64, "finding")));
            }
        }
        if !more.is_empty() {
            self.wrapped("     ", &more.join("; "));
        }
    }

    /// The verdict in a sentence or two; it is the last that is read.
    pub(super) fn closing(&mut self, report: &Report, blocks: &[Block]) {
        self.line("");
        let text = format!("{} {}", verdict(report, blocks), counts(report));
        for line in crate::text::wrap(&text, self.width()) {
            self.line(format!("{BOLD}{line}{BOLD:#}"));
        }
    }
}

/// Parts joined by dots, on lines of at most `width` columns.
fn joined(parts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + 3 + part.width() <= width => {
                line.push_str(" · ");
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// What a block is about, as a headline.
pub(super) fn title(block: &Block) -> String {
    match block.faults() {
        1 => block.check().title.to_owned(),
        n => format!("{}, {}", block.check().title, count(n as u64 - 1, "more fault")),
    }
}

/// `36 stages dark`, `2 functions degraded`, or how many subjects it is about.
pub(super) fn impact(block: &Block) -> String {
    let (dark, degraded) = (block.dark.len(), block.degraded.len());
    match (dark, degraded, block.kind()) {
        (0, 0, SubjectKind::Account) => "account settings".to_owned(),
        (0, 0, SubjectKind::LogGroup) => count(block.subjects().len() as u64, "log group"),
        (0, 0, SubjectKind::Function) => count(block.subjects().len() as u64, "function"),
        (0, 0, _) => count(block.subjects().len() as u64, "stage"),
        (0, degraded, _) => format!("{} degraded", affected(block, degraded)),
        (dark, 0, _) => format!("{} dark", affected(block, dark)),
        (dark, degraded, _) => format!("{} dark, {} degraded", affected(block, dark), thousands(degraded as u64)),
    }
}

/// So many of the stages and functions that a block makes dark or degraded: `36 stages`.
fn affected(block: &Block, n: usize) -> String {
    match block.functions {
        0 => count(n as u64, "stage"),
        functions if functions == block.dark.len() + block.degraded.len() => count(n as u64, "function"),
        _ => format!("{} stages and functions", thousands(n as u64)),
    }
}

/// How the states, in the order of [`State::ALL`], share a bar of so many columns. Each that has a subject has a column.
fn bar(counts: [u64; 4], width: usize) -> String {
    if width < 10 {
        return String::new();
    }
    let shares = shares(counts, width);
    let mut bar = String::new();
    for (state, cells) in State::ALL.into_iter().zip(shares) {
        let cell = match state {
            State::Dark => "█",
            State::Degraded => "▓",
            State::Unknown => "?",
            State::Clear => "░",
        };
        let style = state_style(state);
        if cells > 0 {
            bar += &format!("{style}{}{style:#}", cell.repeat(cells));
        }
    }
    bar
}

/// So many cells for each count that they add up to `width`, and none that counts anything is without one.
fn shares(counts: [u64; 4], width: usize) -> [usize; 4] {
    let total: u64 = counts.iter().sum();
    let mut cells = counts.map(|count| {
        let share = (u128::from(count) * width as u128 / u128::from(total.max(1))) as usize;
        if count > 0 { share.max(1) } else { 0 }
    });
    while cells.iter().sum::<usize>() != width {
        let sum = cells.iter().sum::<usize>();
        let largest = (0..4).max_by_key(|position| (counts[*position], cells[*position])).unwrap_or_default();
        if sum < width { cells[largest] += width - sum } else { cells[largest] -= 1 }
    }
    cells
}

/// `36 of 38 stages are dark; first: CloudWatch role was deleted.`
fn verdict(report: &Report, blocks: &[Block]) -> String {
    let visibility = report.visibility();
    let in_state = |state: State| [("stage", visibility.stages(state)), ("function", visibility.functions(state))];
    let worst = [State::Dark, State::Degraded]
        .into_iter()
        .find_map(|state| in_state(state).into_iter().find(|(_, n)| *n > 0).map(|(noun, n)| (state, noun, n)));
    let Some((state, noun, n)) = worst else {
        return match report.summary.fail {
            // "No findings" would say that something was checked.
            0 if report.nothing_checked.is_some() => "No API could be checked.".to_owned(),
            0 => "No findings.".to_owned(),
            _ => "No stage or function is dark or degraded.".to_owned(),
        };
    };
    let all: u64 = State::ALL
        .iter()
        .filter_map(|state| in_state(*state).into_iter().find(|(of, _)| *of == noun))
        .map(|(_, n)| n)
        .sum();
    let verb = if n == 1 { "is" } else { "are" };
    let sentence = if n == all && n > 1 {
        format!("All {} {verb} {}", count(all, noun), state.name())
    } else {
        format!("{} of {} {verb} {}", thousands(n), count(all, noun), state.name())
    };
    match blocks.first() {
        None => format!("{sentence}."),
        Some(first) => format!("{sentence}. Do first: {} ({}).", first.check().title, impact(first)),
    }
}

/// `7 findings: 4 high, 3 low. 431 passed, 37 could not be checked.`
fn counts(report: &Report) -> String {
    let summary = &report.summary;
    let kinds = [Severity::High, Severity::Medium, Severity::Low].into_iter().filter_map(|severity| {
        let count = summary.failed(severity);
        (count > 0).then(|| format!("{} {}", thousands(count), severity.name()))
    });
    let kinds: Vec<_> = kinds.collect();
    let mut text = match summary.fail {
        0 => String::new(),
        n => format!("{}: {}. ", count(n, "finding"), kinds.join(", ")),
    };
    text += &format!("{} passed", thousands(summary.pass));
    if summary.ignored > 0 {
        text += &format!(", {} ignored", thousands(summary.ignored));
    }
    if summary.unknown > 0 {
        text += &format!(", {} could not be checked", thousands(summary.unknown));
    }
    let skipped = report.regions.iter().filter(|region| region.skipped.is_some()).count() as u64;
    if skipped > 0 {
        text += &format!(", {} skipped", count(skipped, "region"));
    }
    text + "."
}

/// What AWS bills for metrics: $0.01 per 1,000 that were requested (<https://aws.amazon.com/cloudwatch/pricing/>, us-east-1).
fn price(metrics: u64) -> String {
    if metrics < 1_000 {
        return "less than $0.01".to_owned();
    }
    let cents = (metrics + 500) / 1_000;
    format!("about ${}.{:02}", thousands(cents / 100), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_metrics_cost_a_cent() {
        for (metrics, text) in [
            (1, "less than $0.01"),
            (999, "less than $0.01"),
            (1_000, "about $0.01"),
            (1_499, "about $0.01"),
            (1_500, "about $0.02"),
            (10_000, "about $0.10"),
            (123_456_789, "about $1,234.57"),
        ] {
            assert_eq!(price(metrics), text);
        }
    }

    #[test]
    fn every_state_has_its_share_of_the_bar() {
        assert_eq!(shares([36, 1, 0, 1], 30), [28, 1, 0, 1]);
        assert_eq!(shares([0, 0, 0, 7], 30), [0, 0, 0, 30]);
        assert_eq!(shares([1, 1, 1, 100_000], 10), [1, 1, 1, 7]);
        assert_eq!(shares([1, 1, 1, 1], 30).iter().sum::<usize>(), 30);
    }
}
