//! What log groups hold of signs that logs or traces do not arrive.
//!
//! A search costs a call a group at least, at five a second: so CloudWatch is asked first which groups took events at
//! all, 500 a call. A group is taken for silent only where that answer is whole.

mod rounds;
#[cfg(test)]
pub(crate) mod standin;
mod tally;
mod what;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::{
    self as cloudwatch,
    operation::get_metric_data::GetMetricDataOutput,
    types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode},
};
use aws_sdk_cloudwatchlogs as logs;
use gatelight_checks::inventory::{LogGroup, LogGroupAnswer, LogProbe, LogProbeAnswer};
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::what::{Names, Search};
use self::{
    rounds::{Answer, Ask, GroupSearch, Of, Query, rounds},
    tally::{Memory, Tally},
};
use super::{
    Region,
    aws::{Operation, Page},
};

/// The most events that FilterLogEvents gives in a page.
const PAGE: i32 = 10_000;
/// The most metrics that GetMetricData takes in a call.
const BATCH: usize = 500;
/// How long CloudWatch may take to count an event: a group without a count is known to be silent up to so long ago.
const DELAY: SignedDuration = SignedDuration::from_mins(15);

/// What is remembered of the searches in a region, by log group. Nobody but this module reads it.
pub(crate) type GroupMemories = BTreeMap<String, String>;

/// What is remembered of all searches, by account and region.
pub(crate) type Remembered = BTreeMap<(String, String), GroupMemories>;

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

/// What the search of each group gave, and what to remember of it. A group that is known to be absent is not searched;
/// one of a class that cannot be searched has an answer only if it is silent.
pub(super) async fn log_probes(
    region: &Region,
    groups: &[&LogGroupAnswer],
    (since, until): (Timestamp, Timestamp),
    evidence: Evidence,
    search: &Search,
    remembered: &GroupMemories,
) -> (Vec<LogProbeAnswer>, GroupMemories) {
    let since = tally::beginning(since, until);
    let groups: BTreeMap<&str, bool> =
        groups.iter().filter_map(|answer| Some((answer.name.as_str(), is_searchable(answer)?))).collect();
    if groups.is_empty() {
        return Default::default();
    }
    let names: Vec<&str> = groups.keys().copied().collect();
    let silent = if evidence.metrics { silent_groups(region, &names, since, until).await } else { BTreeSet::new() };
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
    let to_search = groups.iter().filter(|(name, searchable)| **searchable && !silent.contains(**name)).count();
    region.calls.progress().say(|| format!("{}: search of {to_search} log groups", region.name));
    search_groups(&groups, &silent, (since, until), (search, evidence.samples), remembered, &ask).await
}

