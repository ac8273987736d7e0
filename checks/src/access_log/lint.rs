//! Lints one format before it is deployed: the rules of the checks, without a stage.

use std::collections::HashSet;

use gatelight_formats::{
    Format,
    mend::{HTTP_LIMIT, mend},
    variables::{Standing, holds_any_text, standing},
};
use gatelight_model::inventory::Protocol;

use super::{
    breaks_json,
    format_rule::{Rule, Ruling, listed},
    lacks_integration_fields, lacks_latency, lacks_request_id, not_json, unknown_variable,
};
use crate::{Policy, check::Check};

/// The checks that judge a format alone, and what is said where they pass.
const RULES: &[(&Check, Rule, &str)] = &[
    (&not_json::CHECK, not_json::rule, "The format is one JSON object."),
    (&breaks_json::CHECK, breaks_json::rule, "The line is JSON whatever is absent."),
    (
        &lacks_integration_fields::CHECK,
        lacks_integration_fields::rule,
        "The format has the integration's error and the status that the backend returned.",
    ),
    (&lacks_latency::CHECK, lacks_latency::rule, "The format tells where time was spent."),
    (&lacks_request_id::CHECK, lacks_request_id::rule, "The format has a request id."),
    (&unknown_variable::CHECK, unknown_variable::rule, "No variable is known to stay empty."),
];

/// What there is to say about a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Lint {
    /// One for each check that judges a format, in the order of the table of checks.
    pub findings: Vec<Finding>,
    /// What belongs to no check: what AWS would refuse.
    pub notes: Vec<Note>,
    /// A format that passes: the given one, mended, or [`recommended`]. `None` if nothing is to be changed.
    pub mended: Option<String>,
    /// Whether `mended` is the given format with its faults mended.
    pub keeps_format: bool,
}

/// What one check says.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its id.
    pub check: &'static str,
    /// Its verdict.
    pub verdict: FindingVerdict,
    /// In a sentence.
    pub message: String,
    /// The line of the format that it is about, counted from 1.
    pub line: Option<usize>,
    /// The column within that line, in characters, counted from 1.
    pub column: Option<usize>,
    /// What there is to know besides.
    pub notes: Vec<String>,
}

/// The verdicts of the linter. Nothing is unknown to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingVerdict {
    /// All is well.
    Pass,
    /// The fault is there.
    Fail,
    /// The question does not arise.
    NotApplicable,
}

impl FindingVerdict {
    /// The name in the JSON form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// Something to know about a format, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// In a sentence.
    pub message: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column within that line, in characters, counted from 1.
    pub column: Option<usize>,
}

/// Lints a format for a kind of API.
#[must_use]
pub fn lint(protocol: Protocol, template: &str) -> Lint {
    let format = Format::new(protocol, template);
    let mut missing = Vec::new();
    let findings: Vec<_> = RULES
        .iter()
        .map(|(check, rule, passed)| {
            let Ruling { fault, notes, not_applicable } = rule(&format, Policy::NONE);
            let position = fault.as_ref().and_then(|fault| fault.at).map(|at| format.position(at));
            let (verdict, message) = match (fault, not_applicable) {
                (Some(fault), _) => {
                    missing.extend(fault.missing);
                    (FindingVerdict::Fail, fault.message)
                }
                (None, Some(why)) => (FindingVerdict::NotApplicable, sentence(why)),
                (None, None) => (FindingVerdict::Pass, (*passed).to_owned()),
            };
            let (line, column) = position.map(|position| (position.line, position.column)).unzip();
            Finding { check: check.id, verdict, message, line, column, notes }
        })
        .collect();
    let mut notes = refusals(&format);
    notes.extend(any_text(&format));
    let is_fine = findings.iter().all(|finding| finding.verdict != FindingVerdict::Fail);
    if is_fine && format.inner_newline().is_none() {
        return Lint { findings, notes, mended: None, keeps_format: false };
    }
    let own = mend(&format, &missing).filter(|own| passes(protocol, own));
    let keeps_format = own.is_some();
    let mended = own.unwrap_or_else(|| recommended(protocol).to_owned());
    Lint { findings, notes, mended: Some(mended), keeps_format }
}

