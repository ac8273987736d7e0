//! The built-in account of `gatelight demo`: findings without credentials and network. It is the healthy account of the
//! tests with faults in each region, so that every check passes somewhere and fails somewhere.

use gatelight_checks::{
    CHECKS,
    testing::{self, Inventory},
};
use gatelight_model::{
    AccessDenial, DenyingPolicy, Fetched, Gap, GapKind, Listing,
    fetched::GapDetails,
    inventory::{Account, Hit, Region, RoleAnswer},
};
use jiff::Timestamp;

use crate::collect::aws::{Operation, Traffic};

/// When the demo's facts were collected: a fixed time, so that a version always prints the same.
pub(crate) fn started_at() -> Timestamp {
    testing::healthy().account.collected_at
}

/// When the collection ended.
pub(crate) fn finished_at() -> Timestamp {
    Timestamp::from_second(started_at().as_second() + 41).unwrap_or_else(|_| started_at())
}

type AddFaults = fn(&mut Inventory);

/// The account and its regions.
pub(crate) fn account() -> (Account, Vec<(Region, Traffic)>) {
    let regions: [(&str, AddFaults); 5] = [
        ("us-east-1", various_faults),
        ("eu-west-1", gateway_role_deleted),
        ("eu-central-1", gateway_role_cannot_write),
        ("ap-southeast-2", gateway_role_untrusted),
        ("sa-east-1", gateway_role_unset),
    ];
    let mut account: Option<Account> = None;
    let mut collected = Vec::new();
    for (name, add_faults) in regions {
        let mut scope = in_region(name);
        add_faults(&mut scope);
        let traffic = traffic(&scope);
        match &mut account {
            None => account = Some(scope.account),
            Some(account) => {
                let known: Vec<_> = account.roles.iter().map(|role| role.arn.clone()).collect();
                account.roles.extend(scope.account.roles.into_iter().filter(|role| !known.contains(&role.arn)));
            }
        }
        collected.push((scope.region, traffic));
    }
    (account.expect("there are regions"), collected)
}

/// The region of the healthy account under another name. ARNs hold the name, so it is replaced everywhere.
fn in_region(name: &str) -> Inventory {
    let healthy = serde_json::to_string(&testing::healthy()).expect("an inventory serialises");
    let mut scope: Inventory =
        serde_json::from_str(&healthy.replace("us-east-1", name)).expect("it reads as it was written");
    // The demo has no configuration.
    scope.region.named_log_groups.seen.clear();
    scope
}

/// Keeps these APIs alone.
fn keep(scope: &mut Inventory, apis: &[&str]) {
    let region = &mut scope.region;
    region.rest_apis.seen.retain(|api| apis.contains(&api.name.as_str()));
    region.v2_apis.seen.retain(|api| apis.contains(&api.name.as_str()));
    // Functions are in the first region alone: their roles, which are global, may write there only.
    region.functions.seen.clear();
    region.callers.clear();
}

/// Faults in access log formats, a log group that never expires, and stages that log too much or nothing.
fn various_faults(scope: &mut Inventory) {
    // A gap: reading the stages of this API is denied.
    let guardrail = AccessDenial { policy: Some(DenyingPolicy::ServiceControlPolicy), explicit: true, arn: None };
    let gap = denied(Operation::GetV2Stages, "/apis/z6a7b8c9d0/stages", guardrail);
    scope.api_mut("feed").stages = Listing::unread(gap);
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
    deny_in_one_region(scope);
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
    // A sampling rule that somebody added for a while.
    let mut rule = testing::sampling_rule("users-quiet", 10);
    "users/*".clone_into(&mut rule.service_name);
    (rule.fixed_rate, rule.reservoir_size) = (0.0, 0);
    scope.region.sampling_rules.seen.push(rule);
    faulty_functions(scope);
    faults_of_checks(scope);
}

/// The faults that checks bring along.
fn faults_of_checks(scope: &mut Inventory) {
    for scenario in CHECKS.iter().flat_map(|check| check.scenarios).filter(|scenario| scenario.in_demo) {
        (scenario.change)(&mut scope.account, &mut scope.region);
    }
}

/// The organization denies eu-central-1, a region in which a role writes logs.
fn deny_in_one_region(scope: &mut Inventory) {
    scope.change_organization(|organization| {
        for policy in &mut organization.policies {
            let document = policy.document.get().expect("a document");
            policy.document = Fetched::known(document.replace("\"eu-west-1\"", "\"eu-west-1\",\"ap-southeast-2\""));
        }
    });
}

/// A function that starts no traces, one whose role lacks permissions, a deleted NAT gateway on the route of a third, a log
/// that never expires, and log lines of failed exports.
fn faulty_functions(scope: &mut Inventory) {
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

/// The CloudWatch role was deleted. AWS checks it only when it is set.
fn gateway_role_deleted(scope: &mut Inventory) {
    keep(scope, &["orders", "users", "chat"]);
    let gone = "arn:aws:iam::123456789012:role/orders-stack-CloudWatchRole-1ABC2DEF";
    scope.set_gateway_role(Some(gone));
    scope.account.roles.push(RoleAnswer { arn: gone.to_owned(), role: Fetched::known(None) });
    // Requests that were not logged.
    scope.serve("orders/prod", (48_210, 312, 0));
}

/// The role may write the logs of one API but not those of a newer one. The log group of a third was deleted.
fn gateway_role_cannot_write(scope: &mut Inventory) {
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

/// The role may write, but it trusts Lambda instead of API Gateway.
fn gateway_role_untrusted(scope: &mut Inventory) {
    keep(scope, &["users", "cart"]);
    let ungranted = AccessDenial { policy: Some(DenyingPolicy::IdentityBasedPolicy), explicit: false, arn: None };
    *scope.log_group_mut("/gateway/cart") =
        Err(denied(Operation::DescribeLogGroups, "/gateway/cart", ungranted)).into();
    let mut wrong = scope.account.roles[0].clone();
    "arn:aws:iam::123456789012:role/lambda-logs".clone_into(&mut wrong.arn);
    let mut role = wrong.role.get().expect("the healthy role").clone().expect("exists");
    role.arn.clone_from(&wrong.arn);
    role.trust_policy = role.trust_policy.replace("apigateway.amazonaws.com", "lambda.amazonaws.com");
    wrong.role = Fetched::known(Some(role));
    scope.set_gateway_role(Some(&wrong.arn));
    scope.account.roles.push(wrong);
}

/// The role is set by region, and was not set in this one.
fn gateway_role_unset(scope: &mut Inventory) {
    keep(scope, &["feed"]);
    scope.set_gateway_role(None);
}

fn denied(operation: Operation, resource: &str, denial: AccessDenial) -> Gap {
    Gap::new(GapDetails {
        operation: operation.name().to_owned(),
        permission: operation.permission().to_owned(),
        resource: resource.to_owned(),
        kind: GapKind::Denied,
        message: denial.to_string(),
        denied_by: Some(denial),
    })
}

/// The requests that reading such a region takes.
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
    fn every_check_passes_and_fails_and_some_are_unknown() {
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
        let missing = |seen: &BTreeSet<&str>| all.difference(seen).copied().collect::<Vec<_>>().join(", ");
        assert_eq!(missing(&fails), "", "these never fail in the demo: mark a scenario of theirs `in_demo`");
        assert_eq!(missing(&passes), "", "these never pass in the demo");
        assert!((1..40).contains(&unknown), "{unknown}");
    }
}
