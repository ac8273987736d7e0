//! The search of log groups of class `INFREQUENT_ACCESS` by queries of CloudWatch Logs Insights, which AWS bills by the
//! volume that they scan. One query a group: a group whose events fill the answer takes no other's place.
//!
//! A run that is interrupted ends at once, so its queries end by themselves, at AWS's limit of an hour at the latest.

mod answer;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use aws_sdk_cloudwatchlogs::{
    self as logs,
    operation::get_query_results::GetQueryResultsOutput,
    types::{QueryStatistics, QueryStatus},
};
use futures_util::{StreamExt, stream};
use gatelight_model::{Gap, GapKind, fetched::GapDetails, inventory::LogProbe, log_patterns::ROWS};
use jiff::Timestamp;

use self::answer::ReadRows;
use super::{
    filter_events::{RefusedSearches, SearchResult},
    hits::{CachedHits, HitCounts},
    patterns::SearchSettings,
};
use crate::{
    collect::{
        aws::{Calls, Operation, failed, lacks},
        client::RegionClient,
        cloudwatch::{ingestion, metrics, window::Window},
    },
    insights_notice::{self, Volume},
};

/// Queries that run at once. All queries of an account in a region share a quota of 100, those of dashboards too
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html>).
const SIDE_BY_SIDE: usize = 2;
/// After so many queries in a region that did not end in time, no other is begun.
const LATE_ENOUGH: u32 = 2;
/// Pages of one query's results that are read at most: AWS gives them in one.
const PAGES: usize = 100;

/// A log group to search, and what was found in it so far.
pub(crate) struct GroupQuery {
    pub(crate) group: String,
    pub(crate) counts: HitCounts,
}

/// How often the state of a query is read.
#[derive(Clone, Copy, Debug)]
struct Polling {
    /// The first pause; each is twice as long as the one before.
    first: Duration,
    /// The longest.
    most: Duration,
    /// How long a query may run.
    limit: Duration,
}

const POLLING: Polling =
    Polling { first: Duration::from_secs(1), most: Duration::from_secs(5), limit: Duration::from_mins(10) };

/// Runs queries: CloudWatch, or a fake in tests.
trait QueryService {
    /// Starts a query over `from..=until`, whole seconds. Gives its id; `None` if there is no such group.
    async fn start(&self, group: &str, query: &str, from: Timestamp, until: Timestamp) -> Result<Option<String>, Gap>;
    /// Its status, and what it found.
    async fn results(&self, group: &str, id: &str, token: Option<String>) -> Result<GetQueryResultsOutput, Gap>;
    /// Ends it, if that can be done.
    async fn stop(&self, group: &str, id: &str);
    /// Counts what it scanned, as far as that is known.
    fn scanned(&self, bytes: u64, told: bool);
}

struct CloudWatch<'a> {
    calls: &'a Calls,
    client: &'a logs::Client,
}

impl QueryService for CloudWatch<'_> {
    async fn start(&self, group: &str, query: &str, from: Timestamp, until: Timestamp) -> Result<Option<String>, Gap> {
        let send = || {
            let query = self.client.start_query().log_group_name(group).query_string(query);
            query.start_time(from.as_second()).end_time(until.as_second()).send()
        };
        let Some(started) = self.calls.find(Operation::StartQuery, group, send).await? else { return Ok(None) };
        let id = started.query_id.filter(|id| !id.is_empty());
        id.map(Some).ok_or_else(|| lacks(Operation::StartQuery, group, "the query's id"))
    }

    async fn results(&self, group: &str, id: &str, token: Option<String>) -> Result<GetQueryResultsOutput, Gap> {
        let send = || self.client.get_query_results().query_id(id).set_next_token(token.clone()).send();
        self.calls.call(Operation::GetQueryResults, group, send).await
    }

    async fn stop(&self, group: &str, id: &str) {
        let send = || self.client.stop_query().query_id(id).send();
        // Where it cannot be stopped it ends by itself.
        let _ = self.calls.call(Operation::StopQuery, group, send).await;
    }

    fn scanned(&self, bytes: u64, told: bool) {
        self.calls.count_scanned(bytes, told);
    }
}

