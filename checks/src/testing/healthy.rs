//! The account in which every check passes: two of everything, differing in everything.

use gatelight_model::{
    Fetched, Listing,
    inventory::{
        Account, Api, DeliveryStream, DeliveryStreamAnswer, GatewaySettings, LogGroupAnswer, Protocol, Region, Stage,
    },
};
use jiff::Timestamp;

use super::{
    Inventory,
    build::{CREATED, ID, REGION, api, group_arn, known_group, role_arn, stage, stream_arn, trace_destination},
    deliveries, emission, functions, ingested, logging, network, organization, roles, tracing, traffic,
};

/// A format that every check accepts on REST and HTTP APIs.
pub const FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","#,
    r#""status":"$context.status","integrationError":"$context.integration.error","#,
    r#""integrationStatus":"$context.integration.status","integrationLatency":"$context.integration.latency","#,
    r#""responseLatency":"$context.responseLatency"}"#
);

/// Another one, with spaces, in another order, with more in it.
pub const LONGER_FORMAT: &str = concat!(
    r#"{ "time": "$context.requestTime", "api": "$context.apiId", "stage": "$context.stage", "#,
    r#""took": "$context.responseLatency", "#,
    r#""backend": {"took": "$context.integration.latency", "status": "$context.integration.status", "#,
    r#""error": "$context.integration.error"}, "status": "$context.status", "#,
    r#""ids": ["$context.requestId", "$context.extendedRequestId"] }"#
);

/// One for WebSocket APIs, which have no variable for the whole time.
pub const WEBSOCKET_FORMAT: &str = concat!(
    r#"{"requestId":"$context.requestId","status":$context.status,"connectedAt":$context.connectedAt,"#,
    r#""integrationError":"$context.integration.error","integrationStatus":"$context.integration.status","#,
    r#""integrationLatency":"$context.integrationLatency"}"#
);

/// Another one for them.
pub const LONGER_WEBSOCKET_FORMAT: &str = concat!(
    r#"{ "event": "$context.eventType", "api": "$context.apiId", "stage": "$context.stage", "#,
    r#""backend": {"took": "$context.integration.latency", "status": "$context.integration.status", "#,
    r#""error": "$context.integration.error"}, "status": "$context.status", "#,
    r#""ids": ["$context.extendedRequestId", "$context.connectionId"] }"#
);

/// Every check passes here, or does not apply because it cannot.
#[must_use]
pub fn healthy() -> Inventory {
    Inventory {
        account: Account {
            id: Fetched::known(ID.to_owned()),
            partition: "aws".to_owned(),
            collected_at: Timestamp::constant(1_795_338_000, 0),
            roles: [roles::roles(), functions::roles()].concat(),
            managed_policies: [roles::managed_policies(), functions::managed_policies()].concat(),
            organization: Fetched::known(Some(organization::organization())),
        },
        region: Region {
            closed: None,
            name: REGION.to_owned(),
            rest_apis: Listing::whole(rest_apis()),
            v2_apis: Listing::whole(v2_apis()),
            gateway_settings: Fetched::known(GatewaySettings { cloudwatch_role: Some(role_arn("gateway-logs")) }),
            log_groups: [log_groups(), deliveries::log_groups().into(), functions::log_groups()].concat(),
            delivery_streams: [("amazon-apigateway-orders", "ACTIVE"), ("amazon-apigateway-users", "CREATING")]
                .map(|(name, status)| DeliveryStreamAnswer {
                    name: name.to_owned(),
                    stream: Fetched::known(Some(DeliveryStream {
                        arn: stream_arn(name),
                        status: status.to_owned(),
                        created_at: Fetched::known(CREATED),
                    })),
                })
                .into(),
            functions: Listing::whole(functions::functions()),
            callers: functions::callers(),
            log_deliveries: Listing::whole(deliveries::log_deliveries()),
            log_policies: Listing::whole(
                [functions::log_policies(), deliveries::log_policies().into(), tracing::log_policies().into()].concat(),
            ),
            keys: functions::keys(),
            traffic: traffic::traffic(),
            taken: traffic::taken(),
            ingested: ingested::ingested(),
            capacity_providers: network::capacity_providers(),
            network: network::network(),
            log_probes: emission::log_probes(),
            sampling_rules: Listing::whole(tracing::sampling_rules()),
            trace_destination: Fetched::known(trace_destination("CloudWatchLogs", Some("ACTIVE"))),
            searched_for: Fetched::known(emission::searched_for()),
            named_log_groups: Listing::whole(vec!["/aws/lambda/checkout".to_owned(), emission::DAEMON.to_owned()]),
        },
    }
}

