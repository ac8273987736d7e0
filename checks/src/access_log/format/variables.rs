//! The variables of access logs, by kind of API, and what they are filled with.
//!
//! The tables are AWS's: REST
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>, HTTP
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>, WebSocket
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html>. `requestOverride`,
//! `responseOverride` and `authorizer` are free names and not listed.

use crate::inventory::Protocol;

use super::template::Variable;

/// What a variable is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A UUID.
    Uuid,
    /// A number without a sign.
    Number,
    /// An IP address.
    Ip,
    /// Text that brings its own double quotes: `error.messageString` alone.
    QuotedText,
    /// Any other text.
    Text,
}

impl Kind {
    /// The kind of the variable of that name, known or not.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "requestId" => Self::Uuid,
            "identity.sourceIp" => Self::Ip,
            "error.messageString" => Self::QuotedText,
            "responseLength" | "requestTimeEpoch" | "connectedAt" | "accountId" | "dataProcessed" => Self::Number,
            _ if ["status", "Status", "latency", "Latency"].iter().any(|end| name.ends_with(end)) => Self::Number,
            _ => Self::Text,
        }
    }

    /// A value of this kind. Quoted text comes without its quotes inside a string: that they break the string is a
    /// matter of its own.
    #[must_use]
    pub fn sample(self, in_string: bool) -> &'static str {
        match self {
            Self::Uuid => "c6af9ac6-7b61-41e6-9a41-93e8deadbeef",
            Self::Number => "200",
            Self::Ip => "192.0.2.1",
            Self::QuotedText if !in_string => "\"value\"",
            Self::QuotedText | Self::Text => "value",
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uuid => "a UUID",
            Self::Number => "a number",
            Self::Ip => "an IP address",
            Self::QuotedText => "text in its own quotes",
            Self::Text => "text",
        }
    }
}

/// Fills a variable with a value of its own kind.
#[must_use]
pub fn value(variable: &Variable<'_>, in_string: bool) -> &'static str {
    Kind::of(variable.name).sample(in_string)
}

/// Fills a variable as API Gateway does where there is no value. AWS does not document it; observed in
/// <https://github.com/DataBiosphere/azul/issues/4009>.
#[must_use]
pub fn absent(_: &Variable<'_>, _: bool) -> &'static str {
    "-"
}

/// The variables of REST APIs, those of response streaming among them.
pub const REST: &[&str] = &[
    "accountId",
    "apiId",
    "authenticate.error",
    "authenticate.latency",
    "authenticate.status",
    "authorize.error",
    "authorize.latency",
    "authorize.status",
    "authorizer.error",
    "authorizer.integrationLatency",
    "authorizer.integrationStatus",
    "authorizer.latency",
    "authorizer.principalId",
    "authorizer.requestId",
    "authorizer.status",
    "awsEndpointRequestId",
    "customDomain.basePathMatched",
    "domainName",
    "domainPrefix",
    "error.message",
    "error.messageString",
    "error.responseType",
    "error.validationErrorString",
    "extendedRequestId",
    "httpMethod",
    "identity.accountId",
    "identity.apiKey",
    "identity.apiKeyId",
    "identity.caller",
    "identity.clientCert.clientCertPem",
    "identity.clientCert.issuerDN",
    "identity.clientCert.serialNumber",
    "identity.clientCert.subjectDN",
    "identity.clientCert.validity.notAfter",
    "identity.clientCert.validity.notBefore",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.responseTransferMode",
    "integration.status",
    "integration.timeToAllHeaders",
    "integration.timeToFirstContent",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "resourceId",
    "resourcePath",
    "responseLatency",
    "responseLength",
    "stage",
    "status",
    "waf.error",
    "waf.latency",
    "waf.status",
    "wafResponseCode",
    "webaclArn",
    "xrayTraceId",
];

/// Variables that REST APIs fill although AWS's table lacks them.
pub const REST_BEYOND_THE_TABLE: &[&str] =
    &["cipherSuite", "deploymentId", "identity.vpcId", "identity.vpceId", "isCanaryRequest", "tlsVersion"];

/// The variables of HTTP APIs. `authorizer.latency` and `authorizer.status` were in earlier versions of the table.
pub const HTTP: &[&str] = &[
    "accountId",
    "apiId",
    "authorizer.error",
    "authorizer.latency",
    "authorizer.principalId",
    "authorizer.status",
    "awsEndpointRequestId",
    "awsEndpointRequestId2",
    "customDomain.basePathMatched",
    "dataProcessed",
    "domainName",
    "domainPrefix",
    "error.message",
    "error.messageString",
    "error.responseType",
    "extendedRequestId",
    "httpMethod",
    "identity.accountId",
    "identity.caller",
    "identity.clientCert.clientCertPem",
    "identity.clientCert.issuerDN",
    "identity.clientCert.serialNumber",
    "identity.clientCert.subjectDN",
    "identity.clientCert.validity.notAfter",
    "identity.clientCert.validity.notBefore",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.status",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "responseLatency",
    "responseLength",
    "routeKey",
    "stage",
    "status",
];

/// The variables of WebSocket APIs.
pub const WEBSOCKET: &[&str] = &[
    "apiId",
    "authenticate.error",
    "authenticate.latency",
    "authenticate.status",
    "authorize.error",
    "authorize.latency",
    "authorize.status",
    "authorizer.error",
    "authorizer.integrationLatency",
    "authorizer.integrationStatus",
    "authorizer.latency",
    "authorizer.principalId",
    "authorizer.requestId",
    "authorizer.status",
    "connectedAt",
    "connectionId",
    "domainName",
    "error.message",
    "error.messageString",
    "error.responseType",
    "error.validationErrorString",
    "eventType",
    "extendedRequestId",
    "identity.accountId",
    "identity.apiKey",
    "identity.apiKeyId",
    "identity.caller",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.requestId",
    "integration.status",
    "integrationLatency",
    "messageId",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
    "status",
    "waf.error",
    "waf.latency",
    "waf.status",
];

/// The table of a kind of API.
#[must_use]
pub fn table(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Rest => REST,
        Protocol::Http => HTTP,
        Protocol::Websocket => WEBSOCKET,
    }
}

/// What is known of a name on a kind of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This kind of API fills it: AWS's table has it, or it is a free name below `authorizer`, or on REST below
    /// `requestOverride` and `responseOverride`.
    Filled,
    /// AWS's table lacks it, but it is named elsewhere in the documentation or known to be filled.
    BeyondTheTable,
    /// Other kinds of API fill it, and this one never does.
    NeverHere,
    /// No table has it.
    Unknown,
}

