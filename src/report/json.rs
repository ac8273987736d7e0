//! The JSON report, version 1, and its outcomes alone as JSON Lines. The shapes here are the contract's; no type of
//! the program is serialised.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use gatelight_checks::verdict::Evidence;
use gatelight_model::{Gap, Severity};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{Failed, Report, Row, Shard, Thing, Told};
use crate::finding::Finding;

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    tool: Tool,
    #[serde(serialize_with = "seconds")]
    started_at: Timestamp,
    #[serde(serialize_with = "seconds")]
    finished_at: Timestamp,
    status: &'static str,
    complete: bool,
    summary: Counts,
    ignores: Vec<IgnoreEntry<'a>>,
    log_groups_not_found: &'a [String],
    shards: Vec<ShardEntry<'a>>,
    changes: Option<ChangeCounts>,
    gone: Option<Vec<GoneEntry<'a>>>,
}

#[derive(Serialize)]
struct ChangeCounts {
    #[serde(serialize_with = "seconds_or_null")]
    since: Option<Timestamp>,
    new: u64,
    worse: u64,
    resolved: u64,
    gone: u64,
    ongoing: u64,
}

/// A finding whose subject is not there any more.
#[derive(Serialize)]
struct GoneEntry<'a> {
    check: &'a str,
    severity: &'static str,
    account: &'a str,
    region: &'a str,
    subject: ThingEntry<'a>,
    message: &'a str,
    fingerprint: &'a str,
    #[serde(serialize_with = "seconds")]
    first_seen: Timestamp,
    #[serde(serialize_with = "seconds")]
    last_seen: Timestamp,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Counts {
    pass: u64,
    fail: u64,
    unknown: u64,
    not_applicable: u64,
    ignored: u64,
    fail_by_severity: BySeverity,
}

#[derive(Serialize)]
struct BySeverity {
    high: u64,
    medium: u64,
    low: u64,
}

#[derive(Serialize)]
struct IgnoreEntry<'a> {
    check: &'a str,
    subject: &'a str,
    reason: &'a str,
    until: Option<String>,
    matched: u64,
    ended: bool,
}

#[derive(Serialize)]
struct ShardEntry<'a> {
    account: &'a str,
    account_name: Option<&'a str>,
    region: &'a str,
    skipped: Option<&'a str>,
    counts: ShardCounts,
    requests: &'a BTreeMap<String, u64>,
    throttled: u64,
    metrics_requested: u64,
    insights_queries: u64,
    insights_scanned_bytes: u64,
    insights_untold: u64,
    insights_cost_usd: f64,
    gaps: Vec<GapEntry<'a>>,
}

#[derive(Serialize)]
struct ShardCounts {
    stages: u64,
    functions: u64,
    log_groups: u64,
}

#[derive(Serialize)]
struct GapEntry<'a> {
    operation: &'a str,
    permission: &'a str,
    resource: &'a str,
    kind: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct OutcomeEntry<'a> {
    check: &'static str,
    severity: &'static str,
    account: &'a str,
    region: &'a str,
    subject: ThingEntry<'a>,
    verdict: &'static str,
    message: String,
    evidence: &'a [Evidence],
    cause: Option<ThingEntry<'a>>,
    affects: Vec<ThingEntry<'a>>,
    fix: Option<&'a str>,
    fix_command: Option<String>,
    fingerprint: String,
    change: Option<&'static str>,
    #[serde(serialize_with = "seconds_or_null")]
    first_seen: Option<Timestamp>,
    ignored: Option<IgnoredEntry<'a>>,
}

#[derive(Serialize)]
struct ThingEntry<'a> {
    kind: &'static str,
    arn: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct IgnoredEntry<'a> {
    reason: &'a str,
    until: Option<String>,
}

/// Writes the report as one document.
///
/// # Errors
/// If `out` cannot be written, or the spool cannot be read.
pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = serde_json::to_vec_pretty(&head(report))?;
    // The outcomes come last, one a line: there may be a million, so they are written as they are read.
    out.write_all(head.strip_suffix(b"\n}").unwrap_or(&head))?;
    out.write_all(b",\n  \"outcomes\": [")?;
    let mut first = true;
    report.rows(|shard, row| {
        out.write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        serde_json::to_writer(&mut *out, &entry(report, shard, &row))?;
        Ok(())
    })?;
    out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// Writes one outcome a line.
///
/// # Errors
/// If `out` cannot be written, or the spool cannot be read.
pub(crate) fn render_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.rows(|shard, row| {
        serde_json::to_writer(&mut *out, &entry(report, shard, &row))?;
        out.write_all(b"\n")
    })
}

