//! Log groups: how long they keep, who may deliver to them, and what they hold.
//!
//! moto matches everything with `?a ?b`, so that whatever is not verified on our side shows as a hit. It has no CBOR:
//! CloudWatch's metrics are 404 there.

use serde_json::{Value, json};

use super::formats::GOOD;
use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, Seeded, Stage},
};

fn seeded() -> (Account, Seeded) {
    let account = Account::new();
    let seeded = account.script("us-east-1", include_str!("seeds/logs.py"));
    (account, seeded)
}

fn audit(account: &Account, args: &[&str]) -> Report {
    let audit = account.audit().args(["--region", "us-east-1", "--check", "log-emission-failing"]);
    audit.args(["--check", "log-group-never-expires"]).args(args).run().report()
}

const FAILING: &str = "   group  emit
    /aws/lambda/busy         pass   high
    /aws/lambda/paged        pass   high
    /aws/lambda/lower        pass   high
    /aws/lambda/batch        pass   medium
    /aws/lambda/dropped      pass   medium
    /aws/lambda/entity       pass   medium
    /aws/lambda/exporter     pass   medium
    /aws/lambda/denied-logs  pass   medium
    /aws/lambda/denied-xray  pass   medium
    /aws/lambda/both         pass   high
    /aws/lambda/old          pass   pass
    /aws/lambda/for-ever     low    pass
    /aws/lambda/decoys       pass   pass
    /aws/gateway/access      .      low
    /aws/gateway/quiet       .      pass
    never-ran                n/a    n/a
    execution-prod           pass   high
    execution-test           low    pass";

#[test]
fn signs_of_failure() {
    let (account, seeded) = seeded();
    let report = audit(&account, &["--metrics", "off"]);
    report.is(&seeded.subjects(), FAILING);
    let outcome = |name: &str| report.outcome("log-emission-failing", &seeded[name]);
    assert_eq!(outcome("/aws/lambda/busy")["subject"]["kind"], "log-group");
    for (name, count) in [("/aws/lambda/busy", "5"), ("/aws/lambda/paged", "2"), ("/aws/lambda/lower", "1")] {
        let Value::Object(found) = outcome(name) else { panic!("{name}") };
        let told = format!("{} {}", found["message"], found["evidence"]);
        let numbers: Vec<&str> = told.split(|char: char| !char.is_ascii_alphanumeric()).collect();
        assert!(numbers.contains(&count) || count == "1", "{name}: {told}");
    }
    let access = outcome("/aws/gateway/access")["message"].as_str().unwrap();
    assert!(access.contains("text comes from clients"), "{access}");
}

/// Where CloudWatch cannot be asked, groups are searched, whether or not they took events.
#[test]
fn without_an_answer_from_metrics_the_verdicts_are_the_same() {
    let (account, seeded) = seeded();
    let report = audit(&account, &["--metrics", "on"]);
    report.is(&seeded.subjects(), FAILING);
}

#[test]
fn a_longer_window_finds_older_events() {
    let (account, seeded) = seeded();
    let report = audit(&account, &["--metrics", "off", "--since", "7d"]);
    let found = |report: &Report| report.outcome("log-emission-failing", &seeded["/aws/lambda/old"])["verdict"].clone();
    assert_eq!(found(&report), "fail");
    // And a shorter one does not find those of hours ago.
    let report = audit(&account, &["--metrics", "off", "--since", "45m"]);
    for outcome in report.outcomes().iter().filter(|outcome| outcome["check"] == "log-emission-failing") {
        assert!(["pass", "not-applicable"].contains(&outcome["verdict"].as_str().unwrap()), "{outcome:#}");
    }
}

/// The owner of logs that nobody else may read can leave the lines where they are: what is found stays found.
#[test]
fn samples_can_be_turned_off() {
    let (account, seeded) = seeded();
    let with = audit(&account, &["--metrics", "off"]);
    let without = audit(&account, &["--metrics", "off", "--samples", "off"]);
    without.is(&seeded.subjects(), FAILING);
    let samples = |report: &Report| report.0.to_string().matches("sample (gatelight").count();
    assert!(samples(&with) > 0);
    assert_eq!(samples(&without), 0);
}

