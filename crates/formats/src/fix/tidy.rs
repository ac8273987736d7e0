//! Tidies text that is almost JSON: comments, missing and surplus commas, wrong or missing quotes.

use gatelight_model::inventory::Protocol;

use crate::{
    format::Format,
    template::{TemplatePart, Variable},
    variables::ValueKind,
};

/// Fixes what is between tokens: comments, missing and surplus commas, variables without quotes, quotes that are not
/// JSON's, and marks and escapes that do not belong there. The result may still not be JSON.
pub(super) fn tidied(text: &str) -> String {
    let format = Format::new(Protocol::Rest, text);
    let mut tidier = Tidier::default();
    for part in format.template.parts() {
        match part {
            TemplatePart::Text(text) | TemplatePart::Unsupported(text) => tidier.text(text),
            TemplatePart::Variable(variable) => tidier.variable(variable),
        }
    }
    tidier.finish()
}

/// What the tidier is inside of.
#[derive(Clone, Copy, Default, PartialEq)]
enum TidyState {
    #[default]
    Json,
    LineComment,
    BlockComment,
    /// A string that began with this quote.
    String(char),
}

#[derive(Default)]
struct Tidier {
    line: String,
    state: TidyState,
    escaped: bool,
    /// Whether the last token ended a value or a key.
    ended: bool,
    /// The white space since the last token, before and after a comma in it.
    before: String,
    comma: bool,
    after: String,
}

impl Tidier {
    fn text(&mut self, text: &str) {
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            match self.state {
                TidyState::LineComment if character == '\n' => {
                    self.state = TidyState::Json;
                    self.space('\n');
                }
                TidyState::BlockComment if character == '*' && next == Some('/') => {
                    characters.next();
                    self.state = TidyState::Json;
                }
                TidyState::LineComment | TidyState::BlockComment => {}
                TidyState::String(quote) => self.in_string(character, quote),
                TidyState::Json => {
                    let pair = (character, next);
                    if matches!(pair, ('/', Some('/' | '*')) | ('\\', Some('n' | 'r' | 't'))) {
                        characters.next();
                    }
                    self.outside_strings(pair);
                }
            }
        }
    }

    fn outside_strings(&mut self, pair: (char, Option<char>)) {
        match pair {
            ('/', Some('/')) | ('#', _) => self.state = TidyState::LineComment,
            ('/', Some('*')) => self.state = TidyState::BlockComment,
            // A backslash at the end of a line continues it: AWS prints its examples like that.
            ('\\', Some('n' | 'r' | 't' | '\n' | '\r') | None) | ('\u{feff}' | '\u{200b}', _) => {}
            (space, _) if space.is_whitespace() => self.space(if space.is_ascii() { space } else { ' ' }),
            (',', _) => self.comma = true,
            ('"' | '\'' | '“' | '”' | '„' | '‘' | '’', _) => {
                if self.ended && !self.comma {
                    self.comma = true;
                    self.after = std::mem::take(&mut self.before);
                }
                self.token("\"", false);
                self.state = TidyState::String(pair.0);
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
                // JSON has no escape for a single quote.
                if character == '\'' {
                    self.line.pop();
                }
                self.line.push(character);
            }
            _ if closes => {
                self.line.push('"');
                self.state = TidyState::Json;
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
        match self.state {
            TidyState::LineComment | TidyState::BlockComment => {}
            TidyState::String(_) => {
                self.escaped = false;
                self.line.push_str(variable.source);
            }
            TidyState::Json if matches!(ValueKind::of(variable.name), ValueKind::Number | ValueKind::QuotedText) => {
                self.token(variable.source, true);
            }
            TidyState::Json => self.token(&format!("\"{}\"", variable.source), true),
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

    fn finish(mut self) -> String {
        self.line.push_str(&self.before);
        self.line
    }
}
