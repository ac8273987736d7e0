use gatelight_model::{Fetched, GapKind, Listing, inventory::LogPolicy};

use super::*;
use crate::testing::{Inventory, break_off, denied, healthy};

const SHOP: &str = "/gateway/shop";
const ARN: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/gateway/shop";

fn policy(statement: &str) -> LogPolicy {
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    LogPolicy { name: "own".to_owned(), log_group: None, document }
}

/// The only resource policy has this statement.
fn with(statement: &str) -> Inventory {
    let mut inventory = healthy();
    inventory.region.log_policies = Listing::whole(vec![policy(statement)]);
    inventory
}

fn allow(actions: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Service":"delivery.logs.amazonaws.com"}},"Action":{actions},"Resource":"{resource}","Condition":{{{condition}}}}}"#
    )
}

const BOTH: &str = r#"["logs:CreateLogStream","logs:PutLogEvents"]"#;
const TYPICAL: &str = r#""StringEquals":{"aws:SourceAccount":["123456789012"]},"ArnLike":{"aws:SourceArn":["arn:aws:logs:us-east-1:123456789012:*"]}"#;

fn under(condition: &str) -> Verdict {
    with(&allow(BOTH, "*", condition)).verdict(&CHECK, SHOP)
}

#[test]
fn the_policy_that_aws_writes_passes() {
    let inventory = with(&allow(BOTH, &format!("{ARN}:log-stream:*"), TYPICAL));
    assert_eq!(inventory.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
    let failure = inventory.failure(&CHECK, "/gateway/cart");
    let names: Vec<_> = failure.affects.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["cart/$default", "cart/dev"]);
}

