//! Sampling rules and where segments go, in the healthy account and where something is wrong.

use gatelight_model::{
    Fetched,
    inventory::{LogPolicy, SamplingAttribute, SamplingRule},
};

use super::{
    Fault, Inventory, break_off,
    build::{sampling_rule, trace_destination},
    denied,
    empty::clear,
};

/// The same rule, sampling nothing.
fn silent(rule: SamplingRule) -> SamplingRule {
    SamplingRule { fixed_rate: 0.0, reservoir_size: 0, ..rule }
}

fn for_service(name: &str, priority: i32, service_name: &str) -> SamplingRule {
    SamplingRule { service_name: service_name.to_owned(), ..sampling_rule(name, priority) }
}

/// Those of the healthy account: preflight requests and probes are left out, `users` has a rule of its own.
pub(super) fn sampling_rules() -> Vec<SamplingRule> {
    let preflight = SamplingRule { http_method: "OPTIONS".to_owned(), ..sampling_rule("preflight", 100) };
    let probes = SamplingRule {
        attributes: vec![SamplingAttribute { name: "User-Agent".to_owned(), value: "probe/*".to_owned() }],
        host: "*.example.com".to_owned(),
        ..sampling_rule("probes", 200)
    };
    let users = SamplingRule {
        service_type: "AWS::ApiGateway::*".to_owned(),
        reservoir_size: 0,
        ..for_service("users", 300, "users/*")
    };
    let backend = SamplingRule {
        resource_arn: "arn:aws:ecs:us-east-1:123456789012:*".to_owned(),
        url_path: "/v1/*".to_owned(),
        ..sampling_rule("backend", 300)
    };
    vec![silent(preflight), silent(probes), users, backend, sampling_rule("Default", 10_000)]
}

/// What lets X-Ray write spans: a policy of the account for one group, and one of its own for the other.
pub(super) fn log_policies() -> [LogPolicy; 2] {
    let document = |group: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"TransactionSearchXRayAccess","Effect":"Allow","Principal":{{"Service":"xray.amazonaws.com"}},"Action":"logs:PutLogEvents","Resource":["{group}:*"],"Condition":{{"ArnLike":{{"aws:SourceArn":"arn:aws:xray:us-east-1:123456789012:*"}},"StringEquals":{{"aws:SourceAccount":"123456789012"}}}}}}]}}"#
        )
    };
    let arn = |group: &str| format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}");
    let (spans, data) = (arn("aws/spans"), arn("/aws/application-signals/data"));
    [
        LogPolicy { name: "TransactionSearch".to_owned(), log_group: None, document: document(&spans) },
        LogPolicy { name: "signals".to_owned(), document: document(&data), log_group: Some(data) },
    ]
}

/// Takes the policy of that name away.
fn without_policy(inventory: &mut Inventory, name: &str) {
    inventory.region.log_policies.seen.retain(|policy| policy.name != name);
}

fn goes_to(inventory: &mut Inventory, destination: &str, status: Option<&str>) {
    inventory.region.trace_destination = Fetched::known(trace_destination(destination, status));
}

/// The scenarios in which traces are not recorded, or not kept, or nobody can tell.
pub(super) const TRACING: &[Fault] = &[
    ("a sampling rule that silences everything", |inventory| {
        inventory.region.sampling_rules.seen.insert(0, silent(sampling_rule("off", 1)));
        goes_to(inventory, "XRay", None);
    }),
    ("sampling rules for some stages", |inventory| {
        let arn = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/prod";
        let new = "arn:aws:apigateway:us-east-1::/restapis/f6g7h8i9j0/stages/live";
        let by_arn =
            |name: &str, arn: &str| silent(SamplingRule { resource_arn: arn.to_owned(), ..sampling_rule(name, 20) });
        let both = "*f6g7h8i9j0*beta";
        let staging = silent(for_service("staging", 10, "orders/staging"));
        let more = [staging, by_arn("old", arn), by_arn("new", new), by_arn("both", both)];
        inventory.region.sampling_rules.seen.splice(0..0, more);
        without_policy(inventory, "signals");
    }),
    ("sampling rules of one priority, with a path, and in another case", |inventory| {
        let path = SamplingRule { url_path: "/health".to_owned(), ..silent(for_service("path", 5, "orders/prod")) };
        let more = [
            path,
            silent(for_service("a", 6, "orders/staging")),
            for_service("b", 6, "*/staging"),
            silent(for_service("case", 7, "USERS/live")),
        ];
        inventory.region.sampling_rules.seen.splice(0..0, more);
        without_policy(inventory, "TransactionSearch");
        goes_to(inventory, "CloudWatchLogs", Some("PENDING"));
    }),
    ("no sampling rules, and segments that go where nobody knows", |inventory| {
        inventory.region.sampling_rules.seen.clear();
        goes_to(inventory, "Elsewhere", Some("ACTIVE"));
    }),
    ("X-Ray that may not be asked", |inventory| {
        break_off(&mut inventory.region.sampling_rules, "xray:GetSamplingRules");
        inventory.region.trace_destination = Err(denied("xray:GetTraceSegmentDestination")).into();
    }),
    ("Transaction Search where nothing sends segments", |inventory| {
        clear(inventory);
        goes_to(inventory, "CloudWatchLogs", Some("ACTIVE"));
    }),
    ("spans that policies hide", |inventory| {
        without_policy(inventory, "signals");
        break_off(&mut inventory.region.log_policies, "logs:DescribeResourcePolicies");
    }),
];
