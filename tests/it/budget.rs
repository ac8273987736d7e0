//! What an audit costs: requests, memory and CPU time for a thousand REST APIs of two stages each, and that it keeps
//! to its share of AWS's quotas.
//!
//! Figures that count are those of a release build:
//!
//! ```sh
//! cargo test --release --test it budget -- --nocapture --test-threads 1
//! ```
#![expect(clippy::print_stdout, reason = "figures are for those who run it with --nocapture")]

mod measure;
mod networks;
mod pace;

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

pub(crate) use self::measure::{Measured, measure};
pub(crate) use self::networks::networks;
use crate::support::{
    fake::{ACCOUNT, Account, Api, Fake, Role, function},
    run::{Gatelight, Ran},
};

const REGION: &str = "eu-west-1";
const APIS: usize = 1_000;
/// Log groups of the account that have nothing to do with API Gateway.
const OTHER_GROUPS: usize = 1_500;

/// `apis` REST APIs of two stages each; `group` names the log group of each stage.
fn account(apis: usize, group: impl Fn(usize, &str) -> String) -> Account {
    let format = json!({
        "requestId": "$context.requestId", "extendedRequestId": "$context.extendedRequestId", "ip": "$context.identity.sourceIp",
        "caller": "$context.identity.caller", "user": "$context.identity.user", "requestTime": "$context.requestTime",
        "httpMethod": "$context.httpMethod", "resourcePath": "$context.resourcePath", "status": "$context.status",
        "protocol": "$context.protocol", "responseLength": "$context.responseLength", "error": "$context.error.message",
        "integrationError": "$context.integration.error", "integrationStatus": "$context.integration.status",
        "integrationLatency": "$context.integration.latency", "responseLatency": "$context.responseLatency",
    })
    .to_string();
    let stage = |n: usize, name: &str| {
        json!({
            "stageName": name, "deploymentId": "d4m4ks", "tracingEnabled": true, "cacheClusterEnabled": false,
            "accessLogSettings": {
                "destinationArn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{}", group(n, name)), "format": format,
            },
            "methodSettings": {"*/*": {"loggingLevel": "OFF", "dataTraceEnabled": false, "metricsEnabled": true}},
            "variables": {"table": "orders", "function": "orders-handler"}, "tags": {"team": "orders"},
            "createdDate": 1_700_000_000, "lastUpdatedDate": 1_700_000_000,
        })
    };
    let api = |n: usize| Api {
        id: format!("a{n:09}"),
        name: format!("service-{n:04}"),
        protocol: "",
        stages: ["prod", "test"].map(|name| stage(n, name)).to_vec(),
    };
    let others = (0..OTHER_GROUPS).map(|n| format!("/aws/lambda/function-{n:04}"));
    let named = (0..apis).flat_map(|n| ["prod", "test"].map(|name| group(n, name)));
    let statement = json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*"});
    let trust =
        json!({"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let role = Role {
        trust: json!({"Version": "2012-10-17", "Statement": [trust]}).to_string(),
        inline: BTreeMap::from([(
            "write".to_owned(),
            json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(),
        )]),
        ..Role::default()
    };
    Account {
        rest_apis: (0..apis).map(api).collect(),
        cloudwatch_role: Some(format!("arn:aws:iam::{ACCOUNT}:role/logs")),
        log_groups: others.chain(named).map(|name| (name, json!({"retentionInDays": 30}))).collect(),
        roles: BTreeMap::from([("logs".to_owned(), role)]),
        ..Account::default()
    }
}

fn audit(fake: &Fake, pace: &str) -> Ran {
    let args = ["audit", "--region", REGION, "--pace", pace, "--format", "json"];
    let ran = Gatelight::new(args).endpoint(&fake.endpoint()).run();
    // Some of its stages write no execution log: a finding.
    assert!(matches!(ran.status, Some(0 | 1)), "{ran:#?}");
    ran
}

/// The checks of functions and of what log groups hold: without them the cost of API Gateway's shows.
const FUNCTION_CHECKS: &[&str] = &[
    "function-tracing-off",
    "function-role-cannot-trace",
    "function-role-cannot-log",
    "function-cannot-reach-xray",
    "log-group-never-expires",
    "log-delivery-denied",
    "log-group-key-unusable",
    "log-emission-failing",
    "access-log-silent",
    "gateway-overhead-high",
    "trace-destination-denied",
];

/// Runs the audit of a thousand APIs and returns its requests by operation.
fn cost(what: &str, account: Account) -> BTreeMap<String, usize> {
    let fake = Fake::start(account, []);
    let gateway = FUNCTION_CHECKS.iter().flat_map(|check| ["--skip", check]);
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json"].into_iter().chain(gateway);
    let measured = measure(args, &fake.endpoint());
    assert!(matches!(measured.status, 0 | 1), "{}: {}", measured.status, measured.stderr);
    let report: Value = serde_json::from_str(&measured.stdout).unwrap();
    let (pass, fail) = (&report["summary"]["pass"], &report["summary"]["fail"]);
    assert_eq!(report["summary"]["unknown"], json!(0), "{}", measured.stderr);
    let requests = fake.counts();
    println!("{what}: {}; {pass} passed, {fail} failed; requests {requests:?}", measured.cost());
    let told: BTreeMap<String, usize> = serde_json::from_value(report["shards"][0]["requests"].clone()).unwrap();
    for (operation, count) in &told {
        assert_eq!(requests.get(operation), Some(count), "{operation}: the report tells another number");
    }
    if !cfg!(debug_assertions) {
        assert!(measured.peak_memory < 60_000_000, "peak memory {} bytes", measured.peak_memory);
        assert!(measured.cpu < Duration::from_secs(2), "CPU time {:?}", measured.cpu);
    }
    requests
}

