//! A parser for RFC 8259 that reports where and why a text is not one JSON object.
//!
//! It accepts what the RFC's grammar accepts, with no limit on depth or on the size of numbers. It must stay linear in
//! time and free of recursion: formats are untrusted input.

use std::{borrow::Cow, collections::HashSet, ops::Range};

/// What the checks and the fix need to know about a parsed JSON object. Ranges are byte ranges of the parsed text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonObject {
    /// The keys of the outermost object, decoded.
    pub keys: HashSet<String>,
    /// The keys at any depth, with their quotes.
    pub key_ranges: Vec<Range<usize>>,
    /// The keys that repeat an earlier key of the same object, with their quotes.
    pub repeated_keys: Vec<Range<usize>>,
    /// The first escape that is half of a surrogate pair. The grammar allows it, many parsers do not.
    pub lone_surrogate: Option<usize>,
    /// Where the last value of the outermost object ends. In an empty object: after its opening brace.
    pub last_end: usize,
    /// The white space before the second key of the outermost object.
    pub space_before_key: Option<Range<usize>>,
    /// The colon after the first key of the outermost object, with the white space around it.
    pub colon: Option<Range<usize>>,
}

/// Where and why a text is not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset in the text.
    pub at: usize,
    /// The reason.
    pub kind: SyntaxErrorKind,
}

/// Why a text is not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Nothing but white space.
    Empty,
    /// JSON, but not an object: what it is instead.
    NotAnObject(&'static str),
    /// A byte-order mark.
    ByteOrderMark,
    /// Text that does not begin the expected token.
    Unexpected(Expected),
    /// A comma before this closing brace or bracket. The error's offset is the comma's.
    TrailingComma(char),
    /// The text ends inside a string. The error's offset is the string's start.
    UnclosedString,
    /// An unescaped control character in a string.
    ControlCharacter(char),
    /// A backslash in a string that starts no valid escape.
    InvalidEscape,
    /// A malformed number: `01`, `1.`.
    InvalidNumber,
    /// The text ends inside an object or array. The error's offset is that of this opening brace or bracket.
    Unclosed(char),
}

/// What the grammar expects at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A value.
    Value,
    /// The first key of an object, or its end.
    FirstKey,
    /// A key, after a comma.
    Key,
    /// A colon.
    Colon,
    /// A comma, or the end of an object (`}`) or array (`]`). The flag: the value before is a string.
    AfterValue(char, bool),
    /// The end of the text.
    End,
}

