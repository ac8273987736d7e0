//! One place for every call: its turn, its attempts, its time limits, and the gap that it leaves when it fails.
//!
//! The SDK's own retries are off. They keep their budget in process-wide statics by service and region, so that one
//! throttled account would slow down all others; and they would make requests that are neither paced nor counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use gatelight_model::{Gap, GapKind, Listing, fetched::GapDetails};

use super::{
    operation::Operation,
    pace::{Pace, Pacer},
    refusal::{AwsRefusal, BAD_CREDENTIALS},
    request_counts::Traffic,
};
use crate::progress::Progress;

/// After so many calls of one operation, one begun after the other, that failed for good though retried, and none that
/// succeeded between them, the rest is not tried: a thousand stages behind a dead endpoint must not cost a thousand
/// times the time limits.
const GIVE_UP_AFTER: u32 = 2;
/// A list that is longer than this is taken for one that never ends.
const MAX_PAGES: usize = 100_000;

/// Makes the calls to one account in one region (or to its global services).
#[derive(Debug)]
pub(crate) struct Calls {
    pacer: Pacer,
    traffic: Mutex<Traffic>,
    failing: Mutex<BTreeMap<Operation, Failing>>,
    answers: Mutex<Answers>,
    progress: Progress,
}

/// Calls of an operation that failed for good since the last that succeeded.
#[derive(Debug)]
struct Failing {
    /// Calls side by side fail together and count as one: only a call that was begun after the last failure counts.
    in_a_row: u32,
    last_at: Instant,
    last: Gap,
}

/// Whether AWS took the credentials, as far as calls have shown it.
#[derive(Debug, Default)]
struct Answers {
    rejected: bool,
    others: bool,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// Its elements; a gap for one that cannot be read.
    pub(crate) elements: Vec<Result<T, Gap>>,
    /// The token of the next page, if there is one.
    pub(crate) next: Option<String>,
}

impl Calls {
    pub(crate) fn new(pace: Pace, progress: Progress) -> Self {
        Self {
            pacer: Pacer::new(pace),
            traffic: Mutex::default(),
            failing: Mutex::default(),
            answers: Mutex::default(),
            progress,
        }
    }

    /// How the calls went so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether AWS rejected the credentials in every call up to now. A region that is not enabled for the account does.
    pub(crate) fn rejects_credentials(&self) -> bool {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.rejected && !answers.others
    }

