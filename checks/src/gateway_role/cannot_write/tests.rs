use std::time::{Duration, Instant};

use gatelight_model::{
    Fetched, GapKind, Listing,
    inventory::{InlinePolicy, LogGroupAnswer},
};

use super::{writing::EVIDENCE, *};
use crate::{
    testing::{Inventory, break_off, denied, healthy},
    verdict::Evidence,
};

const WRITE: &str = r#""logs:CreateLogStream","logs:PutLogEvents""#;
const CREATE: &str = r#""logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents""#;

fn verdict(inventory: &Inventory) -> Verdict {
    inventory.verdict(&CHECK, "account settings")
}

fn failure(inventory: &Inventory) -> Failure {
    inventory.failure(&CHECK, "account settings")
}

fn statement(effect: &str, actions: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":[{actions}],"Resource":"{resource}"}}"#)
}

/// A scenario in which the role has these statements for its only policy.
fn with_policy(statements: &[String]) -> Inventory {
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let policy = InlinePolicy { name: "own".to_owned(), document: Fetched::known(document) };
    let mut inventory = healthy();
    inventory.change_gateway_role(|role| {
        role.inline_policies = Listing::whole(vec![policy]);
        role.attached_policies = Listing::whole(vec![]);
        role.boundary = None;
    });
    inventory
}

fn allowing(actions: &str, resource: &str) -> Inventory {
    with_policy(&[statement("Allow", actions, resource)])
}

#[test]
fn what_is_allowed_on_all_groups_passes() {
    assert_eq!(verdict(&healthy()), Ok(Judgement::Pass));
    for resource in ["*", "arn:aws:logs:*:*:*", "arn:aws:logs:us-east-1:123456789012:*", "arn:aws:logs:*"] {
        assert_eq!(verdict(&allowing(CREATE, resource)), Ok(Judgement::Pass), "{resource}");
    }
}

#[test]
fn the_region_that_is_called_is_known() {
    let in_region = |region: &str| {
        let condition = format!(r#"*","Condition":{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}},"Sid":"x"#);
        verdict(&allowing(CREATE, &condition))
    };
    assert_eq!(in_region("us-east-1"), Ok(Judgement::Pass));
    assert!(matches!(in_region("eu-west-1"), Ok(Judgement::Fail(_))));
}

#[test]
fn a_group_that_no_policy_names_is_refused_and_its_stages_are_silenced() {
    let mut inventory = healthy();
    inventory.change_gateway_role(|role| role.inline_policies.seen.retain(|policy| policy.name != "access-logs"));
    let failure = failure(&inventory);
    assert_eq!(failure.cause, Some(role::subject(&inventory.gateway_role_arn())));
    let names: Vec<_> = failure.affects.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["orders/prod", "users/live", "chat/prod", "chat/test", "feed/live", "feed/try"]);
    let row = Evidence::new("/gateway/chat", "logs:CreateLogStream: no policy allows it");
    let refusals = failure.evidence.iter().filter(|row| row.name != "near miss").count();
    assert_eq!((refusals, &failure.evidence[0]), (8, &row));
    for part in [
        "4 of 13 log groups",
        "/gateway/chat, /gateway/feed, /gateway/orders and 1 more",
        "6 stages (4 APIs) \
        write no logs",
    ] {
        assert!(failure.message.contains(part), "{} lacks {part}", failure.message);
    }
    assert!(failure.fix.only_command().contains(&"put-role-policy".to_owned()));
}

#[test]
fn the_group_itself_is_not_what_is_written_to() {
    let inventory = allowing(CREATE, "arn:aws:logs:us-east-1:123456789012:log-group:*/chat");
    assert!(matches!(verdict(&inventory), Ok(Judgement::Fail(_))));
}

