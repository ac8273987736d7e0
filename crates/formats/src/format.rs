//! An access-log format of one kind of API: its template, whether it writes JSON, and positions in it.

use gatelight_model::inventory::Protocol;

use crate::{
    explain::{self, NotJson},
    json::{self, JsonObject},
    template::{RenderedLine, Template, Variable},
    variables,
};

/// An access-log format of a kind of API.
#[derive(Clone, Debug)]
pub struct Format<'t> {
    /// The kind of API.
    pub protocol: Protocol,
    /// The parsed format.
    pub template: Template<'t>,
}

/// A position in a format. Line and column count from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column within that line.
    pub column: usize,
}

impl<'t> Format<'t> {
    /// Parses a format. Every text is a valid format.
    #[must_use]
    pub fn new(protocol: Protocol, text: &'t str) -> Self {
        Self { protocol, template: Template::parse(text) }
    }

    /// The format's text, unchanged.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.template.text()
    }

    /// The first variable with exactly that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Variable<'t>> {
        self.template.find(name)
    }

    /// The JSON object that the format writes when every variable has a value of its own kind.
    ///
    /// # Errors
    /// Where and why it is not one JSON object.
    pub fn json(&self) -> Result<JsonObject, NotJson> {
        self.parsed().map(|(object, _)| object)
    }

    /// Like [`json`](Self::json), together with the line that was parsed.
    ///
    /// # Errors
    /// Where and why it is not one JSON object.
    pub fn parsed(&self) -> Result<(JsonObject, RenderedLine<'t>), NotJson> {
        let rendered = self.template.render(variables::sample_value);
        match json::parse_object(rendered.line()) {
            Ok(object) => Ok((object, rendered)),
            Err(error) => Err(explain::explain(&self.template, &rendered, error)),
        }
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn position(&self, at: usize) -> Position {
        let before = self.text().get(..at).unwrap_or(self.text());
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The position of a byte offset in words: `column 7`, or `line 2, column 7` if there are several lines.
    #[must_use]
    pub fn position_text(&self, at: usize) -> String {
        let Position { line, column } = self.position(at);
        if self.text().trim_end().contains('\n') {
            format!("line {line}, column {column}")
        } else {
            format!("column {column}")
        }
    }

    /// The byte offset of the first line break that does not end the format. One at the very end is allowed
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html>).
    #[must_use]
    pub fn inner_newline(&self) -> Option<usize> {
        let text = self.text();
        let text = text.strip_suffix('\n').unwrap_or(text);
        text.strip_suffix('\r').unwrap_or(text).find(['\n', '\r'])
    }
}
