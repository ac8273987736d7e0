//! A corpus of access-log formats: the expected findings for each, why, and the source. It was written from AWS's
//! documentation and the contract, not from the linter's output.

use std::collections::BTreeSet;

use gatelight_checks::{
    CHECKS,
    access_log::lint::{LintFinding, LintVerdict, lint},
};
use gatelight_model::inventory::Protocol;

#[path = "formats/absent.rs"]
mod absent;
#[path = "formats/fields.rs"]
mod fields;
#[path = "formats/json.rs"]
mod json;
#[path = "formats/language.rs"]
mod language;
#[path = "formats/names.rs"]
mod names;

const REST: &[Protocol] = &[Protocol::Rest];
const HTTP: &[Protocol] = &[Protocol::Http];
const WEBSOCKET: &[Protocol] = &[Protocol::Websocket];
const ALL: &[Protocol] = &[Protocol::Rest, Protocol::Http, Protocol::Websocket];

/// RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format.
const RFC: &str = "https://www.rfc-editor.org/rfc/rfc8259";
/// Variables of REST APIs.
const REST_TABLE: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html";
/// Variables of HTTP APIs.
const HTTP_TABLE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html";
/// Variables of WebSocket APIs.
const WEBSOCKET_TABLE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html";
/// Access logs of REST APIs: examples, one line, `$context` alone, the request id.
const SETUP: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html";
/// Variables of response streaming.
const STREAMING: &str =
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/response-streaming-troubleshoot.html";
/// A line of a real log with `-` for what is absent; how values were escaped in 2024.
const AZUL: &str = "https://github.com/DataBiosphere/azul/issues/4348";
/// A format in which the quotes of `error.messageString` double.
const DOUBLED: &str = "https://github.com/wri/gfw-data-api/pull/350";
/// Where AWS says nothing, or the opposite of itself: the project decided, in its contract.
const DECIDED: &str = "contract, \"The access-log format, exactly\" and \"The checks\"";

/// Kinds of API, format, expected findings, why, source.
///
/// Expected findings: `json fail 9, breaks n/a`, by check (`json`, `breaks`, `fields`, `latency`, `id`, `known`): `pass`,
/// `note` (passes, and something is noted), `n/a`, or `fail` and the column, or line and column (`2:6`).
type Case = (&'static [Protocol], &'static str, &'static str, &'static str, &'static str);

const SHORT_NAMES: &[(&str, &str)] = &[
    ("json", "access-log-not-json"),
    ("breaks", "access-log-breaks-json"),
    ("fields", "access-log-lacks-integration-fields"),
    ("latency", "access-log-lacks-latency"),
    ("id", "access-log-lacks-request-id"),
    ("known", "access-log-unknown-variable"),
];

fn said(finding: &LintFinding) -> String {
    match finding.verdict {
        LintVerdict::Pass if finding.notes.is_empty() => "pass".to_owned(),
        LintVerdict::Pass => "note".to_owned(),
        LintVerdict::NotApplicable => "n/a".to_owned(),
        LintVerdict::Fail => match (finding.line, finding.column) {
            (Some(1), Some(column)) => format!("fail {column}"),
            (Some(line), Some(column)) => format!("fail {line}:{column}"),
            _ => "fail".to_owned(),
        },
    }
}

fn corpus() -> Vec<&'static Case> {
    [json::CASES, absent::CASES, fields::CASES, names::CASES, language::CASES].into_iter().flatten().collect()
}

#[test]
fn each_format_is_judged_as_its_source_has_it() {
    let mut wrong = Vec::new();
    for (protocols, format, expected, why, source) in corpus() {
        for protocol in *protocols {
            let lint = lint(*protocol, format);
            for part in expected.split(", ") {
                let (check, expected) = part.split_once(' ').expect("a check and what it says");
                let (_, id) = SHORT_NAMES.iter().find(|(name, _)| *name == check).expect("a check");
                let finding = lint.findings.iter().find(|finding| finding.check == *id).expect("a finding");
                let said = said(finding);
                if said != expected {
                    wrong.push(format!(
                        "{protocol:?} {format:?}: {id} says {said}, not {expected}: {}\n    {why} ({source})",
                        finding.message
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_and_no_case_stands_twice() {
    let corpus = corpus();
    let distinct: BTreeSet<_> =
        corpus.iter().map(|(protocols, format, ..)| (format!("{protocols:?}"), format)).collect();
    assert_eq!(distinct.len(), corpus.len());
    assert!(corpus.len() >= 120, "{}", corpus.len());
    for (_, format, _, why, source) in corpus {
        assert!(why.len() > 15 && !source.is_empty(), "{format}");
    }
}

#[test]
fn the_linter_has_a_row_for_each_check_that_needs_only_a_format() {
    let ids: Vec<_> = lint(Protocol::Rest, "{}").findings.iter().map(|finding| finding.check).collect();
    let position = |id| CHECKS.iter().position(|check| check.id == id).expect("a check of the table");
    assert!(ids.iter().map(|id| position(*id)).is_sorted());
    let judged_elsewhere =
        ["access-log-off", "access-log-destination-missing", "access-log-never-expires", "access-log-silent"];
    for check in CHECKS.iter().filter(|check| check.id.starts_with("access-log-")) {
        let is_linted = ids.contains(&check.id);
        assert!(is_linted != judged_elsewhere.contains(&check.id), "{} is linted or judged elsewhere", check.id);
    }
}
