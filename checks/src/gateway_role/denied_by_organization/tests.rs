use gatelight_model::{
    Fetched, GapKind, Listing, SubjectKind,
    inventory::{LogGroup, OrganizationLevel},
};

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy};

const UNIT: &str = "ou-ab12-11111111";
const ACCOUNT: &str = "123456789012";

fn verdict(inventory: &Inventory) -> Verdict {
    inventory.verdict(&CHECK, "account settings")
}

fn failure(inventory: &Inventory) -> Failure {
    inventory.failure(&CHECK, "account settings")
}

/// A scenario in which the organizational unit has one service control policy more, of this statement.
fn with_scp(statement: &str) -> Inventory {
    let mut inventory = healthy();
    inventory.restrict(UNIT, "own", statement);
    inventory
}

/// A scenario in which the perimeter, a resource control policy of the root, has this statement alone.
fn with_rcp(statement: &str) -> Inventory {
    let mut inventory = healthy();
    inventory.change_organization(|organization| {
        let policy = organization.policies.iter_mut().find(|policy| policy.name == "perimeter");
        policy.expect("it").document =
            Fetched::known(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#));
    });
    inventory
}

fn deny(action: &str, condition: &str) -> String {
    let condition = if condition.is_empty() { String::new() } else { format!(r#","Condition":{{{condition}}}"#) };
    format!(r#"{{"Sid":"Own","Effect":"Deny","Action":"{action}","Resource":"*"{condition}}}"#)
}

fn deny_all(action: &str, condition: &str) -> String {
    deny(action, condition).replace(r#""Action""#, r#""Principal":"*","Action""#)
}

fn level<'a>(inventory: &'a mut gatelight_model::inventory::Organization, id: &str) -> &'a mut OrganizationLevel {
    inventory.levels.iter_mut().find(|level| level.id == id).expect("that level")
}

#[test]
fn what_a_statement_denies_names_policy_statement_level_group_and_action() {
    let deny =
        r#"{"Sid":"Own","Effect":"Deny","Action":"logs:Put*","Resource":"arn:aws:logs:*:*:log-group:/gateway/chat:*"}"#;
    let failure = failure(&with_scp(deny));
    let denial =
        "denied by statement Own of service control policy own (p-own) of organizational unit ou-ab12-11111111";
    assert_eq!(failure.evidence, [Evidence::new("/gateway/chat", format!("logs:PutLogEvents: {denial}"))]);
    let cause = failure.cause.expect("a policy");
    assert_eq!((cause.kind, cause.name.as_str()), (SubjectKind::Policy, "own"));
    assert_eq!(cause.arn, "arn:aws:organizations::210987654321:policy/o-a1b2c3d4e5/service_control_policy/p-own");
    let names: Vec<_> = failure.affects.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["chat/prod", "feed/try"]);
    for part in [
        "organization o-a1b2c3d4e5",
        "logs:PutLogEvents on 1 of 13 log groups",
        denial,
        "2 stages (2 APIs) write no logs",
    ] {
        assert!(failure.message.contains(part), "{} lacks {part}", failure.message);
    }
    assert!(failure.fix.text.contains(denial) && failure.fix.text.contains("210987654321"), "{}", failure.fix.text);
    assert!(failure.fix.commands.is_empty());
}

#[test]
fn a_level_that_does_not_allow_it_is_named_and_is_no_policys_fault() {
    let mut inventory = healthy();
    inventory.restrict(ACCOUNT, "some", r#"{"Effect":"Allow","Action":"xray:*","Resource":"*"}"#);
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass), "what one policy of a level allows, the level allows");
    inventory.change_organization(|organization| {
        level(organization, ACCOUNT).service_control_policies.seen.retain(|id| id == "p-some");
    });
    let failure = failure(&inventory);
    assert_eq!(failure.cause, None);
    let lack = "the level of account 123456789012 in the service control policies (some) does not allow it";
    assert!(failure.evidence[0].value.ends_with(lack), "{:?}", failure.evidence[0]);
    assert!(failure.message.contains("13 of 13 log groups"), "{}", failure.message);
}

#[test]
fn what_is_known_of_the_request_decides() {
    for (condition, passes) in [
        (r#""StringNotEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}"#, true),
        (r#""StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}"#, false),
        (r#""StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#, true),
        (r#""StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}"#, false),
        (r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}"#, false),
        (r#""ForAnyValue:StringLike":{"aws:ResourceOrgPaths":"o-a1b2c3d4e5/*/ou-ab12-22222222/*"}"#, true),
        (r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/gateway-*"}"#, true),
        (r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#, true),
    ] {
        let verdict = verdict(&with_scp(&deny("logs:*", condition)));
        assert_eq!(matches!(verdict, Ok(Judgement::Pass)), passes, "{condition}: {verdict:?}");
        assert_eq!(matches!(verdict, Ok(Judgement::Fail(_))), !passes, "{condition}: {verdict:?}");
    }
    for condition in
        [r#""NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#, r#""StringEquals":{"aws:PrincipalTag/team":"payments"}"#]
    {
        let gap = verdict(&with_scp(&deny("logs:*", condition))).expect_err(condition);
        assert_eq!(gap.why().kind, GapKind::Unprovable);
        assert!(gap.to_string().contains("statement Own of service control policy own"), "{gap}");
    }
}

#[test]
fn resource_control_policies_bear_on_writing_too() {
    let failure = failure(&with_rcp(&deny_all("logs:PutLogEvents", "")));
    let denial =
        "logs:PutLogEvents: denied by statement Own of resource control policy perimeter (p-perimeter) of root r-ab12";
    assert_eq!(failure.evidence[0].value, denial);
    assert!(failure.cause.expect("a policy").arn.ends_with("resource_control_policy/p-perimeter"));
    let foreign = deny_all("logs:*", r#""StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#);
    assert_eq!(verdict(&with_rcp(&foreign)), Ok(Judgement::Pass));
}

#[test]
fn a_role_that_the_service_may_not_assume_silences_every_stage() {
    let failure = failure(&with_rcp(&deny_all("sts:AssumeRole", r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#)));
    assert_eq!(failure.evidence.len(), 1);
    assert!(
        failure.evidence[0].value.starts_with("sts:AssumeRole: denied by statement Own of resource control policy")
    );
    assert!(failure.message.contains("that apigateway.amazonaws.com assumes it ("), "{}", failure.message);
    assert_eq!(failure.affects.len(), 8);
    // Service control policies do not restrict services, and those who assume roles elsewhere are no concern.
    assert_eq!(verdict(&with_scp(&deny("sts:AssumeRole", ""))), Ok(Judgement::Pass));
    let others = deny_all("sts:AssumeRole", r#""Bool":{"aws:PrincipalIsAWSService":"false"}"#);
    assert_eq!(verdict(&with_rcp(&others)), Ok(Judgement::Pass));
}

/// What a service says of its caller is there together or not at all.
#[test]
fn a_policy_against_confused_deputies_is_decided_where_both_ways_agree() {
    let of = |org: &str, null: &str| {
        let condition = format!(
            r#""StringNotEqualsIfExists":{{"aws:SourceOrgID":"{org}"}}{null},"Bool":{{"aws:PrincipalIsAWSService":"true"}}"#
        );
        verdict(&with_rcp(&deny_all("sts:*", &condition)))
    };
    let told = r#","Null":{"aws:SourceAccount":"false"}"#;
    assert_eq!(of("o-a1b2c3d4e5", told), Ok(Judgement::Pass));
    for (org, null) in [("o-other", told), ("o-a1b2c3d4e5", "")] {
        let gap = of(org, null).expect_err(org);
        assert_eq!(gap.why().kind, GapKind::Unprovable);
        assert!(gap.to_string().contains("depends on aws:SourceAccount"), "{gap}");
    }
    assert!(matches!(of("o-other", ""), Ok(Judgement::Fail(_))));
}

#[test]
fn where_policies_restrict_nothing_it_passes_and_without_an_organization_it_does_not_apply() {
    let shut = || with_scp(&deny("*", ""));
    let mut inventory = shut();
    inventory.change_organization(|organization| ACCOUNT.clone_into(&mut organization.management_account));
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    let mut inventory = shut();
    inventory.change_organization(|organization| "CONSOLIDATED_BILLING".clone_into(&mut organization.feature_set));
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    let mut inventory = shut();
    inventory.change_organization(|organization| organization.policy_types = Fetched::known(vec![]));
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    inventory.account.organization = Fetched::known(None);
    assert_eq!(verdict(&inventory), Ok(Judgement::NotApplicable(NO_ORGANIZATION)));
}

#[test]
fn a_type_that_is_being_enabled_or_disabled_cannot_be_checked() {
    for status in ["PENDING_ENABLE", "PENDING_DISABLE"] {
        let mut inventory = healthy();
        inventory.change_organization(|organization| {
            let mut types = organization.policy_types.get().expect("types").clone();
            status.clone_into(&mut types[0].status);
            organization.policy_types = Fetched::known(types);
        });
        let gap = verdict(&inventory).expect_err("a gap");
        assert!(gap.to_string().contains(status), "{gap}");
    }
}

#[test]
fn a_denial_beats_what_is_hidden_and_what_is_hidden_beats_a_pass() {
    type Hide = fn(&mut gatelight_model::inventory::Organization);
    let hide: [(&str, Hide); 4] = [
        ("organizations:ListParents", |organization| {
            level(organization, UNIT).parent = Err(denied("organizations:ListParents")).into();
        }),
        ("organizations:ListPoliciesForTarget", |organization| {
            let list = &mut level(organization, ACCOUNT).resource_control_policies;
            break_off(list, "organizations:ListPoliciesForTarget");
        }),
        ("organizations:DescribePolicy", |organization| {
            organization.policies[0].document = Err(denied("organizations:DescribePolicy")).into();
        }),
        ("", |organization| organization.levels.retain(|level| level.id != "r-ab12")),
    ];
    for (operation, hide) in hide {
        let mut inventory = healthy();
        inventory.change_organization(hide);
        let gap = verdict(&inventory).expect_err("a gap");
        assert_eq!(gap.why().operation, operation);
        let mut inventory = with_scp(&deny("logs:*", ""));
        inventory.change_organization(hide);
        assert!(matches!(verdict(&inventory), Ok(Judgement::Fail(_))), "{operation}");
    }
    let mut inventory = healthy();
    inventory.account.organization = Err(denied("organizations:DescribeOrganization")).into();
    assert_eq!(verdict(&inventory), Err(denied("organizations:DescribeOrganization")));
    let mut inventory = healthy();
    inventory.break_rest_apis();
    assert_eq!(verdict(&inventory), Err(denied("apigateway:GetRestApis")));
}

#[test]
fn only_an_execution_group_that_does_not_exist_must_be_created() {
    let mut inventory = with_scp(&deny("logs:CreateLogGroup", ""));
    assert_eq!(failure(&inventory).evidence.len(), 2);
    for answer in &mut inventory.region.log_groups {
        if answer.group == Fetched::known(None) {
            let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{}", answer.name);
            let created_at = Fetched::known(inventory.account.collected_at);
            let group = LogGroup { arn, retention_days: None, class: None, kms_key: None, created_at };
            answer.group = Fetched::known(Some(group));
        }
    }
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
}

#[test]
fn levels_that_go_round_end() {
    let mut inventory = healthy();
    inventory.change_organization(|organization| {
        level(organization, "r-ab12").parent = Fetched::known(Some(ACCOUNT.to_owned()));
    });
    assert!(verdict(&inventory).expect_err("a gap").to_string().contains("as its own parent"));
}

#[test]
fn the_roles_own_policies_do_not_matter_here() {
    let mut inventory = healthy();
    inventory.change_gateway_role(|role| {
        role.inline_policies = Listing::unread(denied("iam:ListRolePolicies"));
        role.attached_policies = Listing::whole(vec![]);
    });
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
}

#[test]
fn an_older_inventory_is_not_collected() {
    let inventory = serde_json::to_value(healthy()).expect("serialises");
    let mut older = inventory.clone();
    older["account"].as_object_mut().expect("an account").remove("organization");
    let older: Inventory = serde_json::from_value(older).expect("reads");
    assert_eq!(verdict(&older).expect_err("a gap").why().kind, GapKind::NotCollected);
}

/// The healthy account's organization closes all regions but two.
#[test]
fn a_region_that_is_closed_is_denied_whatever_the_role_may_do() {
    let text = serde_json::to_string(&healthy().region).expect("serialises");
    let elsewhere = |name: &str| Inventory {
        region: serde_json::from_str(&text.replace("us-east-1", name)).expect("reads"),
        ..healthy()
    };
    assert_eq!(verdict(&elsewhere("eu-west-1")), Ok(Judgement::Pass));
    let failure = failure(&elsewhere("eu-central-1"));
    assert!(failure.message.contains("statement Regions of service control policy regions"), "{}", failure.message);
}
