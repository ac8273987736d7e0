//! What goes wrong, and when.

use std::ops::Range;

use serde_json::{Value, json};

use super::{ACCOUNT, Answer, Body};
use crate::{
    hostile::PAYLOAD,
    support::{cloudwatch, wire::Protocol},
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// In each protocol's own error form, like the next four.
    Denied,
    /// Denied, and the message goes on like this: `with an explicit deny in …`.
    DeniedBecause(&'static str),
    /// The credentials are nobody's here, as in a region that is not enabled.
    UnknownCredentials,
    /// The credentials have expired.
    Expired,
    /// A web page with that status, as proxies send it.
    Page(u16),
    /// Redirected to a sign-in page.
    Redirect,
    Throttled,
    /// 500 or 503.
    ServerError(u16),
    Unsupported,
    NotFound,
    /// The request is read and never answered.
    Hang,
    /// The head comes at once and the body a byte a second, for ever.
    Drip,
    /// `Content-Length` promises more than comes before the end.
    CutOff,
    /// TCP reset instead of an answer.
    Reset,
    /// The connection is closed, without an error, instead of an answer.
    HangUp,
    /// CloudWatch says that it told only a part.
    Partial,
    /// A query is, or ended, so; and has found nothing yet.
    Status(&'static str),
    /// A document that breaks the rules of its syntax.
    Malformed,
    /// Half a document, as if it were the whole.
    Truncated,
    Html,
    Empty,
    /// A good answer that lacks these fields, wherever they stand.
    Without(&'static [&'static str]),
    /// The first page, and a token for the next: the same one each time.
    SameToken,
    /// Every string ends with what steers a terminal.
    Hostile,
    /// An error whose message does.
    HostileError,
    /// The beginning of a document that goes on for ever.
    Endless,
    /// Before the first page comes an empty one with a token. AWS does this; it is no fault.
    EmptyPageFirst,
}

/// When it goes wrong: in the calls of that operation with these numbers, counted from 0.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// A `*` at its end stands for any rest.
    pub(crate) operation: &'static str,
    pub(crate) calls: Range<usize>,
    pub(crate) fault: Fault,
    /// In this region alone.
    pub(crate) region: Option<&'static str>,
}

impl Rule {
    pub(crate) fn always(operation: &'static str, fault: Fault) -> Self {
        Self::first(usize::MAX, operation, fault)
    }

    pub(crate) fn first(calls: usize, operation: &'static str, fault: Fault) -> Self {
        Self { operation, calls: 0..calls, fault, region: None }
    }

    pub(crate) fn in_region(self, region: &'static str) -> Self {
        Self { region: Some(region), ..self }
    }

    /// Whether it is about a call of that operation, with that number.
    pub(super) fn is_about(&self, operation: &str, number: usize, region: &str) -> bool {
        let is_named = match self.operation.strip_suffix('*') {
            Some(beginning) => operation.starts_with(beginning),
            None => operation == self.operation,
        };
        is_named && self.calls.contains(&number) && self.region.is_none_or(|only| only == region)
    }
}

