//! What strangers chose, in every place where it can stand: nothing of it steers the terminal or forges a line, and the data
//! in JSON is what it was.

mod answers;
mod arguments;
mod files;
mod machine;

use std::borrow::Cow;

use crate::support::run::Ran;

/// A line of its own, colours, a title, C1, a change of direction, line separators, and what goes back.
pub(crate) const PAYLOAD: &str =
    "\n\u{1b}[31mFORGED\u{1b}[0m \u{1b}]0;t\u{7}\u{9b}2J\u{202e}x\u{2028}y\u{85}z\r\u{8}\u{7f}";

/// Whether a terminal would do something else with it than show it.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The output without the program's own colours.
fn without_colors(text: &str) -> Cow<'_, str> {
    let own = ["0", "1", "2", "31", "32", "33", "36"];
    own.iter().fold(Cow::Borrowed(text), |text, code| Cow::Owned(text.replace(&format!("\u{1b}[{code}m"), "")))
}

/// What is wrong with what was printed.
fn complaints(ran: &Ran) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        if text.contains("\u{1b}[31mFORGED") {
            found.push(format!("{name} has the colour of a name"));
        }
        let clean = without_colors(text);
        if let Some(line) = clean.lines().find(|line| line.contains(steers)) {
            found.push(format!("{name} steers: {line:?}"));
        }
        if let Some(line) = clean.lines().find(|line| line.trim_start().starts_with("FORGED")) {
            found.push(format!("{name} has a forged line: {line:?}"));
        }
    }
    if !matches!(ran.status, Some(0..=3)) {
        found.push(format!("status {:?}", ran.status));
    }
    if ran.status == Some(2) && ran.stderr.is_empty() {
        found.push("it refused without a word".to_owned());
    }
    found
}
