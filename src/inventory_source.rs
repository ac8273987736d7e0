//! What is to be looked at, read region by region: from AWS, or from a saved inventory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use anyhow::Context as _;
use gatelight_model::inventory::{Account, Region};
use jiff::Timestamp;

use crate::{
    accounts::{self, Closed, Open},
    collect::{
        self, CollectedRegion, Remembered,
        aws::{Pace, Traffic, Whose, http_client},
    },
    config::{AuditSource, Config, Regions},
    inventory_file::{self, Visitor},
    notice,
    output::Sink,
    progress::Progress,
};

/// Reads what the settings say, given what is `remembered` of earlier looks, and shows it to `visitor`. Writes nothing but
/// the inventory that is to be saved.
///
/// # Errors
/// Whatever kept it from reading, or what the visitor says.
pub(crate) async fn read(
    config: &Config,
    remembered: Remembered,
    progress: &Progress,
    visitor: &mut dyn Visitor,
) -> anyhow::Result<()> {
    match &config.source {
        AuditSource::Saved(path) => from_saved(path, visitor),
        AuditSource::Live { whose, regions, pace } => {
            let save = config.save.as_deref().map(Sink::open).transpose()?;
            let needs = collect::Needs::of(&config.checks, config.evidence, config.overhead_limit)
                .and(config.extra_needs)
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
    (whose, regions, pace): (&[Whose], &Regions, Pace),
    needs: &collect::Needs,
    save: Option<Sink>,
    progress: &Progress,
    visitor: &mut dyn Visitor,
) -> anyhow::Result<()> {
    let started_at = Timestamp::now();
    visitor.begun(started_at)?;
    // The inventory waits in a temporary file: if this run fails, the file that was there stays as it was.
    let mut inventory = save
        .as_ref()
        .map(|_| inventory_file::Writer::begin(io::BufWriter::new(tempfile::tempfile()?), started_at))
        .transpose()?;
    let mut keep = |account: &Account, regions: Vec<(Region, Traffic)>| -> anyhow::Result<()> {
        if let Some(inventory) = &mut inventory
            && !regions.is_empty()
        {
            inventory.account(account)?;
            for (region, traffic) in &regions {
                inventory.region(region, traffic)?;
            }
        }
        regions.into_iter().try_for_each(|(region, traffic)| visitor.region(account, &region, traffic))
    };
    let http = http_client()?;
    let (open, closed) = accounts::open(whose, regions, pace, progress, &http).await?;
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut searched = Remembered::new();
    for Open { whose, session, caller, home, mut regions, calls } in open {
        if let Ok(account) = &caller.account {
            let read = read.entry(account.clone()).or_default();
            let (again, rest): (Vec<_>, Vec<_>) = regions.into_iter().partition(|region| read.contains(region));
            if !again.is_empty() && !config.quiet {
                let again = again.join(", ");
                let text = format!("{whose}: account {account} was read already in {again}");
                progress.suspend(|| notice::warn(&text));
            }
            read.extend(rest.iter().cloned());
            regions = rest;
        }
        if regions.is_empty() {
            continue;
        }
        let collected = collect::collect(&session, &caller, &home, &regions, needs, pace, &calls).await;
        let mut regions = Vec::new();
        for CollectedRegion { facts, traffic, memories } in collected.regions {
            if let (Ok(id), Some(memories)) = (collected.account.id.get(), memories) {
                searched.insert((id.clone(), facts.name.clone()), memories);
            }
            regions.push((facts, traffic));
        }
        keep(&collected.account, regions)?;
        progress.step();
    }
    for Closed { account, regions } in closed {
        let is_read = |region: &Region| {
            account.id.get().is_ok_and(|id| read.get(id).is_some_and(|regions| regions.contains(&region.name)))
        };
        let regions =
            regions.into_iter().filter(|region| !is_read(region)).map(|region| (region, Traffic::default())).collect();
        keep(&account, regions)?;
    }
    progress.finish();
    let finished_at = Timestamp::now();
    if let (Some(save), Some(inventory)) = (save, inventory) {
        let mut file = inventory.end(finished_at)?.into_inner().context("the temporary file cannot be written")?;
        io::Seek::rewind(&mut file)?;
        save.write(|out| io::copy(&mut file, out).map(drop))?;
    }
    visitor.remember(searched);
    visitor.finished(finished_at)
}
