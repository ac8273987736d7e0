//! Text for a terminal: wrapped, with grouped digits, and without control characters.

use gatelight_checks::verdict::Command;
pub(crate) use gatelight_model::text::{list, list_and_more};
use jiff::Timestamp;

/// The width of pages, in columns.
pub(crate) const WIDTH: usize = 80;

/// Wraps text into lines of at most `width` columns. A longer word stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    // Names and ARNs are not broken, so that they can be copied.
    let options = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
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

/// A command on as many lines as it needs, so that it can be copied whole.
pub(crate) fn wrapped_command(argv: &[String]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for argument in argv {
        let word = plain(&quoted(std::slice::from_ref(argument)));
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > WIDTH - 14 {
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

/// Replaces control characters and those that change the direction of writing: names are hostile input.
pub(crate) fn plain(text: &str) -> String {
    let is_control = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_control(c) { '\u{fffd}' } else { c }).collect()
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
        let lines = wrapped_command(&argv);
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
    }
}
