//! Searches many log groups by FilterLogEvents, in rounds: one page of each group that has more, then the next page of each.
//! So a busy group starves no other.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use aws_sdk_cloudwatchlogs::{operation::filter_log_events::FilterLogEventsOutput, types::FilteredLogEvent};
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Gap, GapKind,
    fetched::GapDetails,
    inventory::{LogProbe, OwnPattern},
    log_patterns::{self, LogPatterns},
};
use jiff::Timestamp;

use super::hits::{CachedHits, HitCounts};
use crate::collect::aws::{Operation, failed, lacks};

/// Groups that are searched at once.
const SIDE_BY_SIDE: usize = 8;
/// Pages of a group that are read at most: 20 MB, or 200,000 events that the filters let through.
pub(crate) const BUDGET: usize = 20;
/// After so many groups that may not be searched, one begun after the other, and none that may, the rest is not tried.
/// A permission can be given group by group, so one refusal proves little.
const REFUSED_ENOUGH: u32 = 20;

/// A filter, and whose it is.
pub(crate) struct FilterQuery<'a> {
    pub(crate) filter: String,
    pub(crate) of: FilterOrigin<'a>,
}

/// Whose a filter is.
#[derive(Clone, Copy)]
pub(crate) enum FilterOrigin<'a> {
    /// Gatelight's: it lets through more than the patterns do.
    BuiltIn(&'a LogPatterns),
    /// The owner's: every event that CloudWatch lets through is a hit.
    Own(&'a OwnPattern),
}

/// A page to ask for.
pub(crate) struct PageRequest<'a> {
    pub(crate) group: &'a str,
    pub(crate) filter: &'a str,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) token: Option<String>,
}

/// A page; `None` if there is no such group.
pub(crate) type Answer = Result<Option<FilterLogEventsOutput>, Gap>;

/// What was found in a group; `None` if it does not exist.
pub(crate) type SearchResult = Result<Option<LogProbe>, Gap>;

/// A query that has more pages.
struct PendingQuery<'a> {
    query: &'a FilterQuery<'a>,
    token: Option<String>,
    /// The time of the last event that the filter let through.
    last: Option<Timestamp>,
}

/// The search of one group.
pub(crate) struct GroupSearch<'a> {
    pub(crate) group: String,
    window: (Timestamp, Timestamp),
    /// Those that are not at their end, each page of one before the next of any.
    open: VecDeque<PendingQuery<'a>>,
    pages: usize,
    counts: HitCounts,
    absent: bool,
    broken: Option<Gap>,
}

impl<'a> GroupSearch<'a> {
    pub(crate) fn new(
        group: &str,
        window: (Timestamp, Timestamp),
        queries: &'a [FilterQuery<'a>],
        counts: HitCounts,
    ) -> Self {
        let open = queries.iter().map(|query| PendingQuery { query, token: None, last: None }).collect();
        Self { group: group.to_owned(), window, open, pages: 0, counts, absent: false, broken: None }
    }

    fn has_more(&self) -> bool {
        !self.open.is_empty() && !self.absent && self.broken.is_none() && self.pages < BUDGET
    }

    /// Reads one page.
    async fn step(mut self, ask: &impl AsyncFn(PageRequest<'_>) -> Answer, refused: &RefusedSearches) -> Self {
        if let Some(gap) = refused.given_up(&self.group) {
            self.broken = Some(gap);
            return self;
        }
        let Some(open) = self.open.front() else { return self };
        let asked = PageRequest {
            group: &self.group,
            filter: &open.query.filter,
            from: self.counts.from(),
            until: self.window.1,
            token: open.token.clone(),
        };
        let answer = ask(asked).await;
        refused.note(answer.as_ref().err());
        self.pages += 1;
        match answer {
            Ok(Some(page)) => self.take(&page),
            // One that is deleted meanwhile, after hits, is there for what was found in it.
            Ok(None) => self.absent = true,
            Err(gap) => self.broken = Some(gap),
        }
        self
    }

    fn take(&mut self, page: &FilterLogEventsOutput) {
        let Some(mut open) = self.open.pop_front() else { return };
        let Some(events) = &page.events else {
            self.broken = Some(lacks(Operation::FilterLogEvents, &self.group, "the list of events"));
            self.open.push_front(open);
            return;
        };
        for event in events {
            match read(event, &self.group) {
                Ok((time, line)) => {
                    open.last = Some(time);
                    if let Some(pattern) = hit(open.query, line) {
                        self.counts.add(pattern, time, line);
                    }
                }
                Err(gap) => self.broken = Some(gap),
            }
        }
        let next = page.next_token.clone().filter(|token| !token.is_empty());
        if next.is_some() && next == open.token {
            let why = "pagination does not end: a page token was repeated";
            self.broken = Some(failed(Operation::FilterLogEvents, &self.group, why));
        }
        if next.is_some() || self.broken.is_some() {
            open.token = next;
            self.open.push_back(open);
        }
    }

    /// What was found in the group, and what to remember of it. Hits count even if the search broke off; "no hits" counts
    /// only if it came to its end.
    pub(crate) fn end(self) -> (SearchResult, Option<CachedHits>) {
        let Self { window: (since, until), open, pages, counts, absent, broken, .. } = self;
        // A deleted group has no memory.
        if absent && (pages == 1 || counts.is_empty()) {
            return (Ok(None), None);
        }
        let complete = open.is_empty() && broken.is_none();
        // Empty pages have no time.
        let reached = open.iter().map(|open| open.last.unwrap_or(counts.from())).min();
        let (hits, memory) = counts.end(complete);
        match broken {
            Some(gap) if hits.is_empty() => (Err(gap), memory),
            _ => (Ok(Some(LogProbe { since, until, silent: false, reached, hits })), memory),
        }
    }
}

