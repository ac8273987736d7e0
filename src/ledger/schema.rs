//! The tables. After a release they change only by a new version and a step that brings a file of the released one up to
//! date; a frozen file of each version is a test.

use anyhow::bail;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks the file as Gatelight's: "GLlg".
pub(super) const APPLICATION_ID: i32 = 0x474c_6c67;

/// The version of [`TABLES`].
pub(super) const VERSION: usize = 1;

/// Findings that stay as they are cost no writing: an open episode whose `last_seen` is NULL was found by the last run of
/// its scope that succeeded. `last_seen` is written when a run does not find it and cannot tell that it ended, and when it
/// ends. Texts are stored once, however many findings and episodes share them.
///
/// `runs.observed_at`: when what the run found was so. For a saved inventory that is before the run; findings have this time.
///
/// `episodes.dark` and `.degraded`: what those with the same cause did to stages and functions in the last run that found it.
///
/// `dark_subjects`: the stages and functions that are dark, and since when; those that were, and of which the last run could
/// not tell.
///
/// `digests.last`: when each route's digest was last put into the outbox; or, before the first, since when it is awaited.
///
/// `collector_cache`: the collector alone knows the form of the values, and drops one of another form.
const TABLES: &str = "
    CREATE TABLE scopes (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        started_at INTEGER NOT NULL,
        finished_at INTEGER NOT NULL,
        observed_at INTEGER NOT NULL,
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
        confidence INTEGER NOT NULL,
        dark INTEGER NOT NULL,
        degraded INTEGER NOT NULL,
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
    CREATE TABLE dark_subjects (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        arn TEXT NOT NULL,
        name TEXT NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (scope, account, arn)
    ) STRICT, WITHOUT ROWID;
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
        reported INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_undecided ON outbox (state) WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_unreported ON outbox (webhook) WHERE state = 'uncertain' AND reported = 0;
    CREATE TABLE digests (
        webhook TEXT PRIMARY KEY,
        last INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE collector_cache (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        written_at INTEGER NOT NULL,
        PRIMARY KEY (scope, account, region, key)
    ) STRICT, WITHOUT ROWID;";

/// What a file declares itself to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A database without tables.
    Blank,
    /// A ledger of this version of the tables.
    Ledger(usize),
    /// Another program's database.
    Foreign,
}

/// What a file is.
///
/// # Errors
/// If it cannot be read.
pub(super) fn file_kind(db: &Connection) -> rusqlite::Result<FileKind> {
    // One transaction: another process may create the tables between two reads.
    let _snapshot =
        db.is_autocommit().then(|| Transaction::new_unchecked(db, TransactionBehavior::Deferred)).transpose()?;
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application == APPLICATION_ID {
        return Ok(FileKind::Ledger(usize::try_from(version).unwrap_or(usize::MAX)));
    }
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let blank = application == 0 && version == 0 && tables == 0;
    Ok(if blank { FileKind::Blank } else { FileKind::Foreign })
}

/// Creates the tables, if the file has none.
///
/// # Errors
/// If the file cannot be written, or is of another version.
pub(super) fn create(db: &Connection) -> anyhow::Result<()> {
    // The lock comes first: of two processes that begin a ledger together, the second finds its tables.
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    match file_kind(&transaction)? {
        FileKind::Blank => {}
        FileKind::Ledger(VERSION) => return Ok(()),
        FileKind::Ledger(version) => bail!("{}", newer(version)),
        FileKind::Foreign => bail!("it is another program's database"),
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", i32::try_from(VERSION)?)?;
    transaction.commit()?;
    Ok(())
}

/// The message about a file that a newer Gatelight wrote.
pub(super) fn newer(version: usize) -> String {
    format!(
        "a newer Gatelight wrote it (its tables are of version {version}; this Gatelight, {}, knows versions up to \
         {VERSION}); it was left unchanged",
        env!("CARGO_PKG_VERSION")
    )
}
