//! Repairs text that is almost JSON, also where a quote or a brace is lost: wherever a parser stops, it tries the small
//! edits that could have been meant, and keeps the one with which the parser comes farthest.

use std::ops::Range;

use crate::{
    json::{Expected, SyntaxError, SyntaxErrorKind, parse_object},
    template::Template,
    variables::sample_value,
};

/// The longest text that is repaired, in bytes. Each edit takes time in proportion to the text.
const MAX_BYTES: usize = 8 * 1024;

/// The most edits made to one text.
const MAX_EDITS: usize = 100;

/// The most places inside one string that are tried for a lost quote.
const MAX_PLACES: usize = 32;

/// The text as one JSON object. `None` if that takes more than a few edits, or the text is too long.
pub(super) fn repaired(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut text = text.trim().to_owned();
    let mut stop = Stop::of(&text);
    for _ in 0..MAX_EDITS {
        let Some(error) = stop else { return Some(text) };
        let edited = if matches!(error.kind, SyntaxErrorKind::Unclosed(_)) {
            vec![closed(&text, error.kind)]
        } else {
            Repairer::new(&text, error).candidates()
        };
        let mut stops = edited.into_iter().map(|edited| (Stop::of(&edited), edited));
        let mut best = stops.next()?;
        for other in stops {
            // The first that is JSON is the likeliest one.
            if best.0.is_none() {
                break;
            }
            if Stop::distance(other.0.as_ref()) < Stop::distance(best.0.as_ref()) {
                best = other;
            }
        }
        let (next, edited) = best;
        let is_unclosed = |stop: &Stop| matches!(stop.kind, SyntaxErrorKind::Unclosed(_));
        if Stop::distance(next.as_ref()) >= Stop::distance(Some(&error)) && !is_unclosed(&error) {
            return None;
        }
        (text, stop) = (edited, next);
    }
    None
}

/// Where and why a parser stops.
#[derive(Clone, Copy)]
struct Stop {
    /// The byte offset in the text; for a value: the start of its variable.
    at: usize,
    kind: SyntaxErrorKind,
    /// How many bytes follow.
    rest: usize,
}

impl Stop {
    /// `None` where the text is one JSON object when each variable has a value.
    fn of(text: &str) -> Option<Self> {
        let rendered = Template::parse(text).render(sample_value);
        let SyntaxError { at, kind } = parse_object(rendered.line()).err()?;
        let at = rendered.origin(at).at;
        // All of an object that is not closed was read.
        let rest = if matches!(kind, SyntaxErrorKind::Unclosed(_)) { 0 } else { text.len() - at };
        Some(Self { at, kind, rest })
    }

    /// How far from the end a parser stops: 0 where it does not. Of two stops at one place, the one that waits for a mark
    /// between tokens is the farther one.
    fn distance(stop: Option<&Self>) -> usize {
        stop.map_or(0, |stop| {
            let wants_mark =
                matches!(stop.kind, SyntaxErrorKind::Unexpected(Expected::Colon | Expected::AfterValue(..)));
            2 * stop.rest + 1 + usize::from(wants_mark)
        })
    }
}

/// The text with its innermost open object or array closed.
fn closed(text: &str, kind: SyntaxErrorKind) -> String {
    let end = if kind == SyntaxErrorKind::Unclosed('{') { '}' } else { ']' };
    format!("{}{end}", text.trim_end().trim_end_matches([',', '\\']).trim_end())
}

/// Collects edits of one text for one place at which a parser stops.
struct Repairer<'t> {
    text: &'t str,
    stop: Stop,
    /// The tokens that end before the place.
    before: Vec<Range<usize>>,
    /// The token at the place, or around it.
    here: Range<usize>,
    edited: Vec<String>,
}

impl<'t> Repairer<'t> {
    fn new(text: &'t str, stop: Stop) -> Self {
        let mut before = tokens(text);
        let rest = before.split_off(before.partition_point(|token| token.end <= stop.at));
        let here = rest.into_iter().next().unwrap_or(text.len()..text.len());
        Self { text, stop, before, here, edited: Vec::new() }
    }

