//! Text for a terminal: wrapped, with grouped digits, and without control characters.

use gatelight_checks::verdict::Command;
pub(crate) use gatelight_model::text::{list, list_and_more};
use jiff::Timestamp;

/// The width of pages, in columns.
pub(crate) const WIDTH: usize = 80;

/// What stands for a space that no line ends at.
pub(crate) const NO_BREAK: char = '\u{a0}';

/// Wraps text into lines of at most `width` columns. A longer word, and a command in backticks, stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    // Names, ARNs and commands are not broken, so that they can be copied.
    let mut parts: Vec<_> = text.split('`').map(str::to_owned).collect();
    let last = parts.len() - 1;
    for command in parts[..last].iter_mut().skip(1).step_by(2) {
        *command = command.replace(' ', "\u{a0}");
    }
    let text = parts.join("`");
    let options = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options).into_iter().map(|line| line.replace(NO_BREAK, " ")).collect()
}

/// A command as one types it in a POSIX shell: names are hostile input, and this is the one place that quotes them.
fn quoted(argv: &[String]) -> String {
    // A name cannot hold a NUL, the only thing that a shell's quotes cannot hold.
    let clean: Vec<String> = argv.iter().map(|argument| argument.replace('\0', "")).collect();
    shlex::try_join(clean.iter().map(String::as_str)).unwrap_or_default()
}

/// Commands as one types them in a POSIX shell, one a line.
pub(crate) fn shell_lines(commands: &[Command]) -> Vec<String> {
    commands.iter().map(|argv| quoted(argv)).collect()
}

/// The same on one line; the first that fails ends it. None where there is no command.
pub(crate) fn shell_line(commands: &[Command]) -> Option<String> {
    (!commands.is_empty()).then(|| shell_lines(commands).join(" && "))
}

/// A time without its fraction of a second.
pub(crate) fn to_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A command on as many lines of `width` columns as it needs, so that it can be copied whole.
pub(crate) fn wrapped_command(argv: &[String], width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for argument in argv {
        let word = plain(&quoted(std::slice::from_ref(argument)));
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > width {
            line.push_str(" \\");
            lines.push(format!("  {word}"));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

/// What stands in the place of a character that is not shown.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// Whether a terminal, a log or Slack would do something else with a character than show it: control characters, line
/// separators, those that change the direction of writing, and those that have no width.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' |
            '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line, with a replacement for each character that is not shown: names are hostile input.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { REPLACEMENT } else { c }).collect()
}

/// An error and its causes on one line, each said once. Parsers and SQLite break lines and repeat themselves.
pub(crate) fn with_causes(problem: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in problem.chain() {
        // Its words are those of the error that it is the cause of, or less than these.
        if cause.is::<rusqlite::ffi::Error>() {
            continue;
        }
        let said = cause.to_string();
        let said = said.trim();
        if said.is_empty() || text.contains(said) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(said);
    }
    one_line(&text)
}

/// A text whose lines are joined by spaces, and otherwise as [`plain`] has it.
pub(crate) fn one_line(text: &str) -> String {
    plain(&text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" "))
}

/// `1,204 stages`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// `1204` → `1,204`.
pub(crate) fn thousands(n: u64) -> String {
    gatelight_model::text::thousands(n.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_is_one_command_over_several_lines() {
        let argv: Vec<String> = [
            "aws",
            "apigateway",
            "update-stage",
            "--region",
            "eu-west-1",
            "--rest-api-id",
            "a b",
            "--stage-name",
            "$(x)",
        ]
        .map(str::to_owned)
        .to_vec();
        let lines = wrapped_command(&argv, WIDTH - 14);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= WIDTH - 14), "{lines:#?}");
        let joined = lines.join("\n").replace(" \\\n", " ");
        assert_eq!(shlex::split(&joined), Some(argv));
    }

    #[test]
    fn several_commands_are_one_line_that_stops_at_the_first_failure() {
        let commands = [vec!["aws".to_owned(), "a b".to_owned()], vec!["aws".to_owned(), "&& x".to_owned()]];
        assert_eq!(shell_lines(&commands), ["aws 'a b'", "aws '&& x'"]);
        assert_eq!(shell_line(&commands).as_deref(), Some("aws 'a b' && aws '&& x'"));
        assert_eq!(shell_line(&commands[..1]).as_deref(), Some("aws 'a b'"));
        assert_eq!(shell_line(&[]), None);
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(plain("\u{202e}backwards"), "\u{fffd}backwards");
        for hostile in
            ['\u{7f}', '\u{9b}', '\u{85}', '\u{61c}', '\u{200b}', '\u{2028}', '\u{2066}', '\u{feff}', '\u{e0041}']
        {
            assert_eq!(plain(&format!("a{hostile}b")), "a\u{fffd}b", "{hostile:?}");
        }
        for harmless in ["é", "日本", "e\u{301}", "👩\u{200d}💻", "שלום", "·→…"] {
            assert_eq!(plain(harmless), harmless);
        }
    }

    #[test]
    fn causes_are_told_once_and_on_one_line() {
        let problem = anyhow::anyhow!("inner\n  word").context("outer: inner").context("outermost");
        assert_eq!(with_causes(&problem), "outermost: outer: inner: inner word");
        let twice = anyhow::anyhow!("no such file").context("a cannot be read: no such file").context("the ledger");
        assert_eq!(with_causes(&twice), "the ledger: a cannot be read: no such file");
        let missing = rusqlite::Connection::open("/nonexistent/x.db").expect_err("no such folder");
        let text = with_causes(&anyhow::Error::from(missing).context("the ledger"));
        assert_eq!(text, "the ledger: unable to open database file: /nonexistent/x.db");
    }
}
