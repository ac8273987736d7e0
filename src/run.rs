//! One audit: settings → inventory → outcomes → report.

use anyhow::Context as _;
use gatelight_checks::inventory::{Account, Region};
use jiff::Timestamp;

use crate::{
    collect::aws::Traffic,
    config::{Config, Format},
    deliver::Sink,
    progress::Progress,
    report::{self, Builder, Report, Status},
    saved, source,
};

/// Audits, writes the report where it is wanted, and says what the audit came to.
///
/// # Errors
/// Whatever kept it from running or from delivering.
pub(crate) async fn audit(config: &Config) -> anyhow::Result<Status> {
    // Places to write to are opened first: an audit can take minutes, and a misspelt folder should not cost them.
    let output = Sink::open(&config.output)?;
    let progress = Progress::of(config);
    let report = look(config, &progress).await?;
    deliver(config, &report, output)?;
    Ok(report.status())
}

/// Reads, judges, and writes nothing but the inventory that is to be saved. Dropped, it leaves nothing behind.
///
/// # Errors
/// Whatever kept it from looking.
pub(crate) async fn look(config: &Config, progress: &Progress) -> anyhow::Result<Report> {
    let mut judging = Judging::new(config);
    source::read(config, progress, &mut judging).await?;
    judging.report()
}

/// Writes the report.
///
/// # Errors
/// Names the place that cannot be written.
pub(crate) fn deliver(config: &Config, report: &Report, output: Sink) -> anyhow::Result<()> {
    let colored = config.color.is_on(&output);
    output.deliver(|out| match config.format {
        Format::Json => report::json::render(report, out),
        Format::Jsonl => report::json::render_lines(report, out),
        Format::Text => {
            // The page is text for one person's screen: small enough to be coloured, or not, as a whole.
            let mut page = Vec::new();
            report::text::render(report, config.verbose, &mut page)?;
            if !colored {
                page = anstream::adapter::strip_bytes(&page).into_vec();
            }
            out.write_all(&page)
        }
    })
}

/// Judges an inventory as it is read.
struct Judging<'a> {
    config: &'a Config,
    builder: Option<Builder>,
    started_at: Timestamp,
    report: Option<Report>,
}

impl<'a> Judging<'a> {
    fn new(config: &'a Config) -> Self {
        Self { config, builder: None, started_at: Timestamp::UNIX_EPOCH, report: None }
    }

    fn report(self) -> anyhow::Result<Report> {
        self.report.context("the inventory has no end")
    }
}

impl saved::Visitor for Judging<'_> {
    fn begun(&mut self, started_at: Timestamp) -> anyhow::Result<()> {
        let Config { checks, ignores, fail_on, .. } = self.config;
        self.started_at = started_at;
        self.builder = Some(Builder::new(checks, self.config.policy(started_at)?, ignores, *fail_on, started_at)?);
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()> {
        self.builder.as_mut().context("it has no beginning")?.add(account, region, traffic)
    }

    fn finished(&mut self, finished_at: Timestamp) -> anyhow::Result<()> {
        let builder = self.builder.take().context("it has no beginning")?;
        self.report = Some(builder.finish(self.started_at, finished_at)?);
        Ok(())
    }
}

/// Audits the account that is built in.
///
/// # Errors
/// Names the place that cannot be written.
pub(crate) fn demo(config: &Config) -> anyhow::Result<Status> {
    let output = Sink::open(&config.output)?;
    let save = config.save.as_deref().map(Sink::open).transpose()?;
    let mut inventory = saved::Writer::begin(Vec::new(), crate::demo::started_at())?;
    let (account, regions) = crate::demo::account();
    inventory.account(&account)?;
    for (region, traffic) in &regions {
        inventory.region(region, traffic)?;
    }
    let inventory = inventory.end(crate::demo::finished_at())?;
    // Through the saved form, so that what the demo shows is what `--from` would show.
    let mut judging = Judging::new(config);
    saved::read(inventory.as_slice(), &mut judging)?;
    let report = judging.report()?;
    if let Some(save) = save {
        save.deliver(|out| out.write_all(&inventory))?;
    }
    deliver(config, &report, output)?;
    Ok(report.status())
}
