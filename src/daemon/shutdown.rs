//! How the daemon ends: a run under way gets `stop-after`, then deliveries get a little longer.

use std::time::{Duration, Instant};

use super::active_run::ActiveRun;

/// How long deliveries may go on after the last run: longer than one takes that is never answered.
const LAST_DELIVERIES: Duration = Duration::from_secs(30);

/// A shutdown that was asked for.
#[derive(Debug)]
pub(super) struct Shutdown {
    requested: Instant,
    /// How long a run under way may go on.
    limit: Duration,
    /// Since when no run is under way.
    idle: Option<Instant>,
}

impl Shutdown {
    pub(super) fn new(limit: Duration) -> Self {
        Self { requested: Instant::now(), limit, idle: None }
    }

    /// How long all of it takes at most, for the service manager.
    pub(super) fn at_most(&self) -> Duration {
        self.limit + LAST_DELIVERIES + Duration::from_secs(5)
    }

    /// Cancels a run that has used up its time, and notes when there is none any more.
    pub(super) fn enforce(&mut self, active: Option<&ActiveRun>) {
        match active {
            Some(run) if self.requested.elapsed() >= self.limit => run.cancel(),
            Some(_) => {}
            None => {
                self.idle.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Whether there is still time to begin a delivery.
    pub(super) fn may_begin_delivery(&self) -> bool {
        self.idle.is_none_or(|since| since.elapsed() <= LAST_DELIVERIES / 2)
    }

    /// Whether the process may exit. `delivering` is whether a message is being sent.
    pub(super) fn is_complete(&self, active: Option<&ActiveRun>, delivering: bool) -> bool {
        match (self.idle, active) {
            (Some(since), _) => !delivering || since.elapsed() > LAST_DELIVERIES,
            // A run that ignores its cancellation: the process exits without it.
            (None, Some(run)) => run.is_cancelled() && self.requested.elapsed() > self.limit + LAST_DELIVERIES,
            (None, None) => false,
        }
    }
}
