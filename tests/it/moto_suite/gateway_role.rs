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
    assert_account(&account, "n/a n/a n/a n/a");
    region.rest("hose", "prod", &Stage::log(&region.stream("amazon-apigateway-x"), GOOD));
    region.rest("silent", "prod", &Stage::default());
    // AWS refuses to turn on a log of theirs until a role is set.
    assert_account(&account, "medium n/a n/a n/a");
    region.gateway_role(&format!("arn:aws:iam::{}:role/gone", account.id));
    assert_account(&account, "pass n/a n/a n/a");
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

/// What `gateway-role-untrusted` says of a role with this trust policy, given the account's id.
#[track_caller]
fn assert_trust(word: &str, trust: impl FnOnce(&str) -> Value) {
    let account = account_with(|account| Role { trust: trust(&account.id), ..attached(PUSH_TO_CLOUDWATCH) });
    assert_account(&account, &format!("pass pass {word} pass"));
}

#[test]
fn who_may_assume_the_role() {
    assert_trust("pass", |_| trust());
    let services = json!({"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]});
    assert_trust("pass", |_| trust_of(&services, None));
    assert_trust("high", |_| trust_of(&json!({"Service": "lambda.amazonaws.com"}), None));
    assert_trust("high", |account| trust_of(&json!({"AWS": format!("arn:aws:iam::{account}:root")}), None));
    assert_trust("high", |_| {
        let mut policy = trust();
        let deny = json!({"Effect": "Deny", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:*"});
        policy["Statement"].as_array_mut().unwrap().push(deny);
        policy
    });
}

/// AWS is not known to send the keys against confused deputies here. A condition that they could satisfy proves
/// nothing; one that excludes this account or region excludes it either way.
#[test]
fn on_which_condition_the_role_is_trusted() {
    let if_ = |operator: &str, key: &str, value: &str| {
        let gateway = json!({"Service": "apigateway.amazonaws.com"});
        trust_of(&gateway, Some(json!({operator: {key: value}})))
    };
    let (other, here, elsewhere) =
        ("999999999999", "arn:aws:apigateway:us-east-1::/*", "arn:aws:apigateway:eu-west-1::/*");
    assert_trust("?", |account| if_("StringEquals", "aws:SourceAccount", account));
    assert_trust("high", |_| if_("StringEquals", "aws:SourceAccount", other));
    assert_trust("?", |_| if_("ArnLike", "aws:SourceArn", here));
    assert_trust("high", |_| if_("ArnLike", "aws:SourceArn", elsewhere));
    // A key that is not sent does not equal anything either.
    assert_trust("pass", |_| if_("StringNotEquals", "aws:SourceAccount", other));
}

/// What `gateway-role-cannot-write` says of a role, when `/aws/gateway/access` is to be written.
#[track_caller]
fn assert_writes(word: &str, role: impl FnOnce(&Account) -> Role<'static>) {
    assert_account(&account_with(role), &format!("pass pass pass {word}"));
}

/// A policy of one statement.
fn policy(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn log_group(account: &Account, tail: &str) -> String {
    format!("arn:aws:logs:us-east-1:{}:log-group:{tail}", account.id)
}

#[test]
fn what_the_role_is_allowed() {
    assert_writes("pass", |_| attached(PUSH_TO_CLOUDWATCH));
    assert_writes("high", |_| Role::default());
    assert_writes("high", |_| attached("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"));
    assert_writes("pass", |account| attached(&account.policy("logs", &writing("Allow", "*"))));
    let only =
        |resource: &'static str| move |account: &Account| inline(writing("Allow", &log_group(account, resource)));
    assert_writes("pass", only("/aws/gateway/access:*"));
    assert_writes("pass", only("/aws/gateway/*"));
    assert_writes("high", only("/aws/gateway/other:*"));
    // CloudTrail names the stream in both calls, so a resource that ends in the group's name allows neither.
    assert_writes("high", only("/aws/gateway/access"));
    // Which streams API Gateway makes is not known.
    assert_writes("?", only("/aws/gateway/access:log-stream:a*"));
}

#[test]
fn how_the_policy_is_written() {
    let allow = |action: Value| inline(policy(&json!({"Effect": "Allow", "Action": action, "Resource": "*"})));
    assert_writes("high", |_| allow(json!("logs:CreateLogStream")));
    assert_writes("pass", |_| allow(json!(["logs:Create*", "LOGS:putlog?vents"])));
    assert_writes("pass", |_| inline(policy(&json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))));
    assert_writes("?", |_| {
        let condition = json!({"StringEquals": {"aws:PrincipalTag/team": "web"}});
        inline(policy(&json!({"Effect": "Allow", "Action": "logs:*", "Resource": "*", "Condition": condition})))
    });
}

#[test]
fn what_the_role_is_denied() {
    let but_not = |resource: &'static str| {
        move |account: &Account| Role {
            inline: vec![("deny", writing("Deny", &log_group(account, resource)))],
            ..attached(PUSH_TO_CLOUDWATCH)
        }
    };
    assert_writes("high", but_not("/aws/gateway/*"));
    assert_writes("pass", but_not("/secret/*"));
    let bounded = |action: &str, account: &Account| {
        let document = policy(&json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
        Some(account.policy("boundary", &document))
    };
    assert_writes("high", |account| Role { boundary: bounded("s3:*", account), ..attached(PUSH_TO_CLOUDWATCH) });
    assert_writes("pass", |account| Role { boundary: bounded("*", account), ..attached(PUSH_TO_CLOUDWATCH) });
    assert_writes("high", |account| Role { boundary: bounded("*", account), ..Role::default() });
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
    let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    region.gateway_role(&account.role(inline(policy(&statement))));
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
