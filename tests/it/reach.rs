//! How far an audit gets: regions that are closed to the account are skipped, a call that a policy denied names it, and an
//! audit that could see nothing says so first and fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    faults::healthy,
    support::{
        fake::{Account, Fake, Fault, Rule},
        report::Report,
        run::{Gatelight, Ran},
    },
};

const SCP: &str = "with an explicit deny in a service control policy: \
                   arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd";
const SCP_ARN: &str = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd";
const SCP_WITHOUT_ARN: &str = "with an explicit deny in a service control policy";

/// What a guardrail for regions leaves open (<https://docs.aws.amazon.com/controltower/latest/userguide/primary-region-deny-policy.html>):
/// IAM, KMS, STS, Organizations.
const REGIONAL: [&str; 7] =
    ["apigateway*", "lambda:*", "logs:*", "xray:*", "cloudwatch:*", "firehose:*", "ec2:DescribeV*"];

fn closing(region: &'static str, services: &[&'static str], fault: Fault) -> Vec<Rule> {
    services.iter().map(|service| Rule::always(service, fault).in_region(region)).collect()
}

fn audit(args: &[&str], rules: Vec<Rule>) -> (Ran, Fake) {
    audit_of(healthy(), args, rules)
}

fn audit_of(account: Account, args: &[&str], rules: Vec<Rule>) -> (Ran, Fake) {
    let fake = Fake::start(account, rules);
    let ran = Gatelight::new(["audit", "--pace", "off", "--metrics", "off"])
        .args(args)
        .env("AWS_REGION", "eu-west-1")
        .endpoint(&fake.endpoint())
        .run();
    (ran, fake)
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shard<'r>(report: &'r Report, region: &str) -> &'r Value {
    report.shards().iter().find(|shard| shard["region"] == region).unwrap()
}

fn unknowns(report: &Report) -> Vec<&Value> {
    report.outcomes().iter().filter(|outcome| outcome["verdict"] == "unknown").collect()
}

/// An audit of every region under a region guardrail is as good as one of the open regions.
#[test]
fn a_region_that_the_organization_closes_is_skipped_with_its_reason() {
    let open = audit(&["--region", "eu-west-1", "--format", "json"], vec![]).0;
    for (reason, arn) in [(SCP, Some(SCP_ARN)), (SCP_WITHOUT_ARN, None)] {
        let rules = closing("us-east-1", &REGIONAL, Fault::DeniedBecause(reason));
        let (ran, fake) = audit(&["--all-regions", "--format", "json"], rules.clone());
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        let report = ran.report();
        assert_eq!(report.outcomes().len(), open.report().outcomes().len());
        assert_eq!((&report.0["complete"], &report.0["nothing_checked"]), (&json!(true), &Value::Null));
        let closed = shard(&report, "us-east-1");
        let skipped = closed["skipped"].as_str().unwrap();
        assert!(skipped.contains("organization") && skipped.contains("service control policy"), "{skipped}");
        assert_eq!(arn.is_some_and(|arn| skipped.contains(arn)), arn.is_some(), "{skipped}");
        assert_eq!(closed["closed_by"], json!({"policy": "service-control-policy", "explicit": true, "arn": arn}));
        assert_eq!((&closed["gaps"], &shard(&report, "eu-west-1")["skipped"]), (&json!([]), &Value::Null));
        let asked = fake.requests().iter().filter(|request| request.region == "us-east-1").count();
        assert!(asked <= 3, "{asked} requests in a closed region");

        let text = flat(&audit(&["--all-regions"], rules).0.stdout);
        assert!(text.contains("Skipped") && text.contains("1 region skipped"), "{text}");
        assert!(!text.contains("Could not check") && !text.contains("iam-policy"), "{text}");
    }
}

/// An allow-list of the organization that leaves a region out closes it as well.
#[test]
fn a_region_that_no_service_control_policy_allows_is_skipped() {
    let reason = "because no service control policy allows the apigateway:GET action";
    let (ran, _) =
        audit(&["--all-regions", "--format", "json"], closing("us-east-1", &REGIONAL, Fault::DeniedBecause(reason)));
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let report = ran.report();
    assert_eq!(shard(&report, "us-east-1")["closed_by"]["explicit"], false);
}

