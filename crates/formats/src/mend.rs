//! Mends formats: what is nearly JSON becomes JSON on one line, and variables that are missing are added.

mod repair;

use std::collections::HashSet;

use gatelight_model::inventory::Protocol;

use super::{
    Format,
    template::{Piece, Variable},
    variables::Kind,
};

/// How long the format of an HTTP API may be, in bytes:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>. None is known for the others.
pub const HTTP_LIMIT: usize = 3 * 1024;

/// The format as one JSON object on one line, with the `missing` variables added to it, names put right, quotes around
/// what can be absent, and without what is never filled. Keys, their order and the white space between them are kept.
/// `None` where that cannot be done, or would be too long.
#[must_use]
pub fn mend(format: &Format<'_>, missing: &[String]) -> Option<String> {
    let text = if format.json().is_ok() { format.text().to_owned() } else { tidied(&unwrapped(format.text())) };
    let line = joined(&text);
    let tidy = Format::new(format.protocol, &line);
    tidy.json().ok()?;
    let mended = extended(format.protocol, &repair::repaired(&tidy)?, missing)?;
    let fits = format.protocol != Protocol::Http || mended.len() <= HTTP_LIMIT;
    (fits && Format::new(format.protocol, &mended).json().is_ok()).then_some(mended)
}

/// Takes off quotes around the whole, and escapes that some program should have undone.
fn unwrapped(text: &str) -> String {
    let body = text.trim().trim_start_matches('\u{feff}');
    let inside = |quote| body.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let unescaped = |text: &str| serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
    let is_escaped = body.starts_with('{') && body[1..].trim_start().starts_with("\\\"");
    inside('"')
        .and_then(unescaped)
        .or_else(|| inside('\'').map(str::to_owned))
        .or_else(|| is_escaped.then(|| unescaped(body)).flatten())
        .unwrap_or_else(|| body.to_owned())
}

/// Puts JSON on one line: each break becomes a space, together with the white space around it.
fn joined(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.trim();
    while let Some(found) = rest.find(['\n', '\r']) {
        line.push_str(rest[..found].trim_end());
        line.push(' ');
        rest = rest[found..].trim_start();
    }
    line + rest
}

/// Adds variables at the end of the object, spelled as its other members are.
fn extended(protocol: Protocol, text: &str, missing: &[String]) -> Option<String> {
    let format = Format::new(protocol, text);
    let missing = missing.iter().filter(|name| format.find(name).is_none());
    let (object, rendered) = format.parsed().ok()?;
    let colon = object.colon.map_or(":", |range| &rendered.line()[range]);
    let space = object.before_key.map_or("", |range| &rendered.line()[range]);
    let mut keys = object.keys;
    let mut comma = if keys.is_empty() { "" } else { "," };
    let mut members = String::new();
    for name in missing {
        let key = unused_key(name, &keys);
        members.push_str(comma);
        members.push_str(if comma.is_empty() { "" } else { space });
        members.extend(["\"", &key, "\"", colon, "\"$context.", name, "\""]);
        keys.insert(key);
        comma = ",";
    }
    let end = rendered.template_end(object.last_end);
    Some(format!("{}{members}{}", &text[..end], &text[end..]))
}

/// A key for a variable: `integrationStatus`, or else `integration_status`, or else with a number.
fn unused_key(name: &str, used: &HashSet<String>) -> String {
    let mut parts = name.split('.');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.chars().next().map_or(0, char::len_utf8));
        camel.push_str(&first.to_uppercase());
        camel.push_str(rest);
    }
    let numbered = (2..).map(|number: usize| format!("{camel}{number}"));
    let mut names = [camel.clone(), name.replace('.', "_")].into_iter().chain(numbered);
    names.find(|key| !used.contains(key)).unwrap_or(camel)
}

/// Mends what stands between tokens: comments, commas too many or too few, quotes that are missing around variables or
/// are not JSON's, marks and escapes that do not belong there. The result may still not be JSON.
fn tidied(text: &str) -> String {
    let format = Format::new(Protocol::Rest, text);
    let mut tidy = Tidy::default();
    for piece in format.template.pieces() {
        match piece {
            Piece::Text(text) | Piece::NeverFilled(text) => tidy.text(text),
            Piece::Variable(variable) => tidy.variable(variable),
        }
    }
    tidy.end()
}

