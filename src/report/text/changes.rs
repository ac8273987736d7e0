//! What changed since the last run, on the page.

use std::{collections::BTreeMap, io};

use gatelight_checks::CHECKS;
use jiff::Timestamp;

use super::{
    super::Report,
    gathered::{Gathered, SectionEntry},
    names::{NameList, shown},
    page::{BOLD, DEEPER, INDENT, TextPage},
};
use crate::{
    finding::Changes,
    text::{count, plain, thousands},
};

impl TextPage<'_> {
    /// Which subjects are new, and how old the others are. Nothing in the first run, where all would be new.
    pub(super) fn age(&mut self, entry: &SectionEntry) -> io::Result<()> {
        let Some(now) = self.now else { return Ok(()) };
        let since = entry.since.map(|since| format!("First seen {}.", ago(since, now)));
        match (entry.new.len(), since) {
            (0, None) => Ok(()),
            (0, Some(since)) => self.wrapped(DEEPER, &since),
            (new, None) if new == entry.subjects.len() => {
                writeln!(self.out, "          {BOLD}new{BOLD:#}")
            }
            (_, since) => {
                self.names(DEEPER, &entry.new, "New: ")?;
                since.map_or(Ok(()), |since| self.wrapped(DEEPER, &since))
            }
        }
    }

    /// Findings of earlier runs that ended.
    pub(super) fn ended(&mut self, report: &Report, gathered: &Gathered) -> io::Result<()> {
        if !gathered.resolved.is_empty() {
            self.heading("Resolved")?;
            for (check, names) in &gathered.resolved {
                self.names(INDENT, names, "")?;
                self.wrapped(DEEPER, CHECKS[*check].id)?;
            }
        }
        let gone = report.changes.iter().flat_map(|changes| &changes.gone);
        let mut by_check: BTreeMap<&str, NameList> = BTreeMap::new();
        let most = shown(self.verbose);
        for finding in gone {
            by_check.entry(&finding.check).or_default().add(&finding.subject.name, most);
        }
        if !by_check.is_empty() {
            self.heading("Gone, with what they were about")?;
            for (check, names) in by_check {
                self.names(INDENT, &names, "")?;
                self.wrapped(DEEPER, &plain(check))?;
            }
        }
        Ok(())
    }
}

/// `2 new, 1 resolved since 2026-11-22 09:00 UTC`.
pub(super) fn changed(changes: &Changes) -> String {
    let Some(since) = changes.since else {
        return "The first run in this ledger: the next will say what changed.".to_owned();
    };
    let gone = changes.gone.len() as u64;
    let kinds = [(changes.new, "new"), (changes.worse, "worse"), (changes.resolved, "resolved"), (gone, "gone")];
    let kinds: Vec<_> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", thousands(*n))).collect();
    let kinds = if kinds.is_empty() { "Nothing changed".to_owned() } else { kinds.join(", ") };
    format!("{kinds} since {}.", since.strftime("%Y-%m-%d %H:%M UTC"))
}

/// `3 days ago`.
fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second() - then.as_second()).unwrap_or_default();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(|| "just now".to_owned(), |(length, noun)| format!("{} ago", count(seconds / length, noun)))
}
