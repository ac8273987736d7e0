//! Where the log goes: to the journal with fields when systemd runs the program, to standard error otherwise.
//!
//! Only Gatelight's own words are logged: what the SDK and HTTP clients log could hold secrets.

mod line;

use std::{
    io::{self, Write},
    os::unix::fs::MetadataExt,
};

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    Text,
    /// One object a line
    Json,
}

/// Begins to log what is at `level` or worse; once in a program.
///
/// A form that was asked for goes to standard error, wherever that leads. Without one the log goes to the journal, with
/// fields (`GATELIGHT_…`), if standard error leads there, and as text to standard error otherwise.
pub(crate) fn start(level: Level, format: Option<LogFormat>) {
    let journal = if format.is_none() && stderr_is_journal() { journal() } else { None };
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match (journal, format) {
        (Some(journal), _) => Box::new(journal),
        (None, Some(LogFormat::Json)) => Box::new(line::Lines::new(line::json, write)),
        (None, _) => Box::new(line::Lines::new(line::text, write)),
    };
    let own = Targets::new().with_target("gatelight", level);
    // A second call would be a fault of ours and no reason to stop.
    let _ = tracing_subscriber::registry().with(layer.with_filter(own)).try_init();
}

/// Says on standard error what ended the program.
pub(crate) fn complain(text: &str) {
    say("<3>", text);
}

/// Says on standard error what a person has to know.
pub(crate) fn note(text: &str) {
    say("<5>", text);
}

/// With a level that the journal takes off the line (sd-daemon(3)). It reads lines, so each has its own.
fn say(level: &str, text: &str) {
    let level = if stderr_is_journal() { level } else { "" };
    let lines = text.lines().fold(String::new(), |lines, line| lines + level + line + "\n");
    // A closed one is nobody's fault.
    let _ = io::stderr().write_all(lines.as_bytes());
}

/// In one piece, so that lines of two threads do not mix. A log that cannot be written stops nothing.
fn write(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// The journal, if it can be reached.
fn journal() -> Option<tracing_journald::Layer> {
    use tracing_journald::{Priority, PriorityMappings};
    let layer = tracing_journald::layer().ok()?;
    // As `journalctl -p` reads them: a run that went well is information, nothing to be noticed.
    let priorities =
        PriorityMappings { info: Priority::Informational, debug: Priority::Debug, ..PriorityMappings::new() };
    let prefix = Some("GATELIGHT".to_owned());
    Some(
        layer
            .with_priority_mappings(priorities)
            .with_field_prefix(prefix)
            .with_syslog_identifier("gatelight".to_owned()),
    )
}

/// Whether standard error leads to the journal. The variable alone does not tell: it is inherited by programs whose
/// standard error was sent elsewhere. It names device and inode, to be compared (systemd.exec(5)).
fn stderr_is_journal() -> bool {
    let named = std::env::var("JOURNAL_STREAM").ok();
    let stderr = std::fs::metadata("/proc/self/fd/2").ok();
    named.zip(stderr).is_some_and(|(named, stderr)| is_stream(&named, stderr.dev(), stderr.ino()))
}

fn is_stream(named: &str, device: u64, inode: u64) -> bool {
    named.split_once(':').is_some_and(|(dev, ino)| dev.parse() == Ok(device) && ino.parse() == Ok(inode))
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
