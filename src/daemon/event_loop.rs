//! The loop: beats come in, and what is due goes out. It waits for nothing but its channels.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use gatelight_model::Severity;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::{
    Clock,
    delivery::{Delivered, Deliveries},
    digest,
    health::{Bound, Health, Server},
    notify::Notify,
    run::{End, Finished, Job, Look, Memory, Seen},
    scheduler::{self, Agenda, Start},
    tell,
};
use crate::{config::daemon::DaemonConfig, progress::Progress};

/// A run that made no step for so long is stuck. The slowest step is a request with all its retries, a few minutes.
const STUCK: Duration = Duration::from_mins(15);
/// So long after it was told to stop, a stuck run is believed to hang for good: systemd hears no more signs of life.
const HOPELESS: Duration = Duration::from_mins(1);
/// How long deliveries may go on when the daemon stops: longer than one takes that is never answered.
const LAST_DELIVERIES: Duration = Duration::from_secs(30);
/// How often what is old is forgotten.
const PRUNE: SignedDuration = SignedDuration::from_hours(24);

/// What people want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Read the configuration again.
    Reload,
    /// End. Given twice: at once.
    Stop,
}

/// All that the loop works with.
pub(crate) struct Service {
    pub(crate) config: DaemonConfig,
    pub(crate) look: Arc<dyn Look>,
    pub(crate) memory: Memory,
    pub(crate) health: Health,
    pub(crate) server: Option<Server>,
    pub(crate) notify: Notify,
    pub(crate) clock: Clock,
    /// Reads the configuration again.
    pub(crate) read: Box<dyn Fn() -> anyhow::Result<DaemonConfig>>,
}

/// A run that is under way.
struct Running {
    began: Timestamp,
    progress: Progress,
    stop: CancellationToken,
    steps: u64,
    stepped: Instant,
    /// It was stopped because it was stuck.
    stuck: Option<Instant>,
}

/// The daemon is to end.
struct Stopping {
    since: Instant,
    /// When the last run ended, or there was none.
    drained: Option<Instant>,
}

struct Loop {
    service: Service,
    agenda: Agenda,
    deliveries: Deliveries,
    running: Option<Running>,
    stopping: Option<Stopping>,
    pruned: Option<Timestamp>,
    finished: UnboundedSender<Finished>,
    /// What the last run of a scope came to.
    last: String,
    /// A problem with the ledger is logged once, and not with each beat.
    troubled: bool,
}

/// Runs until it is ordered to stop, or nothing beats any more.
///
/// # Errors
/// If the ledger cannot be read at the start, or the heart stops.
pub(crate) async fn run(service: Service, mut beats: Receiver<()>, mut orders: Receiver<Order>) -> anyhow::Result<()> {
    let (finished, mut over) = mpsc::unbounded_channel();
    let (mut this, mut delivered) = Loop::new(service, finished)?;
    this.say();
    this.service.notify.ready();
    tracing::info!("ready");
    loop {
        tokio::select! {
            // What is over first: a beat finds the run gone that has ended before it.
            biased;
            Some(run) = over.recv() => this.over(run),
            Some(delivery) = delivered.recv() => {
                this.service.health.delivered(&delivery.webhook, delivery.fate);
                this.deliveries.over(&delivery);
                this.deliver();
            }
            Some(order) = orders.recv() => this.obey(order).await,
            beat = beats.recv() => match beat {
                Some(()) => this.beat(),
                None => bail!("the heart stopped"),
            },
        }
        if this.done() {
            tracing::info!("stopped");
            return Ok(());
        }
    }
}

impl Loop {
    fn new(
        service: Service,
        finished: UnboundedSender<Finished>,
    ) -> anyhow::Result<(Self, UnboundedReceiver<Delivered>)> {
        // The first thing to ask of a ledger: what cannot be read now will not be read later.
        for schedule in &service.config.schedules {
            service.memory.lock().last_run(&schedule.name)?;
        }
        let agenda = Agenda::new(&service.config.schedules, last_run(&service.memory));
        service.health.schedules(&service.config.schedules, last_success(&service.memory));
        let (deliveries, delivered) =
            Deliveries::new(service.memory.clone(), Arc::clone(&service.config.routes), Arc::clone(&service.clock));
        let this = Self {
            service,
            agenda,
            deliveries,
            running: None,
            stopping: None,
            pruned: None,
            finished,
            last: String::new(),
            troubled: false,
        };
        Ok((this, delivered))
    }

    /// A second or so has passed.
    fn beat(&mut self) {
        let now = (self.service.clock)();
        if self.is_moving() {
            self.service.notify.alive();
        }
        if self.stopping.is_none() {
            let jitter = self.service.config.jitter;
            if let Some(start) = self.agenda.due(now, jitter, &mut scheduler::draw) {
                self.start(start, now);
            }
            let digests = digest::post(&self.service.config, &self.service.memory, now);
            if self.note(digests) == Some(true) {
                self.deliveries.wake();
            }
            self.prune(now);
        }
        self.deliver();
        self.hurry();
    }