/// Where a reader of nearly JSON is.
#[derive(Clone, Copy, Default, PartialEq)]
enum Mode {
    #[default]
    Code,
    LineComment,
    BlockComment,
    /// Inside a string that began with this quote.
    String(char),
}

#[derive(Default)]
struct Tidy {
    line: String,
    mode: Mode,
    escaped: bool,
    /// Whether the last token ended a value or a key.
    ended: bool,
    /// White space since the last token, and the comma in it.
    before: String,
    comma: bool,
    after: String,
}

impl Tidy {
    fn text(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            match self.mode {
                Mode::LineComment if character == '\n' => {
                    self.mode = Mode::Code;
                    self.space('\n');
                }
                Mode::BlockComment if character == '*' && next == Some('/') => {
                    characters.next();
                    self.mode = Mode::Code;
                }
                Mode::LineComment | Mode::BlockComment => {}
                Mode::String(quote) => self.in_string(character, quote),
                Mode::Code => {
                    let pair = (character, next);
                    if matches!(pair, ('/', Some('/' | '*')) | ('\\', Some('n' | 'r' | 't'))) {
                        characters.next();
                    }
                    self.in_code(pair);
                }
            }
        }
    }

    fn in_code(&mut self, pair: (char, Option<char>)) {
        match pair {
            ('/', Some('/')) | ('#', _) => self.mode = Mode::LineComment,
            ('/', Some('*')) => self.mode = Mode::BlockComment,
            // A backslash at the end of a line goes on there: so AWS prints its examples.
            ('\\', Some('n' | 'r' | 't' | '\n' | '\r') | None) | ('\u{feff}' | '\u{200b}', _) => {}
            (space, _) if space.is_whitespace() => self.space(if space.is_ascii() { space } else { ' ' }),
            (',', _) => self.comma = true,
            ('"' | '\'' | '“' | '”' | '„' | '‘' | '’', _) => {
                if self.ended && !self.comma {
                    self.comma = true;
                    self.after = std::mem::take(&mut self.before);
                }
                self.token("\"", false);
                self.mode = Mode::String(pair.0);
            }
            ('}' | ']', _) => {
                self.comma = false;
                self.token(pair.0.encode_utf8(&mut [0; 4]), true);
            }
            ('{' | '[' | ':', _) => self.token(pair.0.encode_utf8(&mut [0; 4]), false),
            _ => self.token(pair.0.encode_utf8(&mut [0; 4]), true),
        }
    }

    fn in_string(&mut self, character: char, quote: char) {
        let closes = match quote {
            '"' => character == '"',
            '“' | '”' | '„' => matches!(character, '“' | '”'),
            _ => matches!(character, '\'' | '‘' | '’'),
        };
        match character {
            _ if self.escaped => {
                self.escaped = false;
                // JSON knows no escape for a single quote.
                if character == '\'' {
                    self.line.pop();
                }
                self.line.push(character);
            }
            _ if closes => {
                self.line.push('"');
                self.mode = Mode::Code;
                self.ended = true;
            }
            '"' => self.line.push_str("\\\""),
            '\t' => self.line.push_str("\\t"),
            _ => {
                self.escaped = character == '\\';
                self.line.push(character);
            }
        }
    }

    fn variable(&mut self, variable: &Variable<'_>) {
        match self.mode {
            Mode::LineComment | Mode::BlockComment => {}
            Mode::String(_) => {
                self.escaped = false;
                self.line.push_str(variable.source);
            }
            Mode::Code if matches!(Kind::of(variable.name), Kind::Number | Kind::QuotedText) => {
                self.token(variable.source, true);
            }
            Mode::Code => self.token(&format!("\"{}\"", variable.source), true),
        }
    }

    fn space(&mut self, character: char) {
        if self.comma { &mut self.after } else { &mut self.before }.push(character);
    }

    fn token(&mut self, token: &str, ends: bool) {
        self.line.push_str(&self.before);
        if self.comma {
            self.line.push(',');
        }
        self.line.push_str(&self.after);
        self.line.push_str(token);
        self.before.clear();
        self.after.clear();
        self.comma = false;
        self.ended = ends;
    }

    fn end(mut self) -> String {
        self.line.push_str(&self.before);
        self.line
    }
}

#[cfg(test)]
mod tests;
