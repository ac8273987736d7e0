//! `gatelight cost`: of the demo's account, and of one that a small AWS tells.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    cloudwatch,
    fake::{ACCOUNT, Account, Api, Fake, Fault, Rule},
    run::{Gatelight, Ran},
};

const REGION: &str = "eu-west-1";

/// `gatelight cost` over the demo's inventory.
fn cost(args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("demo.jsonl");
    let inventory = inventory.to_str().unwrap();
    let demo = Gatelight::new(["demo", "--output", "/dev/null", "--save", inventory]).no_keys().run();
    assert_eq!(demo.status, Some(1), "{demo:#?}");
    Gatelight::new(["cost", "--from", inventory]).args(args).no_keys().run()
}

#[test]
fn of_the_demo() {
    let text = cost(&[]);
    // The stages of an API may not be read there.
    assert_eq!(text.status, Some(3), "{text:#?}");
    let flat = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "stage, cost a month",
        "orders/prod",
        "123456789012 us-east-1",
        "It costs more to see these than their requests cost",
        "What the figures rest on",
        "Could not be estimated",
        "There may be more stages",
        "2025-04-30",
    ] {
        assert!(flat.contains(part), "{part} in {}", text.stdout);
    }
    let too_long = |line: &&str| line.chars().count() > 80 && line.trim().contains(' ');
    assert_eq!(text.stdout.lines().filter(too_long).collect::<Vec<_>>(), Vec::<&str>::new());

    let json = cost(&["--format", "json"]);
    assert_eq!(json.status, Some(3));
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    let stages = document["stages"].as_array().unwrap();
    let dollars: Vec<f64> = stages.iter().map(|stage| stage["total"]["monthly_usd"].as_f64().unwrap()).collect();
    assert!(dollars.is_sorted_by(|a, b| a >= b) && dollars[0] > 1.0, "{dollars:?}");
    assert_eq!((&document["version"], &document["prices"]["date"]), (&json!(1), &json!("2025-04-30")));
}

/// A REST API that logs and traces: 1,000 requests in the window, and 5 MB of execution log.
fn account() -> Account {
    let stage = json!({
        "stageName": "prod", "deploymentId": "d", "tracingEnabled": true, "cacheClusterEnabled": false,
        "accessLogSettings": {
            "destinationArn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/orders"), "format": "$context.requestId",
        },
        "methodSettings": {"*/*": {"loggingLevel": "INFO", "dataTraceEnabled": false}},
        "createdDate": 1_700_000_000, "lastUpdatedDate": 1_700_000_000,
    });
    let groups = ["/orders", "API-Gateway-Execution-Logs_orders00a1/prod"];
    Account {
        rest_apis: vec![Api {
            id: "orders00a1".to_owned(),
            name: "orders".to_owned(),
            protocol: "",
            stages: vec![stage],
        }],
        log_groups: groups.map(|name| (name.to_owned(), json!({"retentionInDays": 30}))).into(),
        metrics: BTreeMap::from([
            ("Count orders prod SampleCount".to_owned(), 1_000.0),
            (format!("IncomingBytes {} Sum", groups[1]), 5_000_000.0),
        ]),
        ..Account::default()
    }
}

fn live(fake: &Fake) -> (Ran, Value) {
    let args = ["cost", "--region", REGION, "--pace", "off", "--format", "json"];
    let ran = Gatelight::new(args).endpoint(&fake.endpoint()).run();
    let document = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:#?}"));
    (ran, document)
}

fn item<'a>(document: &'a Value, item: &str) -> &'a Value {
    let costs = document["stages"][0]["costs"].as_array().unwrap();
    costs.iter().find(|cost| cost["item"] == item).unwrap()
}

#[test]
fn of_an_account_what_is_asked_for_is_what_estimates_rest_on_and_nothing_else() {
    let fake = Fake::start(account(), []);
    let (ran, document) = live(&fake);
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    // 5 MB in less than a day: about 154 MB a month, at $0.57 a GB.
    assert_eq!(item(&document, "execution-log-ingestion")["monthly_usd"], json!(0.09), "{document:#}");
    // 30,737 requests a month, all of which come within a reservoir of one a second, at $5 a million.
    assert_eq!(item(&document, "traces")["monthly_usd"], json!(0.15), "{document:#}");
    assert_eq!(item(&document, "access-log-ingestion")["estimate"], "known");
    assert!(document["stages"][0]["requests"]["monthly_usd"].as_f64().is_some_and(|dollars| dollars > 0.1));

    let asked = fake.requests();
    let operations: std::collections::BTreeSet<_> = asked.iter().map(|request| request.operation.clone()).collect();
    let expected = [
        "apigateway:GetRestApis",
        "apigateway:GetStages",
        "apigatewayv2:GetApis",
        "cloudwatch:GetMetricData",
        "lambda:ListFunctions",
        "logs:DescribeDeliverySources",
        "logs:DescribeLogGroups",
        "sts:GetCallerIdentity",
        "xray:GetSamplingRules",
        "xray:GetTraceSegmentDestination",
    ];
    assert_eq!(operations.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let metrics = asked.iter().filter(|request| request.operation == "cloudwatch:GetMetricData");
    let mut metrics: Vec<_> =
        metrics.flat_map(|request| cloudwatch::asked(&request.body).queries).map(|query| query.metric).collect();
    metrics.sort();
    assert_eq!(metrics, ["Count", "IncomingBytes"]);
}

#[test]
fn what_is_denied_is_not_estimated_and_the_rest_is() {
    for (operation, open) in [
        (
            "cloudwatch:GetMetricData",
            &[
                "access-log-ingestion",
                "access-log-storage",
                "execution-log-ingestion",
                "execution-log-storage",
                "traces",
            ] as &[&str],
        ),
        ("xray:GetSamplingRules", &["traces"]),
        ("xray:GetTraceSegmentDestination", &["traces"]),
    ] {
        let fake = Fake::start(account(), [Rule::always(operation, Fault::Denied)]);
        let (ran, document) = live(&fake);
        assert_eq!(ran.status, Some(3), "{ran:#?}");
        for cost in document["stages"][0]["costs"].as_array().unwrap() {
            let is_open = open.contains(&cost["item"].as_str().unwrap());
            assert_eq!(cost["estimate"] == "unknown", is_open, "{operation}: {cost:#}");
            assert!(!is_open || cost["reason"].as_str().unwrap().contains(operation), "{cost:#}");
        }
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for args in [["--since", "7d"], ["--save", "x"], ["--region", "eu-west-1"]] {
        assert_eq!(cost(&args).status, Some(2), "{args:?}");
    }
    assert_eq!(Gatelight::new(["cost", "--from", "/nowhere"]).no_keys().run().status, Some(2));
}
