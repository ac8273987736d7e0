//! Several regions, several accounts.

use std::collections::BTreeSet;

use super::formats::GOOD;
use crate::support::{
    proxy::{Proxy, Rule},
    report::Report,
    seed::{Account, Keys, Stage},
};

#[test]
fn all_regions_of_an_account() {
    let account = Account::new();
    let mut stages = Vec::new();
    for name in ["us-east-1", "eu-west-3"] {
        let region = account.region(name);
        let group = region.log_group("/aws/gateway/access", Some(30));
        stages.push((name, region.http("web", "$default", &Stage::log(&group, GOOD))));
    }
    let report = account.audit().arg("--all-regions").run().report();
    let regions: BTreeSet<_> = report.shards().iter().map(|shard| shard["region"].as_str().unwrap()).collect();
    assert_eq!(regions.len(), report.shards().len(), "a shard a region");
    assert!(regions.len() > 10 && regions.contains("us-east-1") && regions.contains("eu-west-3"), "{regions:?}");
    for (region, arn) in &stages {
        let outcome = report.outcome("access-log-off", arn);
        assert_eq!((&outcome["region"], &outcome["verdict"]), (&(*region).into(), &"pass".into()));
    }
    let elsewhere = |region: &str| stages.iter().all(|(name, _)| *name != region);
    for outcome in report.outcomes().iter().filter(|outcome| elsewhere(outcome["region"].as_str().unwrap())) {
        assert_eq!(outcome["verdict"], "not-applicable", "{outcome:#}");
    }
    for shard in report.shards() {
        let region = shard["region"].as_str().unwrap();
        assert_eq!(shard["counts"]["stages"], i32::from(!elsewhere(region)), "{region}");
    }
}

/// The region of the chain is taken where none is named.
#[test]
fn the_region_comes_from_the_chain() {
    let account = Account::new();
    let arn = account.region("eu-west-3").http("web", "$default", &Stage::default());
    let from_environment = account.audit().env("AWS_REGION", "eu-west-3").run().report();
    assert_eq!(from_environment.outcome("access-log-off", &arn)["verdict"], "fail");
    let in_file = account.audit().file(".aws/config", "[default]\nregion = eu-west-3\n").run().report();
    assert_eq!(in_file.outcome("access-log-off", &arn)["verdict"], "fail");
}

/// A name that this version does not know may be a region that is newer than it; AWS says.
#[test]
fn a_region_that_aws_does_not_know() {
    Account::new().audit().args(["--region", "us-esat-1"]).run().refuses(&["us-esat-1", "us-east-1"]);
}

#[test]
fn two_profiles_are_two_accounts() {
    let (shop, web) = (Account::new(), Account::new());
    let profile = |name: &str, keys: &Keys| {
        let Keys { id, secret, token } = keys;
        format!("[{name}]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}\n")
    };
    let shop_stage = shop.region("us-east-1").http("shop", "$default", &Stage::default());
    let region = web.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", Some(30));
    let web_stage = region.rest("web", "prod", &Stage::log(&group, GOOD));
    region.gateway_role(&web.good_role());

    let credentials = profile("shop", &shop.keys) + &profile("web", &web.keys);
    let run = |args: &[&str]| {
        let audit = shop.audit().no_keys().file(".aws/credentials", &credentials);
        audit.args(["--region", "us-east-1"]).args(args).run().report()
    };
    let both = run(&["--profile", "shop", "--profile", "web"]);
    let accounts: Vec<_> = both.shards().iter().map(|shard| shard["account"].as_str().unwrap()).collect();
    assert_eq!(accounts.len(), 2);
    assert!(accounts.contains(&shop.id.as_str()) && accounts.contains(&web.id.as_str()), "{accounts:?}");
    let account_arn = "arn:aws:apigateway:us-east-1::/account";
    let of = |account: &Account, check: &str, arn: &str| {
        let mut outcomes = both.outcomes().iter().filter(|outcome| {
            outcome["account"] == account.id.as_str() && outcome["check"] == check && outcome["subject"]["arn"] == arn
        });
        let verdict = outcomes.next().map(|outcome| outcome["verdict"].as_str().unwrap());
        assert!(outcomes.next().is_none());
        verdict
    };
    assert_eq!(of(&shop, "access-log-off", &shop_stage), Some("fail"));
    assert_eq!(of(&web, "access-log-off", &web_stage), Some("pass"));
    assert_eq!(of(&web, "access-log-off", &shop_stage), None);
    assert_eq!(of(&shop, "gateway-role-cannot-write", account_arn), Some("not-applicable"));
    assert_eq!(of(&web, "gateway-role-cannot-write", account_arn), Some("pass"));

    let one = run(&["--profile", "web"]);
    assert_eq!(one.shards().len(), 1);
    assert_eq!(one.shards()[0]["account"], web.id.as_str());
}

/// A role is assumed, with the external id if there is one, and its account is audited.
#[test]
fn roles_are_accounts_too() {
    let (shop, web) = (Account::new(), Account::new());
    shop.region("us-east-1").http("shop", "$default", &Stage::default());
    web.region("us-east-1").rest("web", "prod", &Stage::default());
    let role = |account: &Account| format!("arn:aws:iam::{}:role/gatelight", account.id);
    let report = shop
        .audit()
        .args(["--region", "us-east-1", "--role-arn", &role(&shop), "--role-arn", &role(&web), "--external-id", "x"])
        .run()
        .report();
    let accounts: BTreeSet<_> = report.shards().iter().map(|shard| shard["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, BTreeSet::from([shop.id.as_str(), web.id.as_str()]));
    for shard in report.shards() {
        assert_eq!(shard["requests"]["sts:AssumeRole"], 1, "{shard}");
        assert_eq!(shard["counts"]["stages"], 1, "{shard}");
    }
    shop.audit().args(["--region", "us-east-1", "--role-arn", "gatelight"]).run().refuses(&["gatelight", "ARN"]);
}

/// An account that cannot be opened is unknown, with the reason, and costs the others nothing.
#[test]
fn an_account_that_cannot_be_opened_costs_the_others_nothing() {
    let shop = Account::new();
    shop.region("us-east-1").http("shop", "$default", &Stage::default());
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "sts:AssumeRole" => Rule::Deny,
        _ => Rule::Forward,
    });
    let closed = "arn:aws:iam::999988887777:role/gatelight";
    let Keys { id, secret, token } = &shop.keys;
    let profile =
        format!("[shop]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}\n");
    let audit = |args: &[&str]| {
        let audit = shop.audit().no_keys().file(".aws/credentials", &profile).endpoint(&proxy.url());
        audit.env("AWS_PROFILE", "shop").args(["--region", "us-east-1"]).args(args).run()
    };
    let alone = audit(&["--profile", "shop"]).report();
    let both = audit(&["--profile", "shop", "--role-arn", closed]).report();
    let of = |report: &Report, account: &str| -> Vec<_> {
        report.outcomes().iter().filter(|outcome| outcome["account"] == account).cloned().collect()
    };
    assert_eq!(of(&both, &shop.id), of(&alone, &shop.id));
    let unknown = of(&both, "999988887777");
    assert!(!unknown.is_empty());
    for outcome in &unknown {
        assert_eq!(outcome["verdict"], "unknown", "{outcome}");
        assert!(outcome["message"].as_str().unwrap().contains("needs sts:AssumeRole"), "{outcome}");
    }
    // Alone it is no audit at all.
    audit(&["--role-arn", closed]).refuses(&["sts:AssumeRole", closed]);
}
