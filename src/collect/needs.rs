//! Which facts to collect, and how much live evidence to look for. The caller derives them from the checks; the collector
//! knows no check.

use std::collections::BTreeSet;

use gatelight_checks::plan::metrics::DELAY;
use gatelight_model::{Need, inventory::Account};
use jiff::{SignedDuration, Timestamp};

use super::{
    cache::{CollectorCache, RegionCache},
    logs::search::patterns::{LogGroupSelector, SearchSettings},
};

/// Which facts to collect.
#[derive(Debug)]
pub(crate) struct Needs {
    pub(super) facts: BTreeSet<Need>,
    pub(super) evidence: EvidenceOptions,
    /// In milliseconds: where API Gateway's own part of the latency is higher, percentiles are asked for.
    pub(super) overhead_limit: u32,
    pub(super) search: SearchSettings,
    remembered: CollectorCache,
}

impl Needs {
    /// These facts, with no settings for searches and nothing from earlier runs.
    pub(crate) fn new(facts: BTreeSet<Need>, evidence: EvidenceOptions, overhead_limit: u32) -> Self {
        Self { facts, evidence, overhead_limit, search: SearchSettings::default(), remembered: CollectorCache::new() }
    }

    /// Sets what log groups are searched for, and what is remembered of earlier runs.
    pub(crate) fn searching(self, search: SearchSettings, remembered: CollectorCache) -> Self {
        Self { search, remembered, ..self }
    }

    /// The log groups that the owner names, to be searched beside those that something writes to.
    pub(super) fn named_log_groups(&self) -> &[LogGroupSelector] {
        if self.contains(Need::LogProbes) { &self.search.log_groups } else { &[] }
    }

    /// What is remembered of a region. An account whose id is not known has no memory.
    pub(super) fn remembered(&self, account: &Account, region: &str) -> RegionCache {
        let place = account.id.get().ok().map(|id| (id.clone(), region.to_owned()));
        place.and_then(|place| self.remembered.get(&place).cloned()).unwrap_or_default()
    }

    pub(super) fn contains(&self, need: Need) -> bool {
        self.facts.contains(&need)
    }
}

/// How much live evidence to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EvidenceOptions {
    /// How far back.
    pub(crate) window: SignedDuration,
    /// Whether to ask for metrics, which cost money.
    pub(crate) metrics: bool,
    /// Whether to keep a line, scrubbed, of those that were found.
    pub(crate) samples: bool,
    /// Whether to let CloudWatch Logs Insights, which costs money, search groups that nothing else searches.
    pub(crate) insights: bool,
}

impl EvidenceOptions {
    /// The window that ends `now`: the newest failure matters most.
    pub(crate) fn window(self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Whole seconds, so that a report names the window that was asked for.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        (now.checked_sub(self.window).unwrap_or(Timestamp::MIN), now)
    }

    /// The same window, up to the time until which CloudWatch has certainly counted all events.
    pub(crate) fn counted(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (since, now) = self.window(now);
        (since, counted_up_to(since, now))
    }
}

/// The end of the part of a window in which CloudWatch has certainly counted all events.
pub(super) fn counted_up_to(since: Timestamp, now: Timestamp) -> Timestamp {
    now.checked_sub(DELAY).map_or(since, |counted| counted.max(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn the_window_ends_now_and_what_is_counted_a_quarter_of_an_hour_ago() {
        let evidence =
            EvidenceOptions { window: SignedDuration::from_hours(24), metrics: true, samples: true, insights: false };
        let now = Timestamp::new(1_795_338_000, 999).expect("a time");
        assert_eq!(evidence.window(now), (at(1_795_338_000 - 86_400), at(1_795_338_000)));
        assert_eq!(evidence.counted(now), (at(1_795_338_000 - 86_400), at(1_795_338_000 - 900)));
    }
}
