//! What log groups hold of signs that logs or traces do not arrive.
//!
//! A search costs a call a group at least, at five a second: so CloudWatch is asked first which groups took events at
//! all. A group is taken for silent only where that answer is whole.

#[cfg(test)]
pub(crate) mod fake;
mod filter_events;
mod hits;
mod insights;
mod patterns;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs as logs;
use futures_util::future::join;
use gatelight_model::inventory::{LogGroup, LogGroupAnswer, LogProbe, LogProbeAnswer};
use jiff::{SignedDuration, Timestamp};

use self::insights::GroupQuery;
pub(crate) use super::search::patterns::{Names, Search};
use super::search::{
    filter_events::{Ask, GroupSearch, Of, Query, Searched, rounds},
    hits::{Memory, Tally},
};
use crate::collect::{Memories, Region, aws::Operation};

/// The most events that FilterLogEvents gives in a page.
const PAGE: i32 = 10_000;
/// How long CloudWatch may take to count an event: a group without a count is known to be silent up to so long ago.
const DELAY: SignedDuration = SignedDuration::from_mins(15);

/// How much live evidence to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// How far back.
    pub(crate) window: SignedDuration,
    /// Whether to ask for metrics, which cost money.
    pub(crate) metrics: bool,
    /// Whether to keep a line, scrubbed, of those that were found.
    pub(crate) samples: bool,
    /// Whether to let CloudWatch Logs Insights, which costs money, search groups that nothing else searches.
    pub(crate) insights: bool,
}

impl Evidence {
    /// From when to when, up to `now`: the newest failure is the one that matters most.
    pub(crate) fn window(self, now: Timestamp) -> (Timestamp, Timestamp) {
        // Whole seconds, so that what a report names is what was asked for.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        (now.checked_sub(self.window).unwrap_or(Timestamp::MIN), now)
    }

    /// The same, up to when CloudWatch has surely counted what happened.
    pub(crate) fn counted(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (since, now) = self.window(now);
        (since, counted_up_to(since, now))
    }
}

fn counted_up_to(since: Timestamp, now: Timestamp) -> Timestamp {
    now.checked_sub(DELAY).map_or(since, |counted| counted.max(since))
}

/// How a log group is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By FilterLogEvents.
    Filter,
    /// By a query of CloudWatch Logs Insights.
    Query,
    /// Not at all.
    Not,
}

/// What the search of each group gave, and what to remember of it. A group that is known to be absent is not searched;
/// one of a class that cannot be searched has an answer only if it is silent.
pub(in crate::collect) async fn log_probes(
    region: &Region,
    groups: &[&LogGroupAnswer],
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    evidence: Evidence,
    search: &Search,
    remembered: &Memories,
) -> (Vec<LogProbeAnswer>, Memories) {
    let window = (hits::beginning(since, until), until);
    let groups: BTreeMap<&str, How> =
        groups.iter().filter_map(|answer| Some((answer.name.as_str(), how(answer, evidence.insights)?))).collect();
    if groups.is_empty() {
        return Default::default();
    }
    let filters = queries(search);
    let begun = begin(&groups, silent, window, (search, evidence.samples), &filters, remembered);
    let client = logs::Client::new(&region.config);
    let ask = async |asked: Ask<'_>| {
        let Ask { group, filter, from, until, token } = asked;
        let send = async || {
            client
                .filter_log_events()
                .log_group_name(group)
                .start_time(from.as_millisecond())
                .end_time(until.as_millisecond())
                .filter_pattern(filter)
                .limit(PAGE)
                .set_next_token(token.clone())
                .send()
                .await
        };
        region.calls.find(Operation::FilterLogEvents, group, send).await
    };
    let to_search = begun.by_filter.len() + begun.by_query.len();
    region.calls.progress().show(|| format!("{}: search of {to_search} log groups", region.name));
    let (by_filter, by_query) = join(
        Box::pin(rounds(begun.by_filter, &ask)),
        Box::pin(insights::search(region, &client, begun.by_query, window, search, evidence.metrics)),
    )
    .await;
    let by_filter = by_filter.into_iter().map(|searched| {
        let group = searched.group.clone();
        let (probe, memory) = searched.end();
        (group, probe, memory)
    });
    told(begun.answers, by_filter.chain(by_query))
}

/// Searches that are to be made, and the answers for groups that need none.
struct Begun<'a> {
    answers: Vec<LogProbeAnswer>,
    by_filter: Vec<GroupSearch<'a>>,
    by_query: Vec<GroupQuery>,
}

