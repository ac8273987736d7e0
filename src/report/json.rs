//! The JSON report, version 1, and its outcomes alone as JSON Lines. The shapes here are the contract's; no type of
//! the program is serialised.

mod parts;
mod visible;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use gatelight_checks::verdict::Evidence;
use gatelight_model::{AccessDenial, DenyingPolicy, Gap, Severity, inventory::ClosedRegion};
use jiff::Timestamp;
use serde::Serialize;

use self::{
    parts::{SubjectEntry, seconds, seconds_or_null, subject},
    visible::{VisibilityEntry, visibility, visible},
};
use super::{
    Report, insights_cost,
    listings::ApiListings,
    outcome::{OutcomeRecord, RecordedVerdict, RegionReport},
    reach::NothingChecked,
    summary::{IgnoreUse, Summary},
};
use crate::{
    finding::{Changes, Finding},
    text::{shell_line, shell_lines},
};

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
    /// Why the report says nothing about API Gateway.
    nothing_checked: Option<String>,
    summary: Counts,
    ignores: Vec<IgnoreEntry<'a>>,
    log_groups_not_found: &'a [String],
    #[serde(rename = "shards")]
    regions: Vec<RegionEntry<'a>>,
    changes: Option<ChangeCounts>,
    gone: Option<Vec<GoneEntry<'a>>>,
    visibility: VisibilityEntry,
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

/// A finding whose subject does not exist any more.
#[derive(Serialize)]
struct GoneEntry<'a> {
    check: &'a str,
    severity: &'static str,
    account: &'a str,
    region: &'a str,
    subject: SubjectEntry<'a>,
    message: &'a str,
    fingerprint: String,
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
struct RegionEntry<'a> {
    account: &'a str,
    account_name: Option<&'a str>,
    region: &'a str,
    skipped: Option<String>,
    closed_by: Option<DenialEntry<'a>>,
    counts: RegionCounts,
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
struct RegionCounts {
    /// None if they were not listed.
    apis: Option<u64>,
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
    denied_by: Option<DenialEntry<'a>>,
}

/// Which policy denied a call.
#[derive(Serialize)]
struct DenialEntry<'a> {
    policy: Option<&'static str>,
    explicit: bool,
    arn: Option<&'a str>,
}

#[derive(Serialize)]
struct OutcomeEntry<'a> {
    check: &'static str,
    severity: &'static str,
    account: &'a str,
    region: &'a str,
    subject: SubjectEntry<'a>,
    verdict: &'static str,
    confidence: &'static str,
    message: String,
    evidence: &'a [Evidence],
    cause: Option<SubjectEntry<'a>>,
    affects: Vec<SubjectEntry<'a>>,
    fix: Option<&'a str>,
    fix_command: Option<String>,
    fix_commands: Vec<String>,
    fingerprint: String,
    change: Option<&'static str>,
    #[serde(serialize_with = "seconds_or_null")]
    first_seen: Option<Timestamp>,
    ignored: Option<IgnoredEntry<'a>>,
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
    // Subjects and outcomes come last, one a line: there may be a million, so they are written as they are read.
    out.write_all(head.strip_suffix(b"\n}").unwrap_or(&head))?;
    out.write_all(b",\n  \"subjects\": [")?;
    let mut first = true;
    report.subjects(|region, record| {
        out.write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        serde_json::to_writer(&mut *out, &visible(report, region, &record, None))?;
        Ok(())
    })?;
    out.write_all(if first { b"],\n" } else { b"\n  ],\n" })?;
    out.write_all(b"  \"outcomes\": [")?;
    first = true;
    report.outcomes(|region, record| {
        out.write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        serde_json::to_writer(&mut *out, &outcome(report, region, &record))?;
        Ok(())
    })?;
    out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })
}

/// Writes one outcome a line, and then one stage or function a line, which has a `type`.
///
/// # Errors
/// If `out` cannot be written, or the spool cannot be read.
pub(crate) fn render_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    report.outcomes(|region, record| {
        serde_json::to_writer(&mut *out, &outcome(report, region, &record))?;
        out.write_all(b"\n")
    })?;
    report.subjects(|region, record| {
        serde_json::to_writer(&mut *out, &visible(report, region, &record, Some("subject")))?;
        out.write_all(b"\n")
    })
}

fn head(report: &Report) -> Head<'_> {
    Head {
        version: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        started_at: report.started_at,
        finished_at: report.finished_at,
        status: report.status().name(),
        complete: report.complete(),
        nothing_checked: report.nothing_checked.as_ref().map(NothingChecked::sentence),
        summary: counts(&report.summary),
        ignores: report.ignores.iter().map(ignore).collect(),
        log_groups_not_found: &report.not_found,
        regions: report.regions.iter().map(region).collect(),
        changes: report.changes.as_ref().map(changes),
        gone: report.changes.as_ref().map(|changes| changes.gone.iter().map(gone).collect()),
        visibility: visibility(&report.visibility()),
    }
}

