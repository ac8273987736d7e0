//! Each call of an audit denied in turn: the report says less than it would have, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    moto_suite::{formats::GOOD, functions_and_roles, mixed},
    support::{
        proxy::{Call, Proxy, Rule},
        report::{Report, Verdicts, check_ids},
        seed::{Account, Stage},
    },
};

const SETTINGS: &str = "arn:aws:apigateway:us-east-1::/account";

/// Listings over which checks go: without them a check has one outcome, about the account's settings.
const LISTINGS: &[&str] = &[
    "apigateway:GetRestApis",
    "apigateway:GetStages",
    "apigatewayv2:GetApis",
    "apigatewayv2:GetStages",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
    "logs:DescribeDeliverySources",
    "logs:DescribeDeliveries",
    "logs:DescribeDeliveryDestinations",
];

/// The IAM action that allows a call. For API Gateway it is the HTTP method.
fn permission(operation: &str) -> &str {
    if operation.starts_with("apigateway") { "apigateway:GET" } else { operation }
}

fn audit(account: &Account, rule: impl Fn(&Call) -> Rule + Send + Sync + 'static) -> (Report, i32, Proxy) {
    let proxy = Proxy::start(rule);
    let ran = account.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run();
    (ran.report(), ran.status.unwrap(), proxy)
}

/// Every outcome of `denied` is as it was or unknown, and of those that are gone their check left an unknown behind.
fn assert_says_less(what: &str, whole: &Verdicts, denied: &Verdicts, listing: bool) {
    for (key, verdict) in denied {
        let expected = whole.get(key);
        let stands_for_others = listing && key.1 == SETTINGS;
        assert!(
            verdict == "unknown" && (expected.is_some() || stands_for_others) || Some(verdict) == expected,
            "{what}: {key:?} was {expected:?} and is {verdict} now"
        );
    }
    for key in whole.keys().filter(|key| !denied.contains_key(key)) {
        let left = denied.get(&(key.0.clone(), SETTINGS.to_owned()));
        assert!(listing && left.is_some_and(|verdict| verdict == "unknown"), "{what}: {key:?} is gone without a word");
    }
}

fn unknowns(report: &Report) -> impl Iterator<Item = &Value> {
    report.outcomes().iter().filter(|outcome| outcome["verdict"] == "unknown")
}

#[test]
fn each_call_denied_in_turn() {
    let account = Account::new();
    let corrected = functions_and_roles::corrected(&functions_and_roles::seed(&account));
    let (whole, _, proxy) = audit(&account, corrected.clone());
    assert_eq!(unknowns(&whole).collect::<Vec<_>>(), Vec::<&Value>::new());
    let operations = proxy.operations();
    assert!(operations.len() >= 30, "{operations:?}");

    for operation in operations {
        let (denied, corrected) = (operation.clone(), corrected.clone());
        let (report, status, proxy) =
            audit(&account, move |call| if call.operation == denied { Rule::Deny } else { corrected(call) });
        let listing = LISTINGS.contains(&operation.as_str());
        assert_says_less(&operation, &whole.verdicts(), &report.verdicts(), listing);
        assert!(matches!(status, 1 | 3), "{operation}: exit status {status}");
        assert!(report.gap_operations().contains(operation.as_str()), "{operation}: {:?}", report.gap_operations());
        assert_eq!(report.gap_operations().len(), 1, "{operation}: {:?}", report.gap_operations());
        for outcome in unknowns(&report) {
            let message = outcome["message"].as_str().unwrap();
            assert!(message.contains(permission(&operation)), "{operation}: {message}");
        }
        // A refusal is final: asking again would only be noise in somebody's CloudTrail.
        let asked = |proxy: &Proxy| proxy.calls().iter().filter(|call| call.operation == operation).count();
        let paths: BTreeSet<_> = proxy.calls().into_iter().map(|call| call.path).collect();
        assert!(asked(&proxy) <= 30, "{operation} was asked for {} times at {paths:?}", asked(&proxy));
        // Who calls a function decides the severity alone: the higher one where it is not known.
        let told = !["sts:GetCallerIdentity", "lambda:GetPolicy"].contains(&operation.as_str());
        assert!(!told || unknowns(&report).count() > 0, "{operation}: its answer changes nothing");
    }
}

/// Many roles are read from one listing; without it each is asked for.
#[test]
fn the_listing_of_roles_denied() {
    let account = Account::new();
    account.script("us-east-1", MANY_ROLES);
    let (whole, _, proxy) = audit(&account, |_| Rule::Forward);
    assert!(proxy.operations().contains("iam:GetAccountAuthorizationDetails"), "{:?}", proxy.operations());
    let (report, ..) = audit(&account, |call| match call.operation.as_str() {
        "iam:GetAccountAuthorizationDetails" => Rule::Deny,
        _ => Rule::Forward,
    });
    assert_says_less("the listing of roles", &whole.verdicts(), &report.verdicts(), false);
    for outcome in unknowns(&report) {
        let message = outcome["message"].as_str().unwrap();
        assert!(message.contains("iam:GetAccountAuthorizationDetails"), "{message}");
    }
}

