//! The tables, as they grew. A released step is never changed: a file of each version that was released is a test.

use anyhow::{Context as _, bail};
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks the file as Gatelight's: "GLlg".
pub(super) const APPLICATION_ID: i32 = 0x474c_6c67;

/// Step n makes version n out of version n − 1.
pub(super) const STEPS: &[&str] = &[
    // Findings that stay as they are cost no writing: an open episode whose `last_seen` is NULL was found by the last run
    // of its scope that succeeded. `last_seen` is written when a run does not find it and cannot say that it is over, and
    // when it ends. Texts are kept once, however many findings and episodes share them.
    "CREATE TABLE scopes (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        started_at INTEGER NOT NULL,
        finished_at INTEGER NOT NULL,
        problem TEXT,
        status TEXT,
        pass INTEGER NOT NULL DEFAULT 0,
        unknown INTEGER NOT NULL DEFAULT 0,
        not_applicable INTEGER NOT NULL DEFAULT 0,
        ignored INTEGER NOT NULL DEFAULT 0,
        high INTEGER NOT NULL DEFAULT 0,
        medium INTEGER NOT NULL DEFAULT 0,
        low INTEGER NOT NULL DEFAULT 0,
        new INTEGER NOT NULL DEFAULT 0,
        worse INTEGER NOT NULL DEFAULT 0,
        resolved INTEGER NOT NULL DEFAULT 0,
        ongoing INTEGER NOT NULL DEFAULT 0,
        CHECK ((problem IS NULL) != (status IS NULL))
    ) STRICT;
    CREATE INDEX runs_by_scope ON runs (scope, id);
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE findings (
        id INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        fingerprint BLOB NOT NULL,
        check_id TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        arn TEXT NOT NULL,
        name TEXT NOT NULL,
        UNIQUE (scope, fingerprint)
    ) STRICT;
    CREATE TABLE episodes (
        id INTEGER PRIMARY KEY,
        finding INTEGER NOT NULL REFERENCES findings (id),
        severity INTEGER NOT NULL,
        ignored INTEGER NOT NULL,
        message INTEGER NOT NULL REFERENCES texts (id),
        details INTEGER NOT NULL REFERENCES texts (id),
        first_seen INTEGER NOT NULL,
        last_seen INTEGER,
        ended_at INTEGER,
        how TEXT CHECK (how IN ('resolved', 'gone')),
        CHECK ((ended_at IS NULL) = (how IS NULL)),
        CHECK (ended_at IS NULL OR last_seen IS NOT NULL)
    ) STRICT;
    CREATE UNIQUE INDEX episodes_open ON episodes (finding) WHERE ended_at IS NULL;
    CREATE INDEX episodes_by_finding ON episodes (finding);
    CREATE INDEX episodes_by_message ON episodes (message);
    CREATE INDEX episodes_by_details ON episodes (details);
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        webhook TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'uncertain')),
        repeated INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        done_at INTEGER,
        problem TEXT,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_undecided ON outbox (state) WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_untold ON outbox (webhook) WHERE state = 'uncertain' AND told = 0;",
    // When each route's digest was last put into the outbox; or, before the first, since when it is waited for.
    "CREATE TABLE digests (
        webhook TEXT PRIMARY KEY,
        last INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;",
    // What is remembered of the search of a log group, so that the next need read only what is new. Whoever searches
    // knows the form; one of another form is no memory.
    "CREATE TABLE searches (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        log_group TEXT NOT NULL,
        memory TEXT NOT NULL,
        written_at INTEGER NOT NULL,
        PRIMARY KEY (scope, account, region, log_group)
    ) STRICT, WITHOUT ROWID;",
    // The same of other things that need not be asked for every time.
    "ALTER TABLE searches RENAME TO memories;
    ALTER TABLE memories RENAME COLUMN log_group TO about;",
];

/// What a file is, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A database in which nothing was made yet.
    Blank,
    /// A ledger of this version of the tables.
    Ledger(usize),
    /// Another program's database.
    Foreign,
}

/// Asks a file what it is.
///
/// # Errors
/// If it cannot be read.
pub(super) fn kind(db: &Connection) -> rusqlite::Result<Kind> {
    // All that is asked is true at one moment: another process may make the tables between two questions.
    let _moment =
        db.is_autocommit().then(|| Transaction::new_unchecked(db, TransactionBehavior::Deferred)).transpose()?;
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application == APPLICATION_ID {
        return Ok(Kind::Ledger(usize::try_from(version).unwrap_or(usize::MAX)));
    }
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let blank = application == 0 && version == 0 && tables == 0;
    Ok(if blank { Kind::Blank } else { Kind::Foreign })
}

/// Brings the tables up to date: all the steps that are missing, or none of them.
///
/// # Errors
/// If the file cannot be written, or is of a newer version.
pub(super) fn migrate(db: &Connection, steps: &[&str]) -> anyhow::Result<()> {
    // The lock comes first: of two processes that begin a ledger together, the second finds it made.
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let done = match kind(&transaction)? {
        Kind::Blank => 0,
        Kind::Ledger(version) => version,
        Kind::Foreign => bail!("it is another program's database"),
    };
    if done > steps.len() {
        bail!("{}", newer(done, steps.len()));
    }
    if done == steps.len() {
        return Ok(());
    }
    for (index, step) in steps.iter().enumerate().skip(done) {
        transaction.execute_batch(step).with_context(|| format!("step {} of its tables fails", index + 1))?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i32::try_from(steps.len())?)?;
    transaction.commit()?;
    Ok(())
}

/// The sentence about a file that a newer Gatelight wrote.
pub(super) fn newer(version: usize, known: usize) -> String {
    format!(
        "a newer Gatelight wrote it (its tables are of version {version}; this Gatelight, {}, knows versions up to {known}); it was left alone",
        env!("CARGO_PKG_VERSION")
    )
}
