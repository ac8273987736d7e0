//! Where the log goes: to the journal with fields when systemd runs the program, to standard error otherwise.
//!
//! Only Gatelight's own words are logged: what the SDK and HTTP clients log could hold secrets.

mod line;

use std::io::{self, Write};

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::notice::stderr_is_journal;

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
