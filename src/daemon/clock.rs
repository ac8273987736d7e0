//! The clock that the daemon's parts share. Tests hand in one that they set.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the current time.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
