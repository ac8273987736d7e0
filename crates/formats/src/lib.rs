//! The language of access-log formats: literal text and `$context` variables, and whether it writes JSON.

mod explain;
pub mod flaws;
pub mod json;
pub mod lines;
pub mod mend;
pub mod template;
pub mod variables;

use gatelight_model::inventory::Protocol;

pub use template::{Template, Variable};

use json::Object;
use template::Rendered;

/// An access-log format of a kind of API.
#[derive(Clone, Debug)]
pub struct Format<'t> {
    /// What the API speaks.
    pub protocol: Protocol,
    /// The format, taken apart.
    pub template: Template<'t>,
}

/// A place in a format, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column within that line.
    pub column: usize,
}

/// Why a format does not write JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// The byte of the format.
    pub at: usize,
    /// Why, in words that follow a place and a colon.
    pub message: String,
}

impl<'t> Format<'t> {
    /// Reads a format. Every text is one.
    #[must_use]
    pub fn new(protocol: Protocol, text: &'t str) -> Self {
        Self { protocol, template: Template::parse(text) }
    }

    /// The format as it was given.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.template.text()
    }

    /// The first variable of exactly that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Variable<'t>> {
        self.template.find(name)
    }

    /// Whether it writes one JSON object when every variable has a value of its own kind.
    ///
    /// # Errors
    /// Where and why not.
    pub fn json(&self) -> Result<Object, NotJson> {
        self.parsed().map(|(object, _)| object)
    }

    /// As [`json`](Self::json), with the line that the object was read from.
    ///
    /// # Errors
    /// Where and why not.
    pub fn parsed(&self) -> Result<(Object, Rendered<'t>), NotJson> {
        let rendered = self.template.render(variables::value);
        match json::object(rendered.line()) {
            Ok(object) => Ok((object, rendered)),
            Err(fault) => Err(explain::not_json(&self.template, &rendered, fault)),
        }
    }

    /// Line and column of a byte.
    #[must_use]
    pub fn position(&self, at: usize) -> Position {
        let before = self.text().get(..at).unwrap_or(self.text());
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// A place in words: `column 7`, or `line 2, column 7` if there are several lines.
    #[must_use]
    pub fn place(&self, at: usize) -> String {
        let Position { line, column } = self.position(at);
        if self.text().trim_end().contains('\n') {
            format!("line {line}, column {column}")
        } else {
            format!("column {column}")
        }
    }

    /// The first line break that is more than the end of the line: one at the very end is allowed
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>).
    #[must_use]
    pub fn inner_newline(&self) -> Option<usize> {
        let text = self.text();
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text).find(['\n', '\r'])
    }
}

/// The first characters of a text, with `…` where more follow.
#[must_use]
pub fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
