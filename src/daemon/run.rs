//! One run of a schedule: audit, record in the ledger, write the report.
//!
//! It has its own thread, so that judging a large account does not delay the event loop, and a panic ends the run and not
//! the daemon.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{anyhow, bail};
use gatelight_checks::visibility::State;
use gatelight_model::{Severity, SubjectKind};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::{
    collect::CollectorCache,
    commands::audit,
    config::{Config, daemon::Schedule},
    finding::RunDiff,
    hyperlink::Hyperlinks,
    ledger::Ledger,
    output::{Sink, TerminalPage},
    progress::Progress,
    report::{self, KINDS, NothingChecked, RecordedVerdict, Report, text::PageLayout},
    runtime, slack,
    text::{WIDTH, with_causes},
};

/// Bytes of the report that the health server keeps at most.
const MAX_PAGE: usize = 1 << 20;

/// The ledger that the event loop, runs and deliveries share. Nobody may hold the lock while waiting for anything else.
#[derive(Clone, Debug)]
pub(crate) struct SharedLedger(Arc<Mutex<Ledger>>);

impl SharedLedger {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    /// A poisoned lock is fine: SQLite has rolled back what a run that panicked had begun to write.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run calls to audit: `AccountAuditor`, or a fake in tests.
pub(crate) trait Auditor: Send + Sync {
    fn audit<'a>(
        &'a self,
        config: &'a Config,
        remembered: CollectorCache,
        progress: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>>;
}

/// Audits as `gatelight audit` does.
pub(crate) struct AccountAuditor;

impl Auditor for AccountAuditor {
    fn audit<'a>(
        &'a self,
        config: &'a Config,
        remembered: CollectorCache,
        progress: &'a Progress,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>> {
        Box::pin(audit::collect_and_audit(config, remembered, progress))
    }
}

/// A run to start.
pub(crate) struct Run {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) auditor: Arc<dyn Auditor>,
    pub(crate) ledger: SharedLedger,
    pub(crate) progress: Progress,
    /// Cancels the run.
    pub(crate) stop: CancellationToken,
    /// How long the audit may take.
    pub(crate) limit: Duration,
    /// When the schedule is due next, for a person to read.
    pub(crate) next_due: Option<String>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct FinishedRun {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) took: Duration,
    pub(crate) result: RunResult,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum RunResult {
    /// The audit was completed and recorded in the ledger.
    Succeeded(Box<RunSummary>),
    /// Why there is no audit.
    Failed(String),
    /// It was cancelled.
    Stopped,
}

/// Counts by account and region.
pub(crate) type ByRegion<K> = BTreeMap<(String, String), BTreeMap<K, u64>>;

