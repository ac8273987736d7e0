//! Policies of the organization against the role that writes logs. moto knows no delegated administrators and tells a
//! member nothing but that there is an organization; so a proxy asks in the management account's name where a test is
//! about an account that may ask.

use serde_json::json;

use super::formats::GOOD;
use crate::support::{
    proxy::{Call, Proxy, Rule},
    report::Report,
    run::Ran,
    seed::{Account, Keys, Seeded, Stage},
};

const CHECK: &str = "gateway-role-denied-by-organization";
const SETTINGS: &str = "arn:aws:apigateway:us-east-1::/account";
const GROUP: &str = "/aws/gateway/access";

/// An organization, a member of it in a unit in a unit, and what the management account's script named.
struct Member {
    management: Account,
    account: Account,
    role: String,
    seeded: Seeded,
}

/// `script` runs in the management account, with `organizations`, `inner`, `outer`, `root` and `member` at hand.
fn member(script: &str) -> Member {
    let management = Account::new();
    let seeded = management.script("us-east-1", &format!("{}\n{script}", include_str!("seeds/organization.py")));
    let account = Account::of(seeded["member"].clone());
    let role = logs(&account);
    Member { management, account, role, seeded }
}

/// A REST stage whose access and execution logs a role writes, which is returned. The second group is not there yet.
fn logs(account: &Account) -> String {
    let region = account.region("us-east-1");
    let group = region.log_group(GROUP, Some(30));
    region.rest("orders", "prod", &Stage::log(&group, GOOD).level("INFO").tracing());
    let role = account.good_role();
    region.gateway_role(&role);
    role
}

fn as_management(keys: &Keys) -> impl Fn(&Call) -> Rule + Send + Sync + use<> {
    let keys = keys.clone();
    move |call| if call.operation.starts_with("organizations:") { Rule::As(keys.clone()) } else { Rule::Forward }
}

impl Member {
    /// As an account that may ask.
    fn ask(&self, more: &[&str]) -> (Ran, Proxy) {
        let proxy = Proxy::start(as_management(&self.management.keys));
        let audit = self.account.audit().args(["--region", "us-east-1", "--metrics", "off"]).args(more);
        (audit.endpoint(&proxy.url()).run(), proxy)
    }

    fn report(&self) -> Report {
        self.ask(&[]).0.report()
    }
}

#[test]
fn policies_that_allow_everything_pass() {
    let member = member("");
    let (ran, proxy) = member.ask(&["--check", CHECK]);
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    assert_eq!(ran.report().outcome(CHECK, SETTINGS)["verdict"], "pass");
    let count = |operation: &str| proxy.calls().iter().filter(|call| call.operation == operation).count();
    let counts = ["DescribeOrganization", "ListRoots", "ListParents", "ListPoliciesForTarget", "DescribePolicy"]
        .map(|name| count(&format!("organizations:{name}")));
    // The account, two units and the root; both types; each policy once.
    assert_eq!(counts, [1, 1, 3, 8, 2]);
}

#[test]
fn a_statement_that_denies_names_policy_level_group_and_action() {
    let member = member(
        "deny = {'Sid': 'Freeze', 'Effect': 'Deny', 'Action': 'logs:Put*', 'Resource': '*'}\n\
         answer['policy'] = attach('freeze', 'SERVICE_CONTROL_POLICY', inner, deny)",
    );
    let report = member.report();
    let outcome = report.outcome(CHECK, SETTINGS);
    assert_eq!((&outcome["verdict"], &outcome["severity"]), (&json!("fail"), &json!("high")));
    assert_eq!((&outcome["cause"]["kind"], &outcome["cause"]["name"]), (&json!("policy"), &json!("freeze")));
    let (policy, unit) = (&member.seeded["policy"], &member.seeded["inner"]);
    let denial =
        format!("denied by statement Freeze of service control policy freeze ({policy}) of organizational unit {unit}");
    assert_eq!(outcome["evidence"][0], json!({"name": GROUP, "value": format!("logs:PutLogEvents: {denial}")}));
    assert!(outcome["fix"].as_str().unwrap().contains(&member.management.id), "{outcome:#}");
    // The role's own policies are another check's.
    assert_eq!(report.outcome("gateway-role-cannot-write", SETTINGS)["verdict"], "pass");
}

#[test]
fn a_region_that_is_closed_fails_there_alone() {
    let member = member(
        "deny = {'Sid': 'Regions', 'Effect': 'Deny', 'NotAction': 'iam:*', 'Resource': '*'}\n\
         deny['Condition'] = {'StringNotEquals': {'aws:RequestedRegion': ['eu-west-1']}}\n\
         attach('regions', 'SERVICE_CONTROL_POLICY', outer, deny)",
    );
    let europe = member.account.region("eu-west-1");
    let group = europe.log_group(GROUP, Some(30));
    europe.rest("orders", "prod", &Stage::log(&group, GOOD));
    europe.gateway_role(&member.role);
    let report = member.ask(&["--region", "eu-west-1"]).0.report();
    assert_eq!(report.outcome(CHECK, SETTINGS)["verdict"], "fail");
    assert_eq!(report.outcome(CHECK, &SETTINGS.replace("us-east-1", "eu-west-1"))["verdict"], "pass");
}

