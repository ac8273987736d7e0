//! Paths as text for a terminal: the verdict and the fix, then a line for each hop, subnet by subnet.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use gatelight_network::PathFromSubnet;
use unicode_width::UnicodeWidthStr;

use super::{
    paths::FunctionPaths,
    rows::{HopRow, Mark, rows},
};
use crate::{
    output::TerminalPage,
    text::{plain, wrap, wrapped_command},
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How the page is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// In columns.
    pub(super) width: usize,
    /// Whether hops are marked by signs (`✓`), or by words (`ok`).
    pub(super) has_symbols: bool,
}

impl Layout {
    fn mark(self, mark: Mark) -> &'static str {
        if self.has_symbols { mark.symbol() } else { mark.word() }
    }

    /// The columns that a mark takes.
    fn mark_width(self) -> usize {
        if self.has_symbols { 1 } else { 5 }
    }
}

/// Writes the functions.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(functions: &[FunctionPaths], layout: Layout, page: &mut TerminalPage) -> io::Result<()> {
    for (number, function) in functions.iter().enumerate() {
        if number > 0 {
            writeln!(page)?;
        }
        function_paths(function, functions.len() > 1, layout, page)?;
    }
    Ok(())
}

fn function_paths(function: &FunctionPaths, many: bool, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mark = function.verdict.mark();
    let (style, word) = (style(mark).bold(), mark.of_path().to_uppercase());
    writeln!(out, "{style}{word}{style:#}  {BOLD}{}{BOLD:#} → {}", plain(&function.name), function.endpoint)?;
    writeln!(out, "{DIM}{}{DIM:#}", plain(&function.origin()))?;
    if many {
        writeln!(out, "{DIM}{}{DIM:#}", plain(&function.arn))?;
    }
    writeln!(out)?;
    for line in wrap(&plain(&function.message), layout.width) {
        writeln!(out, "{line}")?;
    }
    if let Some(fix) = &function.fix {
        let width = layout.width - 6;
        labelled("fix", &wrap(&plain(&fix.text), width), out)?;
        let commands = fix.commands.iter().flat_map(|command| wrapped_command(command, width));
        labelled("", &commands.collect::<Vec<_>>(), out)?;
    }
    for path in &function.subnets {
        writeln!(out)?;
        subnet(path, layout, out)?;
    }
    Ok(())
}

fn labelled(label: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        writeln!(out, "{BOLD}{label:<6}{BOLD:#}{line}")?;
    }
    Ok(())
}

fn subnet(path: &PathFromSubnet, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mark = Mark::of(&path.result);
    let (style, label) = (style(mark).bold(), mark.of_path().to_uppercase());
    let name = plain(&path.name());
    let gap = layout.width.saturating_sub(name.width() + label.len()).max(2);
    writeln!(out, "{BOLD}{name}{BOLD:#}{:gap$}{style}{label}{style:#}", "")?;
    let rows = rows(path);
    let names = rows.iter().map(|row| row.name.width()).max().unwrap_or_default();
    rows.iter().try_for_each(|row| hop(row, names, layout, out))
}

/// A hop: its mark, its name in a column of `names`, and what was decided.
fn hop(row: &HopRow<'_>, names: usize, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let style = style(row.mark);
    let marks = layout.mark_width();
    let indent = 2 + marks + 1 + names + 2;
    for (number, line) in wrap(&plain(&row.message), layout.width.saturating_sub(indent)).iter().enumerate() {
        let (mark, name) = if number == 0 { (layout.mark(row.mark), row.name) } else { ("", "") };
        let line = if row.mark == Mark::Through { line.clone() } else { format!("{style}{line}{style:#}") };
        writeln!(out, "  {style}{mark:<marks$}{style:#} {DIM}{name:<names$}{DIM:#}  {line}")?;
    }
    Ok(())
}

fn style(mark: Mark) -> Style {
    match mark {
        Mark::Through => AnsiColor::Green.on_default(),
        Mark::Stops => AnsiColor::Red.on_default(),
        Mark::Unknown => AnsiColor::Yellow.on_default(),
    }
}