    /// The likelier ones first.
    fn candidates(mut self) -> Vec<String> {
        self.comment();
        if !self.edited.is_empty() {
            return self.edited;
        }
        self.foreign_characters();
        match self.stop.kind {
            SyntaxErrorKind::TrailingComma(_) => self.delete_here(),
            SyntaxErrorKind::UnclosedString => {
                self.quote_inside(self.here.clone());
                self.delete_here();
            }
            SyntaxErrorKind::ControlCharacter(_) => {
                self.quote_inside(self.here.start..self.stop.at);
                let head = self.text[..self.stop.at].trim_end();
                self.insert(head.len(), "\"");
                self.edited.push(format!("{head} {}", self.text[self.stop.at..].trim_start()));
            }
            SyntaxErrorKind::InvalidEscape => {
                self.edit(self.stop.at..self.stop.at + 1, "");
                self.edit(self.stop.at..self.stop.at, "\\");
            }
            SyntaxErrorKind::NotAnObject(_) => {
                let inner = self.text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
                self.edited.extend(inner.map(str::to_owned));
            }
            SyntaxErrorKind::Unexpected(expected) => self.unexpected(expected),
            _ => self.quote_word(),
        }
        self.edited
    }

    fn unexpected(&mut self, expected: Expected) {
        let at = self.stop.at;
        let previous = self.before.last().cloned().unwrap_or(0..0);
        match expected {
            Expected::Value => self.value(),
            // Inside a variable's value: an address begins like a number.
            Expected::AfterValue(..) if self.text[previous.clone()].ends_with([':', ',', '[']) => self.value(),
            Expected::FirstKey | Expected::Key => {
                self.insert(at, "\"");
                self.quote_word();
                self.delete_here();
            }
            Expected::Colon => {
                self.insert(previous.end, ":");
                self.quote_inside(previous);
                self.replace_here(":");
            }
            Expected::AfterValue(end, _) => self.after_value(end, previous),
            Expected::End => self.after_end(),
        }
    }

    fn value(&mut self) {
        let at = self.stop.at;
        self.insert(at, "\"");
        self.quote_word();
        self.quote_to(at, &[',', '}', ']', '\n']);
        self.insert(at, "\"-\"");
    }

    /// What follows a value in an object or array that `end` would close.
    fn after_value(&mut self, end: char, previous: Range<usize>) {
        let at = self.stop.at;
        self.insert(previous.end, ",");
        self.quote_inside(previous.clone());
        self.insert(previous.start, "\"");
        self.insert(previous.start, "{");
        let is_string = self.text[previous.clone()].ends_with('"');
        let after_here = self.text[at..].strip_prefix('"').map(str::trim_start);
        if is_string && after_here.is_some_and(|rest| rest.starts_with([',', '}', ']'])) {
            self.delete_here();
        }
        match &self.text[previous.clone()] {
            // Quotes twice around one value.
            "\"\"" => self.edit(previous.end - 1..previous.end, ""),
            _ if is_string => self.insert(previous.end - 1, "\\"),
            _ => self.quote_to(previous.start, &[',', '}', ']', '"', '\n']),
        }
        let mut closer = [0; 4];
        self.insert(previous.end, end.encode_utf8(&mut closer));
        if let [.., value, _, _] = &self.before[..] {
            self.insert(value.end, end.encode_utf8(&mut closer));
        }
        self.replace_here(",");
        self.delete_here();
    }

    /// What follows the end of the object, or what came before it.
    fn after_end(&mut self) {
        self.insert(0, "{");
        if let Some(brace) = self.before.iter().rposition(|token| &self.text[token.clone()] == "}") {
            let brace = self.before[brace].clone();
            let opened = self.text[self.stop.at..].find('{').map(|found| self.stop.at + found);
            if let Some(opened) = opened {
                self.edit(brace.start..opened + 1, ",");
            }
            self.edit(brace, "");
        }
        self.delete_here();
    }

    /// Without the comment here. One on the only line ends before the next field.
    fn comment(&mut self) {
        let at = self.stop.at;
        let rest = &self.text[at..];
        let found = |pattern: &str| rest.find(pattern).map_or(self.text.len(), |found| at + found);
        if rest.starts_with("/*") {
            self.edit(at..(found("*/") + 2).min(self.text.len()), "");
        } else if rest.starts_with("//") || rest.starts_with('#') {
            let end = if rest.contains('\n') { found("\n") } else { found("\"") };
            self.edit(at..end, "");
        }
    }

