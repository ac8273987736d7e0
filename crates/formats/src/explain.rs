//! Explains in words why a format is not JSON.

use crate::{
    json::{Expected, SyntaxError, SyntaxErrorKind},
    template::{RenderedLine, Template, TemplatePart, Variable},
    variables::ValueKind,
};

/// Why a format does not write JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// The byte offset in the format.
    pub at: usize,
    /// The reason, in words that follow a position and a colon.
    pub message: String,
}

/// The first `characters` of a text, with `…` where more follow.
#[must_use]
pub fn truncated(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Maps a syntax error in a rendered line back to its template and explains it there.
pub(crate) fn explain(template: &Template<'_>, rendered: &RenderedLine<'_>, error: SyntaxError) -> NotJson {
    let NotJson { at, message } = other_syntax(template, error.kind)
        .unwrap_or_else(|| NotJson { at: rendered.origin(error.at).at, message: describe(template, rendered, error) });
    // A format is untrusted text and may hold control characters.
    NotJson { at, message: message.replace(char::is_control, "\u{fffd}") }
}

/// What is wrong where the error is.
fn describe(template: &Template<'_>, rendered: &RenderedLine<'_>, error: SyntaxError) -> String {
    let origin = rendered.origin(error.at);
    let rest = &template.text()[origin.at..];
    if let Some(variable) = origin.variable {
        return describe_at_variable(&variable, error.kind, origin.is_first);
    }
    match error.kind {
        SyntaxErrorKind::Empty => "the format is empty".to_owned(),
        SyntaxErrorKind::NotAnObject("a string") => {
            "the whole format is wrapped in quotes, which makes it a JSON string, not an object".to_owned()
        }
        SyntaxErrorKind::NotAnObject(what) => format!("this is {what}, not an object"),
        SyntaxErrorKind::ByteOrderMark => "a byte-order mark (U+FEFF, not visible); JSON has none".to_owned(),
        SyntaxErrorKind::TrailingComma('}') => "a comma before the closing brace".to_owned(),
        SyntaxErrorKind::TrailingComma(_) => "a comma before the closing bracket".to_owned(),
        SyntaxErrorKind::UnclosedString => "a missing quote: the string that begins here is never closed".to_owned(),
        SyntaxErrorKind::ControlCharacter('\n' | '\r') => {
            "a line break inside a string: a missing quote, or a break that JSON writes as \\n".to_owned()
        }
        SyntaxErrorKind::ControlCharacter('\t') => "a tab inside a string; JSON writes it as \\t".to_owned(),
        SyntaxErrorKind::ControlCharacter(character) => {
            format!("the control character U+{:04X} inside a string; JSON requires an escape", u32::from(character))
        }
        SyntaxErrorKind::InvalidEscape => format!("{} is not a JSON escape", quoted(rest, 2)),
        SyntaxErrorKind::InvalidNumber => format!("{} is not a JSON number", quoted_word(rest)),
        SyntaxErrorKind::Unclosed('{') => "the brace that opens here is never closed".to_owned(),
        SyntaxErrorKind::Unclosed(_) => "the bracket that opens here is never closed".to_owned(),
        SyntaxErrorKind::Unexpected(expected) => describe_unexpected(rest, expected),
    }
}

/// What is wrong with a variable when the error lies in its value. Only an IP address can start like a JSON number and
/// have the error further on.
fn describe_at_variable(variable: &Variable<'_>, error: SyntaxErrorKind, is_first: bool) -> String {
    let (source, kind) = (truncated(variable.source, 100), ValueKind::of(variable.name).description());
    match error {
        SyntaxErrorKind::NotAnObject(_) => format!("this is `{source}` alone, not an object"),
        SyntaxErrorKind::Unexpected(Expected::FirstKey | Expected::Key) => {
            format!("the key `{source}` is not quoted")
        }
        SyntaxErrorKind::Unexpected(Expected::Colon) => format!("a colon is missing before `{source}`"),
        SyntaxErrorKind::Unexpected(Expected::AfterValue(_, true)) => {
            format!("`{source}` follows a closing quote: one quote too many, or a missing comma")
        }
        SyntaxErrorKind::Unexpected(Expected::AfterValue(..)) if is_first => {
            format!("a comma is missing before `{source}`")
        }
        SyntaxErrorKind::Unexpected(Expected::End) => format!("`{source}` follows the end of the object"),
        _ => format!("`{source}` is not quoted, and {kind} is not valid JSON"),
    }
}

/// What is wrong with text where the grammar expects something else.
fn describe_unexpected(rest: &str, expected: Expected) -> String {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return "the text ends too early".to_owned() };
    let second = characters.next();
    match (first, second) {
        ('/', Some('/' | '*')) | ('#', _) => return "a comment; JSON has none".to_owned(),
        ('“' | '”' | '„' | '‘' | '’' | '«' | '»' | '＂', _) => {
            return format!("a typographic quote ({first}); JSON allows only \"");
        }
        ('\\', Some('n' | 'r')) if expected == Expected::End => {
            return format!("a literal \\{} after the object; only a real line break is allowed there", &rest[1..2]);
        }
        ('\\', Some('\n' | '\r') | None) => {
            return "a backslash at the end of a line: AWS's examples use it only to show a line break; it is not part \
                of the format"
                .to_owned();
        }
        ('\\', Some('"')) => {
            return "a backslash before a quote: the format was escaped for a program that does not undo it".to_owned();
        }
        ('\'', _) => return "a single quote; JSON allows only \"".to_owned(),
        _ if first.is_whitespace() || matches!(first, '\u{200b}'..='\u{200d}' | '\u{2060}') => {
            return format!("the character U+{:04X}, which is not white space in JSON", u32::from(first));
        }
        _ if first.is_control() => return format!("the control character U+{:04X}", u32::from(first)),
        _ => {}
    }
    let word = quoted_word(rest);
    match (expected, first) {
        (Expected::End, '{') => "several objects: another one begins here".to_owned(),
        (Expected::End, ',') if rest[1..].trim_start().starts_with('{') => {
            "several objects: another one follows the comma".to_owned()
        }
        (Expected::End, '}') => "a closing brace too many".to_owned(),
        (Expected::End, _) => "text after the end of the object".to_owned(),
        (Expected::FirstKey | Expected::Key, ',') => "a comma too many".to_owned(),
        (Expected::FirstKey | Expected::Key, '{' | '[') => "a key is missing: an object's values have names".to_owned(),
        (Expected::FirstKey | Expected::Key, ':') => "a key is missing before the colon".to_owned(),
        (Expected::FirstKey | Expected::Key, _) if is_word(first) => format!("the key {word} is not quoted"),
        (Expected::Value, ',' | '}' | ']') => format!("a value is missing before {first}"),
        (Expected::Value, _) if is_word(first) => format!("{word} is not quoted"),
        (Expected::Value, '+' | '.') => format!("{word} is not a JSON number"),
        (Expected::Colon, _) => "a colon is missing before this".to_owned(),
        (Expected::AfterValue(..), '"') => "a comma is missing before this, or a quote is misplaced".to_owned(),
        (Expected::AfterValue(..), ':') => "a colon where a comma belongs".to_owned(),
        (Expected::AfterValue(end, _), '}' | ']') => format!("{first} where {end} belongs"),
        (Expected::AfterValue(_, true), _) => {
            "text after a closing quote: a missing quote, or a quote in the text that needs a backslash".to_owned()
        }
        (Expected::AfterValue(..), _) => "a comma is missing before this".to_owned(),
        _ => format!("{} does not belong here", quoted(rest, 1)),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '<' | '%')
}

