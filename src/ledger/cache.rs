//! What the collector caches, so that it need not ask for it in every run: what it found in log groups, and the latencies
//! of stages. The cache advances with the findings, in their transaction: a run that could not be recorded counts as never
//! made, and the next one reads the same again.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{Ledger, rows, to_millis};
use crate::collect::CollectorCache;

/// The longest window that a search can have: what was cached before it is of no use.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

impl Ledger {
    /// What the runs of `scope` cached.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn cache(&self, scope: &str) -> anyhow::Result<CollectorCache> {
        let read = || -> rusqlite::Result<CollectorCache> {
            let mut cache = CollectorCache::new();
            let mut statement = self.db.prepare_cached(
                "SELECT account, region, key, value FROM collector_cache
                     WHERE scope = (SELECT id FROM scopes WHERE name = ?)",
            )?;
            let mut rows = statement.query([scope])?;
            while let Some(row) = rows.next()? {
                let region = (row.get(0)?, row.get(1)?);
                cache.entry(region).or_default().insert(row.get(2)?, row.get(3)?);
            }
            Ok(cache)
        };
        read().with_context(|| format!("the ledger {} cannot be read", self.path.display()))
    }
}

/// Replaces the entries of each region in `new`.
pub(super) fn replace(db: &Connection, new: &CollectorCache, scope: &str, now: Timestamp) -> rusqlite::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let scope = rows::scope_id(db, scope)?;
    let mut delete = db.prepare_cached("DELETE FROM collector_cache WHERE scope = ? AND account = ? AND region = ?")?;
    let mut insert = db.prepare_cached(
        "INSERT INTO collector_cache (scope, account, region, key, value, written_at) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for ((account, region), entries) in new {
        delete.execute(params![scope, account, region])?;
        for (key, value) in entries {
            insert.execute(params![scope, account, region, key, value, to_millis(now)])?;
        }
    }
    Ok(())
}

/// Deletes what was written `before`, and what no search can use any more.
pub(super) fn prune(db: &Connection, before: i64, now: i64) -> rusqlite::Result<()> {
    let longest = i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX);
    db.execute("DELETE FROM collector_cache WHERE written_at < ?", [before.max(now.saturating_sub(longest))])?;
    Ok(())
}
