//! A finding, as the report, the ledger and Slack share it, and what one run changed about all of them.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Write as _},
    iter::Sum,
};

use gatelight_checks::verdict::Command;
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::text::{count, thousands};

/// The scope of the runs of `gatelight audit --ledger FILE`. No schedule may have this name.
pub(crate) const AUDIT_SCOPE: &str = "audit";

/// Identifies a finding over time: it depends on check, account and subject ARN alone, so it survives renamed messages,
/// reordered lists and upgrades. Its text, as in reports, is 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a check's finding about a subject of an account.
    pub(crate) fn of(check: &str, account: &str, subject_arn: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [check, account, subject_arn] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }

    /// A fingerprint that was stored.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.0.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        f.write_str(&hex)
    }
}

/// Identifies what one check says has to be changed in a region: findings that share it are one group in every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct CauseId(Fingerprint);

impl CauseId {
    /// `cause`: the ARN of the thing to change.
    pub(crate) fn of(check: &str, account: &str, region: &str, cause: &str) -> Self {
        Self(Fingerprint::of(check, &format!("{account} {region}"), cause))
    }
}

/// What findings with one cause do to stages and functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Impact {
    /// How many are dark because of it.
    pub(crate) dark: u64,
    /// How many are degraded by it.
    pub(crate) degraded: u64,
    /// How many requests those stages served in the window of the audit, where that is known.
    pub(crate) requests: Option<u64>,
}

/// A failed check, about one subject.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) fingerprint: Fingerprint,
    /// The check's id. The check may be one that this version does not know any more.
    pub(crate) check: String,
    pub(crate) severity: Severity,
    /// How sure it is that it does harm.
    pub(crate) confidence: Confidence,
    /// The severity before it rose in this run.
    pub(crate) previous_severity: Option<Severity>,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) subject: Subject,
    pub(crate) message: String,
    pub(crate) details: FindingDetails,
    /// What it and those with the same cause do to stages and functions.
    pub(crate) impact: Impact,
    /// The page of the AWS console that shows it, where one is known. It is of one run: the ledger does not keep it.
    pub(crate) console: Option<String>,
    pub(crate) first_seen: Timestamp,
    /// When it was last found; for one that has ended, before it did.
    pub(crate) last_seen: Timestamp,
    /// None while it is open.
    pub(crate) end: Option<FindingEnd>,
}

impl Finding {
    /// Whether something other than the subject has to be changed.
    pub(crate) fn has_other_cause(&self) -> bool {
        self.details.cause != self.subject
    }
}

/// What to change, and what it affects. The report's temporary file and the ledger store this as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindingDetails {
    /// What has to be changed: the subject itself, or what several findings share.
    pub(crate) cause: Subject,
    pub(crate) affects: Vec<Subject>,
    pub(crate) fix: String,
    /// The commands that fix it, in the order in which they have to run.
    pub(crate) fix_commands: Vec<Command>,
}

/// How a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingEnd {
    /// The subject exists, and the check does not fail.
    Resolved,
    /// The subject does not exist any more.
    Gone,
}

/// What one run of one scope changed, by comparison with the ledger. Each list is sorted by `Rank`. Ignored
/// findings are in none of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunDiff {
    /// The name of the schedule, or [`AUDIT_SCOPE`].
    pub(crate) scope: String,
    pub(crate) finished_at: Timestamp,
    /// Whether no run of this scope was recorded before: then everything is new.
    pub(crate) is_first: bool,
    /// Findings that were not open after the last run.
    pub(crate) new: Vec<Finding>,
    /// Findings whose severity rose.
    pub(crate) worse: Vec<Finding>,
    /// Findings that ended: the check passes now, or the subject is gone.
    pub(crate) resolved: Vec<Finding>,
    /// How many findings are open as they were.
    pub(crate) ongoing: u64,
    /// How many outcomes could not be checked, ignored ones aside.
    pub(crate) unknown: u64,
    /// How it changed what is dark, by account and region.
    pub(crate) dark: BTreeMap<(String, String), DarkCounts>,
}

impl RunDiff {
    /// How the run changed what is dark, in all accounts and regions.
    pub(crate) fn dark_everywhere(&self) -> DarkCounts {
        self.dark.values().copied().sum()
    }
}

/// How many stages and functions went dark in a run, and how many are not dark any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DarkCounts {
    /// All that the run saw, in whatever state.
    pub(crate) all: SubjectCounts,
    /// Those that were not dark after the last run, and are now.
    pub(crate) went_dark: SubjectCounts,
    /// Those that were dark after the last run, and are there still, and not dark any more.
    pub(crate) no_longer_dark: SubjectCounts,
}

impl DarkCounts {
    /// `36 of 38 stages went dark`; None where nothing did. In the first run nobody knows what was there before, so they
    /// are dark.
    pub(crate) fn went_dark(&self, is_first: bool) -> Option<String> {
        let verb = |n: u64| match (is_first, n) {
            (false, _) => "went dark",
            (true, 1) => "is dark",
            (true, _) => "are dark",
        };
        self.went_dark.of(&self.all).map(|(n, text)| format!("{text} {}", verb(n)))
    }

