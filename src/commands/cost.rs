//! `gatelight cost`: estimates what the logs and traces of each stage cost a month.

mod json;
mod text;

use gatelight_checks::{
    Context, Scope,
    cost::{Estimate, PriceList, StageCost, StageFacts, Total, estimate, worst_first},
};
use gatelight_model::{
    Gap, Need, Subject,
    inventory::{Account, Region},
};
use jiff::Timestamp;

use crate::{
    cli::{CostArgs, FindingsFormat},
    collect::{CollectorCache, aws::Traffic},
    inventory_file, inventory_source,
    output::Sink,
    progress::Progress,
};

/// The facts that estimates need.
const NEEDS: &[Need] = &[
    Need::Stages,
    Need::AccessLogGroups,
    Need::ExecutionLogGroups,
    Need::LogDeliveries,
    // If a function writes to a group too, its volume is not that of the execution log alone.
    Need::Functions,
    Need::Traffic,
    Need::ExecutionLogVolume,
    Need::SamplingRules,
    Need::TraceDestination,
];

/// What all stages cost, the highest first.
struct Estimates {
    prices: &'static PriceList,
    stages: Vec<(StageLocation, StageCost)>,
    /// Accounts and regions that may have more stages, and why they are not known.
    unread: Vec<(String, String, Gap)>,
    /// How many regions were read, of all accounts.
    regions: usize,
}

/// A stage, with its account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StageLocation {
    name: String,
    account: String,
    region: String,
    arn: String,
    kind: &'static str,
}

impl Estimates {
    fn new(prices: &'static PriceList) -> Self {
        Self { prices, stages: Vec::new(), unread: Vec::new(), regions: 0 }
    }

    /// Adds the stages of a region.
    fn add(&mut self, account: &Account, region: &Region) {
        let context = Context::new(Scope { account, region });
        let id = account.id.get().map_or_else(|_| "unknown".to_owned(), Clone::clone);
        self.regions += 1;
        for stage in context.stages() {
            match stage {
                Ok(stage) => {
                    let Subject { kind, arn, name } = context.stage_subject(&stage);
                    let location = StageLocation {
                        name,
                        account: id.clone(),
                        region: region.name.clone(),
                        arn,
                        kind: kind.name(),
                    };
                    self.stages.push((location, estimate(&StageFacts::of(&stage, &context), self.prices)));
                }
                Err(gap) => self.unread.push((id.clone(), region.name.clone(), gap)),
            }
        }
    }

    fn sort(&mut self) {
        worst_first(&mut self.stages, Ord::cmp);
    }

    fn total(&self) -> Total {
        self.stages.iter().flat_map(|(_, cost)| &cost.costs).collect()
    }

    /// What API Gateway itself charges for the requests.
    fn requests(&self) -> Total {
        self.stages.iter().map(|(_, cost)| &cost.requests).collect()
    }

    fn exit_code(&self) -> u8 {
        let is_known = self.unread.is_empty() && self.total().gaps.is_empty();
        if is_known { 0 } else { 3 }
    }
}

/// Whether the logs and traces of a stage cost more than API Gateway charges for its requests, as far as is known.
fn exceeds_requests(cost: &StageCost) -> bool {
    matches!(&cost.requests.estimate, Estimate::Known(requests) if cost.total().known > *requests)
}

impl inventory_file::Visitor for Estimates {
    fn begun(&mut self, _: Timestamp) -> anyhow::Result<()> {
        Ok(())
    }

    fn region(&mut self, account: &Account, region: &Region, _: Traffic) -> anyhow::Result<()> {
        self.add(account, region);
        Ok(())
    }

    fn finished(&mut self, _: Timestamp) -> anyhow::Result<()> {
        self.sort();
        Ok(())
    }
}

/// Prints what stages cost. The exit status is 3 if something could not be estimated, else 0.
///
/// # Errors
/// If nothing could be read, or the output cannot be written.
pub(crate) async fn cost(arguments: CostArgs) -> anyhow::Result<u8> {
    arguments.flags.settings.check_flags()?;
    let mut config = arguments.flags.settings.resolve()?;
    config.checks.clear();
    config.extra_needs = NEEDS;
    let output = Sink::open(&config.output)?;
    let mut estimates = Estimates::new(PriceList::shipped());
    inventory_source::read(
        &config,
        CollectorCache::new(),
        &Progress::new(config.shows_progress, config.quiet),
        &mut estimates,
    )
    .await?;
    let colored = config.color.is_on(&output);
    output.write(|out| match arguments.format {
        FindingsFormat::Text => text::render(&estimates, colored, out),
        FindingsFormat::Json => json::render(&estimates, out),
    })?;
    Ok(estimates.exit_code())
}

#[cfg(test)]
mod tests;
