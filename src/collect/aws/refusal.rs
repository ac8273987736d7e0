//! What an error of the SDK means: whether it is worth another attempt, and what the gap says.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::ErrorKind};
use gatelight_model::{AccessDenial, GapKind};

use super::{denial, size_limit::TooLong, unreadable};

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
    /// Which policy denied the call, where AWS says it.
    pub(super) denied_by: Option<AccessDenial>,
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
        let of = |kind, attempts, message: String| Self {
            kind,
            code: None,
            message,
            denied_by: None,
            attempts,
            retry_after: None,
        };
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
                let (code, message) = (service.err().code(), service.err().message());
                answered(error, service.raw(), code, message)
            }
            SdkError::ResponseError(response) => answered(error, response.raw(), None, None),
            _ => of(GapKind::Failed, 1, chain(error)),
        }
    }
}

/// Reads an answer. One that cannot be parsed still shows a refusal or a server error in its status.
fn answered(
    error: &(dyn Error + 'static),
    response: &HttpResponse,
    code: Option<&str>,
    message: Option<&str>,
) -> AwsRefusal {
    if TooLong::caused(error) {
        return AwsRefusal {
            kind: GapKind::Failed,
            code: None,
            message: clip(&format!("the answer cannot be read: {}", chain(error))),
            denied_by: None,
            attempts: 1,
            retry_after: None,
        };
    }
    let status = response.status().as_u16();
    let is_of_aws = code.is_some() || message.is_some();
    if !is_of_aws || (200..300).contains(&status) {
        tracing::debug!(status, why = %unreadable::causes(error).join(": "), "an answer cannot be read");
    }
    if (200..300).contains(&status) {
        return AwsRefusal {
            kind: GapKind::Failed,
            code: None,
            message: clip(&unreadable::describe(error, response)),
            denied_by: None,
            attempts: ATTEMPTS_WITHOUT_ANSWER,
            retry_after: None,
        };
    }
    let retry_after = retry_after(response);
    let mut refusal = Answered { status, code, message, retry_after }.read();
    if !is_of_aws {
        refusal.message = clip(&unreadable::describe(error, response));
        // A proxy denied it, or a sign-in page: no permission helps.
        if refusal.kind == GapKind::Denied && unreadable::is_web_page(response) {
            refusal.kind = GapKind::Failed;
        }
    }
    refusal
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
        let denied_by = self.message.and_then(denial::read);
        let (kind, attempts) = match self.status {
            _ if is(THROTTLING) => (GapKind::Throttled, ATTEMPTS),
            429 => (GapKind::Throttled, ATTEMPTS),
            // No permission would help.
            _ if is(BAD_CREDENTIALS) => (GapKind::Failed, 1),
            400..500 if denied_by.is_some() => (GapKind::Denied, 1),
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
        let denied_by = denied_by.filter(|_| kind == GapKind::Denied);
        let message = match (self.code, self.message) {
            // AWS may quote the signed request here, session token and all.
            (Some(code), message) if is(BAD_CREDENTIALS) => {
                format!("AWS rejected the credentials here ({code}): {}", rejection(code, message))
            }
            // The rest of the message repeats what the gap holds as data.
            _ if denied_by.is_some() => denied_by.as_ref().map(ToString::to_string).unwrap_or_default(),
            (Some(code), Some(message)) => format!("{code}: {}", denial::without_asides(message)),
            (None, Some(message)) => denial::without_asides(message).to_owned(),
            (Some(code), None) => code.to_owned(),
            (None, None) => format!("HTTP status {}", self.status),
        };
        AwsRefusal {
            kind,
            code: self.code.map(str::to_owned),
            message: clip(&message),
            denied_by,
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

/// What is wrong with credentials that AWS rejects, and what helps. `message` is not repeated: it may quote the signed
/// request.
pub(super) fn rejection(code: &str, message: Option<&str>) -> &'static str {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => "they are expired; renew them",
        "RequestTimeTooSkewed" | "RequestInTheFuture" => CLOCK,
        "SignatureDoesNotMatch" | "InvalidSignatureException"
            if message.is_some_and(|message| {
                ["Signature expired", "Signature not yet current"].iter().any(|text| message.contains(text))
            }) =>
        {
            CLOCK
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "the secret access key does not belong to the access key id, or a proxy changes the requests"
        }
        "MissingAuthenticationToken" | "IncompleteSignature" => {
            "the requests came without them; does a proxy leave out the Authorization header, or is AWS_ENDPOINT_URL wrong?"
        }
        _ => {
            "AWS does not know them in this region; they may be deleted or expired or belong to another partition \
             (China, GovCloud), or the region is not enabled for the account"
        }
    }
}

const CLOCK: &str = "the clock of this machine is wrong";

/// An error with its causes, on one line. The outermost only says "service error", so it is left out; what a parser says
/// means nothing to a person.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = String::new();
    for part in unreadable::causes(error) {
        let part = if is_of_a_parser(&part) { "an answer cannot be read, or is not AWS's".to_owned() } else { part };
        if !text.contains(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
    }
    clip(&if text.is_empty() { error.to_string() } else { text })
}

/// Whether a text is that of a parser of the SDK (aws-smithy-json, -xml and -cbor).
fn is_of_a_parser(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "StartEl",
        "parsing XML",
        "XML parse error",
        "parse JSON",
        "Error at offset",
        "expected literal",
        "unexpected token",
        "unexpected end of stream",
        "invalid JSON",
        "expected ErrorResponse",
        "expected value at",
    ];
    WORDS.iter().any(|words| text.contains(words))
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
