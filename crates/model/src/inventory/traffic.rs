//! What CloudWatch's metrics say: how many requests stages served, how long these took, and what the destinations of
//! their access logs took.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fetched, fetched::required_option, gaps::walk_gaps};

/// What CloudWatch counted of a stage in the window of the audit. Whole periods that lie inside the window are counted: of
/// five minutes, or of an hour or a day where the window is longer than a day or 15 days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficAnswer {
    /// The id of the API.
    pub api: String,
    /// The name of the stage.
    pub stage: String,
    /// Where the window begins.
    pub since: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
    /// REST and HTTP: `Count`; WebSocket: `ConnectCount` and `MessageCount`.
    pub requests: Fetched<u64>,
    /// REST and HTTP: `Latency`, from the request's arrival to the answer's departure.
    pub latency: Fetched<Timing>,
    /// REST and HTTP: `IntegrationLatency`, from the request to the backend to its answer.
    pub integration_latency: Fetched<Timing>,
    /// Of both latencies; asked for where the one is much above the other.
    pub percentiles: Fetched<LatencyPercentiles>,
}

/// The sum of a time over requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// In milliseconds.
    pub sum: f64,
    /// Over how many requests.
    pub samples: u64,
}

impl Timing {
    /// The mean in milliseconds; none of nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "CloudWatch itself counts in such numbers")]
        (self.samples > 0).then(|| self.sum / self.samples as f64)
    }
}

/// Percentiles of both latencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyPercentiles {
    /// Of `Latency`.
    pub latency: Percentiles,
    /// Of `IntegrationLatency`.
    pub integration_latency: Percentiles,
}

/// Percentiles of a time in milliseconds. Of a window that is longer than a day: each of the day in which it was highest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the requests took no longer.
    pub p50: f64,
    /// 95 of 100 took no longer.
    pub p95: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

/// What a stage served, and what the destination of its access log took, since either of them last changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DestinationIntake {
    /// The id of the API.
    pub api: String,
    /// The name of the stage.
    pub stage: String,
    /// Where the window begins: the latest of the begin of the audit's window and a quarter of an hour after the stage's
    /// last change and the destination's creation.
    pub since: Timestamp,
    /// Where it ends, for requests: a quarter of an hour before the audit.
    pub until: Timestamp,
    /// As in [`TrafficAnswer`], but in this window. Periods that lie inside it are counted.
    pub requests: Fetched<u64>,
    /// Those of them that ended in a client's error: REST `4XXError`, HTTP `4xx`, WebSocket `ClientError`. Asked for where
    /// a verdict hangs on it.
    pub client_errors: Fetched<u64>,
    /// What the destination took, whoever wrote it: a log group's `IncomingLogEvents`, a Firehose stream's
    /// `IncomingRecords`. Counted up to the time of the audit, so that what was written with delay counts.
    pub taken: Fetched<u64>,
    /// What a search of the log group for lines of this stage found. Asked for where others write there too.
    pub own_lines: Fetched<OwnLines>,
}

/// What the search of a log group for a stage's own lines found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnLines {
    /// How many lines are proven to be the stage's. The search ends with the first.
    pub proven: u64,
    /// The time up to which was searched, if the search ended before the window without such a line.
    #[serde(deserialize_with = "required_option")]
    pub reached: Option<Timestamp>,
}

walk_gaps! {
    TrafficAnswer { api, stage, since, until, requests, latency, integration_latency, percentiles }
    Timing { sum, samples }
    LatencyPercentiles { latency, integration_latency }
    Percentiles { p50, p95, p99 }
    DestinationIntake { api, stage, since, until, requests, client_errors, taken, own_lines }
    OwnLines { proven, reached }
}
