//! What CloudWatch's metrics tell of stages: access logs that stay empty, and the time that API Gateway itself takes.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::support::{
    cloudwatch::{self, Query},
    fake::{ACCOUNT, Account, Api, Fake, Fault, Rule},
    moto,
    report::Report,
    run::Gatelight,
};

const REGION: &str = "eu-west-1";
const NAMED: &str = r#"{"api":"$context.apiId","stage":"$context.stage","id":"$context.requestId"}"#;

fn stage(name: &str, destination: &str, format: &str) -> Value {
    json!({
        "stageName": name, "deploymentId": "d", "tracingEnabled": false, "cacheClusterEnabled": false,
        "accessLogSettings": {"destinationArn": arn(destination), "format": format},
        "createdDate": 1_700_000_000, "lastUpdatedDate": 1_700_000_000,
    })
}

fn arn(destination: &str) -> String {
    let service = if destination.starts_with("log-group") { "logs" } else { "firehose" };
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{destination}")
}

fn group(name: &str) -> String {
    format!("log-group:{name}")
}

fn api(id: &str, name: &str, protocol: &'static str, stages: Vec<Value>) -> Api {
    Api { id: id.to_owned(), name: name.to_owned(), protocol, stages }
}

/// A stage of a v2 API, in the other wire form.
fn v2(stage: &Value) -> Value {
    json!({
        "stageName": stage["stageName"], "accessLogSettings": stage["accessLogSettings"],
        "createdDate": "2026-01-01T00:00:00Z", "lastUpdatedDate": "2026-01-01T00:00:00Z",
    })
}

/// Stages that write, that do not, that share a group, and that take long.
fn account() -> Account {
    let fine = stage("prod", &group("/fine"), NAMED);
    let silent = stage("prod", &group("/silent"), NAMED);
    let hose = stage("prod", "deliverystream/amazon-apigateway-hose", NAMED);
    let shared = |name: &str| stage(name, &group("/shared"), NAMED);
    let mut fresh = stage("prod", &group("/fresh"), NAMED);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    fresh["lastUpdatedDate"] = json!(now - 600);
    let line = |api: &str, stage: &str| format!(r#"{{"api":"{api}","stage":"{stage}","id":"r"}}"#);
    let mut metrics = BTreeMap::new();
    let mut count = |key: &str, value: f64| {
        metrics.insert(key.to_owned(), value);
    };
    for name in ["fine", "silent", "hose", "fresh"] {
        count(&format!("Count {name} prod SampleCount"), 1_000.0);
    }
    count("4XXError silent prod Sum", 34.0);
    for (name, requests) in [("told", 70.0), ("untold", 80.0), ("idle", 0.0)] {
        count(&format!("Count shop0000a1 {name} SampleCount"), requests);
    }
    for (name, latency, integration) in [("fine", 180_000.0, 140_000.0), ("silent", 412_000.0, 252_000.0)] {
        count(&format!("Latency {name} prod Sum"), latency);
        count(&format!("IntegrationLatency {name} prod Sum"), integration);
    }
    for name in ["fine", "silent", "hose", "fresh"] {
        for latency in ["Latency", "IntegrationLatency"] {
            count(&format!("{latency} {name} prod SampleCount"), 1_000.0);
            for (n, percentile) in ["p50", "p95", "p99"].into_iter().enumerate() {
                count(&format!("{latency} {name} prod {percentile}"), 300.0 * f64::from(u8::try_from(n).unwrap() + 1));
            }
        }
    }
    count("ConnectCount chat0000a1 prod Sum", 4.0);
    count("MessageCount chat0000a1 prod Sum", 8.0);
    let lines = vec![line("shop0000a1", "told"), line("elsewhere1", "untold")];
    Account {
        rest_apis: vec![
            api("fine0000a1", "fine", "", vec![fine]),
            api("silent00a1", "silent", "", vec![silent]),
            api("hose0000a1", "hose", "", vec![hose]),
            api("fresh000a1", "fresh", "", vec![fresh]),
        ],
        v2_apis: vec![
            api("shop0000a1", "shop", "HTTP", ["told", "untold", "idle"].map(|name| v2(&shared(name))).to_vec()),
            api("chat0000a1", "chat", "WEBSOCKET", vec![v2(&stage("prod", &group("/chat"), NAMED))]),
        ],
        log_groups: ["/fine", "/silent", "/shared", "/fresh", "/chat"].map(|name| (name.to_owned(), json!({}))).into(),
        streams: vec!["amazon-apigateway-hose".to_owned()],
        events: [("/fine", vec![line("fine0000a1", "prod")]), ("/shared", lines)]
            .map(|(name, lines)| (name.to_owned(), lines))
            .into(),
        metrics,
        ..Account::default()
    }
}

const CHECKS: [&str; 4] = ["--check", "access-log-silent", "--check", "gateway-overhead-high"];

fn audit(fake: &Fake) -> Report {
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json"];
    Gatelight::new(args).args(CHECKS).endpoint(&fake.endpoint()).run().report()
}

fn verdicts(report: &Report) -> BTreeMap<(String, String), String> {
    let key = |outcome: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        ((text(&outcome["check"]), text(&outcome["subject"]["name"])), text(&outcome["verdict"]))
    };
    report.outcomes().iter().map(key).collect()
}

