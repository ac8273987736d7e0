//! Opens a ledger. A damaged file is moved aside; a file that is not a ledger is left alone.

use std::{
    cell::Cell,
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::OpenOptionsExt as _,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::TempDir;

use super::{
    Ledger, Opened,
    schema::{self, FileKind, VERSION},
};

/// How long one process waits for another that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How many problems of SQLite's check are quoted.
const QUOTED_PROBLEMS: i64 = 3;
/// The first bytes of every SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Why a file cannot be used.
#[derive(Debug)]
enum Unusable {
    /// Its contents are damaged.
    Damaged(String),
    /// It is intact, or cannot be read at all: it must not be moved.
    LeaveAlone(anyhow::Error),
}

impl Ledger {
    /// Opens the daemon's ledger, in its state directory, or creates it. A damaged file is moved aside, whatever it looks
    /// like, and a new ledger is created; the notice says so.
    ///
    /// # Errors
    /// If the file cannot be read or written, a newer Gatelight wrote it, or it is another program's database.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Opened> {
        Self::open_or_move(path, false)
    }

    /// Opens a ledger that a person named, or creates it. As [`Ledger::open`], but a file that does not look like an
    /// SQLite database is left alone: a name can be mistyped.
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
            looks_like_ledger(&path).with_context(problem)?;
        }
        let why = match open(&path) {
            Ok(ledger) => return Ok(Opened { ledger, notice: None }),
            Err(Unusable::LeaveAlone(why)) => return Err(why).with_context(problem),
            Err(Unusable::Damaged(why)) => why,
        };
        let aside = move_aside(&path, Timestamp::now())
            .with_context(|| format!("the ledger {} is damaged ({why}), and cannot be moved aside", path.display()))?;
        let notice = format!(
            "the ledger {} is damaged ({why}). It was moved to {} and a new one was created: earlier findings are not \
             known, so every finding is new again, and messages that were waiting in it are not sent. `sqlite3 {} \
             .recover` shows what can still be read.",
            path.display(),
            aside.display(),
            aside.display(),
        );
        match open(&path) {
            Ok(ledger) => Ok(Opened { ledger, notice: Some(notice) }),
            Err(Unusable::Damaged(why)) => Err(anyhow!("a new file is damaged: {why}")).with_context(problem),
            Err(Unusable::LeaveAlone(why)) => Err(why).with_context(problem),
        }
    }
}

/// A ledger that is open to read from.
#[derive(Debug)]
pub(super) struct ReadOnly {
    pub(super) db: Connection,
    /// Where the copy is that is read, if it is one.
    _copy: Option<TempDir>,
}

/// Opens a ledger to read from it. Nothing is created or moved.
///
/// # Errors
/// If there is none, it cannot be read, is damaged, is no ledger, or is of another version.
pub(super) fn open_to_read(path: &Path) -> anyhow::Result<ReadOnly> {
    let path = std::path::absolute(path)?;
    if fs::metadata(&path)?.is_dir() {
        bail!("it is a directory");
    }
    if fs::metadata(&path)?.len() == 0 {
        bail!("it is empty: nothing was recorded in it");
    }
    looks_like_ledger(&path)?;
    let damaged = "it is damaged; the next run that uses it moves it aside and creates a new one";
    let problem = |error: rusqlite::Error| if is_damage(&error) { anyhow!(damaged) } else { error.into() };
    let (db, copy, kind) = match read_kind(path.as_os_str()) {
        Ok((db, kind)) => (db, None, kind),
        Err(error) if cannot_write_beside(&error) => open_in_read_only_folder(&path, problem)?,
        Err(error) => return Err(problem(error)),
    };
    match kind {
        FileKind::Ledger(VERSION) => Ok(ReadOnly { db, _copy: copy }),
        FileKind::Ledger(version) => bail!("{}", schema::newer(version)),
        FileKind::Blank => bail!("nothing was recorded in it"),
        FileKind::Foreign => bail!("it is another program's database, not a ledger of Gatelight"),
    }
}

