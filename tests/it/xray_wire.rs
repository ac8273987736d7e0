//! What the tests' X-Rays say, and what the program asks, held against botocore's service model of X-Ray: neither is only
//! what we take it for.

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};

use crate::support::{
    fake::{Account, Api, Fake},
    moto,
    run::Gatelight,
    seed::endpoint,
    xray::{Xray, rule},
};

/// Calls X-Ray, each answer held to the model, and prints what came out.
const HOLD: &str = concat!(
    include_str!("support/validate_model.py"),
    r#"
rules = [
    record["SamplingRule"]
    for page in client.get_paginator("get_sampling_rules").paginate()
    for record in page["SamplingRuleRecords"]
]
destination = client.get_trace_segment_destination()
destination.pop("ResponseMetadata")
print(json.dumps({"rules": rules, "destination": destination, "calls": seen}))
"#
);

fn held(endpoint: &str) -> Value {
    let ran = Command::new(moto::python())
        .args(["-I", "-c", HOLD])
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("ENDPOINT", endpoint)
        .env("SERVICE", "xray")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn account() -> Account {
    let mut narrow = rule("narrow", 3, 0.0, 0);
    narrow["Attributes"] = json!({"User-Agent": "probe"});
    narrow["SamplingRateBoost"] = json!({"MaxRate": 0.5, "CooldownWindowMinutes": 10});
    let rules = vec![narrow, rule("second", 4, 0.25, 2), rule("Default", 10_000, 0.0, 0)];
    let stage = json!({"stageName": "prod", "deploymentId": "d", "tracingEnabled": true, "methodSettings": {}});
    Account {
        rest_apis: vec![Api { id: "a".to_owned(), name: "orders".to_owned(), protocol: "", stages: vec![stage] }],
        xray: Xray { rules, destination: "CloudWatchLogs", status: "PENDING" },
        page: 1,
        ..Account::default()
    }
}

#[test]
fn what_the_synthetic_x_ray_says_is_what_botocore_reads() {
    let fake = Fake::start(account(), []);
    let said = held(&fake.endpoint());
    assert_eq!(said["rules"], Value::Array(account().xray.rules));
    assert_eq!(said["destination"], account().xray.trace_destination());
    let calls = ["GetSamplingRules", "GetSamplingRules", "GetSamplingRules", "GetTraceSegmentDestination"];
    assert_eq!(said["calls"], json!(calls), "a page a rule");
}

#[test]
fn what_stands_before_moto_says_what_botocore_reads() {
    let said = held(&endpoint());
    assert_eq!(said["destination"], json!({"Destination": "XRay", "Status": "ACTIVE"}));
    assert_eq!(said["rules"][0]["RuleName"], "Default");
}

/// Path by path and body by body, page by page.
#[test]
fn the_program_asks_as_botocore_does() {
    let asked = |fake: &Fake| -> BTreeSet<(String, String)> {
        let requests = fake.requests().into_iter().filter(|request| request.operation.starts_with("xray:"));
        // No body says as much as one without a field.
        let body = |json: &Value| if json.is_null() { json!({}) } else { json.clone() };
        requests.map(|request| (request.path.clone(), body(&request.json).to_string())).collect()
    };
    let theirs = Fake::start(account(), []);
    held(&theirs.endpoint());
    let ours = Fake::start(account(), []);
    let checks = ["--check", "trace-sampling-off", "--check", "trace-destination-denied"];
    let ran = Gatelight::new(["audit", "--region", "eu-west-1", "--pace", "off", "--format", "json"])
        .args(checks)
        .endpoint(&ours.endpoint())
        .run();
    assert!(ran.report().gap_operations().is_empty(), "{ran:#?}");
    assert_eq!(asked(&ours), asked(&theirs));
    assert_eq!(ours.counts()["xray:GetSamplingRules"], 3);
    assert_eq!(ours.counts()["xray:GetTraceSegmentDestination"], 1);
}
