//! Reads accounts × regions from AWS into the inventory. It states facts and never judges: `gatelight_checks::plan` says
//! what to ask next, and nothing else of the checks is known here.

mod apigateway;
pub(crate) mod aws;
mod cache;
mod client;
mod cloudwatch;
mod ec2;
mod iam;
mod kms;
mod lambda;
pub(crate) mod logs;
mod needs;
mod organizations;
mod region;
mod regions;
mod route53;
mod xray;

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use gatelight_checks::plan;
use gatelight_model::{
    Gap,
    inventory::{Account, ClosedRegion},
};
use jiff::Timestamp;

use self::{
    aws::{CallerIdentity, Calls, Pace, Session},
    client::RegionClient,
};
pub(crate) use self::{
    cache::CollectorCache,
    client::OtherAccount,
    logs::search::patterns::{LogGroupSelector, SearchSettings},
    needs::{EvidenceOptions, Needs},
    region::CollectedRegion,
    regions::{check_regions, every_region, partition_of},
};

/// Regions of an account that are read at once: each has its own quotas.
const REGIONS_AT_ONCE: usize = 8;

/// One account as it was collected.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) account: Account,
    pub(crate) regions: Vec<CollectedRegion>,
}

/// Reads `regions` of the account that `session` belongs to; `others` are the accounts of the run. Whatever cannot be read becomes a gap. Global services are
/// called in the region `home`. `global` made the calls that found out who the caller is; they count with the account's
/// first region.
pub(crate) async fn collect(
    (session, others): (&Session, &Arc<[OtherAccount]>),
    caller: &CallerIdentity,
    home: &str,
    regions: &[String],
    needs: &Needs,
    pace: Pace,
    global: &Calls,
) -> Collected {
    let progress = global.progress();
    let mut account = Account {
        id: caller.account.clone().into(),
        partition: caller.partition.clone().unwrap_or_else(|| partition_of(home).to_owned()),
        collected_at: Timestamp::now(),
        roles: Vec::new(),
        managed_policies: Vec::new(),
        organization: Err(Gap::not_collected("the organization (no role needs it)")).into(),
    };
    let mut read: Vec<CollectedRegion> = stream::iter(regions)
        .map(|name| {
            let client = RegionClient::new((session, others), caller, name, pace, progress.clone());
            let account = &account;
            async move { region::collect(&client, account, needs, global).await }
        })
        .buffered(REGIONS_AT_ONCE)
        .collect()
        .await;

    note_regions_not_enabled(session, home, global, &mut read).await;

    let facts = || read.iter().map(|region| &region.facts);
    let wanted = plan::wanted_roles(&account, facts(), &needs.facts);
    if !wanted.is_empty() {
        progress.show(|| format!("IAM: {} roles", wanted.len()));
        let iam = iam::Iam { client: session.iam(home), calls: global };
        (account.roles, account.managed_policies) = iam.read(&wanted).await;
    }
    if plan::wants_organization(&account, facts(), &needs.facts) {
        account.organization = match account.id.get() {
            Ok(id) => {
                let client = session.organizations(home);
                organizations::Organizations { client, calls: global }.read(id).await.into()
            }
            Err(gap) => Err(gap).into(),
        };
    }
    if let Some(first) = read.first_mut() {
        first.traffic.add(&global.traffic());
    }
    Collected { account, regions: read }
}

/// A region that is not enabled rejects the credentials as if they were nobody's. Where they are good in `home`, one more
/// call tells which it is.
async fn note_regions_not_enabled(session: &Session, home: &str, calls: &Calls, read: &mut [CollectedRegion]) {
    if !read.iter().any(|region| region.rejects_credentials) {
        return;
    }
    // Without an answer the gaps stand: that the credentials were rejected.
    let Ok(disabled) = regions::not_enabled(session, home, calls).await else { return };
    for region in read.iter_mut().filter(|region| region.rejects_credentials) {
        if disabled.contains(&region.facts.name) {
            region.facts.closed = Some(ClosedRegion::NotEnabled);
        }
    }
}