#[test]
fn what_metrics_say() {
    let fake = Fake::start(account(), []);
    let report = audit(&fake);
    let expected = [
        ("fine/prod", "pass", "pass"),
        ("silent/prod", "fail", "fail"),
        // Its stream counts no records.
        ("hose/prod", "fail", "pass"),
        ("fresh/prod", "not-applicable", "pass"),
        ("shop/told", "pass", "not-applicable"),
        ("shop/untold", "fail", "not-applicable"),
        ("shop/idle", "not-applicable", "not-applicable"),
        ("chat/prod", "fail", "not-applicable"),
    ];
    let verdicts = verdicts(&report);
    for (name, silent, overhead) in expected {
        for (check, expected) in [("access-log-silent", silent), ("gateway-overhead-high", overhead)] {
            let said = &verdicts[&(check.to_owned(), name.to_owned())];
            assert_eq!(said, expected, "{check} about {name}: {:#}", report.0["outcomes"]);
        }
    }
    let shard = &report.shards()[0];
    assert_eq!(shard["gaps"], json!([]));
    let slow = report.outcomes().iter().find(|o| o["check"] == "gateway-overhead-high" && o["verdict"] == "fail");
    let slow = slow.unwrap();
    assert!(slow["message"].as_str().unwrap().contains("API Gateway itself takes 160 ms of"), "{slow:#}");
    assert!(slow["evidence"].to_string().contains("300 ms, 600 ms, 900 ms"), "{slow:#}");

    // What was asked for, by the requests: each metric once, however many statistics.
    let asked = fake.requests().into_iter().filter(|request| request.operation == "cloudwatch:GetMetricData");
    let asked: Vec<_> = asked.map(|request| cloudwatch::asked(&request.body)).collect();
    let metrics: usize = asked.iter().map(|asked| billed(&asked.queries)).sum();
    assert_eq!(shard["metrics_requested"], json!(metrics), "{asked:#?}");
    for asked in &asked {
        assert!(
            asked.queries.iter().all(|query| asked.from % 300.0 == 0.0 && asked.to > asked.from && query.period >= 300)
        );
    }
}

/// How many metrics AWS bills for queries of one call.
fn billed(queries: &[Query]) -> usize {
    let mut metrics: BTreeMap<String, usize> = BTreeMap::new();
    for query in queries {
        *metrics.entry(format!("{} {} {:?}", query.namespace, query.metric, query.dimensions)).or_default() += 1;
    }
    metrics.values().map(|statistics| statistics.div_ceil(5)).sum()
}

/// Where a ledger remembers, latencies are asked for once a day, and what was said of them is said again until then.
#[test]
fn latencies_are_asked_for_once_a_day() {
    let place = tempfile::tempdir().unwrap();
    let ledger = place.path().join("ledger.db");
    let look = |account: Account, args: &[&str]| {
        let fake = Fake::start(account, []);
        let audit = ["audit", "--region", REGION, "--pace", "off", "--format", "json", "--ledger"];
        let ran = Gatelight::new(audit).args([ledger.to_str().unwrap()]).args(CHECKS).args(args);
        let report = ran.endpoint(&fake.endpoint()).run().report();
        let asked = fake.requests().into_iter().filter(|request| request.operation == "cloudwatch:GetMetricData");
        let queries: Vec<Query> = asked.flat_map(|request| cloudwatch::asked(&request.body).queries).collect();
        let latencies = queries.iter().filter(|query| query.metric.ends_with("Latency")).count();
        let counts = queries.iter().filter(|query| query.metric == "Count").count();
        (report, latencies, counts)
    };
    let overhead = |report: &Report| -> Vec<(String, Value)> {
        let of = report.outcomes().iter().filter(|outcome| outcome["check"] == "gateway-overhead-high");
        of.map(|o| (o["subject"]["name"].to_string(), json!([o["verdict"], o["message"], o["evidence"]]))).collect()
    };
    let (first, latencies, counts) = look(account(), &[]);
    // Two of each latency of four stages, and the percentiles of one.
    assert_eq!(latencies, 4 * 4 + 6);
    let (second, again, fewer) = look(account(), &[]);
    assert_eq!(again, 0);
    assert!(fewer < counts, "{fewer} of {counts}");
    assert_eq!(overhead(&second), overhead(&first));
    assert!(second.shards()[0]["metrics_requested"].as_u64() < first.shards()[0]["metrics_requested"].as_u64());
    // Whatever else metrics tell is told anew: a log that has come to life.
    let mut corrected = account();
    corrected.events.insert("/silent".to_owned(), vec!["{}".to_owned()]);
    let (third, again, _) = look(corrected, &[]);
    let silent = ("access-log-silent".to_owned(), "silent/prod".to_owned());
    assert_eq!((again, verdicts(&second)[&silent].as_str(), verdicts(&third)[&silent].as_str()), (0, "fail", "pass"));
    // Another window has other means.
    let (_, again, _) = look(account(), &["--since", "12h"]);
    assert_eq!(again, latencies);
}

