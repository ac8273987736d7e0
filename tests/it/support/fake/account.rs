//! What the synthetic account holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ACCOUNT, Delivery, Organization};
use crate::support::xray::Xray;

/// What the synthetic account holds, the same in every region. Stages and log groups are in AWS's wire form.
#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) rest_apis: Vec<Api>,
    pub(crate) v2_apis: Vec<Api>,
    pub(crate) cloudwatch_role: Option<String>,
    pub(crate) log_groups: BTreeMap<String, Value>,
    pub(crate) streams: Vec<String>,
    pub(crate) roles: BTreeMap<String, Role>,
    /// By ARN.
    pub(crate) managed_policies: BTreeMap<String, String>,
    /// In AWS's wire form.
    pub(crate) functions: Vec<Value>,
    /// The resource policies of functions, by the function's name.
    pub(crate) callers: BTreeMap<String, String>,
    /// The account's resource policies of CloudWatch Logs, by name.
    pub(crate) log_policies: BTreeMap<String, String>,
    /// Where delivery sources send execution logs.
    pub(crate) deliveries: Vec<Delivery>,
    /// The policies of KMS keys that are enabled, by ARN.
    pub(crate) keys: BTreeMap<String, String>,
    /// What log groups hold: lines, all of them an hour and a half old. Groups that are not here took nothing.
    pub(crate) events: BTreeMap<String, Vec<String>>,
    /// What CloudWatch counts: a metric's name, the values of its dimensions, and the statistic, separated by spaces; for
    /// `AWS/Logs` what stands in `events`.
    pub(crate) metrics: BTreeMap<String, f64>,
    /// The elements that EC2 lists, by action.
    pub(crate) ec2: BTreeMap<&'static str, Vec<String>>,
    pub(crate) xray: Xray,
    /// None: it belongs to no organization.
    pub(crate) organization: Option<Organization>,
    /// No page holds more elements than this, whatever is asked for. 0: as many as AWS allows.
    pub(crate) page: usize,
}

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `HTTP` or `WEBSOCKET`; not used for REST APIs.
    pub(crate) protocol: &'static str,
    pub(crate) stages: Vec<Value>,
}

#[derive(Clone, Default)]
pub(crate) struct Role {
    pub(crate) trust: String,
    pub(crate) boundary: Option<String>,
    pub(crate) inline: BTreeMap<String, String>,
    pub(crate) attached: Vec<String>,
}

/// A function in AWS's wire form.
pub(crate) fn function(region: &str, name: &str, role: &str, mode: &str) -> Value {
    json!({
        "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"),
        "Role": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "Runtime": "python3.13", "Handler": "index.handler",
        "CodeSize": 1_234, "Timeout": 3, "MemorySize": 128, "Version": "$LATEST", "PackageType": "Zip",
        "LastModified": "2026-01-01T00:00:00.000+0000", "TracingConfig": {"Mode": mode}, "Architectures": ["arm64"],
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
        "Environment": {"Variables": {"TABLE": "orders", "PASSWORD": "secret-of-a-function"}},
    })
}
