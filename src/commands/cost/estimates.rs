//! What `gatelight cost` knows of each stage, for all its formats.

use gatelight_checks::{
    Context, Scope,
    cost::{Estimate, PriceList, StageCost, StageFacts, Total, estimate, worst_first},
};
use gatelight_model::{
    Gap, Subject,
    inventory::{Account, Region},
};
use jiff::Timestamp;

use crate::{collect::aws::Traffic, inventory_file, runtime::FAILED};

/// What all stages cost, the highest first.
pub(super) struct Estimates {
    pub(super) prices: &'static PriceList,
    pub(super) stages: Vec<(StageLocation, StageCost)>,
    /// Accounts and regions that may have more stages, and why they are not known.
    pub(super) unread: Vec<(String, String, Gap)>,
    /// Accounts and regions that are closed to the account, and why: they have no stages.
    pub(super) skipped: Vec<(String, String, String)>,
    /// How many regions were read, of all accounts.
    pub(super) regions: usize,
}

/// A stage, with its account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StageLocation {
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) arn: String,
    pub(super) kind: &'static str,
}

impl Estimates {
    pub(super) fn new(prices: &'static PriceList) -> Self {
        Self { prices, stages: Vec::new(), unread: Vec::new(), skipped: Vec::new(), regions: 0 }
    }

    /// Adds the stages of a region.
    pub(super) fn add(&mut self, account: &Account, region: &Region) {
        let context = Context::new(Scope { account, region });
        let id = account.id.get().map_or_else(|_| "unknown".to_owned(), Clone::clone);
        if let Some(closed) = &region.closed {
            self.skipped.push((id, region.name.clone(), closed.to_string()));
            return;
        }
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

    pub(super) fn sort(&mut self) {
        worst_first(&mut self.stages, Ord::cmp);
    }

    pub(super) fn total(&self) -> Total {
        self.stages.iter().flat_map(|(_, cost)| &cost.costs).collect()
    }

    /// What API Gateway itself charges for the requests.
    pub(super) fn requests(&self) -> Total {
        self.stages.iter().map(|(_, cost)| &cost.requests).collect()
    }

    pub(super) fn exit_code(&self) -> u8 {
        let is_known = self.unread.is_empty() && self.total().gaps.is_empty();
        match self.regions {
            // Every region was skipped.
            0 if !self.skipped.is_empty() => FAILED,
            _ if is_known => 0,
            _ => 3,
        }
    }
}

/// Whether the logs and traces of a stage cost more than API Gateway charges for its requests, as far as is known.
pub(super) fn exceeds_requests(cost: &StageCost) -> bool {
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