/// More roles than are asked for one by one.
pub(crate) const MANY_ROLES: &str = "for n in range(60): function(f'f-{n}', role(f'r-{n}', allow('*')))";

/// Whose account it is may not be known; then whatever compares account ids is open, and the rest stands.
#[test]
fn the_account_may_be_unknown() {
    let account = Account::new();
    mixed::seed(&account);
    let region = account.region("us-east-1");
    let foreign = Account::new().region("us-east-1").log_group("/aws/gateway/kept", Some(30));
    let foreign = region.rest("foreign", "prod", &Stage::log(&foreign, GOOD));
    let (whole, ..) = audit(&account, |_| Rule::Forward);
    let (report, ..) = audit(&account, |call| match call.operation.as_str() {
        "sts:GetCallerIdentity" => Rule::Deny,
        _ => Rule::Forward,
    });
    for shard in report.shards() {
        assert!(["", "unknown"].contains(&shard["account"].as_str().unwrap()), "{shard:#}");
    }
    let verdicts = report.verdicts();
    assert_says_less("sts:GetCallerIdentity", &whole.verdicts(), &verdicts, false);
    // A group of the same name exists here, and its own ARN tells that it is not the one that the stage names.
    let elsewhere = ("access-log-destination-missing".to_owned(), foreign);
    assert_eq!((whole.verdicts()[&elsewhere].as_str(), verdicts[&elsewhere].as_str()), ("fail", "fail"));
    for check in ["access-log-off", "access-log-not-json", "stage-tracing-off", "execution-log-off"] {
        let of_check = verdicts.iter().filter(|((id, _), _)| id == check);
        assert!(of_check.clone().count() == 10 && of_check.clone().all(|(_, verdict)| verdict != "unknown"), "{check}");
    }
}

/// A listing that broke off keeps what it saw: one API's stages are denied, the others are judged.
#[test]
fn the_stages_of_one_api_denied() {
    let account = Account::new();
    let subjects = mixed::seed(&account);
    let (whole, ..) = audit(&account, |_| Rule::Forward);
    let orders = subjects.iter().find(|(name, _)| *name == "orders/prod").unwrap().1.clone();
    let path = format!("/restapis/{}/stages", orders.split('/').nth(2).unwrap());
    let (report, status, _) = audit(&account, move |call| if call.path == path { Rule::Deny } else { Rule::Forward });
    assert_says_less("one API", &whole.verdicts(), &report.verdicts(), true);
    assert_eq!(status, 1);
    let denied = report.verdicts();
    for (name, arn) in subjects.iter().filter(|(name, _)| *name != "account") {
        let gone = name.starts_with("orders/");
        assert_eq!(denied.contains_key(&("access-log-off".to_owned(), arn.clone())), !gone, "{name}");
    }
    assert_eq!(denied[&("access-log-off".to_owned(), SETTINGS.to_owned())], "unknown");
}

#[test]
fn everything_denied() {
    let account = Account::new();
    mixed::seed(&account);
    let (report, status, _) = audit(&account, |_| Rule::Deny);
    // No listing of API Gateway succeeded anywhere.
    assert_eq!(status, 2);
    assert_eq!(report.0["complete"], false);
    let verdicts = report.verdicts();
    assert_eq!(verdicts.len(), check_ids().len(), "one outcome a check: {verdicts:#?}");
    for outcome in report.outcomes() {
        assert_eq!(outcome["verdict"], "unknown", "{outcome:#}");
        assert_eq!(outcome["subject"]["arn"], SETTINGS);
        assert_eq!(outcome["subject"]["kind"], "account");
        let message = outcome["message"].as_str().unwrap();
        assert!(message.contains("apigateway:GET") || message.contains("lambda:ListFunctions"), "{outcome:#}");
    }
}

/// For a person: what is missing, and which permission would help.
#[test]
fn everything_denied_as_text() {
    let proxy = Proxy::start(|_| Rule::Deny);
    let account = Account::new();
    let ran = account.gatelight(["audit", "--region", "us-east-1", "--pace", "off"]).endpoint(&proxy.url()).run();
    assert_eq!(ran.status, Some(2), "{ran:#?}");
    assert!(ran.stdout.starts_with("Nothing was checked"), "{}", ran.stdout);
    assert!(ran.stdout.contains("apigateway:GET"), "{}", ran.stdout);
}

/// Without the list of regions there is nothing to look at, and no report that could seem clean.
#[test]
fn the_regions_denied() {
    let account = Account::new();
    let proxy = Proxy::start(|call| if call.operation == "ec2:DescribeRegions" { Rule::Deny } else { Rule::Forward });
    let ran = account.audit().arg("--all-regions").endpoint(&proxy.url()).run();
    assert!(matches!(ran.status, Some(2 | 3)), "{ran:#?}");
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("ec2:DescribeRegions"), "{said}");
}