/// Searches groups, after a notice of what that will cost. Without `metrics` that is not known.
pub(crate) async fn search(
    region: &RegionClient,
    client: &logs::Client,
    groups: Vec<GroupQuery>,
    window: (Timestamp, Timestamp),
    search: &SearchSettings,
    metrics: bool,
) -> Vec<(String, SearchResult, Option<CachedHits>)> {
    if groups.is_empty() {
        return Vec::new();
    }
    announce(region, &groups, window.1, metrics).await;
    let service = CloudWatch { calls: &region.calls, client };
    search_by(&service, groups, window, search, POLLING).await
}

/// Says how much queries over `groups` will scan, each from where its search begins up to `until`, and what AWS bills.
async fn announce(region: &RegionClient, groups: &[GroupQuery], until: Timestamp, with_metrics: bool) {
    let volume = if with_metrics {
        let bytes =
            |query: &GroupQuery| ingestion::incoming_bytes(&query.group, Window::covering(query.counts.from(), until));
        let queries: Vec<_> = groups.iter().map(bytes).collect();
        let totals = metrics::read(region, &queries).await;
        let bytes = totals.iter().flatten().map(|total| u128::from(total.count())).sum();
        Volume::Known(bytes, totals.iter().filter(|total| total.is_err()).count())
    } else {
        Volume::NotAsked
    };
    let account = region.account.as_deref().map_or_else(String::new, |account| format!("{account} "));
    let place = format!("{account}{}", region.name);
    region.calls.progress().announce(&insights_notice::notice(&place, groups.len(), &volume, &region.name));
}

async fn search_by(
    service: &impl QueryService,
    groups: Vec<GroupQuery>,
    window: (Timestamp, Timestamp),
    search: &SearchSettings,
    polling: Polling,
) -> Vec<(String, SearchResult, Option<CachedHits>)> {
    let query = search.patterns.insights_query();
    let (refused, late) = (RefusedSearches::default(), AtomicU32::new(0));
    let queries = Queries { service, window, search, query: &query, polling, refused: &refused, late: &late };
    stream::iter(groups).map(|group| queries.one(group)).buffered(SIDE_BY_SIDE).collect().await
}

/// What all queries share.
struct Queries<'a, S> {
    service: &'a S,
    window: (Timestamp, Timestamp),
    search: &'a SearchSettings,
    query: &'a str,
    polling: Polling,
    refused: &'a RefusedSearches,
    /// Queries that did not end in time.
    late: &'a AtomicU32,
}

