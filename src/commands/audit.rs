//! `gatelight audit`: settings → inventory → outcomes → report. The daemon's runs use the same parts.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use gatelight_model::{
    Listing, Severity,
    inventory::{Account, Region},
};
use jiff::Timestamp;

use crate::{
    collect::{CollectorCache, LogGroupSelector, aws::Traffic},
    config::{AuditSource, Config, Regions, ReportFormat},
    finding::{AUDIT_SCOPE, RunDiff},
    hyperlink::Hyperlinks,
    inventory_file, inventory_source,
    ledger::{Ledger, Opened},
    notice,
    output::Sink,
    progress::Progress,
    report::{self, Report, RunTimes, builder::Builder, text::PageLayout},
    slack,
};

/// Audits, writes the report, records the run in the ledger if there is one, and posts to Slack. Returns the exit status.
///
/// # Errors
/// Whatever kept it from running or from delivering.
pub(crate) async fn audit(config: &Config) -> anyhow::Result<u8> {
    // The output is opened first: an audit can take minutes, and a misspelt folder should not cost them.
    let output = Sink::open(&config.output)?;
    if config.post_to_slack {
        for warning in slack::check(&config.slack)? {
            if !config.quiet {
                notice::warn(&warning);
            }
        }
    }
    let progress = Progress::new(config.shows_progress, config.quiet);
    let ledger = config.ledger.as_deref().map(|path| open_ledger(path, &progress)).transpose()?;
    let cache = match &ledger {
        Some(ledger) => ledger.cache(AUDIT_SCOPE)?,
        None => CollectorCache::new(),
    };
    let mut report = Box::pin(collect_and_audit(config, cache, &progress)).await?;
    let to_slack = |diff: &RunDiff| {
        if config.post_to_slack { slack::compose(diff, &config.slack, None) } else { Vec::new() }
    };
    // The report is written even if the ledger cannot be.
    let recorded = match &ledger {
        None => Ok(()),
        Some(ledger) => match report.problem() {
            None => ledger.record(&mut report, AUDIT_SCOPE, to_slack).map(drop),
            Some(problem) => ledger.record_failure(AUDIT_SCOPE, report.started_at, report.finished_at, &problem),
        },
    };
    let is_shown = matches!((config.format, &output), (ReportFormat::Text, Sink::Stdout));
    write_report(config, &report, output)?;
    if let Some(nothing) = report.nothing_checked.as_ref().filter(|_| !is_shown) {
        progress.suspend(|| notice::error(&anyhow!(nothing.sentence())));
    }
    recorded?;
    match &ledger {
        _ if !config.post_to_slack => {}
        Some(ledger) => slack::send_all(&config.slack, ledger).await?,
        None => {
            let messages = slack::snapshot(&report, &config.slack).context("the temporary file cannot be read")?;
            slack::post_all(&config.slack, &messages).await?;
        }
    }
    Ok(report.exit_code())
}

/// Collects and audits. Writes nothing but the inventory that is to be saved; the new cache is in the report. A future that
/// is dropped leaves nothing behind.
///
/// # Errors
/// Whatever kept it from running.
pub(crate) async fn collect_and_audit(
    config: &Config,
    cache: CollectorCache,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let mut auditor = InventoryAuditor::new(config);
    inventory_source::read(config, cache, progress, &mut auditor).await?;
    auditor.report()
}

/// Writes the report in the configured format.
///
/// # Errors
/// Names the place that cannot be written.
pub(crate) fn write_report(config: &Config, report: &Report, output: Sink) -> anyhow::Result<()> {
    match config.format {
        ReportFormat::Json => output.json(|out| report::json::render(report, out)),
        ReportFormat::Jsonl => output.json(|out| report::json::render_lines(report, out)),
        ReportFormat::Slack => output.json(|out| {
            let body = slack::snapshot_of_all(report, least_severity(config))?;
            serde_json::to_writer_pretty(&mut *out, &body)?;
            out.write_all(b"\n")
        }),
        ReportFormat::Text => {
            let colored = config.color.is_on(&output);
            let links = if colored { Hyperlinks::on_terminal() } else { Hyperlinks::OFF };
            let layout = PageLayout { width: output.width(), verbose: config.verbose, links };
            output.page(colored, |page| report::text::render(report, layout, page))
        }
    }
}