/// Searches groups (by name, and whether they can be searched at all), but for those that are known to be silent.
async fn search_groups(
    groups: &BTreeMap<&str, bool>,
    silent: &BTreeSet<String>,
    (since, until): (Timestamp, Timestamp),
    (search, samples): (&Search, bool),
    remembered: &GroupMemories,
    ask: &impl AsyncFn(Ask<'_>) -> Answer,
) -> (Vec<LogProbeAnswer>, GroupMemories) {
    let made_for = search.fingerprint(samples);
    let queries = queries(search);
    let (mut answers, mut searches) = (Vec::new(), Vec::new());
    for (group, searchable) in groups {
        // One that cannot be read, such as a newer version's, is none.
        let memory: Option<Memory> = remembered.get(*group).and_then(|memory| serde_json::from_str(memory).ok());
        let tally = Tally::begin((since, until), &made_for, samples, memory);
        // What was found is found, whatever CloudWatch counted.
        if silent.contains(*group) && tally.is_empty() {
            let until = until.checked_sub(DELAY).map_or(since, |counted| counted.max(since));
            let probe = LogProbe { since, until, silent: true, reached: None, hits: Vec::new() };
            answers.push(LogProbeAnswer { group: (*group).to_owned(), probe: Ok(Some(probe)).into() });
        } else if *searchable {
            searches.push(GroupSearch::new(group, (since, until), &queries, tally));
        }
    }
    let mut memories = GroupMemories::new();
    for searched in rounds(searches, ask).await {
        let group = searched.group.clone();
        let (probe, memory) = searched.end();
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

/// Whether FilterLogEvents searches a group: one of the standard class, or of which nothing is known. None for one that
/// is not there.
fn is_searchable(answer: &LogGroupAnswer) -> Option<bool> {
    let standard = |group: &LogGroup| !matches!(group.class.as_deref(), Some("INFREQUENT_ACCESS" | "DELIVERY"));
    match answer.group.get() {
        Ok(group) => group.as_ref().map(standard),
        Err(_) => Some(true),
    }
}

// ---- Which groups took no events ---------------------------------------------------------------------------------------

/// The groups that are known to have taken no events. One of which CloudWatch would not say is not among them.
async fn silent_groups(region: &Region, names: &[&str], since: Timestamp, until: Timestamp) -> BTreeSet<String> {
    let client = cloudwatch::Client::new(&region.config);
    let (period, from, to) = periods(since, until);
    let mut silent = BTreeSet::new();
    for batch in names.chunks(BATCH) {
        let queries: Vec<_> = batch.iter().enumerate().map(|(at, name)| query(at, name, period)).collect();
        let mut counts = Counts::default();
        let resource = "AWS/Logs IncomingLogEvents";
        let all = region
            .calls
            .pages(Operation::GetMetricData, resource, async |token| {
                let answer = region
                    .calls
                    .call(Operation::GetMetricData, resource, || {
                        client
                            .get_metric_data()
                            .set_metric_data_queries(Some(queries.clone()))
                            .start_time(from)
                            .end_time(to)
                            .set_next_token(token.clone())
                            .send()
                    })
                    .await?;
                counts.take(&answer);
                Ok(Page::<()> { elements: Vec::new(), next: answer.next_token })
            })
            .await;
        // Without the metric every group is searched: no verdict hangs on it. What kept it from this batch would keep it
        // from the next.
        if all.rest.get().is_err() {
            break;
        }
        silent.extend(counts.silent(batch).map(str::to_owned));
    }
    silent
}

/// A period in seconds, and whole periods that cover the window: CloudWatch leaves out a period that begins before the
/// start, so a start within one would hide events.
fn periods(
    since: Timestamp,
    until: Timestamp,
) -> (i32, cloudwatch::primitives::DateTime, cloudwatch::primitives::DateTime) {
    let week = SignedDuration::from_hours(7 * 24);
    let period: i32 = if until.duration_since(since) <= week { 3_600 } else { 86_400 };
    let long = i64::from(period);
    let from = since.as_second().div_euclid(long) * long;
    let to = (until.as_second().div_euclid(long) + 1) * long;
    let time = cloudwatch::primitives::DateTime::from_secs;
    (period, time(from), time(to))
}

fn query(at: usize, group: &str, period: i32) -> MetricDataQuery {
    let dimension = Dimension::builder().name("LogGroupName").value(group).build();
    let metric = Metric::builder().namespace("AWS/Logs").metric_name("IncomingLogEvents").dimensions(dimension).build();
    let sum = MetricStat::builder().metric(metric).period(period).stat("Sum").build();
    MetricDataQuery::builder().id(id(at)).metric_stat(sum).return_data(true).build()
}

/// Ids of queries begin with a small letter.
fn id(at: usize) -> String {
    format!("g{at}")
}

/// What CloudWatch said about the groups of a batch, over all pages.
#[derive(Debug, Default)]
struct Counts {
    /// By id: whether no event was counted, and whether the last answer was a whole one.
    seen: BTreeMap<String, (bool, bool)>,
    /// Whether CloudWatch had something to say about the call as a whole: then not all of it was done.
    objections: bool,
}

impl Counts {
    fn take(&mut self, answer: &GetMetricDataOutput) {
        self.objections |= !answer.messages().is_empty();
        for result in answer.metric_data_results() {
            let MetricDataResult { values, status_code, messages, .. } = result;
            let Some(id) = &result.id else { continue };
            let (none, whole) = self.seen.entry(id.clone()).or_insert((true, false));
            // What is not a plain zero counts as events.
            *none &= values.iter().flatten().all(|value| *value == 0.0) && messages.iter().flatten().next().is_none();
            *whole = *status_code == Some(StatusCode::Complete);
        }
    }

    /// The groups of the batch without events.
    fn silent<'a>(&self, batch: &[&'a str]) -> impl Iterator<Item = &'a str> {
        let is_silent = |(at, name): (usize, &&'a str)| {
            let said = self.seen.get(&id(at)).filter(|_| !self.objections);
            (said == Some(&(true, true))).then_some(*name)
        };
        batch.iter().enumerate().filter_map(is_silent)
    }
}