#[test]
fn faults_of_cloudwatch_leave_gaps_in_these_checks_only() {
    let whole = verdicts(&audit(&Fake::start(account(), [])));
    for (fault, kind) in [
        (Fault::Denied, "denied"),
        (Fault::Unsupported, "unsupported"),
        (Fault::Partial, "failed"),
        (Fault::Truncated, "failed"),
        (Fault::Throttled, "throttled"),
    ] {
        if fault == Fault::Throttled && cfg!(debug_assertions) {
            // The pauses of five attempts: in a release build only.
            continue;
        }
        let fake = Fake::start(account(), [Rule::always("cloudwatch:GetMetricData", fault)]);
        let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json"];
        let report = Gatelight::new(args).endpoint(&fake.endpoint()).run().report();
        for outcome in report.outcomes() {
            let rests = CHECKS.contains(&outcome["check"].as_str().unwrap());
            let key = (outcome["check"].as_str().unwrap(), outcome["subject"]["name"].as_str().unwrap());
            let key = (key.0.to_owned(), key.1.to_owned());
            if !rests {
                assert_ne!(outcome["verdict"], "unknown", "{fault:?}: {outcome:#}");
            } else if outcome["verdict"] != "unknown" {
                assert_eq!(outcome["verdict"], "not-applicable", "{fault:?}: {outcome:#}");
                assert_eq!(whole[&key], "not-applicable", "{fault:?}");
            }
        }
        let gaps = &report.shards()[0]["gaps"];
        let kinds: Vec<_> = gaps.as_array().unwrap().iter().map(|gap| gap["kind"].as_str().unwrap()).collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|found| *found == kind), "{fault:?}: {gaps:#}");
        assert_eq!(
            report.shards()[0]["metrics_requested"] == 0,
            kind != "failed" || fault == Fault::Truncated,
            "{gaps:#}"
        );
    }
}

/// A group that may not be searched leaves open whose its lines are, and nothing else.
#[test]
fn a_shared_group_that_may_not_be_searched() {
    let fake = Fake::start(account(), [Rule::always("logs:FilterLogEvents", Fault::Denied)]);
    let report = audit(&fake);
    let whole = verdicts(&audit(&Fake::start(account(), [])));
    for (key, verdict) in verdicts(&report) {
        let hidden = key.0 == "access-log-silent" && ["shop/told", "shop/untold"].contains(&key.1.as_str());
        assert_eq!(verdict, if hidden { "unknown" } else { &whole[&key] }, "{key:?}");
    }
}

fn searches(fake: &Fake) -> usize {
    fake.counts().get("logs:FilterLogEvents").copied().unwrap_or_default()
}

