//! Lets only one daemon use a state directory: two would audit twice and post twice.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, bail};

/// Locks the directory for as long as it lives. The kernel releases the lock when the process dies, however it dies.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not used")] File);

impl Lock {
    /// Locks a directory, which is created if need be.
    ///
    /// # Errors
    /// If it cannot be written, or another daemon has locked it.
    pub(crate) fn take(directory: &Path) -> anyhow::Result<Self> {
        let problem = || format!("the state directory {} cannot be used", directory.display());
        DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(problem)?;
        let path = directory.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .with_context(problem)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                // The process id is only for the message.
                let _ = (&mut file).take(20).read_to_string(&mut who);
                let who = who.trim().parse::<u32>().map_or_else(|_| String::new(), |pid| format!(" (process {pid})"));
                bail!("another gatelight daemon{who} uses the state directory {}", directory.display());
            }
            Err(TryLockError::Error(why)) => return Err(why).with_context(problem),
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).with_context(problem)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_daemon() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("a/b");
        let lock = Lock::take(&state).expect("takes");
        let problem = format!("{:#}", Lock::take(&state).expect_err("taken"));
        assert!(problem.contains(&format!("process {}", std::process::id())), "{problem}");
        drop(lock);
        drop(Lock::take(&state).expect("free again"));
        std::fs::write(folder.path().join("file"), "").expect("writes");
        let problem = format!("{:#}", Lock::take(&folder.path().join("file")).expect_err("a file"));
        assert!(problem.contains("cannot be used"), "{problem}");
    }
}
