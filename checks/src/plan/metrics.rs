//! What the collector and the checks have to agree on about CloudWatch's metrics: from when on they count, and how many
//! requests it takes to judge.

use gatelight_model::inventory::Timing;
use jiff::{SignedDuration, Timestamp};

/// How long a change may take to have an effect, and CloudWatch to count a request or an event.
pub const DELAY: SignedDuration = SignedDuration::from_mins(15);
/// Nothing is judged in a shorter window.
pub const SHORTEST_WINDOW: SignedDuration = SignedDuration::from_mins(30);
/// So many requests leave lines in an access log, client errors not counted. API Gateway does not log every request: some
/// that it refuses itself leave no line.
pub const ENOUGH_REQUESTS: u64 = 10;
/// A mean of fewer requests says little.
pub const ENOUGH_SAMPLES: u64 = 100;

/// From when on an access log works, given the times of the stage's last change and of the destination's creation, as far
/// as they are known.
#[must_use]
pub fn in_effect_since(times: [Option<Timestamp>; 2]) -> Option<Timestamp> {
    let last = times.into_iter().flatten().max()?;
    Some(last.checked_add(DELAY).unwrap_or(Timestamp::MAX))
}

/// The mean latency of requests and of their integrations, in milliseconds, and the difference: API Gateway's own part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overhead {
    latency: f64,
    integration: f64,
}

impl Overhead {
    /// From the two latencies of the same requests; `None` if there were no requests.
    #[must_use]
    pub fn of(latency: &Timing, integration: &Timing) -> Option<Self> {
        Some(Self { latency: latency.mean()?, integration: integration.mean()? })
    }

    /// The mean latency, in milliseconds.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.latency
    }

    /// The mean latency of the integration, in milliseconds.
    #[must_use]
    pub fn integration(&self) -> f64 {
        self.integration
    }

    /// API Gateway's own part, in milliseconds.
    #[must_use]
    pub fn own(&self) -> f64 {
        self.latency - self.integration
    }

    /// Whether that part is above a limit in milliseconds.
    #[must_use]
    pub fn is_above(&self, limit: u32) -> bool {
        self.own() > f64::from(limit)
    }
}
