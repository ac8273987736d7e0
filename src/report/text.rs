//! The report for a person at a terminal: what can be seen, what to do first, one block a cause, what is seen of each
//! stage and function, what could not be checked, and the verdict again as the last lines.

mod blocks;
mod changes;
mod findings;
pub(crate) mod fold;
mod gathered;
mod overview;
mod page;
mod reach;
mod sentences;
mod unchecked;
mod who_sees;

use std::io::{self, Write};

use gatelight_model::Severity;

pub(crate) use self::page::PageLayout;
use self::{gathered::Gathered, page::TextPage};
use super::Report;
use crate::{output::TerminalPage, rank::natural, text::plain};

/// Lines that the page keeps to, whatever was found, unless everything is asked for.
const LINES: usize = 196;

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written, or the report's temporary file cannot be read.
pub(crate) fn render(report: &Report, layout: PageLayout, out: &mut TerminalPage) -> io::Result<()> {
    let least = if layout.verbose {
        Severity::Low
    } else {
        report.fail_on.threshold().unwrap_or(Severity::Medium).min(Severity::Medium)
    };
    let (blocks, hidden) = blocks::gather(report, least)?;
    let gathered = Gathered::from(report, layout.verbose)?;
    // What stands below the blocks is laid out first, so that they know how much room there is.
    let mut below = TextPage::new(layout);
    below.who_sees(report)?;
    below.unchecked(report, &gathered);
    below.skipped(report);
    below.notes(&gathered);
    below.ignored(report, &gathered);
    below.unused_ignores(report);
    below.not_found(report);
    below.closing(report, &blocks);

    let mut page = TextPage::new(layout);
    page.nothing_checked(report);
    page.head(report);
    page.no_api(report);
    page.states(report);
    page.do_first(&blocks, hidden);
    page.ended(report, &gathered);
    let room = LINES.saturating_sub(page.lines.len() + below.lines.len());
    page.blocks(report, &blocks, room);
    page.lines.iter().chain(&below.lines).try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

impl TextPage {
    fn notes(&mut self, gathered: &Gathered) {
        if gathered.notes.is_empty() {
            return;
        }
        self.heading("Passed, with a note");
        for ((check, note), names) in &gathered.notes {
            self.listed(names);
            self.wrapped("    ", &format!("{check}: {}", plain(note)));
        }
    }

    fn ignored(&mut self, report: &Report, gathered: &Gathered) {
        if gathered.ignored.is_empty() {
            return;
        }
        self.heading("Ignored");
        for ((check, index), names) in &gathered.ignored {
            let setting = &report.ignores[*index].setting;
            let until = setting.until.map_or_else(String::new, |day| format!(" (until {day})"));
            self.listed(names);
            self.wrapped("    ", &plain(&format!("{check}: {}{until}", setting.reason)));
        }
    }

    fn listed(&mut self, names: &[String]) {
        let mut names = names.to_vec();
        names.sort_by(|a, b| natural(a, b));
        names.dedup();
        for line in self.names(&names, self.width() - 2, 3) {
            self.line(format!("  {line}"));
        }
    }

    fn unused_ignores(&mut self, report: &Report) {
        let unused = report.ignores.iter().filter(|ignore| ignore.applies && (ignore.ended || ignore.matched == 0));
        for (position, ignore) in unused.enumerate() {
            if position == 0 {
                self.heading("Unused ignore rules");
            }
            let why = if ignore.ended {
                let until = ignore.setting.until.map(|day| day.to_string()).unwrap_or_default();
                format!("ended with {until}")
            } else {
                "matches nothing that failed or could not be checked".to_owned()
            };
            let text = format!("check {}, subject {}: {why}", ignore.setting.check, ignore.setting.subject);
            self.wrapped("  ", &plain(&text));
        }
    }

    /// A misspelt name would be a log group that nobody searches.
    fn not_found(&mut self, report: &Report) {
        if !report.not_found.is_empty() {
            self.heading("Log groups of the configuration that do not exist");
        }
        for name in &report.not_found {
            self.wrapped("  ", &plain(name));
        }
    }
}

#[cfg(test)]
mod tests;
