//! How far the audit got at all, on the page: that nothing was checked stands first; regions that were skipped, and that
//! there is no API, follow.

use std::collections::BTreeMap;

use super::{
    super::{ApiListings, Report},
    gathered::region_name,
    page::{BOLD, TextPage},
};
use crate::text::{list_and_more, plain};

/// Regions that one sentence names; more are counted.
const NAMED: usize = 4;
/// Lines of one list of names.
const NAMES: usize = 3;

impl TextPage {
    /// That nothing was checked, and why.
    pub(super) fn nothing_checked(&mut self, report: &Report) {
        let Some(nothing) = &report.nothing_checked else { return };
        self.line(format!("{BOLD}{}{BOLD:#}", nothing.text));
        for (reason, regions) in &nothing.reasons {
            self.wrapped("  ", &plain(reason));
            if report.regions.len() > 1 {
                let names: Vec<String> = regions.iter().map(ToString::to_string).collect();
                for line in self.names(&names, self.width() - 7, NAMES) {
                    self.line(format!("    in {line}"));
                }
            }
        }
        self.line("");
    }

    /// Regions that are closed to the account. Where nothing was checked, their reasons stand there already.
    pub(super) fn skipped(&mut self, report: &Report) {
        if report.nothing_checked.is_some() {
            return;
        }
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for region in &report.regions {
            if let Some(closed) = &region.skipped {
                by_reason.entry(closed.to_string()).or_default().push(region_name(report, region));
            }
        }
        if !by_reason.is_empty() {
            self.heading("Skipped");
        }
        for (reason, names) in &by_reason {
            for line in self.names(names, self.width() - 2, NAMES) {
                self.line(format!("  {line}"));
            }
            self.wrapped("    ", &plain(reason));
        }
    }

    /// That no region has an API, where that is known of all that were read.
    pub(super) fn no_api(&mut self, report: &Report) {
        let mut names = Vec::new();
        for region in report.regions.iter().filter(|region| region.skipped.is_none()) {
            match region.apis {
                ApiListings::Read { apis: 0, whole: true } => names.push(plain(&region.region)),
                _ => return,
            }
        }
        if names.is_empty() {
            return;
        }
        names.sort();
        names.dedup();
        let rest = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let place = list_and_more(&names, rest);
        let hint = if report.all_regions || report.replayed.is_some() {
            ""
        } else {
            " Is this the right region? `--all-regions` audits every enabled region of the account."
        };
        self.wrapped("", &format!("There is no API in {place}.{hint}"));
    }
}
