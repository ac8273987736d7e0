//! Slack webhooks: where the address of each is, and which findings it gets. The `slack` module reads the address.

use std::{fmt, path::PathBuf};

use gatelight_model::Severity;
use globset::GlobSet;

use super::cron::Cron;
use crate::finding::Finding;

/// A webhook: its name, and where its address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    route: String,
    source: AddressSource,
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddressSource {
    /// An environment variable.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// A credential that systemd hands over: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.route)
    }
}

impl Webhook {
    /// A webhook of that name.
    pub(crate) fn new(route: &str, source: AddressSource) -> Self {
        Self { route: route.to_owned(), source }
    }

    /// Its name.
    pub(crate) fn route(&self) -> &str {
        &self.route
    }

    /// Where its address is.
    pub(crate) fn source(&self) -> &AddressSource {
        &self.source
    }
}

/// A webhook, and which findings it gets.
#[derive(Clone, Debug)]
pub(crate) struct WebhookRoute {
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

impl WebhookRoute {
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