/// `The access log is not JSON.` for `the access log is not JSON`.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn passes(protocol: Protocol, template: &str) -> bool {
    faults(protocol, template) == 0
}

/// How many of the checks that judge a format fail.
#[must_use]
pub fn faults(protocol: Protocol, template: &str) -> usize {
    let format = Format::new(protocol, template);
    RULES.iter().filter(|(_, rule, _)| rule(&format, Policy::NONE).fault.is_some()).count()
}

/// How many unknown variables are named.
const NAMED: usize = 10;

/// What AWS refuses when the format of an HTTP API is set: a line break inside, and names that it does not know ("The
/// following context variables are not supported"). REST APIs take any name; of WebSocket APIs it is not known.
fn refusals(format: &Format<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    if format.protocol != Protocol::Http {
        return notes;
    }
    if let Some(at) = format.inner_newline() {
        notes.push(note(format, "AWS refuses the format: it has a line break inside.".to_owned(), at));
    }
    let mut seen = HashSet::new();
    let mut unknown = format
        .template
        .variables()
        .filter(|variable| standing(format.protocol, variable.name) != Standing::Filled && seen.insert(variable.name));
    for variable in unknown.by_ref().take(NAMED) {
        let name = gatelight_formats::cut(variable.name, 100);
        let message = format!("AWS refuses the format: HTTP APIs have no variable `$context.{name}`.");
        notes.push(note(format, message, variable.at));
    }
    let more = unknown.count();
    if more > 0 {
        let message = format!("AWS refuses {more} more variables that HTTP APIs do not have.");
        notes.push(Note { message, line: None, column: None });
    }
    if format.text().len() > HTTP_LIMIT {
        let message = format!(
            "AWS refuses the format: it is {} bytes long, and HTTP APIs take {HTTP_LIMIT} at most.",
            format.text().len()
        );
        notes.push(Note { message, line: None, column: None });
    }
    notes
}

fn note(format: &Format<'_>, message: String, at: usize) -> Note {
    let position = format.position(at);
    Note { message, line: Some(position.line), column: Some(position.column) }
}

/// That clients and backends can put quotes and backslashes into a line of JSON. In 2022 they were observed to break it
/// (<https://github.com/DataBiosphere/azul/issues/4009>), in 2024 not to
/// (<https://github.com/DataBiosphere/azul/issues/4348>).
fn any_text(format: &Format<'_>) -> Option<Note> {
    format.json().ok()?;
    let places = format.template.places();
    let mut found = places.iter().filter(|(variable, in_string)| *in_string && holds_any_text(variable.name));
    let (first, _) = found.next()?;
    let mut names = vec![gatelight_formats::cut(first.name, 100)];
    for (variable, _) in found {
        let name = gatelight_formats::cut(variable.name, 100);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED {
            names.truncate(NAMED);
            names.push("others".to_owned());
            break;
        }
    }
    let message = format!(
        "Values of {} can hold quotes and backslashes: AWS escapes some, and does not document which, so that a line with \
         one may not be JSON.",
        listed(&names)
    );
    Some(note(format, message, first.at))
}

/// A format, on one line, that passes every check. All values are quoted, because API Gateway writes `-` for what is
/// absent; all variables are in AWS's own table for that kind of API.
#[must_use]
pub fn recommended(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => concat!(
            r#"{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","path":"$context.path","#,
            r#""protocol":"$context.protocol","status":"$context.status","#,
            r#""responseLength":"$context.responseLength","responseLatency":"$context.responseLatency","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error","xrayTraceId":"$context.xrayTraceId"}"#
        ),
        Protocol::Http => concat!(
            r#"{"requestId":"$context.requestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","path":"$context.path","#,
            r#""protocol":"$context.protocol","status":"$context.status","#,
            r#""responseLength":"$context.responseLength","responseLatency":"$context.responseLatency","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error"}"#
        ),
        Protocol::Websocket => concat!(
            r#"{"requestId":"$context.requestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""eventType":"$context.eventType","routeKey":"$context.routeKey","#,
            r#""connectionId":"$context.connectionId","messageId":"$context.messageId","status":"$context.status","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error"}"#
        ),
    }
}

#[cfg(test)]
mod tests;