    /// Whether what should go on does. The loop itself does, or nobody would ask.
    fn is_moving(&mut self) -> bool {
        let Some(running) = &mut self.running else { return true };
        let steps = running.progress.steps();
        if steps != running.steps {
            (running.steps, running.stepped) = (steps, Instant::now());
        }
        if running.stepped.elapsed() < STUCK {
            return true;
        }
        if running.stuck.is_none() {
            tracing::error!("the run has made no step for {} seconds and is stopped", STUCK.as_secs());
            running.stop.cancel();
        }
        running.stuck.get_or_insert_with(Instant::now).elapsed() < HOPELESS
    }

    fn start(&mut self, start: Start, now: Timestamp) {
        let Start { schedule, due } = start;
        tracing::info!(schedule = schedule.name, "a run begins that was due at {due:.0}");
        let progress = Progress::hidden();
        let stop = CancellationToken::new();
        let next = self.agenda.next_of(&schedule.name);
        let job = Job {
            look: Arc::clone(&self.service.look),
            memory: self.service.memory.clone(),
            progress: progress.clone(),
            stop: stop.clone(),
            limit: self.service.config.run_limit,
            next_look: next.map(|next| schedule.cron.say(next, now)),
            schedule: Arc::clone(&schedule),
        };
        let running = Running { began: now, progress, stop, steps: 0, stepped: Instant::now(), stuck: None };
        self.running = Some(running);
        if let Err(why) = job.start(self.finished.clone()) {
            let end = End::Failed(format!("the system gives no thread: {why}"));
            self.over(Finished { schedule, took: Duration::ZERO, end });
        }
        self.say();
    }

    /// A run is over.
    fn over(&mut self, run: Finished) {
        let Finished { schedule, took, mut end } = run;
        let Some(running) = self.running.take() else { return };
        self.agenda.finished();
        let name = &schedule.name;
        if matches!(end, End::Stopped) && running.stuck.is_some() {
            end = End::Failed(format!("it made no step for {} seconds and was stopped", STUCK.as_secs()));
        }
        let seconds = took.as_secs();
        match &end {
            End::Looked(seen) => {
                let text = told(seen);
                tracing::info!(schedule = name, seconds, "the run ended: {text}");
                if let Some(why) = &seen.unwritten {
                    tracing::error!(schedule = name, "the report was not written: {why}");
                }
                self.last = format!("{name}: {text}");
            }
            End::Failed(why) => {
                tracing::error!(schedule = name, seconds, "the run failed: {why}");
                // The clock may have been set since: the ledger keeps when it began, and how long it took.
                let ended = running.began.checked_add(took).unwrap_or(running.began);
                let recorded = self.service.memory.lock().record_failure(name, running.began, ended, why);
                self.note(recorded);
                self.last = format!("{name}: failed: {}", why.lines().next().unwrap_or_default());
            }
            // Not remembered: the daemon makes it up when it runs again.
            End::Stopped => tracing::warn!(schedule = name, seconds, "the run was stopped, and nothing of it is kept"),
        }
        self.service.health.ran(name, running.began, took, &end);
        self.deliveries.wake();
        self.deliver();
        self.say();
    }

    fn deliver(&mut self) {
        // What is on its way ends; nothing new begins when there is no time left.
        if self
            .stopping
            .as_ref()
            .is_some_and(|stopping| stopping.drained.is_some_and(|at| at.elapsed() > LAST_DELIVERIES / 2))
        {
            return;
        }
        let pumped = self.deliveries.pump((self.service.clock)());
        self.note(pumped);
    }

    fn prune(&mut self, now: Timestamp) {
        if self.pruned.is_some_and(|last| now.duration_since(last).abs() < PRUNE) || self.running.is_some() {
            return;
        }
        self.pruned = Some(now);
        let keep = SignedDuration::try_from(self.service.config.keep).unwrap_or(SignedDuration::MAX);
        let pruned = self.service.memory.lock().prune(now, keep);
        if let Some(pruned) = self.note(pruned) {
            tracing::debug!(
                runs = pruned.runs,
                findings = pruned.findings,
                messages = pruned.messages,
                "what is old is forgotten"
            );
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Reload if self.stopping.is_none() => self.reload().await,
            Order::Reload => {}
            Order::Stop => self.stop(),
        }
    }

    async fn reload(&mut self) {
        Notify::reloading();
        match self.try_to_reload().await {
            Ok(()) => {
                tracing::info!("the configuration was read again");
                self.say();
            }
            Err(why) => {
                tracing::error!("the configuration stays as it was: {why:#}");
                let why = format!("{why:#}");
                let why = why.lines().next().unwrap_or_default();
                self.service.notify.status(format!("the configuration stays as it was: {why}"));
            }
        }
        self.service.notify.ready();
    }

