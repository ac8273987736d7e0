//! Writes and reads saved inventories (`--save`, `--from`). They are JSON Lines: a line with the version, each account
//! followed by its regions, and a line that counts them, so that a truncated file is noticed.

use std::io::{BufRead, Write};

use anyhow::{Context as _, bail};
use gatelight_model::inventory::{Account, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::collect::{CollectorCache, aws::Traffic};

/// The newest version of the format that is read, and the one that is written.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum InventoryLine {
    /// The first line.
    Inventory { version: u32, tool: String, started_at: Timestamp },
    /// An account; its regions follow.
    Account(Box<Account>),
    /// A region of the account before it.
    Region { facts: Box<Region>, traffic: Traffic },
    /// The last line.
    End { accounts: u64, regions: u64, finished_at: Timestamp },
}

/// Writes an inventory.
#[derive(Debug)]
pub(crate) struct InventoryWriter<W> {
    out: W,
    accounts: u64,
    regions: u64,
}

impl<W: Write> InventoryWriter<W> {
    /// Begins an inventory.
    pub(crate) fn begin(out: W, started_at: Timestamp) -> anyhow::Result<Self> {
        let mut writer = Self { out, accounts: 0, regions: 0 };
        let tool = env!("CARGO_PKG_VERSION").to_owned();
        writer.line(&InventoryLine::Inventory { version: VERSION, tool, started_at })?;
        Ok(writer)
    }

    /// Adds an account. Its regions must follow.
    pub(crate) fn account(&mut self, account: &Account) -> anyhow::Result<()> {
        self.accounts += 1;
        self.line(&InventoryLine::Account(Box::new(account.clone())))
    }

    /// Adds a region of the last account.
    pub(crate) fn region(&mut self, facts: &Region, traffic: &Traffic) -> anyhow::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "lowercase")]
        enum Borrowed<'a> {
            Region { facts: &'a Region, traffic: &'a Traffic },
        }
        self.regions += 1;
        serde_json::to_writer(&mut self.out, &Borrowed::Region { facts, traffic })?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// Ends the inventory and returns the writer.
    pub(crate) fn end(mut self, finished_at: Timestamp) -> anyhow::Result<W> {
        let Self { accounts, regions, .. } = self;
        self.line(&InventoryLine::End { accounts, regions, finished_at })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, line: &InventoryLine) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

/// Receives an inventory, in the order of the file.
pub(crate) trait Visitor {
    /// The inventory was begun at that time.
    fn begun(&mut self, started_at: Timestamp) -> anyhow::Result<()>;
    /// A region of an account.
    fn region(&mut self, account: &Account, region: &Region, traffic: Traffic) -> anyhow::Result<()>;
    /// What the collector remembers for the next run, if it read from AWS.
    fn remember(&mut self, _: CollectorCache) {}
    /// The inventory was finished at that time.
    fn finished(&mut self, finished_at: Timestamp) -> anyhow::Result<()>;
}

/// Reads an inventory line by line: one account and one region are in memory at a time.
///
/// # Errors
/// If it cannot be read, is of a newer version or is truncated, and errors of the visitor.
pub(crate) fn read(mut input: impl BufRead, visitor: &mut dyn Visitor) -> anyhow::Result<()> {
    let mut text = String::new();
    let mut number = 0_u64;
    let mut account: Option<Box<Account>> = None;
    let (mut accounts, mut regions) = (0, 0);
    loop {
        text.clear();
        number += 1;
        if input.read_line(&mut text).with_context(|| format!("line {number}"))? == 0 {
            bail!("it is truncated: no closing line after line {}", number - 1);
        }
        if number == 1 {
            visitor.begun(header(&text)?)?;
            continue;
        }
        match serde_json::from_str(&text).with_context(|| format!("line {number} cannot be read"))? {
            InventoryLine::Inventory { .. } => bail!("line {number}: a second first line"),
            InventoryLine::Account(next) => {
                accounts += 1;
                account = Some(next);
            }
            InventoryLine::Region { facts, traffic } => {
                regions += 1;
                let Some(account) = &account else { bail!("line {number}: a region before its account") };
                visitor.region(account, &facts, traffic)?;
            }
            InventoryLine::End { accounts: counted, regions: counted_regions, finished_at } => {
                if (counted, counted_regions) != (accounts, regions) {
                    bail!(
                        "lines are missing: its last line counts {counted} accounts and {counted_regions} regions, \
                         but it contains {accounts} and {regions}"
                    );
                }
                text.clear();
                if input.read_line(&mut text).with_context(|| format!("line {}", number + 1))? > 0 {
                    bail!("line {} follows the closing line; does the file contain several inventories?", number + 1);
                }
                return visitor.finished(finished_at);
            }
        }
    }
}

