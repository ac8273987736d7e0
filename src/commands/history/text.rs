//! The history for a person at a terminal: open findings, worst first; then ended ones, the last to end first.

use std::io::{self, Write};

use gatelight_model::Confidence;
use jiff::Timestamp;

use super::json::state;
use crate::{
    finding::FindingEnd,
    ledger::{DarkSubject, Episode, EpisodeFilter, Reader, RunEnd, RunRow},
    output::TerminalPage,
    text::{WIDTH, count, plain, shell_lines, thousands, wrap},
};

const INDENT: &str = "          ";

/// Writes findings, and messages that did not arrive.
pub(super) fn findings(reader: &Reader, filter: &EpisodeFilter, out: &mut TerminalPage) -> anyhow::Result<()> {
    let (mut open, mut ended) = (0, 0);
    reader.episodes(filter, |episode| {
        *(if episode.finding.end.is_none() { &mut open } else { &mut ended }) += 1;
        Ok(finding(&episode, out)?)
    })?;
    for dark in reader.dark_subjects()?.iter().filter(|dark| filter.is_about(&dark.subject)) {
        let DarkSubject { scope, account, region, subject, since } = dark;
        let text = format!("Dark since {}: {} ({account} · {region} · {scope}).", time(*since), subject.name);
        paragraph("", &text, out)?;
    }
    for message in reader.undelivered()? {
        let what = match message.state.as_str() {
            "refused" => "did not arrive",
            "uncertain" => "may not have arrived",
            "sending" => "is being sent",
            _ => "is waiting to be sent",
        };
        let why = message.problem.map(|problem| format!(": {problem}")).unwrap_or_default();
        let text = format!("The message of {} to {} {what}{why}.", time(message.created_at), message.webhook);
        paragraph("", &text, out)?;
    }
    let last = reader.last_finished()?;
    let last = last.map_or_else(|| "no run yet".to_owned(), |last| format!("last run {}", time(last)));
    if filter.open {
        writeln!(out, "{} open; {last}.", thousands(open))?;
    } else {
        writeln!(out, "{} open, {} resolved or gone; {last}.", thousands(open), thousands(ended))?;
    }
    Ok(())
}

/// Writes runs, one a line, the last first.
pub(super) fn runs(reader: &Reader, out: &mut TerminalPage) -> anyhow::Result<()> {
    let mut all = 0;
    reader.runs(|row| {
        all += 1;
        Ok(writeln!(out, "{}", run(&row))?)
    })?;
    writeln!(out, "{}.", count(all, "run"))?;
    Ok(())
}

fn finding(episode: &Episode, out: &mut dyn Write) -> io::Result<()> {
    let finding = &episode.finding;
    let ignored = if episode.ignored { ", ignored" } else { "" };
    let sure = match finding.confidence {
        Confidence::High => String::new(),
        other => format!(" ({} confidence)", other.name()),
    };
    writeln!(
        out,
        "{:<9} {:<7} {}{sure}{ignored}",
        state(finding.end).to_uppercase(),
        finding.severity.name(),
        plain(&finding.check)
    )?;
    paragraph(INDENT, &finding.subject.name, out)?;
    paragraph(INDENT, &format!("{} · {} · {}", finding.account, finding.region, episode.scope), out)?;
    let ended = match (finding.end, episode.ended_at) {
        (Some(FindingEnd::Resolved), Some(at)) => format!(" · resolved {}", time(at)),
        (Some(FindingEnd::Gone), Some(at)) => format!(" · gone {}", time(at)),
        _ => String::new(),
    };
    let seen = format!("first seen {} · last seen {}{ended}", time(finding.first_seen), time(finding.last_seen));
    // Not wrapped: the times are compared with those of the next finding.
    writeln!(out, "{INDENT}{seen}")?;
    paragraph(INDENT, &finding.message, out)?;
    if finding.end.is_none() {
        paragraph(INDENT, &format!("fix: {}", finding.details.fix), out)?;
        for line in shell_lines(&finding.details.fix_commands) {
            writeln!(out, "{INDENT}{}", plain(&line))?;
        }
    }
    writeln!(out)
}

fn run(row: &RunRow) -> String {
    let seconds = row.finished_at.as_second() - row.started_at.as_second();
    let result = match &row.end {
        RunEnd::Failed(problem) => format!("could not run: {problem}"),
        RunEnd::Completed(counts) => {
            let changes = [(counts.new, "new"), (counts.worse, "worse"), (counts.resolved, "resolved")];
            let changes: Vec<_> =
                changes.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", thousands(*n))).collect();
            let changes = if changes.is_empty() { String::new() } else { format!(" ({})", changes.join(", ")) };
            let unknown = match counts.unknown {
                0 => String::new(),
                n => format!(", {} could not be checked", thousands(n)),
            };
            format!("{}{changes}{unknown}", count(counts.findings(), "finding"))
        }
    };
    let saved = match row.observed_at {
        at if at == row.finished_at => String::new(),
        at => format!(", of an inventory of {}", time(at)),
    };
    plain(&format!("{}  {}  {seconds} s  {result}{saved}", time(row.finished_at), row.scope))
}

fn paragraph(indent: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    for line in wrap(&plain(text), WIDTH - indent.len()) {
        writeln!(out, "{indent}{line}")?;
    }
    Ok(())
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
