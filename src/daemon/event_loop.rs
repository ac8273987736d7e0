//! The daemon's event loop: starts what is due at each tick, and handles runs and deliveries that end.
//!
//! It must not wait for anything but its channels: runs have their own thread, deliveries and the health server are tasks.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::{
    active_run::{ActiveRun, STALL_TIMEOUT},
    clock::Clock,
    delivery::{Deliveries, FinishedDelivery},
    digest,
    health::{Health, HealthListener, HealthServer},
    notify::Notify,
    run::{Auditor, FinishedRun, Run, RunResult, SharedLedger},
    scheduler::{self, DueRun, Scheduler},
    shutdown::Shutdown,
    summary,
};
use crate::{config::daemon::DaemonConfig, progress::Progress, text::with_causes};

/// How often old rows of the ledger are removed.
const PRUNE_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// What an operator asks of the daemon, by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlCommand {
    /// Read the configuration again.
    Reload,
    /// Shut down. The second time: at once.
    Stop,
}

/// Everything the event loop works with. Tests hand in their own clock and auditor.
pub(crate) struct Dependencies {
    pub(crate) config: DaemonConfig,
    pub(crate) auditor: Arc<dyn Auditor>,
    pub(crate) ledger: SharedLedger,
    pub(crate) health: Health,
    pub(crate) server: Option<HealthServer>,
    pub(crate) notify: Notify,
    pub(crate) clock: Clock,
    /// Reads the configuration again.
    pub(crate) read_config: Box<dyn Fn() -> anyhow::Result<DaemonConfig>>,
}

struct EventLoop {
    deps: Dependencies,
    scheduler: Scheduler,
    deliveries: Deliveries,
    active: Option<ActiveRun>,
    shutdown: Option<Shutdown>,
    last_prune: Option<Timestamp>,
    finished: UnboundedSender<FinishedRun>,
    /// The result of the last run, for the status line.
    last_result: String,
    /// Whether the present problem with the ledger was logged: once is enough, not at each tick.
    ledger_error_logged: bool,
}

/// Runs until it is told to stop.
///
/// # Errors
/// If the ledger cannot be read at the start, or ticks end.
pub(crate) async fn run(
    deps: Dependencies,
    mut ticks: Receiver<()>,
    mut commands: Receiver<ControlCommand>,
) -> anyhow::Result<()> {
    let (finished, mut finished_runs) = mpsc::unbounded_channel();
    let (mut this, mut finished_deliveries) = EventLoop::new(deps, finished)?;
    this.update_status();
    this.deps.notify.ready();
    tracing::info!("ready");
    loop {
        tokio::select! {
            // Runs that ended come first, so that a tick never takes one for a run under way.
            biased;
            Some(run) = finished_runs.recv() => this.on_run_finished(run),
            Some(delivery) = finished_deliveries.recv() => this.on_delivery_finished(&delivery),
            Some(command) = commands.recv() => this.handle(command).await,
            tick = ticks.recv() => match tick {
                Some(()) => this.on_tick(),
                None => bail!("the scheduler stopped"),
            },
        }
        if this.may_exit() {
            tracing::info!("stopped");
            return Ok(());
        }
    }
}

impl EventLoop {
    fn new(
        deps: Dependencies,
        finished: UnboundedSender<FinishedRun>,
    ) -> anyhow::Result<(Self, UnboundedReceiver<FinishedDelivery>)> {
        // Fails at the start rather than at the first run if the ledger cannot be read.
        for schedule in &deps.config.schedules {
            deps.ledger.lock().last_run(&schedule.name)?;
        }
        let scheduler = Scheduler::new(&deps.config.schedules, last_run(&deps.ledger));
        deps.health.set_schedules(&deps.config.schedules, last_success(&deps.ledger));
        let (deliveries, finished_deliveries) =
            Deliveries::new(deps.ledger.clone(), Arc::clone(&deps.config.routes), Arc::clone(&deps.clock));
        let this = Self {
            deps,
            scheduler,
            deliveries,
            active: None,
            shutdown: None,
            last_prune: None,
            finished,
            last_result: String::new(),
            ledger_error_logged: false,
        };
        Ok((this, finished_deliveries))
    }

    /// About a second has passed.
    fn on_tick(&mut self) {
        let now = (self.deps.clock)();
        if self.is_progressing() {
            self.deps.notify.feed_watchdog();
        }
        if self.shutdown.is_none() {
            let jitter = self.deps.config.jitter;
            if let Some(due) = self.scheduler.due(now, jitter, &mut scheduler::random_delay) {
                self.start(due, now);
            }
            let digests = digest::enqueue_due(&self.deps.config, &self.deps.ledger, now);
            if self.log_ledger_error(digests) == Some(true) {
                self.deliveries.check_soon();
            }
            self.prune(now);
        }
        self.send_due();
        self.enforce_shutdown();
    }