    /// What JSON does not know: other quotes, backslashes, marks that are not visible.
    fn foreign_characters(&mut self) {
        let at = self.stop.at;
        let rest = &self.text[at..];
        let mut characters = rest.chars();
        let (Some(first), second) = (characters.next(), characters.next()) else { return };
        match (first, second) {
            ('\\', Some('n' | 'r' | 't')) => {
                self.edit(at..at + 2, "");
                self.edit(at..at + 1, "");
            }
            ('\\', _) => self.edit(at..at + 1, ""),
            ('“' | '”' | '„' | '‘' | '’' | '\'', _) => {
                let is_end =
                    |c: char| if first == '\'' { c == first } else { matches!(c, '”' | '“' | '’' | '‘') };
                let inner = &rest[first.len_utf8()..];
                if let Some((length, end)) = inner.char_indices().find(|(_, c)| is_end(*c)) {
                    let word = inner[..length].replace('"', "\\\"");
                    self.edit(at..at + first.len_utf8() + length + end.len_utf8(), &format!("\"{word}\""));
                }
                self.edit(at..at + first.len_utf8(), "\"");
            }
            _ if first.is_whitespace() => self.edit(at..at + first.len_utf8(), " "),
            _ if first.is_control() || matches!(first, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}') => {
                self.edit(at..at + first.len_utf8(), "");
            }
            _ => {}
        }
    }

    /// Quotes around the word here.
    fn quote_word(&mut self) {
        self.quote_to(self.stop.at, &[',', ':', '}', ']', '"', '\n']);
    }

    /// Quotes around the text from a place up to one of these characters.
    fn quote_to(&mut self, start: usize, ends: &[char]) {
        let rest = &self.text[start..];
        let word = rest[..rest.find(ends).unwrap_or(rest.len())].trim_end();
        if !word.is_empty() {
            let range = start..start + word.len();
            self.edit(range, &format!("\"{}\"", word.replace(['"', '\\'], "")));
        }
    }

    /// A quote before each character of a string that could follow its end.
    fn quote_inside(&mut self, string: Range<usize>) {
        if !self.text[string.clone()].starts_with('"') {
            return;
        }
        let inside = self.text[string.start + 1..string.end].char_indices();
        let could_follow = |c: &char| c.is_whitespace() || matches!(c, ',' | ':' | '}' | ']');
        let places = inside.filter(|(_, c)| could_follow(c)).map(|(at, _)| string.start + 1 + at);
        for place in places.take(MAX_PLACES).collect::<Vec<_>>() {
            self.insert(place, "\"");
        }
    }

    /// Another character for a mark between tokens that is not the expected one.
    fn replace_here(&mut self, mark: &str) {
        let at = self.stop.at;
        if self.text[at..].starts_with([',', ':', '=', ';', '|']) {
            self.edit(at..at + 1, mark);
        }
    }

    /// Without the mark here. Words stay: they can be fields.
    fn delete_here(&mut self) {
        let at = self.stop.at;
        if let Some(mark) = self.text[at..].chars().next().filter(|c| !c.is_alphanumeric() && *c != '$') {
            self.edit(at..at + mark.len_utf8(), "");
        }
    }

    fn insert(&mut self, at: usize, text: &str) {
        self.edit(at..at, text);
    }

    fn edit(&mut self, range: Range<usize>, instead: &str) {
        let mut edited = self.text.to_owned();
        edited.replace_range(range, instead);
        self.edited.push(edited);
    }
}

