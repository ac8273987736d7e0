//! Accounts × regions → inventory: states facts and never judges.

pub(crate) mod aws;
mod destinations;
mod gateway;
mod regions;
mod roles;

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use futures_util::{
    StreamExt,
    future::{join, join3},
    stream,
};
use gatelight_checks::{
    Check, Context, Fetched, Gap, Listing, World,
    arn::Destination,
    check::Need,
    inventory::{self, Account},
};
use jiff::Timestamp;

use self::aws::{Caller, Calls, Pace, Session, Traffic};
pub(crate) use self::regions::{check_regions, every_region, partition_of};

/// Regions of an account that are read at once: each has its own quotas.
const REGIONS_AT_ONCE: usize = 8;

/// Which facts to collect.
pub(crate) type Needs = BTreeSet<Need>;

/// What some checks need.
pub(crate) fn needs_of(checks: &[&'static Check]) -> Needs {
    checks.iter().flat_map(|check| check.needs).copied().collect()
}

/// One account as it was collected.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) account: Account,
    pub(crate) regions: Vec<CollectedRegion>,
}

/// One region of it, and what it cost to read.
#[derive(Debug)]
pub(crate) struct CollectedRegion {
    pub(crate) facts: inventory::Region,
    pub(crate) traffic: Traffic,
}

/// A region that is being read.
struct Region {
    name: String,
    config: SdkConfig,
    calls: Calls,
}

/// Reads `regions` of the account that `session` belongs to. Whatever cannot be read becomes a gap. What is global is
/// asked in `home`. `global` made the calls that found out who the caller is; they count with the account's first region.
pub(crate) async fn collect(
    session: &Session,
    caller: &Caller,
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
    };
    let mut read: Vec<CollectedRegion> = stream::iter(regions)
        .map(|name| {
            let region = Region {
                name: name.clone(),
                config: session.in_region(name),
                calls: Calls::new(pace, progress.clone()),
            };
            let account = &account;
            async move {
                let facts = region.collect(account, needs).await;
                CollectedRegion { facts, traffic: region.calls.traffic() }
            }
        })
        .buffered(REGIONS_AT_ONCE)
        .collect()
        .await;

    if needs.contains(&Need::GatewayRole) {
        let wanted = read.iter().filter_map(|region| {
            let settings = region.facts.gateway_settings.get().ok()?;
            settings.cloudwatch_role.clone()
        });
        let wanted: BTreeSet<String> = wanted.collect();
        if !wanted.is_empty() {
            progress.say(|| format!("IAM: {} roles", wanted.len()));
            let iam = roles::Iam {
                client: session.iam(home),
                calls: global,
                with_policies: needs.contains(&Need::GatewayRolePolicies),
            };
            account.roles = iam.roles(wanted).await;
            account.managed_policies = iam.managed_policies(&account.roles).await;
        }
    }
    if let Some(first) = read.first_mut() {
        first.traffic.add(&global.traffic());
    }
    Collected { account, regions: read }
}

impl Region {
    async fn collect(&self, account: &Account, needs: &Needs) -> inventory::Region {
        let not_asked = |what: &str| Gap::not_collected(format!("{what} in {}", self.name));
        let mut facts = inventory::Region {
            name: self.name.clone(),
            rest_apis: Listing::unread(not_asked("REST APIs")),
            v2_apis: Listing::unread(not_asked("HTTP and WebSocket APIs")),
            gateway_settings: Err(not_asked("API Gateway settings")).into(),
            log_groups: Vec::new(),
            delivery_streams: Vec::new(),
            functions: Listing::unread(not_asked("functions")),
            callers: Vec::new(),
            log_policies: Listing::unread(not_asked("resource policies of CloudWatch Logs")),
            capacity_providers: Vec::new(),
            network: inventory::Network::not_collected(),
            log_probes: Vec::new(),
        };
        if needs.contains(&Need::Stages) {
            (facts.rest_apis, facts.v2_apis) = join(gateway::rest_apis(self), gateway::v2_apis(self)).await;
        }
        let wanted = Wanted::of(account, &facts, needs);
        let settings = async {
            if wanted.settings {
                gateway::settings(self).await
            } else {
                Fetched::from(Err(not_asked("API Gateway settings (no stage uses them)")))
            }
        };
        (facts.gateway_settings, facts.log_groups, facts.delivery_streams) = join3(
            settings,
            destinations::log_groups(self, wanted.log_groups),
            destinations::delivery_streams(self, wanted.delivery_streams),
        )
        .await;
        facts
    }
}

/// What to ask about next, given the stages: an empty region costs its listings and nothing more.
#[derive(Debug, Default)]
struct Wanted {
    settings: bool,
    log_groups: BTreeSet<String>,
    delivery_streams: BTreeSet<String>,
}

impl Wanted {
    fn of(account: &Account, facts: &inventory::Region, needs: &Needs) -> Self {
        let context = Context::new(World { account, region: facts });
        let mut wanted = Self {
            // A listing that broke off may hide a stage that uses the settings.
            settings: needs.contains(&Need::GatewaySettings) && context.stages_that_need_the_role().next().is_some(),
            ..Self::default()
        };
        for stage in context.stages().flatten() {
            match stage.access_log().map(|log| log.destination) {
                Some(destination @ Destination::LogGroup(_, name))
                    if needs.contains(&Need::AccessLogGroups) && context.is_here(&destination) =>
                {
                    wanted.log_groups.insert(name.to_owned());
                }
                Some(destination @ Destination::DeliveryStream(_, name))
                    if needs.contains(&Need::DeliveryStreams)
                        && context.is_here(&destination)
                        && destination.is_well_named() =>
                {
                    wanted.delivery_streams.insert(name.to_owned());
                }
                _ => {}
            }
            if needs.contains(&Need::ExecutionLogGroups) && stage.logs_execution() {
                wanted.log_groups.extend(stage.execution_log_groups());
            }
        }
        wanted
    }
}
