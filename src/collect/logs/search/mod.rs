//! Searches log groups for signs that logs or traces do not arrive.
//!
//! A search costs at least one call a group, at five a second, so CloudWatch's metrics say first which groups received
//! events at all. A group counts as silent only if that answer is complete.

#[cfg(test)]
pub(crate) mod fake;
mod filter_events;
mod hits;
mod insights;
pub(in crate::collect) mod patterns;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs as logs;
use futures_util::future::join;
use gatelight_model::inventory::{LogGroup, LogGroupAnswer, LogProbe, LogProbeAnswer};
use jiff::Timestamp;

use self::insights::GroupQuery;
use super::search::{
    filter_events::{FilterOrigin, FilterQuery, GroupSearch, PageRequest, SearchResult, search_in_rounds},
    hits::{CachedHits, HitCounts},
    patterns::SearchSettings,
};
use crate::collect::{
    aws::Operation,
    cache::RegionCache,
    client::RegionClient,
    needs::{Needs, counted_up_to},
};

/// The most events that FilterLogEvents gives in a page.
const PAGE: i32 = 10_000;

/// How a log group is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SearchMethod {
    /// By FilterLogEvents.
    Filter,
    /// By a query of CloudWatch Logs Insights.
    Query,
    /// Not at all.
    None,
}

/// Searches the groups. Gives what was found in each, and what to remember of it. A group that is known to be absent is not
/// searched; a group of a class that cannot be searched has an answer only if it is silent.
pub(in crate::collect) async fn log_probes(
    region: &RegionClient,
    groups: &[&LogGroupAnswer],
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    needs: &Needs,
    remembered: &RegionCache,
) -> (Vec<LogProbeAnswer>, RegionCache) {
    let (evidence, search) = (needs.evidence, &needs.search);
    let window = (hits::beginning(since, until), until);
    let groups: BTreeMap<&str, SearchMethod> = groups
        .iter()
        .filter_map(|answer| Some((answer.name.as_str(), search_method(answer, evidence.insights)?)))
        .collect();
    if groups.is_empty() {
        return Default::default();
    }
    let filters = queries(search);
    let planned = plan_searches(&groups, silent, window, (search, evidence.samples), &filters, remembered);
    let client = logs::Client::new(&region.config);
    let ask = async |asked: PageRequest<'_>| {
        let PageRequest { group, filter, from, until, token } = asked;
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
    let to_search = planned.by_filter.len() + planned.by_query.len();
    region.calls.progress().show(|| format!("{}: search of {to_search} log groups", region.name));
    let (by_filter, by_query) = join(
        Box::pin(search_in_rounds(planned.by_filter, &ask)),
        Box::pin(insights::search(region, &client, planned.by_query, window, search, evidence.metrics)),
    )
    .await;
    let by_filter = by_filter.into_iter().map(|searched| {
        let group = searched.group.clone();
        let (probe, memory) = searched.end();
        (group, probe, memory)
    });
    collect_answers(planned.answers, by_filter.chain(by_query))
}

/// The searches to make, and the answers for groups that need none.
struct PlannedSearches<'a> {
    answers: Vec<LogProbeAnswer>,
    by_filter: Vec<GroupSearch<'a>>,
    by_query: Vec<GroupQuery>,
}

