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
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::ErrorKind};
use gatelight_model::{Gap, GapKind, Listing, fetched::GapDetails};

use super::{
    operation::Operation,
    pace::{Pace, Pacer},
};
use crate::progress::Progress;

/// Attempts at a call that AWS answers with a server error (over some eight seconds) or throttles (over some sixteen).
const ATTEMPTS: u32 = 5;
/// Attempts at a call that does not answer: each costs its whole time limit.
const ATTEMPTS_WITHOUT_ANSWER: u32 = 3;
/// After so many calls of one operation, one begun after the other, that failed for good though retried, and none that
/// succeeded between them, the rest is not tried: a thousand stages behind a dead endpoint must not cost a thousand
/// times the time limits.
const GIVE_UP_AFTER: u32 = 2;
/// A list that is longer than this is taken for one that never ends.
const MAX_PAGES: usize = 100_000;

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
    /// How many bytes they scanned, as far as that was told.
    pub(crate) bytes: u64,
    /// How many of them may have scanned more than was told.
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

/// Makes the calls to one account in one region (or to its global services).
#[derive(Debug)]
pub(crate) struct Calls {
    pacer: Pacer,
    traffic: Mutex<Traffic>,
    failing: Mutex<BTreeMap<Operation, Failing>>,
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

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// Its elements; a gap for one that cannot be read.
    pub(crate) elements: Vec<Result<T, Gap>>,
    /// The token of the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// GapDetails an attempt came to nothing.
struct Refusal {
    kind: GapKind,
    /// AWS's error code, where the service answered with one.
    code: Option<String>,
    message: String,
    /// Whether, and how often at most, to try; 1 = this was it.
    attempts: u32,
    /// How long AWS asks to wait.
    retry_after: Option<Duration>,
}

impl Calls {
    pub(crate) fn new(pace: Pace, progress: Progress) -> Self {
        Self { pacer: Pacer::new(pace), traffic: Mutex::default(), failing: Mutex::default(), progress }
    }

    /// How the calls went so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts CloudWatch metrics that were requested, which AWS bills.
    pub(crate) fn count_metrics(&self, metrics: u64) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).metrics += metrics;
    }

    /// Counts a query of CloudWatch Logs Insights that is over, and what it scanned, as far as that was `told`.
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

    /// As [`call`](Self::call), for a question about one thing: `None` if AWS says that there is none.
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
                let why = format!("its pages do not end: there are more than {MAX_PAGES}");
                return Listing::broken(seen, failed(operation, resource, &why));
            }
            if !used.insert(next.clone()) {
                let gap = failed(operation, resource, "its pages do not end: a page token came twice");
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
                    self.failing.lock().unwrap_or_else(PoisonError::into_inner).remove(&operation);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let refusal = read(&error);
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
            let gap = Gap::new(GapDetails {
                operation: operation.name().to_owned(),
                permission: operation.permission().to_owned(),
                resource: resource.to_owned(),
                kind: refusal.kind,
                message: refusal.message,
            });
            if refusal.attempts > 1 {
                self.failed_for_good(operation, begun, &gap);
            }
            return Err((refusal.code, gap));
        }
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
            let GapDetails { permission, kind, message, .. } = last.why();
            Gap::new(GapDetails {
                operation: operation.name().to_owned(),
                permission: permission.clone(),
                resource: resource.to_owned(),
                kind: *kind,
                message: format!("not tried, as {in_a_row} calls in a row had failed: {message}"),
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

/// Error codes that ask to slow down, over the protocols (smithy-rs and botocore know the same).
const THROTTLING: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Error codes of a refusal, beside status 401 and 403.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "NotAuthorized",
    "AuthorizationError",
    "OptInRequired",
];

/// Error codes of credentials that AWS does not take.
pub(super) const BAD_CREDENTIALS: &[&str] = &[
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "AuthFailure",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "RequestInTheFuture",
];

fn read<E>(error: &SdkError<E, HttpResponse>) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let of = |kind, attempts, message: String| Refusal { kind, code: None, message, attempts, retry_after: None };
    match error {
        SdkError::TimeoutError(_) => of(GapKind::TimedOut, ATTEMPTS_WITHOUT_ANSWER, chain(error)),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            of(GapKind::TimedOut, ATTEMPTS_WITHOUT_ANSWER, chain(error))
        }
        // Beside I/O errors: a connection that the far end had closed while it was idle.
        SdkError::DispatchFailure(failure)
            if failure.is_io() || failure.as_other() == Some(ErrorKind::TransientError) =>
        {
            of(GapKind::Failed, ATTEMPTS_WITHOUT_ANSWER, chain(error))
        }
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            if (200..300).contains(&status) {
                // An answer that cannot be parsed; the SDK says so in this way too.
                return of(GapKind::Failed, ATTEMPTS_WITHOUT_ANSWER, unreadable(error));
            }
            let (code, message) = (service.err().code(), service.err().message());
            Answered { status, code, message, retry_after: retry_after(service.raw()) }.read()
        }
        SdkError::ResponseError(response) => {
            // An answer that cannot be parsed. Its status still tells a refusal or a server error.
            let status = response.raw().status().as_u16();
            let retry_after = retry_after(response.raw());
            if (200..300).contains(&status) {
                return of(GapKind::Failed, ATTEMPTS_WITHOUT_ANSWER, unreadable(error));
            }
            let message = chain(error);
            Answered { status, code: None, message: Some(&message), retry_after }.read()
        }
        _ => of(GapKind::Failed, 1, chain(error)),
    }
}

fn unreadable(error: &dyn Error) -> String {
    clip(&format!("the answer cannot be read: {}", chain(error)))
}

/// An error that a service (or something before it) answered with.
struct Answered<'a> {
    status: u16,
    code: Option<&'a str>,
    message: Option<&'a str>,
    retry_after: Option<Duration>,
}

