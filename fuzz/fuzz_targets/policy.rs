//! No text is too strange for `gatelight can`, no policy for the evaluator, and a Deny on everything is never overruled.
#![no_main]

use gatelight_iam::{Denial, Document, Principal, Queries, Verdict};
use libfuzzer_sys::fuzz_target;

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
const REQUEST: &str = r#"{"request":{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{"aws:username":"u"}}}"#;

fuzz_target!(|text: &str| {
    // As a whole input.
    for mut query in Queries::new(text).take(4).filter_map(Result::ok) {
        let _ = query.question.decide(&query.policies);
        // A Deny in a boundary holds for every identity, a root user too, whatever else cannot be read.
        query.policies.boundary.push(Document::parse("deny", DENY));
        if let Principal::Identity(_) = query.question.principal {
            let ruling = query.question.decide(&query.policies);
            assert!(matches!(ruling.verdict, Verdict::Denied(Denial::Explicit(_))), "{ruling:?}");
        }
    }
    // As a policy alone, in each place.
    let Some(Ok(query)) = Queries::new(REQUEST).next() else { panic!("the request is well formed") };
    for place in 0..4 {
        let mut policies = query.policies.clone();
        let document = Document::parse("p", text);
        match place {
            0 => policies.identity.push(document),
            1 => policies.resource.push(document),
            2 => policies.rcps.push(vec![document]),
            _ => policies.endpoint.push(document),
        }
        let _ = query.question.decide(&policies);
    }
});