/// Plans the searches, each continuing from what is remembered. Groups that are known to be silent are not searched.
fn plan_searches<'a>(
    groups: &BTreeMap<&str, SearchMethod>,
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    (search, samples): (&SearchSettings, bool),
    filters: &'a [FilterQuery<'a>],
    remembered: &RegionCache,
) -> PlannedSearches<'a> {
    let made_for = search.fingerprint(samples);
    let mut planned = PlannedSearches { answers: Vec::new(), by_filter: Vec::new(), by_query: Vec::new() };
    for (group, how) in groups {
        // A memory that cannot be read, such as a newer version's, does not count.
        let memory: Option<CachedHits> = remembered.get(*group).and_then(|memory| serde_json::from_str(memory).ok());
        let counts = HitCounts::begin((since, until), &made_for, samples, memory);
        // Hits that were found before stay, whatever CloudWatch counted.
        if silent.contains(*group) && counts.is_empty() {
            let until = counted_up_to(since, until);
            let probe = LogProbe { since, until, silent: true, reached: None, hits: Vec::new() };
            planned.answers.push(LogProbeAnswer { group: (*group).to_owned(), probe: Ok(Some(probe)).into() });
            continue;
        }
        match how {
            SearchMethod::Filter => planned.by_filter.push(GroupSearch::new(group, (since, until), filters, counts)),
            SearchMethod::Query => planned.by_query.push(GroupQuery { group: (*group).to_owned(), counts }),
            SearchMethod::None => {}
        }
    }
    planned
}

/// All answers, sorted by group, and what to remember.
fn collect_answers(
    mut answers: Vec<LogProbeAnswer>,
    searched: impl Iterator<Item = (String, SearchResult, Option<CachedHits>)>,
) -> (Vec<LogProbeAnswer>, RegionCache) {
    let mut memories = RegionCache::new();
    for (group, probe, memory) in searched {
        if let Some(memory) = memory.and_then(|memory| serde_json::to_string(&memory).ok()) {
            memories.insert(group.clone(), memory);
        }
        answers.push(LogProbeAnswer { group, probe: probe.into() });
    }
    answers.sort_by(|a, b| a.group.cmp(&b.group));
    (answers, memories)
}

/// The queries for each group: one for all of Gatelight's patterns, and one for each of the owner's.
fn queries(search: &SearchSettings) -> Vec<FilterQuery<'_>> {
    let built_in = search.patterns.filters().into_iter();
    let built_in = built_in.map(|filter| FilterQuery { filter, of: FilterOrigin::BuiltIn(&search.patterns) });
    let own =
        search.own.iter().map(|pattern| FilterQuery { filter: pattern.filter.clone(), of: FilterOrigin::Own(pattern) });
    built_in.chain(own).collect()
}

/// The names of those of `groups` that exist, as far as is known.
pub(crate) fn names(groups: &[&LogGroupAnswer]) -> BTreeSet<String> {
    let there = groups.iter().filter(|answer| search_method(answer, false).is_some());
    there.map(|answer| answer.name.clone()).collect()
}

/// How to search a group: by FilterLogEvents if it is of the standard class or nothing is known of it; by CloudWatch Logs
/// Insights, if that may be used (`insights`), if it is of infrequent access. `None` for a group that does not exist.
fn search_method(answer: &LogGroupAnswer, insights: bool) -> Option<SearchMethod> {
    let by_class = |group: &LogGroup| match group.class.as_deref() {
        Some("INFREQUENT_ACCESS") if insights => SearchMethod::Query,
        Some("INFREQUENT_ACCESS" | "DELIVERY") => SearchMethod::None,
        _ => SearchMethod::Filter,
    };
    match answer.group.get() {
        Ok(group) => group.as_ref().map(by_class),
        Err(_) => Some(SearchMethod::Filter),
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
            (Ok(None), SearchMethod::Filter, SearchMethod::Filter),
            (Ok(Some("STANDARD")), SearchMethod::Filter, SearchMethod::Filter),
            (Ok(Some("INFREQUENT_ACCESS")), SearchMethod::None, SearchMethod::Query),
            (Ok(Some("DELIVERY")), SearchMethod::None, SearchMethod::None),
            (Err(Gap::unprovable("g", "denied")), SearchMethod::Filter, SearchMethod::Filter),
        ] {
            let answer = answer(class);
            assert_eq!(
                (search_method(&answer, false), search_method(&answer, true)),
                (Some(by_filter_alone), Some(with_queries))
            );
        }
        let absent = LogGroupAnswer { name: "g".to_owned(), group: Fetched::known(None) };
        assert_eq!((search_method(&absent, false), search_method(&absent, true)), (None, None));
    }
}
