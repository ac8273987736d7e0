//! What log groups hold of signs that logs or traces do not arrive.
//!
//! A search costs a call a group at least, at five a second: so CloudWatch is asked first which groups took events at
//! all. A group is taken for silent only where that answer is whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use aws_sdk_cloudwatchlogs::{self as logs, types::FilteredLogEvent};
use futures_util::{StreamExt, stream};
use gatelight_checks::{
    Gap, GapKind,
    emission::patterns,
    fetched::Why,
    inventory::{Hit, LogGroup, LogGroupAnswer, LogProbe, LogProbeAnswer},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Region,
    aws::{Operation, Page, failed, lacks},
};
use crate::scrub::scrub;

/// Groups that are searched at once.
const SIDE_BY_SIDE: usize = 8;
/// Pages of a group that are read at most: 20 MB, or 200,000 events that the filter let through.
const BUDGET: usize = 20;
/// The most events that FilterLogEvents gives in a page.
const PAGE: i32 = 10_000;
/// How long CloudWatch may take to count an event: a group without a count is known to be silent up to so long ago.
const DELAY: SignedDuration = SignedDuration::from_mins(15);
/// After so many groups that may not be searched, one begun after the other, and none that may, the rest is not tried.
/// A permission can be given group by group, so one refusal proves little.
const REFUSED_ENOUGH: u32 = 20;

/// How much live evidence to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// How far back.
    pub(crate) window: SignedDuration,
    /// Whether to ask for metrics, which cost money.
    pub(crate) metrics: bool,
    /// Whether to keep a line, scrubbed, of those that were found.
    pub(crate) samples: bool,
}

impl Evidence {
    /// From when to when, up to `now`: the newest failure is the one that matters most.
    pub(super) fn window(self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Whole seconds, so that what a report names is what was asked for.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        (now.checked_sub(self.window).unwrap_or(Timestamp::MIN), now)
    }
}

/// What the search of each group gave. A group that is known to be absent is not searched; one of a class that cannot be
/// searched has an answer only if it is silent.
pub(super) async fn log_probes(
    region: &Region,
    groups: &[&LogGroupAnswer],
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    evidence: Evidence,
) -> Vec<LogProbeAnswer> {
    let groups: BTreeMap<&str, bool> =
        groups.iter().filter_map(|answer| Some((answer.name.as_str(), is_searchable(answer)?))).collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let to_search = groups.iter().filter(|(name, searchable)| **searchable && !silent.contains(**name)).count();
    region.calls.progress().say(|| format!("{}: search of {to_search} log groups", region.name));

    let (client, refused) = (logs::Client::new(&region.config), Refused::default());
    let probe = |(group, searchable): (&str, bool)| {
        let (client, refused, silent) = (&client, &refused, silent.contains(group));
        let group = group.to_owned();
        async move {
            let probe = if silent {
                let until = until.checked_sub(DELAY).map_or(since, |counted| counted.max(since));
                Ok(Some(LogProbe { since, until, silent, reached: None, hits: Vec::new() }))
            } else if searchable {
                refused.or_try(&group, search(region, client, &group, (since, until), evidence.samples)).await
            } else {
                return None;
            };
            Some(LogProbeAnswer { group, probe: probe.into() })
        }
    };
    stream::iter(groups).map(probe).buffered(SIDE_BY_SIDE).filter_map(std::future::ready).collect().await
}

/// The names of those of `groups` that are there, as far as is known.
pub(super) fn names(groups: &[&LogGroupAnswer]) -> BTreeSet<String> {
    let there = groups.iter().filter(|answer| is_searchable(answer).is_some());
    there.map(|answer| answer.name.clone()).collect()
}

/// Whether FilterLogEvents searches a group: one of the standard class, or of which nothing is known. None for one that
/// is not there.
fn is_searchable(answer: &LogGroupAnswer) -> Option<bool> {
    let standard = |group: &LogGroup| !matches!(group.class.as_deref(), Some("INFREQUENT_ACCESS" | "DELIVERY"));
    match answer.group.get() {
        Ok(group) => group.as_ref().map(standard),
        Err(_) => Some(true),
    }
}

// ---- The search --------------------------------------------------------------------------------------------------------

