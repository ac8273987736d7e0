//! What an audit asks for: only to read, and exactly what `gatelight iam-policy` grants.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    denied::MANY_ROLES,
    insights,
    moto_suite::{functions_and_roles, mixed},
    support::{
        proxy::{Call, Proxy, Rule},
        run::Gatelight,
        seed::Account,
        wire::{Granted, Operation},
    },
};

/// Every call of audits of a rich account (of one region, and of all), of one with many roles, and of one with many
/// networks.
fn recorded() -> Vec<Call> {
    let account = Account::new();
    let proxy = Proxy::start(functions_and_roles::corrected(&functions_and_roles::seed(&account)));
    for region in [&["--region", "us-east-1"][..], &["--all-regions"]] {
        account.audit().args(region).endpoint(&proxy.url()).run().report();
    }
    let other = Account::new();
    other.script("us-east-1", MANY_ROLES);
    other.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run().report();
    let networks = Account::new();
    networks.script("us-east-1", include_str!("moto_suite/seeds/networks.py"));
    networks.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run().report();
    proxy.calls()
}

/// And those of audits that let CloudWatch Logs Insights search: one in which all goes well, and one in which a query is
/// ended, as its results may not be read.
fn recorded_with_insights() -> Vec<Call> {
    let account = insights::seed();
    let calls = [false, true].map(|denied| {
        let proxy = Proxy::start(move |call| match call.operation.as_str() {
            "logs:GetQueryResults" if denied => Rule::Deny,
            _ => insights::corrected(call),
        });
        account.audit().args(["--region", "us-east-1", "--insights"]).endpoint(&proxy.url()).run().report();
        proxy.calls()
    });
    [recorded(), calls.concat()].concat()
}

/// Of access level Read, as AWS classifies them, though their names begin otherwise: what they begin and end is a search
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>).
const SEARCHES: [&str; 2] = ["logs:StartQuery", "logs:StopQuery"];

#[test]
fn only_reads() {
    let calls = recorded_with_insights();
    for call in &calls {
        let (service, name) = call.operation.split_once(':').unwrap_or_default();
        let reads = match service {
            _ if SEARCHES.contains(&call.operation.as_str()) => true,
            "apigateway" | "apigatewayv2" | "lambda" | "route53" => call.method == "GET",
            "cloudwatch" | "ec2" | "firehose" | "iam" | "kms" | "logs" | "organizations" | "sts" | "xray" => {
                ["Get", "List", "Describe", "Filter", "Search"].iter().any(|verb| name.starts_with(verb))
            }
            _ => false,
        };
        assert!(reads, "not known to be a read: {call:?}");
    }
    let operations: BTreeSet<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    let expected = Operation::ALL.iter().filter(|operation| operation.granted() != Granted::Never);
    let expected: BTreeSet<&str> = expected.map(|operation| operation.name()).collect();
    assert!(expected.len() >= 54, "{expected:?}");
    assert_eq!(operations, expected);
}

/// A region in which there is nothing costs the listing calls only.
#[test]
fn an_empty_region_costs_its_listings() {
    let account = Account::new();
    let proxy = Proxy::start(|_| Rule::Forward);
    account.audit().args(["--region", "eu-west-1"]).endpoint(&proxy.url()).run().report();
    let mut counts = BTreeMap::<_, u32>::new();
    for operation in proxy.calls().into_iter().map(|call| call.operation) {
        *counts.entry(operation).or_default() += 1;
    }
    let allowed = [
        "sts:GetCallerIdentity",
        "apigateway:GetRestApis",
        "apigatewayv2:GetApis",
        "apigateway:GetAccount",
        "lambda:ListFunctions",
    ];
    for (operation, count) in counts {
        assert!(allowed.contains(&operation.as_str()) && count == 1, "{operation}: {count}");
    }
}

/// The report's own count of requests is the count that arrived.
#[test]
fn requests_are_counted() {
    let account = Account::new();
    let proxy = Proxy::start(functions_and_roles::corrected(&functions_and_roles::seed(&account)));
    let report = account.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run().report();
    let mut seen = BTreeMap::<String, u64>::new();
    for call in proxy.calls() {
        *seen.entry(call.operation).or_default() += 1;
    }
    let mut told = BTreeMap::<String, u64>::new();
    for shard in report.shards() {
        for (operation, count) in shard["requests"].as_object().unwrap() {
            *told.entry(operation.clone()).or_default() += count.as_u64().unwrap();
        }
    }
    told.retain(|_, count| *count > 0);
    assert_eq!(told, seen);
}

