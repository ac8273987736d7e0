//! Where reports and inventories are written: standard output, or a file that is replaced only when it is complete.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::text::WIDTH;

/// Temporary files that have not yet replaced their target.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the temporary files; for a program that is about to exit.
pub(crate) fn remove_unfinished() {
    for path in unfinished().drain(..) {
        // It may be gone already.
        let _ = fs::remove_file(path);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a command writes its output. Opened before the work begins, so that a path that cannot be written costs no audit.
#[derive(Debug)]
pub(crate) enum Sink {
    /// `-`.
    Stdout,
    /// A temporary file beside its target, and the target's path.
    Replace(NamedTempFile, PathBuf),
    /// A device or a pipe, which cannot be replaced.
    Device(File, PathBuf),
}

impl Sink {
    /// Opens a path; `-` is standard output.
    ///
    /// # Errors
    /// Names the path if it cannot be written.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let problem = || format!("{} cannot be written", path.display());
        // A symbolic link stays: its target is replaced, or created.
        let real = fs::canonicalize(path)
            .or_else(|_| fs::read_link(path).map(|target| path.parent().unwrap_or(Path::new("")).join(target)));
        let real = real.unwrap_or_else(|_| path.to_owned());
        // `/dev/stdout` may be a file, but one that others write to as well: append to it.
        let is_stream = path.starts_with("/dev") || path.starts_with("/proc");
        match fs::metadata(&real) {
            Ok(_) if is_stream => {
                let file = OpenOptions::new().append(true).open(path).with_context(problem)?;
                return Ok(Self::Device(file, real));
            }
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(&real).with_context(problem)?;
                return Ok(Self::Device(file, real));
            }
            Ok(_) => {
                // Its directory may be writable although the file is not: do not replace it then.
                OpenOptions::new().append(true).open(&real).with_context(problem)?;
            }
            Err(_) => {}
        }
        let folder = real.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mode = fs::metadata(&real).map_or(0o666, |found| found.permissions().mode());
        let file = tempfile::Builder::new()
            .prefix(".gatelight-")
            .permissions(fs::Permissions::from_mode(mode))
            .tempfile_in(folder)
            .with_context(problem)?;
        unfinished().push(file.path().to_owned());
        Ok(Self::Replace(file, real))
    }

    /// Writes the output. A file replaces its target only when it is complete.
    ///
    /// # Errors
    /// Names the path if it could not be written.
    pub(crate) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
                write(&mut out).and_then(|()| out.flush()).context("standard output cannot be written")
            }
            Self::Device(file, path) => {
                let mut out = BufWriter::with_capacity(1 << 16, file);
                write(&mut out)
                    .and_then(|()| out.flush())
                    .with_context(|| format!("{} cannot be written", path.display()))
            }
            Self::Replace(file, path) => {
                let problem = || format!("{} cannot be written", path.display());
                let mut out = BufWriter::with_capacity(1 << 16, file);
                write(&mut out).and_then(|()| out.flush()).with_context(problem)?;
                let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(problem)?;
                file.as_file().sync_all().with_context(problem)?;
                let temporary = file.path().to_owned();
                file.persist(&path).with_context(problem)?;
                unfinished().retain(|path| *path != temporary);
                Ok(())
            }
        }
    }

    /// How wide a page is in it, in columns: as wide as the terminal, between 60 and 120; 80 where it is no terminal.
    pub(crate) fn width(&self) -> usize {
        if !self.is_terminal() {
            return WIDTH;
        }
        terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0).clamp(60, 120))
    }

    /// Whether it is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout) && io::IsTerminal::is_terminal(&io::stdout())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        fs::write(&path, "before").expect("writes");
        let broken = Sink::open(&path).expect("opens").write(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("cut"))
        });
        assert!(format!("{:#}", broken.expect_err("cut")).contains("report.json"));
        assert_eq!(fs::read_to_string(&path).expect("reads"), "before");
        Sink::open(&path).expect("opens").write(|out| out.write_all(b"after")).expect("writes");
        assert_eq!(fs::read_to_string(&path).expect("reads"), "after");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_device_is_written_and_not_replaced() {
        let null = Path::new("/dev/null");
        Sink::open(null).expect("opens").write(|out| out.write_all(b"x")).expect("writes");
        assert!(!fs::metadata(null).expect("is there").is_file());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_before_any_work() {
        let problem = Sink::open(Path::new("/nonexistent/report.json")).expect_err("no such folder");
        assert!(format!("{problem:#}").contains("/nonexistent/report.json"));
    }
}
