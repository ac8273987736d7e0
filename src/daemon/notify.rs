//! Notifications to systemd (sd_notify(3)). Without systemd they do nothing.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::text::plain;

/// The connection to the service manager.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    /// The watchdog's timeout; none if there is no watchdog.
    watchdog: Option<Duration>,
    last_fed: Option<Instant>,
    status: String,
}

impl Notify {
    /// Reads from the environment whether there is a watchdog.
    pub(crate) fn from_environment() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), ..Self::default() }
    }

    /// The daemon is ready.
    pub(crate) fn ready(&self) {
        send(&[NotifyState::Ready, NotifyState::Status(&self.status)]);
    }

    /// The configuration is being read again; `ready` ends that.
    pub(crate) fn reloading() {
        // systemd wants the time of the reload in the same message.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(_) => send(&[NotifyState::Reloading]),
        }
    }

    /// The daemon is shutting down, which may take this long.
    pub(crate) fn stopping(at_most: Duration) {
        let micros = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
        send(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]);
    }

    /// Sets the status line of `systemctl status`.
    pub(crate) fn status(&mut self, text: &str) {
        // A line break would begin another assignment of the message.
        let text = plain(text);
        if self.status != text {
            self.status = text;
            send(&[NotifyState::Status(&self.status)]);
        }
    }

    /// Tells the watchdog that the daemon is alive, at most every quarter of its timeout. Call it only where work is known
    /// to progress.
    pub(crate) fn feed_watchdog(&mut self) {
        let Some(watchdog) = self.watchdog else { return };
        if self.last_fed.is_none_or(|last| last.elapsed() >= watchdog / 4) {
            self.last_fed = Some(Instant::now());
            send(&[NotifyState::Watchdog]);
        }
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(state) {
        tracing::debug!(%why, "could not notify the service manager");
    }
}
