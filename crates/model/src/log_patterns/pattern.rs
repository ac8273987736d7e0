//! One pattern: the texts that a line is searched for, and what a hit means.

use crate::Severity;

/// A text that says that logs or traces do not arrive.
#[derive(Debug, PartialEq, Eq)]
pub struct LogPattern {
    /// Its name in inventories and reports: never the text itself, or a report that is written to a log group would be
    /// found there.
    pub name: &'static str,
    /// How much a hit matters.
    pub severity: Severity,
    /// A line holds one of these; upper and lower case differ.
    pub any_of: &'static [&'static str],
    /// And one of these, if there are any.
    pub and_any_of: &'static [&'static str],
    /// And none of these: what makes it a line about something else, or good news.
    pub none_of: &'static [&'static str],
    /// What a hit says.
    pub says: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Where the text is known from.
    pub source: &'static str,
}

impl LogPattern {
    /// Whether a line holds the texts.
    pub(super) fn fits(&self, line: &str) -> bool {
        let holds = |texts: &[&str]| texts.iter().any(|text| line.contains(text));
        holds(self.any_of) && (self.and_any_of.is_empty() || holds(self.and_any_of)) && !holds(self.none_of)
    }
}
