//! Runs the cases in `corpus/`, written from AWS's documentation, each with the rule that it shows and its source.

use serde::Deserialize;
use serde_json::Value;

use crate::{Denial, SimulationDecision, SimulationReader, SimulationResult};

const FILES: [(&str, &str); 7] = [
    ("elements", include_str!("corpus/elements.jsonl")),
    ("operators", include_str!("corpus/operators.jsonl")),
    ("sets", include_str!("corpus/sets.jsonl")),
    ("variables", include_str!("corpus/variables.jsonl")),
    ("principals", include_str!("corpus/principals.jsonl")),
    ("evaluation", include_str!("corpus/evaluation.jsonl")),
    ("unknown", include_str!("corpus/unknown.jsonl")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The rule that the case shows.
    why: String,
    /// The page on which AWS documents it.
    source: String,
    expect: String,
    /// The deciding statement, as `policy/statement`; `None`: any.
    by: Option<String>,
    missing: Option<Vec<String>>,
    query: Value,
}

fn decision(result: &SimulationResult) -> &'static str {
    match &result.decision {
        SimulationDecision::Allowed(_) => "allowed",
        SimulationDecision::Denied(Denial::Explicit(_)) => "denied-explicitly",
        SimulationDecision::Denied(_) => "denied-implicitly",
        SimulationDecision::Undetermined => "undetermined",
    }
}

fn cases() -> impl Iterator<Item = (String, Case)> {
    FILES.into_iter().flat_map(|(name, text)| {
        (1..).zip(text.lines()).map(move |(line, text)| {
            let place = format!("{name}.jsonl:{line}");
            let case = serde_json::from_str(text).unwrap_or_else(|why| panic!("{place}: {why}"));
            (place, case)
        })
    })
}

fn simulate(query: &Value) -> SimulationResult {
    let text = query.to_string();
    let query = SimulationReader::new(&text).next().expect("a simulation").expect("well formed");
    query.request.simulate(&query.policies)
}

#[test]
fn every_case_is_decided_as_aws_documents_it() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (place, Case { why, source, expect, by, missing, query }) in cases() {
        count += 1;
        assert!(source.starts_with("https://docs.aws.amazon.com/"), "{place}: {source}");
        let result = simulate(&query);
        let own_by = match &result.decision {
            SimulationDecision::Allowed(Some(by)) | SimulationDecision::Denied(Denial::Explicit(by)) => {
                Some(format!("{}/{}", by.policy, by.statement))
            }
            _ => None,
        };
        let same_by = by.is_none() || own_by == by;
        let same_keys = missing.as_ref().is_none_or(|missing| result.missing_context == *missing);
        // An undetermined result says why.
        let explained = expect != "undetermined" || !result.missing_context.is_empty() || !result.problems.is_empty();
        if decision(&result) != expect || !same_by || !same_keys || !explained {
            wrong.push(format!("{place}: {why}: expected {expect} {by:?} {missing:?}, not {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 150, "{count}");
}

#[test]
fn adding_a_deny_never_allows() {
    let deny = r#"{"name":"added","document":{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}}"#;
    for (place, mut case) in cases() {
        let before = simulate(&case.query);
        for list in ["identity", "boundary", "session"] {
            let mut query = case.query.clone();
            let object = query.as_object_mut().expect("an object");
            // A boundary or session policy limits the request even if there was none before.
            object
                .entry(list)
                .or_insert_with(|| Value::Array(vec![]))
                .as_array_mut()
                .expect("a list")
                .push(serde_json::from_str(deny).expect("JSON"));
            let after = simulate(&query);
            let allowed = matches!(after.decision, SimulationDecision::Allowed(_));
            assert!(
                !allowed || matches!(before.decision, SimulationDecision::Allowed(_)),
                "{place}: {list}: {after:?}"
            );
        }
        case.query = Value::Null;
    }
}

#[test]
fn hiding_a_key_never_reverses_the_decision() {
    for (place, case) in cases() {
        let before = simulate(&case.query);
        let Some(context) = case.query["request"]["context"].as_object() else { continue };
        for key in context.keys() {
            let mut query = case.query.clone();
            query["request"]["context"].as_object_mut().expect("an object").remove(key);
            let after = simulate(&query);
            // An undetermined result stays so, as less is known.
            let reversed = decision(&after) != "undetermined"
                && (decision(&before) == "undetermined"
                    || matches!(before.decision, SimulationDecision::Allowed(_))
                        != matches!(after.decision, SimulationDecision::Allowed(_)));
            assert!(!reversed, "{place}: without {key}: {before:?} became {after:?}");
        }
    }
}