    /// Whether the run under way makes progress. The event loop itself does, as it asks.
    fn is_progressing(&mut self) -> bool {
        self.active.as_mut().is_none_or(ActiveRun::is_progressing)
    }

    fn start(&mut self, due: DueRun, now: Timestamp) {
        let DueRun { schedule, due_at } = due;
        tracing::info!(schedule = schedule.name, "run started (scheduled for {due_at:.0})");
        let progress = Progress::hidden();
        let stop = CancellationToken::new();
        let next = self.scheduler.next_for(&schedule.name);
        let run = Run {
            auditor: Arc::clone(&self.deps.auditor),
            ledger: self.deps.ledger.clone(),
            progress: progress.clone(),
            stop: stop.clone(),
            limit: self.deps.config.run_limit,
            next_due: next.map(|next| schedule.cron.local_time(next, now)),
            schedule: Arc::clone(&schedule),
        };
        self.active = Some(ActiveRun::new(now, progress, stop));
        if let Err(why) = run.start(self.finished.clone()) {
            let result = RunResult::Failed(format!("could not start a thread: {why}"));
            self.on_run_finished(FinishedRun { schedule, took: Duration::ZERO, result });
        }
        self.update_status();
    }

    fn on_run_finished(&mut self, run: FinishedRun) {
        let FinishedRun { schedule, took, mut result } = run;
        let Some(active) = self.active.take() else { return };
        self.scheduler.on_run_finished();
        let name = &schedule.name;
        if matches!(result, RunResult::Stopped) && active.has_stalled() {
            let seconds = STALL_TIMEOUT.as_secs();
            result = RunResult::Failed(format!("it made no progress for {seconds} seconds and was stopped"));
        }
        let seconds = took.as_secs();
        match &result {
            RunResult::Succeeded(summary) => {
                let text = summary::one_line(summary);
                tracing::info!(schedule = name, seconds, "run finished: {text}");
                if let Some(why) = &summary.output_error {
                    tracing::error!(schedule = name, "the report was not written: {why}");
                }
                self.last_result = format!("{name}: {text}");
            }
            RunResult::Failed(why) => {
                tracing::error!(schedule = name, seconds, "the run failed: {why}");
                // Not the clock's time: it may have been set since the run started.
                let ended_at = active.started_at.checked_add(took).unwrap_or(active.started_at);
                let recorded = self.deps.ledger.lock().record_failure(name, active.started_at, ended_at, why);
                self.log_ledger_error(recorded);
                self.last_result = format!("{name}: failed: {}", why.lines().next().unwrap_or_default());
            }
            // Not recorded, so the daemon makes up for it when it runs again.
            RunResult::Stopped => {
                tracing::warn!(schedule = name, seconds, "the run was stopped; its results are discarded");
            }
        }
        self.deps.health.record_run(name, active.started_at, took, &result);
        self.deliveries.check_soon();
        self.send_due();
        self.update_status();
    }

    fn on_delivery_finished(&mut self, delivery: &FinishedDelivery) {
        self.deps.health.record_delivery(&delivery.webhook, delivery.result);
        self.deliveries.on_delivery_finished(delivery);
        self.send_due();
    }

    /// Sends the messages that are due, while there is time for it.
    fn send_due(&mut self) {
        if self.shutdown.as_ref().is_none_or(Shutdown::may_begin_delivery) {
            let sent = self.deliveries.send_due((self.deps.clock)());
            self.log_ledger_error(sent);
        }
    }

    fn prune(&mut self, now: Timestamp) {
        let is_recent = self.last_prune.is_some_and(|last| now.duration_since(last).abs() < PRUNE_INTERVAL);
        if is_recent || self.active.is_some() {
            return;
        }
        self.last_prune = Some(now);
        let keep = SignedDuration::try_from(self.deps.config.keep).unwrap_or(SignedDuration::MAX);
        let pruned = self.deps.ledger.lock().prune(now, keep);
        if let Some(pruned) = self.log_ledger_error(pruned) {
            tracing::debug!(
                runs = pruned.runs,
                findings = pruned.findings,
                messages = pruned.messages,
                "old entries are deleted"
            );
        }
    }

