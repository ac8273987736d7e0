//! Retention: deletes what ended long ago, and never what is open, waits, or is the last of its kind.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Ledger, Pruned, cache, to_millis};

/// Pages that are given back to the file system at a time.
const PAGES: i64 = 2_000;

impl Ledger {
    /// Deletes runs, ended findings, and messages that are done, if all that is longer ago than `keep`. Open findings and
    /// unsent messages stay, and the last run of each scope and the last that succeeded.
    ///
    /// # Errors
    /// If the ledger cannot be written; then nothing is deleted.
    pub(crate) fn prune(&self, now: Timestamp, keep: SignedDuration) -> anyhow::Result<Pruned> {
        let before = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
        let run = || {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let pruned = delete(&transaction, to_millis(before))?;
            cache::prune(&transaction, to_millis(before), to_millis(now))?;
            transaction.commit()?;
            // It gives back one page a row.
            let mut vacuum = self.db.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
            Ok::<_, rusqlite::Error>(pruned)
        };
        run().with_context(|| format!("the ledger {} cannot be written", self.path.display()))
    }
}

fn delete(db: &Connection, before: i64) -> rusqlite::Result<Pruned> {
    let findings = db.execute("DELETE FROM episodes WHERE ended_at < ?", [before])?;
    let runs = db.execute(
        "DELETE FROM runs WHERE finished_at < ?
             AND id NOT IN (SELECT max(id) FROM runs GROUP BY scope)
             AND id NOT IN (SELECT max(id) FROM runs WHERE problem IS NULL GROUP BY scope)",
        [before],
    )?;
    // An uncertain one that no message has reported yet is not done.
    let messages = db.execute(
        "DELETE FROM outbox WHERE done_at < ? AND state IN ('sent', 'refused', 'uncertain')
             AND NOT (state = 'uncertain' AND reported = 0)",
        [before],
    )?;
    if findings > 0 {
        db.execute("DELETE FROM findings WHERE id NOT IN (SELECT finding FROM episodes)", [])?;
        db.execute(
            "DELETE FROM texts WHERE id NOT IN (SELECT message FROM episodes)
                 AND id NOT IN (SELECT details FROM episodes)",
            [],
        )?;
    }
    Ok(Pruned { runs: runs as u64, findings: findings as u64, messages: messages as u64 })
}
