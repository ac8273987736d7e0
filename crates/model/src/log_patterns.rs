//! The texts that programs write when they cannot send their logs or traces, and CloudWatch filters for them all.

mod filter;
mod insights;
mod otel;
mod pattern;
mod table;

pub use filter::{LONGEST, check as check_filter};
pub use insights::{LONGEST_QUERY, ROWS};
pub use pattern::LogPattern;
pub use table::{OPTIONAL, PATTERNS};

/// The id of the check that judges what is found. A line that holds it is a report's: see [`is_our_own`].
pub const CHECK_ID: &str = "log-emission-failing";

/// Every pattern that there is, those that are searched for by themselves first.
pub fn all() -> impl Iterator<Item = &'static LogPattern> {
    PATTERNS.iter().chain(OPTIONAL)
}

/// The pattern of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static LogPattern> {
    all().find(|pattern| pattern.name == name)
}

/// The patterns that are searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPatterns(Vec<&'static LogPattern>);

impl Default for LogPatterns {
    fn default() -> Self {
        Self(PATTERNS.iter().collect())
    }
}

impl LogPatterns {
    /// The default patterns, and those of [`OPTIONAL`] that `names` name.
    ///
    /// # Errors
    /// The name that none of them has.
    pub fn with<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, &'n str> {
        let mut chosen = Self::default();
        for name in names {
            let pattern = find(name).ok_or(name)?;
            if !chosen.0.contains(&pattern) {
                chosen.0.push(pattern);
            }
        }
        // The worst first: a line counts for the first that it matches. Names decide nothing but the order in which they
        // were given.
        let place = |pattern: &LogPattern| all().position(|other| other == pattern);
        chosen.0.sort_by_key(|pattern| (std::cmp::Reverse(pattern.severity), place(pattern)));
        Ok(chosen)
    }

    /// Each, the worst first.
    pub fn iter(&self) -> impl Iterator<Item = &'static LogPattern> {
        self.0.iter().copied()
    }

    /// The worst pattern that a line matches. Gatelight's own lines match none.
    #[must_use]
    pub fn matches(&self, line: &str) -> Option<&'static LogPattern> {
        self.iter().find(|pattern| pattern.fits(line)).filter(|_| !is_our_own(line))
    }

    /// Filter patterns of CloudWatch Logs that together let through every line that [`matches`](Self::matches) accepts,
    /// and more, each of at most [`LONGEST`] characters. Their terms match anywhere in an event, in the case in which they
    /// are written, and are joined by "or". What takes two texts is asked for by the first alone.
    #[must_use]
    pub fn filters(&self) -> Vec<String> {
        filters_of(self.iter())
    }

    /// A query of CloudWatch Logs Insights that lets through every line that [`matches`](Self::matches) accepts, and
    /// Gatelight's own; at most [`ROWS`] of them, the oldest first.
    #[must_use]
    pub fn insights_query(&self) -> String {
        insights_query_of(self.iter())
    }
}

/// A query of CloudWatch Logs Insights for some patterns; see [`LogPatterns::insights_query`].
#[must_use]
pub fn insights_query_of(patterns: impl Iterator<Item = &'static LogPattern>) -> String {
    insights::query(patterns)
}

/// Filter patterns of CloudWatch Logs for some patterns; see [`LogPatterns::filters`].
#[must_use]
pub fn filters_of(patterns: impl Iterator<Item = &'static LogPattern>) -> Vec<String> {
    let mut terms = Vec::new();
    for text in patterns.flat_map(|pattern| pattern.any_of) {
        let term = term(text);
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    let mut filters: Vec<String> = Vec::new();
    for term in terms {
        match filters.last_mut() {
            Some(filter) if filter.chars().count() + 1 + term.chars().count() <= LONGEST => {
                filter.push(' ');
                filter.push_str(&term);
            }
            _ => filters.push(term),
        }
    }
    filters
}

fn term(text: &str) -> String {
    format!("?\"{text}\"")
}

/// Whether a line is Gatelight's: it quotes what was found elsewhere, and must not be found again. Such a line holds the
/// tool's name as Gatelight writes it (`gatelight: …` on stderr and before a sample, `gatelight::…` in its log,
/// `"gatelight"` in JSON), or this check's id, or a term of a filter or query (the command in a report; CloudTrail's record
/// of the search). The name as a part of another word, of a path or of an ARN is nobody's mark.
#[must_use]
pub fn is_our_own(line: &str) -> bool {
    // JSON within JSON: `\"gatelight\"`.
    let plain = line.replace('\\', "");
    let named = plain.match_indices("gatelight").any(|(at, name)| {
        let before = plain[..at].chars().next_back();
        let after = plain[at + name.len()..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '(' | '[')) && matches!(after, Some(':' | '"'))
    });
    named
        || plain.contains(CHECK_ID)
        || all()
            .flat_map(|pattern| pattern.any_of)
            .any(|text| plain.contains(&term(text)) || plain.contains(&insights::term(text)))
}

/// Whether a line that CloudWatch found by a filter of the owner's is one of Gatelight's, or a record of that search.
#[must_use]
pub fn is_our_own_by(line: &str, filter: &str) -> bool {
    let records_a_search = || {
        let plain = line.replace('\\', "");
        ["filterPattern", "filter-pattern", "FilterLogEvents"].iter().any(|mark| plain.contains(mark))
            && plain.contains(&filter.replace('\\', ""))
    };
    is_our_own(line) || records_a_search()
}

#[cfg(test)]
mod tests;
