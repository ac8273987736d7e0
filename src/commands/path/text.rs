//! Paths as text for a terminal: a line for each hop, subnet by subnet, then the verdict and the fix.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use gatelight_network::{Hop, HopResult, PathFromSubnet};
use unicode_width::UnicodeWidthStr;

use super::paths::FunctionPaths;
use crate::{
    output::TerminalPage,
    text::{WIDTH, plain, wrap, wrapped_command},
};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// The column in which the messages of hops begin.
const INDENT: usize = 2 + 22;

/// Writes the functions.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(functions: &[FunctionPaths], page: &mut TerminalPage) -> io::Result<()> {
    for (number, function) in functions.iter().enumerate() {
        if number > 0 {
            writeln!(page)?;
        }
        function_paths(function, functions.len() > 1, page)?;
    }
    Ok(())
}

fn function_paths(function: &FunctionPaths, many: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} → {}", plain(&function.name), function.endpoint)?;
    if many {
        writeln!(out, "{}", plain(&function.arn))?;
    }
    for path in &function.subnets {
        writeln!(out)?;
        subnet(path, out)?;
    }
    writeln!(out)?;
    for line in wrap(&plain(&function.message), WIDTH) {
        writeln!(out, "{line}")?;
    }
    let Some(fix) = &function.fix else { return Ok(()) };
    labelled("fix", &wrap(&plain(&fix.text), WIDTH - 6), out)?;
    labelled("", &fix.commands.iter().flat_map(|command| wrapped_command(command, WIDTH - 6)).collect::<Vec<_>>(), out)
}

fn labelled(label: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        writeln!(out, "{BOLD}{label:<6}{BOLD:#}{line}")?;
    }
    Ok(())
}

fn subnet(path: &PathFromSubnet, out: &mut dyn Write) -> io::Result<()> {
    let (style, label) = match path.result {
        HopResult::Through => (AnsiColor::Green, "ARRIVES"),
        HopResult::Stops => (AnsiColor::Red, "STOPS"),
        HopResult::Unknown(_) => (AnsiColor::Yellow, "CANNOT TELL"),
    };
    let style = style.on_default().bold();
    let name = plain(&path.name());
    let gap = WIDTH.saturating_sub(name.width() + label.len()).max(2);
    writeln!(out, "{BOLD}{name}{BOLD:#}{:gap$}{style}{label}{style:#}", "")?;
    path.hops.iter().try_for_each(|each| hop(each, out))
}

fn hop(hop: &Hop, out: &mut dyn Write) -> io::Result<()> {
    let style = match hop.result {
        HopResult::Through => Style::new(),
        HopResult::Stops => AnsiColor::Red.on_default(),
        HopResult::Unknown(_) => AnsiColor::Yellow.on_default(),
    };
    let lines = wrap(&plain(&hop.message), WIDTH - INDENT);
    for (number, line) in lines.iter().enumerate() {
        let kind = if number == 0 { hop.kind.name() } else { "" };
        writeln!(out, "  {DIM}{kind:<22}{DIM:#}{style}{line}{style:#}")?;
    }
    Ok(())
}
