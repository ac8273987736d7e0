//! Which requests X-Ray samples, and where it puts what it is sent.

use serde::{Deserialize, Serialize};

use crate::{fetched::required_option, gaps::walk_gaps};

/// A sampling rule of X-Ray. What is to match are patterns: `*` is any text, `?` any character.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingRule {
    /// Unique in the account and region; `Default` for the rule that cannot be deleted.
    pub name: String,
    /// Rules are looked at in ascending order: 1 to 9999, and 10000 for `Default`.
    pub priority: i32,
    /// The share of requests beyond the reservoir that is recorded, from 0 to 1.
    pub fixed_rate: f64,
    /// Requests a second that are recorded before the rate counts.
    pub reservoir_size: i32,
    /// The name of the service: of a stage, `{api}/{stage}`.
    pub service_name: String,
    /// What the service runs on: `AWS::ApiGateway::Stage`.
    pub service_type: String,
    /// The ARN of what the service runs on.
    pub resource_arn: String,
    /// The host of the request.
    pub host: String,
    /// The method of the request.
    pub http_method: String,
    /// The path of the request.
    pub url_path: String,
    /// Further properties of the request, such as headers: all of them must match.
    pub attributes: Vec<SamplingAttribute>,
}

/// A property of a request that a sampling rule looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingAttribute {
    /// For API Gateway, the name of a header.
    pub name: String,
    /// The pattern that it is to match.
    pub value: String,
}

/// Where X-Ray puts the segments that it is sent in a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceDestination {
    /// `XRay`, or `CloudWatchLogs` where Transaction Search is on.
    pub destination: String,
    /// `ACTIVE`; `PENDING` while it is being changed; none where AWS states no status.
    #[serde(deserialize_with = "required_option")]
    pub status: Option<String>,
}

walk_gaps! {
    SamplingRule {
        name, priority, fixed_rate, reservoir_size, service_name, service_type, resource_arn, host, http_method,
        url_path, attributes
    }
    SamplingAttribute { name, value }
    TraceDestination { destination, status }
}
