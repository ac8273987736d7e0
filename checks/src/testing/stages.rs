//! What can be wrong with the settings of stages, and with the destinations of access logs.

use gatelight_model::{
    Fetched,
    inventory::{AccessLogSetting, MethodLogging, Protocol, Region},
};

use super::{Fault, denied, logging};

/// The scenarios in which stages are set wrong.
pub(super) const STAGES: &[Fault] = &[
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

/// The scenarios in which access logs are sent to the wrong place.
pub(super) const DESTINATIONS: &[Fault] = &[
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
