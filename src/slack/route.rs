//! Which findings go to which webhook.

use gatelight_model::Severity;
use globset::GlobSet;

use super::webhook::Webhook;
use crate::{config::cron::Cron, finding::Finding};

/// A webhook, and what is told there.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) webhook: Webhook,
    /// The least severity that is told.
    pub(crate) severity: Severity,
    /// Of account ids; none: all.
    pub(crate) accounts: Option<GlobSet>,
    /// Of check ids; none: all.
    pub(crate) checks: Option<GlobSet>,
    /// Of names of schedules; none: all.
    pub(crate) schedules: Option<GlobSet>,
    /// When to post all that is open; none: never.
    pub(crate) digest: Option<Cron>,
}

impl Route {
    /// What logs, errors and the ledger call it.
    pub(crate) fn name(&self) -> &str {
        self.webhook.route()
    }

    /// Whether it tells of looks at this scope: a schedule's name, or `audit`.
    pub(crate) fn follows(&self, scope: &str) -> bool {
        self.schedules.as_ref().is_none_or(|globs| globs.is_match(scope))
    }

    /// Whether it tells of this finding, in a scope that it follows.
    pub(crate) fn takes(&self, finding: &Finding) -> bool {
        finding.severity >= self.severity
            && self.accounts.as_ref().is_none_or(|globs| globs.is_match(&finding.account))
            && self.checks.as_ref().is_none_or(|globs| globs.is_match(&finding.check))
    }
}
