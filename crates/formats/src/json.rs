//! A reader of RFC 8259 that says where and why a text is not one JSON object. It accepts what the RFC's grammar
//! accepts, however deep and however big the numbers, in linear time and without recursion.

use std::{borrow::Cow, collections::HashSet, ops::Range};

/// A JSON object, as far as a template's checks and its mending need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// The keys of the outermost object, decoded.
    pub keys: HashSet<String>,
    /// Where keys stand, at any depth, with their quotes.
    pub key_places: Vec<Range<usize>>,
    /// Where keys stand that their object already has, with their quotes.
    pub repeated: Vec<Range<usize>>,
    /// The first escape that is half of a surrogate pair: the grammar allows it, many readers do not.
    pub lone_surrogate: Option<usize>,
    /// Where the last value of the outermost object ends; for an empty one, after its opening brace.
    pub last_end: usize,
    /// The white space before the second key of the outermost object.
    pub before_key: Option<Range<usize>>,
    /// The colon after the first key of the outermost object, with the white space around it.
    pub colon: Option<Range<usize>>,
}

/// Where a text stops being one JSON object, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte of the text.
    pub at: usize,
    /// Why.
    pub why: Why,
}

/// Why a text is not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing but white space.
    Empty,
    /// JSON, but not an object; what it is.
    NotAnObject(&'static str),
    /// A byte-order mark.
    ByteOrderMark,
    /// Other text where a token should begin.
    Unexpected(Place),
    /// A comma before a closing brace or bracket; where the comma stands.
    TrailingComma(char),
    /// The text ends inside a string, which begins here.
    OpenString,
    /// A string holds a control character that is not escaped.
    ControlCharacter(char),
    /// A string holds a backslash that begins no escape of JSON.
    Escape,
    /// A number that JSON does not know: `01`, `1.`, `+1`.
    Number,
    /// The text ends inside an object or array, which begins here.
    Open(char),
}

/// What the grammar asks for at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value.
    Value,
    /// The first key of an object, or its end.
    FirstKey,
    /// A key, after a comma.
    Key,
    /// A colon.
    Colon,
    /// A comma or the end of an object (`}`) or array (`]`); whether a string stands before.
    AfterValue(char, bool),
    /// The end of the text.
    End,
}

