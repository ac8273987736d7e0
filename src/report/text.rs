//! The report for a person at a terminal: worst first, grouped by what has to be changed, what that affects, how to fix
//! it; then what could not be checked and what would let it; one line of summary last. Made for 80 columns.

mod changes;
mod findings;
mod gathered;
mod head;
mod names;
mod page;
mod reach;
mod unchecked;

use std::{cmp::Reverse, io};

use gatelight_checks::CHECKS;
use gatelight_model::Severity;

use self::{
    changes::changed,
    gathered::Gathered,
    page::{BOLD, DEEPER, INDENT, TextPage},
};
use super::Report;
use crate::{
    output::TerminalPage,
    text::{count, plain, thousands},
};

/// Writes the report. `verbose` shows every finding and every subject.
///
/// # Errors
/// If `out` cannot be written, or the report's temporary file cannot be read.
pub(crate) fn render(report: &Report, verbose: bool, out: &mut TerminalPage) -> io::Result<()> {
    let least = if verbose {
        Severity::Low
    } else {
        report.fail_on.threshold().unwrap_or(Severity::Medium).min(Severity::Medium)
    };
    let gathered = Gathered::from(report, least, verbose)?;
    let compared = report.changes.as_ref().is_some_and(|changes| changes.since.is_some());
    let now = compared.then_some(report.finished_at);
    let page = TextPage { out, verbose, now, names_regions: report.regions.len() > 1 };
    page.write(report, &gathered, least)
}

impl TextPage<'_> {
    fn write(mut self, report: &Report, gathered: &Gathered, least: Severity) -> io::Result<()> {
        self.nothing_checked(report)?;
        self.head(report)?;
        self.no_api(report)?;
        for ((Reverse(rank), check), section) in &gathered.sections {
            self.section(*rank, &CHECKS[*check], section)?;
        }
        self.unchecked(gathered)?;
        self.skipped(report)?;
        self.notes(gathered)?;
        self.ignored(report, gathered)?;
        self.ignores(report)?;
        self.not_found(report)?;
        self.ended(report, gathered)?;
        self.summary(report, least)
    }

    fn notes(&mut self, gathered: &Gathered) -> io::Result<()> {
        if gathered.notes.is_empty() {
            return Ok(());
        }
        self.heading("Passed, with a note")?;
        for ((check, note), names) in &gathered.notes {
            self.names(INDENT, names, "")?;
            self.wrapped(DEEPER, &format!("{}: {}", CHECKS[*check].id, plain(note)))?;
        }
        Ok(())
    }

    fn ignored(&mut self, report: &Report, gathered: &Gathered) -> io::Result<()> {
        if gathered.ignored.is_empty() {
            return Ok(());
        }
        self.heading("Ignored")?;
        for ((check, index), names) in &gathered.ignored {
            let setting = &report.ignores[*index].setting;
            let until = setting.until.map_or_else(String::new, |day| format!(" (until {day})"));
            self.names(INDENT, names, "")?;
            self.wrapped(DEEPER, &plain(&format!("{}: {}{until}", CHECKS[*check].id, setting.reason)))?;
        }
        Ok(())
    }

    fn ignores(&mut self, report: &Report) -> io::Result<()> {
        let unused = report.ignores.iter().filter(|ignore| ignore.applies && (ignore.ended || ignore.matched == 0));
        let mut first = true;
        for ignore in unused {
            if first {
                self.heading("Ignores that did nothing")?;
                first = false;
            }
            let why = if ignore.ended {
                let until = ignore.setting.until.map(|day| day.to_string()).unwrap_or_default();
                format!("ended with {until}")
            } else {
                "matched no finding and nothing unknown".to_owned()
            };
            let text = format!("check {}, subject {}: {why}", ignore.setting.check, ignore.setting.subject);
            self.wrapped(INDENT, &plain(&text))?;
        }
        Ok(())
    }

    /// A misspelt name would be a log group that nobody searches.
    fn not_found(&mut self, report: &Report) -> io::Result<()> {
        if !report.not_found.is_empty() {
            self.heading("Log groups of the configuration that are not there")?;
        }
        for name in &report.not_found {
            self.wrapped(INDENT, &plain(name))?;
        }
        Ok(())
    }

    fn summary(&mut self, report: &Report, least: Severity) -> io::Result<()> {
        let summary = &report.summary;
        let mut text = match summary.fail {
            // "No findings" would say that something was looked at.
            0 if report.nothing_checked.is_some() => "Nothing is known of any API.".to_owned(),
            0 => "No findings.".to_owned(),
            n => {
                let kinds = [Severity::High, Severity::Medium, Severity::Low].into_iter().filter_map(|severity| {
                    let count = *summary.by_severity.get(&severity)?;
                    let hidden = if severity < least { " (shown with --verbose)" } else { "" };
                    Some(format!("{} {}{hidden}", thousands(count), severity.name()))
                });
                format!("{}: {}.", count(n, "finding"), kinds.collect::<Vec<_>>().join(", "))
            }
        };
        text += &format!(" {} passed", thousands(summary.pass));
        if summary.ignored > 0 {
            text += &format!(", {} ignored", thousands(summary.ignored));
        }
        if summary.unknown > 0 {
            text += &format!(", {} could not be checked", thousands(summary.unknown));
        }
        let skipped = report.regions.iter().filter(|region| region.skipped.is_some()).count();
        if skipped > 0 {
            text += &format!(", {} skipped", count(skipped as u64, "region"));
        }
        text.push('.');
        writeln!(self.out)?;
        if let Some(changes) = &report.changes {
            writeln!(self.out, "{}", changed(changes))?;
        }
        writeln!(self.out, "{BOLD}{text}{BOLD:#}")
    }
}
