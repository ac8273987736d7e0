//! Names that people write for a variable that has another name, or another name on this kind of API.

use gatelight_model::inventory::Protocol;

use super::names::{Support, support};

/// A wrong name, and the variable that holds the same value.
const COUNTERPARTS: &[(&str, &str)] = &[
    // The same value has one name on REST APIs and another on the others.
    ("resourcePath", "routeKey"),
    ("routeKey", "resourcePath"),
    // Names of no kind of API.
    ("apiKeyId", "identity.apiKeyId"),
    ("authorizerError", "authorizer.error"),
    ("authorizerLatency", "authorizer.latency"),
    ("authorizerPrincipalId", "authorizer.principalId"),
    ("authorizerStatus", "authorizer.status"),
    ("caller", "identity.caller"),
    ("clientIp", "identity.sourceIp"),
    ("errorMessage", "error.message"),
    ("errorMessageString", "error.message"),
    ("errorResponseType", "error.responseType"),
    ("identity.ip", "identity.sourceIp"),
    ("integration.errorMessage", "integration.error"),
    ("integrationError", "integration.error"),
    ("integrationRequestId", "integration.requestId"),
    ("ip", "identity.sourceIp"),
    ("method", "httpMethod"),
    ("principalId", "authorizer.principalId"),
    ("requestMethod", "httpMethod"),
    ("requestPath", "path"),
    ("responseTime", "responseLatency"),
    ("sourceIp", "identity.sourceIp"),
    ("statusCode", "status"),
    ("traceId", "xrayTraceId"),
    ("user", "identity.user"),
    ("userAgent", "identity.userAgent"),
    ("userArn", "identity.userArn"),
    ("validationErrorString", "error.validationErrorString"),
    ("wafError", "waf.error"),
    ("wafLatency", "waf.latency"),
    ("wafStatus", "waf.status"),
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
