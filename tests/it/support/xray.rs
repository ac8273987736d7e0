//! X-Ray for the synthetic AWS: sampling rules and where segments go, in AWS's wire form (REST-JSON). That it is AWS's is
//! held against botocore's service model by `xray_wire.rs`.

use serde_json::{Value, json};

use super::fake::ACCOUNT;

/// What X-Ray holds in every region.
#[derive(Clone)]
pub(crate) struct Xray {
    /// Rules as AWS sends them, each without its record.
    pub(crate) rules: Vec<Value>,
    /// `XRay` or `CloudWatchLogs`.
    pub(crate) destination: &'static str,
    /// `ACTIVE` or `PENDING`.
    pub(crate) status: &'static str,
}

/// As X-Ray is where nobody changed anything.
impl Default for Xray {
    fn default() -> Self {
        Self { rules: vec![rule("Default", 10_000, 0.05, 1)], destination: "XRay", status: "ACTIVE" }
    }
}

/// A rule that matches everything.
pub(crate) fn rule(name: &str, priority: u32, rate: f64, reservoir: u32) -> Value {
    json!({
        "RuleName": name, "RuleARN": format!("arn:aws:xray:eu-west-1:{ACCOUNT}:sampling-rule/{name}"),
        "ResourceARN": "*", "Priority": priority, "FixedRate": rate, "ReservoirSize": reservoir,
        "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
        "Attributes": {},
    })
}

impl Xray {
    /// The records of all rules.
    pub(crate) fn records(&self) -> Vec<Value> {
        let record = |rule: &Value| json!({"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 1_530_923_163.0});
        self.rules.iter().map(record).collect()
    }

    /// The answer to `GetTraceSegmentDestination`.
    pub(crate) fn trace_destination(&self) -> Value {
        json!({"Destination": self.destination, "Status": self.status})
    }
}
