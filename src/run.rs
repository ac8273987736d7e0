//! One audit: settings → inventory → outcomes → report.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use anyhow::Context as _;
use gatelight_checks::{
    Severity,
    inventory::{Account, Region},
};
use jiff::Timestamp;

use crate::{
    accounts::{self, Closed, Open},
    collect::{
        self,
        aws::{Pace, Traffic, Whose, http_client},
    },
    config::{Color, Config, Format, Regions, Source},
    deliver::Sink,
    ledger::{self, Ledger, Opened},
    news::News,
    progress::Progress,
    report::{self, Builder, Report, Status},
    saved, slack,
};

/// Audits, writes the report where it is wanted, and says what the audit came to.
///
/// # Errors
/// Whatever kept it from running or from delivering.
pub(crate) async fn audit(config: &Config) -> anyhow::Result<Status> {
    // Places to write to are opened first: an audit can take minutes, and a misspelt folder should not cost them.
    let output = Sink::open(&config.output)?;
    if config.post_to_slack {
        for warning in slack::check(&config.slack)? {
            warn(config, &Progress::hidden(), &warning);
        }
    }
    let progress = if config.progress && !config.verbose { Progress::on_terminal() } else { Progress::hidden() };
    let ledger = config.ledger.as_deref().map(|path| open_ledger(path, &progress)).transpose()?;
    let mut report = look(config, &progress).await?;
    let to_slack = |news: &News| {
        if config.post_to_slack { slack::compose(news, &config.slack, None) } else { Vec::new() }
    };
    // What was found is told even where it cannot be remembered.
    let recorded =
        ledger.as_ref().map_or(Ok(()), |ledger| ledger.record(&mut report, ledger::AUDIT, to_slack).map(drop));
    deliver(config, &report, output)?;
    recorded?;
    match &ledger {
        _ if !config.post_to_slack => {}
        Some(ledger) => slack::send_all(&config.slack, ledger).await?,
        None => {
            let messages = slack::snapshot(&report, &config.slack).context("the temporary file cannot be read")?;
            slack::post_all(&config.slack, &messages).await?;
        }
    }
    Ok(report.status())
}

/// Collects, judges, and writes nothing but the inventory that is to be saved. Dropped, it leaves nothing behind.
///
/// # Errors
/// Whatever kept it from looking.
pub(crate) async fn look(config: &Config, progress: &Progress) -> anyhow::Result<Report> {
    match &config.source {
        Source::Saved(path) => from_saved(config, path),
        Source::Live { whose, regions, pace } => {
            let save = config.save.as_deref().map(Sink::open).transpose()?;
            live(config, whose, regions, *pace, save, progress).await
        }
    }
}

