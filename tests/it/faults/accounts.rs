//! The accounts that are audited: one in which every check passes, and some in which most fail.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::REGION;
use crate::{
    budget::networks,
    support::{
        fake::{ACCOUNT, Account, Api, Delivery, Organization, Role, function},
        xray::{Xray, rule as sampling_rule},
    },
};

const LOG_ROLE: &str = "apigw-logs";
const SERVICE_ROLE: &str = "service";

/// Lets CloudWatch Logs deliver into groups.
fn delivery(groups: &str) -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{groups}:log-stream:*"),
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// Lets X-Ray write spans.
fn spans() -> String {
    let group = |name| format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*");
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "xray.amazonaws.com"}, "Action": "logs:PutLogEvents",
        "Resource": [group("aws/spans"), group("/aws/application-signals/data")],
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn policy(statements: &[(&str, &str, &str)]) -> String {
    let statement = |(effect, action, resource): &(&str, &str, &str)| json!({"Effect": effect, "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": statements.iter().map(statement).collect::<Vec<_>>()}).to_string()
}

fn trust(service: &str) -> String {
    let statement = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn role_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{LOG_ROLE}")
}

/// Two organizational units deep. No policy of a level allows everything alone.
fn organization() -> Organization {
    let everybody = |action: &str| {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    Organization {
        above: ["ou-ab12-22222222", "ou-ab12-11111111", "r-ab12"].map(str::to_owned).to_vec(),
        scps: BTreeMap::from([
            ("p-create".to_owned(), policy(&[("Allow", "logs:Create*", "*")])),
            ("p-put".to_owned(), policy(&[("Allow", "logs:Put*", "*"), ("Deny", "s3:*", "*")])),
        ]),
        rcps: BTreeMap::from([("p-logs".to_owned(), everybody("logs:*")), ("p-roles".to_owned(), everybody("sts:*"))]),
    }
}

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

const FORMAT: &str = r#"{"requestId":"$context.requestId","status":"$context.status","error":"$context.integration.error","backend":"$context.integration.status","took":"$context.integration.latency","whole":"$context.responseLatency"}"#;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Lets CloudWatch Logs use the key for every group here.
fn key_policy() -> String {
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": format!("logs.{REGION}.amazonaws.com")},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": format!("arn:aws:logs:{REGION}:{ACCOUNT}:*")}},
    });
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn access_log(destination: &str) -> Value {
    let arn = match destination.strip_prefix("stream ") {
        Some(stream) => format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{stream}"),
        None => format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{destination}"),
    };
    json!({"destinationArn": arn, "format": FORMAT})
}

fn rest_stage(name: &str, destination: &str) -> Value {
    json!({
        "stageName": name, "deploymentId": "d", "tracingEnabled": true, "accessLogSettings": access_log(destination),
        "methodSettings": {"*/*": {"loggingLevel": "INFO", "dataTraceEnabled": false}},
        "variables": {"backend": "secret-of-a-stage-variable"},
    })
}

