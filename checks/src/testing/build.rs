//! Builders of the parts that the scenarios are made of.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AccessLogSetting, Api, InlinePolicy, LogGroup, LogGroupAnswer, MethodLogging, Protocol, SamplingRule, Stage,
        TraceDestination,
    },
};
use jiff::Timestamp;

/// The account of every scenario.
pub(super) const ID: &str = "123456789012";
pub(super) const REGION: &str = "us-east-1";

/// When log groups and streams were created: a year before the account was read.
pub(super) const CREATED: Timestamp = Timestamp::constant(1_795_338_000 - 365 * 86_400, 0);
/// When stages were last changed: a week before.
const CHANGED: Timestamp = Timestamp::constant(1_795_338_000 - 7 * 86_400, 0);

pub(super) fn group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ID}:log-group:{name}")
}

pub(super) fn stream_arn(name: &str) -> String {
    format!("arn:aws:firehose:{REGION}:{ID}:deliverystream/{name}")
}

pub(super) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ID}:role/{name}")
}

pub(super) fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ID}:policy/{name}")
}

pub(super) fn api(id: &str, name: &str, protocol: Protocol, stages: Vec<Stage>) -> Api {
    Api { id: id.to_owned(), name: name.to_owned(), protocol, stages: Listing::whole(stages) }
}

pub(super) fn stage(
    name: &str,
    destination: &str,
    format: &str,
    method_logging: &[MethodLogging],
    tracing: Option<bool>,
) -> Stage {
    Stage {
        name: name.to_owned(),
        access_log: Some(AccessLogSetting {
            destination: Some(destination.to_owned()),
            format: Some(format.to_owned()),
        }),
        method_logging: method_logging.to_vec(),
        tracing,
        has_canary: false,
        changed_at: Fetched::known(CHANGED),
    }
}

pub(super) fn known_group(
    name: &str,
    retention_days: Option<i32>,
    class: Option<&str>,
    kms_key: Option<&str>,
) -> LogGroupAnswer {
    let group = LogGroup {
        arn: group_arn(name),
        retention_days,
        class: class.map(str::to_owned),
        kms_key: kms_key.map(str::to_owned),
        created_at: Fetched::known(CREATED),
    };
    LogGroupAnswer { name: name.to_owned(), group: Fetched::known(Some(group)) }
}

pub(super) fn inline(name: &str, document: String) -> InlinePolicy {
    InlinePolicy { name: name.to_owned(), document: Fetched::known(document) }
}

/// A policy that allows `actions` on the log groups that match `groups` and all in them.
pub(super) fn allow(actions: &str, groups: &str) -> String {
    let group = group_arn(groups);
    let statement = format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":["{group}","{group}:*"]}}"#);
    format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#)
}

/// A rule that matches everything, and samples as X-Ray does by default: one request a second, and of the rest five in a
/// hundred.
#[must_use]
pub fn sampling_rule(name: &str, priority: i32) -> SamplingRule {
    let any = || "*".to_owned();
    SamplingRule {
        name: name.to_owned(),
        priority,
        fixed_rate: 0.05,
        reservoir_size: 1,
        service_name: any(),
        service_type: any(),
        resource_arn: any(),
        host: any(),
        http_method: any(),
        url_path: any(),
        attributes: vec![],
    }
}

/// Where segments go.
#[must_use]
pub fn trace_destination(destination: &str, status: Option<&str>) -> TraceDestination {
    TraceDestination { destination: destination.to_owned(), status: status.map(str::to_owned) }
}
