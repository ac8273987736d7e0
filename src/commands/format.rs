//! `gatelight format`: lints an access-log format before it is deployed, and prints one that passes.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use anyhow::{Context as _, bail};
use gatelight_checks::access_log::{
    format_rule::{join_names, protocol_name},
    lint::{self, Lint, LintFinding, LintNote, LintVerdict, Refused},
};
use gatelight_formats::{Template, protocol, recommended::recommended, variables::apis};
use gatelight_model::{Severity, inventory};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::{
    cli::{FindingsFormat, FormatCheckArgs, ProtocolArg},
    config::FailOn,
    output::Sink,
};

/// The largest input in bytes. AWS is known to take formats of up to 3 KB.
const LIMIT: u64 = 1 << 20;

/// The findings in JSON. Where several kinds of API are possible, each row names its own, and so does each fixed format.
#[derive(Serialize)]
struct FindingsDocument<'a> {
    protocols: Vec<&'static str>,
    /// Whether the kinds of API were guessed from the variables.
    guessed: bool,
    findings: Vec<FindingEntry<'a>>,
    refused: Vec<RefusedEntry<'a>>,
    notes: Vec<NoteEntry<'a>>,
    /// Where several kinds of API are possible: the format for the first that needs a change.
    #[serde(rename = "mended")]
    fixed: Option<&'a str>,
    /// Whether `fixed` is the given format with its problems fixed; else it is another one that passes.
    #[serde(rename = "mended_keeps_format")]
    keeps_format: bool,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    protocol: &'static str,
    check: &'a str,
    severity: Severity,
    verdict: &'static str,
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct RefusedEntry<'a> {
    protocol: &'static str,
    reason: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    source: &'static str,
}

#[derive(Serialize)]
struct NoteEntry<'a> {
    protocol: &'static str,
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
}

/// Prints the findings on a format. Returns the exit status: 1 if a finding is at or above `--fail-on` or AWS refuses the
/// format on one of the kinds of API, else 0.
///
/// # Errors
/// If the format cannot be read, or is empty.
pub(crate) fn check(arguments: &FormatCheckArgs) -> anyhow::Result<u8> {
    let text = read(&arguments.file)?;
    let protocols = match arguments.protocol {
        Some(protocol) => vec![protocol.into()],
        None => protocol::guess(&Template::parse(&text)),
    };
    let guessed = arguments.protocol.is_none();
    let lints: Vec<_> = protocols.into_iter().map(|protocol| (protocol, lint::lint(protocol, &text))).collect();
    let threshold = arguments.fail_on.unwrap_or(FailOn::Low).threshold();
    let fails = lints.iter().any(|(_, lint)| !lint.refused.is_empty() || has_finding(lint, threshold));
    match arguments.format {
        FindingsFormat::Json => Sink::Stdout.json(|out| json(&lints, guessed, out)),
        FindingsFormat::Text => {
            Sink::Stdout.page(false, |page| all_findings(&lints, guessed, arguments.verbose, &text, page))
        }
    }?;
    Ok(u8::from(fails))
}

/// Whether a check of at least that severity fails.
fn has_finding(lint: &Lint, threshold: Option<Severity>) -> bool {
    let counts = |finding: &LintFinding| threshold.is_some_and(|least| finding.severity >= least);
    lint.findings.iter().any(|finding| finding.verdict == LintVerdict::Fail && counts(finding))
}

