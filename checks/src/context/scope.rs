//! What an audit is about.

use gatelight_model::{
    Gap,
    arn::Destination,
    inventory::{Account, Region, StageOf},
};

/// One region of one account.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What is global.
    pub account: &'a Account,
    /// What is regional.
    pub region: &'a Region,
}

impl<'a> Scope<'a> {
    /// The account's id.
    ///
    /// # Errors
    /// If AWS would not say whose credentials these are.
    pub fn account_id(&self) -> Result<&'a str, Gap> {
        self.account.id.get().map(String::as_str)
    }

    /// Every stage that was seen, and a gap for each listing that broke off.
    pub fn stages(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> + use<'a> {
        let region = self.region;
        region.rest_apis.each().chain(region.v2_apis.each()).flat_map(|api| {
            let (stages, gap) = match api {
                Ok(api) => (Some(api.stages.each().map(move |stage| Ok(StageOf { api, stage: stage? }))), None),
                Err(gap) => (None, Some(Err(gap))),
            };
            stages.into_iter().flatten().chain(gap)
        })
    }

    /// Whether a destination may lie in this account and region, the only place that API Gateway writes to. An account
    /// whose id is not known is not compared: the ARN of what is found there under that name tells.
    #[must_use]
    pub fn is_here(&self, destination: &Destination<'_>) -> bool {
        destination.arn().is_some_and(|arn| {
            arn.partition == self.account.partition
                && arn.region == self.region.name
                && self.account_id().map_or(true, |id| arn.account == id)
        })
    }
}