/// What is known of the name on that kind of API.
#[must_use]
pub fn standing(protocol: Protocol, name: &str) -> Standing {
    let is_override = ["requestOverride.", "responseOverride."].iter().any(|free| name.starts_with(free));
    if table(protocol).contains(&name) || name.starts_with("authorizer.") {
        return Standing::Filled;
    }
    if is_override {
        return if protocol == Protocol::Rest { Standing::Filled } else { Standing::NeverHere };
    }
    let named_elsewhere =
        protocol == Protocol::Websocket && matches!(name, "integrationErrorMessage" | "integrationStatus");
    if named_elsewhere || REST_BEYOND_THE_TABLE.contains(&name) {
        return Standing::BeyondTheTable;
    }
    let all = [Protocol::Rest, Protocol::Http, Protocol::Websocket];
    if all.iter().any(|other| table(*other).contains(&name)) { Standing::NeverHere } else { Standing::Unknown }
}

/// Whether two different names differ only in case, or by one letter: inserted, lost, changed, or two neighbours
/// swapped.
#[must_use]
pub fn is_near(name: &str, other: &str) -> bool {
    name != other
        && name.len().abs_diff(other.len()) <= 1
        && (name.eq_ignore_ascii_case(other) || strsim::osa_distance(name, other) == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_names() {
        let numbers = "status waf.status integration.integrationStatus integrationLatency integration.latency \
                       responseLatency responseLength requestTimeEpoch connectedAt accountId dataProcessed";
        for name in numbers.split(' ') {
            assert_eq!(Kind::of(name), Kind::Number, "{name}");
        }
        for name in ["identity.accountId", "requestTime", "statusText", "extendedRequestId", "integration.requestId"] {
            assert_eq!(Kind::of(name), Kind::Text, "{name}");
        }
        assert_eq!(Kind::of("requestId"), Kind::Uuid);
        assert_eq!(Kind::of("identity.sourceIp"), Kind::Ip);
        assert_eq!(Kind::of("error.messageString"), Kind::QuotedText);
    }

    #[test]
    fn only_numbers_and_quoted_text_are_json_without_quotes() {
        for kind in [Kind::Uuid, Kind::Number, Kind::Ip, Kind::QuotedText, Kind::Text] {
            let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(is_json(kind.sample(false)), matches!(kind, Kind::Number | Kind::QuotedText), "{kind:?}");
            assert!(is_json(&format!("\"{}\"", kind.sample(true))), "{kind:?}");
        }
    }

    #[test]
    fn tables_are_sorted_and_without_repeats() {
        for names in [REST, HTTP, WEBSOCKET, REST_BEYOND_THE_TABLE] {
            let mut sorted = names.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted, names);
        }
    }

    #[test]
    fn a_name_stands_differently_on_each_kind_of_api() {
        use Protocol::{Http, Rest, Websocket};
        use Standing::{BeyondTheTable, Filled, NeverHere, Unknown};
        for (name, expected) in [
            ("requestId", [Filled, Filled, Filled]),
            ("xrayTraceId", [Filled, NeverHere, NeverHere]),
            ("routeKey", [NeverHere, Filled, Filled]),
            ("connectionId", [NeverHere, NeverHere, Filled]),
            ("authorizer.claims.sub", [Filled, Filled, Filled]),
            ("authorizer.tenant", [Filled, Filled, Filled]),
            ("requestOverride.header.x", [Filled, NeverHere, NeverHere]),
            ("responseOverride.status", [Filled, NeverHere, NeverHere]),
            ("integrationErrorMessage", [Filled, Filled, BeyondTheTable]),
            ("integrationStatus", [Filled, Filled, BeyondTheTable]),
            ("tlsVersion", [BeyondTheTable, BeyondTheTable, BeyondTheTable]),
            ("integration.timeToFirstContent", [Filled, NeverHere, NeverHere]),
            ("requestid", [Unknown, Unknown, Unknown]),
            ("", [Unknown, Unknown, Unknown]),
        ] {
            assert_eq!([Rest, Http, Websocket].map(|protocol| standing(protocol, name)), expected, "{name}");
        }
    }

    #[test]
    fn near_is_case_or_one_letter() {
        for near in ["requestid", "REQUESTID", "requestIdd", "requestI", "requestOd", "reqeustId", "equestId"] {
            assert!(is_near(near, "requestId"), "{near}");
        }
        for far in ["requestId", "requestIdFoo", "rqeustId", "id", ""] {
            assert!(!is_near(far, "requestId"), "{far}");
        }
    }
}
