//! The page that the text report is written on: its indents, styles and lines.

use std::io::{self, Write};

use anstyle::Style;
use jiff::Timestamp;

use super::names::NameList;
use crate::text::{WIDTH, wrap};

/// Below a heading.
pub(super) const INDENT: &str = "        ";
/// Below an indented line.
pub(super) const DEEPER: &str = "          ";

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

pub(super) struct TextPage<'a> {
    pub(super) out: &'a mut dyn Write,
    /// Whether every finding and every name is shown.
    pub(super) verbose: bool,
    /// When the report was finished, if there was a run before it to compare it with.
    pub(super) now: Option<Timestamp>,
    /// Whether there are several regions, so that subjects need the name of theirs.
    pub(super) names_regions: bool,
}

impl TextPage<'_> {
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{text}{BOLD:#}")
    }

    pub(super) fn wrapped(&mut self, indent: &str, text: &str) -> io::Result<()> {
        for line in wrap(text, WIDTH - indent.len()) {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }

    /// Names, and a full stop if words lead to them.
    pub(super) fn names(&mut self, indent: &str, names: &NameList, lead: &str) -> io::Result<()> {
        let end = if lead.is_empty() { "" } else { "." };
        self.wrapped(indent, &format!("{lead}{}{end}", names.list()))
    }
}
