//! Cases written from AWS's documentation, each with its reason and its source: see the files beside this one.

use serde::Deserialize;
use serde_json::Value;

use super::{Denial, Queries, Ruling, Verdict};

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
    /// The rule that it shows.
    why: String,
    /// Where AWS says so.
    source: String,
    expect: String,
    /// `policy/statement`, where it is worth telling.
    by: Option<String>,
    missing: Option<Vec<String>>,
    query: Value,
}

fn decided(ruling: &Ruling) -> &'static str {
    match &ruling.verdict {
        Verdict::Allowed(_) => "allowed",
        Verdict::Denied(Denial::Explicit(_)) => "denied-explicitly",
        Verdict::Denied(_) => "denied-implicitly",
        Verdict::Undetermined => "undetermined",
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

fn rule(query: &Value) -> Ruling {
    let text = query.to_string();
    let query = Queries::new(&text).next().expect("a query").expect("of the form");
    query.question.decide(&query.policies)
}

#[test]
fn every_case_is_decided_as_aws_documents_it() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (place, Case { why, source, expect, by, missing, query }) in cases() {
        count += 1;
        assert!(source.starts_with("https://docs.aws.amazon.com/"), "{place}: {source}");
        let ruling = rule(&query);
        let own_by = match &ruling.verdict {
            Verdict::Allowed(Some(by)) | Verdict::Denied(Denial::Explicit(by)) => {
                Some(format!("{}/{}", by.policy, by.statement))
            }
            _ => None,
        };
        let same_by = by.is_none() || own_by == by;
        let same_keys = missing.as_ref().is_none_or(|missing| ruling.missing_context == *missing);
        // What is undetermined says why.
        let told = expect != "undetermined" || !ruling.missing_context.is_empty() || !ruling.problems.is_empty();
        if decided(&ruling) != expect || !same_by || !same_keys || !told {
            wrong.push(format!("{place}: {why}: expected {expect} {by:?} {missing:?}, not {ruling:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 150, "{count}");
}

#[test]
fn a_deny_that_is_added_never_allows() {
    let deny = r#"{"name":"added","document":{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}}"#;
    for (place, mut case) in cases() {
        let before = rule(&case.query);
        for list in ["identity", "boundary", "session"] {
            let mut query = case.query.clone();
            let object = query.as_object_mut().expect("an object");
            // A boundary or session policy that was not there limits as well.
            object
                .entry(list)
                .or_insert_with(|| Value::Array(vec![]))
                .as_array_mut()
                .expect("a list")
                .push(serde_json::from_str(deny).expect("JSON"));
            let after = rule(&query);
            let allowed = matches!(after.verdict, Verdict::Allowed(_));
            assert!(!allowed || matches!(before.verdict, Verdict::Allowed(_)), "{place}: {list}: {after:?}");
        }
        case.query = Value::Null;
    }
}

#[test]
fn a_key_that_is_hidden_never_turns_the_answer_round() {
    for (place, case) in cases() {
        let before = rule(&case.query);
        let Some(context) = case.query["request"]["context"].as_object() else { continue };
        for key in context.keys() {
            let mut query = case.query.clone();
            query["request"]["context"].as_object_mut().expect("an object").remove(key);
            let after = rule(&query);
            // What was undetermined may stay so only: less is known.
            let turned = decided(&after) != "undetermined"
                && (decided(&before) == "undetermined"
                    || matches!(before.verdict, Verdict::Allowed(_)) != matches!(after.verdict, Verdict::Allowed(_)));
            assert!(!turned, "{place}: without {key}: {before:?} became {after:?}");
        }
    }
}