    async fn try_to_reload(&mut self) -> anyhow::Result<()> {
        let new = (self.service.read)()?;
        let old = &self.service.config;
        if new.state_directory != old.state_directory {
            bail!("[daemon]: state-directory cannot change while the daemon runs; restart it");
        }
        if new.health != old.health {
            // The new address first: if it cannot be had, the old one stays.
            let bound = match new.health {
                Some(address) => Some(Bound::to(address).await?),
                None => None,
            };
            self.service.server = bound.map(|bound| bound.serve(self.service.health.clone()));
        }
        tell(&new);
        self.agenda.replace(&new.schedules, last_run(&self.service.memory));
        self.service.health.schedules(&new.schedules, last_success(&self.service.memory));
        self.deliveries.replace(Arc::clone(&new.routes));
        self.service.config = new;
        Ok(())
    }

    fn stop(&mut self) {
        if self.stopping.is_some() {
            tracing::warn!("told twice to stop: at once");
            if let Some(running) = &self.running {
                running.stop.cancel();
            }
            return;
        }
        let limit = self.service.config.stop_after;
        Notify::stopping(limit + LAST_DELIVERIES + Duration::from_secs(5));
        let waits = if self.running.is_some() { limit.as_secs() } else { 0 };
        tracing::info!("stopping; a run that is under way may go on for {waits} seconds");
        self.stopping = Some(Stopping { since: Instant::now(), drained: None });
        self.say();
        self.hurry();
        self.deliver();
    }

    /// Sees that a daemon that is to end does.
    fn hurry(&mut self) {
        let Some(stopping) = &mut self.stopping else { return };
        match &self.running {
            Some(running) => {
                if stopping.since.elapsed() >= self.service.config.stop_after {
                    running.stop.cancel();
                }
            }
            None => {
                stopping.drained.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Whether the daemon may end.
    fn done(&mut self) -> bool {
        self.hurry();
        let Some(stopping) = &self.stopping else { return false };
        match (stopping.drained, &self.running) {
            (Some(drained), _) => !self.deliveries.busy() || drained.elapsed() > LAST_DELIVERIES,
            // It does not let itself be stopped: the process ends without it.
            (None, Some(running)) => {
                running.stop.is_cancelled()
                    && stopping.since.elapsed() > self.service.config.stop_after + LAST_DELIVERIES
            }
            (None, None) => false,
        }
    }

    /// Tells the service manager what is going on.
    fn say(&mut self) {
        let now = (self.service.clock)();
        let next = self
            .agenda
            .next()
            .map(|(at, schedule)| format!("next: {} at {}", schedule.name, schedule.cron.say(at.max(now), now)));
        let doing = match (&self.stopping, &self.running) {
            (Some(_), _) => Some("stopping".to_owned()),
            (None, Some(_)) => Some("a run is under way".to_owned()),
            (None, None) => next,
        };
        let last = Some(self.last.clone()).filter(|last| !last.is_empty());
        let text = last.into_iter().chain(doing).collect::<Vec<_>>().join("; ");
        self.service.notify.status(text);
    }

    /// Logs a problem with the ledger, the first time.
    fn note<T>(&mut self, result: anyhow::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.troubled = false;
                Some(value)
            }
            Err(why) => {
                if !self.troubled {
                    tracing::error!("{why:#}");
                }
                self.troubled = true;
                None
            }
        }
    }
}

/// `3 findings (1 high, 2 medium), 1 new; 2 could not be checked`.
fn told(seen: &Seen) -> String {
    let Seen { news, findings, .. } = seen;
    let of =
        |wanted: Severity| findings.iter().filter(|((_, found), _)| *found == wanted).map(|(_, count)| count).sum();
    let counts = [(of(Severity::High), "high"), (of(Severity::Medium), "medium"), (of(Severity::Low), "low")];
    let sum: u64 = counts.iter().map(|(count, _)| count).sum();
    let list = |counts: &[(u64, &str)]| {
        let some = counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
        some.collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{sum} {}", if sum == 1 { "finding" } else { "findings" });
    if sum > 0 {
        text += &format!(" ({})", list(&counts));
    }
    let number = |findings: &[_]| findings.len() as u64;
    let changes =
        list(&[(number(&news.new), "new"), (number(&news.worse), "worse"), (number(&news.resolved), "resolved")]);
    if !changes.is_empty() {
        text += &format!(", {changes}");
    }
    if news.unknown > 0 {
        text += &format!("; {} could not be checked", news.unknown);
    }
    text
}

fn last_run(memory: &Memory) -> impl Fn(&str) -> Option<Timestamp> {
    let memory = memory.clone();
    move |scope| memory.lock().last_run(scope).ok().flatten().map(|run| run.started_at)
}

fn last_success(memory: &Memory) -> impl Fn(&str) -> Option<Timestamp> {
    let memory = memory.clone();
    move |scope| memory.lock().last_success(scope).ok().flatten().map(|run| run.started_at)
}

#[cfg(test)]
mod tests;
