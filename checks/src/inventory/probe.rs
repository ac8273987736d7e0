//! What was found in log groups when they were searched for signs that logs or traces do not arrive.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fetched::{Fetched, stated};

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
    #[serde(deserialize_with = "stated")]
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
    /// A line, cut to 200 characters and scrubbed of what looks like a key or token; none if samples are off.
    #[serde(deserialize_with = "stated")]
    pub sample: Option<String>,
}
