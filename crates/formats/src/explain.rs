//! Says in words why a format is not JSON.

use super::{
    NotJson, cut,
    json::{Fault, Place, Why},
    template::{Piece, Rendered, Template, Variable},
    variables::Kind,
};

/// Maps a fault of a rendered line back to its template and says what is wrong there.
pub(super) fn not_json(template: &Template<'_>, rendered: &Rendered<'_>, fault: Fault) -> NotJson {
    let NotJson { at, message } = shape(template, fault.why)
        .unwrap_or_else(|| NotJson { at: rendered.origin(fault.at).at, message: words(template, rendered, fault) });
    // A format is another's text, and may hold anything.
    NotJson { at, message: message.replace(char::is_control, "\u{fffd}") }
}

/// What is wrong at the place of the fault.
fn words(template: &Template<'_>, rendered: &Rendered<'_>, fault: Fault) -> String {
    let origin = rendered.origin(fault.at);
    let rest = &template.text()[origin.at..];
    if let Some(variable) = origin.variable {
        return at_variable(&variable, fault.why, origin.is_first);
    }
    match fault.why {
        Why::Empty => "the format is empty".to_owned(),
        Why::NotAnObject("a string") => {
            "the whole format is wrapped in quotes, which makes it a JSON string, not an object".to_owned()
        }
        Why::NotAnObject(what) => format!("this is {what}, not an object"),
        Why::ByteOrderMark => "a byte-order mark (U+FEFF, not visible); JSON has none".to_owned(),
        Why::TrailingComma('}') => "a comma before the closing brace".to_owned(),
        Why::TrailingComma(_) => "a comma before the closing bracket".to_owned(),
        Why::OpenString => "a missing quote: the string that begins here is never closed".to_owned(),
        Why::ControlCharacter('\n' | '\r') => {
            "a line break inside a string: a missing quote, or a break that JSON writes as \\n".to_owned()
        }
        Why::ControlCharacter('\t') => "a tab inside a string; JSON writes it as \\t".to_owned(),
        Why::ControlCharacter(character) => {
            format!("the control character U+{:04X} inside a string; JSON wants it escaped", u32::from(character))
        }
        Why::Escape => format!("{} is no escape of JSON", quoted(rest, 2)),
        Why::Number => format!("{} is no number of JSON", quoted_word(rest)),
        Why::Open('{') => "the brace that opens here is never closed".to_owned(),
        Why::Open(_) => "the bracket that opens here is never closed".to_owned(),
        Why::Unexpected(place) => unexpected(rest, place),
    }
}

/// What is wrong with a variable where a fault was found in its value. Only an IP address may begin as JSON does, with a
/// number, and have its fault further on.
fn at_variable(variable: &Variable<'_>, why: Why, is_first: bool) -> String {
    let (source, kind) = (cut(variable.source, 100), Kind::of(variable.name).name());
    match why {
        Why::NotAnObject(_) => format!("this is `{source}` alone, not an object"),
        Why::Unexpected(Place::FirstKey | Place::Key) => format!("the key `{source}` stands without quotes"),
        Why::Unexpected(Place::Colon) => format!("a colon is missing before `{source}`"),
        Why::Unexpected(Place::AfterValue(_, true)) => {
            format!("`{source}` stands after a closing quote: a quote too many, or a missing comma")
        }
        Why::Unexpected(Place::AfterValue(..)) if is_first => format!("a comma is missing before `{source}`"),
        Why::Unexpected(Place::End) => format!("`{source}` stands after the end of the object"),
        _ => format!("`{source}` stands without quotes, and {kind} is no JSON"),
    }
}