    /// `36 of 38 stages are no longer dark`; None where none became visible.
    pub(crate) fn no_longer_dark(&self) -> Option<String> {
        let verb = |n: u64| if n == 1 { "is no longer dark" } else { "are no longer dark" };
        self.no_longer_dark.of(&self.all).map(|(n, text)| format!("{text} {}", verb(n)))
    }
}

impl Sum for DarkCounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            all: [sum.all, one.all].into_iter().sum(),
            went_dark: [sum.went_dark, one.went_dark].into_iter().sum(),
            no_longer_dark: [sum.no_longer_dark, one.no_longer_dark].into_iter().sum(),
        })
    }
}

/// How many stages, and how many functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SubjectCounts {
    pub(crate) stages: u64,
    pub(crate) functions: u64,
}

impl SubjectCounts {
    /// Counts one.
    pub(crate) fn add(&mut self, kind: SubjectKind) {
        *(if kind == SubjectKind::Function { &mut self.functions } else { &mut self.stages }) += 1;
    }

    /// How many these are, and that in words: `36 of 38 stages and 1 function`. None where there are none.
    fn of(&self, all: &Self) -> Option<(u64, String)> {
        let part = |n: u64, all: u64, noun: &str| match n {
            0 => None,
            1 if all <= 1 => Some(format!("1 {noun}")),
            n if n >= all => Some(format!("all {}", count(n, noun))),
            n => Some(format!("{} of {}", thousands(n), count(all, noun))),
        };
        let parts =
            [part(self.stages, all.stages, "stage"), part(self.functions, all.functions, "function")].into_iter();
        let parts: Vec<_> = parts.flatten().collect();
        (!parts.is_empty()).then(|| (self.stages + self.functions, parts.join(" and ")))
    }
}

impl Sum for SubjectCounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            stages: sum.stages + one.stages,
            functions: sum.functions + one.functions,
        })
    }
}

/// What one run changed, as its report shows it. Ignored findings are in none of the counts.
#[derive(Debug)]
pub(crate) struct Changes {
    /// When the run before it ended. None: there was none, so everything is new.
    pub(crate) since: Option<Timestamp>,
    pub(crate) new: u64,
    pub(crate) worse: u64,
    /// Findings whose check does not fail any more.
    pub(crate) resolved: u64,
    /// Findings that are open as they were.
    pub(crate) ongoing: u64,
    /// Findings whose subject does not exist any more, worst first.
    pub(crate) gone: Vec<Finding>,
    /// Outcomes that are new, ongoing or resolved.
    pub(crate) tracked: HashMap<Fingerprint, Tracked>,
    /// Since when the stages and functions are dark that are.
    pub(crate) dark_since: HashMap<SubjectKey, Timestamp>,
}

/// Identifies a stage or function of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SubjectKey(Fingerprint);

impl SubjectKey {
    /// The stage or function of that ARN.
    pub(crate) fn of(account: &str, arn: &str) -> Self {
        Self(Fingerprint::of("", account, arn))
    }
}

/// What the ledger knows of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) change: Change,
    /// When the finding was first found.
    pub(crate) first_seen: Timestamp,
}

/// How an outcome differs from the last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    New,
    Ongoing,
    Resolved,
}

impl Change {
    /// The name in the JSON report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Ongoing => "ongoing",
            Self::Resolved => "resolved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_dark_is_said_in_words() {
        let counts = |stages, functions| SubjectCounts { stages, functions };
        let said = |went_dark, no_longer_dark, all| {
            let dark = DarkCounts { all, went_dark, no_longer_dark };
            (dark.went_dark(false), dark.went_dark(true), dark.no_longer_dark())
        };
        let none = counts(0, 0);
        let text = |text: &str| Some(text.to_owned());
        for (some, all, went, first, clear) in [
            (
                (36, 0),
                (38, 12),
                "36 of 38 stages went dark",
                "36 of 38 stages are dark",
                "36 of 38 stages are no longer dark",
            ),
            (
                (1, 0),
                (38, 12),
                "1 of 38 stages went dark",
                "1 of 38 stages is dark",
                "1 of 38 stages is no longer dark",
            ),
            (
                (0, 12),
                (38, 12),
                "all 12 functions went dark",
                "all 12 functions are dark",
                "all 12 functions are no longer dark",
            ),
            ((1, 0), (1, 0), "1 stage went dark", "1 stage is dark", "1 stage is no longer dark"),
            (
                (1_200, 1),
                (3_000, 2),
                "1,200 of 3,000 stages and 1 of 2 functions went dark",
                "1,200 of 3,000 stages and 1 of 2 functions are dark",
                "1,200 of 3,000 stages and 1 of 2 functions are no longer dark",
            ),
        ] {
            let (some, all) = (counts(some.0, some.1), counts(all.0, all.1));
            assert_eq!(said(some, none, all), (text(went), text(first), None));
            assert_eq!(said(none, some, all), (None, None, text(clear)));
        }
    }

    /// Findings are recognised by these over versions: a changed line here forgets everyone's history.
    #[test]
    fn fingerprints_never_change() {
        let golden = include_str!("../tests/fingerprints.txt");
        for line in golden.lines() {
            let [print, check, account, arn] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert_eq!(Fingerprint::of(check, account, arn).to_string(), print, "{line}");
        }
        assert!(golden.lines().count() >= 3);
    }
}
