//! Where reports and inventories are written: standard output, or a file that is replaced only when it is complete.
//!
//! A renderer does not get at standard output or a file itself. It gets a page, if people read its text, or a writer of JSON;
//! both let nothing through that steers a terminal.

mod json;
mod page;
mod replacement;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};

use self::replacement::Replacement;
pub(crate) use self::{json::JsonWriter, page::TerminalPage, replacement::remove_unfinished};
use crate::text::WIDTH;

/// Symbolic links that are followed, as Linux does (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Where a command writes its output. Opened before the work begins, so that a path that cannot be written costs no audit.
#[derive(Debug)]
pub(crate) enum Sink {
    /// `-`.
    Stdout,
    /// A file that is replaced when all is written.
    Replace(Replacement),
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
        let real = without_links(path).with_context(problem)?;
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(problem),
        }
        Replacement::create(real).map(Self::Replace).with_context(problem)
    }

    /// Writes text for people. A file replaces its target only when it is complete.
    ///
    /// # Errors
    /// Names the path if it could not be written.
    pub(crate) fn page(
        self,
        colored: bool,
        write: impl FnOnce(&mut TerminalPage) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        self.raw(|out| {
            // What a person reads fits into memory.
            let mut page = TerminalPage::new(colored);
            write(&mut page)?;
            out.write_all(page.into_text().as_bytes())
        })
    }

    /// Writes JSON. A file replaces its target only when it is complete.
    ///
    /// # Errors
    /// Names the path if it could not be written.
    pub(crate) fn json(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        self.raw(|out| write(&mut JsonWriter::new(out)))
    }

    /// Writes what is neither, such as a picture, and cleans itself what it writes.
    ///
    /// # Errors
    /// Names the path if it could not be written.
    pub(crate) fn raw(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
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
            Self::Replace(file) => {
                let path = file.target().to_owned();
                file.write(write).with_context(|| format!("{} cannot be written", path.display()))
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

/// The file that a path leads to, which need not exist. A symbolic link stays: its target is replaced, or created.
fn without_links(path: &Path) -> anyhow::Result<PathBuf> {
    let mut real = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&real) {
            Ok(target) => real = real.parent().unwrap_or(Path::new("")).join(target),
            // It is no link, or there is nothing.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(real);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(anyhow!("it is a symbolic link that leads to itself"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        fs::write(&path, "before").expect("writes");
        let broken = Sink::open(&path).expect("opens").raw(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("cut"))
        });
        assert!(format!("{:#}", broken.expect_err("cut")).contains("report.json"));
        assert_eq!(fs::read_to_string(&path).expect("reads"), "before");
        Sink::open(&path).expect("opens").raw(|out| out.write_all(b"after")).expect("writes");
        assert_eq!(fs::read_to_string(&path).expect("reads"), "after");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_device_is_written_and_not_replaced() {
        let null = Path::new("/dev/null");
        Sink::open(null).expect("opens").raw(|out| out.write_all(b"x")).expect("writes");
        assert!(!fs::metadata(null).expect("is there").is_file());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_before_any_work() {
        let problem = Sink::open(Path::new("/nonexistent/report.json")).expect_err("no such folder");
        assert!(format!("{problem:#}").contains("/nonexistent/report.json"));
    }
    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, path(name)).expect("links");
        link("target", "near");
        link("near", "far");
        for name in ["far", "near"] {
            Sink::open(&path(name)).expect("opens").raw(|out| write!(out, "{name}")).expect("writes");
            assert_eq!(fs::read_to_string(path("target")).expect("reads"), name);
        }
        assert!(["near", "far"].iter().all(|name| path(name).is_symlink()));
    }

    #[test]
    fn a_link_to_itself_is_an_error_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for (name, to) in [("self", "self"), ("a", "b"), ("b", "a"), ("dot", "./dot")] {
            std::os::unix::fs::symlink(to, path(name)).expect("links");
        }
        for name in ["self", "a", "b", "dot"] {
            let problem = format!("{:#}", Sink::open(&path(name)).expect_err("a circle"));
            assert!(problem.contains(name) && problem.contains("link that leads to itself"), "{problem}");
            assert!(path(name).is_symlink(), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 4, "no temporary file stays");
        // A folder on the way is such a link.
        assert!(Sink::open(&path("self/report")).is_err());
    }
}
