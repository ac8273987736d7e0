//! Where delivery sources send execution logs, in the healthy account and where something is wrong.

use gatelight_model::{
    Fetched, Listing,
    inventory::{LogDelivery, LogGroupAnswer, LogPolicy},
};

use super::{
    Fault, break_off,
    build::{group_arn, known_group},
    denied, logging,
};

const ORDERS: &str = "/aws/vendedlogs/orders";
const USERS: &str = "/executions/users";

fn delivery(source: &str, path: &str, status: Option<&str>, destination: &str) -> LogDelivery {
    LogDelivery {
        source: source.to_owned(),
        stage: format!("arn:aws:apigateway:us-east-1:123456789012:/restapis/{path}"),
        status: status.map(str::to_owned),
        destination: destination.to_owned(),
    }
}

/// Two to log groups; the rest to where nothing is judged: a bucket, another account, nowhere as its source is at rest,
/// from a stage that is gone.
pub(super) fn log_deliveries() -> Vec<LogDelivery> {
    let (orders, users) = (group_arn(ORDERS), group_arn(&format!("{USERS}:*")));
    vec![
        delivery("orders-prod", "a1b2c3d4e5/stages/prod", None, &orders),
        delivery("users-live", "f6g7h8i9j0/stages/live", Some("ACTIVE"), &users),
        delivery("users-live", "f6g7h8i9j0/stages/live", Some("ACTIVE"), "arn:aws:s3:::executions"),
        delivery(
            "users-beta",
            "f6g7h8i9j0/stages/beta",
            None,
            "arn:aws:logs:us-east-1:999999999999:delivery-destination:central",
        ),
        delivery("orders-staging", "a1b2c3d4e5/stages/staging", Some("INACTIVE"), &group_arn("/executions/rest")),
        delivery("gone", "a1b2c3d4e5/stages/gone", None, &group_arn("/executions/gone")),
    ]
}

pub(super) fn log_groups() -> [LogGroupAnswer; 2] {
    let key = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d";
    [
        known_group(ORDERS, Some(30), Some("STANDARD"), Some(key)),
        known_group(USERS, Some(14), Some("INFREQUENT_ACCESS"), None),
    ]
}

/// One of the account for a prefix, and one of the other group itself.
pub(super) fn log_policies() -> [LogPolicy; 2] {
    let document = |group: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"delivery.logs.amazonaws.com"}},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"{group}:log-stream:*","Condition":{{"StringEquals":{{"aws:SourceAccount":"123456789012"}}}}}}]}}"#
        )
    };
    [
        LogPolicy {
            name: "vended-logs".to_owned(),
            log_group: None,
            document: document(&group_arn("/aws/vendedlogs/*")),
        },
        LogPolicy { name: "users".to_owned(), log_group: Some(group_arn(USERS)), document: document("*") },
    ]
}

/// The scenarios in which they do not arrive, mix with others, or are not known.
pub(super) const DELIVERIES: &[Fault] = &[
    ("execution logs that may not be delivered", |inventory| {
        inventory.region.log_policies.seen.retain(|policy| policy.name != "vended-logs");
        inventory.change_log_group(USERS, |group| group.retention_days = None);
    }),
    ("execution logs delivered to the groups of access logs", |inventory| {
        let [orders, users, ..] = &mut inventory.region.log_deliveries.seen[..] else { return };
        orders.destination = group_arn("/gateway/orders");
        users.destination = group_arn("/gateway/cart");
    }),
    ("a delivery to a group that is gone, and one of a stage that logs no more", |inventory| {
        *inventory.log_group_mut(ORDERS) = Fetched::known(None);
        inventory.region.log_probes.retain(|answer| answer.group != ORDERS);
        inventory.stage_mut("users/live").method_logging = vec![logging(None, Some("OFF"))];
    }),
    ("deliveries that were denied", |inventory| {
        inventory.region.log_deliveries = Listing::unread(denied("logs:DescribeDeliverySources"));
        inventory.change_log_group(ORDERS, |group| group.retention_days = None);
    }),
    ("deliveries whose destinations were denied", |inventory| {
        inventory.region.log_deliveries.seen.remove(0);
        break_off(&mut inventory.region.log_deliveries, "logs:DescribeDeliveryDestinations");
    }),
    ("deliveries that are not known, and no execution log", |inventory| {
        inventory.region.log_deliveries = Listing::unread(denied("logs:DescribeDeliverySources"));
        for stage in ["orders/prod", "orders/staging", "users/live", "users/beta"] {
            inventory.stage_mut(stage).method_logging.clear();
        }
    }),
];