fn read<'e>(event: &'e FilteredLogEvent, group: &str) -> Result<(Timestamp, &'e str), Gap> {
    let lacks = |what| lacks(Operation::FilterLogEvents, group, what);
    let line = event.message().ok_or_else(|| lacks("an event's message"))?;
    let time = event.timestamp().ok_or_else(|| lacks("an event's time"))?;
    let time = Timestamp::from_millisecond(time)
        .map_err(|_| failed(Operation::FilterLogEvents, group, "an event's time is out of range"))?;
    Ok((time, line))
}

/// The name of the pattern that an event hits.
fn hit<'a>(query: &FilterQuery<'a>, line: &str) -> Option<&'a str> {
    match query.of {
        FilterOrigin::BuiltIn(patterns) => patterns.matches(line).map(|pattern| pattern.name),
        FilterOrigin::Own(pattern) => {
            (!log_patterns::is_our_own_by(line, &pattern.filter)).then_some(pattern.name.as_str())
        }
    }
}

/// Searches all of them.
pub(crate) async fn search_in_rounds<'a>(
    searches: Vec<GroupSearch<'a>>,
    ask: &impl AsyncFn(PageRequest<'_>) -> Answer,
) -> Vec<GroupSearch<'a>> {
    let refused = RefusedSearches::default();
    let (mut over, mut open) = (Vec::new(), searches);
    while !open.is_empty() {
        let stepped = stream::iter(open).map(|search| search.step(ask, &refused)).buffered(SIDE_BY_SIDE);
        let stepped: Vec<_> = stepped.collect().await;
        let (more, ended): (Vec<_>, Vec<_>) = stepped.into_iter().partition(GroupSearch::has_more);
        over.extend(ended);
        open = more;
    }
    over
}

/// Searches that were refused since the last that was not.
#[derive(Debug, Default)]
pub(crate) struct RefusedSearches(Mutex<(u32, Option<Gap>)>);

impl RefusedSearches {
    /// Records how a search ended.
    pub(crate) fn note(&self, failed: Option<&Gap>) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failed {
            Some(gap) if gap.why().kind == GapKind::Denied => *refused = (refused.0 + 1, Some(gap.clone())),
            Some(_) => {}
            // One that succeeded shows that the rest is worth trying.
            None => *refused = (0, None),
        }
    }

    /// The gap for a search that is not worth trying any more.
    pub(crate) fn given_up(&self, group: &str) -> Option<Gap> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = &*refused;
        let last = last.as_ref()?.why();
        (*count >= REFUSED_ENOUGH).then(|| {
            Gap::new(GapDetails {
                resource: group.to_owned(),
                message: format!("skipped after {count} rejected searches in a row: {}", last.message),
                ..last.clone()
            })
        })
    }
}

#[cfg(test)]
mod tests;
