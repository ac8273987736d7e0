//! The ways for a person at a terminal: a line a hop, subnet by subnet; then what it comes to and how to mend it.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use gatelight_network::{Hop, HopResult, PathFromSubnet};
use unicode_width::UnicodeWidthStr;

use super::Way;
use crate::text::{WIDTH, command_lines, plain, wrap};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// Where the words of a hop begin: the longest name of a place is `internet gateway`.
const INDENT: usize = 2 + 22;

/// Writes the ways.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(ways: &[Way], colored: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        if number > 0 {
            writeln!(page)?;
        }
        one(way, ways.len() > 1, &mut page)?;
    }
    if !colored {
        page = anstream::adapter::strip_bytes(&page).into_vec();
    }
    out.write_all(&page)
}

fn one(way: &Way, many: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#} → {}", plain(&way.name), way.endpoint)?;
    if many {
        writeln!(out, "{}", plain(&way.arn))?;
    }
    for path in &way.subnets {
        writeln!(out)?;
        subnet(path, out)?;
    }
    writeln!(out)?;
    for line in wrap(&plain(&way.says), WIDTH) {
        writeln!(out, "{line}")?;
    }
    let Some(fix) = &way.fix else { return Ok(()) };
    labelled("fix", &wrap(&plain(&fix.text), WIDTH - 6), out)?;
    labelled("", &fix.command.as_deref().map(command_lines).unwrap_or_default(), out)
}

fn labelled(label: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        writeln!(out, "{BOLD}{label:<6}{BOLD:#}{line}")?;
    }
    Ok(())
}

fn subnet(path: &PathFromSubnet, out: &mut dyn Write) -> io::Result<()> {
    let (style, end) = match path.end {
        HopResult::Through => (AnsiColor::Green, "ARRIVES"),
        HopResult::Stops => (AnsiColor::Red, "STOPS"),
        HopResult::Unknown(_) => (AnsiColor::Yellow, "CANNOT TELL"),
    };
    let style = style.on_default().bold();
    let name = plain(&path.name());
    let gap = WIDTH.saturating_sub(name.width() + end.len()).max(2);
    writeln!(out, "{BOLD}{name}{BOLD:#}{:gap$}{style}{end}{style:#}", "")?;
    path.hops.iter().try_for_each(|each| hop(each, out))
}

fn hop(hop: &Hop, out: &mut dyn Write) -> io::Result<()> {
    let style = match hop.passage {
        HopResult::Through => Style::new(),
        HopResult::Stops => AnsiColor::Red.on_default(),
        HopResult::Unknown(_) => AnsiColor::Yellow.on_default(),
    };
    let lines = wrap(&plain(&hop.says), WIDTH - INDENT);
    for (number, line) in lines.iter().enumerate() {
        let place = if number == 0 { hop.place.name() } else { "" };
        writeln!(out, "  {DIM}{place:<22}{DIM:#}{style}{line}{style:#}")?;
    }
    Ok(())
}