/// Begins with what is remembered. Groups that are known to be silent are not searched.
fn begin<'a>(
    groups: &BTreeMap<&str, How>,
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    (search, samples): (&Search, bool),
    filters: &'a [Query<'a>],
    remembered: &Memories,
) -> Begun<'a> {
    let made_for = search.fingerprint(samples);
    let mut begun = Begun { answers: Vec::new(), by_filter: Vec::new(), by_query: Vec::new() };
    for (group, how) in groups {
        // One that cannot be read, such as a newer version's, is none.
        let memory: Option<Memory> = remembered.get(*group).and_then(|memory| serde_json::from_str(memory).ok());
        let tally = Tally::begin((since, until), &made_for, samples, memory);
        // What was found is found, whatever CloudWatch counted.
        if silent.contains(*group) && tally.is_empty() {
            let until = counted_up_to(since, until);
            let probe = LogProbe { since, until, silent: true, reached: None, hits: Vec::new() };
            begun.answers.push(LogProbeAnswer { group: (*group).to_owned(), probe: Ok(Some(probe)).into() });
            continue;
        }
        match how {
            How::Filter => begun.by_filter.push(GroupSearch::new(group, (since, until), filters, tally)),
            How::Query => begun.by_query.push(GroupQuery { group: (*group).to_owned(), tally }),
            How::Not => {}
        }
    }
    begun
}

/// All answers, sorted by group, and what to remember.
fn told(
    mut answers: Vec<LogProbeAnswer>,
    searched: impl Iterator<Item = (String, Searched, Option<Memory>)>,
) -> (Vec<LogProbeAnswer>, Memories) {
    let mut memories = Memories::new();
    for (group, probe, memory) in searched {
        if let Some(memory) = memory.and_then(|memory| serde_json::to_string(&memory).ok()) {
            memories.insert(group.clone(), memory);
        }
        answers.push(LogProbeAnswer { group, probe: probe.into() });
    }
    answers.sort_by(|a, b| a.group.cmp(&b.group));
    (answers, memories)
}

/// What is asked of each group: Gatelight's patterns together, and each of the owner's by itself.
fn queries(search: &Search) -> Vec<Query<'_>> {
    let built_in = search.patterns.filters().into_iter();
    let built_in = built_in.map(|filter| Query { filter, of: Of::BuiltIn(&search.patterns) });
    let own = search.own.iter().map(|pattern| Query { filter: pattern.filter.clone(), of: Of::Own(pattern) });
    built_in.chain(own).collect()
}

/// The names of those of `groups` that are there, as far as is known.
pub(crate) fn names(groups: &[&LogGroupAnswer]) -> BTreeSet<String> {
    let there = groups.iter().filter(|answer| how(answer, false).is_some());
    there.map(|answer| answer.name.clone()).collect()
}

/// What searches a group: FilterLogEvents one of the standard class, or of which nothing is known; CloudWatch Logs Insights,
/// if it may be asked (`insights`), one of infrequent access. None for a group that is not there.
fn how(answer: &LogGroupAnswer, insights: bool) -> Option<How> {
    let by_class = |group: &LogGroup| match group.class.as_deref() {
        Some("INFREQUENT_ACCESS") if insights => How::Query,
        Some("INFREQUENT_ACCESS" | "DELIVERY") => How::Not,
        _ => How::Filter,
    };
    match answer.group.get() {
        Ok(group) => group.as_ref().map(by_class),
        Err(_) => Some(How::Filter),
    }
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, Gap};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn the_window_ends_now_and_what_is_counted_a_quarter_of_an_hour_ago() {
        let evidence =
            Evidence { window: SignedDuration::from_hours(24), metrics: true, samples: true, insights: false };
        let now = Timestamp::new(1_795_338_000, 999).expect("a time");
        assert_eq!(evidence.window(now), (at(1_795_338_000 - 86_400), at(1_795_338_000)));
        assert_eq!(evidence.counted(now), (at(1_795_338_000 - 86_400), at(1_795_338_000 - 900)));
    }

    #[test]
    fn groups_are_searched_by_what_their_class_allows_and_those_that_are_not_there_are_not() {
        let answer = |group: Result<Option<&str>, Gap>| LogGroupAnswer {
            name: "g".to_owned(),
            group: group
                .map(|class| {
                    let (class, created_at) = (class.map(str::to_owned), Fetched::known(at(0)));
                    Some(LogGroup { arn: "a".to_owned(), retention_days: None, class, kms_key: None, created_at })
                })
                .into(),
        };
        for (class, by_filter_alone, with_queries) in [
            (Ok(None), How::Filter, How::Filter),
            (Ok(Some("STANDARD")), How::Filter, How::Filter),
            (Ok(Some("INFREQUENT_ACCESS")), How::Not, How::Query),
            (Ok(Some("DELIVERY")), How::Not, How::Not),
            (Err(Gap::unprovable("g", "denied")), How::Filter, How::Filter),
        ] {
            let answer = answer(class);
            assert_eq!((how(&answer, false), how(&answer, true)), (Some(by_filter_alone), Some(with_queries)));
        }
        let absent = LogGroupAnswer { name: "g".to_owned(), group: Fetched::known(None) };
        assert_eq!((how(&absent, false), how(&absent, true)), (None, None));
    }
}
