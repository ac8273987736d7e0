//! A complete format for each kind of API.

use gatelight_model::inventory::Protocol;

/// A format on one line that passes every check. All values are quoted, because API Gateway writes `-` for what is
/// absent. All variables are in AWS's own table for that kind of API.
#[must_use]
pub fn recommended(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => concat!(
            r#"{"requestId":"$context.requestId","extendedRequestId":"$context.extendedRequestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","path":"$context.path","#,
            r#""protocol":"$context.protocol","status":"$context.status","#,
            r#""responseLength":"$context.responseLength","responseLatency":"$context.responseLatency","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error","xrayTraceId":"$context.xrayTraceId"}"#
        ),
        Protocol::Http => concat!(
            r#"{"requestId":"$context.requestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""httpMethod":"$context.httpMethod","routeKey":"$context.routeKey","path":"$context.path","#,
            r#""protocol":"$context.protocol","status":"$context.status","#,
            r#""responseLength":"$context.responseLength","responseLatency":"$context.responseLatency","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error"}"#
        ),
        Protocol::Websocket => concat!(
            r#"{"requestId":"$context.requestId","#,
            r#""requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch","#,
            r#""apiId":"$context.apiId","stage":"$context.stage","domainName":"$context.domainName","#,
            r#""ip":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent","#,
            r#""eventType":"$context.eventType","routeKey":"$context.routeKey","#,
            r#""connectionId":"$context.connectionId","messageId":"$context.messageId","status":"$context.status","#,
            r#""integrationStatus":"$context.integration.status","integrationError":"$context.integration.error","#,
            r#""integrationLatency":"$context.integration.latency","#,
            r#""integrationRequestId":"$context.integration.requestId","#,
            r#""errorMessage":"$context.error.message","errorResponseType":"$context.error.responseType","#,
            r#""authorizerError":"$context.authorizer.error"}"#
        ),
    }
}
