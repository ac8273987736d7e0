//! An account that is built in: what Gatelight finds, without credentials and network. It is made from the healthy
//! account of the tests, spoilt region by region; every check passes somewhere and fails somewhere.

use gatelight_checks::testing::{self, Inventory};
use gatelight_model::{
    Fetched, Gap, GapKind, Listing,
    fetched::GapDetails,
    inventory::{Account, Hit, Region, RoleAnswer},
};
use jiff::Timestamp;

use crate::collect::aws::{Operation, Traffic};

/// When the demo's facts were collected: a fixed time, so that the same version always shows the same.
pub(crate) fn started_at() -> Timestamp {
    testing::healthy().account.collected_at
}

/// When that was done.
pub(crate) fn finished_at() -> Timestamp {
    Timestamp::from_second(started_at().as_second() + 41).unwrap_or_else(|_| started_at())
}

type Spoil = fn(&mut Inventory);

/// The account and its regions.
pub(crate) fn account() -> (Account, Vec<(Region, Traffic)>) {
    let regions: [(&str, Spoil); 5] = [
        ("us-east-1", mostly_well),
        ("eu-west-1", role_is_gone),
        ("eu-central-1", role_cannot_write),
        ("ap-southeast-2", role_is_not_trusted),
        ("sa-east-1", role_was_never_set),
    ];
    let mut account: Option<Account> = None;
    let mut read = Vec::new();
    for (name, spoil) in regions {
        let mut scope = in_region(name);
        spoil(&mut scope);
        let traffic = traffic(&scope);
        match &mut account {
            None => account = Some(scope.account),
            Some(account) => {
                let known: Vec<_> = account.roles.iter().map(|role| role.arn.clone()).collect();
                account.roles.extend(scope.account.roles.into_iter().filter(|role| !known.contains(&role.arn)));
            }
        }
        read.push((scope.region, traffic));
    }
    (account.expect("there are regions"), read)
}

/// The healthy account's region under another name: ARNs name their region, so it is replaced everywhere.
fn in_region(name: &str) -> Inventory {
    let healthy = serde_json::to_string(&testing::healthy()).expect("an inventory serialises");
    let mut scope: Inventory =
        serde_json::from_str(&healthy.replace("us-east-1", name)).expect("it reads as it was written");
    // Nobody has configured anything.
    scope.region.named_log_groups.seen.clear();
    scope
}

fn keep(scope: &mut Inventory, apis: &[&str]) {
    let region = &mut scope.region;
    region.rest_apis.seen.retain(|api| apis.contains(&api.name.as_str()));
    region.v2_apis.seen.retain(|api| apis.contains(&api.name.as_str()));
    // Functions are looked at in the first region: their roles, which are global, may write there alone.
    region.functions.seen.clear();
    region.callers.clear();
}

/// Formats of all kinds, a log group that keeps everything for ever, and stages that log too much or nothing.
fn mostly_well(scope: &mut Inventory) {
    // The gap of an API whose stages may not be read.
    scope.api_mut("feed").stages = Listing::unread(denied(Operation::GetV2Stages, "/apis/z6a7b8c9d0/stages"));
    scope.access_log_mut("users/live").format = Some(
        r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.path" $context.status"#
            .to_owned(),
    );
    scope.access_log_mut("users/beta").format = Some(
        r#"{"id":"$context.requestId","status":"$context.status","integrationStatus":"$context.integrationStatus"}"#
            .to_owned(),
    );
    scope.access_log_mut("shop/v1").format = Some(
        r#"{"requestId":"$context.requestId","status":"$context.status","error":"$context.integration.error","backend":"$context.integration.status","took":$context.integration.latency,"whole":"$context.responseLatency"}"#
            .to_owned(),
    );
    scope.access_log_mut("chat/prod").format = Some(
        r#"{"requestId":"$context.requestId","error":"$context.integration.error","backend":"$context.integration.status","took":"$context.integration.latency","trace":"$context.xrayTraceId"}"#
            .to_owned(),
    );
    close_one_region(scope);
    scope.stage_mut("cart/dev").access_log = None;
    scope.change_log_group("/gateway/shop", |group| group.retention_days = None);
    scope.change_key("4e5f6a7b", |key| "PendingDeletion".clone_into(&mut key.state));
    scope.stage_mut("orders/staging").tracing = Some(false);
    scope.stage_mut("orders/staging").method_logging.clear();
    for setting in &mut scope.stage_mut("users/beta").method_logging {
        setting.data_trace = true;
    }
    // A Lambda authorizer that starts cold.
    scope.take_long("orders/prod", 412.0, 252.0);
    // Somebody wanted to spare the traces of one API for a while.
    let mut rule = testing::sampling_rule("users-quiet", 10);
    "users/*".clone_into(&mut rule.service_name);
    (rule.fixed_rate, rule.reservoir_size) = (0.0, 0);
    scope.region.sampling_rules.seen.push(rule);
    some_functions_unwell(scope);
}