/// What logs, metrics and the health server show of a successful run.
#[derive(Debug)]
pub(crate) struct RunSummary {
    pub(crate) news: RunDiff,
    /// Findings of each region by check and severity, ignored ones aside.
    pub(crate) findings: ByRegion<(&'static str, Severity)>,
    /// Stages and functions of each region by kind and state.
    pub(crate) subjects: ByRegion<(SubjectKind, State)>,
    /// Gaps by kind.
    pub(crate) gaps: BTreeMap<&'static str, u64>,
    /// How many regions were skipped, as they are closed to the account.
    pub(crate) skipped: u64,
    /// Why nothing is known of API Gateway, if so.
    pub(crate) nothing_checked: Option<String>,
    /// Requests by operation.
    pub(crate) requests: BTreeMap<String, u64>,
    /// Throttled requests by operation.
    pub(crate) throttles: BTreeMap<String, u64>,
    /// The report as text.
    pub(crate) page: String,
    /// Why the report could not be written to the schedule's `output`.
    pub(crate) output_error: Option<String>,
}

impl Run {
    /// Starts the run on its own thread, which sends its result to `finished`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(self, finished: UnboundedSender<FinishedRun>) -> std::io::Result<()> {
        thread::Builder::new().name("run".to_owned()).spawn(move || {
            let started = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| self.run())).unwrap_or_else(|panic| {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                RunResult::Failed(format!("bug in gatelight, please report it: {text}"))
            });
            // Nobody receives it when the daemon is ending.
            let _ = finished.send(FinishedRun { schedule: self.schedule, took: started.elapsed(), result });
        })?;
        Ok(())
    }

    fn run(&self) -> RunResult {
        match self.try_run() {
            Ok(Some(summary)) => RunResult::Succeeded(Box::new(summary)),
            Ok(None) => RunResult::Stopped,
            Err(why) => RunResult::Failed(with_causes(&why)),
        }
    }

    /// Returns nothing if the run was cancelled.
    fn try_run(&self) -> anyhow::Result<Option<RunSummary>> {
        let audit = &self.schedule.audit;
        let remembered = self.ledger.lock().cache(&self.schedule.name)?;
        let runtime = runtime::build()?;
        let report = runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Ok(None),
                report = self.auditor.audit(audit, remembered, &self.progress) => report.map(Some),
                () = tokio::time::sleep(self.limit) => {
                    Err(anyhow!("it took longer than run-limit, {} seconds, and was stopped", self.limit.as_secs()))
                }
            }
        })?;
        // Does not wait for what hangs in the runtime, such as a DNS lookup.
        runtime.shutdown_background();
        let Some(mut report) = report else { return Ok(None) };
        if let Some(problem) = report.problem() {
            bail!(problem);
        }
        self.progress.step();
        let compose = |news: &RunDiff| slack::compose(news, &audit.slack, self.next_due.as_deref());
        let news = self.ledger.lock().record(&mut report, &self.schedule.name, compose)?;
        self.progress.step();
        let mut summary = summarize(&report, news, audit.verbose)?;
        if self.schedule.writes_report {
            let written = Sink::open(&audit.output).and_then(|output| audit::write_report(audit, &report, output));
            summary.output_error = written.err().map(|why| with_causes(&why));
        }
        Ok(Some(summary))
    }
}

fn summarize(report: &Report, news: RunDiff, verbose: bool) -> anyhow::Result<RunSummary> {
    let (mut findings, mut subjects) = (ByRegion::new(), ByRegion::new());
    for region in &report.regions {
        let place = (region.account.clone(), region.region.clone());
        findings.insert(place.clone(), BTreeMap::new());
        let counts = KINDS.into_iter().flat_map(|kind| State::ALL.map(|state| (kind, state)));
        subjects
            .insert(place, counts.map(|(kind, state)| ((kind, state), region.visibility.of(kind, state))).collect());
    }
    report.outcomes(|region, row| {
        if matches!(row.verdict, RecordedVerdict::Fail(_)) && row.ignored.is_none() {
            let place = (region.account.clone(), region.region.clone());
            *findings.entry(place).or_default().entry((row.check().id, row.severity)).or_default() += 1;
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
    let mut page = TerminalPage::new(false);
    let layout = PageLayout { width: WIDTH, verbose, links: Hyperlinks::OFF };
    report::text::render(report, layout, &mut page)?;
    let mut page = page.into_text();
    if page.len() > MAX_PAGE {
        page.truncate(page.floor_char_boundary(MAX_PAGE));
        page.push_str("\n… truncated: set `output` in the schedule to get the complete report\n");
    }
    Ok(RunSummary {
        news,
        findings,
        subjects,
        gaps,
        skipped: report.regions.iter().filter(|region| region.skipped.is_some()).count() as u64,
        nothing_checked: report.nothing_checked.as_ref().map(NothingChecked::sentence),
        requests,
        throttles,
        page,
        output_error: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        daemon::summary::one_line,
        finding::{DarkCounts, SubjectCounts},
        report::fixtures::{audited, thirty_seven_stages},
    };

    #[test]
    fn page_and_summary_say_first_what_is_dark() {
        let counts = |stages| SubjectCounts { stages, functions: 0 };
        let place = ("123456789012".to_owned(), "eu-west-1".to_owned());
        let dark = DarkCounts { all: counts(37), went_dark: counts(36), no_longer_dark: counts(0) };
        let news = RunDiff { dark: BTreeMap::from([(place, dark)]), ..RunDiff::default() };
        let summary = summarize(&audited(&[thirty_seven_stages()]), news, false).expect("summarizes");
        let of = |text: &str| summary.page.find(text).unwrap_or_else(|| panic!("{text}\n{}", summary.page));
        assert!(of("gateway-role-missing") < of("access-log-off"), "{}", summary.page);
        let line = one_line(&summary);
        assert!(line.contains("; 36 of 37 stages went dark"), "{line}");
    }
}
