//! For tests: a log group whose events are known, searched as CloudWatch would search it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use aws_sdk_cloudwatchlogs::{operation::filter_log_events::FilterLogEventsOutput, types::FilteredLogEvent};
use gatelight_model::inventory::LogProbeAnswer;
use jiff::{SignedDuration, Timestamp};

use super::{
    PageRequest, SearchMethod, collect_answers, filter_events::search_in_rounds, hits, patterns::SearchSettings,
    plan_searches, queries,
};
use crate::collect::{cache::RegionCache, needs::EvidenceOptions};

/// An event: when, and its line.
pub(crate) type Event = (Timestamp, &'static str);

/// The search of `group`, which holds `events`, at a time: what it gave, what to remember, and from when on it was read.
pub(crate) async fn search(
    group: &str,
    events: &[Event],
    now: Timestamp,
    remembered: &RegionCache,
) -> (Vec<LogProbeAnswer>, RegionCache, Vec<Timestamp>) {
    let asked = RefCell::new(Vec::new());
    let ask = async |ask: PageRequest<'_>| {
        asked.borrow_mut().push(ask.from);
        let within = events.iter().filter(|(time, _)| (ask.from..=ask.until).contains(time));
        let event =
            |(time, line): &Event| FilteredLogEvent::builder().timestamp(time.as_millisecond()).message(*line).build();
        let events = within.map(event).collect();
        Ok(Some(FilterLogEventsOutput::builder().set_events(Some(events)).build()))
    };
    let evidence =
        EvidenceOptions { window: SignedDuration::from_hours(24), metrics: false, samples: true, insights: false };
    let (since, until) = evidence.window(now);
    let window = (hits::beginning(since, until), until);
    let groups = BTreeMap::from([(group, SearchMethod::Filter)]);
    let search = SearchSettings::default();
    let filters = queries(&search);
    let planned = plan_searches(&groups, &BTreeSet::new(), window, (&search, true), &filters, remembered);
    let searched = search_in_rounds(planned.by_filter, &ask).await.into_iter().map(|searched| {
        let (probe, memory) = searched.end();
        (group.to_owned(), probe, memory)
    });
    let (answers, memories) = collect_answers(planned.answers, searched);
    (answers, memories, asked.into_inner())
}
