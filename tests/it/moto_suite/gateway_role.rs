//! The role that writes the logs of REST and WebSocket APIs. Each scenario has an account to itself.

use serde_json::{Value, json};

use super::formats::GOOD;
use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, PUSH_TO_CLOUDWATCH, Region, Role, Stage, trust, trust_of, writing},
};

const GROUP: &str = "/aws/gateway/access";

/// What the four checks of the role say; in the order of the head.
#[track_caller]
fn assert_account(account: &Account, row: &str) {
    assert_row(&account.audit().args(["--region", "us-east-1"]).run().report(), row);
}

#[track_caller]
fn assert_row(report: &Report, row: &str) {
    let arn = "arn:aws:apigateway:us-east-1::/account";
    report.is(&[("account", arn)], &format!("unset missing trust write\naccount {row}"));
}

/// An account in which one REST stage has an access log in CloudWatch.
fn logging_account(seed: impl FnOnce(&Account, &Region<'_>)) -> Account {
    let account = Account::new();
    let region = account.region("us-east-1");
    let group = region.log_group(GROUP, Some(30));
    region.rest("orders", "prod", &Stage::log(&group, GOOD));
    seed(&account, &region);
    account
}

/// One with this role set.
fn account_with(role: impl FnOnce(&Account) -> Role<'static>) -> Account {
    logging_account(|account, region| region.gateway_role(&account.role(role(account))))
}

fn inline(document: Value) -> Role<'static> {
    Role { inline: vec![("logs", document)], ..Role::default() }
}

fn attached(policy: &str) -> Role<'static> {
    Role { attached: vec![policy.to_owned()], ..Role::default() }
}

#[test]
fn nothing_needs_the_role() {
    let account = Account::new();
    assert_account(&account, "n/a n/a n/a n/a");
    let region = account.region("us-east-1");
    let group = region.log_group(GROUP, Some(30));
    // HTTP APIs write through log delivery, and Firehose is written to by API Gateway's own service-linked role.
    region.http("web", "$default", &Stage::log(&group, GOOD));
    region.rest("hose", "prod", &Stage::log(&region.stream("amazon-apigateway-x"), GOOD));
    region.rest("silent", "prod", &Stage::default());
    assert_account(&account, "n/a n/a n/a n/a");
    region.gateway_role(&format!("arn:aws:iam::{}:role/gone", account.id));
    assert_account(&account, "n/a n/a n/a n/a");
}

#[test]
fn the_role_is_unset() {
    assert_account(&logging_account(|_, _| ()), "high n/a n/a n/a");
    for stage in [Stage::default().level("ERROR"), Stage::default().over("$connect", "INFO", false)] {
        let account = Account::new();
        account.region("us-east-1").websocket("chat", "prod", &stage);
        assert_account(&account, "high n/a n/a n/a");
    }
    let account = Account::new();
    account.region("us-east-1").rest("orders", "prod", &Stage::default().level("INFO"));
    assert_account(&account, "high n/a n/a n/a");
}

#[test]
fn the_role_is_missing() {
    let account = logging_account(|account, region| {
        region.gateway_role(&format!("arn:aws:iam::{}:role/gone", account.id));
    });
    assert_account(&account, "pass high n/a n/a");
}

/// The setting names a role with a path: IAM looks up by the name alone, so a namesake elsewhere is another role.
#[test]
fn a_path_belongs_to_a_role() {
    let role = || Role { path: "/service/apigw/", ..attached(PUSH_TO_CLOUDWATCH) };
    assert_account(&account_with(|_| role()), "pass pass pass pass");
    let account = logging_account(|account, region| {
        account.role(role());
        region.gateway_role(&format!("arn:aws:iam::{}:role/other/apigw-logs", account.id));
    });
    assert_account(&account, "pass high n/a n/a");
}

