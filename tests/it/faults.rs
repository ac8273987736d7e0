//! The collector against answers that fail, break off or lie: each operation spoiled in turn, in each way. Whatever
//! happens, the report may only say less than it would have: an outcome stays as it was or becomes "could not check".

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    budget::networks,
    support::{
        fake::{ACCOUNT, Account, Api, Delivery, Fake, Fault, Organization, Role, Rule, function},
        run::Gatelight,
        xray::{Xray, rule as sampling_rule},
    },
};

const REGION: &str = "eu-west-1";

const ORGANIZATION: &str = "gateway-role-denied-by-organization";

/// Every call that an audit of one region makes, and whether its answer comes in pages.
const OPERATIONS: &[(&str, bool)] = &[
    ("sts:GetCallerIdentity", false),
    ("apigateway:GetRestApis", true),
    ("apigateway:GetStages", false),
    ("apigatewayv2:GetApis", true),
    ("apigatewayv2:GetStages", true),
    ("apigateway:GetAccount", false),
    ("logs:DescribeLogGroups", true),
    ("firehose:DescribeDeliveryStream", false),
    ("iam:GetRole", false),
    ("iam:ListRolePolicies", true),
    ("iam:GetRolePolicy", false),
    ("iam:ListAttachedRolePolicies", true),
    ("iam:GetPolicy", false),
    ("iam:GetPolicyVersion", false),
    ("lambda:ListFunctions", true),
    ("logs:DescribeResourcePolicies", true),
    ("logs:DescribeDeliverySources", true),
    ("logs:DescribeDeliveries", true),
    ("logs:DescribeDeliveryDestinations", true),
    ("logs:FilterLogEvents", true),
    ("ec2:DescribeSubnets", true),
    ("ec2:DescribeVpcs", true),
    ("ec2:DescribeVpcAttribute", false),
    ("ec2:DescribeRouteTables", true),
    ("ec2:DescribeNatGateways", true),
    ("ec2:DescribeInternetGateways", true),
    ("ec2:DescribeVpcEndpoints", true),
    ("ec2:DescribeSecurityGroups", true),
    ("ec2:DescribeNetworkAcls", true),
    ("ec2:DescribeDhcpOptions", true),
    ("kms:DescribeKey", false),
    ("kms:GetKeyPolicy", false),
    ("xray:GetSamplingRules", true),
    ("xray:GetTraceSegmentDestination", false),
    ("organizations:DescribeOrganization", false),
    ("organizations:ListRoots", true),
    ("organizations:ListParents", true),
    ("organizations:ListPoliciesForTarget", true),
    ("organizations:DescribePolicy", false),
];

