//! The functions of the healthy account, and what belongs to them: roles, callers, log groups, and the resource
//! policies of CloudWatch Logs. Two of each kind, differing in everything.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AttachedPolicy, CallersAnswer, Function, Key, KeyAnswer, LogGroupAnswer, LogPolicy, ManagedPolicy, Role,
        RoleAnswer,
    },
};

use super::{
    healthy::{allow, group_arn, inline, known_group, policy_arn, role_arn},
    network::{CAPACITY_PROVIDERS, behind_nat, beside_endpoint},
};

fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
}

/// One in each VPC, two in none, two on managed instances.
pub(super) fn functions() -> Vec<Function> {
    let function = |name: &str, role: &str| Function {
        arn: function_arn(name),
        name: name.to_owned(),
        role: role_arn(role),
        tracing_mode: Some("Active".to_owned()),
        log_group: None,
        vpc: None,
        layers: vec![],
        tracing_variables: vec![],
        capacity_provider: None,
    };
    let layer = |account: &str, name: &str| format!("arn:aws:lambda:us-east-1:{account}:layer:{name}");
    vec![
        Function {
            vpc: Some(behind_nat()),
            layers: vec![layer("901920570463", "aws-otel-nodejs-amd64-ver-1-30-2:1")],
            tracing_variables: vec!["AWS_LAMBDA_EXEC_WRAPPER".to_owned()],
            ..function("checkout", "checkout-role")
        },
        Function {
            log_group: Some("/functions/shared".to_owned()),
            vpc: Some(beside_endpoint()),
            ..function("users-sync", "service-role/users-sync")
        },
        Function { log_group: Some("/functions/shared".to_owned()), ..function("reports", "service-role/users-sync") },
        Function {
            layers: vec![layer("123456789012", "fonts:3"), layer("580247275435", "LambdaInsightsExtension:53")],
            tracing_variables: vec!["OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), "AWS_XRAY_CONTEXT_MISSING".to_owned()],
            ..function("thumbnails", "checkout-role")
        },
        Function {
            capacity_provider: Some(CAPACITY_PROVIDERS[0].to_owned()),
            ..function("ranking", "service-role/users-sync")
        },
        Function {
            log_group: Some("/functions/fraud".to_owned()),
            capacity_provider: Some(CAPACITY_PROVIDERS[1].to_owned()),
            layers: vec![layer("901920570463", "aws-otel-python-amd64-ver-1-29-0:2")],
            ..function("fraud", "checkout-role")
        },
    ]
}

/// Their log groups. That of `thumbnails` has not been created yet: Lambda does so when it first writes.
pub(super) fn log_groups() -> Vec<LogGroupAnswer> {
    vec![
        known_group("/aws/lambda/checkout", Some(30), Some("STANDARD"), None),
        known_group("/functions/shared", Some(14), None, Some("arn:aws:kms:us-east-1:123456789012:key/4e5f6a7b")),
        LogGroupAnswer { name: "/aws/lambda/thumbnails".to_owned(), group: Fetched::known(None) },
        known_group("/aws/lambda/ranking", None, Some("DELIVERY"), None),
        known_group("/functions/fraud", Some(400), Some("INFREQUENT_ACCESS"), None),
    ]
}

/// One allowed by policies of its own, one by those of AWS and within a boundary.
pub(super) fn roles() -> Vec<RoleAnswer> {
    let own = Role {
        arn: role_arn("checkout-role"),
        trust_policy: TRUST.to_owned(),
        boundary: None,
        inline_policies: Listing::whole(vec![
            inline(
                "logs",
                allow(r#""logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents""#, "/aws/lambda/*"),
            ),
            inline("custom-logs", allow(r#""logs:CreateLogStream","logs:PutLogEvents""#, "/functions/*")),
        ]),
        attached_policies: Listing::whole(vec![AttachedPolicy { arn: policy_arn("traces") }]),
    };
    let shared = Role {
        arn: role_arn("service-role/users-sync"),
        trust_policy: percent_encoding::utf8_percent_encode(TRUST, percent_encoding::NON_ALPHANUMERIC).to_string(),
        boundary: Some(policy_arn("boundary")),
        inline_policies: Listing::whole(vec![]),
        attached_policies: Listing::whole(vec![
            AttachedPolicy { arn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".to_owned() },
            AttachedPolicy { arn: "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess".to_owned() },
        ]),
    };
    [own, shared].map(|role| RoleAnswer { arn: role.arn.clone(), role: Fetched::known(Some(role)) }).into()
}

const TRUST: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#
);

pub(super) fn managed_policies() -> Vec<ManagedPolicy> {
    let all = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#)
    };
    // As AWS's own for Application Signals has it, with the action that it lacks.
    let own_account = concat!(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","#,
        r#""xray:PutTelemetryRecords"],"Resource":"*","#,
        r#""Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}}]}"#
    );
    [
        (policy_arn("traces"), own_account.to_owned()),
        (
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".to_owned(),
            all(r#""logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents""#),
        ),
        (
            "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess".to_owned(),
            all(r#""xray:PutTraceSegments","xray:PutTelemetryRecords","xray:GetSamplingRules""#),
        ),
    ]
    .map(|(arn, document)| ManagedPolicy { arn, document: Fetched::known(document) })
    .into()
}

/// `orders` calls two, an API that is not known here a third; the others have no policy, or one for another service.
pub(super) fn callers() -> Vec<CallersAnswer> {
    let answer = |name: &str, policy: Option<String>| CallersAnswer {
        function: function_arn(name),
        policy: Fetched::known(policy),
    };
    let called = |name: &str, service: &str, source: &str| {
        let function = function_arn(name);
        Some(format!(
            r#"{{"Version":"2012-10-17","Id":"default","Statement":[{{"Sid":"{name}-1","Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"lambda:InvokeFunction","Resource":"{function}","Condition":{{"ArnLike":{{"AWS:SourceArn":"{source}"}}}}}}]}}"#
        ))
    };
    let gateway = "apigateway.amazonaws.com";
    vec![
        answer("checkout", called("checkout", gateway, &call("a1b2c3d4e5/*/POST/checkout"))),
        answer("users-sync", called("users-sync", gateway, &call("f6g7h8i9j0/live/GET/users"))),
        answer("reports", called("reports", gateway, &call("q0w9e8r7t6/prod/GET/reports"))),
        answer("thumbnails", called("thumbnails", "s3.amazonaws.com", "arn:aws:s3:::pictures")),
        answer("ranking", None),
        answer("fraud", None),
    ]
}

fn call(route: &str) -> String {
    format!("arn:aws:execute-api:us-east-1:123456789012:{route}")
}

/// One lets CloudWatch Logs use it for the groups of the region, the other for some, and everything to its account.
pub(super) fn keys() -> Vec<KeyAnswer> {
    let policy = |operator: &str, groups: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Id":"key","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::123456789012:root"}},"Action":"kms:*","Resource":"*"}},{{"Effect":"Allow","Principal":{{"Service":"logs.us-east-1.amazonaws.com"}},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*","Condition":{{"{operator}":{{"kms:EncryptionContext:aws:logs:arn":{groups}}}}}}}]}}"#
        )
    };
    let some = ["/gateway/chat", "/functions/shared"].map(group_arn);
    [
        ("0a1b2c3d", policy("ArnLike", r#""arn:aws:logs:us-east-1:123456789012:*""#)),
        ("4e5f6a7b", policy("ArnEquals", &format!("{some:?}"))),
    ]
    .map(|(id, policy)| KeyAnswer {
        arn: format!("arn:aws:kms:us-east-1:123456789012:key/{id}"),
        key: Fetched::known(Some(Key { state: "Enabled".to_owned(), policy: Fetched::known(policy) })),
    })
    .into()
}

/// One of the account as AWS writes it for one group, and one of the other group itself.
pub(super) fn log_policies() -> Vec<LogPolicy> {
    let document = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AWSLogDeliveryWrite20150319","Effect":"Allow","Principal":{{"Service":["delivery.logs.amazonaws.com"]}},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["{resource}:log-stream:*"],"Condition":{{"StringEquals":{{"aws:SourceAccount":["123456789012"]}},"ArnLike":{{"aws:SourceArn":["arn:aws:logs:us-east-1:123456789012:*"]}}}}}}]}}"#
        )
    };
    let (shop, cart) = (group_arn("/gateway/shop"), group_arn("/gateway/cart"));
    vec![
        LogPolicy { name: "AWSLogDeliveryWrite20150319".to_owned(), log_group: None, document: document(&shop) },
        LogPolicy { name: "cart".to_owned(), document: document(&cart), log_group: Some(cart) },
    ]
}
