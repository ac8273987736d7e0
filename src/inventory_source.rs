//! Reads the inventory region by region: from AWS, or from a saved file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader},
    path::Path,
    sync::Arc,
};

use anyhow::Context as _;
use gatelight_model::inventory::{Account, Region};
use jiff::Timestamp;

use crate::{
    accounts::{self, Reachable, Unreachable},
    collect::{
        self, CollectedRegion, CollectorCache, OtherAccount,
        aws::{CredentialSource, Pace, Traffic, http_client},
    },
    config::{AuditSource, Config, Regions},
    inventory_file::{self, Visitor},
    notice,
    output::Sink,
    progress::Progress,
};

/// Reads what the settings select, given what is `remembered` of earlier runs, and hands it to `visitor`. Writes nothing but
/// the inventory that is to be saved.
///
/// # Errors
/// Whatever kept it from reading, or what the visitor says.
pub(crate) async fn read(
    config: &Config,
    remembered: CollectorCache,
    progress: &Progress,
    visitor: &mut dyn Visitor,
) -> anyhow::Result<()> {
    match &config.source {
        AuditSource::Saved(path) => from_saved(path, visitor),
        AuditSource::Live { whose, regions, pace } => {
            let save = config.save.as_deref().map(Sink::open).transpose()?;
            let facts = config.checks.iter().flat_map(|check| check.needs).chain(config.extra_needs).copied().collect();
            let needs = collect::Needs::new(facts, config.evidence, config.overhead_limit)
                .searching(config.search.clone(), remembered);
            live(config, (whose, regions, *pace), &needs, save, progress, visitor).await
        }
    }
}

fn from_saved(path: &Path, visitor: &mut dyn Visitor) -> anyhow::Result<()> {
    let context = || format!("the inventory {} cannot be used", path.display());
    if path == Path::new("-") {
        return inventory_file::read(io::stdin().lock(), visitor).with_context(context);
    }
    let file = File::open(path).with_context(context)?;
    inventory_file::read(BufReader::new(file), visitor).with_context(context)
}

async fn live(
    config: &Config,
    (whose, regions, pace): (&[CredentialSource], &Regions, Pace),
    needs: &collect::Needs,
    save: Option<Sink>,
    progress: &Progress,
    visitor: &mut dyn Visitor,
) -> anyhow::Result<()> {
    let started_at = Timestamp::now();
    visitor.begun(started_at)?;
    let mut recipients = Recipients { saved: save.map(|file| Saved::begin(file, started_at)).transpose()?, visitor };
    let http = http_client()?;
    let (reachable, unreachable) = accounts::connect(whose, regions, pace, progress, &http).await?;
    let known = |account: &Reachable<'_>| {
        let session = account.session.clone();
        account.caller.account.clone().ok().map(|account| OtherAccount { account, session })
    };
    let others: Arc<[OtherAccount]> = reachable.iter().filter_map(known).collect();
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut cache = CollectorCache::new();
    for Reachable { whose, session, caller, home, mut regions, calls } in reachable {
        if let Ok(account) = &caller.account {
            let read = read.entry(account.clone()).or_default();
            let (again, rest): (Vec<_>, Vec<_>) = regions.into_iter().partition(|region| read.contains(region));
            if !config.quiet {
                warn_of_repeated(&whose.to_string(), account, &again, progress);
            }
            read.extend(rest.iter().cloned());
            regions = rest;
        }
        if regions.is_empty() {
            continue;
        }
        let collected = collect::collect((&session, &others), &caller, &home, &regions, needs, pace, &calls).await;
        let mut regions = Vec::new();
        for CollectedRegion { facts, traffic, memories, .. } in collected.regions {
            if let (Ok(id), Some(memories)) = (collected.account.id.get(), memories) {
                cache.insert((id.clone(), facts.name.clone()), memories);
            }
            regions.push((facts, traffic));
        }
        recipients.take(&collected.account, regions)?;
        progress.step();
    }
    for Unreachable { account, regions } in unreachable {
        let is_read = |region: &Region| {
            account.id.get().is_ok_and(|id| read.get(id).is_some_and(|regions| regions.contains(&region.name)))
        };
        let regions =
            regions.into_iter().filter(|region| !is_read(region)).map(|region| (region, Traffic::default())).collect();
        recipients.take(&account, regions)?;
    }
    progress.finish();
    let finished_at = Timestamp::now();
    if let Some(saved) = recipients.saved {
        saved.end(finished_at)?;
    }
    visitor.remember(cache);
    visitor.finished(finished_at)
}

/// Says that regions of an account were read with other credentials already.
fn warn_of_repeated(whose: &str, account: &str, again: &[String], progress: &Progress) {
    if !again.is_empty() {
        let text = format!("{whose}: account {account} was already read in {}", again.join(", "));
        progress.suspend(|| notice::warn(&text));
    }
}

/// Takes what was read: the visitor, and the file that it is saved to, if there is one.
struct Recipients<'a> {
    saved: Option<Saved>,
    visitor: &'a mut dyn Visitor,
}

impl Recipients<'_> {
    fn take(&mut self, account: &Account, regions: Vec<(Region, Traffic)>) -> anyhow::Result<()> {
        if let Some(saved) = &mut self.saved
            && !regions.is_empty()
        {
            saved.inventory.account(account)?;
            for (region, traffic) in &regions {
                saved.inventory.region(region, traffic)?;
            }
        }
        regions.into_iter().try_for_each(|(region, traffic)| self.visitor.region(account, &region, traffic))
    }
}

/// The inventory waits in a temporary file: if this run fails, the old file stays as it was.
struct Saved {
    file: Sink,
    inventory: inventory_file::InventoryWriter<io::BufWriter<File>>,
}

impl Saved {
    fn begin(file: Sink, started_at: Timestamp) -> anyhow::Result<Self> {
        let inventory = inventory_file::InventoryWriter::begin(io::BufWriter::new(tempfile::tempfile()?), started_at)?;
        Ok(Self { file, inventory })
    }

    fn end(self, finished_at: Timestamp) -> anyhow::Result<()> {
        let mut inventory =
            self.inventory.end(finished_at)?.into_inner().context("the temporary file cannot be written")?;
        io::Seek::rewind(&mut inventory)?;
        self.file.json(|out| io::copy(&mut inventory, out).map(drop))
    }
}