#[test]
fn who_may_assume_the_role() {
    let gateway = json!({"Service": "apigateway.amazonaws.com"});
    let other = "999999999999";
    let scenarios: [(&str, &dyn Fn(&str) -> Value, &str); 10] = [
        ("plain", &|_| trust(), "pass"),
        ("listed", &|_| trust_of(&json!({"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]}), None), "pass"),
        ("lambda's", &|_| trust_of(&json!({"Service": "lambda.amazonaws.com"}), None), "high"),
        ("root's", &|account| trust_of(&json!({"AWS": format!("arn:aws:iam::{account}:root")}), None), "high"),
        ("account", &|account| trust_of(&gateway, Some(json!({"StringEquals": {"aws:SourceAccount": account}}))), "?"),
        ("other account", &|_| trust_of(&gateway, Some(json!({"StringEquals": {"aws:SourceAccount": other}}))), "high"),
        ("arn", &|_| trust_of(&gateway, Some(json!({"ArnLike": {"aws:SourceArn": "arn:aws:apigateway:us-east-1::/*"}}))), "?"),
        ("other region", &|_| trust_of(&gateway, Some(json!({"ArnLike": {"aws:SourceArn": "arn:aws:apigateway:eu-west-1::/*"}}))), "high"),
        ("not other account", &|_| trust_of(&gateway, Some(json!({"StringNotEquals": {"aws:SourceAccount": other}}))), "pass"),
        ("denied", &|_| {
            let mut policy = trust();
            let deny = json!({"Effect": "Deny", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:*"});
            policy["Statement"].as_array_mut().unwrap().push(deny);
            policy
        }, "high"),
    ];
    for (name, trust, word) in scenarios {
        eprintln!("trust: {name}");
        let account = account_with(|account| Role { trust: trust(&account.id), ..attached(PUSH_TO_CLOUDWATCH) });
        assert_account(&account, &format!("pass pass {word} pass"));
    }
}

#[test]
fn what_the_role_may_write() {
    let arn = |account: &Account, tail: &str| format!("arn:aws:logs:us-east-1:{}:log-group:{tail}", account.id);
    let anything = || json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let both = || json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
    let statement = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let scenarios: [(&str, &dyn Fn(&Account) -> Role<'static>, &str); 18] = [
        ("AWS's policy", &|_| attached(PUSH_TO_CLOUDWATCH), "pass"),
        ("nothing", &|_| Role::default(), "high"),
        ("something else", &|_| attached("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"), "high"),
        ("own policy", &|account| attached(&account.policy("logs", &writing("Allow", "*"))), "pass"),
        ("this group", &|account| inline(writing("Allow", &arn(account, "/aws/gateway/access:*"))), "pass"),
        ("these groups", &|account| inline(writing("Allow", &arn(account, "/aws/gateway/*"))), "pass"),
        ("another group", &|account| inline(writing("Allow", &arn(account, "/aws/gateway/other:*"))), "high"),
        // CloudTrail names the stream in both calls, so a resource that ends in the group's name allows neither.
        ("the group's name alone", &|account| inline(writing("Allow", &arn(account, "/aws/gateway/access"))), "high"),
        ("some streams", &|account| inline(writing("Allow", &arn(account, "/aws/gateway/access:log-stream:a*"))), "?"),
        ("streams but no events", &|_| inline(statement(json!({"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "*"}))), "high"),
        ("by wildcard", &|_| inline(statement(json!({"Effect": "Allow", "Action": ["logs:Create*", "LOGS:putlog?vents"], "Resource": "*"}))), "pass"),
        ("all but", &|_| inline(statement(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))), "pass"),
        ("denied", &|account| Role { inline: vec![("deny", writing("Deny", &arn(account, "/aws/gateway/*")))], ..attached(PUSH_TO_CLOUDWATCH) }, "high"),
        ("denied elsewhere", &|account| Role { inline: vec![("deny", writing("Deny", &arn(account, "/secret/*")))], ..attached(PUSH_TO_CLOUDWATCH) }, "pass"),
        ("on a condition", &|_| inline(statement(json!({"Effect": "Allow", "Action": both(), "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "web"}}}))), "?"),
        ("bounded away", &|account| Role { boundary: Some(account.policy("boundary", &statement(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})))), ..attached(PUSH_TO_CLOUDWATCH) }, "high"),
        ("bounded loosely", &|account| Role { boundary: Some(account.policy("boundary", &anything())), ..attached(PUSH_TO_CLOUDWATCH) }, "pass"),
        ("boundary alone", &|account| Role { boundary: Some(account.policy("boundary", &anything())), ..Role::default() }, "high"),
    ];
    for (name, role, word) in scenarios {
        eprintln!("role: {name}");
        assert_account(&account_with(role), &format!("pass pass pass {word}"));
    }
}

/// A role that may write to one group of the two that it has to.
#[test]
fn every_group_counts() {
    let account = account_with(|account| {
        inline(writing("Allow", &format!("arn:aws:logs:us-east-1:{}:log-group:{GROUP}:*", account.id)))
    });
    assert_account(&account, "pass pass pass pass");
    let region = account.region("us-east-1");
    let other = region.log_group("/aws/gateway/other", Some(30));
    region.http("web", "$default", &Stage::log(&other, GOOD));
    assert_account(&account, "pass pass pass pass");
    region.websocket("chat", "prod", &Stage::log(&other, GOOD));
    assert_account(&account, "pass pass pass high");
}

/// API Gateway makes the groups of execution logs itself.
#[test]
fn execution_groups_are_made_by_the_role() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]});
    region.gateway_role(&account.role(inline(policy)));
    let stage = region.rest("orders", "prod", &Stage::default().level("INFO"));
    assert_account(&account, "pass pass pass high");
    let id = stage.split('/').nth(2).unwrap();
    region.log_group(&format!("API-Gateway-Execution-Logs_{id}/prod"), None);
    assert_account(&account, "pass pass pass pass");
    let chat = region.websocket("chat", "prod", &Stage::default().level("INFO"));
    assert_account(&account, "pass pass pass high");
    let id = chat.split('/').nth(2).unwrap();
    region.log_group(&format!("/aws/apigateway/{id}/prod"), None);
    assert_account(&account, "pass pass pass pass");
}

/// moto forgets canary settings, so the proxy puts one into its answers.
#[test]
fn a_canary_logs_to_a_group_of_its_own() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let stage = region.rest("orders", "prod", &Stage::default().level("INFO"));
    let id = stage.split('/').nth(2).unwrap();
    let group = format!("API-Gateway-Execution-Logs_{id}/prod");
    let resource = region.log_group(&group, None);
    region.log_group(&format!("{group}/Canary"), None);
    region.gateway_role(&account.role(inline(writing("Allow", &format!("{resource}:*")))));
    assert_account(&account, "pass pass pass pass");

    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "apigateway:GetStages" => Rule::Rewrite(with_canary),
        _ => Rule::Forward,
    });
    let run = account.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run();
    let report = run.report();
    assert_row(&report, "pass pass pass high");
    // The rest of the stage is judged as before.
    report.is(&[("orders", &stage)], "off exec payload trace\norders high pass pass medium");
}

fn with_canary(answer: &str) -> String {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    for stage in answer["item"].as_array_mut().unwrap() {
        stage["canarySettings"] = json!({"percentTraffic": 10.0, "deploymentId": "bbbbbb", "useStageCache": false});
    }
    answer.to_string()
}

/// Roles are global, the setting is regional.
#[test]
fn each_region_has_a_setting_of_its_own() {
    let account = logging_account(|account, region| region.gateway_role(&account.good_role()));
    let paris = account.region("eu-west-3");
    paris.rest("orders", "prod", &Stage::log(&paris.log_group(GROUP, Some(30)), GOOD));
    let report = account.audit().args(["--region", "us-east-1", "--region", "eu-west-3"]).run().report();
    report.is(
        &[("virginia", "arn:aws:apigateway:us-east-1::/account"), ("paris", &paris.account_arn())],
        "         unset missing trust write
        virginia  pass  pass    pass  pass
        paris     high  n/a     n/a   n/a",
    );
}