/// What is wrong with text that stands where the grammar asks for something else.
fn unexpected(rest: &str, place: Place) -> String {
    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return "the text ends too early".to_owned() };
    let second = characters.next();
    match (first, second) {
        ('/', Some('/' | '*')) | ('#', _) => return "a comment; JSON has none".to_owned(),
        ('“' | '”' | '„' | '‘' | '’' | '«' | '»' | '＂', _) => {
            return format!("a typographic quote ({first}); JSON knows only \"");
        }
        ('\\', Some('n' | 'r')) if place == Place::End => {
            return format!("a literal \\{} after the object; only a real line break may stand there", &rest[1..2]);
        }
        ('\\', Some('\n' | '\r') | None) => {
            return "a backslash at the end of a line: AWS's examples show it as a visual aid, and it is no part of them"
                .to_owned();
        }
        ('\\', Some('"')) => {
            return "a backslash before a quote: the format was escaped for a program that does not undo it".to_owned();
        }
        ('\'', _) => return "a single quote; JSON knows only \"".to_owned(),
        _ if first.is_whitespace() || matches!(first, '\u{200b}'..='\u{200d}' | '\u{2060}') => {
            return format!("the character U+{:04X}, which JSON does not take for white space", u32::from(first));
        }
        _ if first.is_control() => return format!("the control character U+{:04X}", u32::from(first)),
        _ => {}
    }
    let word = quoted_word(rest);
    match (place, first) {
        (Place::End, '{') => "several objects: another one begins here".to_owned(),
        (Place::End, ',') if rest[1..].trim_start().starts_with('{') => {
            "several objects: another one follows the comma".to_owned()
        }
        (Place::End, '}') => "a closing brace too many".to_owned(),
        (Place::End, _) => "text after the end of the object".to_owned(),
        (Place::FirstKey | Place::Key, ',') => "a comma too many".to_owned(),
        (Place::FirstKey | Place::Key, '{' | '[') => "a key is missing: an object's values have names".to_owned(),
        (Place::FirstKey | Place::Key, ':') => "a key is missing before the colon".to_owned(),
        (Place::FirstKey | Place::Key, _) if is_word(first) => format!("the key {word} stands without quotes"),
        (Place::Value, ',' | '}' | ']') => format!("a value is missing before {first}"),
        (Place::Value, _) if is_word(first) => format!("{word} stands without quotes"),
        (Place::Value, '+' | '.') => format!("{word} is no number of JSON"),
        (Place::Colon, _) => "a colon is missing before this".to_owned(),
        (Place::AfterValue(..), '"') => "a comma is missing before this, or a quote is misplaced".to_owned(),
        (Place::AfterValue(..), ':') => "a colon where a comma belongs".to_owned(),
        (Place::AfterValue(end, _), '}' | ']') => format!("{first} where {end} belongs"),
        (Place::AfterValue(_, true), _) => {
            "text after a closing quote: a missing quote, or one inside the text that wants a backslash".to_owned()
        }
        (Place::AfterValue(..), _) => "a comma is missing before this".to_owned(),
        _ => format!("{} does not belong here", quoted(rest, 1)),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '<' | '%')
}

/// The shape of a format that was never meant to be JSON.
fn shape(template: &Template<'_>, why: Why) -> Option<NotJson> {
    let text = template.text();
    let body = text.trim();
    let at = text.len() - text.trim_start().len();
    if body.is_empty() || body.starts_with(['{', '[', '"', '\u{feff}', '/', '#', '“', '”']) {
        return None;
    }
    let start = cut(body, 40);
    let says = |message: String| Some(NotJson { at, message });
    if body.starts_with('\'') {
        return says("the whole format stands in single quotes; they are part of it, and JSON has none".to_owned());
    }
    if body.starts_with('<') {
        return says(format!("this is XML (`{start}`), not JSON"));
    }
    if body.contains("[$context.requestTime") || body.contains(" - - ") || body.contains(" [$context") {
        return says(format!("this is CLF (`{start}`), not JSON"));
    }
    let variables = template.variables().count();
    let texts = || {
        template.pieces().iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            _ => None,
        })
    };
    if variables > 1 {
        let separates =
            |text: &str| text.chars().all(|c| matches!(c, ',' | ';' | '\t' | '|' | '"' | '\'' | ' ' | '\n'));
        if texts().all(separates) && texts().any(|text| text.contains([',', ';', '\t', '|'])) {
            return says(format!("this is CSV (`{start}`), not JSON"));
        }
    }
    if variables > 0 && texts().any(|text| text.trim_end_matches('"').ends_with('=')) {
        return says(format!("these are key=value pairs (`{start}`), not JSON"));
    }
    let is_text = body.starts_with(is_word) && !matches!(why, Why::NotAnObject(_));
    is_text.then(|| says(format!("this is text (`{start}`), not JSON: an object begins with a brace"))).flatten()
}

/// The first characters of a text in backquotes.
fn quoted(rest: &str, characters: usize) -> String {
    let end = rest.char_indices().nth(characters).map_or(rest.len(), |(end, _)| end);
    format!("`{}`", &rest[..end])
}

/// The first word of a text in backquotes, cut to 40 characters.
fn quoted_word(rest: &str) -> String {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ':' | '}' | ']' | '"');
    let word = rest.split(ends).next().unwrap_or(rest);
    format!("`{}`", cut(if word.is_empty() { rest } else { word }, 40))
}
