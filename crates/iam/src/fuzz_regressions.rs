//! Repeats the inputs that the fuzz target `policy` found interesting: one per line, as a JSON string.

use crate::{
    Denial, Document, PolicySet, Principal, SimulatedRequest, Simulation, SimulationDecision, SimulationReader,
};

const INPUTS: &str = include_str!("corpus/fuzzed.jsonl");

const DENY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;

fn inputs() -> impl Iterator<Item = String> {
    INPUTS.lines().map(|line| serde_json::from_str(line).expect("a JSON string"))
}

fn request() -> SimulatedRequest {
    let text = r#"{"request":{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{"aws:username":"u"}}}"#;
    SimulationReader::new(text).next().expect("a simulation").expect("well formed").request
}

fn denies(request: &SimulatedRequest, policies: &PolicySet) -> bool {
    matches!(request.simulate(policies).decision, SimulationDecision::Denied(Denial::Explicit(_)))
}

#[test]
fn no_input_panics_and_a_deny_on_everything_always_denies() {
    let mut simulations = 0;
    for text in inputs() {
        for Simulation { request, mut policies } in SimulationReader::new(&text).take(4).filter_map(Result::ok) {
            simulations += 1;
            let _ = request.simulate(&policies);
            policies.boundary.push(Document::parse("deny", DENY));
            let is_deniable = !request.action.eq_ignore_ascii_case("sts:GetCallerIdentity");
            if let (Principal::Identity(_), true) = (&request.principal, is_deniable) {
                assert!(denies(&request, &policies), "{text}");
            }
        }
    }
    assert!(simulations > 0);
}

#[test]
fn no_policy_panics_in_any_position() {
    let request = request();
    let mut documents = 0;
    for text in inputs() {
        documents += usize::from(Document::parse("p", &text).is_ok());
        for position in 0..5 {
            let document = Document::parse("p", &text);
            let mut policies = PolicySet::default();
            match position {
                0 => policies.identity.push(document),
                1 => policies.resource.push(document),
                2 => policies.rcps.push(vec![document]),
                3 => policies.scps.push(vec![document]),
                _ => policies.endpoint.push(document),
            }
            let _ = request.simulate(&policies);
            policies.identity.push(Document::parse("deny", DENY));
            // A policy that cannot be read does not weaken one that can.
            assert!(denies(&request, &policies), "{text}");
        }
    }
    assert!(documents > 0);
}