/// Recognises a format that was never meant to be JSON: CLF, CSV, XML, key=value pairs, text.
fn other_syntax(template: &Template<'_>, error: SyntaxErrorKind) -> Option<NotJson> {
    let text = template.text();
    let body = text.trim();
    let at = text.len() - text.trim_start().len();
    if body.is_empty() || body.starts_with(['{', '[', '"', '\u{feff}', '/', '#', '“', '”']) {
        return None;
    }
    let start = truncated(body, 40);
    let found = |message: String| Some(NotJson { at, message });
    if body.starts_with('\'') {
        return found("the entire format is in single quotes; they are part of it, and JSON has none".to_owned());
    }
    if body.starts_with('<') {
        return found(format!("this is XML (`{start}`), not JSON"));
    }
    if body.contains("[$context.requestTime") || body.contains(" - - ") || body.contains(" [$context") {
        return found(format!("this is CLF (`{start}`), not JSON"));
    }
    let variables = template.variables().count();
    let texts = || {
        template.parts().iter().filter_map(|part| match part {
            TemplatePart::Text(text) => Some(*text),
            _ => None,
        })
    };
    if variables > 1 {
        let separates =
            |text: &str| text.chars().all(|c| matches!(c, ',' | ';' | '\t' | '|' | '"' | '\'' | ' ' | '\n'));
        if texts().all(separates) && texts().any(|text| text.contains([',', ';', '\t', '|'])) {
            return found(format!("this is CSV (`{start}`), not JSON"));
        }
    }
    if variables > 0 && texts().any(|text| text.trim_end_matches('"').ends_with('=')) {
        return found(format!("these are key=value pairs (`{start}`), not JSON"));
    }
    let is_text = body.starts_with(is_word) && !matches!(error, SyntaxErrorKind::NotAnObject(_));
    if is_text { found(format!("this is text (`{start}`), not JSON: an object begins with a brace")) } else { None }
}

/// The first characters of a text in backquotes.
fn quoted(rest: &str, characters: usize) -> String {
    let end = rest.char_indices().nth(characters).map_or(rest.len(), |(end, _)| end);
    format!("`{}`", &rest[..end])
}

/// The first word of a text in backquotes, truncated to 40 characters.
fn quoted_word(rest: &str) -> String {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ':' | '}' | ']' | '"');
    let word = rest.split(ends).next().unwrap_or(rest);
    format!("`{}`", truncated(if word.is_empty() { rest } else { word }, 40))
}
