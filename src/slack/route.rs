//! Which findings go to which webhook.

use gatelight_model::Severity;
use globset::GlobSet;

use super::webhook::Webhook;
use crate::{config::cron::Cron, finding::Finding};

/// A webhook, and which findings it gets.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) webhook: Webhook,
    /// The least severity that is sent.
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
    /// The name in logs, errors and the ledger.
    pub(crate) fn name(&self) -> &str {
        self.webhook.route()
    }

    /// Whether it gets messages about runs of this scope: a schedule's name, or `finding::AUDIT_SCOPE`.
    pub(crate) fn follows(&self, scope: &str) -> bool {
        self.schedules.as_ref().is_none_or(|globs| globs.is_match(scope))
    }

    /// Whether it gets this finding, in a scope that it follows.
    pub(crate) fn takes(&self, finding: &Finding) -> bool {
        finding.severity >= self.severity
            && self.accounts.as_ref().is_none_or(|globs| globs.is_match(&finding.account))
            && self.checks.as_ref().is_none_or(|globs| globs.is_match(&finding.check))
    }
}
