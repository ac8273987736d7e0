//! What changed since the last run, on the page.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{super::Report, gathered::Gathered, page::TextPage};
use crate::{
    finding::Changes,
    rank::natural,
    text::{count, plain, thousands},
};

/// Lines of one list of names.
const NAMES: usize = 2;

impl TextPage {
    /// Findings of earlier runs that ended: before what is left, as somebody waits for it.
    pub(super) fn ended(&mut self, report: &Report, gathered: &Gathered) {
        let mut gone: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for finding in report.changes.iter().flat_map(|changes| &changes.gone) {
            gone.entry(&finding.check).or_default().push(finding.subject.name.clone());
        }
        let resolved = gathered.resolved.iter().map(|(check, names)| (*check, names.clone()));
        for (heading, by_check) in [
            ("Resolved", resolved.collect::<Vec<_>>()),
            ("Gone (their subjects were deleted)", gone.into_iter().collect()),
        ] {
            if by_check.is_empty() {
                continue;
            }
            self.heading(heading);
            for (check, mut names) in by_check {
                names.sort_by(|a, b| natural(a, b));
                let names = self.names(&names, self.width().saturating_sub(4 + check.len()), NAMES).join(" ");
                self.wrapped("  ", &format!("{}: {names}", plain(check)));
            }
        }
    }
}

/// `2 new, 1 resolved since 2026-11-22 09:00 UTC`.
pub(super) fn changed(changes: &Changes) -> String {
    let Some(since) = changes.since else {
        return "First run with this ledger: the next run shows what changed.".to_owned();
    };
    let gone = changes.gone.len() as u64;
    let kinds = [(changes.new, "new"), (changes.worse, "worse"), (changes.resolved, "resolved"), (gone, "gone")];
    let kinds: Vec<_> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", thousands(*n))).collect();
    let kinds = if kinds.is_empty() { "Nothing changed".to_owned() } else { kinds.join(", ") };
    format!("{kinds} since {}.", since.strftime("%Y-%m-%d %H:%M UTC"))
}

/// `for 3 days`.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second() - then.as_second()).unwrap_or_default();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || "for less than a minute".to_owned(),
        |(length, noun)| format!("for {}", count(seconds / length, noun)),
    )
}
