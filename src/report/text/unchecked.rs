//! What could not be checked, and what would let it be checked.

use std::io;

use super::{
    gathered::{Gathered, NEEDS},
    page::{DEEPER, INDENT, TextPage},
};
use crate::{
    collect::aws::{Granted, Operation},
    text::{count, plain},
};

impl TextPage<'_> {
    pub(super) fn unchecked(&mut self, gathered: &Gathered) -> io::Result<()> {
        if gathered.unchecked.is_empty() {
            return Ok(());
        }
        self.heading("Could not check")?;
        self.permission_hints(gathered)?;
        for (reason, unchecked) in &gathered.unchecked {
            self.wrapped(INDENT, &plain(reason))?;
            let checks: Vec<_> = unchecked.checks.iter().copied().collect();
            let checks = match checks.len() {
                n if n > 4 && !self.verbose => format!("{n} checks"),
                _ => checks.join(", "),
            };
            let regions = if self.names_regions { format!("; in {}", unchecked.regions.list()) } else { String::new() };
            let permissions = if unchecked.permissions.is_empty() {
                String::new()
            } else {
                format!("; denied: {}", unchecked.permissions.list())
            };
            let about =
                if unchecked.about.is_empty() { String::new() } else { format!("; about {}", unchecked.about.list()) };
            let text = match unchecked.outcomes {
                // Other facts decided.
                0 => format!("no verdict rests on it{permissions}{about}{regions}"),
                n => format!("{}: {checks}{permissions}{about}{regions}", count(n as u64, "outcome")),
            };
            self.wrapped(DEEPER, &plain(&text))?;
        }
        Ok(())
    }

    /// Which command prints the permissions that are missing.
    fn permission_hints(&mut self, gathered: &Gathered) -> io::Result<()> {
        let needed = || gathered.unchecked.keys().filter_map(|reason| reason.strip_prefix(NEEDS));
        if needed().any(|permission| !is_of_organization(permission) && !is_of_insights(permission)) {
            self.wrapped(INDENT, "`gatelight iam-policy` prints all the permissions that it needs.")?;
        }
        if needed().any(is_of_insights) {
            self.wrapped(INDENT, "`gatelight iam-policy --insights` prints the permissions that `--insights` needs.")?;
        }
        if needed().any(is_of_organization) {
            self.wrapped(
                INDENT,
                "AWS tells the policies of an organization to its management account and to delegated administrators \
                 alone; `gatelight iam-policy --organization` prints the permissions for these. What is not known of them \
                 does not count for the exit status.",
            )?;
        }
        Ok(())
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