/// What is saved of a closed region is audited as it was.
#[test]
fn a_closed_region_is_saved_and_read_back() {
    let fake = Fake::start(healthy(), closing("us-east-1", &REGIONAL, Fault::DeniedBecause(SCP)));
    let save = Gatelight::new(["audit", "--all-regions", "--pace", "off", "--metrics", "off", "--format", "json"])
        .args(["--save", "saved", "--check", "access-log-off", "--check", "function-role-cannot-log"])
        .env("AWS_REGION", "eu-west-1")
        .endpoint(&fake.endpoint());
    let (live, saved) = save.run_then(|home| std::fs::read(home.join("saved")).unwrap());
    let again = Gatelight::new(["audit", "--format", "json", "--from", "-"])
        .args(["--check", "access-log-off", "--check", "function-role-cannot-log"])
        .no_keys()
        .stdin(saved)
        .run();
    assert_eq!((live.status, again.status), (Some(0), Some(0)), "{again:#?}");
    assert_eq!(shard(&live.report(), "us-east-1")["skipped"], shard(&again.report(), "us-east-1")["skipped"]);
    assert_eq!(live.report().outcomes(), again.report().outcomes());
}

/// Closed in part: what could be asked is judged, and what could not names the policy.
#[test]
fn a_region_that_is_closed_in_part_is_a_gap_that_names_the_policy() {
    for services in [&["apigateway:*"][..], &["apigateway*"], &["lambda:*"], &["logs:*"]] {
        let rules = closing("eu-west-1", services, Fault::DeniedBecause(SCP));
        let (ran, _) = audit(&["--region", "eu-west-1", "--format", "json"], rules);
        let expected = if services[0] == "apigateway*" { 2 } else { 3 };
        assert_eq!(ran.status, Some(expected), "{services:?}: {ran:#?}");
        let report = ran.report();
        let closed = shard(&report, "eu-west-1");
        assert_eq!(closed["skipped"], Value::Null, "{services:?}");
        let gaps = closed["gaps"].as_array().unwrap();
        let named = |gap: &&Value| gap["denied_by"]["arn"] == SCP_ARN && gap["kind"] == "denied";
        assert!(gaps.iter().any(|gap| named(&gap)), "{services:?}: {gaps:#?}");
        let unknown = unknowns(&report);
        assert!(!unknown.is_empty(), "{services:?}");
        for outcome in unknown.iter().filter(|outcome| outcome["message"].as_str().unwrap().contains("denied")) {
            let message = outcome["message"].as_str().unwrap();
            assert!(message.contains(SCP_ARN) && message.contains("no permission in this account helps"), "{message}");
        }
    }
}

/// The log groups that the owner names are reason enough to look into a region.
#[test]
fn named_log_groups_keep_a_region_open() {
    let configuration = "log-group = [\"/shop/worker\"]\n";
    let run = |services: &[&'static str]| {
        let fake = Fake::start(healthy(), closing("us-east-1", services, Fault::DeniedBecause(SCP)));
        let ran = Gatelight::new(["audit", "--all-regions", "--pace", "off", "--metrics", "off", "--format", "json"])
            .args(["--config", "c.toml"])
            .file("c.toml", configuration)
            .env("AWS_REGION", "eu-west-1")
            .endpoint(&fake.endpoint())
            .run();
        shard(&ran.report(), "us-east-1")["skipped"].clone()
    };
    assert!(run(&["apigateway*", "lambda:*", "logs:*"]).is_string());
    assert_eq!(run(&["apigateway*", "lambda:*"]), Value::Null);
}

