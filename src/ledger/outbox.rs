//! Messages to webhooks: waiting → sending (committed before the request is written) → sent, waiting again, or refused.
//! One that a process was sending when it died is sent once more, and says so; the second time it is given up as
//! uncertain, as nobody knows whether it arrived.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Ledger, Message, Outgoing, from_millis, to_millis};

/// No message waits longer than this. One that seems to was postponed by a clock that has been turned back since.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);

impl Ledger {
    /// When each route's digest was last put into the outbox; or, before the first, since when it is awaited.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn digests(&self) -> anyhow::Result<BTreeMap<String, Timestamp>> {
        let mut select = self.db.prepare_cached("SELECT webhook, last FROM digests")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, from_millis(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts a digest into the outbox, and notes when.
    ///
    /// # Errors
    /// If the ledger cannot be written; then neither was done.
    pub(crate) fn put_digest(&self, digest: &Message, now: Timestamp) -> anyhow::Result<()> {
        self.write(|db| {
            put(db, std::slice::from_ref(digest), now)?;
            note_digest(db, &digest.webhook, now)
        })
    }

    /// Notes that a route's digest is awaited from now on.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn await_digest(&self, webhook: &str, now: Timestamp) -> anyhow::Result<()> {
        self.write(|db| note_digest(db, webhook, now))
    }

    /// The messages that are due, the oldest first. The first call looks for those that a process was sending
    /// when it died.
    ///
    /// # Errors
    /// If the ledger cannot be read or written.
    pub(crate) fn due(&self, now: Timestamp) -> anyhow::Result<Vec<Outgoing>> {
        if !self.recovered.get() {
            for (webhook, created_at) in self.write(|db| recover(db, now))? {
                tracing::error!(
                    webhook,
                    "a message of {created_at} may not have arrived: Gatelight was stopped twice while it was sending it"
                );
            }
            self.recovered.set(true);
        }
        let mut statement = self.db.prepare_cached(
            "SELECT id, webhook, body, repeated, attempts, created_at,
                 (SELECT max(u.created_at) FROM outbox u
                  WHERE u.webhook = o.webhook AND u.state = 'uncertain' AND u.reported = 0 AND u.id < o.id)
             FROM outbox o WHERE state = 'waiting' AND (not_before <= ?1 OR not_before > ?2) ORDER BY id",
        )?;
        let rows = statement.query_map([to_millis(now), longest(now)], |row| {
            let body: String = row.get(2)?;
            let body = serde_json::from_str(&body).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
            })?;
            Ok(Outgoing {
                id: row.get(0)?,
                webhook: row.get(1)?,
                body,
                repeated: row.get(3)?,
                attempts: row.get(4)?,
                created_at: from_millis(row.get(5)?),
                uncertain: row.get::<_, Option<i64>>(6)?.map(from_millis),
            })
        })?;
        let mut due = rows.collect::<Result<Vec<Outgoing>, _>>()?;
        // One message reports it, not all that are waiting.
        let mut reported = BTreeSet::new();
        for message in due.iter_mut().filter(|message| message.uncertain.is_some()) {
            if !reported.insert(message.webhook.clone()) {
                message.uncertain = None;
            }
        }
        Ok(due)
    }

    /// Notes that a message is about to be sent. Call it when the connection is open and nothing is written yet. False:
    /// another process is sending it or has given it up, so it must not be sent.
    ///
    /// # Errors
    /// If the ledger cannot be written; then it must not be sent either.
    pub(crate) fn about_to_send(&self, id: i64) -> anyhow::Result<bool> {
        self.write(|db| {
            db.execute("UPDATE outbox SET state = 'sending' WHERE id = ? AND state = 'waiting'", [id])
                .map(|changed| changed == 1)
        })
    }

    /// Notes that a message arrived. The uncertain ones that it reported need not be reported again.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn sent(&self, id: i64, now: Timestamp) -> anyhow::Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE outbox SET state = 'sent', done_at = ?2, problem = NULL WHERE id = ?1",
                params![id, to_millis(now)],
            )?;
            db.execute(
                "UPDATE outbox SET reported = 1 WHERE state = 'uncertain' AND reported = 0 AND id < ?1
                     AND webhook = (SELECT webhook FROM outbox WHERE id = ?1)",
                [id],
            )
            .map(drop)
        })
    }

    /// Postpones a message until `at`, at most a day ahead, and notes why: no connection, or the webhook asked to wait or
    /// failed.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn postpone(&self, id: i64, at: Timestamp, why: &str) -> anyhow::Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE outbox SET state = 'waiting', not_before = ?, attempts = attempts + 1, problem = ?
                 WHERE id = ? AND state IN ('waiting', 'sending')",
                params![to_millis(at), why, id],
            )
            .map(drop)
        })
    }

    /// Notes that nobody knows whether a message arrived: the answer did not come, or was cut. It is sent once more at
    /// `at`, and says so; the second time it is given up. Returns whether it will be sent once more.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn retry_uncertain(&self, id: i64, at: Timestamp, why: &str, now: Timestamp) -> anyhow::Result<bool> {
        self.write(|db| {
            let again = db.execute(
                "UPDATE outbox SET state = 'waiting', repeated = 1, not_before = ?, attempts = attempts + 1, problem = ?
                 WHERE id = ? AND state = 'sending' AND repeated = 0",
                params![to_millis(at), why, id],
            )?;
            db.execute(
                "UPDATE outbox SET state = 'uncertain', done_at = ?, problem = ? WHERE id = ? AND state = 'sending'",
                params![to_millis(now), why, id],
            )?;
            Ok(again == 1)
        })
    }

    /// Gives a message up, and notes why.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub(crate) fn refused(&self, id: i64, why: &str, now: Timestamp) -> anyhow::Result<()> {
        self.write(|db| {
            db.execute(
                "UPDATE outbox SET state = 'refused', done_at = ?, problem = ?
                 WHERE id = ? AND state IN ('waiting', 'sending')",
                params![to_millis(now), why, id],
            )
            .map(drop)
        })
    }

    /// When the next message is due. It may be in the past.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn next_due(&self) -> anyhow::Result<Option<Timestamp>> {
        let next = "SELECT min(not_before) FROM outbox WHERE state = 'waiting'";
        let next: Option<Option<i64>> = self.db.query_row(next, [], |row| row.get(0)).optional()?;
        Ok(next.flatten().map(from_millis))
    }

    fn write<T>(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> anyhow::Result<T> {
        let run = || {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let result = write(&transaction)?;
            transaction.commit()?;
            Ok::<_, rusqlite::Error>(result)
        };
        run().with_context(|| format!("the ledger {} cannot be written", self.path.display()))
    }
}

