//! What systemd is told (sd_notify(3)). Without systemd nobody listens, and that is fine.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// The service manager.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    /// How often it wants a sign of life at least; none if it does not watch.
    watchdog: Option<Duration>,
    last: Option<Instant>,
    status: String,
}

impl Notify {
    /// The one that the environment names.
    pub(crate) fn from_environment() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), ..Self::default() }
    }

    /// The daemon is at work.
    pub(crate) fn ready(&self) {
        send(&[NotifyState::Ready, NotifyState::Status(&self.status)]);
    }

    /// The configuration is being read again; `ready` ends that.
    pub(crate) fn reloading() {
        // Both in one message: systemd takes the time as the message's own.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(_) => send(&[NotifyState::Reloading]),
        }
    }

    /// The daemon ends, which may take so long.
    pub(crate) fn stopping(at_most: Duration) {
        let micros = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
        send(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]);
    }

    /// One line for `systemctl status`.
    pub(crate) fn status(&mut self, text: String) {
        if self.status != text {
            self.status = text;
            send(&[NotifyState::Status(&self.status)]);
        }
    }

    /// A sign of life, to be given where work goes on and nowhere else. Not every one is passed on.
    pub(crate) fn alive(&mut self) {
        let Some(watchdog) = self.watchdog else { return };
        if self.last.is_none_or(|last| last.elapsed() >= watchdog / 4) {
            self.last = Some(Instant::now());
            send(&[NotifyState::Watchdog]);
        }
    }
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(why) = sd_notify::notify(state) {
        tracing::debug!(%why, "the service manager could not be told");
    }
}
