//! A file that takes its target's place when all of it is written. Until then it is a temporary file beside the target.
//!
//! A run that was killed leaves its temporary file behind. The next one that writes into that folder removes it: each run
//! holds a lock on its own, which the kernel releases when the process dies, however it dies.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Write},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tempfile::NamedTempFile;

const PREFIX: &str = ".gatelight-";
const SUFFIX: &str = ".tmp";

/// How often a temporary file is created that another run takes away at once.
const ATTEMPTS: usize = 100;

/// Temporary files that have not yet replaced their target.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the temporary files of this process; for a program that is about to exit.
pub(crate) fn remove_unfinished() {
    for path in unfinished().drain(..) {
        // It may be gone already.
        let _ = fs::remove_file(path);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A temporary file and its target. Dropped unfinished, it leaves the target as it was.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: NamedTempFile,
    target: PathBuf,
}

impl Replacement {
    /// Creates the temporary file, and removes those that killed runs left in its folder.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn create(target: PathBuf) -> io::Result<Self> {
        let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        remove_stale(folder);
        let mode = fs::metadata(&target).map_or(0o666, |found| found.permissions().mode());
        for _ in 0..ATTEMPTS {
            let file = tempfile::Builder::new()
                .prefix(PREFIX)
                .suffix(SUFFIX)
                .permissions(fs::Permissions::from_mode(mode))
                .tempfile_in(folder)?;
            // Where the file system has no locks, nobody takes it for stale either.
            let is_locked = !matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
            // Another run may have taken it for stale before the lock was there.
            if is_locked && file.as_file().metadata()?.nlink() > 0 {
                unfinished().push(file.path().to_owned());
                return Ok(Self { file, target });
            }
        }
        Err(io::Error::other("each temporary file beside it is removed or locked by another process"))
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Writes all, and puts the file into its target's place.
    ///
    /// # Errors
    /// If it cannot be written. The target is then as it was.
    pub(super) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, self.file);
        write(&mut out)?;
        out.flush()?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        let temporary = file.path().to_owned();
        file.persist(&self.target)?;
        unfinished().retain(|path| *path != temporary);
        Ok(())
    }
}

/// Removes temporary files whose run is dead. What cannot be read or removed stays: this is a courtesy.
fn remove_stale(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_ours) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = remove_if_dead(&entry.path());
        }
    }
}

fn remove_if_dead(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    match file.try_lock() {
        // The lock is held until the file is gone, so its owner cannot take it for its own in between.
        Ok(()) if is_same(&file, path)? => fs::remove_file(path),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let (open, named) = (file.metadata()?, fs::symlink_metadata(path)?);
    Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

/// Whether a name is one of those that `Replacement` gives.
fn is_ours(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_runs_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let others =
            [".gatelight-config", ".gatelight-abc123", ".gatelight-abc12.tmp", "gatelight-abc123.tmp", "a.tmp"];
        for name in others {
            fs::write(path(name), "its owner's").expect("writes");
        }
        std::os::unix::fs::symlink(path("a.tmp"), path(".gatelight-linked.tmp")).expect("links");
        fs::create_dir(path(".gatelight-folder.tmp")).expect("creates");
        for name in [".gatelight-abc123.tmp", ".gatelight-XYZxyz.tmp"] {
            fs::write(path(name), "half").expect("writes");
        }
        let alive = Replacement::create(path("report")).expect("creates");
        assert!(!path(".gatelight-abc123.tmp").exists() && !path(".gatelight-XYZxyz.tmp").exists());
        // Its own lock keeps it from another run, and from this one.
        let other = Replacement::create(path("report")).expect("creates");
        assert!(alive.file.path().exists() && other.file.path().exists());
        alive.write(|out| out.write_all(b"first")).expect("writes");
        other.write(|out| out.write_all(b"second")).expect("writes");
        assert_eq!(fs::read_to_string(path("report")).expect("reads"), "second");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), others.len() + 3);
    }

    #[test]
    fn runs_side_by_side_never_take_each_others() {
        let folder = tempfile::tempdir().expect("a folder");
        std::thread::scope(|scope| {
            for number in 0..4 {
                let target = folder.path().join(format!("report-{number}"));
                scope.spawn(move || {
                    for _ in 0..100 {
                        let file = Replacement::create(target.clone()).expect("creates");
                        file.write(|out| out.write_all(b"whole")).expect("writes");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 4);
    }
}
