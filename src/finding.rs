//! What a look changed: the findings that are new, that got worse, and that are over.

use gatelight_model::Severity;
use jiff::Timestamp;

use crate::report::Thing;

/// What one look at one scope changed, by comparison with the ledger. Each list is sorted worst first, then by account,
/// region, subject and check. Ignored findings are in none of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct News {
    /// The name of the schedule, or `audit`.
    pub(crate) scope: String,
    /// When the look ended.
    pub(crate) taken_at: Timestamp,
    /// Whether nobody had looked at this scope before: then everything is new.
    pub(crate) first: bool,
    /// Findings that were not open at the last look.
    pub(crate) new: Vec<Finding>,
    /// Findings whose severity rose.
    pub(crate) worse: Vec<Finding>,
    /// Findings that are over: the check passes now, or the subject is gone.
    pub(crate) resolved: Vec<Finding>,
    /// How many findings are open as they were.
    pub(crate) ongoing: u64,
    /// How many outcomes could not be checked, ignored ones aside.
    pub(crate) unknown: u64,
}

/// A finding as the ledger remembers it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// Of check, account and subject: `Row::fingerprint`.
    pub(crate) fingerprint: String,
    /// The check's id. The check may be one that this version does not know any more.
    pub(crate) check: String,
    pub(crate) severity: Severity,
    /// What the severity was before it rose.
    pub(crate) was: Option<Severity>,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) subject: Thing,
    /// The thing to change; the subject itself if it is that.
    pub(crate) cause: Thing,
    pub(crate) message: String,
    pub(crate) affects: Vec<Thing>,
    pub(crate) fix: String,
    pub(crate) fix_command: Option<Vec<String>>,
    pub(crate) first_seen: Timestamp,
    /// When it was last found; for one that is over, before it was.
    pub(crate) last_seen: Timestamp,
    /// None while it is open.
    pub(crate) end: Option<End>,
}

/// How a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The subject is there, and the check does not fail.
    Resolved,
    /// The subject is not there any more.
    Gone,
}

/// What became of an outcome since the last look.
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