/// Fields that AWS always sends, and without which an answer means nothing.
const FIELDS: &[(&str, &[&str])] = &[
    ("sts:GetCallerIdentity", &["Account"]),
    ("apigateway:GetRestApis", &["item"]),
    ("apigateway:GetRestApis", &["id"]),
    ("apigateway:GetStages", &["item"]),
    ("apigateway:GetStages", &["stageName"]),
    ("apigateway:GetAccount", &["cloudwatchRoleArn", "throttleSettings", "features", "apiKeyVersion"]),
    ("apigatewayv2:GetApis", &["items"]),
    ("apigatewayv2:GetApis", &["apiId"]),
    ("apigatewayv2:GetApis", &["protocolType"]),
    ("apigatewayv2:GetStages", &["items"]),
    ("apigatewayv2:GetStages", &["stageName"]),
    ("logs:DescribeLogGroups", &["logGroups"]),
    ("logs:DescribeLogGroups", &["logGroupName"]),
    ("logs:DescribeLogGroups", &["arn", "logGroupArn"]),
    ("firehose:DescribeDeliveryStream", &["DeliveryStreamDescription"]),
    ("firehose:DescribeDeliveryStream", &["DeliveryStreamARN"]),
    ("iam:GetRole", &["Role"]),
    ("iam:GetRole", &["Arn"]),
    ("iam:GetRole", &["AssumeRolePolicyDocument"]),
    ("iam:GetRole", &["PermissionsBoundaryArn"]),
    ("iam:ListRolePolicies", &["PolicyNames"]),
    ("iam:GetRolePolicy", &["PolicyDocument"]),
    ("iam:ListAttachedRolePolicies", &["AttachedPolicies"]),
    ("iam:ListAttachedRolePolicies", &["PolicyArn"]),
    ("iam:GetPolicy", &["Policy"]),
    ("iam:GetPolicy", &["DefaultVersionId"]),
    ("iam:GetPolicyVersion", &["PolicyVersion"]),
    ("iam:GetPolicyVersion", &["Document"]),
    ("lambda:ListFunctions", &["Functions"]),
    ("lambda:ListFunctions", &["FunctionName"]),
    ("lambda:ListFunctions", &["Role"]),
    ("logs:DescribeResourcePolicies", &["resourcePolicies"]),
    ("logs:DescribeResourcePolicies", &["policyDocument"]),
    ("logs:DescribeDeliverySources", &["deliverySources"]),
    ("logs:DescribeDeliverySources", &["name"]),
    ("logs:DescribeDeliverySources", &["logType"]),
    ("logs:DescribeDeliverySources", &["resourceArns"]),
    ("logs:DescribeDeliveries", &["deliveries"]),
    ("logs:DescribeDeliveries", &["deliverySourceName"]),
    ("logs:DescribeDeliveries", &["deliveryDestinationArn"]),
    ("logs:DescribeDeliveryDestinations", &["deliveryDestinations"]),
    ("logs:DescribeDeliveryDestinations", &["arn"]),
    ("logs:DescribeDeliveryDestinations", &["deliveryDestinationConfiguration"]),
    ("logs:FilterLogEvents", &["events"]),
    ("logs:FilterLogEvents", &["message"]),
    ("kms:DescribeKey", &["KeyMetadata"]),
    ("kms:DescribeKey", &["KeyState"]),
    ("kms:GetKeyPolicy", &["Policy"]),
    ("xray:GetSamplingRules", &["SamplingRuleRecords"]),
    ("xray:GetSamplingRules", &["SamplingRule"]),
    ("xray:GetSamplingRules", &["RuleName"]),
    ("xray:GetSamplingRules", &["Priority"]),
    ("xray:GetSamplingRules", &["FixedRate"]),
    ("xray:GetSamplingRules", &["ReservoirSize"]),
    ("xray:GetSamplingRules", &["ServiceName"]),
    ("xray:GetSamplingRules", &["ServiceType"]),
    ("xray:GetSamplingRules", &["ResourceARN"]),
    ("xray:GetSamplingRules", &["Host"]),
    ("xray:GetSamplingRules", &["HTTPMethod"]),
    ("xray:GetSamplingRules", &["URLPath"]),
    ("xray:GetTraceSegmentDestination", &["Destination"]),
    ("organizations:DescribeOrganization", &["Organization"]),
    ("organizations:DescribeOrganization", &["Id"]),
    ("organizations:DescribeOrganization", &["MasterAccountId"]),
    ("organizations:DescribeOrganization", &["FeatureSet"]),
    ("organizations:ListRoots", &["Roots"]),
    ("organizations:ListRoots", &["PolicyTypes"]),
    ("organizations:ListRoots", &["Type"]),
    ("organizations:ListRoots", &["Status"]),
    ("organizations:ListParents", &["Parents"]),
    ("organizations:ListParents", &["Id"]),
    ("organizations:ListPoliciesForTarget", &["Policies"]),
    ("organizations:ListPoliciesForTarget", &["Id"]),
    ("organizations:ListPoliciesForTarget", &["Arn"]),
    ("organizations:ListPoliciesForTarget", &["Name"]),
    ("organizations:DescribePolicy", &["Policy"]),
    ("organizations:DescribePolicy", &["Content"]),
];

