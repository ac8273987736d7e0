//! What every JSON output passes through: it holds the data as it is, and nothing that steers a terminal.

use std::io::{self, Write};

use crate::text::is_unprintable;

/// Escapes characters that a terminal would not show (`\u009b`). JSON allows them inside strings alone, so the document
/// means the same as before. Characters below U+0020 are escaped already: JSON wants that.
#[derive(Debug)]
pub(crate) struct JsonWriter<W> {
    out: W,
    /// The beginning of a character whose end was not written yet.
    begun: Vec<u8>,
}

impl<W: Write> JsonWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, begun: Vec::new() }
    }

    fn escape(&mut self, text: &str) -> io::Result<()> {
        let mut start = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| *c >= '\u{7f}' && is_unprintable(*c)) {
            self.out.write_all(&text.as_bytes()[start..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(self.out, "\\u{unit:04x}")?;
            }
            start = at + c.len_utf8();
        }
        self.out.write_all(&text.as_bytes()[start..])
    }
}

impl<W: Write> Write for JsonWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() && bytes.iter().all(|byte| *byte < 0x7f) {
            self.out.write_all(bytes)?;
            return Ok(bytes.len());
        }
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        match std::str::from_utf8(&all) {
            Ok(text) => self.escape(text)?,
            Err(error) if error.error_len().is_none() => {
                let (whole, begun) = all.split_at(error.valid_up_to());
                self.begun = begun.to_vec();
                self.escape(&String::from_utf8_lossy(whole))?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_the_same_and_a_terminal_is_safe() {
        let name = "a\u{1b}[2J\u{9b}31m\u{7f}\u{202e}b\u{e0041}c é 😀 日本\n";
        let mut whole = Vec::new();
        let json = serde_json::to_vec_pretty(&[name]).expect("serialises");
        JsonWriter::new(&mut whole).write_all(&json).expect("writes");
        let text = String::from_utf8(whole.clone()).expect("text");
        assert!(!text.replace('\n', "").contains(is_unprintable), "{text:?}");
        assert!(text.contains("é 😀 日本") && text.contains("\\u009b31m\\u007f\\u202eb\\udb40\\udc41c"), "{text}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).expect("reads"), [name]);
        // In whatever pieces it comes.
        let mut pieces = Vec::new();
        let mut out = JsonWriter::new(&mut pieces);
        for byte in &json {
            out.write_all(&[*byte]).expect("writes");
        }
        assert_eq!(pieces, whole);
    }
}