/// The least severity in the message, as in the text report.
fn least_severity(config: &Config) -> Severity {
    if config.verbose {
        return Severity::Low;
    }
    config.fail_on.threshold().unwrap_or(Severity::Medium).min(Severity::Medium)
}

fn open_ledger(path: &Path, progress: &Progress) -> anyhow::Result<Ledger> {
    let Opened { ledger, notice } = Ledger::open_named(path)?;
    if let Some(notice) = notice {
        // Memory is lost: that is said even where nothing else is.
        progress.suspend(|| notice::warn(&notice));
    }
    Ok(ledger)
}

/// Audits an inventory as it is read.
struct InventoryAuditor<'a> {
    config: &'a Config,
    builder: Option<Builder>,
    started_at: Timestamp,
    /// When this run itself began.
    own_start: Timestamp,
    report: Option<Report>,
    cache: CollectorCache,
    /// Log groups of the configuration that are in no region so far, although everything was listed.
    not_found: Vec<LogGroupSelector>,
}

impl<'a> InventoryAuditor<'a> {
    fn new(config: &'a Config) -> Self {
        // A saved inventory holds the log groups that were configured when it was collected.
        let live = matches!(config.source, AuditSource::Live { .. });
        let not_found = if live { config.search.log_groups.clone() } else { Vec::new() };
        let (builder, started_at, report) = (None, Timestamp::UNIX_EPOCH, None);
        let own_start = Timestamp::now();
        Self { config, builder, started_at, own_start, report, cache: CollectorCache::new(), not_found }
    }

    fn report(self) -> anyhow::Result<Report> {
        self.report.context("the inventory has no last line")
    }
}

impl inventory_file::Visitor for InventoryAuditor<'_> {
    fn begun(&mut self, started_at: Timestamp) -> anyhow::Result<()> {
        let Config { checks, ignores, fail_on, .. } = self.config;
        self.started_at = started_at;
        self.builder = Some(Builder::new(checks, self.config.policy(started_at)?, ignores, *fail_on, started_at)?);
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()> {
        let Listing { seen, rest } = &region.named_log_groups;
        let unread = rest.get().is_err();
        self.not_found.retain(|names| !unread && !seen.iter().any(|name| names.mean(name)));
        self.builder.as_mut().context("it has no first line")?.add(account, region, traffic)
    }

    fn remember(&mut self, cache: CollectorCache) {
        self.cache = cache;
    }

    fn finished(&mut self, finished_at: Timestamp) -> anyhow::Result<()> {
        let builder = self.builder.take().context("it has no first line")?;
        let mut report = builder.finish(self.started_at, finished_at)?;
        let own = RunTimes { started_at: self.own_start, finished_at: Timestamp::now() };
        report.replayed = matches!(self.config.source, AuditSource::Saved(_)).then_some(own);
        report.all_regions = matches!(self.config.source, AuditSource::Live { regions: Regions::All, .. });
        report.cache = std::mem::take(&mut self.cache);
        report.not_found = self.not_found.iter().map(ToString::to_string).collect();
        self.report = Some(report);
        Ok(())
    }
}

/// `gatelight demo`: audits the built-in account. Returns the exit status.
///
/// # Errors
/// Names the place that cannot be written.
pub(crate) fn demo(config: &Config) -> anyhow::Result<u8> {
    let output = Sink::open(&config.output)?;
    let save = config.save.as_deref().map(Sink::open).transpose()?;
    let mut inventory = inventory_file::InventoryWriter::begin(Vec::new(), crate::commands::demo::started_at())?;
    let (account, regions) = crate::commands::demo::account();
    inventory.account(&account)?;
    for (region, traffic) in &regions {
        inventory.region(region, traffic)?;
    }
    let inventory = inventory.end(crate::commands::demo::finished_at())?;
    // Through the saved form, so that what the demo shows is what `--from` would show.
    let mut auditor = InventoryAuditor::new(config);
    inventory_file::read(inventory.as_slice(), &mut auditor)?;
    let report = auditor.report()?;
    if let Some(save) = save {
        save.json(|out| out.write_all(&inventory))?;
    }
    write_report(config, &report, output)?;
    Ok(report.exit_code())
}
