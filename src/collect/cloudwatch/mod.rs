//! CloudWatch's metrics, and what is read from them: the traffic of stages, and the volume of log groups.

mod answer;
pub(super) mod ingestion;
pub(super) mod metrics;
pub(super) mod query;
pub(super) mod traffic;
pub(super) mod window;
