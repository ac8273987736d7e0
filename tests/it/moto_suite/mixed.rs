//! One account with something of everything, and every outcome about it.

use serde_json::Value;

use super::formats::GOOD;
use crate::support::{
    report::check_ids,
    seed::{Account, PUSH_TO_CLOUDWATCH, Role, Stage, writing},
};

/// What was seeded: names and ARNs of all subjects.
pub(crate) type Subjects = Vec<(&'static str, String)>;

/// Seeds `us-east-1` so that an audit makes every call it knows, finds something by most checks, and has several of
/// every kind of thing.
pub(crate) fn seed(account: &Account) -> Subjects {
    let region = account.region("us-east-1");
    let kept = region.log_group("/aws/gateway/kept", Some(30));
    let for_ever = region.log_group("/aws/gateway/for-ever", None);
    let stream = region.stream("amazon-apigateway-logs");
    let denied = writing("Deny", &region.log_group_arn("/secret/*"));
    let boundary = account.policy("boundary", &writing("Allow", "*"));
    let more = account.policy("more", &writing("Allow", "*"));
    region.gateway_role(&account.role(Role {
        path: "/gateway/",
        inline: vec![("deny", denied), ("allow", writing("Allow", "*"))],
        attached: vec![PUSH_TO_CLOUDWATCH.to_owned(), more],
        boundary: Some(boundary),
        ..Role::default()
    }));

    let good = Stage::log(&kept, GOOD).level("INFO").tracing();
    let orders = region.rest("orders", "prod", &good);
    let orders_id = orders.split('/').nth(2).unwrap().to_owned();
    let fieldless = r#"{"status":"$context.status"}"#;
    vec![
        ("account", region.account_arn()),
        ("orders/prod", orders),
        ("orders/dev", region.rest_stage(&orders_id, "dev", &Stage::default())),
        (
            "users/prod",
            region.rest("users", "prod", &Stage::log(&for_ever, "$context.status").level("ERROR").data_trace()),
        ),
        ("hose/prod", region.rest("hose", "prod", &Stage::log(&stream, GOOD).level("OFF").tracing())),
        (
            "lost/prod",
            region.rest("lost", "prod", &Stage::log(&region.stream_arn("amazon-apigateway-gone"), fieldless)),
        ),
        ("web/$default", region.http("web", "$default", &Stage::log(&kept, GOOD))),
        ("shop/prod", region.http("shop", "prod", &Stage::default())),
        ("chat/prod", region.websocket("chat", "prod", &Stage::log(&kept, GOOD).level("INFO"))),
        ("feed/prod", region.websocket("feed", "prod", &Stage::log(&region.log_group_arn("/aws/gateway/gone"), GOOD))),
    ]
}

#[test]
fn every_outcome_of_an_account() {
    let account = Account::new();
    let subjects = seed(&account);
    // moto has no metrics in CBOR.
    let ran = account.audit().args(["--region", "us-east-1", "--metrics", "off"]).run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let report = ran.report();
    let subjects: Vec<_> = subjects.iter().map(|(name, arn)| (*name, arn.as_str())).collect();
    report.is(
        &subjects,
        "            off   json  fields id     there keep  exec   payload trace  unset missing trust write organ
        account       .     .     .      .      .     .     .      .       .      pass  pass    pass  pass  n/a
        orders/prod   pass  pass  pass   pass   pass  pass  pass   pass    pass   .     .       .     .     .
        orders/dev    high  n/a   n/a    n/a    n/a   n/a   medium pass    medium .     .       .     .     .
        users/prod    pass  high  high   medium pass  low   pass   medium  medium .     .       .     .     .
        hose/prod     pass  pass  pass   pass   pass  n/a   medium pass    pass   .     .       .     .     .
        lost/prod     pass  pass  high   medium high  n/a   medium pass    medium .     .       .     .     .
        web/$default  pass  pass  pass   pass   pass  pass  n/a    n/a     n/a    .     .       .     .     .
        shop/prod     high  n/a   n/a    n/a    n/a   n/a   n/a    n/a     n/a    .     .       .     .     .
        chat/prod     pass  pass  pass   pass   pass  pass  pass   pass    n/a    .     .       .     .     .
        feed/prod     pass  pass  pass   pass   high  n/a   medium pass    n/a    .     .       .     .     .",
    );

    // Names, kinds and places are those of the contract.
    let outcomes: Vec<&Value> =
        report.outcomes().iter().filter(|outcome| outcome["subject"]["kind"] != "log-group").collect();
    assert_eq!(outcomes.iter().filter(|outcome| !is_of_functions(outcome)).count(), 9 * 13 + 6);
    let kinds = [
        ("account", "account"),
        ("orders/prod", "rest-stage"),
        ("web/$default", "http-stage"),
        ("chat/prod", "websocket-stage"),
    ];
    for (name, kind) in kinds {
        let arn = subjects.iter().find(|subject| subject.0 == name).unwrap().1;
        let mut about = outcomes.iter().filter(|outcome| outcome["subject"]["arn"] == arn);
        assert!(about.all(|outcome| {
            outcome["subject"]["kind"] == kind && (name == "account" || outcome["subject"]["name"] == name)
        }));
    }
    assert!(outcomes.iter().all(|outcome| outcome["account"] == account.id.as_str()));
    assert!(outcomes.iter().all(|outcome| outcome["region"] == "us-east-1"));

    let [shard] = report.shards() else { panic!("one account, one region: {:#}", report.0["shards"]) };
    assert_eq!(shard["account"], account.id.as_str());
    assert_eq!(
        (&shard["region"], &shard["skipped"], &shard["throttled"]),
        (&"us-east-1".into(), &Value::Null, &0.into())
    );
    assert_eq!(shard["counts"]["stages"], 9);
    assert_eq!(shard["gaps"], Value::Array(vec![]));
    // Five REST APIs (one with two stages), four others.
    assert_eq!(shard["requests"]["apigateway:GetStages"], 4, "{}", shard["requests"]);
}

/// There are none in this account: of each check there may be a word about the account.
fn is_of_functions(outcome: &Value) -> bool {
    outcome["check"].as_str().unwrap().starts_with("function-")
}

/// The same account by the other formats: the text names every failing check and subject, and jsonl has the same
/// outcomes, one a line.
#[test]
fn other_formats_say_the_same() {
    let account = Account::new();
    seed(&account);
    let audit =
        |format| account.gatelight(["audit", "--region", "us-east-1", "--pace", "off", "--format", format]).run();
    let report = audit("json").report();
    let lines = audit("jsonl");
    assert_eq!(lines.status, Some(1));
    let same = |outcome: &Value| [&outcome["check"], &outcome["subject"], &outcome["verdict"]].map(ToString::to_string);
    let lines = lines.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // Lines of another kind than outcomes say so.
    let lines: Vec<_> = lines.filter(|line| line.get("type").is_none()).map(|line| same(&line)).collect();
    assert_eq!(lines, report.outcomes().iter().map(same).collect::<Vec<_>>());

    let text = audit("text");
    assert_eq!(text.status, Some(1));
    assert!(text.stdout.contains(&account.id) && text.stdout.contains("us-east-1"), "{}", text.stdout);
    // Low findings may need --verbose; the others show.
    let shown = |outcome: &&Value| outcome["verdict"] == "fail" && outcome["severity"] != "low";
    for outcome in report.outcomes().iter().filter(shown) {
        let check = outcome["check"].as_str().unwrap();
        assert!(check_ids().contains(check) && text.stdout.contains(check), "{check} in {}", text.stdout);
    }
    assert!(!text.stdout.contains('\u{1b}'), "no colour in a pipe");
}
