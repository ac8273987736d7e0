//! What a check is: a row of the table of checks.

use gatelight_model::{
    Need, Severity,
    inventory::{Function, StageOf},
};

use crate::{Context, LogGroupUse, Verdict};

/// A rule: data and plain functions, so that the table can be listed, swept and printed.
#[derive(Debug)]
pub struct Check {
    /// Named after the fault: `access-log-off`.
    pub id: &'static str,
    /// The fault as a headline.
    pub title: &'static str,
    /// How much a failure matters, unless the [`Failure`](crate::verdict::Failure) says otherwise.
    pub severity: Severity,
    /// The facts it looks at; the collector fetches no others.
    pub needs: &'static [Need],
    /// What it judges, and how.
    pub judge: Judge,
    /// What it finds, why it matters, how to fix it: Markdown.
    pub docs: &'static str,
}

impl Check {
    /// Whether an audit is complete without its verdict: who owns an account cannot be asked to let be read what AWS
    /// tells to few. Such an unknown stands in reports like any other, and does not count for the exit status.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.needs.iter().any(|need| need.needs_org_admin())
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What a check judges, one verdict each.
#[derive(Clone, Copy, Debug)]
pub enum Judge {
    /// Every stage of every REST, HTTP and WebSocket API.
    Stage(fn(&StageOf<'_>, &Context<'_>) -> Verdict),
    /// The account's API Gateway settings in a region.
    Account(fn(&Context<'_>) -> Verdict),
    /// About each function, `$LATEST` of it; and how much it matters for one, where that hangs on what the function is,
    /// whatever the verdict.
    Function(fn(&Function, &Context<'_>) -> Verdict, fn(&Function, &Context<'_>) -> Option<Severity>),
    /// Log groups that something writes to: those that the first function picks.
    LogGroup(fn(&LogGroupUse<'_>) -> bool, fn(&LogGroupUse<'_>, &Context<'_>) -> Verdict),
}

impl Judge {
    /// What it judges, in the words of the table of checks.
    #[must_use]
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::Account(_) => "account settings",
            Self::Function(..) => "function",
            Self::LogGroup(..) => "log group",
        }
    }
}
