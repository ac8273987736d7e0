//! What an error of the SDK means: whether it is worth another attempt, and what the gap says.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::ErrorKind};
use gatelight_model::GapKind;

use super::size_limit::TooLong;

/// Attempts at a call that AWS answers with a server error (over some eight seconds) or throttles (over some sixteen).
const ATTEMPTS: u32 = 5;
/// Attempts at a call that does not answer: each costs its whole time limit.
const ATTEMPTS_WITHOUT_ANSWER: u32 = 3;

/// Why an attempt failed.
pub(super) struct AwsRefusal {
    pub(super) kind: GapKind,
    /// AWS's error code, where the service answered with one.
    pub(super) code: Option<String>,
    pub(super) message: String,
    /// The most attempts that are worth making; 1: this was the last.
    pub(super) attempts: u32,
    /// How long AWS asks to wait.
    pub(super) retry_after: Option<Duration>,
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

impl AwsRefusal {
    /// Reads what an attempt ended with.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let of = |kind, attempts, message: String| Self { kind, code: None, message, attempts, retry_after: None };
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
                // An answer that cannot be parsed. Its status still shows a refusal or a server error.
                let status = response.raw().status().as_u16();
                let retry_after = retry_after(response.raw());
                if TooLong::caused(error) {
                    return of(GapKind::Failed, 1, unreadable(error));
                }
                if (200..300).contains(&status) {
                    return of(GapKind::Failed, ATTEMPTS_WITHOUT_ANSWER, unreadable(error));
                }
                let message = chain(error);
                Answered { status, code: None, message: Some(&message), retry_after }.read()
            }
            _ => of(GapKind::Failed, 1, chain(error)),
        }
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
    fn read(&self) -> AwsRefusal {
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
        AwsRefusal {
            kind,
            code: self.code.map(str::to_owned),
            message: clip(&message),
            attempts,
            retry_after: self.retry_after,
        }
    }
}

/// `Retry-After` in seconds, at most a minute: no call waits longer.
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
mod tests;
