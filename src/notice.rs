//! Messages to the person or service manager that started the program, one module for all of them. They go to standard
//! error; what the program produces goes to standard output and never passes through here.
//!
//! A message is one line, and does nothing to a terminal: parsers, SQLite and AWS quote what strangers wrote.
//!
//! The daemon's events are logged instead, by `tracing`.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::{self, Write},
    os::unix::fs::MetadataExt,
};

use crate::text::{one_line, with_causes};

/// What ended the program.
pub(crate) fn error(problem: &anyhow::Error) {
    match problem.downcast_ref::<Problems>() {
        Some(Problems(all)) => all.iter().for_each(error),
        None => write("<3>", &with_causes(problem)),
    }
}

/// Several errors, each of which is a message of its own.
#[derive(Debug)]
pub(crate) struct Problems(pub(crate) Vec<anyhow::Error>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(with_causes).collect::<Vec<_>>().join("; "))
    }
}

/// A fault of Gatelight's own: what panicked, and where.
pub(crate) fn fault(what: &str) {
    write("<3>", &format!("this is a bug in Gatelight; please report it: {what}"));
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        let _ = writeln!(io::stderr(), "{trace}");
    }
}

/// A problem that does not stop the program.
pub(crate) fn warn(text: &str) {
    write("<4>", text);
}

/// What a person should know though nothing is wrong.
pub(crate) fn info(text: &str) {
    write("<5>", text);
}

/// The journal takes the priority off the line (sd-daemon(3)).
fn write(priority: &str, text: &str) {
    let priority = if stderr_is_journal() { priority } else { "" };
    let line = format!("{priority}gatelight: {}\n", one_line(text));
    // A closed standard error is no reason to stop.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Whether standard error leads to the journal. `JOURNAL_STREAM` alone does not prove it: programs inherit the variable
/// even when their standard error was redirected. It names a device and an inode to compare with (systemd.exec(5)).
pub(crate) fn stderr_is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let stderr = std::fs::metadata("/proc/self/fd/2").ok();
    stream.zip(stderr).is_some_and(|(stream, stderr)| is_stream(&stream, stderr.dev(), stderr.ino()))
}

fn is_stream(stream: &str, device: u64, inode: u64) -> bool {
    stream.split_once(':').is_some_and(|(dev, ino)| dev.parse() == Ok(device) && ino.parse() == Ok(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        assert!(is_stream("8:4711", 8, 4711));
        for other in ["8:4712", "9:4711", "8", "8:", ":4711", "", "8:4711:1", "-8:4711", "8:4711 "] {
            assert!(!is_stream(other, 8, 4711), "{other}");
        }
    }
}