impl<S: QueryService> Queries<'_, S> {
    async fn one(&self, GroupQuery { group, mut counts }: GroupQuery) -> (String, SearchResult, Option<CachedHits>) {
        let (since, until) = self.window;
        let read = match self.rows(&group, counts.from()).await {
            Ok(Some(pages)) => {
                answer::read(&pages, (counts.from(), until), &self.search.patterns, &group, |pattern, time, line| {
                    counts.add(pattern, time, line);
                })
            }
            // A deleted group has no memory.
            Ok(None) => return (group, Ok(None), None),
            Err(gap) => ReadRows { reached: Some(counts.from()), broken: Some(gap) },
        };
        let complete = read.reached.is_none() && read.broken.is_none();
        let reached = read.reached.or_else(|| read.broken.is_some().then(|| counts.from()));
        let (hits, memory) = counts.end(complete);
        // Hits count whatever was left out; "no hits" counts only if everything was searched.
        let searched = match read.broken.or_else(|| self.own(&group)) {
            Some(gap) if hits.is_empty() => Err(gap),
            _ => Ok(Some(LogProbe { since, until, silent: false, reached, hits })),
        };
        (group, searched, memory)
    }

    /// Why the owner's own patterns were not searched for, if there are any.
    fn own(&self, group: &str) -> Option<Gap> {
        let names: Vec<_> = self.search.own.iter().map(|pattern| pattern.name.as_str()).collect();
        (!names.is_empty()).then(|| {
            let why = format!(
                "log group {group} is of class INFREQUENT_ACCESS: CloudWatch Logs Insights searched it for the \
                 built-in patterns without a hit, and does not support your own filter patterns ({})",
                names.join(", ")
            );
            Gap::unprovable(group, why)
        })
    }

    /// All pages of a query over a group; `None` if there is no such group.
    async fn rows(&self, group: &str, from: Timestamp) -> Result<Option<Vec<GetQueryResultsOutput>>, Gap> {
        if let Some(gap) = self.refused.given_up(group) {
            return Err(gap);
        }
        let late = self.late.load(Ordering::Relaxed);
        if late >= LATE_ENOUGH {
            return Err(too_late(group, &format!("skipped after {late} queries did not finish in time")));
        }
        let started = self.service.start(group, self.query, from, self.window.1).await;
        self.refused.note(started.as_ref().err());
        let Some(id) = started? else { return Ok(None) };
        let mut scanned = None;
        let pages = self.wait(group, &id, &mut scanned).await;
        let told = pages.is_ok() && scanned.is_some();
        self.service.scanned(scanned.unwrap_or_default(), told);
        if pages.as_ref().is_err_and(|gap| gap.why().kind == GapKind::TimedOut) {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        pages.map(Some)
    }

    /// Waits for a query to end, and reads what it found.
    async fn wait(&self, group: &str, id: &str, scanned: &mut Option<u64>) -> Result<Vec<GetQueryResultsOutput>, Gap> {
        let (begun, mut pause) = (Instant::now(), self.polling.first);
        let whole = loop {
            tokio::time::sleep(pause).await;
            let answer = match self.service.results(group, id, None).await {
                Ok(answer) => answer,
                // Nobody will read what it finds.
                Err(gap) => {
                    self.service.stop(group, id).await;
                    return Err(gap);
                }
            };
            *scanned = answer.statistics.as_ref().map(bytes).or(*scanned);
            let ended = match &answer.status {
                Some(QueryStatus::Complete) => break answer,
                Some(QueryStatus::Scheduled | QueryStatus::Running) => false,
                Some(QueryStatus::Failed | QueryStatus::Cancelled | QueryStatus::Timeout) => true,
                _ => {
                    self.service.stop(group, id).await;
                    true
                }
            };
            if ended {
                let status = answer.status.as_ref().map_or("missing", QueryStatus::as_str);
                return Err(failed(Operation::GetQueryResults, group, &format!("the query's status is {status}")));
            }
            if begun.elapsed() >= self.polling.limit {
                self.service.stop(group, id).await;
                let seconds = self.polling.limit.as_secs();
                return Err(too_late(
                    group,
                    &format!("the query did not finish within {seconds} seconds and was stopped"),
                ));
            }
            pause = (pause * 2).min(self.polling.most);
        };
        let mut pages = vec![whole];
        loop {
            let token = pages.last().and_then(|page| page.next_token.clone()).filter(|token| !token.is_empty());
            let read: usize = pages.iter().map(|page| page.results().len()).sum();
            let Some(token) = token.filter(|_| read < ROWS) else { return Ok(pages) };
            if pages.len() >= PAGES {
                return Err(failed(Operation::GetQueryResults, group, "pagination does not end"));
            }
            pages.push(self.service.results(group, id, Some(token)).await?);
        }
    }
}

fn too_late(group: &str, message: &str) -> Gap {
    Gap::new(GapDetails {
        operation: Operation::GetQueryResults.name().to_owned(),
        permission: Operation::GetQueryResults.permission().to_owned(),
        resource: group.to_owned(),
        kind: GapKind::TimedOut,
        message: message.to_owned(),
        denied_by: None,
    })
}

/// What a query scanned up to now.
fn bytes(statistics: &QueryStatistics) -> u64 {
    let bytes = statistics.bytes_scanned;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no number, or below zero, becomes 0, and what is too large the most that can be counted"
    )]
    let bytes = bytes.round() as u64;
    bytes
}

#[cfg(test)]
mod tests;