/// All requests but those for log groups, exactly.
fn few_requests(mut requests: BTreeMap<String, usize>, most_for_groups: usize) {
    let for_groups = requests.remove("logs:DescribeLogGroups").unwrap();
    assert!(for_groups <= most_for_groups, "{for_groups} requests for log groups");
    let expected = [
        ("apigateway:GetRestApis", APIS.div_ceil(500)),
        ("apigateway:GetStages", APIS),
        ("apigateway:GetAccount", 1),
        ("apigatewayv2:GetApis", 1),
        ("iam:GetRole", 1),
        ("iam:ListRolePolicies", 1),
        ("iam:GetRolePolicy", 1),
        ("iam:ListAttachedRolePolicies", 1),
        ("sts:GetCallerIdentity", 1),
        ("xray:GetSamplingRules", 1),
        ("organizations:DescribeOrganization", 1),
    ];
    assert_eq!(requests, expected.map(|(operation, count)| (operation.to_owned(), count)).into());
}

#[test]
fn a_group_for_each_of_two_thousand_stages() {
    let requests = cost("a group a stage", account(APIS, |n, stage| format!("/gateway/service-{n:04}/{stage}")));
    few_requests(requests, (2 * APIS + OTHER_GROUPS).div_ceil(50) + 1);
}

#[test]
fn one_group_for_two_thousand_stages() {
    few_requests(cost("one group", account(APIS, |_, _| "/gateway/all".to_owned())), 4);
}

/// Each stage also writes an execution log, to a group of its own.
#[test]
fn two_groups_for_each_of_two_thousand_stages() {
    let mut account = account(APIS, |n, stage| format!("/gateway/service-{n:04}/{stage}"));
    for api in &mut account.rest_apis {
        for stage in &mut api.stages {
            stage["methodSettings"]["*/*"]["loggingLevel"] = json!("INFO");
            let name = stage["stageName"].as_str().unwrap();
            account
                .log_groups
                .insert(format!("API-Gateway-Execution-Logs_{}/{name}", api.id), json!({"retentionInDays": 7}));
        }
    }
    few_requests(cost("two groups a stage", account), (4 * APIS + OTHER_GROUPS).div_ceil(50) + 1);
}