/// Opens the ledger of a folder that this process cannot write, where its companions cannot be created. SQLite then reads
/// only what it may take for immutable (<https://sqlite.org/wal.html#read_only_databases>). A run that recorded there and
/// ended has left all in the file itself. One that was killed, or is under way, left the last of it in the write-ahead log:
/// both are copied.
fn open_in_read_only_folder(
    path: &Path,
    problem: impl Fn(rusqlite::Error) -> anyhow::Error,
) -> anyhow::Result<(Connection, Option<TempDir>, FileKind)> {
    let log = with_end(path, "-wal");
    if fs::metadata(&log).map_or(0, |log| log.len()) == 0 {
        let (db, kind) = read_kind(&immutable(path)).map_err(problem)?;
        return Ok((db, None, kind));
    }
    let copy = tempfile::tempdir().context("could not create a temporary copy")?;
    let copied = copy.path().join("ledger.db");
    fs::copy(path, &copied).and_then(|_| fs::copy(&log, with_end(&copied, "-wal"))).context("it cannot be copied")?;
    let (db, kind) = read_kind(copied.as_os_str()).map_err(problem)?;
    Ok((db, Some(copy), kind))
}

/// Opens a file to read from it, and reads what it is.
fn read_kind(name: &OsStr) -> rusqlite::Result<(Connection, FileKind)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(name, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    let kind = schema::file_kind(&db)?;
    Ok((db, kind))
}

/// The name that tells SQLite to take the file at an absolute path for immutable (<https://sqlite.org/uri.html>).
fn immutable(path: &Path) -> OsString {
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.extend(format!("%{byte:02x}").into_bytes()),
            byte => uri.push(*byte),
        }
    }
    uri.extend_from_slice(b"?immutable=1");
    OsString::from_vec(uri)
}

/// Whether SQLite lacks a companion of the file that it cannot create.
fn cannot_write_beside(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn open(path: &Path) -> Result<Ledger, Unusable> {
    let leave = |why: anyhow::Error| Unusable::LeaveAlone(why);
    // SQLite would create it readable for all; its companions (-wal, -shm) get the mode of the file itself.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(leave(error.into())),
    }
    if !fs::metadata(path).map_err(|error| leave(error.into()))?.is_file() {
        return Err(leave(anyhow!("it is not a file")));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(unusable)?;
    db.busy_timeout(BUSY_TIMEOUT).map_err(unusable)?;
    match schema::file_kind(&db).map_err(unusable)? {
        FileKind::Foreign => return Err(leave(anyhow!("it is another program's database and was left unchanged"))),
        FileKind::Ledger(VERSION) => {}
        FileKind::Ledger(version) => return Err(leave(anyhow!(schema::newer(version)))),
        // This has an effect only before the first table is created.
        FileKind::Blank => db.pragma_update(None, "auto_vacuum", "incremental").map_err(unusable)?,
    }
    check(&db)?;
    prepare(&db).map_err(unusable)?;
    schema::create(&db).map_err(|error| match error.downcast::<rusqlite::Error>() {
        Ok(error) => unusable(error),
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
fn check(db: &Connection) -> Result<(), Unusable> {
    let problems = || -> rusqlite::Result<Vec<String>> {
        let mut statement = db.prepare(&format!("PRAGMA integrity_check({QUOTED_PROBLEMS})"))?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let problems = problems().map_err(unusable)?;
    if problems == ["ok"] {
        return Ok(());
    }
    Err(Unusable::Damaged(problems.join("; ").replace('\n', " ")))
}

fn unusable(error: rusqlite::Error) -> Unusable {
    if is_damage(&error) { Unusable::Damaged(error.to_string()) } else { Unusable::LeaveAlone(error.into()) }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// An existing file must begin like a database, or with zeros or nothing: what a crash of the machine can leave.
fn looks_like_ledger(path: &Path) -> anyhow::Result<()> {
    let mut start = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if start.iter().all(|byte| *byte == 0) || start == MAGIC {
        return Ok(());
    }
    bail!("it is not a ledger of Gatelight, or its header is destroyed; it was left unchanged")
}

/// Renames the file, and its write-ahead log to the name that SQLite looks for.
fn move_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let with = |end: &str| with_end(path, end);
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
