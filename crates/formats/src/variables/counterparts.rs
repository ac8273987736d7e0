//! Names that people write for a variable that has another name, or another name on this kind of API.

use gatelight_model::inventory::Protocol;

use super::names::{Support, support};

/// A wrong name, and the variable that holds the same value.
const COUNTERPARTS: &[(&str, &str)] = &[
    // The same value has one name on REST APIs and another on the others.
    ("resourcePath", "routeKey"),
    ("routeKey", "resourcePath"),
    ("authorize.error", "authorizer.error"),
    // Names of no kind of API.
    ("apiKeyId", "identity.apiKeyId"),
    ("authorizerError", "authorizer.error"),
    ("authorizerLatency", "authorizer.latency"),
    ("authorizerPrincipalId", "authorizer.principalId"),
    ("authorizerRequestId", "authorizer.requestId"),
    ("authorizerStatus", "authorizer.status"),
    ("awsRequestId", "requestId"),
    ("caller", "identity.caller"),
    ("clientIp", "identity.sourceIp"),
    ("domain", "domainName"),
    ("error", "error.message"),
    ("error.type", "error.responseType"),
    ("errorMessage", "error.message"),
    ("errorMessageString", "error.message"),
    ("errorResponseType", "error.responseType"),
    ("errorType", "error.responseType"),
    ("host", "domainName"),
    ("httpStatus", "status"),
    ("identity.ip", "identity.sourceIp"),
    ("identity.userId", "identity.user"),
    ("integration.errorMessage", "integration.error"),
    ("integration.integrationErrorMessage", "integration.error"),
    ("integration.integrationLatency", "integration.latency"),
    ("integration.responseLatency", "integration.latency"),
    ("integration.responseStatus", "integration.status"),
    ("integration.statusCode", "integration.status"),
    ("integrationError", "integration.error"),
    ("integrationRequestId", "integration.requestId"),
    ("ip", "identity.sourceIp"),
    ("method", "httpMethod"),
    ("principalId", "authorizer.principalId"),
    ("remoteIp", "identity.sourceIp"),
    ("requestIp", "identity.sourceIp"),
    ("requestMethod", "httpMethod"),
    ("requestPath", "path"),
    ("requestProtocol", "protocol"),
    ("requestUri", "path"),
    ("resource", "resourcePath"),
    ("responseCode", "status"),
    ("responseSize", "responseLength"),
    ("responseStatus", "status"),
    ("responseStatusCode", "status"),
    ("responseTime", "responseLatency"),
    ("route", "routeKey"),
    ("sourceIp", "identity.sourceIp"),
    ("stageName", "stage"),
    ("statusCode", "status"),
    ("timestamp", "requestTime"),
    ("traceId", "xrayTraceId"),
    ("uri", "path"),
    ("user", "identity.user"),
    ("userAgent", "identity.userAgent"),
    ("userArn", "identity.userArn"),
    ("validationErrorString", "error.validationErrorString"),
    ("verb", "httpMethod"),
    ("wafError", "waf.error"),
    ("wafLatency", "waf.latency"),
    ("wafStatus", "waf.status"),
    ("xrayTrace", "xrayTraceId"),
];

/// The variable of that kind of API which holds what a name that it does not have was probably meant to hold.
#[must_use]
pub fn counterpart(protocol: Protocol, name: &str) -> Option<&'static str> {
    if !matches!(support(protocol, name), Support::OtherApis | Support::Unknown) {
        return None;
    }
    let (_, counterpart) = COUNTERPARTS.iter().find(|(wrong, _)| *wrong == name)?;
    (support(protocol, counterpart) == Support::Supported).then_some(*counterpart)
}

#[cfg(test)]
mod tests {
    use Protocol::{Http, Rest, Websocket};

    use super::*;

    #[test]
    fn a_counterpart_is_a_variable_of_the_same_kind_of_api() {
        for (name, expected) in [
            ("routeKey", [Some("resourcePath"), None, None]),
            ("resourcePath", [None, Some("routeKey"), Some("routeKey")]),
            ("responseTime", [Some("responseLatency"), Some("responseLatency"), None]),
            ("errorMessage", [Some("error.message"); 3]),
            ("sourceIp", [Some("identity.sourceIp"); 3]),
            ("wafError", [Some("waf.error"), None, Some("waf.error")]),
            ("traceId", [Some("xrayTraceId"), None, None]),
            ("authorize.error", [None, Some("authorizer.error"), None]),
            ("integration.statusCode", [Some("integration.status"); 3]),
            ("responseStatus", [Some("status"); 3]),
            ("brandNew", [None; 3]),
            ("xrayTraceId", [None; 3]),
        ] {
            assert_eq!([Rest, Http, Websocket].map(|protocol| counterpart(protocol, name)), expected, "{name}");
        }
    }

    #[test]
    fn the_table_is_of_wrong_names_each_once() {
        for (index, (wrong, right)) in COUNTERPARTS.iter().enumerate() {
            assert!(COUNTERPARTS[..index].iter().all(|(other, _)| other != wrong), "{wrong}");
            assert!(Protocol::ALL.iter().any(|protocol| counterpart(*protocol, wrong) == Some(right)), "{wrong}");
        }
    }
}
