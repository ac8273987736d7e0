//! The KMS keys of log groups.

use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, Seeded},
};

const CHECK: &str = "log-group-key-unusable";

fn seeded() -> (Account, Seeded) {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/keys.py"));
    (account, seeded)
}

fn verdict<'r>(report: &'r Report, seeded: &Seeded, name: &str) -> &'r str {
    report.outcome(CHECK, &seeded[&format!("/aws/lambda/{name}")])["verdict"].as_str().unwrap()
}

#[test]
fn a_key_must_be_there_enabled_and_for_the_group() {
    let (account, seeded) = seeded();
    let report = account.audit().args(["--region", "us-east-1", "--check", CHECK]).run().report();
    for (name, expected) in [
        ("usable", "pass"),
        ("for-this-group", "pass"),
        ("for-another-group", "fail"),
        ("for-another-region", "fail"),
        ("encrypts-only", "fail"),
        ("disabled", "fail"),
        ("about-to-go", "fail"),
        ("gone", "fail"),
        ("plain", "not-applicable"),
    ] {
        assert_eq!(verdict(&report, &seeded, name), expected, "{name}");
    }
    let disabled = report.outcome(CHECK, &seeded["/aws/lambda/disabled"]);
    assert_eq!(disabled["cause"]["arn"], seeded["key-disabled"].as_str());
    assert_eq!(disabled["cause"]["kind"], "key");
    assert!(disabled["fix_command"].as_str().unwrap().contains("enable-key"));
}

#[test]
fn what_may_not_be_read_is_unknown_and_what_is_disabled_is_so_all_the_same() {
    let (account, seeded) = seeded();
    for (operation, disabled) in [("kms:GetKeyPolicy", "fail"), ("kms:DescribeKey", "unknown")] {
        let proxy = Proxy::start(move |call| if call.operation == operation { Rule::Deny } else { Rule::Forward });
        let audit = account.audit().args(["--region", "us-east-1", "--check", CHECK]);
        let report = audit.endpoint(&proxy.url()).run().report();
        assert_eq!(verdict(&report, &seeded, "usable"), "unknown");
        assert_eq!(verdict(&report, &seeded, "disabled"), disabled);
        assert_eq!(verdict(&report, &seeded, "plain"), "not-applicable");
    }
}