/// Two pages are read for all stages that write to a group, and then five for each that did not show. One that shows no
/// later is not silent for that.
#[test]
fn a_shared_group_is_not_read_for_ever() {
    let line = |stage: &str| format!(r#"{{"api":"shop0000a1","stage":"{stage}","id":"r"}}"#);
    let lines = |before: usize| -> Vec<String> {
        let others = std::iter::repeat_n(line("somebody"), before);
        others.chain([line("told")]).chain(std::iter::repeat_n(line("somebody"), 9)).collect()
    };
    // How many lines stand before the stage's own, a line a page; what is said of it, and how many pages are read for it.
    for (before, verdict, pages) in [(0, "pass", 0), (1, "pass", 0), (2, "pass", 3), (4, "pass", 5), (5, "unknown", 5)]
    {
        let mut account = account();
        account.page = 1;
        account.events.insert("/shared".to_owned(), lines(before));
        let fake = Fake::start(account, []);
        let report = audit(&fake);
        let said = |name: &str| verdicts(&report)[&("access-log-silent".to_owned(), name.to_owned())].clone();
        assert_eq!((said("shop/told").as_str(), said("shop/untold").as_str()), (verdict, "unknown"), "{before}");
        assert_eq!(searches(&fake), 2 + pages + 5, "{before}");
        let untold = report.outcomes().iter().find(|o| o["subject"]["name"] == "shop/untold").unwrap();
        let message = untold["message"].as_str().unwrap();
        assert!(message.contains("the search for lines of this stage stopped at 20"), "{message}");
    }
}

#[test]
fn of_many_stages_that_share_a_group_fifty_are_looked_for() {
    let mut account = account();
    let names: Vec<String> = (0..52).map(|n| format!("s{n:02}")).collect();
    for name in &names {
        account.metrics.insert(format!("Count crowd000a1 {name} SampleCount"), 80.0);
    }
    let stages = names.iter().map(|name| v2(&stage(name, &group("/crowd"), NAMED))).collect();
    account.v2_apis = vec![api("crowd000a1", "crowd", "HTTP", stages)];
    account.log_groups.insert("/crowd".to_owned(), json!({}));
    account.events.insert("/crowd".to_owned(), vec!["{}".to_owned()]);
    let fake = Fake::start(account, []);
    let report = audit(&fake);
    assert_eq!(searches(&fake), 1 + 50);
    let silent =
        verdicts(&report).into_iter().filter(|((check, name), _)| check == CHECKS[1] && name.starts_with("crowd/"));
    let mut counts = BTreeMap::<String, usize>::new();
    silent.for_each(|(_, verdict)| *counts.entry(verdict).or_default() += 1);
    assert_eq!(counts, BTreeMap::from([("fail".to_owned(), 50), ("unknown".to_owned(), 2)]));
    let gaps = report.outcomes().iter().filter(|outcome| outcome["verdict"] == "unknown");
    for outcome in gaps {
        assert!(outcome["message"].as_str().unwrap().contains("more than 50 stages write"), "{outcome:#}");
    }
}

/// Metrics that the owner turned off are no "could not check": the checks that rest on them are left out.
#[test]
fn metrics_turned_off() {
    let fake = Fake::start(account(), []);
    let args = ["audit", "--region", REGION, "--pace", "off", "--format", "json", "--metrics", "off"];
    let report = Gatelight::new(args).endpoint(&fake.endpoint()).run().report();
    let rests = |outcome: &&Value| CHECKS.contains(&outcome["check"].as_str().unwrap());
    assert_eq!(report.outcomes().iter().find(rests), None);
    assert_eq!(report.0["summary"]["unknown"], json!(0), "{:#}", report.shards()[0]["gaps"]);
    assert_eq!(fake.counts().get("cloudwatch:GetMetricData"), None);
    let ran = Gatelight::new(["audit", "--region", REGION, "--metrics", "off"]).args(CHECKS).run();
    assert_eq!(ran.status, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("access-log-silent") && ran.stderr.contains("`metrics` is off"), "{}", ran.stderr);
}

/// The SDK's request, the small CloudWatch's answer and its reading of requests, held against botocore's model.
#[test]
fn botocore_agrees() {
    let fake = Fake::start(account(), []);
    audit(&fake);
    let request = fake.requests().into_iter().find(|request| request.operation == "cloudwatch:GetMetricData").unwrap();
    let asked = cloudwatch::asked(&request.body);
    let value = |query: &Query| (query.metric == "Count").then_some(12.5);
    let answer = cloudwatch::answer_at(&asked, 1_795_251_601, value);
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let given = json!({"request": hex(&request.body), "answer": hex(&answer)}).to_string();
    let mut python = Command::new(moto::python())
        .args(["-I", "-c", include_str!("support/botocore.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["problems"], &said["unknown"]), (&json!(""), &json!([])), "{said:#}");
    assert_eq!(said["queries"], json!(asked.queries.len()));
    let results: Vec<_> = asked
        .queries
        .iter()
        .map(|query| match value(query) {
            Some(value) => json!([query.id, "Complete", [1_795_251_600.0], [value]]),
            None => json!([query.id, "Complete", [], []]),
        })
        .collect();
    assert_eq!(said["results"], json!(results));
    assert_eq!(said["path"], "/service/GraniteServiceVersion20100801/operation/GetMetricData");
    let hex = said["request"].as_str().unwrap();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let read = cloudwatch::asked(&bytes);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let query = Query {
        id: "q0".to_owned(),
        namespace: "AWS/ApiGateway".to_owned(),
        metric: "Count".to_owned(),
        dimensions: vec![pair("ApiName", "orders"), pair("Stage", "prod")],
        statistic: "SampleCount".to_owned(),
        period: 300,
    };
    assert_eq!(read, cloudwatch::Asked { queries: vec![query], from: 1_795_251_600.0, to: 1_795_337_100.0 });
}
