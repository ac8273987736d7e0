//! What an audit costs: requests, memory and CPU time for a thousand REST APIs of two stages each, and that it keeps
//! to its share of AWS's quotas.
//!
//! Figures that count are those of a release build:
//!
//! ```sh
//! cargo test --release --test it budget -- --nocapture --test-threads 1
//! ```
#![expect(clippy::print_stdout, reason = "figures are for those who run it with --nocapture")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    fake::{ACCOUNT, Account, Api, Fake, Fault, Request, Role, Rule, function},
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

/// A run and what it cost.
pub(crate) struct Measured {
    pub(crate) status: i64,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// In bytes.
    pub(crate) peak_memory: u64,
    /// Of all threads, user and system.
    pub(crate) cpu: Duration,
    pub(crate) took: Duration,
}

/// Runs what its arguments say and prints what the kernel counted. It stands between because the kernel also counts,
/// as the peak memory of a program, what its parent held when it started it; and tests hold much.
const METER: &str = "
import json, os, subprocess, sys, time
start = time.monotonic()
with open(sys.argv[1], 'wb') as out, open(sys.argv[2], 'wb') as err:
    child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    _, status, used = os.wait4(child.pid, 0)
status = os.waitstatus_to_exitcode(status)
print(json.dumps([status, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, time.monotonic() - start]))
";

impl Measured {
    /// The three figures, for people.
    pub(crate) fn cost(&self) -> String {
        let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
        let memory = f64::from(u32::try_from(self.peak_memory / 1024).unwrap()) / 1024.0;
        format!("{build}: {:.2?}, {:.2?} of CPU time, peak memory {memory:.1} MiB", self.took, self.cpu)
    }
}

/// Runs the binary with nothing but credentials and an endpoint in its environment, and measures it.
pub(crate) fn measure<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>, endpoint: &str) -> Measured {
    let home = TempDir::new().unwrap();
    let (stdout, stderr) = (home.path().join("stdout"), home.path().join("stderr"));
    let meter = Command::new("python3")
        .args(["-I", "-c", METER])
        .args([&stdout, &stderr])
        .arg(env!("CARGO_BIN_EXE_gatelight"))
        .args(args)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "nobody's")
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
        .unwrap();
    assert!(meter.status.success(), "{}", String::from_utf8_lossy(&meter.stderr));
    let (status, peak_memory, cpu, took) = serde_json::from_slice(&meter.stdout).unwrap();
    Measured {
        status,
        stdout: fs::read_to_string(stdout).unwrap(),
        stderr: fs::read_to_string(stderr).unwrap(),
        peak_memory,
        cpu: Duration::from_secs_f64(cpu),
        took: Duration::from_secs_f64(took),
    }
}