#[test]
fn the_fix_mends_it() {
    let mut inventory = with(&allow(BOTH, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/*", TYPICAL));
    let command = inventory.failure(&CHECK, SHOP).fix.only_command();
    let document = command.last().expect("a document").clone();
    inventory.region.log_policies.seen.push(LogPolicy { name: "new".to_owned(), log_group: None, document });
    assert_eq!(inventory.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
}

#[test]
fn both_actions_are_needed_and_two_policies_may_share_them() {
    let streams = format!("{ARN}:*");
    let create = allow(r#""logs:CreateLogStream""#, &streams, TYPICAL);
    let put = allow(r#""logs:PutLogEvents""#, &streams, TYPICAL);
    let failure = with(&create).failure(&CHECK, SHOP);
    assert!(failure.message.contains("do logs:PutLogEvents on log group /gateway/shop,"), "{}", failure.message);
    let mut inventory = with(&create);
    inventory.region.log_policies.seen.push(policy(&put));
    assert_eq!(inventory.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
}

#[test]
fn conditions_on_what_is_sent_are_decided_and_others_are_not() {
    for condition in ["", TYPICAL, r#""ArnNotLike":{"aws:SourceArn":"arn:aws:logs:*:999999999999:*"}"#] {
        assert_eq!(under(condition), Ok(Judgement::Pass), "{condition}");
    }
    for condition in [
        r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:eu-west-1:123456789012:*"}"#,
    ] {
        assert!(matches!(under(condition), Ok(Judgement::Fail(_))), "{condition}");
    }
    for condition in [
        r#""StringEquals":{"aws:SourceOrgID":"o-1"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:123456789012:delivery-source:x"}"#,
    ] {
        assert_eq!(under(condition).expect_err(condition).why().kind, GapKind::Unprovable);
    }
}

#[test]
fn a_policy_of_a_group_is_for_that_group_alone() {
    let mut inventory = with("");
    let own = LogPolicy { log_group: Some(format!("{ARN}:*")), ..policy(&allow(BOTH, "*", "")) };
    inventory.region.log_policies.seen.push(own);
    assert_eq!(inventory.verdict(&CHECK, SHOP), Ok(Judgement::Pass));
    let _ = inventory.failure(&CHECK, "/gateway/cart");
}

#[test]
fn a_deny_wins_and_is_named() {
    let deny = r#"{"Sid":"Freeze","Effect":"Deny","Principal":"*","Action":"logs:Put*","Resource":"*"}"#;
    let failure = with(&format!("{},{deny}", allow(BOTH, "*", ""))).failure(&CHECK, SHOP);
    assert_eq!(failure.evidence[0].value, "denied by statement Freeze of resource policy own");
    assert!(failure.fix.commands.is_empty());
}

#[test]
fn policies_that_are_not_known_could_allow_it() {
    let mut inventory = with("");
    let _ = inventory.failure(&CHECK, SHOP);
    break_off(&mut inventory.region.log_policies, "logs:DescribeResourcePolicies");
    assert_eq!(inventory.verdict(&CHECK, SHOP), Err(denied("logs:DescribeResourcePolicies")));
    let mut inventory = with("");
    inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
    assert_eq!(inventory.verdict(&CHECK, SHOP), Err(denied("sts:GetCallerIdentity")));
    inventory.account.id = Fetched::known("123456789012".to_owned());
    inventory.region.log_policies.seen[0].document = "{".to_owned();
    assert!(inventory.verdict(&CHECK, SHOP).is_err());
}

#[test]
fn a_policy_that_is_nearly_full_is_noted() {
    let long = |length: usize| {
        let mut inventory = with(&allow(BOTH, "*", ""));
        let document = &mut inventory.region.log_policies.seen[0].document;
        let missing = length - document.len();
        document.push_str(&" ".repeat(missing));
        inventory
    };
    for (length, noted) in [(4_607, false), (4_608, true), (5_120, true), (5_121, false), (46_080, true)] {
        let verdict = long(length).verdict(&CHECK, SHOP);
        assert_eq!(matches!(verdict, Ok(Judgement::PassNoted(_))), noted, "{length}: {verdict:?}");
    }
    let mut inventory = long(5_000);
    let policy = &mut inventory.region.log_policies.seen[0];
    policy.document = policy.document.replace("Allow", "Deny");
    let failure = inventory.failure(&CHECK, SHOP);
    assert!(failure.evidence.iter().any(|row| row.value.contains("of the 5120 characters")), "{:?}", failure.evidence);
}

#[test]
fn an_absent_group_is_judged_all_the_same() {
    let mut inventory = with("");
    *inventory.log_group_mut(SHOP) = Fetched::known(None);
    let _ = inventory.failure(&CHECK, SHOP);
}

#[test]
fn what_a_delivery_source_sends_needs_it_too() {
    const ORDERS: &str = "/aws/vendedlogs/orders";
    for group in [ORDERS, "/executions/users"] {
        assert_eq!(healthy().verdict(&CHECK, group), Ok(Judgement::Pass));
    }
    let inventory = with(&allow(BOTH, &format!("{ARN}:*"), TYPICAL));
    let failure = inventory.failure(&CHECK, ORDERS);
    assert!(
        failure.message.contains("so the execution logs of orders/prod do not arrive there. Delivery sources do"),
        "{}",
        failure.message
    );
    assert_eq!(failure.affects.len(), 1);
    // Both kinds in one group.
    let mut inventory = with("");
    inventory.region.log_deliveries.seen[0].destination = format!("{ARN}:*");
    let failure = inventory.failure(&CHECK, SHOP);
    assert!(
        failure
            .message
            .contains("so the access logs of shop/$default, shop/v1 and the execution logs of orders/prod do not"),
        "{}",
        failure.message
    );
    assert_eq!(failure.affects.len(), 3);
}

#[test]
fn nothing_is_delivered_of_a_stage_that_logs_nothing_or_by_a_source_at_rest() {
    let picked = |inventory: &Inventory, name: &str| {
        let groups = Context::new(inventory.scope()).log_groups_in_use();
        groups.iter().any(|group| group.name == name && !group.delivered.is_empty())
    };
    let mut inventory = healthy();
    assert!(picked(&inventory, "/aws/vendedlogs/orders"));
    assert!(!picked(&inventory, "/executions/rest") && !picked(&inventory, "/executions/gone"));
    inventory.stage_mut("orders/prod").method_logging.clear();
    assert!(!picked(&inventory, "/aws/vendedlogs/orders"));
}

#[test]
fn deliveries_that_are_not_known_are_said_once_about_the_account() {
    let mut inventory = healthy();
    break_off(&mut inventory.region.log_deliveries, "logs:DescribeDeliverySources");
    let about_account = |inventory: &Inventory| {
        let mut said = Vec::new();
        crate::audit(inventory.scope(), &[&CHECK], crate::Policy::NONE, &mut |outcome| {
            if outcome.subject.kind == gatelight_model::SubjectKind::Account {
                said.push(outcome.verdict);
            }
        });
        said
    };
    assert_eq!(about_account(&inventory), [Err(denied("logs:DescribeDeliverySources"))]);
    for stage in ["orders/prod", "orders/staging", "users/live", "users/beta"] {
        inventory.stage_mut(stage).method_logging.clear();
    }
    assert_eq!(about_account(&inventory), [], "nothing that could be delivered");
}

/// Ten policies of the account that let another service write to `group`.
fn full(group: &str) -> Inventory {
    let mut inventory = with("");
    let other =
        allow(r#""logs:PutLogEvents""#, &format!("arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"), "");
    let other = policy(&other.replace("delivery.logs", "route53")).document;
    let named = |number: usize| LogPolicy { name: format!("p{number}"), ..policy("") };
    let policies = (0..10).map(|number| LogPolicy { document: other.clone(), ..named(number) });
    inventory.region.log_policies = Listing::whole(policies.collect());
    inventory
}

/// Does what the fix says, and gives the policy that it writes.
fn follow(inventory: &mut Inventory) -> LogPolicy {
    let command = inventory.failure(&CHECK, SHOP).fix.only_command();
    let option = |name: &str| command.iter().position(|word| word == name).map(|at| command[at + 1].clone());
    let written = LogPolicy {
        name: option("--policy-name").expect("a name"),
        document: option("--policy-document").expect("a document"),
        log_group: option("--resource-arn"),
    };
    let policies = &mut inventory.region.log_policies.seen;
    policies.retain(|policy| (&policy.name, &policy.log_group) != (&written.name, &written.log_group));
    policies.push(written.clone());
    // Noted where it is nearly full.
    assert!(matches!(inventory.verdict(&CHECK, SHOP), Ok(Judgement::Pass | Judgement::PassNoted(_))));
    written
}

#[test]
fn where_ten_policies_are_in_use_one_of_them_is_extended() {
    let mut inventory = full("/dns");
    // The policy that AWS keeps is shorter, and comes last all the same.
    inventory.region.log_policies.seen[9].name = "AWSLogDeliveryWrite20150319".to_owned();
    inventory.region.log_policies.seen[9].document = policy("").document;
    let failure = inventory.failure(&CHECK, SHOP);
    assert!(failure.fix.text.starts_with("10 of 10 resource policies of us-east-1 are in use"), "{}", failure.fix.text);
    assert!(
        failure.evidence.contains(&Evidence::new("resource policies", "10 of 10 in use")),
        "{:?}",
        failure.evidence
    );
    let written = follow(&mut inventory);
    assert_eq!((written.name.as_str(), written.log_group), ("p0", None));
    assert!(written.document.contains("route53.amazonaws.com"), "keeps what it had: {}", written.document);
    assert!(written.document.len() <= 5_120);
    assert_eq!(inventory.region.log_policies.seen.len(), 10);
}

#[test]
fn nine_policies_leave_room_for_another() {
    let mut inventory = full("/dns");
    inventory.region.log_policies.seen.truncate(9);
    let written = follow(&mut inventory);
    assert_eq!(written.name, "gatelight-log-delivery");
    // A name that is taken is not overwritten.
    let mut inventory = full("/dns");
    inventory.region.log_policies.seen.truncate(9);
    inventory.region.log_policies.seen[3].name = written.name;
    assert_eq!(follow(&mut inventory).name, "gatelight-log-delivery-2");
}

#[test]
fn where_no_policy_has_room_the_group_gets_its_own() {
    // Spaces are no part of the new document, so a name fills it.
    let mut inventory = full(&"d".repeat(4_700));
    let failure = inventory.failure(&CHECK, SHOP);
    assert!(
        failure.fix.text.contains("none has room for another statement (limit: 5120 characters)"),
        "{}",
        failure.fix.text
    );
    let written = follow(&mut inventory.clone());
    assert_eq!(written.log_group.as_deref(), Some(ARN));
    assert!(written.document.contains(&format!("{ARN}:*")), "{}", written.document);
    // A log group has one policy of its own.
    inventory.region.log_policies.seen.push(LogPolicy { log_group: Some(ARN.to_owned()), ..policy("") });
    let fix = inventory.failure(&CHECK, SHOP).fix;
    assert!(fix.commands.is_empty() && fix.text.contains("Merge two of them"), "{}", fix.text);
    // A policy that is longer proves that AWS's longer limit holds here.
    let mut inventory = full("/dns");
    inventory.region.log_policies.seen[0].document += &" ".repeat(6_000);
    let fix = inventory.failure(&CHECK, SHOP).fix;
    assert!(fix.text.contains("of the 51200 characters"), "{}", fix.text);
}

#[test]
fn policies_whose_groups_do_not_exist_could_go_where_that_is_known() {
    let mut inventory = full("/gateway/gone");
    let says = |inventory: &Inventory| inventory.failure(&CHECK, SHOP).fix.text;
    assert!(!says(&inventory).contains("could be deleted"), "nobody asked about the group");
    *inventory.log_group_mut("/gateway/cart") = Fetched::known(None);
    for policy in &mut inventory.region.log_policies.seen[2..4] {
        policy.document = policy.document.replace("/gateway/gone", "/gateway/cart");
    }
    assert!(
        says(&inventory).contains("could be deleted, because their log groups do not exist: p2, p3."),
        "{}",
        says(&inventory)
    );
    let policies = &mut inventory.region.log_policies.seen;
    policies[2].document = policies[2].document.replace("/gateway/cart", "/gateway/*");
    assert!(says(&inventory).contains("Resource policy p3 could be deleted"), "{}", says(&inventory));
    *inventory.log_group_mut("/gateway/cart") = Err(denied("logs:DescribeLogGroups")).into();
    assert!(!says(&inventory).contains("could be deleted"), "{}", says(&inventory));
    let groups = crate::plan::groups_of_policies(&inventory.account, &inventory.region);
    assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["/gateway/cart", "/gateway/gone"]);
    inventory.region.log_policies.seen.pop();
    assert_eq!(crate::plan::groups_of_policies(&inventory.account, &inventory.region).len(), 0, "there is room");
}

#[test]
fn a_statement_that_nearly_allows_it_is_named() {
    let streams = format!("{ARN}:*");
    for (resource, condition, says) in [
        (ARN.to_owned(), "", "but for the `:*` that its resource lacks"),
        (streams.replace("us-east-1", ""), "", "but for the region in its resource"),
        (streams.replace("arn:aws:", "arn:aws-cn:"), "", "but for the partition in its resource"),
        (streams.replace("/shop", "/shopp"), "", "but for one character of its resource"),
        (streams.replace("/shop", "/other"), "", "but for the name in its resource"),
        (
            streams.clone(),
            r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
            "but for its condition on aws:SourceAccount: it has 999999999999, and the request has 123456789012.",
        ),
        (
            streams.clone(),
            r#""ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:999999999999:*"}"#,
            "but for its condition on aws:SourceArn",
        ),
    ] {
        let failure = with(&allow(BOTH, &resource, condition)).failure(&CHECK, SHOP);
        assert!(failure.message.contains(says), "{says}: {}", failure.message);
        assert!(failure.message.contains("Statement 1 of resource policy own would allow"), "{}", failure.message);
        assert!(failure.evidence.iter().any(|row| row.name == "near miss"), "{:?}", failure.evidence);
    }
    let failure = full("/gateway/shop").failure(&CHECK, SHOP);
    assert!(!failure.message.contains("would allow"), "another service is another thing: {}", failure.message);
}
