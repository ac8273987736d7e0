//! The table of what can be seen of each stage and function.

use std::{collections::BTreeMap, io, iter};

use anstyle::Style;
use gatelight_checks::visibility::{Signal, SignalValue, State};
use gatelight_model::SubjectKind;
use unicode_width::UnicodeWidthStr as _;

use super::{
    super::Report,
    blocks::{place, positions},
    fold::fold,
    gathered::region_name,
    page::{BOLD, DIM, TextPage, signal_style, state_style},
};
use crate::{
    rank::natural,
    text::{plain, thousands},
};

/// Rows of the table, unless all are asked for.
const ROWS: usize = 40;

/// Subjects of a region of which the same can be seen: state, region, values.
type RowKey = (State, usize, Vec<(Signal, SignalValue)>);

/// One row.
struct SubjectRow {
    key: RowKey,
    name: String,
    subjects: usize,
}

impl TextPage {
    /// What is seen of each stage and function, the dark first.
    ///
    /// # Errors
    /// If the report's temporary file cannot be read.
    pub(super) fn who_sees(&mut self, report: &Report) -> io::Result<()> {
        let (stages, functions) = rows(report)?;
        let mut left = if self.layout.verbose { usize::MAX } else { ROWS };
        for (title, kind, rows) in [
            ("What each stage logs and traces", SubjectKind::RestStage, stages),
            ("What each function logs and traces", SubjectKind::Function, functions),
        ] {
            if rows.is_empty() {
                continue;
            }
            let shown = rows.len().min(left);
            left -= shown;
            self.rows(report, title, Signal::listed(kind), &rows, shown);
        }
        Ok(())
    }

    fn rows(&mut self, report: &Report, title: &str, signals: &[Signal], rows: &[SubjectRow], shown: usize) {
        let signals: Vec<Signal> = signals
            .iter()
            .copied()
            .filter(|signal| rows.iter().any(|row| row.key.2.iter().any(|(listed, _)| listed == signal)))
            .collect();
        let brief = self.width() < 90;
        let headings: Vec<&str> =
            iter::once("state").chain(signals.iter().map(|signal| heading(*signal, brief))).collect();
        // The longest words below are `degraded` in the first column and `unknown` in the others.
        let widths: Vec<usize> = headings
            .iter()
            .enumerate()
            .map(|(column, heading)| heading.len().max(if column == 0 { 8 } else { 7 }))
            .collect();
        let columns: usize = widths.iter().map(|width| width + 2).sum();
        let room = self.width().saturating_sub(2 + columns).max(12);
        let widest = rows[..shown].iter().map(|row| row.name.width()).max().unwrap_or_default();
        let beside = title.len() <= room + 2;
        let name_width = if beside { widest.max(title.len() - 2) } else { widest }.min(room);
        let cells: Vec<_> = headings.iter().map(|heading| (*heading, BOLD)).collect();
        if beside {
            self.line("");
            self.row("", title, name_width + 2, BOLD, &cells, &widths);
        } else {
            self.heading(title);
            self.row("", "", name_width + 2, BOLD, &cells, &widths);
        }
        let mut last_region = None;
        for row in &rows[..shown] {
            let (state, region, values) = &row.key;
            if report.regions.len() > 1 && last_region != Some(*region) {
                last_region = Some(*region);
                self.line(format!("  {DIM}{}{DIM:#}", plain(&region_name(report, &report.regions[*region]))));
            }
            let mut cells = vec![(state.name(), state_style(*state))];
            cells.extend(signals.iter().map(|signal| {
                let value = values.iter().find(|(listed, _)| listed == signal).map(|(_, value)| *value);
                (word(value), value.map_or(DIM, signal_style))
            }));
            self.row("  ", &row.name, name_width, state_style(*state), &cells, &widths);
        }
        let rest: usize = rows[shown..].iter().map(|row| row.subjects).sum();
        if rest > 0 {
            self.line(format!("  {} more: --verbose", thousands(rest as u64)));
        }
    }

    /// A name and its cells. A name that is too long stands on a line of its own.
    fn row(
        &mut self,
        indent: &str,
        name: &str,
        name_width: usize,
        style: Style,
        cells: &[(&str, Style)],
        widths: &[usize],
    ) {
        let mut line = format!("{indent}{style}{name}{style:#}");
        let mut gap = name_width.saturating_sub(name.width());
        if name.width() > name_width {
            self.line(line);
            line = String::from(indent);
            gap = name_width;
        }
        for ((cell, style), width) in cells.iter().zip(widths) {
            line += &format!("{:gap$}  {style}{cell}{style:#}", "");
            gap = width.saturating_sub(cell.len());
        }
        self.line(&line);
    }
}

/// The rows of stages and of functions, the worst first.
fn rows(report: &Report) -> io::Result<(Vec<SubjectRow>, Vec<SubjectRow>)> {
    let mut stages: BTreeMap<RowKey, Vec<String>> = BTreeMap::new();
    let mut functions = stages.clone();
    let positions = positions(report);
    report.subjects(|region, subject| {
        let table = if subject.subject.kind == SubjectKind::Function { &mut functions } else { &mut stages };
        let key = (subject.state, positions[&place(region)], subject.signals);
        table.entry(key).or_default().push(subject.subject.name);
        Ok(())
    })?;
    let rows = |table: BTreeMap<RowKey, Vec<String>>| {
        let rows = table.into_iter().flat_map(|(key, mut names)| {
            names.sort_by(|a, b| natural(a, b));
            let row = move |folded: super::fold::Folded| SubjectRow {
                key: key.clone(),
                name: plain(&folded.text),
                subjects: folded.names,
            };
            fold(&names).into_iter().map(row).collect::<Vec<_>>()
        });
        let mut rows: Vec<_> = rows.collect();
        // Rows of a region stay together within a state; natural order there.
        rows.sort_by(|a, b| (a.key.0, a.key.1).cmp(&(b.key.0, b.key.1)).then_with(|| natural(&a.name, &b.name)));
        rows
    };
    Ok((rows(stages), rows(functions)))
}

/// What heads a column.
fn heading(signal: Signal, brief: bool) -> &'static str {
    match (signal, brief) {
        (Signal::AccessLog, false) => "access log",
        (Signal::AccessLog, true) => "access",
        (Signal::FailureReason, _) => "reason",
        (Signal::ExecutionLog, false) => "execution log",
        (Signal::ExecutionLog, true) => "exec",
        (Signal::Trace | Signal::FunctionTrace, _) => "trace",
        (Signal::FunctionLog, _) => "log",
    }
}

fn word(value: Option<SignalValue>) -> &'static str {
    match value {
        None | Some(SignalValue::NotApplicable | SignalValue::Ignored) => "-",
        Some(value) => value.name(),
    }
}
