//! Shows a page on the terminal, through the pager that `PAGER` names when it is longer than the screen.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::output::Sink;

/// The pager for text of that many lines on a screen of `rows` lines, if one is named and needed.
pub(super) fn needed(lines: usize, rows: Option<usize>) -> Option<String> {
    choose(lines, rows, std::env::var("PAGER").ok())
}

fn choose(lines: usize, rows: Option<usize>, named: Option<String>) -> Option<String> {
    named.filter(|pager| !pager.trim().is_empty() && rows.is_some_and(|rows| lines >= rows))
}

/// Shows the text through the pager. Without one, or where it cannot be started, the text is printed.
pub(super) fn show(text: &str, pager: Option<&str>) -> anyhow::Result<()> {
    if pager.is_some_and(|pager| run(pager, text)) {
        return Ok(());
    }
    Sink::Stdout.raw(|out| out.write_all(text.as_bytes()))
}

/// Runs the pager with the text as its input. False if it cannot be started. As for other programs, `PAGER` is a command
/// of the shell.
fn run(pager: &str, text: &str) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours as they are, no pager for what fits, and the text stays on the screen.
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    // Who leaves the pager before the end closes the pipe.
    let _ = child.stdin.take().map(|mut input| input.write_all(text.as_bytes()));
    // The shell says 127 where there is no such program, and has said so itself.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_is_for_what_is_longer_than_the_screen() {
        let less = || Some("less".to_owned());
        assert_eq!(choose(24, Some(24), less()), less());
        assert_eq!(choose(23, Some(24), less()), None);
        assert_eq!(choose(24, Some(24), Some(" ".to_owned())), None);
        assert_eq!(choose(24, Some(24), None), None);
        assert_eq!(choose(24, None, less()), None);
    }

    #[test]
    fn a_pager_reads_the_text_and_one_that_is_not_there_is_no_pager() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("read");
        assert!(run(&format!("cat > {}", path.display()), "a page\n"));
        assert_eq!(std::fs::read_to_string(&path).expect("reads"), "a page\n");
        assert!(run("true", &"x\n".repeat(100_000)), "it may leave early");
        assert!(!run("no-such-pager-of-gatelight 2> /dev/null", "a page\n"));
    }
}