async fn search(
    region: &Region,
    client: &logs::Client,
    group: &str,
    (since, until): (Timestamp, Timestamp),
    samples: bool,
) -> Searched {
    let operation = Operation::FilterLogEvents;
    let filter = patterns::filter();
    let mut found = Found { samples, ..Found::default() };
    let (mut pages, mut spent, mut absent) = (0, false, false);
    let all = region
        .calls
        .pages(operation, group, async |token| {
            let answer = region
                .calls
                .find(operation, group, || {
                    client
                        .filter_log_events()
                        .log_group_name(group)
                        .start_time(since.as_millisecond())
                        .end_time(until.as_millisecond())
                        .filter_pattern(&filter)
                        .limit(PAGE)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            let Some(answer) = answer else {
                absent = true;
                return Ok(Page { elements: Vec::new(), next: None });
            };
            let events = answer.events.ok_or_else(|| lacks(operation, group, "the list of events"))?;
            let unread = events.iter().filter_map(|event| found.take(event, group).err()).map(Err::<(), _>).collect();
            pages += 1;
            let next = answer.next_token.filter(|token| !token.is_empty());
            spent = next.is_some() && pages >= BUDGET;
            Ok(Page { elements: unread, next: next.filter(|_| !spent) })
        })
        .await;
    // One that is deleted meanwhile, after hits, is there for what was found in it.
    if absent && found.hits.is_empty() {
        return Ok(None);
    }
    found.probe(since, until, spent, all.rest.get()).map(Some)
}

/// What was found so far in a group.
#[derive(Debug, Default)]
struct Found {
    samples: bool,
    hits: BTreeMap<&'static str, Hit>,
    /// The time of the last event that the filter let through.
    last: Option<Timestamp>,
}

impl Found {
    /// Takes an event. The filter lets through more than the patterns do.
    fn take(&mut self, event: &FilteredLogEvent, group: &str) -> Result<(), Gap> {
        let lacks = |what| lacks(Operation::FilterLogEvents, group, what);
        let message = event.message().ok_or_else(|| lacks("an event's message"))?;
        let time = event.timestamp().ok_or_else(|| lacks("an event's time"))?;
        let time = Timestamp::from_millisecond(time)
            .map_err(|_| failed(Operation::FilterLogEvents, group, "an event's time is out of range"))?;
        self.last = Some(time);
        let Some(pattern) = patterns::matches(message) else { return Ok(()) };
        let hit = self.hits.entry(pattern.name).or_insert_with(|| Hit {
            pattern: pattern.name.to_owned(),
            count: 0,
            first: time,
            last: time,
            sample: self.samples.then(|| scrub(message)),
        });
        hit.count += 1;
        hit.first = hit.first.min(time);
        hit.last = hit.last.max(time);
        Ok(())
    }

    /// What that makes of the group. Hits are hits even if the search broke off; none are none only at its end.
    fn probe(self, since: Timestamp, until: Timestamp, spent: bool, end: Result<&(), Gap>) -> Result<LogProbe, Gap> {
        let broken = match end {
            Err(gap) if self.hits.is_empty() => return Err(gap),
            end => end.is_err(),
        };
        // Empty pages tell no time.
        let reached = (spent || broken).then(|| self.last.unwrap_or(since));
        Ok(LogProbe { since, until, silent: false, reached, hits: self.hits.into_values().collect() })
    }
}

/// What was found in a group, that there is none of that name, or why that is not known.
type Searched = Result<Option<LogProbe>, Gap>;

/// Searches that were refused since the last that was not.
#[derive(Debug, Default)]
struct Refused(Mutex<(u32, Option<Gap>)>);

impl Refused {
    /// Tries a search, unless so many were refused that it is not worth it.
    async fn or_try(&self, group: &str, search: impl Future<Output = Searched>) -> Searched {
        if let Some(gap) = self.given_up(group) {
            return Err(gap);
        }
        let probe = search.await;
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &probe {
            Err(gap) if gap.why().kind == GapKind::Denied => *refused = (refused.0 + 1, Some(gap.clone())),
            Err(_) => {}
            // One that may be searched says that the rest is worth trying.
            Ok(_) => *refused = (0, None),
        }
        probe
    }

    fn given_up(&self, group: &str) -> Option<Gap> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = &*refused;
        let Why { operation, permission, kind, message, .. } = last.as_ref()?.why();
        (*count >= REFUSED_ENOUGH).then(|| {
            Gap::new(Why {
                operation: operation.clone(),
                permission: permission.clone(),
                resource: group.to_owned(),
                kind: *kind,
                message: format!("not tried, as {count} searches in a row were refused: {message}"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use gatelight_checks::Fetched;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn the_window_ends_now() {
        let evidence = Evidence { window: SignedDuration::from_hours(24), metrics: true, samples: true };
        let now = Timestamp::new(1_795_338_000, 999).expect("a time");
        assert_eq!(evidence.window(now), (at(1_795_338_000 - 86_400), at(1_795_338_000)));
    }

    #[test]
    fn groups_that_are_not_there_are_not_searched() {
        let answer = |group: Result<Option<&str>, Gap>| LogGroupAnswer {
            name: "g".to_owned(),
            group: group
                .map(|class| {
                    let class = class.map(str::to_owned);
                    let created_at = Err(Gap::not_collected("g")).into();
                    Some(LogGroup { arn: "a".to_owned(), retention_days: None, class, kms_key: None, created_at })
                })
                .into(),
        };
        assert_eq!(is_searchable(&answer(Ok(None))), Some(true));
        assert_eq!(is_searchable(&answer(Ok(Some("STANDARD")))), Some(true));
        assert_eq!(is_searchable(&answer(Ok(Some("INFREQUENT_ACCESS")))), Some(false));
        assert_eq!(is_searchable(&answer(Ok(Some("DELIVERY")))), Some(false));
        assert_eq!(is_searchable(&answer(Err(Gap::unprovable("g", "denied")))), Some(true));
        let absent = LogGroupAnswer { name: "g".to_owned(), group: Fetched::known(None) };
        assert_eq!(is_searchable(&absent), None);
    }

    fn event(second: i64, message: &str) -> FilteredLogEvent {
        FilteredLogEvent::builder().timestamp(second * 1_000).message(message).build()
    }

    #[test]
    fn events_are_looked_at_again_on_our_side() {
        let mut found = Found { samples: true, ..Found::default() };
        for (second, line) in [
            (30, "ERROR Failed to emit logs password=hunter2"),
            (10, "failed to emit logs"),
            (20, "AccessDenied on s3:GetObject"),
            (40, "gatelight: Failed to emit logs"),
        ] {
            found.take(&event(second, line), "g").expect("an event");
        }
        let probe = found.probe(at(0), at(100), false, Ok(&())).expect("a probe");
        let hit = Hit {
            pattern: "failed-to-emit-logs".to_owned(),
            count: 2,
            first: at(10),
            last: at(30),
            sample: Some("ERROR Failed to emit logs password=…".to_owned()),
        };
        assert_eq!(probe, LogProbe { since: at(0), until: at(100), silent: false, reached: None, hits: vec![hit] });
    }

    #[test]
    fn an_event_without_its_parts_is_a_gap() {
        let mut found = Found::default();
        assert!(found.take(&FilteredLogEvent::builder().timestamp(1).build(), "g").is_err());
        assert!(found.take(&FilteredLogEvent::builder().message("Failed to emit logs").build(), "g").is_err());
    }

    #[test]
    fn a_search_that_broke_off_keeps_its_hits_and_proves_nothing_without() {
        let gap = || Err(Gap::unprovable("g", "cut"));
        let some = || {
            let mut found = Found::default();
            found.take(&event(30, "Segment dropped."), "g").expect("an event");
            found
        };
        let reached = |found: Found, spent, end| found.probe(at(0), at(100), spent, end).map(|probe| probe.reached);
        assert_eq!(reached(some(), false, gap()), Ok(Some(at(30))));
        assert_eq!(reached(Found::default(), false, gap()), gap().map(|()| None));
        assert_eq!(reached(some(), true, Ok(&())), Ok(Some(at(30))));
        assert_eq!(reached(Found::default(), true, Ok(&())), Ok(Some(at(0))));
        assert_eq!(reached(some(), false, Ok(&())), Ok(None));
    }

    #[tokio::test]
    async fn what_is_refused_everywhere_is_given_up() {
        let refused = Refused::default();
        let denied = || {
            let why = Why {
                operation: "logs:FilterLogEvents".to_owned(),
                permission: "logs:FilterLogEvents".to_owned(),
                resource: "g".to_owned(),
                kind: GapKind::Denied,
                message: "no".to_owned(),
            };
            Err(Gap::new(why))
        };
        let probe = || Found::default().probe(at(0), at(1), false, Ok(&()));
        for _ in 1..REFUSED_ENOUGH {
            assert!(refused.or_try("g", async { denied() }).await.is_err());
        }
        assert!(refused.or_try("g", async { probe().map(Some) }).await.is_ok(), "one more is tried");
        for _ in 0..REFUSED_ENOUGH {
            assert!(refused.or_try("g", async { denied() }).await.is_err());
        }
        let gap = refused.or_try("h", async { probe().map(Some) }).await.expect_err("given up");
        assert!(gap.why().resource == "h" && gap.to_string().contains("not tried"), "{gap}");
    }
}