#[cfg(test)]
mod tests {
    use gatelight_checks::{Fetched, Gap};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn result(at: usize, values: &[f64], status: StatusCode) -> MetricDataResult {
        MetricDataResult::builder().id(id(at)).set_values(Some(values.to_vec())).status_code(status).build()
    }

    fn silent(pages: &[GetMetricDataOutput]) -> Vec<&'static str> {
        let mut counts = Counts::default();
        for page in pages {
            counts.take(page);
        }
        counts.silent(&["a", "b", "c"]).collect()
    }

    fn page(results: Vec<MetricDataResult>) -> GetMetricDataOutput {
        GetMetricDataOutput::builder().set_metric_data_results(Some(results)).build()
    }

    #[test]
    fn silent_is_what_a_whole_answer_counts_no_events_for() {
        use StatusCode::{Complete, Forbidden, InternalError, PartialData};
        assert_eq!(
            silent(&[page(vec![
                result(0, &[], Complete),
                result(1, &[0.0, 0.0], Complete),
                result(2, &[0.0, 3.0], Complete)
            ])]),
            ["a", "b"]
        );
        assert_eq!(
            silent(&[page(vec![
                result(0, &[], PartialData),
                result(1, &[], Forbidden),
                result(2, &[], InternalError)
            ])]),
            [""; 0]
        );
        // Nothing said is nothing known.
        assert_eq!(silent(&[]), [""; 0]);
        assert_eq!(silent(&[page(vec![result(1, &[], Complete)])]), ["b"]);
        assert_eq!(silent(&[page(vec![MetricDataResult::builder().id(id(0)).build()])]), [""; 0]);
        assert_eq!(silent(&[page(vec![MetricDataResult::builder().status_code(Complete).build()])]), [""; 0]);
        assert_eq!(silent(&[page(vec![result(0, &[f64::NAN], Complete)])]), [""; 0]);
    }

    #[test]
    fn pages_add_up_and_the_last_says_whether_it_was_all() {
        use StatusCode::{Complete, PartialData};
        let first =
            page(vec![result(0, &[0.0], PartialData), result(1, &[2.0], PartialData), result(2, &[], Complete)]);
        let last = page(vec![result(0, &[0.0], Complete), result(1, &[0.0], Complete)]);
        assert_eq!(silent(&[first.clone(), last]), ["a", "c"]);
        assert_eq!(silent(&[first]), ["c"]);
    }

    #[test]
    fn an_objection_of_cloudwatch_leaves_nobody_silent() {
        let message = || cloudwatch::types::MessageData::builder().code("x").value("too many metrics").build();
        let whole = GetMetricDataOutput::builder()
            .metric_data_results(result(0, &[], StatusCode::Complete))
            .messages(message())
            .build();
        assert_eq!(silent(&[whole]), [""; 0]);
        let one = MetricDataResult::builder().id(id(0)).status_code(StatusCode::Complete).messages(message()).build();
        assert_eq!(silent(&[page(vec![one, result(1, &[], StatusCode::Complete)])]), ["b"]);
    }

    #[test]
    fn whole_periods_cover_the_window() {
        let (period, from, to) = periods(at(1_795_251_661), at(1_795_337_161));
        assert_eq!((period, from.secs() % 3_600, to.secs() % 3_600), (3_600, 0, 0));
        assert!(from.secs() <= 1_795_251_661 && from.secs() > 1_795_251_661 - 3_600);
        assert!(to.secs() > 1_795_337_161 && to.secs() <= 1_795_337_161 + 3_600);
        let (period, from, to) = periods(at(1_795_337_161 - 90 * 86_400), at(1_795_337_161));
        assert_eq!((period, from.secs() % 86_400, to.secs() % 86_400), (86_400, 0, 0));
        // 500 groups stay below the 100,800 points of an answer.
        assert!((to.secs() - from.secs()) / i64::from(period) * 500 < 100_800);
        assert_eq!(id(0), "g0");
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
                    Some(LogGroup { arn: "a".to_owned(), retention_days: None, class, kms_key: None })
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
}