/// Writes the report.
///
/// # Errors
/// Names the place that cannot be written.
pub(crate) fn deliver(config: &Config, report: &Report, output: Sink) -> anyhow::Result<()> {
    let terminal = output.is_terminal();
    output.deliver(|out| match config.format {
        Format::Json => report::json::render(report, out),
        Format::Jsonl => report::json::render_lines(report, out),
        Format::Slack => {
            let body = slack::snapshot_of_all(report, least(config))?;
            serde_json::to_writer_pretty(&mut *out, &body)?;
            out.write_all(b"\n")
        }
        Format::Text => {
            let colored = match config.color {
                Color::Always => true,
                Color::Never => false,
                // anstream knows NO_COLOR and its like. Whether it is a terminal at all is asked before: the report may
                // go to a file while standard output is a terminal.
                Color::Auto => terminal && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            };
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

/// The least severity that a message tells, as in the text report.
fn least(config: &Config) -> Severity {
    if config.verbose {
        return Severity::Low;
    }
    config.fail_on.threshold().unwrap_or(Severity::Medium).min(Severity::Medium)
}

async fn live(
    config: &Config,
    whose: &[Whose],
    regions: &Regions,
    pace: Pace,
    save: Option<Sink>,
    progress: &Progress,
) -> anyhow::Result<Report> {
    let started_at = Timestamp::now();
    let mut report = builder(config, started_at)?;
    // The inventory waits in a temporary file: if this run fails, the file that was there stays as it was.
    let mut inventory = save
        .as_ref()
        .map(|_| saved::Writer::begin(io::BufWriter::new(tempfile::tempfile()?), started_at))
        .transpose()?;
    let http = http_client()?;
    let needs = collect::Needs::of(&config.checks, config.evidence);
    let (open, closed) = accounts::open(whose, regions, pace, progress, &http).await?;
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Open { whose, session, caller, home, mut regions, calls } in open {
        if let Ok(account) = &caller.account {
            let read = read.entry(account.clone()).or_default();
            let (again, rest): (Vec<_>, Vec<_>) = regions.into_iter().partition(|region| read.contains(region));
            if !again.is_empty() {
                let again = again.join(", ");
                warn(config, progress, &format!("{whose}: account {account} was read already in {again}"));
            }
            read.extend(rest.iter().cloned());
            regions = rest;
        }
        if regions.is_empty() {
            continue;
        }
        let collected = collect::collect(&session, &caller, &home, &regions, &needs, pace, &calls).await;
        let regions: Vec<_> = collected.regions.into_iter().map(|region| (region.facts, region.traffic)).collect();
        keep(&mut report, inventory.as_mut(), &collected.account, &regions)?;
        progress.step();
    }
    for Closed { account, regions } in closed {
        let is_read = |region: &Region| {
            account.id.get().is_ok_and(|id| read.get(id).is_some_and(|regions| regions.contains(&region.name)))
        };
        let regions: Vec<_> =
            regions.into_iter().filter(|region| !is_read(region)).map(|region| (region, Traffic::default())).collect();
        keep(&mut report, inventory.as_mut(), &account, &regions)?;
    }
    progress.finish();
    let finished_at = Timestamp::now();
    if let (Some(save), Some(inventory)) = (save, inventory) {
        let mut file = inventory.end(finished_at)?.into_inner().context("the temporary file cannot be written")?;
        io::Seek::rewind(&mut file)?;
        save.deliver(|out| io::copy(&mut file, out).map(drop))?;
    }
    report.finish(started_at, finished_at)
}

/// Judges an account, and saves it.
fn keep<W: io::Write>(
    report: &mut Builder,
    inventory: Option<&mut saved::Writer<W>>,
    account: &Account,
    regions: &[(Region, Traffic)],
) -> anyhow::Result<()> {
    if let Some(inventory) = inventory
        && !regions.is_empty()
    {
        inventory.account(account)?;
        for (region, traffic) in regions {
            inventory.region(region, traffic)?;
        }
    }
    for (region, traffic) in regions {
        report.add(account, region, traffic.clone())?;
    }
    Ok(())
}

fn open_ledger(path: &Path, progress: &Progress) -> anyhow::Result<Ledger> {
    let Opened { ledger, notice } = Ledger::open_named(path)?;
    if let Some(notice) = notice {
        // Memory is lost: that is said even where nothing else is.
        progress.aside(|| crate::say_on_stderr(&format!("gatelight: {notice}")));
    }
    Ok(ledger)
}

fn warn(config: &Config, progress: &Progress, text: &str) {
    if !config.quiet {
        progress.aside(|| crate::say_on_stderr(&format!("gatelight: {text}")));
    }
}

fn builder(config: &Config, now: Timestamp) -> anyhow::Result<Builder> {
    Builder::new(&config.checks, config.policy(now)?, &config.ignores, config.fail_on, now)
}

fn from_saved(config: &Config, path: &Path) -> anyhow::Result<Report> {
    let context = || format!("the inventory {} cannot be used", path.display());
    let mut audit = Replay { config, builder: None, started_at: Timestamp::UNIX_EPOCH, report: None };
    if path == Path::new("-") {
        saved::read(io::stdin().lock(), &mut audit)
    } else {
        let file = File::open(path).with_context(context)?;
        saved::read(BufReader::new(file), &mut audit)
    }
    .with_context(context)?;
    audit.report.context("the inventory has no end")
}

/// Audits a saved inventory as it is read.
struct Replay<'a> {
    config: &'a Config,
    builder: Option<Builder>,
    started_at: Timestamp,
    report: Option<Report>,
}

impl saved::Visitor for Replay<'_> {
    fn begun(&mut self, started_at: Timestamp) -> anyhow::Result<()> {
        self.started_at = started_at;
        self.builder = Some(builder(self.config, started_at)?);
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()> {
        self.builder.as_mut().context("it has no beginning")?.add(account, region, traffic)
    }

    fn finished(&mut self, finished_at: Timestamp) -> anyhow::Result<()> {
        let builder = self.builder.take().context("it has no beginning")?;
        let mut report = builder.finish(self.started_at, finished_at)?;
        report.replayed = true;
        self.report = Some(report);
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
    let mut audit = Replay { config, builder: None, started_at: Timestamp::UNIX_EPOCH, report: None };
    saved::read(inventory.as_slice(), &mut audit)?;
    let report = audit.report.context("the inventory has no end")?;
    if let Some(save) = save {
        save.deliver(|out| out.write_all(&inventory))?;
    }
    deliver(config, &report, output)?;
    Ok(report.status())
}
