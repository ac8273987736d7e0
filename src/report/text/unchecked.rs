//! What could not be checked, and what would let it be checked: one line a permission.

use std::collections::BTreeSet;

use super::{
    super::Report,
    gathered::{Gathered, NEEDS, Unchecked},
    page::{DIM, TextPage, padded},
};
use crate::{
    collect::aws::{Granted, Operation},
    rank::natural,
    text::{count, plain, wrap},
};

/// The widest column of permissions.
const PERMISSION: usize = 40;
/// Columns of a list of names; of calls that a policy denies there is room for more.
const NAMES: usize = 60;
/// Checks that are named; more are counted.
const CHECKS: usize = 3;

impl TextPage {
    pub(super) fn unchecked(&mut self, report: &Report, gathered: &Gathered) {
        let says_region = report.regions.len() > 1;
        if gathered.unchecked.is_empty() {
            return;
        }
        self.heading("Could not check");
        let needed = |reason: &str| reason.strip_prefix(NEEDS).map(plain);
        let widest = gathered.unchecked.keys().filter_map(|reason| needed(reason)).map(|p| p.len()).max();
        let column = widest.unwrap_or_default().min(PERMISSION);
        for (reason, unchecked) in &gathered.unchecked {
            let about = self.about(unchecked, says_region);
            match needed(reason) {
                Some(permission) if permission.len() <= column => {
                    let room = self.width().saturating_sub(2 + column + 2);
                    for (position, line) in wrap(&about, room).into_iter().enumerate() {
                        let permission = if position == 0 { permission.as_str() } else { "" };
                        self.line(format!("  {}  {DIM}{line}{DIM:#}", padded(permission, column)));
                    }
                }
                permission => {
                    self.wrapped("  ", &permission.unwrap_or_else(|| plain(reason)));
                    for line in wrap(&about, self.width() - 4) {
                        self.line(format!("    {DIM}{line}{DIM:#}"));
                    }
                }
            }
        }
        self.permission_hints(gathered);
    }

    /// `36 stages: trace-sampling-off`.
    fn about(&self, unchecked: &Unchecked, says_region: bool) -> String {
        let listed = |names: &BTreeSet<String>, columns: usize| {
            let mut names: Vec<String> = names.iter().cloned().collect();
            names.sort_by(|a, b| natural(a, b));
            self.names(&names, columns, 1).join(" ")
        };
        let names = |names: &BTreeSet<String>| listed(names, NAMES);
        let checks: Vec<_> = unchecked.checks.iter().copied().collect();
        let mut text = match (unchecked.outcomes, checks.len()) {
            // Other facts decided.
            (0, _) => "no verdict depends on it".to_owned(),
            (outcomes, n) if n > CHECKS && !self.layout.verbose => {
                format!("{} of {n} checks", count(outcomes as u64, "outcome"))
            }
            (1, _) => format!("{}: {}", checks.join(", "), names(&unchecked.subjects)),
            (outcomes, _) => {
                format!("{} ({}): {}", checks.join(", "), count(outcomes as u64, "outcome"), names(&unchecked.subjects))
            }
        };
        if !unchecked.resources.is_empty() && (unchecked.outcomes == 0 || checks.len() > CHECKS || self.layout.verbose)
        {
            text += &format!("; about {}", names(&unchecked.resources));
        }
        if !unchecked.permissions.is_empty() {
            text += &format!("; denied: {}", listed(&unchecked.permissions, 4 * NAMES));
        }
        if says_region {
            text += &format!("; in {}", names(&unchecked.regions));
        }
        plain(&text)
    }

    /// Which command prints the permissions that are missing.
    fn permission_hints(&mut self, gathered: &Gathered) {
        let needed = || gathered.unchecked.keys().filter_map(|reason| reason.strip_prefix(NEEDS));
        if needed().any(|permission| !is_of_organization(permission) && !is_of_insights(permission)) {
            self.wrapped("  ", "`gatelight iam-policy` prints every permission that an audit needs.");
        }
        if needed().any(is_of_insights) {
            self.wrapped("  ", "`gatelight iam-policy --insights` prints those that `--insights` needs.");
        }
        if needed().any(is_of_organization) {
            self.wrapped(
                "  ",
                "Only an organization's management account and its delegated administrators can read its policies: \
                 `gatelight iam-policy --organization` prints the permissions for these. Outcomes that are unknown \
                 without them do not change the exit status.",
            );
        }
    }
}

/// Whether only the accounts of an organization's administrators need that permission.
fn is_of_organization(permission: &str) -> bool {
    permission.starts_with("organizations:")
}

/// Whether only queries of CloudWatch Logs Insights need that permission.
fn is_of_insights(permission: &str) -> bool {
    let mut all = Operation::ALL.iter().filter(|operation| operation.granted() == Granted::WithInsights);
    all.any(|operation| operation.permission() == permission)
}