/// The organization leaves out one of the regions in which a role writes logs, eu-central-1.
fn close_one_region(scope: &mut Inventory) {
    scope.change_organization(|organization| {
        for policy in &mut organization.policies {
            let document = policy.document.get().expect("a document");
            policy.document = Fetched::known(document.replace("\"eu-west-1\"", "\"eu-west-1\",\"ap-southeast-2\""));
        }
    });
}

/// A function that starts no traces; two whose role may do too little; a NAT gateway that was deleted under a third; a
/// log that never expires; and a line that says what came of it.
fn some_functions_unwell(scope: &mut Inventory) {
    scope.function_mut("reports").tracing_mode = Some("PassThrough".to_owned());
    let mut weak = scope.account.roles.iter().find(|role| role.arn.ends_with("users-sync")).cloned().expect("a role");
    "arn:aws:iam::123456789012:role/thumbnails".clone_into(&mut weak.arn);
    let mut role = weak.role.get().expect("the healthy role").clone().expect("exists");
    role.arn.clone_from(&weak.arn);
    role.attached_policies.seen.clear();
    weak.role = Fetched::known(Some(role));
    scope.function_mut("thumbnails").role.clone_from(&weak.arn);
    scope.account.roles.push(weak);
    for nat in &mut scope.region.network.nat_gateways.seen {
        if nat.id == "nat-zonal" {
            "deleted".clone_into(&mut nat.state);
        }
    }
    scope.change_log_group("/functions/fraud", |group| group.retention_days = None);
    let probe = scope.region.log_probes.iter_mut().find(|answer| answer.group == "/aws/lambda/checkout");
    let answer = probe.expect("the group is searched");
    let mut probe = answer.probe.get().expect("it was searched").clone().expect("it is there");
    let at =
        |minutes: i64| Timestamp::from_second(started_at().as_second() - minutes * 60).unwrap_or_else(|_| started_at());
    probe.hits = vec![Hit {
        pattern: "export-rejected".to_owned(),
        count: 14,
        first: at(300),
        last: at(45),
        samples: vec!["Exporting failed. Rejecting data. error: context deadline exceeded".to_owned()],
    }];
    answer.probe = Fetched::known(Some(probe));
}

/// The role that is set was deleted: AWS looks at it when it is set, and never again.
fn role_is_gone(scope: &mut Inventory) {
    keep(scope, &["orders", "users", "chat"]);
    let gone = "arn:aws:iam::123456789012:role/orders-stack-CloudWatchRole-1ABC2DEF";
    scope.set_gateway_role(Some(gone));
    scope.account.roles.push(RoleAnswer { arn: gone.to_owned(), role: Fetched::known(None) });
    // What came of it.
    scope.serve("orders/prod", (48_210, 312, 0));
}

/// The role may write the logs of one API, and a second API came later. A log group was deleted under a third.
fn role_cannot_write(scope: &mut Inventory) {
    keep(scope, &["orders", "shop"]);
    *scope.log_group_mut("/gateway/shop") = Fetched::known(None);
    // Somebody replaced the resource policy that lets HTTP APIs deliver.
    scope.region.log_policies.seen.clear();
    let mut narrow = scope.account.roles[0].clone();
    "arn:aws:iam::123456789012:role/gateway-logs-narrow".clone_into(&mut narrow.arn);
    let mut role = narrow.role.get().expect("the healthy role").clone().expect("exists");
    role.arn.clone_from(&narrow.arn);
    role.inline_policies.seen.retain(|policy| policy.name == "access-logs");
    narrow.role = Fetched::known(Some(role));
    scope.set_gateway_role(Some(&narrow.arn));
    scope.account.roles.push(narrow);
}