#[test]
fn an_explicit_deny_is_named_and_no_command_mends_it() {
    let deny = statement("Deny", r#""logs:PutLogEvents""#, "arn:aws:logs:*:*:log-group:/gateway/orders:*");
    let failure = failure(&with_policy(&[statement("Allow", CREATE, "*"), deny]));
    let row = Evidence::new("/gateway/orders", "logs:PutLogEvents: denied by statement 2 of inline policy own");
    assert_eq!(failure.evidence, [row]);
    assert!(failure.fix.commands.is_empty());
    assert!(failure.fix.text.contains("statement 2 of inline policy own"), "{}", failure.fix.text);
}

#[test]
fn a_boundary_that_does_not_allow_it_is_named() {
    let mut inventory = healthy();
    *inventory.managed_policy_mut("boundary") = Fetched::known(r#"{"Statement":[]}"#.to_owned());
    let failure = failure(&inventory);
    let boundary = "permissions boundary arn:aws:iam::123456789012:policy/boundary does not allow it";
    assert!(failure.evidence[0].value.ends_with(boundary), "{:?}", failure.evidence[0]);
    assert!(failure.fix.text.contains(boundary), "{}", failure.fix.text);
}

#[test]
fn a_policy_that_decides_on_the_streams_name_cannot_be_checked() {
    let streams = statement("Allow", WRITE, "arn:aws:logs:*:*:log-group:*:log-stream:app-*");
    let inventory = with_policy(&[streams, statement("Allow", r#""logs:CreateLogGroup""#, "*")]);
    let gap = verdict(&inventory).expect_err("a gap");
    assert_eq!(gap.why().kind, GapKind::Unprovable);
    assert!(gap.to_string().contains("statement 1 of inline policy own"), "{gap}");
}

#[test]
fn only_an_execution_group_that_does_not_exist_must_be_created() {
    // The execution logs of the canary of orders/prod and of chat/test are not there yet.
    let mut inventory = allowing(WRITE, "*");
    let failure = failure(&inventory);
    let groups: Vec<_> = failure.evidence.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(groups, ["/aws/apigateway/p6q7r8s9t0/test", "API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"]);
    let there = inventory.log_group_mut("/aws/apigateway/p6q7r8s9t0/prod").clone();
    for name in groups {
        *inventory.log_group_mut(name) = there.clone();
    }
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    *inventory.log_group_mut("/aws/apigateway/p6q7r8s9t0/test") = Err(denied("logs:DescribeLogGroups")).into();
    assert_eq!(verdict(&inventory), Err(denied("logs:DescribeLogGroups")));
}

#[test]
fn whether_a_group_exists_does_not_matter_where_it_may_be_created() {
    let mut inventory = allowing(CREATE, "*");
    *inventory.log_group_mut("/aws/apigateway/p6q7r8s9t0/test") = Err(denied("logs:DescribeLogGroups")).into();
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
}

#[test]
fn a_refusal_beats_what_is_hidden_and_what_is_hidden_beats_a_pass() {
    let mut inventory = healthy();
    inventory.break_rest_apis();
    assert_eq!(verdict(&inventory), Err(denied("apigateway:GetRestApis")));
    let deny = statement("Deny", r#""logs:*""#, "arn:aws:logs:*:*:log-group:/gateway/chat:*");
    let mut inventory = with_policy(&[statement("Allow", CREATE, "*"), deny]);
    inventory.break_rest_apis();
    inventory.change_gateway_role(|role| break_off(&mut role.attached_policies, "iam:ListAttachedRolePolicies"));
    assert!(failure(&inventory).message.contains("At least 2 stages"));
}

#[test]
fn a_managed_policy_or_a_listing_that_is_hidden_hides_the_verdict() {
    let mut inventory = healthy();
    *inventory.managed_policy_mut("websocket-logs") = Err(denied("iam:GetPolicyVersion")).into();
    assert_eq!(verdict(&inventory), Err(denied("iam:GetPolicyVersion")));
    let mut inventory = healthy();
    inventory.change_gateway_role(|role| break_off(&mut role.inline_policies, "iam:ListRolePolicies"));
    assert_eq!(verdict(&inventory), Err(denied("iam:ListRolePolicies")));
}

#[test]
fn groups_of_other_places_and_of_http_apis_are_not_looked_at() {
    let mut inventory = allowing(CREATE, "arn:aws:logs:*:*:log-group:*/gateway/chat:*");
    inventory.region.rest_apis.seen.clear();
    inventory.region.v2_apis.seen.retain(|api| ["chat", "shop"].contains(&api.name.as_str()));
    inventory.api_mut("chat").stages.seen.truncate(1);
    inventory.websocket_stage_mut().method_logging.clear();
    assert_eq!(verdict(&inventory), Ok(Judgement::Pass));
    let destination = "arn:aws:logs:us-west-2:123456789012:log-group:/gateway/other".to_owned();
    inventory.access_log_mut("chat/prod").destination = Some(destination);
    assert!(matches!(verdict(&inventory), Ok(Judgement::NotApplicable(_))));
}

#[test]
fn an_account_that_is_not_known_is_no_verdict() {
    let mut inventory = healthy();
    inventory.account.id = Err(crate::testing::denied("sts:GetCallerIdentity")).into();
    assert_eq!(verdict(&inventory).expect_err("a gap").why().operation, "sts:GetCallerIdentity");
}

#[test]
fn evidence_is_cut_and_thousands_of_groups_are_quick() {
    let mut inventory = allowing(CREATE, "arn:aws:logs:*:*:log-group:/gateway/g1*:*");
    let stage = inventory.rest_stage_mut().clone();
    let many = (0..2_000).map(|number| {
        let mut stage = stage.clone();
        stage.name = format!("s{number}");
        stage.method_logging.clear();
        let name = format!("/gateway/g{number}");
        if let Some(log) = &mut stage.access_log {
            log.destination = Some(format!("arn:aws:logs:us-east-1:123456789012:log-group:{name}"));
        }
        stage
    });
    inventory.api_mut("orders").stages.seen = many.collect();
    inventory.region.log_groups.push(LogGroupAnswer { name: "/gateway/g1".to_owned(), group: Fetched::known(None) });
    let began = Instant::now();
    let failure = failure(&inventory);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let refusals = failure.evidence.iter().filter(|row| row.name != "near miss").count();
    assert_eq!(refusals, EVIDENCE + 1);
    assert!(failure.evidence[EVIDENCE].value.ends_with("more refusals like these"));
}

#[test]
fn a_statement_that_nearly_allows_it_is_named() {
    let all = "arn:aws:logs:us-east-1:123456789012:log-group:*";
    for (resource, says) in [
        (
            all.replace("us-east-1", ""),
            "but for the region in its resource: it has arn:aws:logs::123456789012:log-group:*",
        ),
        (all.replace("arn:aws:", "arn:aws-us-gov:"), "but for the partition in its resource"),
        (all.replace("123456789012", "999999999999"), "but for the account in its resource"),
        (all.replace('*', "/gateway/chat"), "but for the `:*` that its resource lacks"),
        (all.replace('*', "/gateway/chats:*"), "but for one character of its resource"),
    ] {
        let failure = failure(&allowing(CREATE, &resource));
        assert!(failure.message.contains("Statement 1 of inline policy own would allow logs:"), "{}", failure.message);
        assert!(failure.message.contains(says), "{says}: {}", failure.message);
        assert!(failure.evidence.iter().any(|row| row.name == "near miss"), "{:?}", failure.evidence);
    }
    let failure = failure(&allowing(r#""logs:CreateLogStream","logs:PutLogEvent""#, "*"));
    let says = "would allow logs:PutLogEvents but for one character of the action: it has logs:PutLogEvent, and the \
                request has logs:PutLogEvents.";
    assert!(failure.message.contains(says), "{}", failure.message);
}

#[test]
fn the_boundary_that_lacks_it_is_what_nearly_allows_it() {
    let mut inventory = healthy();
    let boundary = r#"{"Statement":{"Effect":"Allow","Action":"logs:*","Resource":"arn:aws:logs:eu-west-1:*:*"}}"#;
    *inventory.managed_policy_mut("boundary") = Fetched::known(boundary.to_owned());
    let failure = failure(&inventory);
    let says = "of permissions boundary arn:aws:iam::123456789012:policy/boundary would allow logs:";
    assert!(failure.message.contains(says), "{}", failure.message);
    assert!(failure.message.contains("but for the region in its resource"), "{}", failure.message);
}
