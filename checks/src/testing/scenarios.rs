//! The scenarios in which something is wrong, or not known: each a healthy one with a fault, or a few that do not touch.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AccessLogSetting, FunctionVpc, InlinePolicy, LogGroup, LogPolicy, MethodLogging, Network, Protocol, Region,
        Role,
    },
};

use super::{
    Inventory, break_off,
    deliveries::DELIVERIES,
    denied,
    emission::EMISSION,
    healthy,
    healthy::CREATED,
    ingested::INGESTED,
    logging,
    network::{BEYOND, NETWORKS},
    organization::ORGANIZATIONS,
    tracing::{TRACING, trace_destination},
    traffic::TRAFFIC,
};

/// An account in which neither API Gateway nor Lambda is used.
#[must_use]
pub fn empty() -> Inventory {
    let mut inventory = healthy();
    inventory.region.rest_apis.seen.clear();
    inventory.region.v2_apis.seen.clear();
    inventory.region.log_groups.clear();
    inventory.region.delivery_streams.clear();
    inventory.region.functions.seen.clear();
    inventory.region.callers.clear();
    inventory.region.log_deliveries.seen.clear();
    inventory.region.log_policies.seen.clear();
    inventory.region.capacity_providers.clear();
    inventory.region.log_probes.clear();
    inventory.region.traffic.clear();
    inventory.region.taken.clear();
    inventory.region.sampling_rules.seen.clear();
    inventory.region.trace_destination = Fetched::known(trace_destination("XRay", Some("ACTIVE")));
    inventory.region.named_log_groups.seen.clear();
    inventory.region.network = no_network();
    inventory.account.roles.clear();
    inventory.account.managed_policies.clear();
    inventory.account.organization = Fetched::known(None);
    inventory.set_gateway_role(None);
    inventory
}

/// Networks were asked for, and there are none.
fn no_network() -> Network {
    Network {
        subnets: Listing::whole(vec![]),
        vpcs: Listing::whole(vec![]),
        route_tables: Listing::whole(vec![]),
        nat_gateways: Listing::whole(vec![]),
        internet_gateways: Listing::whole(vec![]),
        endpoints: Listing::whole(vec![]),
        security_groups: Listing::whole(vec![]),
        network_acls: Listing::whole(vec![]),
        dhcp_options: Listing::whole(vec![]),
        prefix_lists: vec![],
        network_interfaces: Listing::whole(vec![]),
        peering_connections: Listing::whole(vec![]),
        transit_gateways: Listing::whole(vec![]),
        transit_attachments: Listing::whole(vec![]),
        transit_subnets: Listing::whole(vec![]),
        transit_tables: vec![],
    }
}

/// Every scenario: the healthy one, the empty one, and the faulty ones.
#[must_use]
pub fn scenarios() -> Vec<Inventory> {
    named_scenarios().into_iter().map(|(_, inventory)| inventory).collect()
}

/// The same, each with what it is about.
#[must_use]
pub fn named_scenarios() -> Vec<(&'static str, Inventory)> {
    let faulty = STAGES
        .iter()
        .chain(DESTINATIONS)
        .chain(ROLES)
        .chain(FUNCTIONS)
        .chain(NETWORKS)
        .chain(BEYOND)
        .chain(DELIVERIES)
        .chain(EMISSION)
        .chain(TRAFFIC)
        .chain(INGESTED)
        .chain(TRACING)
        .chain(ORGANIZATIONS)
        .chain(GAPS);
    let faulty = faulty.map(|(name, mutate)| {
        let mut inventory = healthy();
        mutate(&mut inventory);
        (*name, inventory)
    });
    [("healthy", healthy()), ("empty", empty())].into_iter().chain(faulty).collect()
}

