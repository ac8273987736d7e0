//! The functions of the healthy account, and what belongs to them: roles, callers, log groups, and the resource
//! policies of CloudWatch Logs. Two of each kind, differing in everything.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AttachedPolicy, CallersAnswer, Function, FunctionVpc, Key, KeyAnswer, LogGroupAnswer, LogPolicy, ManagedPolicy,
        Network, Role, RoleAnswer,
    },
};

use super::{
    Fault, Inventory,
    build::{allow, group_arn, inline, known_group, policy_arn, role_arn},
    network::{CAPACITY_PROVIDERS, behind_nat, beside_endpoint},
    roles::strip,
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

/// The scenarios in which functions, their log groups, or the policies and keys of log groups are set wrong.
pub(super) const FUNCTIONS: &[Fault] = &[
    ("functions that do not trace", |inventory| {
        pass_through(inventory, &["checkout", "users-sync", "reports", "fraud"]);
        inventory.function_mut("thumbnails").tracing_mode = None;
    }),
    ("functions that do not trace, and stages neither", |inventory| {
        pass_through(inventory, &["checkout", "users-sync"]);
        for api in &mut inventory.region.rest_apis.seen {
            api.stages.seen.iter_mut().for_each(|stage| stage.tracing = Some(false));
        }
    }),
    ("functions that any stage may call", |inventory| {
        pass_through(inventory, &["checkout", "users-sync", "reports"]);
        let policy = |condition: &str| {
            Fetched::known(Some(format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"*"{condition}}}}}"#
            )))
        };
        let any = r#","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:us-east-1:123456789012:*"}}"#;
        *inventory.callers_mut("checkout") = policy("");
        *inventory.callers_mut("users-sync") = policy(any);
        *inventory.callers_mut("reports") = Fetched::known(Some("{".to_owned()));
    }),
    ("functions whose role is gone, or of another account", |inventory| {
        *inventory.role_of_mut("reports") = Fetched::known(None);
        let function = inventory.function_mut("checkout");
        function.role = function.role.replace("123456789012", "210987654321");
        inventory.function_mut("fraud").role = String::from("fraud");
        inventory.function_mut("ranking").role.push_str("-moved");
    }),
    ("functions whose role has no policies", |inventory| {
        inventory.change_role_of("checkout", strip);
        inventory.delete_log_group("/aws/lambda/checkout");
    }),
    ("functions whose role may do half", |inventory| {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","logs:CreateLogStream"],"Resource":"*"}]}"#;
        *inventory.managed_policy_mut("AWSXRayDaemonWriteAccess") = Fetched::known(document.to_owned());
        let document = document.replace("PutTraceSegments", "PutTelemetryRecords");
        *inventory.managed_policy_mut("policy/traces") = Fetched::known(document);
    }),
    ("functions whose role may trace on conditions", |inventory| {
        let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"xray:PutTraceSegments","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}"#;
        *inventory.managed_policy_mut("AWSXRayDaemonWriteAccess") = Fetched::known(document.to_owned());
        *inventory.managed_policy_mut("policy/traces") = Fetched::known(document.replace("PutTraceSegments", "Put*"));
    }),
    ("networks that name nothing", |inventory| {
        let nowhere = FunctionVpc { subnets: vec![], security_groups: vec![], ipv6: false };
        inventory.function_mut("checkout").vpc = Some(nowhere.clone());
        inventory.region.capacity_providers[0].vpc = Fetched::known(nowhere);
        let Network { network_acls, security_groups, .. } = &mut inventory.region.network;
        network_acls.seen[0].subnets.clear();
        for permission in security_groups.seen.iter_mut().flat_map(|group| &mut group.ingress) {
            (permission.from_port, permission.to_port) = (None, None);
            permission.cidrs.clear();
            permission.prefix_lists.clear();
            permission.security_groups.clear();
        }
    }),
    ("logs that never expire", |inventory| {
        for group in ["API-Gateway-Execution-Logs_a1b2c3d4e5/staging", "/aws/lambda/checkout", "/functions/shared"] {
            inventory.change_log_group(group, |group| group.retention_days = None);
        }
    }),
    ("resource policies for other services, accounts and groups", |inventory| {
        let policies = &mut inventory.region.log_policies.seen;
        policies[0].document = policies[0].document.replace("delivery.logs", "es");
        policies[1].log_group = policies[1].log_group.as_ref().map(|arn| format!("{arn}-old"));
        let mut other = policies[1].clone();
        (other.name, other.log_group) = ("other-account".to_owned(), None);
        other.document = other.document.replace(r#"["123456789012"]"#, r#""210987654321""#);
        policies.push(other);
    }),
    ("resource policies on conditions that cannot be checked", |inventory| {
        for policy in &mut inventory.region.log_policies.seen {
            policy.document = policy.document.replace("aws:SourceAccount", "aws:SourceOrgID");
        }
    }),
    ("a resource policy that denies", |inventory| {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"logs:PutLogEvents","Resource":"*"}}"#;
        inventory.region.log_policies.seen.push(LogPolicy {
            name: "freeze".to_owned(),
            log_group: None,
            document: document.to_owned(),
        });
    }),
    ("keys that do not serve", |inventory| {
        inventory.change_key("0a1b2c3d", |key| "Disabled".clone_into(&mut key.state));
        inventory.change_key("4e5f6a7b", |key| {
            let policy =
                key.policy.get().expect("a policy").replace("logs.us-east-1.amazonaws.com", "s3.amazonaws.com");
            key.policy = Fetched::known(policy);
        });
    }),
    ("a key that is gone, and one that is about to change", |inventory| {
        *inventory.key_mut("0a1b2c3d") = Fetched::known(None);
        inventory.change_key("4e5f6a7b", |key| "Updating".clone_into(&mut key.state));
    }),
];

/// Turns tracing off in these functions.
pub(super) fn pass_through(inventory: &mut Inventory, functions: &[&str]) {
    for name in functions {
        inventory.function_mut(name).tracing_mode = Some("PassThrough".to_owned());
    }
}