    async fn handle(&mut self, command: ControlCommand) {
        match command {
            ControlCommand::Reload if self.shutdown.is_none() => self.reload().await,
            ControlCommand::Reload => {}
            ControlCommand::Stop => self.stop(),
        }
    }

    async fn reload(&mut self) {
        Notify::reloading();
        match self.try_reload().await {
            Ok(()) => {
                tracing::info!("configuration reloaded");
                self.update_status();
            }
            Err(why) => {
                let why = with_causes(&why);
                tracing::error!("configuration not reloaded: {why}");
                self.deps.notify.status(&format!("configuration not reloaded: {why}"));
            }
        }
        self.deps.notify.ready();
    }

    async fn try_reload(&mut self) -> anyhow::Result<()> {
        let new = (self.deps.read_config)()?;
        let old = &self.deps.config;
        if new.state_directory != old.state_directory {
            bail!("[daemon]: state-directory cannot change while the daemon runs; restart it");
        }
        if new.health != old.health {
            // Binds the new address before it gives up the old one, which stays if that fails.
            let listener = match new.health {
                Some(address) => Some(HealthListener::bind(address).await?),
                None => None,
            };
            self.deps.server = listener.map(|listener| listener.serve(self.deps.health.clone()));
        }
        log_warnings(&new);
        self.scheduler.replace(&new.schedules, last_run(&self.deps.ledger));
        self.deps.health.set_schedules(&new.schedules, last_success(&self.deps.ledger));
        self.deliveries.replace_routes(Arc::clone(&new.routes));
        self.deps.config = new;
        Ok(())
    }

    fn stop(&mut self) {
        if self.shutdown.is_some() {
            tracing::warn!("second stop signal: stopping at once");
            if let Some(active) = &self.active {
                active.cancel();
            }
            return;
        }
        let limit = self.deps.config.stop_after;
        let shutdown = Shutdown::new(limit);
        Notify::stopping(shutdown.at_most());
        let waits = if self.active.is_some() { limit.as_secs() } else { 0 };
        tracing::info!("stopping; the active run has {waits} seconds to finish");
        self.shutdown = Some(shutdown);
        self.update_status();
        self.enforce_shutdown();
        self.send_due();
    }

    fn enforce_shutdown(&mut self) {
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.enforce(self.active.as_ref());
        }
    }

    fn may_exit(&mut self) -> bool {
        self.enforce_shutdown();
        let delivering = self.deliveries.is_busy();
        self.shutdown.as_ref().is_some_and(|shutdown| shutdown.is_complete(self.active.as_ref(), delivering))
    }

    /// Shows in `systemctl status` what the daemon does.
    fn update_status(&mut self) {
        let now = (self.deps.clock)();
        let next = self
            .scheduler
            .next()
            .map(|(at, schedule)| format!("next: {} at {}", schedule.name, schedule.cron.local_time(at.max(now), now)));
        let doing = match (&self.shutdown, &self.active) {
            (Some(_), _) => Some("stopping".to_owned()),
            (None, Some(_)) => Some("a run is active".to_owned()),
            (None, None) => next,
        };
        let last = Some(self.last_result.clone()).filter(|last| !last.is_empty());
        let text = last.into_iter().chain(doing).collect::<Vec<_>>().join("; ");
        self.deps.notify.status(&text);
    }

    /// Logs a problem with the ledger the first time.
    fn log_ledger_error<T>(&mut self, result: anyhow::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.ledger_error_logged = false;
                Some(value)
            }
            Err(why) => {
                if !self.ledger_error_logged {
                    tracing::error!("{}", with_causes(&why));
                }
                self.ledger_error_logged = true;
                None
            }
        }
    }
}

/// Logs what the owner should know about a configuration though it works.
pub(crate) fn log_warnings(config: &DaemonConfig) {
    for key in &config.unused {
        tracing::warn!("`{key}` is for `gatelight audit`; the daemon does not use it");
    }
    for warning in config.routes.iter().filter_map(|route| route.webhook.warning()) {
        tracing::warn!("{warning}");
    }
}

fn last_run(ledger: &SharedLedger) -> impl Fn(&str) -> Option<Timestamp> {
    let ledger = ledger.clone();
    move |scope| ledger.lock().last_run(scope).ok().flatten().map(|run| run.started_at)
}

fn last_success(ledger: &SharedLedger) -> impl Fn(&str) -> Option<Timestamp> {
    let ledger = ledger.clone();
    move |scope| ledger.lock().last_success(scope).ok().flatten().map(|run| run.started_at)
}

#[cfg(test)]
mod tests;
