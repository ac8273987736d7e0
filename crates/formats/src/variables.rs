//! The variables of access logs, by kind of API, and what they are filled with.
//!
//! The tables are AWS's: REST
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html>, HTTP
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html>, WebSocket
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html>.

mod names;
mod tables;

use gatelight_model::inventory::Protocol;

use super::template::Variable;

pub use names::{Spelling, Standing, is_near, spelling, standing};
pub use tables::{BEYOND_THE_WEBSOCKET_TABLE, HTTP, REST, REST_BEYOND_THE_TABLE, WEBSOCKET};

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

/// Fills a variable as API Gateway does where there is no value: with `-`. AWS does not document it; observed in
/// <https://github.com/DataBiosphere/azul/issues/4009>. What is always there keeps its value, and so does quoted text
/// outside a string: whether API Gateway writes `-` or `"-"` there is not known.
#[must_use]
pub fn absent(protocol: Protocol, variable: &Variable<'_>, in_string: bool) -> &'static str {
    let kind = Kind::of(variable.name);
    let has_value = is_always_there(protocol, variable.name) || kind == Kind::QuotedText && !in_string;
    if has_value { kind.sample(in_string) } else { "-" }
}

/// Whether this kind of API has a value for a number in every line, so that it may stand without quotes.
#[must_use]
pub fn is_always_there(protocol: Protocol, name: &str) -> bool {
    match name {
        "status" | "requestTimeEpoch" => true,
        "responseLatency" | "responseLength" | "accountId" => protocol != Protocol::Websocket,
        "connectedAt" => protocol == Protocol::Websocket,
        _ => false,
    }
}

/// Other names of the same value, as far as AWS states them for that kind of API.
#[must_use]
pub fn aliases(protocol: Protocol, name: &str) -> &'static [&'static str] {
    match name {
        "integration.error" => &["integrationErrorMessage"],
        "integrationErrorMessage" => &["integration.error"],
        "integration.latency" => &["integrationLatency"],
        "integrationLatency" => &["integration.latency"],
        "integration.requestId" => &["awsEndpointRequestId"],
        "awsEndpointRequestId" => &["integration.requestId"],
        // REST APIs have two ids: a client may choose the one, and not the other.
        "extendedRequestId" if protocol != Protocol::Rest => &["requestId"],
        "requestId" if protocol != Protocol::Rest => &["extendedRequestId"],
        _ => &[],
    }
}

/// Whether a client or a backend decides what stands in the value, quotes and backslashes too.
#[must_use]
pub fn holds_any_text(name: &str) -> bool {
    let listed = [
        "path",
        "identity.userAgent",
        "error.message",
        "error.validationErrorString",
        "integrationErrorMessage",
        "integration.error",
        "authorize.error",
        "authorizer.error",
        "authenticate.error",
    ];
    let is_free = ["authorizer.", "requestOverride.", "responseOverride."].iter().any(|free| name.starts_with(free));
    listed.contains(&name) || is_free && !names::is_listed(name) && Kind::of(name) == Kind::Text
}

/// The table of a kind of API.
#[must_use]
pub fn table(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Rest => REST,
        Protocol::Http => HTTP,
        Protocol::Websocket => WEBSOCKET,
    }
}

/// What one calls that kind of API in a sentence.
#[must_use]
pub fn apis(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => "REST APIs",
        Protocol::Http => "HTTP APIs",
        Protocol::Websocket => "WebSocket APIs",
    }
}

#[cfg(test)]
mod tests;