/// Only what the chosen checks need is asked for.
#[test]
fn a_narrow_audit_asks_for_less() {
    let account = Account::new();
    mixed::seed(&account);
    let proxy = Proxy::start(|_| Rule::Forward);
    let audit = account.audit().args(["--region", "us-east-1", "--check", "stage-tracing-off"]);
    audit.endpoint(&proxy.url()).run().report();
    let services: BTreeSet<String> =
        proxy.operations().iter().map(|operation| operation.split(':').next().unwrap().to_owned()).collect();
    assert!(
        services.iter().all(|service| ["sts", "apigateway", "apigatewayv2"].contains(&service.as_str())),
        "{services:?}"
    );
    assert!(!proxy.operations().contains("apigateway:GetAccount"));
}

/// A string or an array of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        other => panic!("neither text nor texts: {other}"),
    }
}

/// Whether an IAM pattern covers a resource.
fn covers(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|from| covers(rest, &text[from..])),
        [b'?', rest @ ..] => !text.is_empty() && covers(rest, &text[1..]),
        [byte, rest @ ..] => text.first() == Some(byte) && covers(rest, &text[1..]),
    }
}

/// Both directions: nothing is asked for that the policy does not grant, nothing is granted that was not asked for.
#[test]
fn the_policy_grants_exactly_that() {
    let calls = recorded_with_insights();
    let of_organization = |call: &&Call| call.operation.starts_with("organizations:");
    let of_insights = |call: &&Call| call.operation.starts_with("logs:") && call.operation.ends_with("Query");
    let of_insights = |call: &&Call| of_insights(call) || call.operation == "logs:GetQueryResults";
    assert!(calls.iter().any(|call| of_organization(&call)) && calls.iter().any(|call| of_insights(&call)));
    grants_exactly(&["iam-policy", "--organization", "--insights"], &calls);
    // AWS refuses them in most accounts, whatever is granted.
    let without: Vec<Call> = calls.iter().filter(|call| !of_organization(call)).cloned().collect();
    grants_exactly(&["iam-policy", "--insights"], &without);
    // AWS bills them.
    let without: Vec<Call> = calls.iter().filter(|call| !of_insights(call)).cloned().collect();
    grants_exactly(&["iam-policy", "--organization"], &without);
    let without: Vec<Call> = without.into_iter().filter(|call| !of_organization(&call)).collect();
    grants_exactly(&["iam-policy"], &without);
}

fn grants_exactly(command: &[&str], calls: &[Call]) {
    let ran = Gatelight::new(command).no_keys().run();
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let policy = ran.json();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap();
    let mut granted = BTreeSet::new();
    let mut paths = Vec::new();
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow");
        assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none());
        let actions = texts(&statement["Action"]);
        if actions.contains(&"apigateway:GET".to_owned()) {
            assert_eq!(actions.len(), 1, "its resources are its own");
            paths.extend(texts(&statement["Resource"]));
        }
        granted.extend(actions);
    }

    let gateway = |call: &&Call| call.operation.starts_with("apigateway");
    let asked: BTreeSet<String> = calls
        .iter()
        .map(|call| if gateway(&call) { "apigateway:GET".to_owned() } else { call.operation.clone() })
        .collect();
    assert_eq!(granted, asked);

    // IAM writes the paths of the second version without /v2.
    let resources: BTreeSet<String> = calls
        .iter()
        .filter(gateway)
        .map(|call| {
            let path = call.path.strip_prefix("/v2").unwrap_or(&call.path);
            format!("arn:aws:apigateway:{}::{path}", call.region)
        })
        .collect();
    for resource in &resources {
        assert!(paths.iter().any(|path| covers(path.as_bytes(), resource.as_bytes())), "{resource} is not granted");
    }
    for path in &paths {
        assert!(
            resources.iter().any(|resource| covers(path.as_bytes(), resource.as_bytes())),
            "{path} is granted and never asked for"
        );
    }
    // API keys, and whatever else is not looked at, stay closed.
    let closed = [
        "apikeys",
        "apikeys/k",
        "usageplans",
        "usageplans/u/keys",
        "domainnames",
        "clientcertificates",
        "vpclinks",
        "restapis/a/authorizers",
        "restapis/a/stages/s/exports/oas30",
        "apis/a/authorizers",
    ];
    for closed in closed {
        let resource = format!("arn:aws:apigateway:us-east-1::/{closed}");
        let open = paths.iter().find(|path| covers(path.as_bytes(), resource.as_bytes()));
        assert_eq!(open, None, "{closed} is open");
    }
}
