//! What reports speak of: the things of an account, and how much a finding about one matters.

use serde::{Deserialize, Serialize};

/// How much a finding matters. Ordered: `Low < Medium < High`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth fixing some day.
    Low,
    /// Something that one would look for in an incident is missing.
    Medium,
    /// In an incident there would be no data.
    High,
}

impl Severity {
    /// The name in reports and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How sure it is that a failure matters as it says. Ordered: `Low < Medium < High`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It rests on behaviour that AWS does not document.
    Low,
    /// It rests on behaviour that AWS documents in part, or that was seen and is not documented.
    Medium,
    /// It rests on what AWS documents.
    #[default]
    High,
}

impl Confidence {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a verdict is about, or what a cause is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Identifies it, as AWS writes it; for account settings `arn:P:apigateway:R::/account`.
    pub arn: String,
    /// What its owner calls it: `orders/prod`.
    pub name: String,
}

/// The kinds of thing that reports name. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// A stage of a REST API.
    RestStage,
    /// A stage of an HTTP API.
    HttpStage,
    /// A stage of a WebSocket API.
    WebsocketStage,
    /// The account's API Gateway settings in a region.
    Account,
    /// A Lambda function.
    Function,
    /// A CloudWatch Logs log group.
    LogGroup,
    /// A Firehose stream.
    DeliveryStream,
    /// An IAM role.
    Role,
    /// A KMS key.
    Key,
    /// A sampling rule of X-Ray.
    SamplingRule,
    /// A policy of an organization.
    Policy,
}

impl SubjectKind {
    /// The name in the JSON report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RestStage => "rest-stage",
            Self::HttpStage => "http-stage",
            Self::WebsocketStage => "websocket-stage",
            Self::Account => "account",
            Self::Function => "function",
            Self::LogGroup => "log-group",
            Self::DeliveryStream => "delivery-stream",
            Self::Role => "role",
            Self::Key => "key",
            Self::SamplingRule => "sampling-rule",
            Self::Policy => "policy",
        }
    }
}
