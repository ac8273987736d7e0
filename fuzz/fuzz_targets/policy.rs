//! No input panics `gatelight can`, no policy panics the IAM engine, and a Deny on everything always denies.
#![no_main]

use gatelight_iam::{Denial, Document, Principal, SimulationDecision, SimulationReader};
use libfuzzer_sys::fuzz_target;

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
const REQUEST: &str = r#"{"request":{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{"aws:username":"u"}}}"#;

fuzz_target!(|text: &str| {
    // As an input of `can`.
    for mut simulation in SimulationReader::new(text).take(4).filter_map(Result::ok) {
        let _ = simulation.request.simulate(&simulation.policies);
        // A Deny in a boundary applies to every identity, a root user too, even if other policies cannot be read.
        simulation.policies.boundary.push(Document::parse("deny", DENY));
        let is_deniable = !simulation.request.action.eq_ignore_ascii_case("sts:GetCallerIdentity");
        if let (Principal::Identity(_), true) = (&simulation.request.principal, is_deniable) {
            let result = simulation.request.simulate(&simulation.policies);
            assert!(matches!(result.decision, SimulationDecision::Denied(Denial::Explicit(_))), "{result:?}");
        }
    }
    // As a policy of each kind.
    let Some(Ok(simulation)) = SimulationReader::new(REQUEST).next() else { panic!("the request is well formed") };
    for kind in 0..4 {
        let mut policies = simulation.policies.clone();
        let document = Document::parse("p", text);
        match kind {
            0 => policies.identity.push(document),
            1 => policies.resource.push(document),
            2 => policies.rcps.push(vec![document]),
            _ => policies.endpoint.push(document),
        }
        let _ = simulation.request.simulate(&policies);
    }
});
