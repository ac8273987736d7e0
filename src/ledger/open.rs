//! Opening a ledger: what is sound is used, what is damaged is moved aside, what is not a ledger is left alone.

use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{
    Ledger, Opened,
    schema::{self, Kind, STEPS},
};

/// How long one process waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(10);
/// Problems that are quoted from SQLite's check.
const QUOTED: i64 = 3;
/// With which every SQLite database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Why a file cannot be used.
#[derive(Debug)]
enum Refusal {
    /// What is in it makes no sense.
    Damaged(String),
    /// It is sound, or cannot be read at all; in any case it is not ours to move.
    Leave(anyhow::Error),
}

impl Ledger {
    /// Opens a ledger that is Gatelight's own, in its state directory, or begins one. A damaged file is moved aside,
    /// whatever it looks like, and a new ledger is begun; the notice says so.
    ///
    /// # Errors
    /// If the file cannot be read or written, a newer Gatelight wrote it, or it is another program's database.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Opened> {
        Self::open_or_move(path, false)
    }

    /// Opens a ledger that a person named, or begins one. As [`Ledger::open`], but a file that does not look as if it
    /// had ever been a ledger is left alone: a name can be mistyped.
    ///
    /// # Errors
    /// As `open`, and if the file does not look like a ledger.
    pub(crate) fn open_named(path: &Path) -> anyhow::Result<Opened> {
        Self::open_or_move(path, true)
    }

    fn open_or_move(path: &Path, named: bool) -> anyhow::Result<Opened> {
        let problem = || format!("the ledger {} cannot be used", path.display());
        // SQLite gives some relative names a meaning of their own, such as `:memory:`.
        let path = std::path::absolute(path).with_context(problem)?;
        if named {
            looks_like_one(&path).with_context(problem)?;
        }
        let why = match open(&path) {
            Ok(ledger) => return Ok(Opened { ledger, notice: None }),
            Err(Refusal::Leave(why)) => return Err(why).with_context(problem),
            Err(Refusal::Damaged(why)) => why,
        };
        let aside = move_aside(&path, Timestamp::now())
            .with_context(|| format!("the ledger {} is damaged ({why}), and cannot be moved aside", path.display()))?;
        let notice = format!(
            "the ledger {} is damaged ({why}). It was moved to {}, and a new one was begun: what was found before is not \
             known here, so every finding is new once more, and messages that waited in it are not sent. \
             `sqlite3 {} .recover` shows what can still be read.",
            path.display(),
            aside.display(),
            aside.display(),
        );
        match open(&path) {
            Ok(ledger) => Ok(Opened { ledger, notice: Some(notice) }),
            Err(Refusal::Damaged(why)) => Err(anyhow!("a new file is damaged: {why}")).with_context(problem),
            Err(Refusal::Leave(why)) => Err(why).with_context(problem),
        }
    }
}

/// Opens a ledger to read from it: nothing is made, moved or brought up to date.
///
/// # Errors
/// If there is none, it cannot be read, is damaged, is no ledger, or is of another version.
pub(super) fn open_to_read(path: &Path) -> anyhow::Result<Connection> {
    let path = std::path::absolute(path)?;
    if fs::metadata(&path)?.is_dir() {
        bail!("it is a directory");
    }
    if fs::metadata(&path)?.len() == 0 {
        bail!("it is empty: nothing was ever recorded there");
    }
    looks_like_one(&path)?;
    let damaged = "it is damaged; the next run that records there moves it aside and begins a new one";
    let read = || -> rusqlite::Result<(Connection, Kind)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&path, flags)?;
        db.busy_timeout(PATIENCE)?;
        let kind = schema::kind(&db)?;
        Ok((db, kind))
    };
    let (db, kind) = read().map_err(|error| if is_damage(&error) { anyhow!(damaged) } else { error.into() })?;
    match kind {
        Kind::Ledger(version) if version == STEPS.len() => Ok(db),
        Kind::Ledger(version) if version > STEPS.len() => bail!("{}", schema::newer(version, STEPS.len())),
        Kind::Ledger(_) => bail!("an older Gatelight wrote it; the next run that records there brings it up to date"),
        Kind::Blank => bail!("nothing was ever recorded there"),
        Kind::Foreign => bail!("it is another program's database, and no ledger of Gatelight"),
    }
}

fn open(path: &Path) -> Result<Ledger, Refusal> {
    let leave = |why: anyhow::Error| Refusal::Leave(why);
    // SQLite would make it readable for all; its companions (-wal, -shm) get the mode of the file itself.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(leave(error.into())),
    }
    if !fs::metadata(path).map_err(|error| leave(error.into()))?.is_file() {
        return Err(leave(anyhow!("it is not a file")));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(refusal)?;
    db.busy_timeout(PATIENCE).map_err(refusal)?;
    match schema::kind(&db).map_err(refusal)? {
        Kind::Foreign => return Err(leave(anyhow!("it is another program's database; it was left alone"))),
        Kind::Ledger(version) if version > STEPS.len() => {
            return Err(leave(anyhow!(schema::newer(version, STEPS.len()))));
        }
        // Only before the first table is made does this have an effect.
        Kind::Blank => db.pragma_update(None, "auto_vacuum", "incremental").map_err(refusal)?,
        Kind::Ledger(_) => {}
    }
    check(&db)?;
    prepare(&db).map_err(refusal)?;
    schema::migrate(&db, STEPS).map_err(|error| match error.downcast::<rusqlite::Error>() {
        Ok(error) => refusal(error),
        Err(other) => leave(other),
    })?;
    Ok(Ledger { db, path: path.to_owned(), recovered: Cell::new(false) })
}

/// Readers never wait for a writer nor a writer for readers, and what is committed survives a power cut.
fn prepare(db: &Connection) -> rusqlite::Result<()> {
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(mode, "the ledger's file system has no shared memory: readers and writers wait for each other");
    }
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    // After a large run the log shrinks again.
    db.pragma_update(None, "journal_size_limit", 4 << 20)?;
    db.pragma_update(None, "cache_size", -8192)
}

/// SQLite's own check of all pages and indexes.
fn check(db: &Connection) -> Result<(), Refusal> {
    let problems = || -> rusqlite::Result<Vec<String>> {
        let mut statement = db.prepare(&format!("PRAGMA integrity_check({QUOTED})"))?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let problems = problems().map_err(refusal)?;
    if problems == ["ok"] {
        return Ok(());
    }
    Err(Refusal::Damaged(problems.join("; ").replace('\n', " ")))
}

fn refusal(error: rusqlite::Error) -> Refusal {
    if is_damage(&error) { Refusal::Damaged(error.to_string()) } else { Refusal::Leave(error.into()) }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// A file that is there must begin like a database, or with nothing at all: what a crash of the machine can leave.
fn looks_like_one(path: &Path) -> anyhow::Result<()> {
    let mut start = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if start.iter().all(|byte| *byte == 0) || start == MAGIC {
        return Ok(());
    }
    bail!("it is no ledger of Gatelight, or its beginning is destroyed; it was left alone")
}

/// Renames the file and what belongs to it. Its log goes with it, under the name that SQLite looks for.
fn move_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let with = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let mut end = format!(".damaged-{stamp}");
    let mut number = 2;
    while fs::exists(with(&end))? {
        end = format!(".damaged-{stamp}-{number}");
        number += 1;
    }
    // The log first: a new file must never meet the old one's.
    match fs::rename(with("-wal"), with(&format!("{end}-wal"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::remove_file(with("-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(path, with(&end))?;
    Ok(with(&end))
}