/// Everything: a thousand APIs of two stages each, a thousand functions over three roles, two hundred of them in three
/// VPCs, and a hundred log groups of three thousand with events in the window.
#[test]
fn a_thousand_functions_too() {
    let mut account = account(APIS, |n, stage| format!("/gateway/service-{n:04}/{stage}"));
    let allow = |actions: &[&str]| {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    for n in 0..3 {
        let inline = BTreeMap::from([("own".to_owned(), allow(&["logs:*", "xray:Put*"]))]);
        account.roles.insert(format!("service-{n}"), Role { trust: allow(&[]), inline, ..Role::default() });
    }
    for n in 0..1_000 {
        let mode = if n % 10 == 0 { "PassThrough" } else { "Active" };
        let mut function = function(REGION, &format!("function-{n:04}"), &format!("service-{}", n % 3), mode);
        if n % 5 == 0 {
            let vpc = n / 5 % 3;
            function["VpcConfig"] = json!({
                "VpcId": format!("vpc-{vpc}"), "SubnetIds": [format!("subnet-{vpc}-private")],
                "SecurityGroupIds": [format!("sg-{vpc}")], "Ipv6AllowedForDualStack": false,
            });
        }
        account.functions.push(function);
    }
    let busy = account.log_groups.keys().filter(|name| name.starts_with("/aws/lambda/")).take(100);
    account.events = busy.map(|name| (name.clone(), vec!["all is well".to_owned(); 50])).collect();
    account.ec2 = networks(3);

    let fake = Fake::start(account, []);
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json"];
    let measured = measure(args, &fake.endpoint());
    assert!(matches!(measured.status, 0 | 1), "{}: {}", measured.status, measured.stderr);
    let report: Value = serde_json::from_str(&measured.stdout).unwrap();
    let requests = fake.counts();
    println!("functions too: {}; {}; requests {requests:#?}", measured.cost(), report["summary"]);
    assert_eq!(report["summary"]["unknown"], json!(0), "{}", report["shards"][0]["gaps"]);
    let count = |operation: &str| requests.get(operation).copied().unwrap_or_default();
    assert_eq!(count("lambda:ListFunctions"), 20);
    assert_eq!(count("lambda:GetPolicy"), 100, "once for each function that does not trace");
    assert_eq!(count("iam:GetRole") + count("iam:GetAccountAuthorizationDetails"), 4);
    let ec2: usize = requests.iter().filter(|(operation, _)| operation.starts_with("ec2:")).map(|(_, n)| n).sum();
    assert!(ec2 <= 20, "{ec2} calls about three networks");
    let searches = count("logs:FilterLogEvents");
    assert!((100..=110).contains(&searches), "{searches} searches of 100 groups that took events");
    assert!(count("cloudwatch:GetMetricData") <= 16);
    assert_eq!((count("xray:GetSamplingRules"), count("xray:GetTraceSegmentDestination")), (1, 1));
    assert!(count("logs:DescribeLogGroups") <= (2 * APIS + OTHER_GROUPS).div_ceil(50) + 1);
    if !cfg!(debug_assertions) {
        assert!(measured.peak_memory < 120_000_000, "peak memory {} bytes", measured.peak_memory);
        assert!(measured.cpu < Duration::from_secs(3), "CPU time {:?}", measured.cpu);
    }
}

/// Two thousand log groups of functions, of which a hundred took events in the window: those are searched, and CloudWatch
/// is asked about all of them 500 at a time.
#[test]
fn two_thousand_log_groups_of_which_a_hundred_took_events() {
    const GROUPS: usize = 2_000;
    let mut account = Account::default();
    for n in 0..GROUPS {
        let name = format!("quiet-{n:04}");
        account.log_groups.insert(format!("/aws/lambda/{name}"), json!({"retentionInDays": 30}));
        account.functions.push(function(REGION, &name, "service", "Active"));
    }
    let busy: Vec<_> = account.log_groups.keys().step_by(GROUPS / 100).cloned().collect();
    account.events = busy.iter().map(|name| (name.clone(), vec!["all is well".to_owned(); 50])).collect();
    let fake = Fake::start(account, []);
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json", "--check", "log-emission-failing"];
    let measured = measure(args, &fake.endpoint());
    let report: Value = serde_json::from_str(&measured.stdout).unwrap();
    let requests = fake.counts();
    println!("2,000 groups: {}; {}; requests {requests:#?}", measured.cost(), report["summary"]);
    assert_eq!((measured.status, &report["summary"]["pass"]), (0, &json!(GROUPS)), "{}", measured.stderr);
    assert_eq!(requests["logs:FilterLogEvents"], 100);
    // A day in periods of five minutes is some 287 data points, and a call takes 100,800.
    assert_eq!(requests["cloudwatch:GetMetricData"], GROUPS.div_ceil(350));
    assert_eq!(report["shards"][0]["metrics_requested"], json!(GROUPS));
}

/// What the metrics of two thousand stages cost: one metric for a stage that is idle, four for one that serves requests
/// and writes its access log to a group of its own.
#[test]
fn metrics_of_a_thousand_apis() {
    const BUSY: usize = 500;
    let mut account = account(APIS, |n, stage| format!("/gateway/service-{n:04}/{stage}"));
    for n in 0..BUSY {
        for stage in ["prod", "test"] {
            let mut count = |metric: String, value: f64| {
                account.metrics.insert(metric, value);
            };
            count(format!("Count service-{n:04} {stage} SampleCount"), 1_000.0);
            for (latency, sum) in [("Latency", 180_000.0), ("IntegrationLatency", 140_000.0)] {
                count(format!("{latency} service-{n:04} {stage} SampleCount"), 1_000.0);
                count(format!("{latency} service-{n:04} {stage} Sum"), sum);
            }
            account.events.insert(format!("/gateway/service-{n:04}/{stage}"), vec!["{}".to_owned()]);
        }
    }
    let fake = Fake::start(account, []);
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json"];
    let args = args.into_iter().chain(["--check", "access-log-silent", "--check", "gateway-overhead-high"]);
    let measured = measure(args, &fake.endpoint());
    let report: Value = serde_json::from_str(&measured.stdout).unwrap();
    let requests = fake.counts();
    let metrics = &report["shards"][0]["metrics_requested"];
    println!("metrics: {}; {metrics} metrics; {}; requests {requests:?}", measured.cost(), report["summary"]);
    assert_eq!(report["summary"]["unknown"], json!(0), "{}", report["shards"][0]["gaps"]);
    assert_eq!(report["summary"]["pass"], json!(4 * BUSY), "{}", measured.stderr);
    assert_eq!(*metrics, json!(2 * (APIS + 3 * BUSY)));
    assert!(requests["cloudwatch:GetMetricData"] <= 24, "{requests:?}");
    assert_eq!(requests.get("logs:FilterLogEvents"), None);
}

/// An empty region costs the listing calls and nothing more.
#[test]
fn an_empty_region_costs_the_listing_calls() {
    let fake = Fake::start(Account::default(), []);
    audit(&fake, "off");
    let listings = ["apigateway:GetRestApis", "apigatewayv2:GetApis", "lambda:ListFunctions", "sts:GetCallerIdentity"];
    assert_eq!(fake.counts(), listings.map(|operation| (operation.to_owned(), 1)).into());
}

// ---- Pace ----
