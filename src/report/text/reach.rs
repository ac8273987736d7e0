//! How far the audit got at all, on the page: that nothing was checked stands first; regions that were skipped, and that
//! there is no API, follow.

use std::{collections::BTreeMap, io};

use super::{
    super::{ApiListings, Report},
    gathered::region_name,
    names::{NameList, shown},
    page::{BOLD, DEEPER, INDENT, TextPage},
};
use crate::text::{WIDTH, list_and_more, plain, wrap};

/// Regions that one sentence names; more are counted.
const NAMED: usize = 4;

impl TextPage<'_> {
    /// That nothing was checked, and why.
    pub(super) fn nothing_checked(&mut self, report: &Report) -> io::Result<()> {
        let Some(nothing) = &report.nothing_checked else { return Ok(()) };
        writeln!(self.out, "{BOLD}{}{BOLD:#}", nothing.text)?;
        for (reason, regions) in &nothing.reasons {
            self.wrapped(INDENT, &plain(reason))?;
            if self.names_regions {
                let mut names = NameList::default();
                for name in regions {
                    names.add(name, shown(self.verbose));
                }
                self.wrapped(DEEPER, &format!("in {}", names.list()))?;
            }
        }
        writeln!(self.out)
    }

    /// Regions that are closed to the account. Where nothing was checked, their reasons stand there already.
    pub(super) fn skipped(&mut self, report: &Report) -> io::Result<()> {
        if report.nothing_checked.is_some() {
            return Ok(());
        }
        let mut by_reason: BTreeMap<String, NameList> = BTreeMap::new();
        for region in &report.regions {
            if let Some(closed) = &region.skipped {
                by_reason.entry(closed.to_string()).or_default().add(&region_name(region), shown(self.verbose));
            }
        }
        if !by_reason.is_empty() {
            self.heading("Skipped")?;
        }
        for (reason, names) in &by_reason {
            self.names(INDENT, names, "")?;
            self.wrapped(DEEPER, &plain(reason))?;
        }
        Ok(())
    }

    /// That no region has an API, where that is known of all that were read.
    pub(super) fn no_api(&mut self, report: &Report) -> io::Result<()> {
        let mut names = Vec::new();
        for region in report.regions.iter().filter(|region| region.skipped.is_none()) {
            match region.apis {
                ApiListings::Read { apis: 0, whole: true } => names.push(plain(&region.region)),
                _ => return Ok(()),
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        names.sort();
        names.dedup();
        let rest = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let place = list_and_more(&names, rest);
        let hint = if report.all_regions || report.replayed.is_some() {
            ""
        } else {
            " Is it the right region? `--all-regions` audits every region that is enabled for the account."
        };
        for line in wrap(&format!("There is no API in {place}.{hint}"), WIDTH) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}