    /// Counts CloudWatch metrics that were requested, which AWS bills.
    pub(crate) fn count_metrics(&self, metrics: u64) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).metrics += metrics;
    }

    /// Counts a finished query of CloudWatch Logs Insights, and what it scanned, as far as that is known (`told`).
    pub(crate) fn count_scanned(&self, bytes: u64, told: bool) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.insights.queries += 1;
        traffic.insights.bytes += bytes;
        traffic.insights.untold += u64::from(!told);
    }

    /// Where to show how far the work is.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Calls `operation` about `resource` (an ARN, path or name for the gap).
    ///
    /// # Errors
    /// The gap that it leaves.
    pub(crate) async fn call<T, E>(
        &self,
        operation: Operation,
        resource: &str,
        send: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, Gap>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.attempt(operation, resource, send).await.map_err(|(_, gap)| gap)
    }

    /// As [`call`](Self::call), for a question about one thing: `None` if AWS answers that it does not exist.
    ///
    /// # Errors
    /// The gap that it leaves.
    pub(crate) async fn find<T, E>(
        &self,
        operation: Operation,
        resource: &str,
        send: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Option<T>, Gap>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match self.attempt(operation, resource, send).await {
            Ok(answer) => Ok(Some(answer)),
            Err((Some(code), _)) if operation.absent() == Some(code.as_str()) => Ok(None),
            Err((_, gap)) => Err(gap),
        }
    }

    /// Reads a list page by page; `fetch` gets the token of the page. What was seen before a page failed is kept, and
    /// so is what stands beside an element that cannot be read.
    pub(crate) async fn pages<T>(
        &self,
        operation: Operation,
        resource: &str,
        mut fetch: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Gap>,
    ) -> Listing<T> {
        let mut seen = Vec::new();
        let mut unread = None;
        let mut token = None;
        let mut used = BTreeSet::new();
        loop {
            let next = match fetch(token).await {
                Ok(page) => {
                    for element in page.elements {
                        match element {
                            Ok(element) => seen.push(element),
                            Err(gap) => unread = unread.or(Some(gap)),
                        }
                    }
                    page.next.filter(|token| !token.is_empty())
                }
                Err(gap) => return Listing::broken(seen, gap),
            };
            let Some(next) = next else {
                return match unread {
                    None => Listing::whole(seen),
                    Some(gap) => Listing::broken(seen, gap),
                };
            };
            if used.len() >= MAX_PAGES {
                let why = format!("pagination did not end after {MAX_PAGES} pages");
                return Listing::broken(seen, failed(operation, resource, &why));
            }
            if !used.insert(next.clone()) {
                let gap = failed(operation, resource, "pagination does not end: a page token was repeated");
                return Listing::broken(seen, gap);
            }
            token = Some(next);
        }
    }

    async fn attempt<T, E>(
        &self,
        operation: Operation,
        resource: &str,
        send: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, (Option<String>, Gap)>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(gap) = self.given_up(operation, resource) {
            return Err((None, gap));
        }
        let begun = Instant::now();
        let mut tried = 0;
        loop {
            self.pacer.turn(operation.quota()).await;
            self.count(operation);
            tried += 1;
            let error = match send().await {
                Ok(answer) => {
                    self.answers.lock().unwrap_or_else(PoisonError::into_inner).others = true;
                    self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(&operation);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let refusal = AwsRefusal::of(&error);
            tracing::debug!(%operation, resource, tried, kind = refusal.kind.name(), code = refusal.code, "call failed");
            if refusal.kind == GapKind::Throttled {
                let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
                traffic.throttled += 1;
                *traffic.throttles.entry(operation.name().to_owned()).or_default() += 1;
                drop(traffic);
                self.pacer.close(operation.quota(), refusal.retry_after.unwrap_or_default().max(pause(tried)));
            }
            if tried < refusal.attempts {
                if refusal.kind != GapKind::Throttled {
                    tokio::time::sleep(pause(tried) / 2).await;
                }
                continue;
            }
            let gap = self.gap(operation, resource, &refusal);
            if refusal.attempts > 1 {
                self.failed_for_good(operation, begun, &gap);
            }
            return Err((refusal.code, gap));
        }
    }

    /// The gap that an error leaves. It counts for whether AWS rejects the credentials.
    fn gap(&self, operation: Operation, resource: &str, refusal: &AwsRefusal) -> Gap {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if refusal.code.as_deref().is_some_and(|code| BAD_CREDENTIALS.contains(&code)) {
            answers.rejected = true;
        } else {
            answers.others = true;
        }
        drop(answers);
        Gap::new(GapDetails {
            operation: operation.name().to_owned(),
            permission: operation.permission().to_owned(),
            resource: resource.to_owned(),
            kind: refusal.kind,
            message: refusal.message.clone(),
            denied_by: refusal.denied_by.clone(),
        })
    }

    fn failed_for_good(&self, operation: Operation, begun: Instant, gap: &Gap) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match failing.get_mut(&operation) {
            None => {
                failing.insert(operation, Failing { in_a_row: 1, last_at: now, last: gap.clone() });
            }
            Some(failing) if begun >= failing.last_at => {
                *failing = Failing { in_a_row: failing.in_a_row + 1, last_at: now, last: gap.clone() };
            }
            Some(_) => {}
        }
    }

    /// The gap for a call that is not worth trying any more.
    fn given_up(&self, operation: Operation, resource: &str) -> Option<Gap> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let Failing { in_a_row, last, .. } = failing.get(&operation)?;
        (*in_a_row >= GIVE_UP_AFTER).then(|| {
            let GapDetails { message, .. } = last.why();
            Gap::new(GapDetails {
                resource: resource.to_owned(),
                message: format!("skipped after {in_a_row} failed calls in a row: {message}"),
                ..last.why().clone()
            })
        })
    }

    fn count(&self, operation: Operation) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        *traffic.requests.entry(operation.name().to_owned()).or_default() += 1;
        self.progress.request();
    }
}

/// A gap for an answer that came but cannot be used.
pub(crate) fn failed(operation: Operation, resource: &str, message: &str) -> Gap {
    Gap::new(GapDetails {
        operation: operation.name().to_owned(),
        permission: operation.permission().to_owned(),
        resource: resource.to_owned(),
        kind: GapKind::Failed,
        message: message.to_owned(),
        denied_by: None,
    })
}

/// The gap for an answer that came without something that it always has.
pub(crate) fn lacks(operation: Operation, resource: &str, what: &str) -> Gap {
    failed(operation, resource, &format!("the answer lacks {what}"))
}

/// A text that AWS sent: the SDK puts "" in the place of a field that AWS promises and did not send.
pub(crate) fn stated(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// How long to wait after the `tried`th attempt: 1, 2, 4, 8 … seconds, and up to a quarter more, so that those who
/// were refused together do not come back together.
fn pause(tried: u32) -> Duration {
    let seconds = f64::from(1_u32 << tried.clamp(1, 5).saturating_sub(1));
    Duration::from_secs_f64(seconds * (1.0 + jitter() / 4.0))
}

/// Between 0 and 1. Spreading calls needs no better randomness than a hasher's seed.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    f64::from(u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
