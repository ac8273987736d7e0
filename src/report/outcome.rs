//! What the report keeps of one outcome, and of one region.

use gatelight_checks::{Check, Coverage, Judgement, Outcome, find_check, verdict::Evidence};
use gatelight_model::{Confidence, Gap, Severity, Subject, SubjectKind, inventory::ClosedRegion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    listings::ApiListings,
    spool::SpoolRange,
    subject::{Impacts, VisibilityCounts},
};
use crate::{
    collect::aws::Traffic,
    finding::{CauseId, Finding, FindingDetails, Fingerprint},
};

/// Stands for an account whose id AWS would not tell. The second such account is `unknown-2`.
pub(super) const UNKNOWN_ACCOUNT: &str = "unknown";

/// One region of one account. Its outcomes are in the report's temporary file.
#[derive(Debug)]
pub(crate) struct RegionReport {
    pub(crate) account: String,
    pub(crate) region: String,
    /// Why nothing of it was read: it is closed to the account.
    pub(crate) skipped: Option<ClosedRegion>,
    /// How the listings of its APIs ended.
    pub(crate) apis: ApiListings,
    /// Whether its functions were listed.
    pub(crate) functions_read: bool,
    pub(crate) stages: u64,
    pub(crate) functions: u64,
    pub(crate) log_groups: u64,
    pub(crate) traffic: Traffic,
    /// Every reason for which something here could not be checked.
    pub(crate) gaps: Vec<Gap>,
    /// Which subjects would have been seen, had they existed: none in an account without a known id.
    pub(crate) coverage: Coverage,
    /// How many of its stages and functions are in each state.
    pub(crate) visibility: VisibilityCounts,
    /// The kinds of subject that the report says that of.
    pub(crate) shown: Vec<SubjectKind>,
    pub(super) outcomes: SpoolRange,
    pub(super) subjects: SpoolRange,
}

impl RegionReport {
    /// Whether the id of its account is known.
    pub(crate) fn has_known_account(&self) -> bool {
        !self.account.starts_with(UNKNOWN_ACCOUNT)
    }
}

/// One outcome, as the temporary file holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OutcomeRecord {
    pub(super) check: String,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) subject: Subject,
    pub(crate) verdict: RecordedVerdict,
    /// The position of the ignore rule that matches it, among the report's.
    pub(crate) ignored: Option<usize>,
}

/// A verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum RecordedVerdict {
    Pass { note: Option<String> },
    NotApplicable { reason: String },
    Unknown { gap: Gap },
    Fail(Box<RecordedFailure>),
}

/// A failure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordedFailure {
    pub(crate) message: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) details: FindingDetails,
}

impl OutcomeRecord {
    /// The check. Outcomes are written and read by one process, so it is known.
    pub(crate) fn check(&self) -> &'static Check {
        find_check(&self.check).expect("an outcome is about a check of this program")
    }

    /// Identifies the outcome over time.
    pub(crate) fn fingerprint(&self, account: &str) -> Fingerprint {
        Fingerprint::of(&self.check, account, &self.subject.arn)
    }

    /// The finding, if the check failed: open, and first found `now`.
    pub(crate) fn into_finding(self, region: &RegionReport, now: Timestamp, impacts: &Impacts) -> Option<Finding> {
        let fingerprint = self.fingerprint(&region.account);
        let RecordedVerdict::Fail(failure) = self.verdict else { return None };
        let group = CauseId::of(&self.check, &region.account, &region.region, &failure.details.cause.arn);
        // A check may name several; the first is of what it is surest of.
        let console = failure.evidence.iter().find(|evidence| evidence.name.starts_with("console "));
        let console = console.map(|evidence| evidence.value.clone());
        Some(Finding {
            fingerprint,
            check: self.check,
            severity: self.severity,
            confidence: self.confidence,
            previous_severity: None,
            account: region.account.clone(),
            region: region.region.clone(),
            subject: self.subject,
            message: failure.message,
            details: failure.details,
            impact: impacts.of(group),
            console,
            first_seen: now,
            last_seen: now,
            end: None,
        })
    }
}

impl From<Outcome> for OutcomeRecord {
    fn from(outcome: Outcome) -> Self {
        let subject = outcome.subject;
        let verdict = match outcome.verdict {
            Err(gap) => RecordedVerdict::Unknown { gap },
            Ok(Judgement::Pass) => RecordedVerdict::Pass { note: None },
            Ok(Judgement::PassNoted(note)) => RecordedVerdict::Pass { note: Some(note) },
            Ok(Judgement::NotApplicable(reason)) => RecordedVerdict::NotApplicable { reason: reason.to_owned() },
            Ok(Judgement::Fail(failure)) => RecordedVerdict::Fail(Box::new(RecordedFailure {
                message: failure.message,
                evidence: failure.evidence,
                details: FindingDetails {
                    cause: failure.cause.unwrap_or_else(|| subject.clone()),
                    affects: failure.affects,
                    fix: failure.fix.text,
                    fix_commands: failure.fix.commands,
                },
            })),
        };
        Self {
            check: outcome.check.id.to_owned(),
            severity: outcome.severity,
            confidence: outcome.confidence,
            subject,
            verdict,
            ignored: outcome.ignored,
        }
    }
}
