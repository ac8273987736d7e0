//! What a check is: a row of the table of checks.

use gatelight_model::{
    Need, Severity,
    inventory::{Account, Function, Region, StageOf},
};

use crate::{
    context::{Context, LogGroupUse},
    verdict::Verdict,
    visibility::Signals,
};

/// A rule: data and plain functions, so that the table can be listed, swept and printed.
#[derive(Debug)]
pub struct Check {
    /// Named after the fault: `access-log-off`.
    pub id: &'static str,
    /// The fault as a headline.
    pub title: &'static str,
    /// How much a failure matters, unless the [`Failure`](crate::verdict::Failure) says otherwise.
    pub severity: Severity,
    /// The facts that it reads; the collector fetches no others.
    pub needs: &'static [Need],
    /// What it judges, and how.
    pub judge: Judge,
    /// Which signals a failure takes away, and of which stages and functions.
    pub signals: Signals,
    /// What it finds, why it matters, how to fix it: Markdown.
    pub docs: &'static str,
    /// Inventories that its tests need beside those of [`testing`](crate::testing). All tests of all checks get them.
    pub scenarios: &'static [Scenario],
}

/// The healthy account of [`testing`](crate::testing), changed: so that a check fails, or cannot tell.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What is wrong in it; no two scenarios have the same.
    pub name: &'static str,
    /// Changes the healthy account and its region.
    pub change: fn(&mut Account, &mut Region),
    /// Whether `gatelight demo` shows it too. At least one fault of each check must be there.
    pub in_demo: bool,
}

impl Check {
    /// Whether an audit is complete without its verdict: some facts AWS gives to an organization's administrators alone,
    /// whatever the owner of the account allows. Such an unknown is reported like any other, and does not count for the
    /// exit status.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.needs.iter().any(|need| need.needs_org_admin())
    }

    /// Whether it rests on CloudWatch's metrics, which AWS bills, so that its owner may do without it.
    #[must_use]
    pub fn needs_metrics(&self) -> bool {
        const METRICS: [Need; 3] = [Need::Traffic, Need::Latencies, Need::Taken];
        self.needs.iter().any(|need| METRICS.contains(need))
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
    /// Every function, as `$LATEST`. The second function gives the severity where it depends on what the function is,
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