fn v2_stage(name: &str, destination: &str, logging: Option<&str>) -> Value {
    let mut stage = json!({"stageName": name, "accessLogSettings": access_log(destination), "routeSettings": {}});
    // Only WebSocket APIs log execution, and they have no variable for the whole time.
    if let Some(level) = logging {
        stage["accessLogSettings"]["format"] = json!(FORMAT.replace(r#","whole":"$context.responseLatency""#, ""));
        stage["defaultRouteSettings"] = json!({"loggingLevel": level, "dataTraceEnabled": false});
    }
    stage
}

fn api(id: &str, name: &str, protocol: &'static str, stages: Vec<Value>) -> Api {
    Api { id: id.to_owned(), name: name.to_owned(), protocol, stages }
}

/// In one of the VPCs of [`networks`].
fn in_vpc(mut function: Value, vpc: usize) -> Value {
    function["VpcConfig"] = json!({
        "VpcId": format!("vpc-{vpc}"), "SubnetIds": [format!("subnet-{vpc}-private")],
        "SecurityGroupIds": [format!("sg-{vpc}")], "Ipv6AllowedForDualStack": false,
    });
    function
}

/// The second VPC with an endpoint for X-Ray, beside its NAT gateway.
fn with_endpoint(mut ec2: BTreeMap<&'static str, Vec<String>>) -> BTreeMap<&'static str, Vec<String>> {
    let endpoint = format!(
        "<vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>\
         <serviceName>com.amazonaws.{REGION}.xray</serviceName><state>available</state>\
         <subnetIdSet><item>subnet-1-private</item></subnetIdSet><groupSet><item><groupId>sg-gate</groupId></item></groupSet>\
         <privateDnsEnabled>true</privateDnsEnabled>"
    );
    let ranges = "<ipRanges><item><cidrIp>10.0.0.0/8</cidrIp></item></ipRanges>";
    let rule = format!("<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>{ranges}</item>");
    let gate = format!(
        "<groupId>sg-gate</groupId><groupName>gate</groupName><vpcId>vpc-1</vpcId><ipPermissions>{rule}</ipPermissions>\
         <ipPermissionsEgress/>"
    );
    ec2.entry("DescribeVpcEndpoints").or_default().push(endpoint);
    ec2.entry("DescribeSecurityGroups").or_default().push(gate);
    ec2
}

/// An account in which every check passes, and every call is needed for that.
pub(crate) fn healthy() -> Account {
    let rest_apis: Vec<Api> = (1..=5)
        .map(|n| {
            let mut stages = vec![rest_stage("prod", &format!("/gateway/orders-{n}"))];
            if n == 1 {
                stages.push(rest_stage("dev", "stream amazon-apigateway-orders"));
            }
            api(&format!("rest{n}"), &format!("orders-{n}"), "", stages)
        })
        .collect();
    let live = |n| format!("live{n}");
    let v2_apis = vec![
        api("http1", "shop", "HTTP", vec![v2_stage("$default", "/gateway/shop", None)]),
        api("http2", "shop", "HTTP", vec![v2_stage("$default", "/gateway/shop", None)]),
        api("http3", "shop", "HTTP", vec![v2_stage("$default", "/gateway/shop", None)]),
        api("ws1", "chat", "WEBSOCKET", (1..=5).map(|n| v2_stage(&live(n), "/gateway/chat", Some("INFO"))).collect()),
        api("ws2", "bids", "WEBSOCKET", vec![v2_stage("live1", "/gateway/chat", Some("ERROR"))]),
    ];
    let access = (1..=5).map(|n| format!("/gateway/orders-{n}"));
    let execution = (1..=5).map(|n| format!("API-Gateway-Execution-Logs_rest{n}/prod"));
    let sockets = (1..=5).map(|n| format!("/aws/apigateway/ws1/live{n}"));
    let others = ["/gateway/shop", "/gateway/chat", "/gateway/orders-1-old"].map(str::to_owned);
    let functions = ["orders", "users", "carts", "bills", "stock"].map(|name| format!("/aws/lambda/{name}"));
    let names_with_events = functions.clone().into_iter();
    let more = ["API-Gateway-Execution-Logs_rest1/dev", "/aws/apigateway/ws2/live1", "/aws/vendedlogs/orders"];
    let more = more.map(str::to_owned);
    let names = access.chain(execution).chain(sockets).chain(others).chain(more).chain(functions);
    Account {
        rest_apis,
        v2_apis,
        cloudwatch_role: Some(role_arn()),
        log_groups: names
            .map(|name| {
                let key = name.starts_with("/gateway/orders-").then(|| json!(KEY));
                let group = json!({"retentionInDays": 30, "kmsKeyId": key});
                (name, group)
            })
            .collect(),
        keys: BTreeMap::from([(KEY.to_owned(), key_policy())]),
        streams: vec!["amazon-apigateway-orders".to_owned()],
        roles: BTreeMap::from([
            (
                SERVICE_ROLE.to_owned(),
                Role {
                    trust: trust("lambda.amazonaws.com"),
                    inline: BTreeMap::from([(
                        "all".to_owned(),
                        policy(&[("Allow", "logs:*", "*"), ("Allow", "xray:Put*", "*")]),
                    )]),
                    ..Role::default()
                },
            ),
            (
                LOG_ROLE.to_owned(),
                Role {
                    trust: trust("apigateway.amazonaws.com"),
                    boundary: Some(policy_arn("boundary")),
                    inline: BTreeMap::from([
                        ("a".to_owned(), policy(&[("Allow", "s3:*", "*")])),
                        ("b".to_owned(), policy(&[("Allow", "s3:*", "*")])),
                        ("create".to_owned(), policy(&[("Allow", "logs:CreateLogStream", "*")])),
                    ]),
                    attached: ["x", "y", "write"].map(policy_arn).to_vec(),
                },
            ),
        ]),
        managed_policies: BTreeMap::from([
            (policy_arn("boundary"), policy(&[("Allow", "logs:*", "*")])),
            (policy_arn("x"), policy(&[("Allow", "s3:*", "*")])),
            (policy_arn("y"), policy(&[("Allow", "s3:*", "*")])),
            (
                policy_arn("write"),
                policy(&[("Allow", "logs:PutLogEvents", "*"), ("Allow", "logs:CreateLogGroup", "*")]),
            ),
        ]),
        functions: ["orders", "users", "carts", "bills", "stock"]
            .map(|name| function(REGION, name, SERVICE_ROLE, "Active"))
            .into_iter()
            .enumerate()
            .map(|(n, function)| if n < 2 { in_vpc(function, n) } else { function })
            .collect(),
        ec2: with_endpoint(networks(2)),
        log_policies: ["one", "AWSLogDeliveryWrite20150319", "two"]
            .map(|name| (name.to_owned(), delivery(if name.len() > 3 { "*" } else { "/aws/vendedlogs/*" })))
            .into_iter()
            .chain([("spans".to_owned(), spans())])
            .collect(),
        xray: Xray {
            rules: vec![
                sampling_rule("users", 7, 0.0, 2),
                sampling_rule("others", 8, 0.1, 0),
                sampling_rule("Default", 10_000, 0.0, 0),
            ],
            destination: "CloudWatchLogs",
            status: "ACTIVE",
        },
        events: names_with_events
            .map(|name| (name, ["START", "quite well", "END"].map(str::to_owned).to_vec()))
            .collect(),
        organization: Some(organization()),
        deliveries: [
            ("orders", "rest1/prod", "logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/orders"),
            ("kept", "rest2/prod", "s3:::kept"),
            ("gone", "rest1/gone", "s3:::gone"),
        ]
        .map(|(name, stage, arn)| Delivery { name, stage, destination: format!("arn:aws:{arn}") })
        .into(),
        ..Account::default()
    }
}

/// An account in which most checks fail. Its role may write because of everything but one policy, which denies.
pub(super) fn broken(denies: &str) -> Account {
    let mut account = healthy();
    account.rest_apis[0].stages[0].as_object_mut().unwrap().remove("accessLogSettings");
    account.rest_apis[1].stages[0]["accessLogSettings"]["format"] =
        json!("$context.identity.sourceIp $context.requestId");
    account.rest_apis[2].stages[0]["methodSettings"] = json!({});
    account.rest_apis[2].stages[0]["tracingEnabled"] = json!(false);
    account.rest_apis[3].stages[0]["methodSettings"]["*/*"]["dataTraceEnabled"] = json!(true);
    account.rest_apis[3].stages[0]["accessLogSettings"]["format"] = json!(r#"{"status":"$context.status"}"#);
    account.log_groups.remove("/gateway/orders-5");
    account.log_groups.insert("/gateway/orders-4".to_owned(), json!({}));
    account.log_groups.insert("/gateway/chat".to_owned(), json!({}));
    account.streams.clear();
    account.xray.rules.drain(..2);
    account.log_policies.remove("spans");
    let all = [("Allow", "*", "*"), ("Deny", "logs:PutLogEvents", "*")];
    let role = account.roles.get_mut(LOG_ROLE).unwrap();
    match denies {
        "inline" => drop(role.inline.insert("create".to_owned(), policy(&all))),
        "attached" => drop(account.managed_policies.insert(policy_arn("write"), policy(&all))),
        "boundary" => drop(account.managed_policies.insert(policy_arn("boundary"), policy(&all))),
        "trust" => role.trust = trust("lambda.amazonaws.com"),
        "role" => account.roles.clear(),
        "unset" => account.cloudwatch_role = None,
        "organization" => {
            role.inline.insert("create".to_owned(), policy(&all[..1]));
            account.organization.as_mut().unwrap().scps.insert("p-put".to_owned(), policy(&all));
        }
        other => panic!("{other}"),
    }
    account
}
