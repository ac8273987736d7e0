//! Messages to the person or service manager that started the program, one module for all of them. They go to standard
//! error; what the program produces goes to standard output and never passes through here.
//!
//! The daemon's events are logged instead, by `tracing`.

use std::{
    io::{self, Write},
    os::unix::fs::MetadataExt,
};

/// What ended the program.
pub(crate) fn error(text: &str) {
    write("<3>", text);
}

/// A problem that does not stop the program.
pub(crate) fn warn(text: &str) {
    write("<4>", text);
}

/// What a person should know though nothing is wrong.
pub(crate) fn info(text: &str) {
    write("<5>", text);
}

/// The journal takes the priority off each line (sd-daemon(3)), so each line gets one.
fn write(priority: &str, text: &str) {
    let priority = if stderr_is_journal() { priority } else { "" };
    let text = format!("gatelight: {text}");
    let lines = text.lines().fold(String::new(), |lines, line| lines + priority + line + "\n");
    // A closed standard error is no reason to stop.
    let _ = io::stderr().write_all(lines.as_bytes());
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
