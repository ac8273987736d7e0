//! `gatelight format`: lints an access-log format before it is deployed, and prints one that passes.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use anyhow::{Context as _, bail};
use gatelight_checks::access_log::lint::{self, Finding, FindingVerdict, Lint, Note};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::{
    cli::{FindingsFormat, FormatCheckArgs, Protocol},
    deliver::Sink,
};

/// More than this is no format: the largest that AWS is known to take is 3 KB.
const LIMIT: u64 = 1 << 20;

#[derive(Serialize)]
struct Document<'a> {
    findings: Vec<FindingEntry<'a>>,
    notes: Vec<NoteEntry<'a>>,
    mended: Option<&'a str>,
    /// Whether `mended` is the given format, mended, or another one that passes.
    mended_keeps_format: bool,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    check: &'a str,
    verdict: &'static str,
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct NoteEntry<'a> {
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
}

/// Prints what there is to say about a format; 0 if nothing is to be changed, else 1.
///
/// # Errors
/// If the format cannot be read, or is empty.
pub(crate) fn check(arguments: &FormatCheckArgs) -> anyhow::Result<u8> {
    let text = read(&arguments.file)?;
    let lint = lint::lint(arguments.protocol.into(), &text);
    let fails = lint.findings.iter().any(|finding| finding.verdict == FindingVerdict::Fail);
    Sink::Stdout.deliver(|out| match arguments.format {
        FindingsFormat::Json => json(&lint, out),
        FindingsFormat::Text => findings(&lint, &text, out),
    })?;
    Ok(u8::from(fails))
}

/// Prints a format that passes every check, on one line.
pub(crate) fn print(protocol: Protocol, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", lint::recommended(protocol.into()))?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let problem = || format!("the format in {name} cannot be read");
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(LIMIT + 1).read_to_end(&mut bytes).with_context(problem)?;
    } else {
        File::open(path).with_context(problem)?.take(LIMIT + 1).read_to_end(&mut bytes).with_context(problem)?;
    }
    if bytes.len() as u64 > LIMIT {
        bail!("{name} is larger than a megabyte: that is no access-log format");
    }
    let mut text = String::from_utf8(bytes).ok().with_context(|| format!("{name} is not text in UTF-8"))?;
    // An editor's newline at the end of a file is not part of the format.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        bail!("{name} is empty: there is no format to check");
    }
    Ok(text)
}

fn json(lint: &Lint, out: &mut dyn Write) -> io::Result<()> {
    let finding = |finding: &'_ Finding| -> (&'static str, &'static str) { (finding.check, finding.verdict.name()) };
    let document = Document {
        findings: lint
            .findings
            .iter()
            .map(|one| {
                let (check, verdict) = finding(one);
                FindingEntry {
                    check,
                    verdict,
                    message: &one.message,
                    line: one.line,
                    column: one.column,
                    notes: &one.notes,
                }
            })
            .collect(),
        notes: lint
            .notes
            .iter()
            .map(|note| NoteEntry { message: &note.message, line: note.line, column: note.column })
            .collect(),
        mended: lint.mended.as_deref(),
        mended_keeps_format: lint.keeps_format,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn findings(lint: &Lint, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for finding in &lint.findings {
        writeln!(out, "{:<5} {}: {}", finding.verdict.name(), finding.check, finding.message)?;
        caret(text, finding.line, finding.column, out)?;
        for note in &finding.notes {
            writeln!(out, "      note: {note}")?;
        }
    }
    for Note { message, line, column } in &lint.notes {
        writeln!(out, "note  {message}")?;
        caret(text, *line, *column, out)?;
    }
    if let Some(mended) = &lint.mended {
        let what = if lint.keeps_format {
            "The same, mended:"
        } else {
            "It cannot be mended piece by piece. One that passes:"
        };
        writeln!(out, "\n{what}\n{mended}")?;
    }
    Ok(())
}

/// The place in the format, with a caret below it: as much of its line as a terminal shows.
fn caret(text: &str, line: Option<usize>, column: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    const BEFORE: usize = 40;
    const SHOWN: usize = 68;
    let (Some(line), Some(column)) = (line, column) else { return Ok(()) };
    let Some(content) = text.split('\n').nth(line.saturating_sub(1)) else { return Ok(()) };
    let start = column.saturating_sub(1).saturating_sub(BEFORE);
    let shown: String = content.chars().skip(start).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let before: String = shown.chars().take(column - 1 - start).collect();
    let (lead, indent) = if start > 0 { ("…", 1) } else { ("", 0) };
    let tail = if content.chars().count() > start + SHOWN { "…" } else { "" };
    writeln!(out, "      {lead}{shown}{tail}")?;
    let place = if text.contains('\n') { format!("line {line}, column {column}") } else { format!("column {column}") };
    writeln!(out, "      {:width$}^ {place}", "", width = indent + before.width())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carets(text: &str, line: usize, column: usize) -> String {
        let mut out = Vec::new();
        caret(text, Some(line), Some(column), &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_caret_stands_below_its_place_in_wide_text_too() {
        assert_eq!(carets("abc", 1, 3), "      abc\n        ^ column 3\n");
        assert_eq!(carets("日本c", 1, 3), "      日本c\n          ^ column 3\n");
        assert_eq!(carets("a\nbc", 2, 2), "      bc\n       ^ line 2, column 2\n");
        let long = "x".repeat(200);
        let shown = carets(&long, 1, 150);
        let mut lines = shown.lines();
        let (text, mark) = (lines.next().expect("text"), lines.next().expect("mark"));
        assert!(text.starts_with("      …x") && text.ends_with('…'));
        assert_eq!(mark.find('^'), Some(6 + 1 + 40));
    }
}