fn counts(summary: &Summary) -> Counts {
    Counts {
        pass: summary.pass,
        fail: summary.fail,
        unknown: summary.unknown,
        not_applicable: summary.not_applicable,
        ignored: summary.ignored,
        fail_by_severity: BySeverity {
            high: summary.failed(Severity::High),
            medium: summary.failed(Severity::Medium),
            low: summary.failed(Severity::Low),
        },
    }
}

fn ignore(ignore: &IgnoreUse) -> IgnoreEntry<'_> {
    IgnoreEntry {
        check: &ignore.setting.check,
        subject: &ignore.setting.subject,
        reason: &ignore.setting.reason,
        until: ignore.setting.until.map(|day| day.to_string()),
        matched: ignore.matched,
        ended: ignore.ended,
    }
}

fn region(region: &RegionReport) -> RegionEntry<'_> {
    let traffic = &region.traffic;
    RegionEntry {
        account: &region.account,
        account_name: None,
        region: &region.region,
        skipped: region.skipped.as_ref().map(ToString::to_string),
        closed_by: region.skipped.as_ref().and_then(ClosedRegion::denied_by).map(denial),
        counts: RegionCounts {
            apis: apis(&region.apis),
            stages: region.stages,
            functions: region.functions,
            log_groups: region.log_groups,
        },
        requests: &traffic.requests,
        throttled: traffic.throttled,
        metrics_requested: traffic.metrics,
        insights_queries: traffic.insights.queries,
        insights_scanned_bytes: traffic.insights.bytes,
        insights_untold: traffic.insights.untold,
        insights_cost_usd: insights_cost::dollars(&region.region, traffic),
        gaps: region.gaps.iter().map(gap).collect(),
    }
}

fn changes(changes: &Changes) -> ChangeCounts {
    ChangeCounts {
        since: changes.since,
        new: changes.new,
        worse: changes.worse,
        resolved: changes.resolved,
        gone: changes.gone.len() as u64,
        ongoing: changes.ongoing,
    }
}

fn gone(finding: &Finding) -> GoneEntry<'_> {
    GoneEntry {
        check: &finding.check,
        severity: finding.severity.name(),
        account: &finding.account,
        region: &finding.region,
        subject: subject(&finding.subject),
        message: &finding.message,
        fingerprint: finding.fingerprint.to_string(),
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
        denied_by: why.denied_by.as_ref().map(denial),
    }
}

fn denial(denial: &AccessDenial) -> DenialEntry<'_> {
    DenialEntry {
        policy: denial.policy.map(DenyingPolicy::name),
        explicit: denial.explicit,
        arn: denial.arn.as_deref(),
    }
}

fn apis(listings: &ApiListings) -> Option<u64> {
    match listings {
        ApiListings::Read { apis, .. } => Some(*apis),
        ApiListings::NotAsked | ApiListings::Unread(_) => None,
    }
}

fn outcome<'a>(report: &'a Report, region: &'a RegionReport, outcome: &'a OutcomeRecord) -> OutcomeEntry<'a> {
    let failure = match &outcome.verdict {
        RecordedVerdict::Fail(failure) => Some(failure),
        _ => None,
    };
    let details = failure.map(|failure| &failure.details);
    let commands = details.map_or(&[][..], |details| &details.fix_commands);
    let (verdict, message) = match &outcome.verdict {
        RecordedVerdict::Pass { note } => ("pass", note.clone().unwrap_or_default()),
        RecordedVerdict::NotApplicable { reason } => ("not-applicable", reason.clone()),
        RecordedVerdict::Unknown { gap } => ("unknown", gap.to_string()),
        RecordedVerdict::Fail(failure) => ("fail", failure.message.clone()),
    };
    let ignored = outcome.ignored.and_then(|index| report.ignores.get(index));
    let tracked = report.tracked(region, outcome);
    OutcomeEntry {
        check: outcome.check().id,
        severity: outcome.severity.name(),
        account: &region.account,
        region: &region.region,
        subject: subject(&outcome.subject),
        verdict,
        confidence: outcome.confidence.name(),
        message,
        evidence: failure.map_or(&[], |failure| &failure.evidence),
        cause: details.map(|details| subject(&details.cause)),
        affects: details.map_or_else(Vec::new, |details| details.affects.iter().map(subject).collect()),
        fix: details.map(|details| details.fix.as_str()),
        fix_command: shell_line(commands),
        fix_commands: shell_lines(commands),
        fingerprint: outcome.fingerprint(&region.account).to_string(),
        change: tracked.map(|tracked| tracked.change.name()),
        first_seen: tracked.map(|tracked| tracked.first_seen),
        ignored: ignored.map(|ignore| IgnoredEntry {
            reason: &ignore.setting.reason,
            until: ignore.setting.until.map(|day| day.to_string()),
        }),
    }
}
