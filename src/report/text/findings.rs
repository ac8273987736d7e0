//! The findings of one check: what is wrong, since when, and how to fix it.

use std::io;

use anstyle::{AnsiColor, Style};
use gatelight_checks::Check;
use gatelight_model::{Confidence, Severity, SubjectKind};

use super::{
    gathered::{Section, SectionEntry},
    page::{BOLD, DEEPER, DIM, INDENT, TextPage},
};
use crate::text::{WIDTH, plain, thousands, wrap, wrapped_command};

/// Entries of one check that are shown; the others are counted.
const ENTRIES: usize = 12;

impl TextPage<'_> {
    pub(super) fn section(
        &mut self,
        (severity, confidence): (Severity, Confidence),
        check: &Check,
        section: &Section,
    ) -> io::Result<()> {
        self.section_heading(severity, check)?;
        if confidence < Confidence::High {
            self.wrapped(INDENT, &format!("{} confidence: see `gatelight explain {}`", confidence.name(), check.id))?;
        }
        let shown = if self.verbose { section.entries.len() } else { ENTRIES };
        // A fix that several entries share follows the last of them.
        let mut fixes: Vec<(&str, Vec<&SectionEntry>)> = Vec::new();
        for entry in section.entries.iter().take(shown) {
            match fixes.iter_mut().find(|(fix, _)| *fix == entry.fix) {
                Some((_, entries)) => entries.push(entry),
                None => fixes.push((&entry.fix, vec![entry])),
            }
        }
        let mut region = "";
        for (_, entries) in fixes {
            for entry in &entries {
                // Entries that follow each other share one line with their region.
                if self.names_regions && entry.region != region {
                    region = &entry.region;
                    writeln!(self.out, "{INDENT}{DIM}{}{DIM:#}", plain(region))?;
                }
                self.entry(entry)?;
            }
            let commands_differ =
                entries[0].commands_differ || entries.iter().any(|entry| entry.commands != entries[0].commands);
            self.fix(entries[0], commands_differ)?;
        }
        let rest = &section.entries[section.entries.len().min(shown)..];
        if !rest.is_empty() {
            let subjects: usize = rest.iter().map(|entry| entry.subjects.len()).sum();
            writeln!(
                self.out,
                "{INDENT}and {} more of this kind (--verbose or --format json shows them)",
                thousands(subjects as u64)
            )?;
        }
        Ok(())
    }

    /// Severity, title and id, on one line if they fit.
    fn section_heading(&mut self, severity: Severity, check: &Check) -> io::Result<()> {
        let color = match severity {
            Severity::High => AnsiColor::Red,
            Severity::Medium => AnsiColor::Yellow,
            Severity::Low => AnsiColor::Cyan,
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        let word = format!("{:<8}", severity.name().to_uppercase());
        let gap = WIDTH.saturating_sub(word.len() + check.title.chars().count() + check.id.len());
        if gap >= 2 {
            let id = format!("{:>width$}", check.id, width = gap + check.id.len());
            writeln!(self.out, "\n{style}{word}{style:#}{BOLD}{}{BOLD:#}{DIM}{id}{DIM:#}", check.title)
        } else {
            writeln!(self.out, "\n{style}{word}{style:#}{BOLD}{}{BOLD:#}", check.title)?;
            writeln!(self.out, "{INDENT}{DIM}{}{DIM:#}", check.id)
        }
    }

    fn entry(&mut self, entry: &SectionEntry) -> io::Result<()> {
        match &entry.cause {
            // The message names the cause already.
            Some(cause) if entry.message.contains(&cause.arn) => {}
            Some(cause) => self.wrapped(INDENT, &plain(&cause.arn))?,
            None => self.names(INDENT, &entry.subjects, "")?,
        }
        self.wrapped(DEEPER, &plain(&entry.message))?;
        if entry.cause.is_some() && entry.subject_kind != SubjectKind::Account {
            let lead = match entry.subject_kind {
                SubjectKind::Function => "Functions: ",
                SubjectKind::LogGroup => "Log groups: ",
                _ => "Stages: ",
            };
            self.names(DEEPER, &entry.subjects, lead)?;
        }
        if self.verbose && !entry.affects.is_empty() {
            self.names(DEEPER, &entry.affects, "Silences: ")?;
        }
        self.age(entry)
    }

    fn fix(&mut self, entry: &SectionEntry, commands_differ: bool) -> io::Result<()> {
        let lead = format!("{INDENT}{DIM}fix{DIM:#}   ");
        let text = plain(&entry.fix);
        let mut first = true;
        for line in wrap(&text, WIDTH - 14) {
            let start = if first { lead.as_str() } else { "              " };
            first = false;
            writeln!(self.out, "{start}{line}")?;
        }
        for line in entry.commands.iter().flat_map(|command| wrapped_command(command)) {
            writeln!(self.out, "              {line}")?;
        }
        if commands_differ {
            let noun = if entry.commands.len() == 1 { "the command" } else { "the commands" };
            writeln!(self.out, "              {DIM}(for the first of them; --format json has {noun} for each){DIM:#}")?;
        }
        Ok(())
    }
}