impl Answered<'_> {
    fn read(&self) -> Refusal {
        let is = |codes: &[&str]| self.code.is_some_and(|code| codes.contains(&code));
        let (kind, attempts) = match self.status {
            _ if is(THROTTLING) => (GapKind::Throttled, ATTEMPTS),
            429 => (GapKind::Throttled, ATTEMPTS),
            // No permission would help.
            _ if is(BAD_CREDENTIALS) => (GapKind::Failed, 1),
            401 | 403 => (GapKind::Denied, 1),
            _ if is(DENIED) => (GapKind::Denied, 1),
            _ if is(&["UnknownOperationException", "InvalidAction", "UnsupportedOperation"]) => {
                (GapKind::Unsupported, 1)
            }
            405 | 501 => (GapKind::Unsupported, 1),
            // An error without a code is not the service's own: there is no such service at this endpoint.
            404 if self.code.is_none() => (GapKind::Unsupported, 1),
            500.. => (GapKind::Failed, ATTEMPTS),
            _ => (GapKind::Failed, 1),
        };
        let message = match (self.code, self.message) {
            // AWS may quote the signed request here, session token and all.
            (Some(code), _) if is(BAD_CREDENTIALS) => {
                format!(
                    "{code}: AWS does not take these credentials here; are they expired, or is the region not enabled?"
                )
            }
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => format!("HTTP status {}", self.status),
        };
        Refusal {
            kind,
            code: self.code.map(str::to_owned),
            message: clip(&message),
            attempts,
            retry_after: self.retry_after,
        }
    }
}

/// `Retry-After` in seconds, at most a minute: nobody waits longer for one call.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds: u64 = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(60)))
}

/// An error with its causes, on one line. The outermost only says "service error", so it is left out.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
        cause = error.source();
    }
    // What an interceptor says of an answer stands behind the interceptor's name.
    let text = text.rsplit("interceptor encountered an error: ").next().unwrap_or(&text);
    clip(&if text.is_empty() { error.to_string() } else { text.to_owned() })
}

/// At most 300 characters, none of them control characters: messages come from outside.
fn clip(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut clipped: String = clean.clone().take(300).collect();
    if clean.count() > 300 {
        clipped.push('…');
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: Option<&str>) -> (GapKind, u32) {
        let refusal = Answered { status, code, message: None, retry_after: None }.read();
        (refusal.kind, refusal.attempts)
    }

    #[test]
    fn each_refusal_has_its_kind() {
        assert_eq!(kind(403, Some("AccessDeniedException")), (GapKind::Denied, 1));
        assert_eq!(kind(400, Some("AccessDeniedException")), (GapKind::Denied, 1));
        assert_eq!(kind(400, Some("ThrottlingException")), (GapKind::Throttled, ATTEMPTS));
        assert_eq!(kind(429, None), (GapKind::Throttled, ATTEMPTS));
        assert_eq!(kind(503, Some("SlowDown")), (GapKind::Throttled, ATTEMPTS));
        assert_eq!(kind(403, Some("ExpiredTokenException")), (GapKind::Failed, 1));
        assert_eq!(kind(503, None), (GapKind::Failed, ATTEMPTS));
        assert_eq!(kind(404, None), (GapKind::Unsupported, 1));
        assert_eq!(kind(404, Some("NotFoundException")), (GapKind::Failed, 1));
        assert_eq!(kind(400, Some("ValidationException")), (GapKind::Failed, 1));
    }

    #[test]
    fn a_signed_request_is_not_repeated() {
        let message = Some("The canonical string should have been 'x-amz-security-token:SECRET'");
        let refusal = Answered { status: 403, code: Some("SignatureDoesNotMatch"), message, retry_after: None }.read();
        assert!(!refusal.message.contains("SECRET") && refusal.message.contains("SignatureDoesNotMatch"));
    }

    #[test]
    fn calls_side_by_side_fail_as_one_and_one_after_the_other_is_given_up() {
        let calls = Calls::new(Pace::Off, Progress::hidden());
        let (operation, gap) = (Operation::GetRestStages, failed(Operation::GetRestStages, "x", "broken"));
        let together = Instant::now();
        for _ in 0..16 {
            calls.failed_for_good(operation, together, &gap);
        }
        assert!(calls.given_up(operation, "y").is_none());
        for _ in 1..GIVE_UP_AFTER {
            assert!(calls.given_up(operation, "y").is_none());
            calls.failed_for_good(operation, Instant::now(), &gap);
        }
        assert!(calls.given_up(operation, "y").is_some_and(|gap| gap.to_string().contains("not tried")));
        assert!(calls.given_up(Operation::GetRestApis, "y").is_none(), "each operation for itself");
    }

    #[test]
    fn pauses_grow_and_are_spread() {
        for (tried, seconds) in [(1, 1.0), (2, 2.0), (3, 4.0), (9, 16.0)] {
            let pause = pause(tried).as_secs_f64();
            assert!((seconds..=seconds * 1.25).contains(&pause), "{tried}: {pause}");
        }
    }

    #[test]
    fn messages_from_outside_are_one_short_line() {
        assert_eq!(clip("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(clip(&"x".repeat(1000)).chars().count(), 301);
    }

    #[tokio::test]
    async fn a_token_that_repeats_ends_the_list_with_a_gap() {
        let calls = Calls::new(Pace::Off, Progress::hidden());
        let listing = calls
            .pages(Operation::GetRestApis, "/restapis", async |_| {
                Ok(Page { elements: vec![Ok(1)], next: Some("again".to_owned()) })
            })
            .await;
        assert_eq!(listing.seen.len(), 2);
        assert!(listing.rest.get().is_err());
    }
}
