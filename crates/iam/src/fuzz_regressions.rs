//! What the fuzz target `policy` found interesting, once more: one input a line, as a JSON string.

use super::{Denial, Document, PolicySet, Principal, Queries, Query, Question, Verdict};

const INPUTS: &str = include_str!("corpus/fuzzed.jsonl");

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

fn inputs() -> impl Iterator<Item = String> {
    INPUTS.lines().map(|line| serde_json::from_str(line).expect("a JSON string"))
}

fn question() -> Question {
    let text = r#"{"request":{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{"aws:username":"u"}}}"#;
    Queries::new(text).next().expect("a query").expect("of the form").question
}

fn denies(question: &Question, policies: &PolicySet) -> bool {
    matches!(question.decide(policies).verdict, Verdict::Denied(Denial::Explicit(_)))
}

#[test]
fn no_query_is_too_strange_and_a_deny_on_everything_is_never_overruled() {
    let mut queries = 0;
    for text in inputs() {
        for Query { question, mut policies } in Queries::new(&text).take(4).filter_map(Result::ok) {
            queries += 1;
            let _ = question.decide(&policies);
            policies.boundary.push(Document::parse("deny", DENY));
            if let Principal::Identity(_) = question.principal {
                assert!(denies(&question, &policies), "{text}");
            }
        }
    }
    assert!(queries > 0);
}

#[test]
fn no_policy_is_too_strange_in_any_place() {
    let question = question();
    let mut documents = 0;
    for text in inputs() {
        documents += usize::from(Document::parse("p", &text).is_ok());
        for place in 0..5 {
            let document = Document::parse("p", &text);
            let mut policies = PolicySet::default();
            match place {
                0 => policies.identity.push(document),
                1 => policies.resource.push(document),
                2 => policies.rcps.push(vec![document]),
                3 => policies.scps.push(vec![document]),
                _ => policies.endpoint.push(document),
            }
            let _ = question.decide(&policies);
            policies.identity.push(Document::parse("deny", DENY));
            // A policy that cannot be read takes nothing from one that can.
            assert!(denies(&question, &policies), "{text}");
        }
    }
    assert!(documents > 0);
}
