//! The run that is under way, and whether it still makes progress.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;

/// A run that made no step for this long is stuck. The slowest step is a request with all its retries, a few minutes.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_mins(15);
/// How long a stuck run may take to stop. After that systemd's watchdog is no longer fed, so that systemd restarts the
/// daemon.
pub(super) const WATCHDOG_GRACE: Duration = Duration::from_mins(1);

/// A run that is under way.
#[derive(Debug)]
pub(super) struct ActiveRun {
    pub(super) started_at: Timestamp,
    progress: Progress,
    stop: CancellationToken,
    /// Steps that were counted at the last check, and when that number last changed.
    steps: u64,
    pub(super) last_step: Instant,
    /// When it was found stuck and cancelled.
    pub(super) stalled: Option<Instant>,
}

impl ActiveRun {
    pub(super) fn new(started_at: Timestamp, progress: Progress, stop: CancellationToken) -> Self {
        Self { started_at, progress, stop, steps: 0, last_step: Instant::now(), stalled: None }
    }

    /// Cancels the run.
    pub(super) fn cancel(&self) {
        self.stop.cancel();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the run was cancelled because it was stuck.
    pub(super) fn has_stalled(&self) -> bool {
        self.stalled.is_some()
    }

    /// Whether the run makes progress. Cancels one that is stuck, which counts as progress until the grace is over.
    pub(super) fn is_progressing(&mut self) -> bool {
        let steps = self.progress.steps();
        if steps != self.steps {
            (self.steps, self.last_step) = (steps, Instant::now());
        }
        if self.last_step.elapsed() < STALL_TIMEOUT {
            return true;
        }
        if self.stalled.is_none() {
            tracing::error!("the run made no progress for {} seconds and is stopped", STALL_TIMEOUT.as_secs());
            self.cancel();
        }
        self.stalled.get_or_insert_with(Instant::now).elapsed() < WATCHDOG_GRACE
    }
}