/// The tokens of text that is almost JSON: strings with their quotes, marks, and words. A string that is never closed
/// goes to the end.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let is_mark = |c: char| matches!(c, '{' | '}' | '[' | ']' | ':' | ',');
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = if first == '"' {
            let mut escaped = false;
            let is_end = |(_, c): &(usize, char)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            };
            rest[1..].char_indices().find(is_end).map_or(rest.len(), |(end, _)| end + 2)
        } else if first.is_whitespace() || is_mark(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| c == '"' || c.is_whitespace() || is_mark(c)).unwrap_or(rest.len())
        };
        if !first.is_whitespace() {
            tokens.push(at..at + length);
        }
        at += length;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_lost_mark_is_put_back() {
        let right = r#"{"a":"$context.path","b":$context.status,"c":{"d":"x, y"},"e":"$context.requestId"}"#;
        for (lost, place) in [
            ("{", 0),
            ("\"", 0),
            ("\"", 1),
            (":", 0),
            ("\"", 2),
            ("\"", 3),
            (",", 0),
            ("\"", 4),
            ("\"", 5),
            (":", 1),
            (",", 1),
            ("\"", 6),
            (":", 2),
            ("{", 1),
            ("\"", 8),
            ("\"", 9),
            (":", 3),
            ("\"", 10),
            ("\"", 11),
            (",", 3),
            ("\"", 12),
            ("\"", 13),
            (":", 4),
            ("\"", 14),
            ("\"", 15),
            ("}", 1),
        ] {
            let (at, _) = right.match_indices(lost).nth(place).expect("a mark");
            let mut broken = right.to_owned();
            broken.remove(at);
            assert_eq!(repaired(&broken).as_deref(), Some(right), "{broken}");
        }
    }

    #[test]
    fn what_was_meant_is_found() {
        for (text, expected) in [
            ("{a:1}", r#"{"a":1}"#),
            (
                "{requestId: $context.requestId, s: $context.status}",
                r#"{"requestId": "$context.requestId", "s": $context.status}"#,
            ),
            (r#"{"a":$context.domainName$context.path,"b":1}"#, r#"{"a":"$context.domainName$context.path","b":1}"#),
            (r#"{"a" $context.requestId,"b":1}"#, r#"{"a": "$context.requestId","b":1}"#),
            (r#"{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"a":1},{"b":2}"#, r#"{"a":1,"b":2}"#),
            (r#"[{"a":1}]"#, r#"{"a":1}"#),
            (r#""a":1,"b":2"#, r#"{"a":1,"b":2}"#),
            (r#"{"a":1};"#, r#"{"a":1}"#),
            (r#"{"a"="x";"b"="y"}"#, r#"{"a":"x","b":"y"}"#),
            (r#"{"a":["x","y","b":"z"}"#, r#"{"a":["x","y"],"b":"z"}"#),
            (r#"{"a":["x","y"}"#, r#"{"a":["x","y"]}"#),
            (r#"{"a":"say "$context.path" now"}"#, r#"{"a":"say \"$context.path\" now"}"#),
            (r#"{"a":""$context.path"","b":1}"#, r#"{"a":"$context.path","b":1}"#),
            (r#"{"a":"\$context.path"}"#, r#"{"a":"$context.path"}"#),
            (r#"{"a":,"b":1}"#, r#"{"a":"-","b":1}"#),
            ("{\"a\":1, # one\n/* \"b\":\"$context.path\", */\n\"c\":2,}", "{\"a\":1, \n\n\"c\":2}"),
            // A comment that nothing ends is cut off before the next field.
            (r#"{"a":1, // first "b":2}"#, r#"{"a":1, "b":2}"#),
            (r#"{"a":"https://$context.domainName,"b":1}"#, r#"{"a":"https://$context.domainName","b":1}"#),
            (
                "{\"a\":\"$context.path,\n\"b\":\"$context.stage\n}",
                "{\"a\":\"$context.path\",\n\"b\":\"$context.stage\"\n}",
            ),
        ] {
            assert_eq!(repaired(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        for text in ["", "plain text", "$context.status $context.path", "<a>$context.path</a>", "a,b,c"] {
            assert_eq!(repaired(text), None, "{text}");
        }
        assert_eq!(repaired(&format!("{{\"a\":\"{}", "x".repeat(MAX_BYTES))), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_tried(text in r#"([$]context[.](status|path)|//|[\[\]{}"\\:, \n'“é]|"[a-c]":|true|1|\PC){0,30}"#) {
            if let Some(repaired) = repaired(&text) {
                prop_assert!(Stop::of(&repaired).is_none());
            }
        }
    }
}