enum Container<'t> {
    Object(HashSet<Cow<'t, str>>),
    Array,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// The objects and arrays that are open, outermost first, each with its offset.
    open: Vec<(usize, Container<'t>)>,
    object: JsonObject,
}

/// Parses `text` as exactly one JSON object; white space around it is allowed.
///
/// # Errors
/// The first syntax error.
pub fn parse_object(text: &str) -> Result<JsonObject, SyntaxError> {
    Parser { text, at: 0, open: Vec::new(), object: JsonObject::default() }.document()
}

impl<'t> Parser<'t> {
    fn document(mut self) -> Result<JsonObject, SyntaxError> {
        self.space();
        let Some(first) = self.peek() else { return Err(self.error(SyntaxErrorKind::Empty)) };
        let start = self.at;
        self.values()?;
        self.space();
        if self.at < self.text.len() {
            return Err(self.error(SyntaxErrorKind::Unexpected(Expected::End)));
        }
        let kind = match first {
            b'{' => return Ok(self.object),
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' | b'n' => "a lone literal",
            _ => "a lone number",
        };
        Err(SyntaxError { at: start, kind: SyntaxErrorKind::NotAnObject(kind) })
    }

    /// Parses one value and everything nested in it.
    fn values(&mut self) -> Result<(), SyntaxError> {
        loop {
            // A value begins here.
            let is_string = self.peek() == Some(b'"');
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.object.last_end = if self.open.is_empty() { self.at } else { self.object.last_end };
                    let container = if open == b'{' { Container::Object(HashSet::new()) } else { Container::Array };
                    self.open.push((self.at - 1, container));
                    self.space();
                    match (open, self.peek()) {
                        (b'{', Some(b'}')) | (b'[', Some(b']')) => self.close(),
                        (b'{', _) => {
                            self.key(Expected::FirstKey)?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                _ => self.scalar()?,
            }
            // A value ended here: go on to the next one, or stop.
            if !self.next(is_string)? {
                return Ok(());
            }
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let (1, Some((_, Container::Object(keys)))) = (self.open.len(), self.open.pop()) {
            self.object.keys = keys.into_iter().map(Cow::into_owned).collect();
        }
    }

    /// After a value: closes the containers that end here and moves to the next value. False at the end of the document.
    fn next(&mut self, mut after_string: bool) -> Result<bool, SyntaxError> {
        loop {
            if self.open.len() == 1 {
                self.object.last_end = self.at;
            }
            let Some((start, container)) = self.open.last() else { return Ok(false) };
            let (start, end) = (*start, if matches!(container, Container::Object(_)) { '}' } else { ']' });
            self.space();
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    let space = self.space();
                    if self.peek() == Some(end as u8) {
                        return Err(SyntaxError { at: comma, kind: SyntaxErrorKind::TrailingComma(end) });
                    }
                    if end == '}' {
                        if self.open.len() == 1 {
                            self.object.space_before_key.get_or_insert(space);
                        }
                        self.key(Expected::Key)?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == end as u8 => self.close(),
                None => {
                    return Err(SyntaxError {
                        at: start,
                        kind: SyntaxErrorKind::Unclosed(if end == '}' { '{' } else { '[' }),
                    });
                }
                Some(_) => return Err(self.error(SyntaxErrorKind::Unexpected(Expected::AfterValue(end, after_string)))),
            }
            after_string = false;
        }
    }

    /// Parses a key, the colon and the white space before its value.
    fn key(&mut self, place: Expected) -> Result<(), SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.unclosed_or(SyntaxErrorKind::Unexpected(place)));
        }
        let start = self.at;
        let key = self.string()?;
        let key_end = self.at;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unclosed_or(SyntaxErrorKind::Unexpected(Expected::Colon)));
        }
        self.at += 1;
        self.space();
        let is_root = self.open.len() == 1;
        if let Some((_, Container::Object(keys))) = self.open.last_mut() {
            if is_root && keys.is_empty() {
                self.object.colon = Some(key_end..self.at);
            }
            self.object.key_ranges.push(start..key_end);
            if !keys.insert(key) {
                self.object.repeated_keys.push(start..key_end);
            }
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), SyntaxError> {
        let rest = &self.text[self.at..];
        match rest.as_bytes().first() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => match ["true", "false", "null"].iter().find(|literal| rest.starts_with(**literal)) {
                Some(literal) => {
                    self.at += literal.len();
                    Ok(())
                }
                None => Err(self.unclosed_or(SyntaxErrorKind::Unexpected(Expected::Value))),
            },
        }
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let wrong = Err(SyntaxError { at: start, kind: SyntaxErrorKind::InvalidNumber });
        self.at += usize::from(self.peek() == Some(b'-'));
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || leading_zero && whole > 1 {
            return wrong;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return wrong;
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return wrong;
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// Parses and decodes a string. Half a surrogate pair is decoded as U+FFFD.
    fn string(&mut self) -> Result<Cow<'t, str>, SyntaxError> {
        let text = self.text;
        let start = self.at;
        self.at += 1;
        let mut decoded: Option<String> = None;
        let mut done = self.at;
        loop {
            match self.peek() {
                None => return Err(SyntaxError { at: start, kind: SyntaxErrorKind::UnclosedString }),
                Some(b'"') => {
                    let tail = &text[done..self.at];
                    self.at += 1;
                    return Ok(match decoded {
                        None => Cow::Borrowed(tail),
                        Some(head) => Cow::Owned(head + tail),
                    });
                }
                Some(b'\\') => {
                    let head = decoded.get_or_insert_default();
                    head.push_str(&text[done..self.at]);
                    head.push(self.escape()?);
                    done = self.at;
                }
                Some(byte) if byte < 0x20 => {
                    return Err(self.error(SyntaxErrorKind::ControlCharacter(char::from(byte))));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, SyntaxError> {
        let start = self.at;
        let wrong = SyntaxError { at: start, kind: SyntaxErrorKind::InvalidEscape };
        self.at += 2;
        let letter = self.text.as_bytes().get(start + 1).copied();
        let first = match letter {
            Some(letter @ (b'"' | b'\\' | b'/')) => return Ok(char::from(letter)),
            Some(b'b') => return Ok('\u{8}'),
            Some(b'f') => return Ok('\u{c}'),
            Some(b'n') => return Ok('\n'),
            Some(b'r') => return Ok('\r'),
            Some(b't') => return Ok('\t'),
            Some(b'u') => self.hex().ok_or(wrong)?,
            _ => return Err(wrong),
        };
        if let Some(whole) = char::from_u32(first) {
            return Ok(whole);
        }
        // A high and a low surrogate make one character.
        let after = self.at;
        if first < 0xDC00 && self.text[after..].starts_with("\\u") {
            self.at += 2;
            if let Some(second @ 0xDC00..=0xDFFF) = self.hex() {
                let joined = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after;
        }
        self.object.lone_surrogate.get_or_insert(start);
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let value = digits.bytes().try_fold(0, |value, byte| Some(value * 16 + char::from(byte).to_digit(16)?))?;
        self.at += 4;
        Some(value)
    }

    fn space(&mut self) -> Range<usize> {
        let start = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        start..self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, kind: SyntaxErrorKind) -> SyntaxError {
        let is_mark = self.text[self.at..].starts_with('\u{feff}') && matches!(kind, SyntaxErrorKind::Unexpected(_));
        SyntaxError { at: self.at, kind: if is_mark { SyntaxErrorKind::ByteOrderMark } else { kind } }
    }

    /// An error here, or at the end of the text: the innermost object or array is not closed.
    fn unclosed_or(&self, kind: SyntaxErrorKind) -> SyntaxError {
        match self.open.last() {
            Some((at, container)) if self.at >= self.text.len() => SyntaxError {
                at: *at,
                kind: SyntaxErrorKind::Unclosed(if matches!(container, Container::Object(_)) { '{' } else { '[' }),
            },
            _ => self.error(kind),
        }
    }
}

#[cfg(test)]
mod tests;
