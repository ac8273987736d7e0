//! What an audit is told to do: checks, severities, ignores, `--fail-on`, where to write.

use std::collections::BTreeSet;

use super::{formats::GOOD, mixed};
use crate::support::{
    proxy::{Proxy, Rule},
    report::check_ids,
    seed::{Account, Stage},
};

fn checks_of(account: &Account, args: &[&str]) -> BTreeSet<String> {
    // With metrics, which moto lacks: without them, what rests on them is left out.
    let audit = account.audit().args(["--region", "us-east-1", "--metrics", "on"]);
    let report = audit.args(args).run().report();
    report.verdicts().into_keys().map(|(check, _)| check).collect()
}

#[test]
fn checks_are_chosen_and_skipped() {
    let account = Account::new();
    mixed::seed(&account);
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    // There is no function in this account, so no check of functions has anything to say.
    let all = ids(&check_ids().into_iter().filter(|id| !id.starts_with("function-")).collect::<Vec<_>>());
    assert_eq!(checks_of(&account, &[]), all);
    assert_eq!(checks_of(&account, &["--check", "stage-tracing-off"]), ids(&["stage-tracing-off"]));
    let two = ["--check", "access-log-off", "--check", "gateway-role-cannot-write"];
    assert_eq!(checks_of(&account, &two), ids(&["access-log-off", "gateway-role-cannot-write"]));
    let mut fewer = all;
    fewer.remove("access-log-off");
    fewer.remove("gateway-role-missing");
    assert_eq!(checks_of(&account, &["--skip", "access-log-off", "--skip", "gateway-role-missing"]), fewer);
}

/// A check judges the same alone as in company: what it needs is collected whatever else is chosen.
#[test]
fn a_check_alone_says_the_same() {
    let account = Account::new();
    mixed::seed(&account);
    let audit = || account.audit().args(["--region", "us-east-1", "--metrics", "on"]);
    let all = audit().run().report().verdicts();
    for check in check_ids() {
        let alone = audit().args(["--check", check]).run().report().verdicts();
        let same = all.iter().filter(|((id, _), _)| id == check).map(|(key, verdict)| (key.clone(), verdict.clone()));
        assert_eq!(alone, same.collect(), "{check}");
    }
}

#[test]
fn findings_count_from_a_severity_on() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", None);
    // Nothing to find but a low: the group never expires.
    region.http("web", "$default", &Stage::log(&group, GOOD));
    // moto does not make the resource policy that AWS makes when an HTTP API's log is set.
    let audit = || account.audit().args(["--region", "us-east-1", "--skip", "log-delivery-denied"]);
    let status = |args: &[&str]| audit().args(args).run().report().0["status"].clone();
    assert_eq!(status(&[]), "clean");
    assert_eq!(status(&["--fail-on", "low"]), "findings");
    assert_eq!(status(&["--fail-on", "high"]), "clean");
    // And then a high.
    region.http("shop", "$default", &Stage::default());
    assert_eq!(status(&[]), "findings");
    assert_eq!(status(&["--fail-on", "high"]), "findings");
    assert_eq!(status(&["--fail-on", "never"]), "clean");
}

#[test]
fn severities_and_ignores_come_from_the_configuration() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let shop = region.http("shop", "prod", &Stage::default());
    let web = region.http("web", "prod", &Stage::default());
    let old = region.http("old", "prod", &Stage::default());
    let config = format!(
        r#"
        region = ["us-east-1"]
        fail-on = "medium"

        [severity]
        access-log-off = "low"

        [[ignore]]
        check = "access-log-off"
        subject = "web/*"
        reason = "goes away in March"

        [[ignore]]
        check = "access-log-*"
        subject = "{old}"
        reason = "nobody uses it"
        until = "2020-01-31"

        [[ignore]]
        check = "execution-log-off"
        subject = "nothing/*"
        reason = "matches nothing"
        "#
    );
    let ran = account.audit().file("gatelight.toml", &config).args(["--config", "gatelight.toml"]).run();
    let report = ran.report();
    assert_eq!(report.0["status"], "clean", "{ran:#?}");
    let outcome = |arn| report.outcome("access-log-off", arn);
    for arn in [&shop, &web, &old] {
        assert_eq!((&outcome(arn)["verdict"], &outcome(arn)["severity"]), (&"fail".into(), &"low".into()), "{arn}");
    }
    assert_eq!(outcome(&web)["ignored"]["reason"], "goes away in March");
    assert!(outcome(&web)["ignored"]["until"].is_null());
    assert!(outcome(&shop)["ignored"].is_null());
    assert!(outcome(&old)["ignored"].is_null(), "an ignore that has ended ignores nothing");
    assert_eq!(report.0["summary"]["ignored"], 1);
    // An ignore that matched nothing, or has ended, is reported.
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("matches nothing") || said.contains("nothing/*"), "{said}");
    assert!(said.contains("nobody uses it") || said.contains("2020-01-31"), "{said}");

    // Flags win over the file.
    let low =
        account.audit().file("gatelight.toml", &config).args(["--config", "gatelight.toml", "--fail-on", "low"]).run();
    assert_eq!(low.report().0["status"], "findings");
}

/// An ignore covers what could not be checked too.
#[test]
fn unknowns_can_be_ignored() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", Some(30));
    region.http("web", "prod", &Stage::log(&group, GOOD));
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "logs:DescribeLogGroups" => Rule::Deny,
        _ => Rule::Forward,
    });
    let checks = ["--check", "access-log-destination-missing", "--check", "access-log-never-expires"];
    let audit = || account.audit().args(["--region", "us-east-1"]).args(checks).endpoint(&proxy.url());
    assert_eq!(audit().run().report().0["status"], "incomplete");
    let ignore =
        |check: &str| format!("[[ignore]]\ncheck = \"{check}\"\nsubject = \"web/prod\"\nreason = \"another team's\"\n");
    let status = |config: String| {
        let ran = audit().file("gatelight.toml", config).args(["--config", "gatelight.toml"]).run();
        ran.report().0["status"].clone()
    };
    assert_eq!(status(ignore("access-log-destination-missing")), "incomplete");
    assert_eq!(status(ignore("access-log-destination-missing") + &ignore("access-log-never-expires")), "clean");
    assert_eq!(status(ignore("access-log-*")), "clean");
    assert_eq!(status(ignore("execution-*")), "incomplete");
}

#[test]
fn a_report_goes_where_it_is_told() {
    let account = Account::new();
    mixed::seed(&account);
    let args = ["--region", "us-east-1", "--output", "report.json"];
    let (ran, written) = account.audit().args(args).run_then(|home| std::fs::read_to_string(home.join("report.json")));
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{ran:#?}");
    let written: serde_json::Value = serde_json::from_str(&written.unwrap()).unwrap();
    assert_eq!(written["version"], 1);

    let quiet = account.audit().args(["--region", "us-east-1", "--quiet"]).run();
    assert_eq!(quiet.stderr, "", "nothing to say with --quiet");
    assert_eq!(quiet.report().outcomes().len(), written["outcomes"].as_array().unwrap().len());
    let piped = account.audit().args(["--region", "us-east-1"]).run();
    assert!(
        !piped.stderr.contains('\u{1b}') && !piped.stderr.contains('\r'),
        "no progress in a pipe: {}",
        piped.stderr
    );
}
