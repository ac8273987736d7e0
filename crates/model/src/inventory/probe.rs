//! What was found in log groups when they were searched for signs that logs or traces do not arrive.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Fetched, Severity, fetched::required_option, gaps::walk_gaps};

/// What log groups were searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchedFor {
    /// The names of Gatelight's own patterns.
    pub built_in: Vec<String>,
    /// The patterns of the owner.
    pub own: Vec<OwnPattern>,
}

/// A pattern of the owner's: what it means travels with what was found by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPattern {
    /// Its name; none of Gatelight's own has it.
    pub name: String,
    /// The filter pattern, as CloudWatch Logs reads it.
    pub filter: String,
    /// How much a hit matters.
    pub severity: Severity,
    /// What a hit says.
    pub says: String,
    /// What to do.
    #[serde(deserialize_with = "required_option")]
    pub fix: Option<String>,
}

/// What the search of a log group gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogProbeAnswer {
    /// The group's name.
    pub group: String,
    /// What was found, or that there is no group of that name.
    pub probe: Fetched<Option<LogProbe>>,
}

/// What was found in a log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogProbe {
    /// Where the window begins.
    pub since: Timestamp,
    /// Where it ends; for a group that took no events, the time up to which that is known.
    pub until: Timestamp,
    /// Whether the group is known to have taken no events in the window, so that nothing was searched.
    pub silent: bool,
    /// Up to when the window was searched, if the budget of pages was spent before its end.
    #[serde(deserialize_with = "required_option")]
    pub reached: Option<Timestamp>,
    /// What was found, one entry a pattern.
    pub hits: Vec<Hit>,
}

/// Events that match a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The name of the pattern.
    pub pattern: String,
    /// How many events.
    pub count: u64,
    /// The time of the first.
    pub first: Timestamp,
    /// The time of the last.
    pub last: Timestamp,
    /// Up to three lines, the newest last, cut to 200 characters and scrubbed of what looks like a key or token; none if
    /// samples are off.
    #[serde(alias = "sample", deserialize_with = "one_or_more")]
    pub samples: Vec<String>,
}

/// A list; or, as older versions saved it, one line or `null`.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "lines, a line or null")]
    enum Wire {
        Lines(Vec<String>),
        Line(String),
        None(()),
    }
    Ok(match Wire::deserialize(deserializer)? {
        Wire::Lines(lines) => lines,
        Wire::Line(line) => vec![line],
        Wire::None(()) => Vec::new(),
    })
}

walk_gaps! {
    SearchedFor { built_in, own }
    OwnPattern { name, filter, severity, says, fix }
    LogProbeAnswer { group, probe }
    LogProbe { since, until, silent, reached, hits }
    Hit { pattern, count, first, last, samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_as_older_versions_saved_them() {
        let hit = |samples: &str| {
            let times = r#""first":"2026-11-22T09:00:00Z","last":"2026-11-22T09:00:00Z""#;
            serde_json::from_str(&format!(r#"{{"pattern":"p","count":1,{times}{samples}}}"#))
                .map(|hit: Hit| hit.samples)
        };
        assert_eq!(hit(r#","sample":"a""#).expect("reads"), ["a"]);
        assert_eq!(hit(r#","sample":null"#).expect("reads"), [""; 0]);
        assert_eq!(hit(r#","samples":["a","b"]"#).expect("reads"), ["a", "b"]);
        assert!(hit("").is_err());
    }
}