/// The checks of functions and of what log groups hold: without them the cost of API Gateway's shows.
const WING: &[&str] = &[
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
    let gateway = WING.iter().flat_map(|check| ["--skip", check]);
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

/// VPCs of a public and a private subnet each, with a NAT gateway between them, as EC2 describes them.
pub(crate) fn networks(vpcs: usize) -> BTreeMap<&'static str, Vec<String>> {
    let mut ec2 = BTreeMap::<&'static str, Vec<String>>::new();
    for n in 0..vpcs {
        let mut list = |action, text: String| ec2.entry(action).or_default().push(text);
        let cidr = format!("10.{n}");
        list(
            "DescribeVpcs",
            format!(
                "<vpcId>vpc-{n}</vpcId><ownerId>{ACCOUNT}</ownerId><state>available</state><cidrBlock>{cidr}.0.0/16</cidrBlock>\
                 <dhcpOptionsId>dopt-{n}</dhcpOptionsId><cidrBlockAssociationSet><item><cidrBlock>{cidr}.0.0/16</cidrBlock>\
                 <cidrBlockState><state>associated</state></cidrBlockState></item></cidrBlockAssociationSet>"
            ),
        );
        let dns = "<key>domain-name-servers</key><valueSet><item><value>AmazonProvidedDNS</value></item></valueSet>";
        let options = format!("<dhcpConfigurationSet><item>{dns}</item></dhcpConfigurationSet>");
        list("DescribeDhcpOptions", format!("<dhcpOptionsId>dopt-{n}</dhcpOptionsId>{options}"));
        for (third, kind) in ["public", "private"].into_iter().enumerate() {
            list(
                "DescribeSubnets",
                format!(
                    "<subnetId>subnet-{n}-{kind}</subnetId><vpcId>vpc-{n}</vpcId><state>available</state>\
                     <ownerId>{ACCOUNT}</ownerId><cidrBlock>{cidr}.{third}.0/24</cidrBlock><enableDns64>false</enableDns64>\
                     <availabilityZone>{REGION}a</availabilityZone>"
                ),
            );
            let target = if kind == "public" {
                format!("<gatewayId>igw-{n}</gatewayId>")
            } else {
                format!("<natGatewayId>nat-{n}</natGatewayId>")
            };
            let active = "<state>active</state><origin>CreateRoute</origin>";
            let routes = format!(
                "<item><destinationCidrBlock>{cidr}.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId>{active}</item>\
                 <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{target}{active}</item>"
            );
            list(
                "DescribeRouteTables",
                format!(
                    "<routeTableId>rtb-{n}-{kind}</routeTableId><vpcId>vpc-{n}</vpcId><routeSet>{routes}</routeSet>\
                     <associationSet><item><routeTableAssociationId>a-{n}-{kind}</routeTableAssociationId>\
                     <routeTableId>rtb-{n}-{kind}</routeTableId><subnetId>subnet-{n}-{kind}</subnetId><main>false</main>\
                     <associationState><state>associated</state></associationState></item></associationSet>"
                ),
            );
        }
        list(
            "DescribeNatGateways",
            format!(
                "<natGatewayId>nat-{n}</natGatewayId><vpcId>vpc-{n}</vpcId><subnetId>subnet-{n}-public</subnetId>\
                 <state>available</state><connectivityType>public</connectivityType>"
            ),
        );
        list(
            "DescribeInternetGateways",
            format!(
                "<internetGatewayId>igw-{n}</internetGatewayId><attachmentSet><item><vpcId>vpc-{n}</vpcId>\
                 <state>available</state></item></attachmentSet>"
            ),
        );
        let all =
            "<item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>";
        list(
            "DescribeSecurityGroups",
            format!(
                "<groupId>sg-{n}</groupId><groupName>functions</groupName><vpcId>vpc-{n}</vpcId>\
                 <ipPermissions/><ipPermissionsEgress>{all}</ipPermissionsEgress>"
            ),
        );
        let entry = |egress: bool| {
            format!(
                "<item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow</ruleAction>\
                 <egress>{egress}</egress><cidrBlock>0.0.0.0/0</cidrBlock></item>"
            )
        };
        let guard = |kind: &str| {
            format!("<item><networkAclId>acl-{n}</networkAclId><subnetId>subnet-{n}-{kind}</subnetId></item>")
        };
        list(
            "DescribeNetworkAcls",
            format!(
                "<networkAclId>acl-{n}</networkAclId><vpcId>vpc-{n}</vpcId><default>true</default>\
                 <entrySet>{}{}</entrySet><associationSet>{}{}</associationSet>",
                entry(true),
                entry(false),
                guard("public"),
                guard("private")
            ),
        );
    }
    ec2
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

fn to_gateway(fake: &Fake) -> Vec<Request> {
    fake.requests().into_iter().filter(|request| request.operation.starts_with("apigateway")).collect()
}

/// AWS grants API Gateway's control plane ten requests a second and bursts of forty, for REST and v2 together; half of
/// that is a burst of twenty and five a second after it.
#[test]
fn half_the_pace_is_never_more_than_half_the_quota() {
    let fake = Fake::start(account(30, |_, _| "/gateway/all".to_owned()), []);
    audit(&fake, "0.5");
    let times: Vec<Instant> = to_gateway(&fake).iter().map(|request| request.at).collect();
    assert!(times.len() >= 33, "{} requests", times.len());
    for (i, start) in times.iter().enumerate() {
        for (j, end) in times.iter().enumerate().skip(i) {
            // Three more than the bucket gives: on its way a request may be held up, and come together with later ones.
            let most = 23.0 + 5.0 * end.duration_since(*start).as_secs_f64();
            let came = u32::try_from(j - i + 1).unwrap();
            assert!(f64::from(came) <= most, "{came} requests within {:?}", end.duration_since(*start));
        }
    }
}

/// After a 429 nobody calls API Gateway for a while: the quota is the account's, whichever call met its end.
#[test]
fn throttling_pauses_every_call_of_the_quota() {
    let fake = Fake::start(
        account(30, |_, _| "/gateway/all".to_owned()),
        [Rule { operation: "apigateway:GetStages", calls: 5..6, fault: Fault::Throttled }],
    );
    let output = audit(&fake, "0.5");
    let requests = to_gateway(&fake);
    let throttled = requests.iter().find(|request| request.spoiled).unwrap().at;
    // Calls that were under way when the answer came are past help. The answer said `Retry-After: 1`.
    let after = |request: &&Request| request.at > throttled + Duration::from_millis(200);
    let next = requests.iter().find(after).unwrap().at - throttled;
    assert!(next >= Duration::from_millis(950), "the next request came after {next:?}");
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["shards"][0]["throttled"], json!(1));
}

/// And no call of another quota: while API Gateway's gate is shut, log groups are read.
#[test]
fn throttling_pauses_no_other_quota() {
    let fake = Fake::start(
        account(3, |_, _| "/gateway/all".to_owned()),
        [Rule::first(1, "apigateway:GetAccount", Fault::Throttled)],
    );
    audit(&fake, "off");
    let requests = fake.requests();
    let of = |operation: &str| -> Vec<Instant> {
        requests.iter().filter(|request| request.operation == operation).map(|request| request.at).collect()
    };
    let (settings, groups) = (of("apigateway:GetAccount"), of("logs:DescribeLogGroups"));
    assert!(settings[1] - settings[0] >= Duration::from_millis(950), "{:?}", settings[1] - settings[0]);
    assert!(groups.iter().all(|at| *at < settings[1]), "log groups waited for API Gateway");
}