// ---- Worlds ----

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
fn broken(denies: &str) -> Account {
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

// ---- Reports ----

/// What a run said.
struct Said {
    status: Option<i32>,
    took: Duration,
    stderr: String,
    report: Value,
    requests: BTreeMap<String, usize>,
}

/// (check, subject) → (verdict, severity).
type Outcomes = BTreeMap<(String, String), (String, String)>;

impl Said {
    fn outcomes(&self) -> Outcomes {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let outcomes = self.report["outcomes"].as_array().map_or(&[][..], Vec::as_slice);
        let pair =
            |o: &Value| ((text(&o["check"]), text(&o["subject"]["arn"])), (text(&o["verdict"]), text(&o["severity"])));
        outcomes.iter().map(pair).collect()
    }

    /// (operation, kind) of each gap.
    fn gaps(&self) -> BTreeSet<(String, String)> {
        let shards = self.report["shards"].as_array().map_or(&[][..], Vec::as_slice);
        let gaps = shards.iter().flat_map(|shard| shard["gaps"].as_array().cloned().unwrap_or_default());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        gaps.map(|gap| (text(&gap["operation"]), text(&gap["kind"]))).collect()
    }

    fn throttled(&self) -> u64 {
        let shards = self.report["shards"].as_array().map_or(&[][..], Vec::as_slice);
        shards.iter().filter_map(|shard| shard["throttled"].as_u64()).sum()
    }
}

fn audit(account: Account, rules: Vec<Rule>) -> Said {
    audit_in(&["--region", REGION], account, rules)
}

fn audit_in(regions: &[&str], account: Account, rules: Vec<Rule>) -> Said {
    let fake = Fake::start(account, rules);
    // With metrics, groups that took nothing are not searched.
    let args = ["audit", "--pace", "off", "--format", "json", "--metrics", "off"];
    let ran = Gatelight::new(args).args(regions).endpoint(&fake.endpoint()).run();
    Said {
        status: ran.status,
        took: ran.took,
        report: serde_json::from_str(&ran.stdout).unwrap_or_default(),
        stderr: ran.stderr,
        requests: fake.counts(),
    }
}

/// Whether `spoiled` says nothing that `whole` does not: every outcome is as it was, or unknown; one that is gone has
/// left an unknown of its check behind, about the account's settings; and none came out of nowhere.
fn says_less(whole: &Outcomes, spoiled: &Outcomes) -> Vec<String> {
    let is_account = |arn: &str| arn.ends_with("::/account");
    let excused: BTreeSet<&str> = spoiled
        .iter()
        .filter(|((_, arn), (verdict, _))| verdict == "unknown" && is_account(arn))
        .map(|((check, _), _)| check.as_str())
        .collect();
    let rank = |severity: &str| ["low", "medium", "high"].iter().position(|s| *s == severity);
    let mut complaints = Vec::new();
    for (key @ (check, arn), (verdict, severity)) in whole {
        match spoiled.get(key) {
            Some((unknown, _)) if unknown == "unknown" => {}
            Some((same, now)) if same == verdict => {
                if rank(now) < rank(severity) {
                    complaints.push(format!("{check} of {arn}: {severity} fell to {now}"));
                }
            }
            Some((other, _)) => complaints.push(format!("{check} of {arn}: {verdict} became {other}")),
            None if excused.contains(check.as_str()) => {}
            None => complaints.push(format!("{check} of {arn}: {verdict} vanished")),
        }
    }
    for (key @ (check, arn), (verdict, _)) in spoiled {
        let of_listing = verdict == "unknown" && is_account(arn);
        if !of_listing && !whole.contains_key(key) {
            complaints.push(format!("{check} of {arn}: {verdict} came out of nowhere"));
        }
    }
    complaints
}

/// What must be so after any fault: a report, an exit status that fits it, no panic, nothing new in what it says.
fn sound(whole: &Said, spoiled: &Said) -> Vec<String> {
    let outcomes = spoiled.outcomes();
    // Policies of organizations are told to few, and what is not known of them does not count.
    let unknown = outcomes.iter().any(|((check, _), (verdict, _))| verdict == "unknown" && check != ORGANIZATION);
    let fails = outcomes.values().any(|(verdict, severity)| verdict == "fail" && severity != "low");
    let expected = match (fails, unknown) {
        (true, _) => 1,
        (false, true) => 3,
        (false, false) => 0,
    };
    let mut complaints = says_less(&whole.outcomes(), &outcomes);
    if spoiled.status != Some(expected) {
        complaints.push(format!("exit status {:?} and not {expected}; stderr: {}", spoiled.status, spoiled.stderr));
    }
    complaints
}

// ---- Tables ----

/// Runs `check` over the cases side by side (they mostly wait), and fails with all complaints.
fn over<C: Sync>(cases: &[C], describe: impl Fn(&C) -> String + Sync, check: impl Fn(&C) -> Vec<String> + Sync) {
    const SIDE_BY_SIDE: usize = 24;
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    // The runner panics if the binary does, or does not end.
                    let found = catch_unwind(AssertUnwindSafe(|| check(case)))
                        .unwrap_or_else(|panic| vec![panic.downcast_ref::<String>().cloned().unwrap_or_default()]);
                    if !found.is_empty() {
                        complaints.lock().unwrap().insert(describe(case), found);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    let few = |found: &Vec<String>| {
        let rest = found.len().saturating_sub(6);
        let more = if rest > 0 { format!("\n    … and {rest} more") } else { String::new() };
        found.iter().take(6).map(|complaint| format!("\n    {complaint}")).collect::<Vec<_>>().concat() + &more
    };
    let text: Vec<_> = complaints.iter().map(|(case, found)| format!("{case}{}", few(found))).collect();
    assert!(text.is_empty(), "{} of {} cases:\n{}", text.len(), cases.len(), text.join("\n"));
}

/// A fault that never ends, in each operation of the healthy account in turn: the gap is of that kind.
fn leaves_a_gap(faults: &[Fault], kind: &str) {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().flat_map(|(op, _)| faults.iter().map(|fault| (*op, *fault))).collect();
    over(
        &cases,
        |(op, fault)| format!("{op}: {fault:?}"),
        |(op, fault)| {
            let spoiled = audit(healthy(), vec![Rule::always(op, *fault)]);
            // Nothing can be said about an account when the very first call gets no answer.
            let unreachable = matches!(fault, Fault::Hang | Fault::Drip | Fault::Reset | Fault::HangUp | Fault::CutOff);
            if *op == "sts:GetCallerIdentity" && unreachable && spoiled.status == Some(2) {
                let silent = spoiled.stderr.trim().is_empty();
                return if silent { vec!["exit status 2 and nothing said".to_owned()] } else { vec![] };
            }
            let mut complaints = sound(&whole, &spoiled);
            let gaps = spoiled.gaps();
            if !gaps.contains(&((*op).to_owned(), kind.to_owned())) {
                complaints.push(format!("no {kind} gap of it among {gaps:?}"));
            }
            if spoiled.report["complete"] != json!(false) && *op != "sts:GetCallerIdentity" {
                complaints.push("the report calls itself complete".to_owned());
            }
            if spoiled.took > Duration::from_secs(90) {
                complaints.push(format!("took {:?}", spoiled.took));
            }
            complaints
        },
    );
}

// ---- Tests ----

#[test]
fn the_worlds_are_what_they_are_called() {
    let ran = audit(healthy(), vec![]);
    let odd: Vec<_> = ran.outcomes().into_iter().filter(|(_, (v, _))| v != "pass" && v != "not-applicable").collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert_eq!((ran.status, &ran.report["complete"]), (Some(0), &json!(true)), "{}", ran.stderr);
    for (operation, _) in OPERATIONS {
        assert!(ran.requests.contains_key(*operation), "{operation} is not called");
    }
    assert_eq!(ran.requests.len(), OPERATIONS.len(), "{:?}", ran.requests);
    for (denies, fails) in [
        ("inline", "gateway-role-cannot-write"),
        ("attached", "gateway-role-cannot-write"),
        ("boundary", "gateway-role-cannot-write"),
        ("trust", "gateway-role-untrusted"),
        ("role", "gateway-role-missing"),
        ("unset", "gateway-role-unset"),
        ("organization", ORGANIZATION),
    ] {
        let ran = audit(broken(denies), vec![]);
        let failed: BTreeSet<_> =
            ran.outcomes().into_iter().filter(|(_, (v, _))| v == "fail").map(|((check, _), _)| check).collect();
        assert!(failed.contains(fails), "{denies}: {failed:?}");
        assert!(failed.len() >= 9, "{denies}: {failed:?}");
        assert_eq!(ran.status, Some(1), "{denies}: {}", ran.stderr);
    }
}

#[test]
fn lists_are_read_to_the_end_whatever_the_size_of_a_page() {
    let whole = audit(healthy(), vec![]);
    for page in [1, 2, 3] {
        let paged = audit(Account { page, ..healthy() }, vec![]);
        assert_eq!(paged.outcomes(), whole.outcomes(), "{page} a page");
        assert_eq!(paged.requests["apigateway:GetRestApis"], 5_usize.div_ceil(page));
        assert_eq!(paged.requests["apigatewayv2:GetApis"], 5_usize.div_ceil(page));
        assert_eq!(paged.requests["apigatewayv2:GetStages"], 5_usize.div_ceil(page) + 4);
        // And one of the functions' role.
        assert_eq!(paged.requests["iam:ListRolePolicies"], 3_usize.div_ceil(page) + 1);
        assert_eq!(paged.requests["iam:ListAttachedRolePolicies"], 3_usize.div_ceil(page) + 1);
        assert_eq!(paged.requests["lambda:ListFunctions"], 5_usize.div_ceil(page));
        // Four levels, two types, two policies each; and every policy is described once.
        assert_eq!(paged.requests["organizations:ListPoliciesForTarget"], 8 * 2_usize.div_ceil(page));
        assert_eq!(paged.requests["organizations:DescribePolicy"], 4);
        assert_eq!(paged.requests["organizations:ListParents"], 3);
    }
}

#[test]
fn an_empty_page_with_a_token_is_not_the_end() {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().filter(|(_, paged)| *paged).collect();
    over(
        &cases,
        |(op, _)| (*op).to_owned(),
        |(op, _)| {
            let paged = audit(healthy(), vec![Rule::always(op, Fault::EmptyPageFirst)]);
            if paged.outcomes() == whole.outcomes() { vec![] } else { vec![format!("{:#?}", paged.outcomes())] }
        },
    );
}

#[test]
fn a_token_that_repeats_ends_the_list_with_a_gap() {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().filter(|(_, paged)| *paged).collect();
    over(
        &cases,
        |(op, _)| (*op).to_owned(),
        |(op, _)| {
            let spoiled = audit(Account { page: 1, ..healthy() }, vec![Rule::always(op, Fault::SameToken)]);
            let mut complaints = sound(&whole, &spoiled);
            if !spoiled.gaps().contains(&((*op).to_owned(), "failed".to_owned())) {
                complaints.push(format!("no gap of it among {:?}", spoiled.gaps()));
            }
            if spoiled.requests[*op] > 100 {
                complaints.push(format!("{} requests", spoiled.requests[*op]));
            }
            complaints
        },
    );
}

#[test]
fn a_refusal_is_a_denied_gap() {
    leaves_a_gap(&[Fault::Denied], "denied");
}

#[test]
fn an_operation_that_the_endpoint_does_not_know_is_an_unsupported_gap() {
    leaves_a_gap(&[Fault::Unsupported], "unsupported");
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failed_gap() {
    leaves_a_gap(&[Fault::Malformed, Fault::Html, Fault::Empty], "failed");
}

/// As much as came may do; what did not come must not be missed.
#[test]
fn half_a_document_is_not_taken_for_the_whole() {
    let scenarios = [("healthy", healthy()), ("broken", broken("boundary"))].map(|(name, inventory)| {
        let whole = audit(inventory.clone(), vec![]);
        (name, inventory, whole)
    });
    let cases: Vec<_> =
        OPERATIONS.iter().flat_map(|(op, _)| scenarios.iter().map(move |inventory| (*op, inventory))).collect();
    over(
        &cases,
        |(op, (name, ..))| format!("{op}, {name}"),
        |(op, (_, inventory, whole))| {
            let spoiled = audit(inventory.clone(), vec![Rule::always(op, Fault::Truncated)]);
            sound(whole, &spoiled)
        },
    );
}

#[test]
fn an_answer_that_breaks_off_is_a_failed_gap() {
    leaves_a_gap(&[Fault::CutOff, Fault::Reset, Fault::HangUp], "failed");
}

#[test]
fn server_errors_without_end_are_a_failed_gap() {
    leaves_a_gap(&[Fault::ServerError(500), Fault::ServerError(503)], "failed");
}

/// Slow: the pauses between attempts add up.
#[test]
fn throttling_without_end_is_a_throttled_gap() {
    leaves_a_gap(&[Fault::Throttled], "throttled");
}

/// Slow: it waits for the program's real time limits.
#[test]
fn no_answer_within_the_time_limits_is_a_timed_out_gap() {
    leaves_a_gap(&[Fault::Hang, Fault::Drip], "timed-out");
}

#[test]
fn what_passes_after_a_while_leaves_no_trace_but_a_count() {
    let whole = audit(healthy(), vec![]);
    let faults = [Fault::Throttled, Fault::ServerError(500), Fault::Reset, Fault::HangUp];
    let cases: Vec<_> = OPERATIONS.iter().flat_map(|(op, _)| faults.iter().map(|fault| (*op, *fault))).collect();
    over(
        &cases,
        |(op, fault)| format!("{op}: {fault:?} once"),
        |(op, fault)| {
            let ran = audit(healthy(), vec![Rule::first(1, op, *fault)]);
            let mut complaints = sound(&whole, &ran);
            if ran.outcomes() != whole.outcomes() || !ran.gaps().is_empty() || ran.report["complete"] != json!(true) {
                complaints.push(format!("not complete: {:?}", ran.gaps()));
            }
            if ran.requests[*op] != whole.requests[*op] + 1 {
                complaints.push(format!("{} requests after {}", ran.requests[*op], whole.requests[*op]));
            }
            if (ran.throttled() > 0) != (*fault == Fault::Throttled) {
                complaints.push(format!("throttled: {}", ran.throttled()));
            }
            complaints
        },
    );
}

#[test]
fn a_field_that_is_left_out_is_never_read_as_none() {
    let scenarios = [("healthy", healthy()), ("broken", broken("inline"))].map(|(name, inventory)| {
        let whole = audit(inventory.clone(), vec![]);
        (name, inventory, whole)
    });
    let cases: Vec<_> =
        FIELDS.iter().flat_map(|field| scenarios.iter().map(move |inventory| (field, inventory))).collect();
    over(
        &cases,
        |((op, fields), (name, ..))| format!("{op} without {fields:?}, {name}"),
        |((op, fields), (_, inventory, whole))| {
            let spoiled = audit(inventory.clone(), vec![Rule::always(op, Fault::Without(fields))]);
            let mut complaints = sound(whole, &spoiled);
            let gapped = spoiled.gaps().contains(&((*op).to_owned(), "failed".to_owned()));
            if !gapped && spoiled.outcomes() != whole.outcomes() {
                complaints.push(format!("no failed gap of it among {:?}", spoiled.gaps()));
            }
            complaints
        },
    );
}

/// IAM says in a field of its own whether there is more, and in another how to go on.
#[test]
fn a_page_that_lacks_its_marker_is_not_the_last() {
    let paged = || Account { page: 1, ..healthy() };
    let whole = audit(paged(), vec![]);
    let lists = ["iam:ListRolePolicies", "iam:ListAttachedRolePolicies"];
    let cases: Vec<_> = lists.iter().flat_map(|op| [(*op, &["IsTruncated"]), (*op, &["Marker"])]).collect();
    over(
        &cases,
        |(op, fields)| format!("{op} without {fields:?}"),
        |(op, fields)| sound(&whole, &audit(paged(), vec![Rule::always(op, Fault::Without(*fields))])),
    );
}

/// Without the list of regions nobody knows where to look, and half of a list is worse: the rest would count as clean.
#[test]
fn all_regions_need_the_whole_list_of_regions() {
    let whole = audit_in(&["--all-regions"], healthy(), vec![]);
    let regions = whole.report["shards"].as_array().unwrap().iter().map(|shard| shard["region"].clone());
    assert_eq!(regions.collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
    let faults = [
        Fault::Denied,
        Fault::ServerError(500),
        Fault::Malformed,
        Fault::Truncated,
        Fault::CutOff,
        Fault::Html,
        Fault::Empty,
        Fault::Without(&["regionInfo"]),
        Fault::Without(&["regionName"]),
    ];
    over(
        &faults,
        |fault| format!("{fault:?}"),
        |fault| {
            let spoiled = audit_in(&["--all-regions"], healthy(), vec![Rule::always("ec2:DescribeRegions", *fault)]);
            let told = spoiled.stderr.contains("ec2:DescribeRegions") && spoiled.stderr.contains("--region");
            if spoiled.status == Some(2) && told {
                vec![]
            } else {
                vec![format!("exit status {:?}, and on stderr: {}", spoiled.status, spoiled.stderr)]
            }
        },
    );
}

/// Where something is wrong, hiding the proof must not make it right.
#[test]
fn a_fault_never_turns_a_finding_into_a_pass() {
    let scenarios = ["inline", "attached", "boundary", "trust", "role", "unset", "organization"].map(|denies| {
        let whole = audit(broken(denies), vec![]);
        (denies, whole)
    });
    let faults = [Fault::Denied, Fault::Malformed, Fault::Empty];
    let cases: Vec<_> = scenarios
        .iter()
        .flat_map(|(denies, whole)| {
            let called = OPERATIONS.iter().filter(|(op, _)| whole.requests.contains_key(*op));
            called.flat_map(move |(op, _)| faults.map(|fault| (*denies, whole, *op, fault)))
        })
        .collect();
    over(
        &cases,
        |(denies, _, op, fault)| format!("{denies}: {op}: {fault:?}"),
        |(denies, whole, op, fault)| sound(whole, &audit(broken(denies), vec![Rule::always(op, *fault)])),
    );
}

/// Between the list and the question the API was deleted. Then it has no stages, and all else is as it was.
#[test]
fn an_api_that_is_deleted_meanwhile_is_left_out() {
    let whole = audit(healthy(), vec![]);
    for op in ["apigateway:GetStages", "apigatewayv2:GetStages"] {
        let ran = audit(healthy(), vec![Rule::first(1, op, Fault::NotFound)]);
        let (before, after) = (whole.outcomes(), ran.outcomes());
        let odd: Vec<_> = after.iter().filter(|(key, value)| before.get(key) != Some(value)).collect();
        assert!(odd.is_empty(), "{op}: {odd:#?}");
        assert!(after.len() < before.len(), "{op}: the stages of the deleted API are still there");
        assert_eq!((ran.status, ran.gaps().len()), (Some(0), 0), "{op}: {:?}", ran.gaps());
    }
}

/// A list that breaks off in the middle keeps what it saw.
#[test]
fn the_pages_before_a_fault_are_kept() {
    let account = Account { page: 2, ..healthy() };
    let whole = audit(account.clone(), vec![]);
    let stages = |outcomes: &Outcomes| outcomes.keys().filter(|(_, arn)| arn.contains("/restapis/")).count();
    for fault in [Fault::Denied, Fault::Malformed, Fault::ServerError(500)] {
        let rule = Rule { operation: "apigateway:GetRestApis", calls: 2..usize::MAX, fault };
        let ran = audit(account.clone(), vec![rule]);
        assert_eq!(sound(&whole, &ran), Vec::<String>::new(), "{fault:?}");
        // Four of the five APIs, five of the six stages.
        assert_eq!(stages(&ran.outcomes()) * 6, stages(&whole.outcomes()) * 5, "{fault:?}");
    }
}

/// One API whose stages nobody tells: the others' outcomes stand.
#[test]
fn one_silent_api_does_not_silence_the_others() {
    let whole = audit(healthy(), vec![]);
    let ran = audit(healthy(), vec![Rule::first(1, "apigateway:GetStages", Fault::Denied)]);
    assert_eq!(sound(&whole, &ran), Vec::<String>::new());
    let passes = |ran: &Said| ran.outcomes().values().filter(|(verdict, _)| verdict == "pass").count();
    assert!(passes(&ran) * 2 > passes(&whole), "{} of {}", passes(&ran), passes(&whole));
    assert_eq!(ran.status, Some(3));
}