fn rest_apis() -> Vec<Api> {
    let prod = Stage {
        has_canary: true,
        ..stage("prod", &group_arn("/gateway/orders:*"), FORMAT, &[logging(None, Some("INFO"))], Some(true))
    };
    let staging = stage(
        "staging",
        &stream_arn("amazon-apigateway-orders"),
        LONGER_FORMAT,
        &[
            logging(Some("~1pets~1{id}/GET"), Some("INFO")),
            logging(None, Some("ERROR")),
            logging(Some("pets/*"), Some("ERROR")),
        ],
        Some(true),
    );
    let live = stage("live", &group_arn("/gateway/users"), LONGER_FORMAT, &[logging(None, Some("ERROR"))], Some(true));
    let beta = stage(
        "beta",
        &stream_arn("amazon-apigateway-users"),
        FORMAT,
        &[logging(None, Some("INFO")), logging(Some("users/POST"), Some("ERROR"))],
        Some(true),
    );
    vec![
        api("a1b2c3d4e5", "orders", Protocol::Rest, vec![prod, staging]),
        api("f6g7h8i9j0", "users", Protocol::Rest, vec![live, beta]),
    ]
}

fn v2_apis() -> Vec<Api> {
    let silent = |name, group: &str, format| stage(name, &group_arn(group), format, &[], None);
    let chat = stage(
        "prod",
        &group_arn("/gateway/chat"),
        WEBSOCKET_FORMAT,
        &[logging(None, Some("ERROR")), logging(Some("$connect"), Some("INFO"))],
        None,
    );
    let chat_test =
        stage("test", &group_arn("/gateway/feed"), LONGER_WEBSOCKET_FORMAT, &[logging(None, Some("INFO"))], None);
    let feed = stage("live", &group_arn("/gateway/feed"), WEBSOCKET_FORMAT, &[logging(None, Some("INFO"))], None);
    let feed_test = stage("try", &group_arn("/gateway/chat"), WEBSOCKET_FORMAT, &[logging(None, Some("ERROR"))], None);
    vec![
        api(
            "k1l2m3n4o5",
            "shop",
            Protocol::Http,
            vec![silent("$default", "/gateway/shop", FORMAT), silent("v1", "/gateway/shop", LONGER_FORMAT)],
        ),
        api("p6q7r8s9t0", "chat", Protocol::Websocket, vec![chat, chat_test]),
        api(
            "u1v2w3x4y5",
            "cart",
            Protocol::Http,
            vec![silent("$default", "/gateway/cart:*", LONGER_FORMAT), silent("dev", "/gateway/cart", FORMAT)],
        ),
        api("z6a7b8c9d0", "feed", Protocol::Websocket, vec![feed, feed_test]),
    ]
}

/// Those of access logs, then those of execution logs. The execution log of `orders/prod`'s canary and that of
/// `chat/test` have not been created yet: API Gateway does so when it first writes.
fn log_groups() -> Vec<LogGroupAnswer> {
    let group =
        |name: &str, days, class: Option<&str>, key: Option<String>| known_group(name, days, class, key.as_deref());
    let absent = |name: &str| LogGroupAnswer { name: name.to_owned(), group: Fetched::known(None) };
    let key = |id: &str| Some(format!("arn:aws:kms:{REGION}:{ID}:key/{id}"));
    vec![
        group("/gateway/orders", Some(30), Some("STANDARD"), key("0a1b2c3d")),
        group("/gateway/users", Some(90), Some("INFREQUENT_ACCESS"), None),
        group("/gateway/shop", Some(7), None, None),
        group("/gateway/cart", None, Some("DELIVERY"), None),
        group("/gateway/chat", Some(365), Some("STANDARD"), key("4e5f6a7b")),
        group("/gateway/feed", Some(1), Some("STANDARD"), None),
        group("API-Gateway-Execution-Logs_a1b2c3d4e5/prod", Some(30), Some("STANDARD"), None),
        absent("API-Gateway-Execution-Logs_a1b2c3d4e5/prod/Canary"),
        group("API-Gateway-Execution-Logs_a1b2c3d4e5/staging", Some(5), Some("STANDARD"), None),
        group("API-Gateway-Execution-Logs_f6g7h8i9j0/live", Some(14), None, key("0a1b2c3d")),
        group("API-Gateway-Execution-Logs_f6g7h8i9j0/beta", Some(3), Some("STANDARD"), None),
        group("/aws/apigateway/p6q7r8s9t0/prod", Some(30), Some("STANDARD"), None),
        absent("/aws/apigateway/p6q7r8s9t0/test"),
        group("/aws/apigateway/z6a7b8c9d0/live", Some(60), None, None),
        group("/aws/apigateway/z6a7b8c9d0/try", Some(400), Some("STANDARD"), None),
    ]
}