#[test]
fn resource_control_policies_count_too() {
    let member = member(
        "deny = {'Sid': 'Own', 'Effect': 'Deny', 'Principal': '*', 'Action': 'sts:AssumeRole', 'Resource': '*'}\n\
         attach('perimeter', 'RESOURCE_CONTROL_POLICY', root, deny)",
    );
    let report = member.report();
    let outcome = report.outcome(CHECK, SETTINGS);
    assert_eq!(outcome["verdict"], "fail", "{outcome:#}");
    let evidence = outcome["evidence"][0]["value"].as_str().unwrap();
    assert!(evidence.starts_with("sts:AssumeRole: denied by statement Own of resource control policy"), "{evidence}");
}

#[test]
fn types_that_are_not_enabled_restrict_nothing() {
    let member = member(
        "deny = {'Effect': 'Deny', 'Action': '*', 'Resource': '*'}\n\
         attach('all', 'SERVICE_CONTROL_POLICY', root, deny)\n\
         for kind in KINDS: organizations.disable_policy_type(RootId=root, PolicyType=kind)",
    );
    let (ran, proxy) = member.ask(&[]);
    assert_eq!(ran.report().outcome(CHECK, SETTINGS)["verdict"], "pass");
    assert!(!proxy.operations().contains("organizations:ListPoliciesForTarget"));
}

/// The usual case: the exit status does not tell, the report does.
#[test]
fn a_member_that_may_not_ask_is_not_incomplete_for_it() {
    let member = member("");
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "organizations:DescribeOrganization" => Rule::Forward,
        organizations if organizations.starts_with("organizations:") => Rule::Deny,
        _ => Rule::Forward,
    });
    let audit = |check: &[&str]| {
        let audit = member.account.gatelight(["audit", "--pace", "off", "--metrics", "off", "--region", "us-east-1"]);
        audit.args(check).endpoint(&proxy.url())
    };
    let ran = audit(&["--format", "json", "--check", CHECK]).run();
    assert_eq!(ran.status, Some(0), "{ran:#?}");
    let report = ran.json();
    assert_eq!((&report["status"], &report["complete"]), (&json!("clean"), &json!(false)));
    assert_eq!(report["summary"]["unknown"], 1);
    let message = report["outcomes"][0]["message"].as_str().unwrap();
    assert!(message.contains("organizations:ListRoots was denied"), "{message}");
    let asked: Vec<_> =
        proxy.calls().into_iter().map(|call| call.operation).filter(|name| name.starts_with("organ")).collect();
    assert_eq!(asked, ["organizations:DescribeOrganization", "organizations:ListRoots"]);
    let page = audit(&["--check", CHECK]).run();
    assert_eq!(page.status, Some(0), "{page:#?}");
    assert!(page.stdout.contains("Could not check") && page.stdout.contains("iam-policy --organization"), "{page:#?}");

    // Another unknown beside it counts as ever.
    let proxy = Proxy::start(|call| match call.operation.as_str() {
        "organizations:ListRoots" | "iam:ListRolePolicies" => Rule::Deny,
        _ => Rule::Forward,
    });
    let checks = ["--format", "json", "--check", CHECK, "--check", "gateway-role-cannot-write"];
    let ran = audit(&checks).endpoint(&proxy.url()).run();
    assert_eq!((ran.status, &ran.json()["status"]), (Some(3), &json!("incomplete")));
}

#[test]
fn the_management_account_is_not_restricted_and_an_account_alone_is_not_concerned() {
    let member = member(
        "deny = {'Effect': 'Deny', 'Action': '*', 'Resource': '*'}\n\
         attach('all', 'SERVICE_CONTROL_POLICY', root, deny)",
    );
    logs(&member.management);
    let proxy = Proxy::start(|_| Rule::Forward);
    let audit = |account: &Account| {
        account.audit().args(["--region", "us-east-1", "--check", CHECK]).endpoint(&proxy.url()).run().report()
    };
    assert_eq!(audit(&member.management).outcome(CHECK, SETTINGS)["verdict"], "pass");
    let alone = Account::new();
    logs(&alone);
    let report = audit(&alone);
    let outcome = report.outcome(CHECK, SETTINGS);
    assert_eq!((&outcome["verdict"], &report.0["complete"]), (&json!("not-applicable"), &json!(true)));
    let asked: Vec<_> =
        proxy.calls().into_iter().map(|call| call.operation).filter(|name| name.starts_with("organ")).collect();
    assert_eq!(asked, ["organizations:DescribeOrganization"; 2]);
}

/// Nobody is asked where no role writes logs, or the check is left out.
#[test]
fn nobody_is_asked_without_need() {
    let silent = Account::new();
    silent.region("us-east-1").rest("orders", "prod", &Stage::default());
    let member = member("");
    let proxy = Proxy::start(|_| Rule::Forward);
    silent.audit().args(["--region", "us-east-1"]).endpoint(&proxy.url()).run().report();
    member.account.audit().args(["--region", "us-east-1", "--skip", CHECK]).endpoint(&proxy.url()).run().report();
    assert!(!proxy.operations().iter().any(|name| name.starts_with("organizations:")), "{:?}", proxy.operations());
}
