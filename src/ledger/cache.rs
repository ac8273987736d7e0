//! What the collector remembers, so that it need not ask for it every time: what it found in log groups, and the latencies
//! of stages. It advances with the findings, in their transaction: a run that could
//! not be recorded was never made, and the next one reads what it read.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{Ledger, rows, to_millis};
use crate::collect::Remembered;

/// The longest window that a search can have: what was remembered before it is of no use.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

impl Ledger {
    /// What the runs of `scope` remember.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn memories(&self, scope: &str) -> anyhow::Result<Remembered> {
        let read = || -> rusqlite::Result<Remembered> {
            let mut remembered = Remembered::new();
            let mut rows = self.db.prepare_cached(
                "SELECT account, region, about, memory FROM memories
                     WHERE scope = (SELECT id FROM scopes WHERE name = ?)",
            )?;
            let mut rows = rows.query([scope])?;
            while let Some(row) = rows.next()? {
                let place = (row.get(0)?, row.get(1)?);
                remembered.entry(place).or_default().insert(row.get(2)?, row.get(3)?);
            }
            Ok(remembered)
        };
        read().with_context(|| format!("the ledger {} cannot be read", self.path.display()))
    }
}

/// Puts what is to be remembered in the place of what was, in each region that was read.
pub(super) fn keep(db: &Connection, new: &Remembered, scope: &str, now: Timestamp) -> rusqlite::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let scope = rows::scope_id(db, scope)?;
    let mut forget = db.prepare_cached("DELETE FROM memories WHERE scope = ? AND account = ? AND region = ?")?;
    let mut write = db.prepare_cached(
        "INSERT INTO memories (scope, account, region, about, memory, written_at) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for ((account, region), memories) in new {
        forget.execute(params![scope, account, region])?;
        for (about, memory) in memories {
            write.execute(params![scope, account, region, about, memory, to_millis(now)])?;
        }
    }
    Ok(())
}

/// Forgets what was written `before`, and what no search can use any more.
pub(super) fn forget(db: &Connection, before: i64, now: i64) -> rusqlite::Result<()> {
    let longest = i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX);
    db.execute("DELETE FROM memories WHERE written_at < ?", [before.max(now.saturating_sub(longest))])?;
    Ok(())
}
