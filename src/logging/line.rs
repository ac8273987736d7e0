//! The log as lines: each event is one, whatever its fields hold.

use std::fmt;

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    registry::LookupSpan,
};

use crate::{output::JsonWriter, text::is_unprintable};

/// What an event says.
pub(super) struct LogLine<'a> {
    time: Timestamp,
    level: Level,
    target: &'a str,
    /// Those of the spans around it, from the outermost, then its own; `message` is one of them.
    fields: Fields,
}

/// Names and values in order. A name that comes again replaces the value, as the inner one is the more exact.
#[derive(Clone, Default)]
struct Fields(Vec<(&'static str, Value)>);

/// Renders events, and hands each line to `write`.
pub(super) struct Lines<W> {
    render: fn(LogLine<'_>) -> String,
    write: W,
}

impl<W: Fn(&str) + 'static> Lines<W> {
    pub(super) fn new(render: fn(LogLine<'_>) -> String, write: W) -> Self {
        Self { render, write }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>, W: Fn(&str) + 'static> Layer<S> for Lines<W> {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                for (name, value) in &outer.0 {
                    fields.set(name, value.clone());
                }
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let time = Timestamp::now();
        let line = (self.render)(LogLine { time, level: *metadata.level(), target: metadata.target(), fields });
        (self.write)(&line);
    }
}

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), Value::from(value));
    }
}

/// `2026-11-22T09:00:41Z INFO the look has ended schedule=hourly findings=3`
pub(super) fn text(line: LogLine<'_>) -> String {
    let mut text = format!("{} {}", seconds(line.time), line.level);
    let (message, rest): (Vec<_>, Vec<_>) = line.fields.0.into_iter().partition(|(name, _)| *name == "message");
    for (_, message) in message {
        text.push(' ');
        text.push_str(&escaped(message.as_str().unwrap_or_default()));
    }
    for (name, value) in rest {
        let value = match value {
            // Quoted where it would not be read back as one value.
            Value::String(value) if is_plain(&value) => value,
            Value::String(value) => format!("\"{}\"", escaped(&value).replace('"', "\\\"")),
            value => value.to_string(),
        };
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// `{"time":"2026-11-22T09:00:41Z","level":"info","target":"gatelight::daemon","message":"…",…}`
pub(super) fn json(line: LogLine<'_>) -> String {
    let mut object: Map<String, Value> =
        line.fields.0.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    object.insert("time".to_owned(), Value::from(seconds(line.time)));
    object.insert("level".to_owned(), Value::from(line.level.as_str().to_ascii_lowercase()));
    object.insert("target".to_owned(), Value::from(line.target));
    let mut line = Vec::new();
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(JsonWriter::new(&mut line), &object);
    String::from_utf8_lossy(&line).into_owned()
}

fn seconds(time: Timestamp) -> String {
    time.round(Unit::Millisecond).unwrap_or(time).to_string()
}

fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || "-_.:/+*@".contains(c))
}

/// One line, that does nothing to a terminal. AWS's own words are in it, and names that strangers chose.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| if is_unprintable(c) || c == '\\' { c.escape_default().collect() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What `log` logs, as lines.
    fn lines(render: fn(LogLine<'_>) -> String, log: impl FnOnce()) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&seen);
        let lines = Lines::new(render, move |line| keep.lock().expect("a lock").push(line.to_owned()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        seen.lock().expect("a lock").clone()
    }

    /// Without its time, which must be one.
    fn timeless(line: &str) -> &str {
        let (time, rest) = line.split_once(' ').expect("a time and more");
        assert!(time.parse::<Timestamp>().is_ok() && time.ends_with('Z'), "{line}");
        rest
    }

    fn log() {
        let _run = tracing::info_span!("run", schedule = "hourly", attempt = 1).entered();
        tracing::warn!(
            attempt = 2,
            findings = 3_u64,
            whole = true,
            took = 0.5,
            name = "a \"b\"\n\u{1b}[31m\u{9b}\u{202e}",
            "cut\noff"
        );
    }

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let lines = lines(text, log);
        assert_eq!(lines.len(), 1);
        assert_eq!(
            timeless(&lines[0]),
            r#"WARN cut\noff schedule=hourly attempt=2 findings=3 whole=true took=0.5 name="a \"b\"\n\u{1b}[31m\u{9b}\u{202e}""#
        );
    }

    #[test]
    fn as_json_its_values_are_what_they_were() {
        let lines = lines(json, log);
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].contains(is_unprintable), "{lines:?}");
        let mut line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        let time = line.as_object_mut().expect("an object").remove("time").expect("a time");
        assert!(time.as_str().is_some_and(|time| time.parse::<Timestamp>().is_ok()), "{time}");
        assert_eq!(
            line,
            serde_json::json!({
                "level": "warn", "target": "gatelight::logging::line::tests", "message": "cut\noff", "schedule": "hourly",
                "attempt": 2, "findings": 3, "whole": true, "took": 0.5, "name": "a \"b\"\n\u{1b}[31m\u{9b}\u{202e}",
            })
        );
    }

    #[test]
    fn a_field_that_is_known_later_counts_too() {
        let lines = lines(text, || {
            let span = tracing::info_span!("run", account = tracing::field::Empty);
            span.record("account", "1234");
            span.in_scope(|| tracing::info!("begun"));
            tracing::info!("outside");
        });
        assert_eq!(
            lines.iter().map(|line| timeless(line)).collect::<Vec<_>>(),
            ["INFO begun account=1234", "INFO outside"]
        );
    }
}