/// Prints a format that passes every check, on one line.
pub(crate) fn print(protocol: ProtocolArg, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", recommended(protocol.into()))?;
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
        bail!("{name} is larger than a megabyte and not an access-log format");
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

fn json(lints: &[(inventory::Protocol, Lint)], guessed: bool, out: &mut dyn Write) -> io::Result<()> {
    let (mut findings, mut refused, mut notes) = (vec![], vec![], vec![]);
    for (protocol, lint) in lints {
        let protocol = protocol_name(*protocol);
        for LintFinding { check, severity, verdict, message, line, column, notes } in &lint.findings {
            let (severity, verdict, line, column) = (*severity, verdict.name(), *line, *column);
            findings.push(FindingEntry { protocol, check, severity, verdict, message, line, column, notes });
        }
        for Refused { reason, line, column, source } in &lint.refused {
            refused.push(RefusedEntry { protocol, reason, line: *line, column: *column, source });
        }
        for LintNote { message, line, column } in lint.notes.iter().chain(&lint.caution) {
            notes.push(NoteEntry { protocol, message, line: *line, column: *column });
        }
    }
    let fixed = lints.iter().find_map(|(_, lint)| Some((lint.fixed.as_deref()?, lint.keeps_format)));
    let document = FindingsDocument {
        protocols: lints.iter().map(|(protocol, _)| protocol_name(*protocol)).collect(),
        guessed,
        findings,
        refused,
        notes,
        fixed: fixed.map(|(fixed, _)| fixed),
        keeps_format: fixed.is_some_and(|(_, keeps_format)| keeps_format),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// The findings for each kind of API, and which kinds they are if they were guessed.
fn all_findings(
    lints: &[(inventory::Protocol, Lint)],
    guessed: bool,
    verbose: bool,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    if guessed {
        let names: Vec<_> = lints.iter().map(|(protocol, _)| apis(*protocol)).collect();
        writeln!(out, "Checked for {}, based on the variables; set --protocol to be certain.\n", join_names(&names))?;
    }
    for (index, (protocol, lint)) in lints.iter().enumerate() {
        if lints.len() > 1 {
            let gap = if index > 0 { "\n" } else { "" };
            writeln!(out, "{gap}{}:", apis(*protocol))?;
        }
        findings(lint, text, out)?;
    }
    // What clients and backends write is the same on every kind of API.
    let caution = lints.iter().find_map(|(_, lint)| lint.caution.as_ref()).filter(|_| verbose);
    notes(caution.map_or(&[], std::slice::from_ref), text, out)
}

fn findings(lint: &Lint, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for finding in &lint.findings {
        let verdict = match finding.verdict {
            LintVerdict::NotApplicable => "n/a",
            verdict => verdict.name(),
        };
        let severity = match finding.verdict {
            LintVerdict::Fail => format!(" ({})", finding.severity.name()),
            _ => String::new(),
        };
        writeln!(out, "{verdict:<5} {}: {}{severity}", finding.check, visible(&finding.message))?;
        caret(text, finding.line, finding.column, out)?;
        for note in &finding.notes {
            writeln!(out, "      note: {}", visible(note))?;
        }
    }
    for Refused { reason, line, column, source } in &lint.refused {
        writeln!(out, "fail  {}", visible(reason))?;
        caret(text, *line, *column, out)?;
        writeln!(out, "      see {source}")?;
    }
    notes(&lint.notes, text, out)?;
    if let Some(fixed) = &lint.fixed {
        let what = if lint.keeps_format {
            "Fixed format, with the same fields:"
        } else {
            "The format cannot be fixed. This one passes:"
        };
        writeln!(out, "\n{what}")?;
        writeln!(out, "{fixed}")?;
    }
    Ok(())
}

fn notes(notes: &[LintNote], text: &str, out: &mut dyn Write) -> io::Result<()> {
    for LintNote { message, line, column } in notes {
        writeln!(out, "note  {}", visible(message))?;
        caret(text, *line, *column, out)?;
    }
    Ok(())
}

/// The text with a replacement character for each one that a terminal does not show as it is: control characters, those
/// without width, and those that change the direction of text. A caret then points at something visible.
fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        _ if c.is_control() => '\u{fffd}',
        _ => c,
    };
    text.chars().map(shown).collect()
}

/// The line of the format around a position, cut to the width of a terminal, with a caret below the position.
fn caret(text: &str, line: Option<usize>, column: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    const BEFORE: usize = 40;
    const SHOWN: usize = 68;
    let (Some(line), Some(column)) = (line, column) else { return Ok(()) };
    let Some(content) = text.split('\n').nth(line.saturating_sub(1)) else { return Ok(()) };
    let start = column.saturating_sub(1).saturating_sub(BEFORE);
    let shown = visible(&content.chars().skip(start).take(SHOWN).collect::<String>());
    let before: String = shown.chars().take(column - 1 - start).collect();
    let (lead, indent) = if start > 0 { ("…", 1) } else { ("", 0) };
    let tail = if content.chars().count() > start + SHOWN { "…" } else { "" };
    writeln!(out, "      {lead}{shown}{tail}")?;
    let place = if text.contains('\n') { format!("line {line}, column {column}") } else { format!("column {column}") };
    writeln!(out, "      {:width$}^ {place}", "", width = indent + before.width())
}

#[cfg(test)]
mod tests {
    use gatelight_model::inventory::Protocol::{self, Http, Rest, Websocket};

    use super::*;

    fn carets(text: &str, line: usize, column: usize) -> String {
        let mut out = Vec::new();
        caret(text, Some(line), Some(column), &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    fn text(protocol: gatelight_model::inventory::Protocol, format: &str) -> String {
        let mut out = Vec::new();
        findings(&lint::lint(protocol, format), format, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_caret_stands_below_its_place_in_wide_text_too() {
        assert_eq!(carets("abc", 1, 3), "      abc\n        ^ column 3\n");
        assert_eq!(carets("日本c", 1, 3), "      日本c\n          ^ column 3\n");
        assert_eq!(carets("e\u{301}c", 1, 3), "      e\u{301}c\n       ^ column 3\n");
        assert_eq!(carets("😀c", 1, 2), "      😀c\n        ^ column 2\n");
        assert_eq!(carets("a\nbc", 2, 2), "      bc\n       ^ line 2, column 2\n");
        // What has no width, or would move what follows, has a mark in its place.
        assert_eq!(carets("\u{feff}{}", 1, 1), "      \u{fffd}{}\n      ^ column 1\n");
        assert_eq!(carets("a\u{202e}\u{1b}\tc\r", 1, 5), "      a\u{fffd}\u{fffd} c\u{fffd}\n          ^ column 5\n");
        // After the end of the line.
        assert_eq!(carets("ab", 1, 3), "      ab\n        ^ column 3\n");
        let long = "x".repeat(200);
        let shown = carets(&long, 1, 150);
        let mut lines = shown.lines();
        let (text, mark) = (lines.next().expect("text"), lines.next().expect("mark"));
        assert!(text.starts_with("      …x") && text.ends_with('…'));
        assert_eq!(mark.find('^'), Some(6 + 1 + 40));
        assert_eq!(mark, format!("{}^ column 150", " ".repeat(47)));
    }

    #[test]
    fn a_place_that_is_nowhere_has_no_caret() {
        let mut out = Vec::new();
        for (line, column) in [(None, None), (Some(1), None), (None, Some(1)), (Some(3), Some(1))] {
            caret("a\nb", line, column, &mut out).expect("writes");
        }
        assert_eq!(out, b"");
    }

    #[test]
    fn each_finding_stands_with_its_place_and_its_notes() {
        let shown = text(Rest, "{\"a\":\"${context.requestId}\",\"b\":$context.integration.latency}");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[0], "pass  access-log-not-json: The format is one JSON object.");
        assert!(lines[1].starts_with("      note: `${context.requestId}` at column 7 is treated as"), "{shown}");
        assert!(lines[2].starts_with("fail  access-log-breaks-json: The access log breaks: when integration.latency"));
        assert_eq!(lines[3], "      {\"a\":\"${context.requestId}\",\"b\":$context.integration.latency}");
        assert_eq!(lines[4], format!("{}^ column 33", " ".repeat(6 + 32)));
        assert_eq!(lines[lines.len() - 2], "Fixed format, with the same fields:");
        assert!(
            lines[lines.len() - 1]
                .starts_with("{\"a\":\"${context.requestId}\",\"b\":\"$context.integration.latency\",")
        );

        let shown = text(Rest, "$context.requestId\u{202e}");
        assert!(shown.contains("\nn/a   access-log-breaks-json: The access log is not JSON.\n"), "{shown}");
        assert!(shown.contains("\nFixed format, with the same fields:\n{"), "{shown}");
        assert!(!shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn what_aws_refuses_fails_with_its_place_and_source() {
        let format = "{\"a\":\"$context.brandNew\",\n\"b\":\"$context.requestId\"}";
        let shown = text(Http, format);
        assert!(shown.contains("\nfail  AWS rejects the format: it has a line break inside.\n"), "{shown}");
        let name = "\nfail  AWS rejects the format: HTTP APIs have no variable `$context.brandNew`.\n      \
            {\"a\":\"$context.brandNew\",\n            ^ line 1, column 7\n      see https://";
        assert!(shown.contains(name), "{shown}");
        for protocol in [Rest, Websocket] {
            let shown = text(protocol, format);
            assert!(shown.contains("it has a line break inside") && !shown.contains("have no variable"), "{shown}");
        }
    }

    #[test]
    fn findings_count_from_the_threshold_on() {
        let lint = lint::lint(Rest, &recommended(Rest).replace("identity.sourceIp", "identity.sourceIP"));
        assert!(has_finding(&lint, FailOn::Low.threshold()));
        assert!(!has_finding(&lint, FailOn::Medium.threshold()) && !has_finding(&lint, FailOn::Never.threshold()));
    }

    #[test]
    fn a_guess_says_which_kinds_of_api_were_checked() {
        let verbose = false;
        let shown = |protocols: &[inventory::Protocol], guessed| {
            let format = "$context.requestId";
            let lints: Vec<_> = protocols.iter().map(|protocol| (*protocol, lint::lint(*protocol, format))).collect();
            let mut out = Vec::new();
            all_findings(&lints, guessed, verbose, format, &mut out).expect("writes");
            String::from_utf8(out).expect("text")
        };
        assert!(shown(&[Http], true).starts_with("Checked for HTTP APIs, based on the variables;"));
        assert!(shown(&[Http], false).starts_with("fail  access-log-not-json"));
        let both = shown(&[Rest, Http], true);
        assert!(both.starts_with("Checked for REST APIs and HTTP APIs, based"), "{both}");
        assert!(both.contains("\n\nREST APIs:\nfail") && both.contains("\n\nHTTP APIs:\nfail"), "{both}");
    }

    #[test]
    fn quotes_in_values_are_noted_once_and_only_on_request() {
        let format = recommended(Http);
        let lints = Protocol::ALL.map(|protocol| (protocol, lint::lint(protocol, format)));
        let count = |verbose| {
            let mut out = Vec::new();
            all_findings(&lints, true, verbose, format, &mut out).expect("writes");
            String::from_utf8(out).expect("text").matches("can contain quotes and backslashes").count()
        };
        assert_eq!((count(false), count(true)), (0, 1));
    }

    #[test]
    fn as_json_there_is_a_row_a_check() {
        let mut out = Vec::new();
        json(&[(Rest, lint::lint(Rest, "{\"a\":1,}"))], false, &mut out).expect("writes");
        let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        let rows = document["findings"].as_array().expect("rows");
        let checks: Vec<_> = rows.iter().map(|row| row["check"].as_str().expect("an id")).collect();
        assert_eq!(
            checks,
            [
                "access-log-not-json",
                "access-log-breaks-json",
                "access-log-lacks-integration-fields",
                "access-log-lacks-latency",
                "access-log-lacks-request-id",
                "access-log-unknown-variable"
            ]
        );
        let verdicts: Vec<_> = rows.iter().map(|row| row["verdict"].as_str().expect("a verdict")).collect();
        assert_eq!(verdicts, ["fail", "not-applicable", "fail", "fail", "fail", "pass"]);
        assert_eq!((&rows[0]["line"], &rows[0]["column"], &rows[2]["column"]), (&1.into(), &7.into(), &().into()));
        assert!(document["mended"].as_str().expect("mended").starts_with("{\"a\":1,\"integrationError\":"));
        assert_eq!(document["mended_keeps_format"], true);
        assert_eq!((&rows[0]["severity"], &rows[0]["protocol"]), (&"high".into(), &"rest".into()));
        assert_eq!((&document["protocols"], &document["guessed"]), (&serde_json::json!(["rest"]), &false.into()));
        let [refused] = &document["refused"].as_array().expect("rows")[..] else { panic!("{document}") };
        assert!(refused["reason"].as_str().expect("a reason").contains("$context.requestId"), "{refused}");
        assert_eq!(refused["column"], serde_json::Value::Null);
        assert!(refused["source"].as_str().expect("a page").starts_with("https://"), "{refused}");
    }
}
