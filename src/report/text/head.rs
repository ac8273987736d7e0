//! The head of the page: what was audited, and what the audit itself asked of AWS.

use std::{collections::BTreeSet, io};

use super::{
    super::{ApiListings, Report, insights_cost},
    gathered::region_name,
    page::{BOLD, DIM, TextPage},
};
use crate::{
    collect::aws::Traffic,
    text::{count, thousands},
};

/// Regions that get a line of their own; more are summed up.
const LINES: usize = 8;

impl TextPage<'_> {
    /// What was audited, how long it took, and what it cost.
    pub(super) fn head(&mut self, report: &Report) -> io::Result<()> {
        let seconds = report.finished_at.as_second() - report.started_at.as_second();
        if report.regions.len() <= LINES {
            for region in &report.regions {
                let name = region_name(region);
                let stages = match (&region.skipped, &region.apis) {
                    (Some(_), _) => "skipped".to_owned(),
                    (None, ApiListings::Read { apis: 0, whole: true }) => "no API".to_owned(),
                    (None, ApiListings::Unread(_)) => "APIs not listed".to_owned(),
                    (None, _) => count(region.stages, "stage"),
                };
                writeln!(self.out, "{BOLD}{name}{BOLD:#} · {seconds} s · {stages}{}", requests(&region.traffic))?;
            }
        } else {
            let accounts: BTreeSet<_> = report.regions.iter().map(|region| &region.account).collect();
            let mut traffic = Traffic::default();
            report.regions.iter().for_each(|region| traffic.add(&region.traffic));
            let stages = report.regions.iter().map(|region| region.stages).sum();
            writeln!(
                self.out,
                "{BOLD}{}, {}{BOLD:#} · {seconds} s · {}{}",
                count(accounts.len() as u64, "account"),
                count(report.regions.len() as u64, "region"),
                count(stages, "stage"),
                requests(&traffic)
            )?;
        }
        match report.regions.iter().map(|region| region.traffic.metrics).sum() {
            0 => {}
            n => {
                let metrics = count(n, "CloudWatch metric");
                writeln!(self.out, "{DIM}{metrics} requested, for which AWS bills {}{DIM:#}", price(n))?;
            }
        }
        if let Some(line) =
            insights_cost::line(report.regions.iter().map(|region| (region.region.as_str(), &region.traffic)))
        {
            writeln!(self.out, "{DIM}{line}{DIM:#}")?;
        }
        Ok(())
    }
}

/// ` · 1,204 requests, none throttled`; nothing for a saved inventory.
fn requests(traffic: &Traffic) -> String {
    if traffic.total() == 0 {
        return String::new();
    }
    let throttled = match traffic.throttled {
        0 => "none throttled".to_owned(),
        n => format!("{} throttled", thousands(n)),
    };
    format!(" · {} requests, {throttled}", thousands(traffic.total()))
}

/// What AWS bills for metrics: $0.01 per 1,000 that were requested (<https://aws.amazon.com/cloudwatch/pricing/>, us-east-1).
fn price(metrics: u64) -> String {
    if metrics < 1_000 {
        return "less than $0.01".to_owned();
    }
    let cents = (metrics + 500) / 1_000;
    format!("about ${}.{:02}", thousands(cents / 100), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::price;

    #[test]
    fn a_thousand_metrics_cost_a_cent() {
        for (metrics, said) in [
            (1, "less than $0.01"),
            (999, "less than $0.01"),
            (1_000, "about $0.01"),
            (1_499, "about $0.01"),
            (1_500, "about $0.02"),
            (10_000, "about $0.10"),
            (123_456_789, "about $1,234.57"),
        ] {
            assert_eq!(price(metrics), said);
        }
    }
}