/// Read, not searched for by others: a group that may not be searched is open, and so are no others.
#[test]
fn a_group_that_may_not_be_searched() {
    let (account, _) = seeded();
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "logs:FilterLogEvents" => Rule::Deny,
        _ => Rule::Forward,
    });
    let audit = account.audit().args(["--region", "us-east-1", "--metrics", "off", "--check", "log-emission-failing"]);
    let report = audit.endpoint(&proxy.url()).run().report();
    for outcome in report.outcomes().iter().filter(|outcome| outcome["verdict"] != "not-applicable") {
        assert_eq!(outcome["verdict"], "unknown", "{outcome:#}");
        assert!(outcome["message"].as_str().unwrap().contains("logs:FilterLogEvents"), "{outcome:#}");
    }
}

// ---- Delivery ----

/// The policy that AWS writes when the first access log of an HTTP API is turned on, for that account and group.
fn delivery(owner: &str, group: &str) -> Value {
    json!({
        "Sid": "AWSLogDeliveryWrite20150319",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("{group}:log-stream:*"),
        "Condition": {
            "StringEquals": {"aws:SourceAccount": owner},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:logs:us-east-1:{owner}:*")},
        },
    })
}

/// One account each: these policies are the account's.
#[test]
fn who_may_deliver() {
    type Statements = fn(&str, &str) -> Vec<Value>;
    fn edited(id: &str, group: &str, field: &str, value: Value) -> Value {
        let mut statement = delivery(id, group);
        statement[field] = value;
        statement
    }
    let scenarios: &[(&str, &str, Statements)] = &[
        ("typical", "pass", |id, group| vec![delivery(id, group)]),
        ("none", "high", |_, _| vec![]),
        ("other account", "high", |_, group| vec![delivery("999999999999", group)]),
        ("other group", "high", |id, group| vec![delivery(id, &format!("{group}-of-somebody"))]),
        ("vended groups only", "high", |id, _| {
            vec![delivery(id, &format!("arn:aws:logs:us-east-1:{id}:log-group:/aws/vendedlogs/*"))]
        }),
        ("one action", "high", |id, group| vec![edited(id, group, "Action", json!("logs:PutLogEvents"))]),
        ("two statements", "pass", |id, group| {
            ["logs:PutLogEvents", "logs:CreateLogStream"]
                .map(|action| edited(id, group, "Action", json!(action)))
                .into()
        }),
        ("other service", "high", |id, group| {
            vec![edited(id, group, "Principal", json!({"Service": "es.amazonaws.com"}))]
        }),
        ("explicit deny", "high", |id, group| {
            let mut deny = edited(id, group, "Effect", json!("Deny"));
            deny.as_object_mut().unwrap().remove("Condition");
            vec![delivery(id, group), deny]
        }),
        ("every group", "pass", |id, _| vec![delivery(id, &format!("arn:aws:logs:us-east-1:{id}:log-group:*"))]),
    ];
    for (name, expected, statements) in scenarios {
        let account = Account::new();
        let region = account.region("us-east-1");
        let group = region.log_group("/aws/gateway/web", Some(30));
        let rest_group = region.log_group("/aws/gateway/orders", Some(30));
        region.http("web", "$default", &Stage::log(&group, GOOD));
        region.rest("orders", "prod", &Stage::log(&rest_group, GOOD));
        for (n, statement) in statements(&account.id, &group).into_iter().enumerate() {
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            let put = format!("logs.put_resource_policy(policyName='p{n}', policyDocument=r'''{document}''')");
            account.script("us-east-1", &put);
        }
        let audit = account.audit().args(["--region", "us-east-1", "--check", "log-delivery-denied"]);
        let report = audit.run().report();
        // The REST API's group is written to by the account's role: no outcome about it.
        let [outcome] = report.outcomes() else { panic!("{name}: {:#}", report.0["outcomes"]) };
        assert_eq!(outcome["subject"]["arn"], group.as_str(), "{name}");
        let verdict = if outcome["verdict"] == "fail" { &outcome["severity"] } else { &outcome["verdict"] };
        assert_eq!(verdict, expected, "{name}: {outcome:#}");
    }
}