/// Which policy it was decides what helps, in every protocol: REST, EC2's and the query's XML, JSON and CBOR.
#[test]
fn each_policy_has_its_advice_in_each_protocol() {
    for (reason, policy, explicit, advice) in [
        (SCP, "service-control-policy", true, "administrator of the organization"),
        (
            "because no service control policy allows the x:X action",
            "service-control-policy",
            false,
            "administrator of the organization",
        ),
        (
            "with an explicit deny in a resource control policy",
            "resource-control-policy",
            true,
            "administrator of the organization",
        ),
        ("with an explicit deny in a permissions boundary", "permissions-boundary", true, "permissions boundary"),
        (
            "because no permissions boundary allows the x:X action",
            "permissions-boundary",
            false,
            "permissions boundary too",
        ),
        ("with an explicit deny in a sessions policy", "session-policy", true, "session policy"),
        ("because no session policy allows the x:X action", "session-policy", false, "session policy"),
        ("with an explicit deny in a VPC endpoint policy", "vpc-endpoint-policy", true, "policy of the VPC endpoint"),
        (
            "because no VPC endpoint policy allows the x:X action",
            "vpc-endpoint-policy",
            false,
            "policy of the VPC endpoint",
        ),
        ("with an explicit deny in an identity-based policy", "identity-based-policy", true, "a grant does not help"),
        ("because no identity-based policy allows the x:X action", "identity-based-policy", false, "needs"),
        ("with an explicit deny in a resource-based policy", "resource-based-policy", true, "policy of the resource"),
        (
            "because no resource-based policy allows the x:X action",
            "resource-based-policy",
            false,
            "policy of the resource too",
        ),
    ] {
        for operation in ["apigateway:GetStages", "ec2:DescribeVpcs", "iam:GetRole", "logs:DescribeLogGroups"] {
            let rules = vec![Rule::always(operation, Fault::DeniedBecause(reason))];
            let (ran, _) = audit(&["--region", "eu-west-1", "--format", "json"], rules);
            let report = ran.report();
            let gaps = shard(&report, "eu-west-1")["gaps"].as_array().unwrap().clone();
            let gap = gaps
                .iter()
                .find(|gap| gap["operation"] == operation)
                .unwrap_or_else(|| panic!("{operation}: {gaps:#?}"));
            assert_eq!(
                (&gap["denied_by"]["policy"], &gap["denied_by"]["explicit"]),
                (&json!(policy), &json!(explicit)),
                "{operation}"
            );
            assert!(!ran.stdout.contains("hunter2"), "EC2's encoded message");
            let of_it = |message: &str| message.contains(&format!("{operation} was denied"));
            let messages: BTreeSet<&str> = unknowns(&report)
                .iter()
                .map(|outcome| outcome["message"].as_str().unwrap())
                .filter(|message| of_it(message))
                .collect();
            assert!(
                !messages.is_empty() && messages.iter().all(|message| message.contains(advice)),
                "{operation}, {reason}: {messages:#?}"
            );
        }
    }
    // CloudWatch's CBOR is asked for metrics alone.
    let fake = Fake::start(healthy(), vec![Rule::always("cloudwatch:GetMetricData", Fault::DeniedBecause(SCP))]);
    let ran = Gatelight::new(["audit", "--pace", "off", "--region", "eu-west-1", "--format", "json"])
        .endpoint(&fake.endpoint())
        .run();
    let report = ran.report();
    let gaps = shard(&report, "eu-west-1")["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["denied_by"]["arn"] == SCP_ARN), "{gaps:#?}");
}

/// On the page, calls that one policy denied stand together, and no permission is asked for.
#[test]
fn the_page_names_the_policy_and_not_a_permission_to_grant() {
    let rules = closing("eu-west-1", &["logs:*", "xray:*"], Fault::DeniedBecause(SCP));
    let text = flat(&audit(&["--region", "eu-west-1"], rules).0.stdout);
    assert!(text.contains("explicit deny in a service control policy") && text.contains(SCP_ARN), "{text}");
    assert!(text.contains("no permission in this account helps"), "{text}");
    assert!(text.contains("denied: ") && text.contains("logs:DescribeLogGroups"), "{text}");
    assert!(!text.contains("prints every permission"), "{text}");
}

/// A region that must be enabled first rejects good credentials as if they were nobody's.
#[test]
fn a_region_that_is_not_enabled_is_skipped() {
    let args = ["--region", "eu-west-1", "--region", "me-south-1", "--format", "json"];
    let (ran, fake) = audit(&args, closing("me-south-1", &["*"], Fault::UnknownCredentials));
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let report = ran.report();
    let skipped = shard(&report, "me-south-1")["skipped"].as_str().unwrap();
    assert!(skipped.contains("not enabled"), "{skipped}");
    let asked = fake.requests().iter().filter(|request| request.region == "me-south-1").count();
    assert!(asked <= 3, "{asked} requests");

    // One that is enabled is not closed: something else is wrong with the credentials there.
    let args = ["--region", "eu-west-1", "--region", "ap-east-1", "--format", "json"];
    let (ran, _) = audit(&args, closing("ap-east-1", &["*"], Fault::UnknownCredentials));
    assert_eq!(ran.status, Some(3), "{ran:#?}");
    let report = ran.report();
    assert_eq!(shard(&report, "ap-east-1")["skipped"], Value::Null);
    assert!(
        unknowns(&report)
            .iter()
            .all(|outcome| outcome["message"].as_str().unwrap().contains("rejected the credentials"))
    );
}

/// Nothing seen is not "No findings": it stands first, with the reason, and the exit status is 2.
#[test]
fn an_audit_that_saw_nothing_says_so_first_and_fails() {
    let everything = ["apigateway*", "lambda:*", "logs:*", "ec2:*", "xray:*", "iam:*", "kms:*"];
    for (fault, words) in [
        (Fault::DeniedBecause(SCP), "closed by the organization"),
        (
            Fault::DeniedBecause("because no identity-based policy allows the apigateway:GET action"),
            "needs apigateway:GET",
        ),
        (Fault::DeniedBecause("with an explicit deny in a permissions boundary"), "permissions boundary"),
        (Fault::Html, "received a web page with the title \"Sign in\" instead of AWS's answer"),
        (Fault::Page(403), "received a web page with the title \"Sign in\" instead of AWS's answer"),
        (Fault::Page(407), "received a web page"),
        (Fault::Redirect, "redirected to login.hotel.example"),
        (Fault::Empty, "the answer lacks the list of APIs"),
        (Fault::Malformed, "cut off or garbled"),
        (Fault::Expired, "they are expired; renew them"),
        (Fault::UnknownCredentials, "another partition"),
    ] {
        let (ran, _) = audit(&["--region", "eu-west-1"], closing("eu-west-1", &everything, fault));
        assert_eq!(ran.status, Some(2), "{fault:?}: {ran:#?}");
        let first = ran.stdout.lines().next().unwrap();
        assert_eq!(first, "Nothing was checked: no listing of API Gateway succeeded in any region.", "{fault:?}");
        let text = flat(&ran.stdout);
        assert!(text.contains(words), "{fault:?}: {text}");
        assert!(!text.contains("No findings"), "{fault:?}: {text}");
        for parsers in ["StartEl", "Error at offset", "XML", "expected literal", "unexpected token", "Unhandled"] {
            assert!(!text.contains(parsers), "{fault:?}: {text}");
        }
    }
    let (ran, _) =
        audit(&["--region", "eu-west-1", "--format", "json"], closing("eu-west-1", &everything, Fault::Page(200)));
    let report = ran.report();
    assert_eq!(
        (ran.status, &report.0["status"], &report.0["complete"]),
        (Some(2), &json!("incomplete"), &json!(false))
    );
    let why = report.0["nothing_checked"].as_str().unwrap();
    assert!(why.contains("received a web page") && ran.stderr.contains("Nothing was checked"), "{why}: {}", ran.stderr);
}

/// A sign-in page in the place of every service: of the XML services too.
#[test]
fn behind_a_sign_in_page_everything_is_said_in_words() {
    for fault in [Fault::Page(200), Fault::Page(403), Fault::Page(511), Fault::Redirect] {
        for args in [&["--region", "eu-west-1"][..], &["--all-regions"]] {
            let (ran, _) = audit(args, vec![Rule::always("*", fault)]);
            assert_eq!(ran.status, Some(2), "{fault:?}: {ran:#?}");
            let said = flat(&(ran.stdout.clone() + &ran.stderr));
            assert!(said.contains("sign-in page"), "{fault:?}: {said}");
            assert!(!said.contains("StartEl") && !said.contains("XML") && !said.contains("service error"), "{said}");
        }
    }
}

/// What other services told is reported; the exit status still is that of an audit that could not see an API.
#[test]
fn without_any_api_listing_functions_are_reported_and_the_status_is_2() {
    let (ran, _) =
        audit(&["--region", "eu-west-1", "--format", "json"], vec![Rule::always("apigateway*", Fault::Denied)]);
    assert_eq!(ran.status, Some(2), "{ran:#?}");
    let report = ran.report();
    assert!(report.0["nothing_checked"].as_str().unwrap().starts_with("No stage was checked"));
    assert!(report.outcomes().iter().any(|outcome| outcome["subject"]["kind"] == "function"));
    // Where no check needs them, nobody misses them.
    let args = ["--region", "eu-west-1", "--check", "function-role-cannot-log", "--format", "json"];
    let (ran, _) = audit(&args, vec![Rule::always("apigateway*", Fault::Denied)]);
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    // One listing in one region is enough.
    let (ran, _) = audit(
        &["--region", "eu-west-1", "--region", "us-east-1"],
        vec![
            Rule::always("apigateway:GetRestApis", Fault::Denied),
            Rule::always("apigatewayv2:GetApis", Fault::Denied).in_region("us-east-1"),
        ],
    );
    assert!(matches!(ran.status, Some(1 | 3)), "{ran:#?}");
    assert!(!ran.stdout.starts_with("Nothing"), "{}", ran.stdout);
}

/// Credentials that AWS rejects in the first call: what is wrong with them, and nothing of the signed request.
#[test]
fn rejected_credentials_are_explained() {
    for (fault, words) in [
        (Fault::Expired, "they are expired; renew them"),
        (Fault::UnknownCredentials, "belong to another partition (China, GovCloud), or the region is not enabled"),
    ] {
        let (ran, _) = audit(&["--region", "eu-west-1"], vec![Rule::always("*", fault)]);
        assert_eq!(ran.status, Some(2), "{ran:#?}");
        assert!(flat(&ran.stderr).contains(words), "{}", ran.stderr);
    }
}

#[test]
fn a_region_without_an_api_says_so_and_names_the_option() {
    let text = |args: &[&str]| {
        let (ran, _) = audit_of(Account::default(), args, vec![]);
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        flat(&ran.stdout)
    };
    let one = text(&["--region", "eu-west-1"]);
    assert!(
        one.contains("no API") && one.contains("There is no API in eu-west-1.") && one.contains("--all-regions"),
        "{one}"
    );
    let all = text(&["--all-regions"]);
    assert!(all.contains("There is no API in eu-west-1, us-east-1.") && !all.contains("--all-regions"), "{all}");
    let other = flat(&audit(&["--region", "eu-west-1"], vec![]).0.stdout);
    assert!(!other.contains("no API"), "{other}");
    // A listing that broke off proves nothing.
    let (ran, _) = audit_of(
        Account::default(),
        &["--region", "eu-west-1"],
        vec![Rule::always("apigatewayv2:GetApis", Fault::Denied)],
    );
    assert!(!ran.stdout.contains("There is no API"), "{}", ran.stdout);
}

/// Findings in a region that was closed since stay open: nobody could see whether they are gone.
#[test]
fn findings_of_a_region_that_is_closed_later_stay_open() {
    let mut account = healthy();
    account.rest_apis[0].stages[0]["tracingEnabled"] = json!(false);
    let open = Fake::start(account.clone(), vec![]);
    let closed = Fake::start(account.clone(), closing("us-east-1", &REGIONAL, Fault::DeniedBecause(SCP)));
    let nothing =
        Fake::start(account, vec![Rule::always("apigateway*", Fault::Denied), Rule::always("lambda:*", Fault::Denied)]);
    let home = tempfile::TempDir::new().unwrap();
    let ledger = home.path().join("ledger.db");
    let run = |fake: &Fake| {
        Gatelight::new(["audit", "--region", "eu-west-1", "--region", "us-east-1", "--pace", "off", "--metrics", "off"])
            .args(["--format", "json", "--ledger", ledger.to_str().unwrap()])
            .endpoint(&fake.endpoint())
            .run()
    };
    let history = || {
        let ran = Gatelight::new(["history", "--open", "--format", "json", "--ledger", ledger.to_str().unwrap()]).run();
        assert_eq!(ran.status, Some(0), "{ran:#?}");
        ran.stdout
    };
    run(&open);
    let before = history().matches("us-east-1").count();
    assert!(before > 0, "{}", history());
    let report = run(&closed).json();
    assert_eq!((&report["changes"]["resolved"], &report["changes"]["gone"]), (&json!(0), &json!(0)));
    assert_eq!(history().matches("us-east-1").count(), before);
    // An audit that saw nothing is a failed run, and changes nothing.
    let ran = run(&nothing);
    assert_eq!((ran.status, &ran.json()["changes"]), (Some(2), &Value::Null));
    assert_eq!(history().matches("us-east-1").count(), before);
}