type Fault = (&'static str, fn(&mut Inventory));

const STAGES: &[Fault] = &[
    ("stages without settings", |inventory| {
        for stage in ["orders/prod", "shop/$default", "chat/prod"] {
            let stage = inventory.stage_mut(stage);
            stage.access_log = None;
            stage.method_logging.clear();
            stage.tracing = None;
        }
        inventory.api_mut("users").stages.seen.clear();
        inventory.api_mut("cart").stages.seen.clear();
    }),
    ("half an access log", |inventory| {
        inventory.access_log_mut("orders/prod").destination = None;
        inventory.access_log_mut("orders/staging").format = None;
        inventory.access_log_mut("shop/v1").format = Some(String::new());
        inventory.stage_mut("chat/prod").access_log = Some(AccessLogSetting { destination: None, format: None });
    }),
    ("formats that are no JSON", |inventory| {
        let clf = "$context.identity.sourceIp [$context.requestTime] $context.status $context.requestId";
        let formats = [
            clf,
            r#"{"requestId":$context.requestId}"#,
            r#"{"status":"$context.status","requestId":"$context.requestId",}"#,
            r#""just $context.requestId""#,
        ];
        for (stage, format) in ["orders/prod", "shop/$default", "chat/prod", "orders/staging"].iter().zip(formats) {
            inventory.access_log_mut(stage).format = Some(format.to_owned());
        }
    }),
    ("formats that say too little", |inventory| {
        let formats = [
            r#"{"status":"$context.status","error":"$context.integration.error"}"#,
            r#"{"id":"$context.requestId","status":"$context.integrationStatus"}"#,
            r#"{"id":"$context.extendedRequestId","status":"$context.integration.status"}"#,
            "{}",
        ];
        for (stage, format) in ["orders/prod", "shop/$default", "chat/prod", "orders/staging"].iter().zip(formats) {
            inventory.access_log_mut(stage).format = Some(format.to_owned());
        }
    }),
    ("formats that break, or name what is never filled", |inventory| {
        let fields =
            r#""id":"$context.requestId","status":"$context.integration.status","error":"$context.integration.error""#;
        let formats = [
            r#""took":$context.integration.latency,"whole":$context.responseLatency"#,
            r#""took":"$context.integrationLatency","trace":"$context.xrayTraceId""#,
            r#""text":"$context.error.messageString","event":"$context.eventtype""#,
            r#""body":"$input.body","new":"$context.brandNew","text":$context.error.messageString"#,
        ];
        for (stage, format) in ["orders/prod", "shop/$default", "chat/prod", "orders/staging"].iter().zip(formats) {
            inventory.access_log_mut(stage).format = Some(format!("{{{fields},{format}}}"));
        }
    }),
    ("execution logs off", |inventory| {
        inventory.stage_mut("orders/prod").method_logging.clear();
        inventory.stage_mut("orders/staging").method_logging =
            vec![logging(None, Some("OFF")), logging(Some("~1pets/GET"), Some("INFO"))];
        inventory.stage_mut("users/live").method_logging.push(logging(Some("users/POST"), Some("OFF")));
        inventory.stage_mut("chat/prod").method_logging = vec![logging(None, None)];
    }),
    ("overrides without a level", |inventory| {
        inventory.stage_mut("orders/prod").method_logging.push(logging(Some("pets/GET"), None));
        inventory.stage_mut("chat/prod").method_logging.push(logging(Some("$default"), None));
    }),
    ("payloads recorded", |inventory| {
        let traced = |method, level| MethodLogging { data_trace: true, ..logging(method, Some(level)) };
        inventory.stage_mut("orders/prod").method_logging = vec![traced(None, "INFO")];
        inventory.stage_mut("orders/staging").method_logging.push(traced(Some("pets/GET"), "OFF"));
        inventory.stage_mut("chat/prod").method_logging.push(traced(Some("send"), "ERROR"));
    }),
    ("tracing off", |inventory| {
        inventory.stage_mut("orders/prod").tracing = Some(false);
        inventory.stage_mut("users/beta").tracing = None;
    }),
    ("stages of APIs that cannot be traced, which state tracing and a canary", |inventory| {
        for stage in ["shop/$default", "chat/prod"] {
            let stage = inventory.stage_mut(stage);
            stage.tracing = Some(stage.name == "prod");
            stage.has_canary = true;
            stage.method_logging.push(logging(None, Some("INFO")));
        }
    }),
    ("no stage that needs the role that is set", |inventory| {
        let Region { rest_apis, v2_apis, .. } = &mut inventory.region;
        for api in rest_apis.seen.iter_mut().chain(&mut v2_apis.seen).filter(|api| api.protocol != Protocol::Http) {
            for stage in &mut api.stages.seen {
                stage.access_log = None;
                stage.method_logging.clear();
            }
        }
    }),
];

const DESTINATIONS: &[Fault] = &[
    ("destinations that do not exist", |inventory| {
        inventory.delete_log_group("/gateway/orders");
        inventory.delete_log_group("/gateway/shop");
        *inventory.delivery_stream_mut("amazon-apigateway-orders") = Fetched::known(None);
    }),
    ("destinations elsewhere", |inventory| {
        let mut change = |stage, from, to| {
            let destination = &mut inventory.access_log_mut(stage).destination;
            *destination = destination.as_ref().map(|arn| arn.replace(from, to));
        };
        change("orders/prod", "us-east-1", "eu-west-1");
        change("orders/staging", "123456789012", "210987654321");
        change("shop/v1", "123456789012", "210987654321");
        change("users/beta", "amazon-apigateway-users", "users");
        change("chat/prod", ":log-group:", ":destination:");
    }),
    ("a WebSocket API that writes to Firehose", |inventory| {
        let stream = inventory.access_log_mut("orders/staging").destination.clone();
        inventory.access_log_mut("chat/prod").destination = stream;
    }),
    ("no retention", |inventory| {
        inventory.change_log_group("/gateway/orders", |group| group.retention_days = None);
        inventory.change_log_group("/gateway/feed", |group| group.retention_days = None);
    }),
    ("an account whose id is not known", |inventory| {
        inventory.account.id = Err(denied("sts:GetCallerIdentity")).into();
    }),
];

const ROLES: &[Fault] = &[
    ("role unset", |inventory| inventory.set_gateway_role(None)),
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
fn strip(role: &mut Role) {
    role.boundary = None;
    role.inline_policies.seen.clear();
    role.attached_policies.seen.clear();
}

const FUNCTIONS: &[Fault] = &[
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
    ("no resource policy of CloudWatch Logs", |inventory| inventory.region.log_policies.seen.clear()),
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

fn pass_through(inventory: &mut Inventory, functions: &[&str]) {
    for name in functions {
        inventory.function_mut(name).tracing_mode = Some("PassThrough".to_owned());
    }
}

const GAPS: &[Fault] = &[
    ("listings that broke off", |inventory| {
        inventory.break_rest_apis();
        break_off(&mut inventory.api_mut("chat").stages, "apigatewayv2:GetStages");
    }),
    ("listings that were denied, beside a role that is unset", |inventory| {
        inventory.region.rest_apis = Listing::unread(denied("apigateway:GetRestApis"));
        inventory.region.v2_apis = Listing::unread(denied("apigatewayv2:GetApis"));
        inventory.set_gateway_role(None);
    }),
    ("settings that were denied", |inventory| {
        inventory.region.gateway_settings = Err(denied("apigateway:GetAccount")).into();
    }),
    ("destinations that were denied", |inventory| {
        *inventory.log_group_mut("/gateway/orders") = Err(denied("logs:DescribeLogGroups")).into();
        *inventory.delivery_stream_mut("amazon-apigateway-orders") =
            Err(denied("firehose:DescribeDeliveryStream")).into();
    }),
    ("a role that was denied", |inventory| *inventory.gateway_role_mut() = Err(denied("iam:GetRole")).into()),
    ("policies that were denied, beside a proven lack", |inventory| {
        inventory.change_gateway_role(|role| {
            role.inline_policies.seen.clear();
            break_off(&mut role.attached_policies, "iam:ListAttachedRolePolicies");
        });
        *inventory.managed_policy_mut("policy/boundary") = Err(denied("iam:GetPolicyVersion")).into();
    }),
    ("nothing looked up", |inventory| {
        inventory.region.log_groups.clear();
        inventory.region.delivery_streams.clear();
        inventory.region.callers.clear();
        inventory.region.capacity_providers.clear();
        inventory.region.keys.clear();
        inventory.account.roles.clear();
        inventory.account.managed_policies.clear();
    }),
    ("functions, callers and resource policies that were denied", |inventory| {
        break_off(&mut inventory.region.functions, "lambda:ListFunctions");
        break_off(&mut inventory.region.log_policies, "logs:DescribeResourcePolicies");
        pass_through(inventory, &["checkout", "reports", "ranking"]);
        *inventory.callers_mut("checkout") = Err(denied("lambda:GetPolicy")).into();
        *inventory.role_of_mut("reports") = Err(denied("iam:GetRole")).into();
        *inventory.log_group_mut("/aws/lambda/checkout") = Err(denied("logs:DescribeLogGroups")).into();
        *inventory.key_mut("0a1b2c3d") = Err(denied("kms:DescribeKey")).into();
        inventory.change_key("4e5f6a7b", |key| key.policy = Err(denied("kms:GetKeyPolicy")).into());
        for provider in &mut inventory.region.capacity_providers {
            provider.vpc = Err(denied("lambda:GetCapacityProvider")).into();
        }
    }),
];
