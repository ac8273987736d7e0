//! Where logs are written: log groups and their resource policies, and Firehose streams.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fetched, fetched::required_option, gaps::walk_gaps};

/// What AWS said about a log group that something writes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroupAnswer {
    /// The name that was asked for.
    pub name: String,
    /// The group, or that there is none of that name.
    pub group: Fetched<Option<LogGroup>>,
}

/// A CloudWatch Logs log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Without `:*`.
    pub arn: String,
    /// Days until events expire; none: never.
    #[serde(deserialize_with = "required_option")]
    pub retention_days: Option<i32>,
    /// `STANDARD`, `INFREQUENT_ACCESS`, `DELIVERY`; none where AWS states no class.
    #[serde(deserialize_with = "required_option")]
    pub class: Option<String>,
    /// The ARN of the KMS key that encrypts it.
    #[serde(deserialize_with = "required_option")]
    pub kms_key: Option<String>,
    /// When it was created.
    pub created_at: Fetched<Timestamp>,
}

/// What AWS said about a Firehose stream that something writes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryStreamAnswer {
    /// The name that was asked for.
    pub name: String,
    /// The stream, or that there is none of that name.
    pub stream: Fetched<Option<DeliveryStream>>,
}

/// A Firehose stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryStream {
    /// `arn:P:firehose:R:A:deliverystream/NAME`.
    pub arn: String,
    /// `ACTIVE`, `CREATING`, `DELETING`, …
    pub status: String,
    /// When it was created.
    pub created_at: Fetched<Timestamp>,
}

/// A resource policy of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogPolicy {
    /// Its name.
    pub name: String,
    /// The ARN of the log group that it belongs to; none: the account.
    #[serde(deserialize_with = "required_option")]
    pub log_group: Option<String>,
    /// As AWS sent it.
    pub document: String,
}

walk_gaps! {
    LogGroupAnswer { name, group }
    #[except(created_at)]
    LogGroup { arn, retention_days, class, kms_key }
    DeliveryStreamAnswer { name, stream }
    #[except(created_at)]
    DeliveryStream { arn, status }
    LogPolicy { name, log_group, document }
}
