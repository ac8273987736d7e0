//! Sampling rules, and where segments go. moto has neither: `support/moto_xray.py` stands before it.

use std::process::Command;

use serde_json::Value;

use crate::support::{
    moto,
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, Seeded, endpoint},
};

const SAMPLING: &str = "trace-sampling-off";
const DESTINATION: &str = "trace-destination-denied";

fn seeded() -> (Account, Seeded) {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/traces.py"));
    (account, seeded)
}

fn audit(account: &Account) -> Report {
    account.audit().args(["--region", "us-east-1", "--check", SAMPLING, "--check", DESTINATION]).run().report()
}

fn verdict<'r>(report: &'r Report, seeded: &Seeded, stage: &str) -> &'r str {
    report.outcome(SAMPLING, &seeded[stage])["verdict"].as_str().unwrap()
}

const SETTINGS: &str = "arn:aws:apigateway:us-east-1::/account";

fn destination(report: &Report) -> (&str, &str) {
    let outcome = report.outcome(DESTINATION, SETTINGS);
    (outcome["verdict"].as_str().unwrap(), outcome["message"].as_str().unwrap())
}

/// Does what a report says, by the client that the AWS CLI is made of.
fn follow(account: &Account, outcome: &Value) {
    for command in outcome["fix_commands"].as_array().unwrap() {
        let command = command.as_str().unwrap();
        let ran = Command::new(moto::python())
            .args(["-I", "-c", include_str!("../support/run_cli.py"), command])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", &account.keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &account.keys.secret)
            .env("AWS_SESSION_TOKEN", &account.keys.token)
            .env("ENDPOINT", endpoint())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn the_rule_that_decides() {
    let (account, seeded) = seeded();
    let report = audit(&account);
    for (stage, expected) in [
        ("plain/prod", "pass"),
        ("plain/dev", "not-applicable"),
        ("silenced/prod", "fail"),
        ("silenced/dev", "pass"),
        ("narrowed/prod", "pass"),
        ("by-path/prod", "unknown"),
        ("by-arn/prod", "fail"),
        ("tied/prod", "unknown"),
        ("probed/prod", "pass"),
    ] {
        assert_eq!(verdict(&report, &seeded, stage), expected, "{stage}");
    }
    let silenced = report.outcome(SAMPLING, &seeded["silenced/prod"]);
    assert_eq!((&silenced["severity"], &silenced["cause"]["kind"]), (&"medium".into(), &"sampling-rule".into()));
    assert_eq!(
        silenced["cause"]["arn"],
        format!("arn:aws:xray:us-east-1:{}:sampling-rule/silenced-prod", account.id).as_str()
    );
    for (stage, names) in [("by-path/prod", "by-path"), ("by-arn/prod", "by-arn"), ("tied/prod", "tied-b")] {
        let message = report.outcome(SAMPLING, &seeded[stage])["message"].as_str().unwrap();
        assert!(message.contains(names), "{message}");
    }
    assert_eq!(
        report.gap_operations().into_iter().collect::<Vec<_>>(),
        [""],
        "what cannot be told is no call that failed"
    );
}

#[test]
fn the_command_for_a_rule_mends_it() {
    let (account, seeded) = seeded();
    follow(&account, audit(&account).outcome(SAMPLING, &seeded["silenced/prod"]));
    assert_eq!(verdict(&audit(&account), &seeded, "silenced/prod"), "pass");
}

#[test]
fn transaction_search_needs_a_policy_and_the_command_writes_it() {
    let (account, _) = seeded();
    let report = audit(&account);
    assert_eq!(destination(&report).0, "not-applicable");
    account.script("us-east-1", "client('xray').update_trace_segment_destination(Destination='CloudWatchLogs')");
    let report = audit(&account);
    let (verdict, message) = destination(&report);
    assert_eq!(verdict, "fail");
    assert!(message.contains("aws/spans and /aws/application-signals/data"), "{message}");
    assert_eq!(report.outcome(DESTINATION, SETTINGS)["severity"], "high");
    follow(&account, report.outcome(DESTINATION, SETTINGS));
    let report = audit(&account);
    assert_eq!(destination(&report).0, "pass", "{}", destination(&report).1);
}

/// Each call that only these two checks rest on: nothing else becomes unknown.
#[test]
fn x_ray_that_may_not_be_asked_is_a_gap_in_these_checks_alone() {
    let (account, _) = seeded();
    let whole = account.audit().args(["--region", "us-east-1"]).run().report();
    for (operation, check) in [("xray:GetSamplingRules", SAMPLING), ("xray:GetTraceSegmentDestination", DESTINATION)] {
        let proxy = Proxy::start(move |call| if call.operation == operation { Rule::Deny } else { Rule::Forward });
        let report = account.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run().report();
        // What no call tells is a gap without an operation; and moto lacks CloudWatch's protocol.
        let known = |name: &&str| name.is_empty() || *name == "cloudwatch:GetMetricData";
        let failed: Vec<_> = report.gap_operations().into_iter().filter(|name| !known(name)).collect();
        assert_eq!(failed, [operation]);
        let verdicts = report.verdicts();
        let changed: Vec<_> = whole.verdicts().into_iter().filter(|(key, was)| verdicts[key] != *was).collect();
        assert!(!changed.is_empty() && changed.iter().all(|((id, _), _)| id == check), "{changed:?}");
        for ((check, arn), _) in changed {
            let message = report.outcome(&check, &arn)["message"].as_str().unwrap();
            assert!(message.contains(operation), "{message}");
        }
    }
}
