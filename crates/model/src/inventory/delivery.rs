//! What CloudWatch Logs delivers for API Gateway.

use serde::{Deserialize, Serialize};

use super::StageOf;
use crate::{arn::Arn, fetched::required_option, gaps::walk_gaps};

/// A delivery of a REST stage's execution log: a delivery source of CloudWatch Logs, paired with a destination
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogDelivery {
    /// The name of the delivery source.
    pub source: String,
    /// The ARN of the stage: `arn:P:apigateway:R:A:/restapis/ID/stages/NAME`.
    pub stage: String,
    /// Of the source: `ACTIVE`, `INACTIVE`; none where AWS states none, as it does for most types of log.
    #[serde(deserialize_with = "required_option")]
    pub status: Option<String>,
    /// The ARN of the log group, S3 bucket or Firehose stream. Of another account's delivery destination
    /// AWS gives only its own ARN.
    pub destination: String,
}

impl LogDelivery {
    /// The end of the stage's ARN, which tells it from all others of the region: `/restapis/ID/stages/NAME`.
    #[must_use]
    pub fn stage_path(&self) -> &str {
        Arn::parse(&self.stage).map_or("", |arn| arn.resource)
    }

    /// Whether it is at work, as far as AWS says.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status.as_deref() != Some("INACTIVE")
    }
}

impl StageOf<'_> {
    /// The end of its ARN, as [`LogDelivery::stage_path`] has it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}/{}/stages/{}", self.protocol().collection(), self.api.id, self.stage.name)
    }
}

walk_gaps! {
    LogDelivery { source, stage, status, destination }
}