/// The role exists and may write, but lets Lambda assume it and not API Gateway.
fn role_is_not_trusted(scope: &mut Inventory) {
    keep(scope, &["users", "cart"]);
    *scope.log_group_mut("/gateway/cart") = Err(denied(Operation::DescribeLogGroups, "/gateway/cart")).into();
    let mut wrong = scope.account.roles[0].clone();
    "arn:aws:iam::123456789012:role/lambda-logs".clone_into(&mut wrong.arn);
    let mut role = wrong.role.get().expect("the healthy role").clone().expect("exists");
    role.arn.clone_from(&wrong.arn);
    role.trust_policy = role.trust_policy.replace("apigateway.amazonaws.com", "lambda.amazonaws.com");
    wrong.role = Fetched::known(Some(role));
    scope.set_gateway_role(Some(&wrong.arn));
    scope.account.roles.push(wrong);
}

/// Roles are set region by region, and this one was forgotten.
fn role_was_never_set(scope: &mut Inventory) {
    keep(scope, &["feed"]);
    scope.set_gateway_role(None);
}

fn denied(operation: Operation, resource: &str) -> Gap {
    Gap::new(GapDetails {
        operation: operation.name().to_owned(),
        permission: operation.permission().to_owned(),
        resource: resource.to_owned(),
        kind: GapKind::Denied,
        message: "AccessDeniedException: an explicit deny in a service control policy".to_owned(),
    })
}

/// The requests that such a region costs.
fn traffic(scope: &Inventory) -> Traffic {
    let region = &scope.region;
    let mut traffic = Traffic::default();
    let mut count = |operation: Operation, requests: usize| {
        traffic.requests.insert(operation.name().to_owned(), requests as u64);
    };
    count(Operation::GetRestApis, 1);
    count(Operation::GetV2Apis, 1);
    count(Operation::GetRestStages, region.rest_apis.seen.len());
    count(Operation::GetV2Stages, region.v2_apis.seen.len());
    count(Operation::GetGatewayAccount, 1);
    count(Operation::DescribeLogGroups, 1);
    if !region.log_deliveries.seen.is_empty() {
        for operation in
            [Operation::DescribeDeliverySources, Operation::DescribeDeliveries, Operation::DescribeDeliveryDestinations]
        {
            count(operation, 1);
        }
    }
    count(Operation::ListFunctions, 1);
    count(Operation::GetMetricData, 1);
    traffic.metrics = (region.traffic.len() + region.log_probes.len()) as u64;
    count(Operation::GetSamplingRules, 1);
    count(Operation::GetTraceSegmentDestination, 1);
    traffic
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gatelight_checks::{CHECKS, Judgement, Policy, Scope, audit};

    use super::*;

    #[test]
    fn every_check_fails_passes_and_some_could_not_be_made() {
        let (account, regions) = account();
        let (mut fails, mut passes, mut unknown) = (BTreeSet::new(), BTreeSet::new(), 0);
        let checks: Vec<_> = CHECKS.iter().collect();
        for (region, _) in &regions {
            audit(
                Scope { account: &account, region },
                &checks,
                &Policy::default(),
                &mut |outcome| match outcome.verdict {
                    Ok(Judgement::Fail(_)) => drop(fails.insert(outcome.check.id)),
                    Ok(Judgement::Pass | Judgement::PassNoted(_)) => drop(passes.insert(outcome.check.id)),
                    Ok(Judgement::NotApplicable(_)) => {}
                    Err(_) => unknown += 1,
                },
            );
        }
        let all: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(fails, all);
        assert_eq!(passes, all);
        assert!((1..40).contains(&unknown), "{unknown}");
    }
}