fn head(report: &Report) -> Head<'_> {
    let summary = &report.summary;
    let of = |severity| summary.by_severity.get(&severity).copied().unwrap_or_default();
    Head {
        version: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        started_at: report.started_at,
        finished_at: report.finished_at,
        status: report.status().name(),
        complete: report.complete(),
        summary: Counts {
            pass: summary.pass,
            fail: summary.fail,
            unknown: summary.unknown,
            not_applicable: summary.not_applicable,
            ignored: summary.ignored,
            fail_by_severity: BySeverity {
                high: of(Severity::High),
                medium: of(Severity::Medium),
                low: of(Severity::Low),
            },
        },
        ignores: report
            .ignores
            .iter()
            .map(|ignore| IgnoreEntry {
                check: &ignore.setting.check,
                subject: &ignore.setting.subject,
                reason: &ignore.setting.reason,
                until: ignore.setting.until.map(|day| day.to_string()),
                matched: ignore.matched,
                ended: ignore.ended,
            })
            .collect(),
        log_groups_not_found: &report.not_found,
        shards: report
            .shards
            .iter()
            .map(|shard| ShardEntry {
                account: &shard.account,
                account_name: None,
                region: &shard.region,
                skipped: None,
                counts: ShardCounts { stages: shard.stages, functions: shard.functions, log_groups: shard.log_groups },
                requests: &shard.traffic.requests,
                throttled: shard.traffic.throttled,
                metrics_requested: shard.traffic.metrics,
                insights_queries: shard.traffic.insights.queries,
                insights_scanned_bytes: shard.traffic.insights.bytes,
                insights_untold: shard.traffic.insights.untold,
                insights_cost_usd: super::insights_cost::dollars(&shard.region, &shard.traffic),
                gaps: shard.gaps.iter().map(gap).collect(),
            })
            .collect(),
        changes: report.changes.as_ref().map(|changes| ChangeCounts {
            since: changes.since,
            new: changes.new,
            worse: changes.worse,
            resolved: changes.resolved,
            gone: changes.gone.len() as u64,
            ongoing: changes.ongoing,
        }),
        gone: report.changes.as_ref().map(|changes| changes.gone.iter().map(gone).collect()),
    }
}

fn gone(finding: &Finding) -> GoneEntry<'_> {
    GoneEntry {
        check: &finding.check,
        severity: finding.severity.name(),
        account: &finding.account,
        region: &finding.region,
        subject: thing(&finding.subject),
        message: &finding.message,
        fingerprint: &finding.fingerprint,
        first_seen: finding.first_seen,
        last_seen: finding.last_seen,
    }
}

fn gap(gap: &Gap) -> GapEntry<'_> {
    let why = gap.why();
    GapEntry {
        operation: &why.operation,
        permission: &why.permission,
        resource: &why.resource,
        kind: why.kind.name(),
        message: &why.message,
    }
}

fn entry<'a>(report: &'a Report, shard: &'a Shard, row: &'a Row) -> OutcomeEntry<'a> {
    let failed: Option<&Failed> = match &row.verdict {
        Told::Fail(failed) => Some(failed),
        _ => None,
    };
    let (verdict, message) = match &row.verdict {
        Told::Pass { note } => ("pass", note.clone().unwrap_or_default()),
        Told::NotApplicable { reason } => ("not-applicable", reason.clone()),
        Told::Unknown { gap } => ("unknown", gap.to_string()),
        Told::Fail(failed) => ("fail", failed.message.clone()),
    };
    let ignored = row.ignored.and_then(|index| report.ignores.get(index));
    let seen = report.seen(shard, row);
    OutcomeEntry {
        check: row.check().id,
        severity: row.severity.name(),
        account: &shard.account,
        region: &shard.region,
        subject: thing(&row.subject),
        verdict,
        message,
        evidence: failed.map_or(&[], |failed| &failed.evidence),
        cause: failed.map(|failed| thing(&failed.cause)),
        affects: failed.map_or_else(Vec::new, |failed| failed.affects.iter().map(thing).collect()),
        fix: failed.map(|failed| failed.fix.as_str()),
        fix_command: failed.and_then(|failed| failed.fix_command.as_deref()).map(super::command_line),
        fingerprint: row.fingerprint(&shard.account),
        change: seen.map(|seen| seen.change.name()),
        first_seen: seen.map(|seen| seen.first_seen),
        ignored: ignored.map(|ignore| IgnoredEntry {
            reason: &ignore.setting.reason,
            until: ignore.setting.until.map(|day| day.to_string()),
        }),
    }
}

fn thing(thing: &Thing) -> ThingEntry<'_> {
    ThingEntry { kind: thing.kind.name(), arn: &thing.arn, name: &thing.name }
}

/// RFC 3339 in UTC, to the second.
fn seconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&super::to_second(*time))
}

#[expect(clippy::ref_option, reason = "serde hands it over like this")]
fn seconds_or_null<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
