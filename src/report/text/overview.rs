//! What a person needs in the first ten lines: what was audited, how much can be seen, and what to do first.

use std::{collections::BTreeSet, io};

use gatelight_checks::visibility::State;
use gatelight_model::SubjectKind;
use unicode_width::UnicodeWidthStr as _;

use super::{
    super::{Report, RegionReport, Summary, insights_cost},
    blocks::{Block, Hidden},
    changes::changed,
    page::{BOLD, DIM, TextPage, padded, severity_word, state_style},
};
use crate::{
    collect::aws::Traffic,
    text::{count, plain, thousands},
};

/// Lines of "Do first", without its heading.
const FIRST: usize = 8;

impl TextPage<'_> {
    /// What was audited, when, by which version, and what that cost.
    pub(super) fn head(&mut self, report: &Report) -> io::Result<()> {
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
                Some(rest) => self.line(&format!("{BOLD}{name}{BOLD:#}{DIM}{rest}{DIM:#}"))?,
                None => self.line(&format!("{DIM}{line}{DIM:#}"))?,
            }
        }
        if traffic.metrics > 0 {
            let metrics = count(traffic.metrics, "CloudWatch metric");
            self.line(&format!("{DIM}{metrics} requested; AWS bills {}{DIM:#}", price(traffic.metrics)))?;
        }
        let insights =
            insights_cost::line(report.regions.iter().map(|region| (region.region.as_str(), &region.traffic)));
        if let Some(line) = insights {
            for line in crate::text::wrap(&line, self.width()) {
                self.line(&format!("{DIM}{line}{DIM:#}"))?;
            }
        }
        if let Some(changes) = &report.changes {
            self.wrapped("", &changed(changes))?;
        }
        Ok(())
    }

    /// How many stages and functions are in which state.
    pub(super) fn states(&mut self, report: &Report) -> io::Result<()> {
        let visibility = report.visibility();
        let rows: Vec<_> = [
            ("stage", State::ALL.map(|state| visibility.stages(state))),
            ("function", State::ALL.map(|state| visibility.functions(state))),
        ]
        .into_iter()
        .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
        .collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.heading("If a request fails now")?;
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
            self.line(&format!("  {name:<widest$}  {}  {bar}", states.join("  ")).trim_end().to_owned())?;
        }
        Ok(())
    }

    /// The worst blocks, one a line.
    pub(super) fn do_first(&mut self, blocks: &[Block], hidden: Hidden) -> io::Result<()> {
        if blocks.is_empty() && hidden == Hidden::default() {
            return Ok(());
        }
        self.heading("Do first")?;
        let rows: Vec<_> = blocks.iter().take(FIRST).map(|block| (title(block), impact(block))).collect();
        let titles = rows.iter().map(|(title, _)| title.width()).max().unwrap_or_default();
        let impacts = rows.iter().map(|(_, impact)| impact.width()).max().unwrap_or_default();
        let ids = blocks.iter().take(FIRST).map(|block| block.check().id.len()).max().unwrap_or_default();
        let width = self.width();
        for (position, (block, (title, impact))) in blocks.iter().zip(&rows).enumerate() {
            let number = position + 1;
            let lead = format!("{number:>3}  {}  ", severity_word(block.severity));
            // As many columns as there is room for: the id goes first, then the impact moves below the title.
            if 13 + titles + 2 + impacts + 2 + ids <= width {
                let (title, impact, id) = (padded(title, titles), padded(impact, impacts), block.check().id);
                self.line(&format!("{lead}{title}  {impact}  {DIM}{id}{DIM:#}"))?;
            } else if 13 + titles + 2 + impacts <= width {
                self.line(&format!("{lead}{}  {impact}", padded(title, titles)))?;
            } else {
                self.line(&format!("{lead}{title}"))?;
                self.line(&format!("{:13}{impact}", ""))?;
            }
        }
        let rest: usize = blocks.iter().skip(FIRST).map(|block| block.findings).sum();
        match (rest, hidden.medium + hidden.low) {
            (0, 0) => Ok(()),
            (0, hidden_count) => self.line(&format!("{:5}{}", "", more(hidden_count, hidden))),
            (rest, 0) => self.line(&format!("{:5}{} below", "", count(rest as u64, "more finding"))),
            (rest, hidden_count) => {
                let below = count(rest as u64, "more finding");
                self.wrapped("     ", &format!("{below} below, {}", more(hidden_count, hidden)))
            }
        }
    }

    /// The verdict in a sentence or two; it is the last that is read.
    pub(super) fn closing(&mut self, report: &Report, blocks: &[Block]) -> io::Result<()> {
        self.line("")?;
        let text = format!("{} {}", verdict(report, blocks), counts(&report.summary));
        for line in crate::text::wrap(&text, self.width()) {
            self.line(&format!("{BOLD}{line}{BOLD:#}"))?;
        }
        Ok(())
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

/// `4 more findings, 3 of them low: --verbose`.
fn more(findings: usize, hidden: Hidden) -> String {
    let low = match hidden.low {
        low if low == findings && findings == 1 => " of low severity".to_owned(),
        low if low == findings => ", all of low severity".to_owned(),
        low => format!(", {} of low severity", thousands(low as u64)),
    };
    format!("{}{low}: --verbose", count(findings as u64, "more finding"))
}

/// What a block is about, as a headline.
pub(super) fn title(block: &Block) -> String {
    match block.faults() {
        1 => block.check().title.to_owned(),
        n => format!("{} (and {} of the format)", block.check().title, count(n as u64 - 1, "more fault")),
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
            0 => "No findings.".to_owned(),
            n => format!("{}, and every stage and function is seen.", count(n, "finding")),
        };
    };
    let all: u64 = State::ALL.iter().map(|state| in_state(*state).into_iter().find(|(of, _)| *of == noun)).flatten().map(|(_, n)| n).sum();
    let verb = if n == 1 { "is" } else { "are" };
    let sentence = if n == all && n > 1 {
        format!("All {} {verb} {}", count(all, noun), state.name())
    } else {
        format!("{} of {} {verb} {}", thousands(n), count(all, noun), state.name())
    };
    let Some(first) = blocks.first() else { return format!("{sentence}.") };
    let fixes = match first.dark.len().max(first.degraded.len()) {
        0 => String::new(),
        n => {
            let of = count(report.summary.fail, "finding");
            format!(" ({} of {of}, which concerns {})", thousands(first.findings as u64), affected(first, n))
        }
    };
    format!("{sentence}; first: {}{fixes}.", first.check().title)
}

/// `431 passed, 37 could not be checked.`
fn counts(summary: &Summary) -> String {
    let mut text = format!("{} passed", thousands(summary.pass));
    if summary.ignored > 0 {
        text += &format!(", {} ignored", thousands(summary.ignored));
    }
    if summary.unknown > 0 {
        text += &format!(", {} could not be checked", thousands(summary.unknown));
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