/// Puts messages into the outbox.
pub(super) fn put(db: &Connection, messages: &[Message], now: Timestamp) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO outbox (webhook, body, state, created_at, not_before) VALUES (?1, ?2, 'waiting', ?3, ?3)",
    )?;
    for message in messages {
        insert.execute(params![message.webhook, message.body.to_string(), to_millis(now)])?;
    }
    Ok(())
}

fn note_digest(db: &Connection, webhook: &str, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO digests (webhook, last) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET last = ?2";
    db.execute(sql, params![webhook, to_millis(now)]).map(drop)
}

/// Decides about messages that a process was sending when it died, and returns those that are now uncertain.
fn recover(db: &Connection, now: Timestamp) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    let mut decide = db.prepare_cached(
        "UPDATE outbox SET state = 'uncertain', done_at = ?,
             problem = 'Gatelight was stopped twice while it was sending it'
         WHERE state = 'sending' AND repeated = 1 RETURNING webhook, created_at",
    )?;
    let uncertain = decide
        .query_map([to_millis(now)], |row| Ok((row.get(0)?, from_millis(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    db.execute(
        "UPDATE outbox SET state = 'waiting', repeated = 1, not_before = ?, attempts = attempts + 1,
             problem = 'Gatelight was stopped while it was sending it'
         WHERE state = 'sending'",
        [to_millis(now)],
    )?;
    Ok(uncertain)
}

fn longest(now: Timestamp) -> i64 {
    to_millis(now).saturating_add(i64::try_from(LONGEST_WAIT.as_millis()).unwrap_or(i64::MAX))
}