enum Frame<'t> {
    Object(HashSet<Cow<'t, str>>),
    Array,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    frames: Vec<(usize, Frame<'t>)>,
    object: Object,
}

/// Reads `text` as exactly one JSON object, with white space around it allowed.
///
/// # Errors
/// The first place where it is not.
pub fn object(text: &str) -> Result<Object, Fault> {
    Reader { text, at: 0, frames: Vec::new(), object: Object::default() }.document()
}

impl<'t> Reader<'t> {
    fn document(mut self) -> Result<Object, Fault> {
        self.space();
        let Some(first) = self.peek() else { return Err(self.fault(Why::Empty)) };
        let start = self.at;
        self.values()?;
        self.space();
        if self.at < self.text.len() {
            return Err(self.fault(Why::Unexpected(Place::End)));
        }
        let why = match first {
            b'{' => return Ok(self.object),
            b'[' => "an array",
            b'"' => "a string",
            b't' | b'f' | b'n' => "a lone literal",
            _ => "a lone number",
        };
        Err(Fault { at: start, why: Why::NotAnObject(why) })
    }

    /// Reads one value and all that is nested in it.
    fn values(&mut self) -> Result<(), Fault> {
        loop {
            // A value begins here.
            let is_string = self.peek() == Some(b'"');
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    self.at += 1;
                    self.object.last_end = if self.frames.is_empty() { self.at } else { self.object.last_end };
                    let frame = if open == b'{' { Frame::Object(HashSet::new()) } else { Frame::Array };
                    self.frames.push((self.at - 1, frame));
                    self.space();
                    match (open, self.peek()) {
                        (b'{', Some(b'}')) | (b'[', Some(b']')) => self.close(),
                        (b'{', _) => {
                            self.key(Place::FirstKey)?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                _ => self.scalar()?,
            }
            // A value ended here: on to the next one, or out.
            if !self.next(is_string)? {
                return Ok(());
            }
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let (1, Some((_, Frame::Object(keys)))) = (self.frames.len(), self.frames.pop()) {
            self.object.keys = keys.into_iter().map(Cow::into_owned).collect();
        }
    }

    /// After a value: closes what ends, and goes to where the next value begins. False at the end of the document.
    fn next(&mut self, mut after_string: bool) -> Result<bool, Fault> {
        loop {
            if self.frames.len() == 1 {
                self.object.last_end = self.at;
            }
            let Some((start, frame)) = self.frames.last() else { return Ok(false) };
            let (start, end) = (*start, if matches!(frame, Frame::Object(_)) { '}' } else { ']' });
            self.space();
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    let space = self.space();
                    if self.peek() == Some(end as u8) {
                        return Err(Fault { at: comma, why: Why::TrailingComma(end) });
                    }
                    if end == '}' {
                        if self.frames.len() == 1 {
                            self.object.before_key.get_or_insert(space);
                        }
                        self.key(Place::Key)?;
                    }
                    return Ok(true);
                }
                Some(byte) if byte == end as u8 => self.close(),
                None => return Err(Fault { at: start, why: Why::Open(if end == '}' { '{' } else { '[' }) }),
                Some(_) => return Err(self.fault(Why::Unexpected(Place::AfterValue(end, after_string)))),
            }
            after_string = false;
        }
    }

    /// A key, the colon and the white space before its value.
    fn key(&mut self, place: Place) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.ended_or(Why::Unexpected(place)));
        }
        let start = self.at;
        let key = self.string()?;
        let key_end = self.at;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.ended_or(Why::Unexpected(Place::Colon)));
        }
        self.at += 1;
        self.space();
        let is_root = self.frames.len() == 1;
        if let Some((_, Frame::Object(keys))) = self.frames.last_mut() {
            if is_root && keys.is_empty() {
                self.object.colon = Some(key_end..self.at);
            }
            self.object.key_places.push(start..key_end);
            if !keys.insert(key) {
                self.object.repeated.push(start..key_end);
            }
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        match rest.as_bytes().first() {
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => match ["true", "false", "null"].iter().find(|literal| rest.starts_with(**literal)) {
                Some(literal) => {
                    self.at += literal.len();
                    Ok(())
                }
                None => Err(self.ended_or(Why::Unexpected(Place::Value))),
            },
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let wrong = Err(Fault { at: start, why: Why::Number });
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

    /// A string, decoded; half a surrogate pair is decoded as U+FFFD.
    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        let text = self.text;
        let start = self.at;
        self.at += 1;
        let mut decoded: Option<String> = None;
        let mut done = self.at;
        loop {
            match self.peek() {
                None => return Err(Fault { at: start, why: Why::OpenString }),
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
                Some(byte) if byte < 0x20 => return Err(self.fault(Why::ControlCharacter(char::from(byte)))),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let wrong = Fault { at: start, why: Why::Escape };
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
        // A high half and a low half make one character.
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

    fn fault(&self, why: Why) -> Fault {
        let is_mark = self.text[self.at..].starts_with('\u{feff}') && matches!(why, Why::Unexpected(_));
        Fault { at: self.at, why: if is_mark { Why::ByteOrderMark } else { why } }
    }

    /// A fault here, or, at the end of the text, that the innermost object or array is not closed.
    fn ended_or(&self, why: Why) -> Fault {
        match self.frames.last() {
            Some((at, frame)) if self.at >= self.text.len() => {
                Fault { at: *at, why: Why::Open(if matches!(frame, Frame::Object(_)) { '{' } else { '[' }) }
            }
            _ => self.fault(why),
        }
    }
}

#[cfg(test)]
mod tests;
