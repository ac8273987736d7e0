//! The history as one JSON document, version 1. The shapes are a contract; no type of the program is serialised.

use std::io::Write;

use gatelight_model::Subject;
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    finding::FindingEnd,
    ledger::{DarkSubject, Episode, EpisodeFilter, Reader, RunCounts, RunEnd, RunRow, Undelivered},
    text::{shell_line, shell_lines, to_second},
};

#[derive(Serialize)]
struct HistoryFinding<'a> {
    scope: &'a str,
    check: &'a str,
    severity: &'static str,
    confidence: &'static str,
    account: &'a str,
    region: &'a str,
    subject: HistorySubject<'a>,
    state: &'static str,
    ignored: bool,
    first_seen: String,
    last_seen: String,
    ended_at: Option<String>,
    message: &'a str,
    cause: HistorySubject<'a>,
    affects: Vec<HistorySubject<'a>>,
    /// How many stages and functions it and those with the same cause leave dark, and how many they degrade.
    makes_dark: u64,
    degrades: u64,
    fix: &'a str,
    fix_command: Option<String>,
    fix_commands: Vec<String>,
    fingerprint: String,
}

#[derive(Serialize)]
struct HistorySubject<'a> {
    kind: &'static str,
    arn: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct MessageEntry<'a> {
    webhook: &'a str,
    state: &'a str,
    created_at: String,
    problem: Option<&'a str>,
}

#[derive(Serialize)]
struct RunEntry<'a> {
    scope: &'a str,
    started_at: String,
    finished_at: String,
    observed_at: String,
    /// As in the report; `failed` if it could not run.
    status: &'a str,
    problem: Option<&'a str>,
    summary: Option<SummaryEntry>,
}

#[derive(Serialize)]
struct SummaryEntry {
    pass: u64,
    fail: u64,
    unknown: u64,
    not_applicable: u64,
    ignored: u64,
    fail_by_severity: OpenBySeverity,
    new: u64,
    worse: u64,
    resolved: u64,
    ongoing: u64,
}

#[derive(Serialize)]
struct OpenBySeverity {
    high: u64,
    medium: u64,
    low: u64,
}

/// Writes findings, what is dark, and messages that did not arrive.
pub(super) fn findings(reader: &Reader, filter: &EpisodeFilter, out: &mut dyn Write) -> anyhow::Result<()> {
    out.write_all(b"{\n  \"version\": 1,\n  \"findings\": [")?;
    let mut first = true;
    // There may be many: they are written as they are read.
    reader.episodes(filter, |episode| {
        next(out, &mut first)?;
        serde_json::to_writer(&mut *out, &finding(&episode)).map_err(std::io::Error::from)?;
        Ok(())
    })?;
    out.write_all(if first { b"],\n" } else { b"\n  ],\n" })?;
    let dark = reader.dark_subjects()?;
    let dark: Vec<_> = dark.iter().filter(|dark| filter.is_about(&dark.subject)).map(dark_entry).collect();
    out.write_all(b"  \"dark\": ")?;
    serde_json::to_writer(&mut *out, &dark).map_err(std::io::Error::from)?;
    out.write_all(b",\n")?;
    let messages = reader.undelivered()?;
    let messages: Vec<_> = messages.iter().map(message).collect();
    out.write_all(b"  \"messages\": ")?;
    serde_json::to_writer(&mut *out, &messages).map_err(std::io::Error::from)?;
    out.write_all(b"\n}\n")?;
    Ok(())
}

/// A stage or function that is dark.
#[derive(Serialize)]
struct DarkEntry<'a> {
    scope: &'a str,
    account: &'a str,
    region: &'a str,
    subject: HistorySubject<'a>,
    dark_since: String,
}

/// Writes runs.
pub(super) fn runs(reader: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
    out.write_all(b"{\n  \"version\": 1,\n  \"runs\": [")?;
    let mut first = true;
    reader.runs(|row| {
        next(out, &mut first)?;
        serde_json::to_writer(&mut *out, &run(&row)).map_err(std::io::Error::from)?;
        Ok(())
    })?;
    out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
    Ok(())
}

fn next(out: &mut dyn Write, first: &mut bool) -> std::io::Result<()> {
    let between: &[u8] = if *first { b"\n    " } else { b",\n    " };
    *first = false;
    out.write_all(between)
}

fn finding(episode: &Episode) -> HistoryFinding<'_> {
    let finding = &episode.finding;
    HistoryFinding {
        scope: &episode.scope,
        check: &finding.check,
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        account: &finding.account,
        region: &finding.region,
        subject: subject(&finding.subject),
        state: state(finding.end),
        ignored: episode.ignored,
        first_seen: time(finding.first_seen),
        last_seen: time(finding.last_seen),
        ended_at: episode.ended_at.map(time),
        message: &finding.message,
        cause: subject(&finding.details.cause),
        affects: finding.details.affects.iter().map(subject).collect(),
        makes_dark: finding.impact.dark,
        degrades: finding.impact.degraded,
        fix: &finding.details.fix,
        fix_command: shell_line(&finding.details.fix_commands),
        fix_commands: shell_lines(&finding.details.fix_commands),
        fingerprint: finding.fingerprint.to_string(),
    }
}

fn dark_entry(dark: &DarkSubject) -> DarkEntry<'_> {
    DarkEntry {
        scope: &dark.scope,
        account: &dark.account,
        region: &dark.region,
        subject: subject(&dark.subject),
        dark_since: time(dark.since),
    }
}

fn run(row: &RunRow) -> RunEntry<'_> {
    let (status, problem, summary) = match &row.end {
        RunEnd::Completed(counts) => (counts.status.as_str(), None, Some(summary(counts))),
        RunEnd::Failed(problem) => ("failed", Some(problem.as_str()), None),
    };
    RunEntry {
        scope: &row.scope,
        started_at: time(row.started_at),
        finished_at: time(row.finished_at),
        observed_at: time(row.observed_at),
        status,
        problem,
        summary,
    }
}

fn summary(counts: &RunCounts) -> SummaryEntry {
    SummaryEntry {
        pass: counts.pass,
        fail: counts.findings(),
        unknown: counts.unknown,
        not_applicable: counts.not_applicable,
        ignored: counts.ignored,
        fail_by_severity: OpenBySeverity { high: counts.high, medium: counts.medium, low: counts.low },
        new: counts.new,
        worse: counts.worse,
        resolved: counts.resolved,
        ongoing: counts.ongoing,
    }
}

fn message(message: &Undelivered) -> MessageEntry<'_> {
    MessageEntry {
        webhook: &message.webhook,
        state: &message.state,
        created_at: time(message.created_at),
        problem: message.problem.as_deref(),
    }
}

/// The name of a finding's state.
pub(super) fn state(end: Option<FindingEnd>) -> &'static str {
    match end {
        None => "open",
        Some(FindingEnd::Resolved) => "resolved",
        Some(FindingEnd::Gone) => "gone",
    }
}

fn subject(subject: &Subject) -> HistorySubject<'_> {
    HistorySubject { kind: subject.kind.name(), arn: &subject.arn, name: &subject.name }
}

fn time(time: Timestamp) -> String {
    to_second(time).to_string()
}
