//! One run: look, remember, write the report. On a thread of its own, so that judging a large account does not hold up
//! the heartbeat, and whatever goes wrong in it ends the run and not the daemon.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use gatelight_model::Severity;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::{
    collect::Remembered,
    commands::audit,
    config::{Config, daemon::Schedule},
    finding::RunDiff,
    ledger::Ledger,
    output::Sink,
    progress::Progress,
    report::{self, RecordedVerdict, Report},
    slack,
};

/// The longest report that is kept to be shown, in bytes.
const LONGEST_PAGE: usize = 1 << 20;

/// The ledger, which the loop, runs and deliveries share. Nobody holds it while waiting for anything else.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Mutex<Ledger>>);

impl Memory {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    /// What a run that panicked had begun to write was taken back by SQLite, so the ledger is good to use.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What looks: an audit, or what a test has in its place.
pub(crate) trait Look: Send + Sync {
    fn look<'a>(
        &'a self,
        config: &'a Config,
        remembered: Remembered,
        progress: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>>;
}

/// The audit.
pub(crate) struct Audit;

impl Look for Audit {
    fn look<'a>(
        &'a self,
        config: &'a Config,
        remembered: Remembered,
        progress: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>> {
        Box::pin(audit::collect_and_audit(config, remembered, progress))
    }
}

/// A run to do.
pub(crate) struct Job {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) look: Arc<dyn Look>,
    pub(crate) memory: Memory,
    pub(crate) progress: Progress,
    /// Ends it before its time.
    pub(crate) stop: CancellationToken,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// When the next look is due, for a person to read.
    pub(crate) next_look: Option<String>,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) took: Duration,
    pub(crate) end: End,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It looked, and what it saw is in the ledger.
    Looked(Box<Seen>),
    /// Why it could not.
    Failed(String),
    /// It was told to stop.
    Stopped,
}

/// What is told of a look.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) news: RunDiff,
    pub(crate) findings: BTreeMap<(&'static str, Severity), u64>,
    pub(crate) gaps: BTreeMap<&'static str, u64>,
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) throttles: BTreeMap<String, u64>,
    /// The report as text.
    pub(crate) page: String,
    /// The report could not be written where it should be.
    pub(crate) unwritten: Option<String>,
}

impl Job {
    /// Does it on a thread of its own.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(self, done: UnboundedSender<Finished>) -> std::io::Result<()> {
        thread::Builder::new().name("run".to_owned()).spawn(move || {
            let begun = Instant::now();
            let end = catch_unwind(AssertUnwindSafe(|| self.work())).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                End::Failed(format!("a fault of gatelight's own, please report it: {text}"))
            });
            // Nobody listens when the daemon is ending.
            let _ = done.send(Finished { schedule: self.schedule, took: begun.elapsed(), end });
        })?;
        Ok(())
    }

    fn work(&self) -> End {
        match self.try_to() {
            Ok(Some(seen)) => End::Looked(Box::new(seen)),
            Ok(None) => End::Stopped,
            Err(why) => End::Failed(format!("{why:#}")),
        }
    }

    fn try_to(&self) -> anyhow::Result<Option<Seen>> {
        let audit = &self.schedule.audit;
        let remembered = self.memory.lock().cache(&self.schedule.name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let report = runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Ok(None),
                report = self.look.look(audit, remembered, &self.progress) => report.map(Some),
                () = tokio::time::sleep(self.limit) => {
                    Err(anyhow!("it took longer than run-limit, {} seconds, and was stopped", self.limit.as_secs()))
                }
            }
        })?;
        // What hangs in it, such as the look-up of a name, is not waited for.
        runtime.shutdown_background();
        let Some(mut report) = report else { return Ok(None) };
        self.progress.step();
        let compose = |news: &RunDiff| slack::compose(news, &audit.slack, self.next_look.as_deref());
        let news = self.memory.lock().record(&mut report, &self.schedule.name, compose)?;
        self.progress.step();
        let mut seen = seen(&report, news, audit.verbose)?;
        if self.schedule.writes {
            let written = Sink::open(&audit.output).and_then(|output| audit::write_report(audit, &report, output));
            seen.unwritten = written.err().map(|why| format!("{why:#}"));
        }
        Ok(Some(seen))
    }
}

fn seen(report: &Report, news: RunDiff, verbose: bool) -> anyhow::Result<Seen> {
    let mut findings = BTreeMap::new();
    report.outcomes(|_, row| {
        if matches!(row.verdict, RecordedVerdict::Fail(_)) && row.ignored.is_none() {
            *findings.entry((row.check().id, row.severity)).or_default() += 1;
        }
        Ok(())
    })?;
    let (mut gaps, mut requests, mut throttles) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for shard in &report.regions {
        for gap in &shard.gaps {
            *gaps.entry(gap.why().kind.name()).or_default() += 1;
        }
        for (operation, count) in &shard.traffic.requests {
            *requests.entry(operation.clone()).or_default() += count;
        }
        for (operation, count) in &shard.traffic.throttles {
            *throttles.entry(operation.clone()).or_default() += count;
        }
    }
    let mut page = Vec::new();
    report::text::render(report, verbose, &mut page)?;
    let mut page = String::from_utf8_lossy(&anstream::adapter::strip_bytes(&page).into_vec()).into_owned();
    if page.len() > LONGEST_PAGE {
        page.truncate(page.floor_char_boundary(LONGEST_PAGE));
        page.push_str("\n… cut here: it is too long to be kept; `output` of the schedule writes all of it\n");
    }
    Ok(Seen { news, findings, gaps, requests, throttles, page, unwritten: None })
}
