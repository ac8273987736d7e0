//! The roles that write API Gateway's logs, in the healthy account and where something is wrong.

use gatelight_model::{
    Fetched, Listing,
    inventory::{AttachedPolicy, InlinePolicy, LogGroup, ManagedPolicy, Role, RoleAnswer},
};

use super::{
    Fault, Inventory,
    build::{CREATED, allow, inline, policy_arn, role_arn},
};

/// The role that writes the logs here, and one that does so in another region. Each kind of group is allowed by a
/// policy of its own: access logs inline, execution logs of REST APIs inline, those of WebSocket APIs attached.
pub(super) fn roles() -> Vec<RoleAnswer> {
    let write = r#""logs:CreateLogStream","logs:PutLogEvents""#;
    let attached = |arn: &str| AttachedPolicy { arn: arn.to_owned() };
    let here = Role {
        arn: role_arn("gateway-logs"),
        trust_policy: TRUST.to_owned(),
        boundary: Some(policy_arn("boundary")),
        inline_policies: Listing::whole(vec![
            inline("access-logs", allow(write, "/gateway/*")),
            inline(
                "execution-logs",
                allow(&format!("{write},\"logs:CreateLogGroup\""), "API-Gateway-Execution-Logs_*"),
            ),
        ]),
        attached_policies: Listing::whole(vec![
            attached(&policy_arn("websocket-logs")),
            attached("arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"),
        ]),
    };
    let elsewhere = Role {
        arn: role_arn("service-role/other"),
        trust_policy: percent_encoding::utf8_percent_encode(TRUST, percent_encoding::NON_ALPHANUMERIC).to_string(),
        boundary: None,
        inline_policies: Listing::whole(vec![]),
        attached_policies: Listing::whole(vec![attached(
            "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        )]),
    };
    [here, elsewhere].map(|role| RoleAnswer { arn: role.arn.clone(), role: Fetched::known(Some(role)) }).into()
}

const TRUST: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#
);

/// Some as IAM sends them, URL-encoded; some as other tools save them, raw.
pub(super) fn managed_policies() -> Vec<ManagedPolicy> {
    let all = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#)
    };
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let write = r#""logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents""#;
    [
        (policy_arn("boundary"), encoded(&all(r#""logs:*","xray:*""#))),
        (policy_arn("websocket-logs"), encoded(&allow(write, "/aws/apigateway/*"))),
        (
            "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess".to_owned(),
            all(r#""logs:Describe*","logs:Get*","logs:FilterLogEvents""#),
        ),
        (
            "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs".to_owned(),
            all(r#""logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents""#),
        ),
    ]
    .map(|(arn, document)| ManagedPolicy { arn, document: Fetched::known(document) })
    .into()
}

/// The scenarios in which the role that writes here is missing, or lacks something.
pub(super) const ROLES: &[Fault] = &[
    ("role missing", |inventory| *inventory.gateway_role_mut() = Fetched::known(None)),
    ("role under another path", |inventory| {
        inventory.change_gateway_role(|role| role.arn = role.arn.replace(":role/", ":role/moved/"));
    }),
    ("role for Lambda", |inventory| {
        inventory.change_gateway_role(|role| role.trust_policy = role.trust_policy.replace("apigateway", "lambda"));
    }),
    ("role trusted on a condition", |inventory| {
        inventory.change_gateway_role(|role| {
            let condition = r#""Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}},"Action""#;
            role.trust_policy = role.trust_policy.replace(r#""Action""#, condition);
        });
    }),
    ("role trusted for another account", |inventory| {
        inventory.change_gateway_role(|role| {
            let condition = r#""Condition":{"StringEquals":{"aws:SourceAccount":"210987654321"}},"Action""#;
            role.trust_policy = role.trust_policy.replace(r#""Action""#, condition);
        });
    }),
    ("role without policies", |inventory| inventory.change_gateway_role(strip)),
    ("role that may write one kind of log only", |inventory| {
        inventory.change_gateway_role(|role| role.inline_policies.seen.truncate(1));
    }),
    ("role that may not create log groups, one of which is absent", deny_creation),
    ("role that may not create log groups, and need not", |inventory| {
        deny_creation(inventory);
        for answer in &mut inventory.region.log_groups {
            if answer.group == Fetched::known(None) && !answer.name.starts_with("/aws/lambda/") {
                let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:{}", answer.name);
                let created_at = Fetched::known(CREATED);
                let group = LogGroup { arn, retention_days: None, class: None, kms_key: None, created_at };
                answer.group = Fetched::known(Some(group));
            }
        }
    }),
    ("role that is denied", |inventory| {
        deny(inventory, "logs:Put*");
    }),
    ("boundary that leaves out logs", |inventory| {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"xray:*","Resource":"*"}}"#;
        *inventory.managed_policy_mut("policy/boundary") = Fetched::known(document.to_owned());
    }),
    ("policies that are no JSON", |inventory| {
        *inventory.managed_policy_mut("policy/websocket-logs") = Fetched::known("{".to_owned());
        inventory.change_gateway_role(|role| role.trust_policy = String::from("not a policy"));
    }),
];

fn deny(inventory: &mut Inventory, action: &str) {
    let document =
        format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"{action}","Resource":"*"}}}}"#);
    let policy = InlinePolicy { name: "freeze".to_owned(), document: Fetched::known(document) };
    inventory.change_gateway_role(|role| role.inline_policies.seen.push(policy));
}

fn deny_creation(inventory: &mut Inventory) {
    deny(inventory, "logs:CreateLogGroup");
}

/// Leaves a role nothing but its trust policy.
pub(super) fn strip(role: &mut Role) {
    role.boundary = None;
    role.inline_policies.seen.clear();
    role.attached_policies.seen.clear();
}