/// The answer that the fault puts in the place of a good one.
pub(super) fn spoil(service: &str, mut answer: Answer, fault: Fault) -> Answer {
    let (query, json) = (matches!(service, "iam" | "sts"), matches!(service, "logs" | "firehose"));
    let ec2 = service == "ec2";
    let (status, code, message) = match fault {
        Fault::Denied if ec2 => (403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        Fault::Denied if query => (403, "AccessDenied", "User: auditor is not authorized to perform this"),
        Fault::Denied => (if json { 400 } else { 403 }, "AccessDeniedException", "User: auditor is not authorized"),
        Fault::DeniedBecause(reason) => return denied_because(service, reason),
        Fault::UnknownCredentials if ec2 => {
            (401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        }
        Fault::UnknownCredentials if query => {
            (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        }
        Fault::UnknownCredentials => (
            if json { 400 } else { 403 },
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Fault::Expired if ec2 => (400, "RequestExpired", "Request has expired."),
        Fault::Expired if query => (403, "ExpiredToken", "The security token included in the request is expired"),
        Fault::Expired => (
            if json { 400 } else { 403 },
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        Fault::Page(status) => {
            answer.status = status;
            return answer;
        }
        Fault::Redirect => {
            answer.status = 302;
            answer.headers.push(("Location", "https://login.hotel.example/start?from=secret".to_owned()));
            return answer;
        }
        Fault::Throttled if ec2 => (503, "RequestLimitExceeded", "Request limit exceeded."),
        Fault::Throttled if query => (400, "Throttling", "Rate exceeded"),
        Fault::Throttled if json => (400, "ThrottlingException", "Rate exceeded"),
        Fault::Throttled => (429, "TooManyRequestsException", "Too Many Requests"),
        Fault::ServerError(500) if query || ec2 => (500, "InternalFailure", "We encountered an internal error."),
        Fault::ServerError(status) if query || ec2 => (status, "ServiceUnavailable", "Please try again."),
        Fault::ServerError(500) => (500, "InternalServerErrorException", "We encountered an internal error."),
        Fault::ServerError(status) => (status, "ServiceUnavailableException", "Please try again."),
        Fault::HostileError => (400, "ValidationException", PAYLOAD),
        Fault::Hostile => {
            match &mut answer.body {
                Body::Json(value) => make_hostile(value),
                Body::Xml(text) => *text = hostile_elements(text),
                Body::Cbor(_) => {}
            }
            return answer;
        }
        Fault::Unsupported if query || ec2 => (400, "InvalidAction", "Could not find operation"),
        Fault::Unsupported => (if json { 400 } else { 404 }, "UnknownOperationException", ""),
        Fault::NotFound if query || ec2 => (404, "NoSuchEntity", "It cannot be found."),
        Fault::NotFound if json => (400, "ResourceNotFoundException", "It cannot be found."),
        Fault::NotFound => (404, "NotFoundException", "Invalid API identifier specified"),
        Fault::Without(fields) => {
            match &mut answer.body {
                Body::Json(value) => fields.iter().for_each(|field| leave_out(value, field)),
                Body::Xml(text) => fields.iter().for_each(|field| leave_out_element(text, field)),
                Body::Cbor(_) => {}
            }
            return answer;
        }
        Fault::Status(status) => {
            if let Body::Json(value) = &mut answer.body {
                (value["status"], value["results"]) = (json!(status), json!([]));
            }
            return answer;
        }
        Fault::Partial => {
            if let Body::Cbor(bytes) = &mut answer.body {
                *bytes = cloudwatch::partial(bytes);
            }
            return answer;
        }
        _ => return answer,
    };
    let mut answer = Answer::error(service, status, code, message);
    if status == 429 {
        answer.headers.push(("Retry-After", "1".to_owned()));
    }
    answer
}

/// "Access denied", in AWS's words, with the reason: the caller, the action and the resource come before it. EC2 puts an
/// encoded message behind it.
fn denied_because(service: &str, reason: &str) -> Answer {
    let text = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/auditor/me is not authorized to perform: {service}:X on resource: \
         arn:aws:{service}:eu-west-1:{ACCOUNT}:x {reason}"
    );
    match Protocol::of(service) {
        Protocol::Ec2 => {
            let text = format!(
                "You are not authorized to perform this operation. {text}. Encoded authorization failure message: \
                 hunter2hunter2"
            );
            Answer::error(service, 403, "UnauthorizedOperation", &text)
        }
        Protocol::Query => Answer::error(service, 403, "AccessDenied", &text),
        Protocol::Json => Answer::error(service, 400, "AccessDeniedException", &text),
        Protocol::Cbor | Protocol::Rest => Answer::error(service, 403, "AccessDeniedException", &text),
    }
}

fn make_hostile(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(PAYLOAD),
        Value::Object(object) => object.values_mut().for_each(make_hostile),
        Value::Array(elements) => elements.iter_mut().for_each(make_hostile),
        _ => {}
    }
}

/// What of the payload XML allows, at the end of each element's text.
fn hostile_elements(text: &str) -> String {
    let allowed: String = PAYLOAD.chars().filter(|c| *c == '\n' || *c >= ' ').collect();
    let mut parts = text.split("</");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        let end = if all.ends_with('>') { "" } else { allowed.as_str() };
        all + end + "</" + part
    })
}

fn leave_out_element(text: &mut String, name: &str) {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    while let Some(start) = text.find(&open) {
        let end = start + text[start..].find(&close).unwrap() + close.len();
        text.replace_range(start..end, "");
    }
}

fn leave_out(value: &mut Value, field: &str) {
    match value {
        Value::Object(object) => {
            object.remove(field);
            object.values_mut().for_each(|value| leave_out(value, field));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| leave_out(value, field)),
        _ => {}
    }
}
