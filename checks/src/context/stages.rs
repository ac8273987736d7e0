//! Stages by API.

use std::collections::BTreeMap;

use gatelight_model::{
    Gap,
    inventory::{Api, Region, Stage, StageOf},
};

/// Stages by API: those of REST APIs that trace, or whichever else are looked for.
#[derive(Debug, Default)]
pub struct TracedStages<'a> {
    /// By the API's id.
    pub by_api: BTreeMap<&'a str, Vec<StageOf<'a>>>,
    /// Why there may be more.
    pub unseen: Option<Gap>,
}

impl<'a> TracedStages<'a> {
    /// Those of REST APIs that trace.
    pub(super) fn tracing(region: &'a Region) -> Self {
        Self::among(region.rest_apis.each(), |stage| stage.tracing == Some(true))
    }

    /// All stages, of any kind of API.
    pub(super) fn all(region: &'a Region) -> Self {
        Self::among(region.rest_apis.each().chain(region.v2_apis.each()), |_| true)
    }

    fn among(apis: impl Iterator<Item = Result<&'a Api, Gap>>, picks: fn(&Stage) -> bool) -> Self {
        let mut this = Self::default();
        for api in apis {
            match api {
                Ok(api) => {
                    let picked = api.stages.seen.iter().filter(|stage| picks(stage));
                    let picked: Vec<_> = picked.map(|stage| StageOf { api, stage }).collect();
                    if !picked.is_empty() {
                        this.by_api.insert(&api.id, picked);
                    }
                    this.unseen = this.unseen.or(api.stages.rest.get().err());
                }
                Err(gap) => this.unseen = this.unseen.or(Some(gap)),
            }
        }
        this
    }
}
