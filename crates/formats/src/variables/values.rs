//! The kinds of values that variables have, and what is written when there is none.

use gatelight_model::inventory::Protocol;

use super::names::is_listed;
use crate::template::Variable;

/// The kind of value of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueKind {
    /// A UUID.
    Uuid,
    /// A number without a sign.
    Number,
    /// An IP address.
    Ip,
    /// Text with its own double quotes: only `error.messageString`.
    QuotedText,
    /// Any other text.
    Text,
}

impl ValueKind {
    /// The kind of value of the variable with that name, known or not.
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

    /// A value of this kind. Inside a string, quoted text comes without its quotes: that they end the string is another
    /// check's finding.
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

    /// The kind in words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Uuid => "a UUID",
            Self::Number => "a number",
            Self::Ip => "an IP address",
            Self::QuotedText => "text in its own quotes",
            Self::Text => "text",
        }
    }
}

/// A value of the variable's kind, to render lines with.
#[must_use]
pub fn sample_value(variable: &Variable<'_>, in_string: bool) -> &'static str {
    ValueKind::of(variable.name).sample(in_string)
}

/// What API Gateway writes for a variable without a value: `-`. AWS does not document it; observed in
/// <https://github.com/DataBiosphere/azul/issues/4009>. A variable that is always present keeps its sample value. So does
/// quoted text outside a string: whether API Gateway writes `-` or `"-"` there is not known.
#[must_use]
pub fn absent_value(protocol: Protocol, variable: &Variable<'_>, in_string: bool) -> &'static str {
    let kind = ValueKind::of(variable.name);
    let has_value = is_always_present(protocol, variable.name) || kind == ValueKind::QuotedText && !in_string;
    if has_value { kind.sample(in_string) } else { "-" }
}

/// Whether this kind of API writes a number for the variable in every line, so that it needs no quotes.
#[must_use]
pub fn is_always_present(protocol: Protocol, name: &str) -> bool {
    match name {
        "status" | "requestTimeEpoch" => true,
        "responseLatency" | "responseLength" | "accountId" => protocol != Protocol::Websocket,
        "connectedAt" => protocol == Protocol::Websocket,
        _ => false,
    }
}

/// Whether a client or a backend controls the value, which can then contain quotes and backslashes.
#[must_use]
pub fn holds_untrusted_text(name: &str) -> bool {
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
    listed.contains(&name) || is_free && !is_listed(name) && ValueKind::of(name) == ValueKind::Text
}
