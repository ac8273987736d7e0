//! How many requests were sent, and what of them AWS bills.

use std::collections::BTreeMap;

/// How the calls to one account in one region went.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Traffic {
    /// Requests sent, each attempt counted, by operation.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Answers that asked to slow down.
    pub(crate) throttled: u64,
    /// The same by operation; an inventory that an older version saved does not hold it.
    #[serde(default)]
    pub(crate) throttles: BTreeMap<String, u64>,
    /// CloudWatch metrics that were requested, as AWS bills them; an inventory that an older version saved does not hold it.
    #[serde(default)]
    pub(crate) metrics: u64,
    /// What CloudWatch Logs Insights scanned, which AWS bills; an inventory that an older version saved does not hold it.
    #[serde(default)]
    pub(crate) insights: Scanned,
}

/// What queries of CloudWatch Logs Insights scanned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Scanned {
    /// How many queries there were.
    pub(crate) queries: u64,
    /// How many bytes they scanned, as far as is known.
    pub(crate) bytes: u64,
    /// How many of them may have scanned more than is known.
    pub(crate) untold: u64,
}

impl Traffic {
    /// All requests.
    pub(crate) fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// Adds another's.
    pub(crate) fn add(&mut self, other: &Self) {
        for (operation, count) in &other.requests {
            *self.requests.entry(operation.clone()).or_default() += count;
        }
        self.throttled += other.throttled;
        for (operation, count) in &other.throttles {
            *self.throttles.entry(operation.clone()).or_default() += count;
        }
        self.metrics += other.metrics;
        self.insights.queries += other.insights.queries;
        self.insights.bytes += other.insights.bytes;
        self.insights.untold += other.insights.untold;
    }
}
