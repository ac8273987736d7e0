//! How long the lines of an access log are.

use gatelight_formats::{
    Format, Variable,
    variables::{self, ValueKind},
};
use gatelight_model::inventory::Protocol;

/// The length in bytes of a line of a format: that of an ordinary request which succeeds. The line is rendered with the
/// values below; a variable that is not among them gets a short value of its own kind.
#[must_use]
pub fn line_bytes(protocol: Protocol, format: &str) -> u64 {
    let fill = |variable: &Variable<'_>, in_string| ordinary(protocol, variable.name, in_string);
    let rendered = Format::new(protocol, format).template.render(fill);
    u64::try_from(rendered.line().len()).unwrap_or(u64::MAX)
}

/// What stands where API Gateway has no value.
const NONE: &str = "-";

/// The value of a variable in an ordinary request which succeeds: ids and times as long as AWS writes them, a path with
/// an id in it, the user agent of a browser, no error, and a caller who is not known to AWS.
fn ordinary(protocol: Protocol, name: &str, in_string: bool) -> &'static str {
    match name {
        // HTTP and WebSocket APIs number their requests as `x-amz-apigw-id` does:
        // <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>.
        "requestId" if protocol != Protocol::Rest => "JKJaXmPLvHcESHA=",
        "extendedRequestId" | "connectionId" | "messageId" => "JKJaXmPLvHcESHA=",
        "integration.requestId" | "awsEndpointRequestId" | "awsEndpointRequestId2" | "authorizer.requestId" => {
            ValueKind::Uuid.sample(in_string)
        }
        "xrayTraceId" => "Root=1-5759e988-bd862e3fe1be46a994272793",
        "requestTime" => "22/Nov/2026:09:00:00 +0000",
        "requestTimeEpoch" | "connectedAt" => "1795338000000",
        "accountId" => "123456789012",
        "apiId" | "domainPrefix" => "a1b2c3d4e5",
        "domainName" => "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "resourceId" | "deploymentId" => "a1b2c3",
        "stage" => "prod",
        "path" => "/prod/orders/1f6b7f6c-5c1e-4d0a-9a7e-0d6c1b2a3f4e",
        "resourcePath" => "/orders/{orderId}",
        "routeKey" => "GET /orders/{orderId}",
        "httpMethod" => "GET",
        "protocol" => "HTTP/1.1",
        "eventType" => "MESSAGE",
        "responseLength" | "dataProcessed" => "1024",
        "identity.sourceIp" => "203.0.113.100",
        "identity.userAgent" => {
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
             Safari/537.36"
        }
        "tlsVersion" => "TLSv1.3",
        "cipherSuite" => "TLS_AES_128_GCM_SHA256",
        "isCanaryRequest" => "false",
        "integration.responseTransferMode" => "BUFFERED",
        "error.messageString" if !in_string => "\"-\"",
        _ if is_absent(name) => NONE,
        _ => variables::ValueKind::of(name).sample(in_string),
    }
}

/// Whether an ordinary request has no value for it: no error, no web ACL, no client certificate, no AWS identity.
fn is_absent(name: &str) -> bool {
    let below = ["error.", "authenticate.", "authorize.", "waf.", "customDomain.", "identity."];
    name.rsplit('.').next() == Some("error")
        || matches!(name, "integrationErrorMessage" | "wafResponseCode" | "webaclArn")
        || below.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{FORMAT, WEBSOCKET_FORMAT};

    #[test]
    fn a_line_is_as_long_as_what_is_written() {
        for (format, bytes) in [
            ("", 0),
            ("$context.requestId", 36),
            ("{\"id\":\"$context.requestId\",\"at\":$context.requestTimeEpoch}", 7 + 36 + 7 + 13 + 1),
            ("$context.error.messageString", 3),
            ("\"$context.error.message\"", 3),
            ("$context.authorizer.claims.sub", "value".len() as u64),
            ("é", 2),
        ] {
            assert_eq!(line_bytes(Protocol::Rest, format), bytes, "{format}");
        }
        assert_eq!(line_bytes(Protocol::Http, "$context.requestId"), 16);
    }

    #[test]
    fn what_can_stand_without_quotes_stays_json() {
        for (protocol, format) in [(Protocol::Rest, FORMAT), (Protocol::Websocket, WEBSOCKET_FORMAT)] {
            let fill = |variable: &Variable<'_>, in_string| ordinary(protocol, variable.name, in_string);
            let rendered = Format::new(protocol, format).template.render(fill);
            assert!(serde_json::from_str::<serde_json::Value>(rendered.line()).is_ok(), "{}", rendered.line());
        }
    }

    #[test]
    fn values_of_numbers_are_numbers() {
        for name in variables::REST.iter().chain(variables::HTTP).chain(variables::WEBSOCKET) {
            let value = ordinary(Protocol::Rest, name, false);
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            assert!(ValueKind::of(name) != ValueKind::Number || is_number || value == NONE, "{name}: {value}");
        }
    }

    proptest! {
        #[test]
        fn more_text_is_a_longer_line(format in ".{0,60}", more in "[a-z ]{1,20}") {
            // After a blank, so that nothing grows into another variable.
            let longer = format!("{format} {more}");
            prop_assert!(line_bytes(Protocol::Rest, &format) < line_bytes(Protocol::Rest, &longer));
        }
    }
}