fn header(text: &str) -> anyhow::Result<Timestamp> {
    // Reads only the version first: a newer format may differ in everything else.
    #[derive(Deserialize)]
    struct Begin {
        inventory: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let begin: Begin = serde_json::from_str(text).context("line 1 is not the start of a Gatelight inventory")?;
    let version = begin.inventory.version;
    if version > VERSION {
        bail!(
            "it has version {version}; this Gatelight ({}) reads versions up to {VERSION}",
            env!("CARGO_PKG_VERSION")
        );
    }
    match serde_json::from_str(text).context("line 1 is not the start of a Gatelight inventory")? {
        InventoryLine::Inventory { started_at, .. } => Ok(started_at),
        _ => bail!("line 1 is not the start of a Gatelight inventory"),
    }
}

#[cfg(test)]
mod tests {
    use gatelight_checks::testing;

    use super::*;

    #[derive(Default)]
    struct Received(Vec<(Account, Region)>);

    impl Visitor for Received {
        fn begun(&mut self, _: Timestamp) -> anyhow::Result<()> {
            Ok(())
        }
        fn region(&mut self, account: &Account, region: &Region, _: Traffic) -> anyhow::Result<()> {
            self.0.push((account.clone(), region.clone()));
            Ok(())
        }
        fn finished(&mut self, _: Timestamp) -> anyhow::Result<()> {
            Ok(())
        }
    }

    fn saved() -> (Vec<(Account, Region)>, String) {
        let mut writer = InventoryWriter::begin(Vec::new(), Timestamp::UNIX_EPOCH).expect("writes");
        let mut all = Vec::new();
        for scope in testing::scenarios() {
            writer.account(&scope.account).expect("writes");
            writer.region(&scope.region, &Traffic::default()).expect("writes");
            all.push((scope.account, scope.region));
        }
        let bytes = writer.end(Timestamp::UNIX_EPOCH).expect("writes");
        (all, String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn what_was_saved_is_read_back() {
        let (all, text) = saved();
        let mut received = Received::default();
        read(text.as_bytes(), &mut received).expect("reads");
        assert_eq!(received.0, all);
    }

    #[test]
    fn a_cut_file_is_noticed_wherever_it_was_cut() {
        let (_, text) = saved();
        let lines: Vec<_> = text.lines().collect();
        for keep in 0..lines.len() {
            let cut = lines[..keep].join("\n");
            assert!(read(cut.as_bytes(), &mut Received::default()).is_err(), "{keep} lines");
        }
        assert!(read(format!("{text}{text}").as_bytes(), &mut Received::default()).is_err(), "two in one file");
        let mut gone = lines.clone();
        gone.remove(2);
        assert!(read(gone.join("\n").as_bytes(), &mut Received::default()).is_err(), "a region is gone");
        assert!(read(&text.as_bytes()[..text.len() / 2], &mut Received::default()).is_err());
    }

    #[test]
    fn a_newer_version_says_so() {
        let problem =
            read(&b"{\"inventory\":{\"version\":2,\"new\":[]}}\n"[..], &mut Received::default()).expect_err("newer");
        assert!(problem.to_string().contains("version 2"), "{problem}");
    }
}
