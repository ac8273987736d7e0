//! A page for people: every text output passes through it, so that no name can steer the terminal or forge a line.
//!
//! Names, messages of AWS and lines of logs are hostile input. A page keeps of them what can be seen, whatever the code that
//! writes them does or forgets.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use crate::text::{REPLACEMENT, is_unprintable};

const ESCAPE: char = '\u{1b}';

/// A page in memory, written line by line.
///
/// One `write!` or `writeln!` makes at most one line: line breaks lead it or end it, and one inside it came with a name and
/// is replaced. Of escape sequences only colours, bold, dim and links to https pages stay, and only on a coloured page.
#[derive(Debug)]
pub(crate) struct TerminalPage {
    text: String,
    colored: bool,
}

impl TerminalPage {
    /// An empty page.
    pub(crate) fn new(colored: bool) -> Self {
        Self { text: String::new(), colored }
    }

    /// What was written.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, text: &str, keeps_lines: bool) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == ESCAPE
                && let Some(length) = style(rest).or_else(|| link(rest))
            {
                if self.colored {
                    self.text.push_str(&rest[..length]);
                }
                rest = &rest[length..];
                continue;
            }
            let shown = if is_unprintable(c) && !(c == '\n' && keeps_lines) { REPLACEMENT } else { c };
            self.text.push(shown);
            rest = &rest[c.len_utf8()..];
        }
    }
}

impl Write for TerminalPage {
    /// For text that is made of lines and holds no names, such as a page of `explain`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(&String::from_utf8_lossy(bytes), true);
        Ok(bytes.len())
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> io::Result<()> {
        let mut text = String::new();
        text.write_fmt(arguments).map_err(io::Error::other)?;
        let line = text.trim_matches('\n');
        let before = text.len() - text.trim_start_matches('\n').len();
        self.text.extend(std::iter::repeat_n('\n', before));
        self.push(line, false);
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n('\n', text.len() - before - line.len()));
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The length of the colour or style that a text begins with. Those that hide text are none.
fn style(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let is_harmless =
        |code: &str| matches!(code.parse::<u8>(), Ok(0..=4 | 22..=24 | 31..=37 | 39 | 91..=97)) || code.is_empty();
    (codes[end..].starts_with('m') && codes[..end].split(';').all(is_harmless)).then(|| "\u{1b}[".len() + end + 1)
}

/// The length of the beginning or the end of a link (OSC 8) that a text begins with.
fn link(text: &str) -> Option<usize> {
    const START: &str = "\u{1b}]8;;";
    const END: &str = "\u{1b}\\";
    let rest = text.strip_prefix(START)?;
    let address = &rest[..rest.find(ESCAPE)?];
    let is_link = address.is_empty() || address.starts_with("https://");
    let is_whole = rest[address.len()..].starts_with(END) && address.bytes().all(|byte| byte.is_ascii_graphic());
    (is_link && is_whole).then(|| START.len() + address.len() + END.len())
}

#[cfg(test)]
mod tests {
    use anstyle::{AnsiColor, Style};

    use super::*;

    fn page(colored: bool, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut page = TerminalPage::new(colored);
        write(&mut page).expect("writes");
        page.into_text()
    }

    #[test]
    fn a_name_makes_no_line_of_its_own() {
        let name = "orders\nHIGH    forged\r\n";
        assert_eq!(
            page(false, |out| writeln!(out, "{name} is off")),
            "orders\u{fffd}HIGH    forged\u{fffd}\u{fffd} is off\n"
        );
        assert_eq!(
            page(false, |out| writeln!(out, "\n{name}:", name = name.trim())),
            "\norders\u{fffd}HIGH    forged:\n"
        );
        assert_eq!(page(false, |out| writeln!(out)), "\n");
        assert_eq!(page(false, |out| write!(out, "a\n\n")), "a\n\n");
        assert_eq!(page(false, |out| out.write_all(b"a\nb\n")), "a\nb\n", "a text of lines");
    }

    #[test]
    fn styles_stay_and_nothing_else_does() {
        const BOLD: Style = Style::new().bold();
        let red = AnsiColor::Red.on_default().bold();
        let styled = |colored| page(colored, |out| writeln!(out, "{BOLD}a{BOLD:#} {red}b{red:#}"));
        assert_eq!(styled(true), format!("{BOLD}a{BOLD:#} {red}b{red:#}\n"));
        assert_eq!(styled(false), "a b\n");
        let link = "\u{1b}]8;;https://docs.example/x\u{1b}\\x\u{1b}]8;;\u{1b}\\";
        assert_eq!(page(true, |out| write!(out, "{link}")), link);
        assert_eq!(page(false, |out| write!(out, "{link}")), "x");
    }

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        for hostile in [
            "\u{1b}[2J",
            "\u{1b}[8m",
            "\u{1b}[7;31m",
            "\u{1b}[40m",
            "\u{1b}[1",
            "\u{1b}[1;9999m",
            "\u{1b}]0;title\u{7}",
            "\u{1b}]8;;javascript:x\u{1b}\\",
            "\u{1b}]8;;https://x\u{7}",
            "\u{1b}c",
            "\u{9b}2J",
            "\u{202e}x",
            "\u{2028}x",
            "\u{7f}",
            "\u{8}",
            "\u{e0041}",
        ] {
            for colored in [true, false] {
                let shown = page(colored, |out| writeln!(out, "a{hostile}b"));
                assert!(!shown.trim_end_matches('\n').contains(is_unprintable), "{hostile:?}: {shown:?}");
            }
        }
    }
}
