//! Accounts × regions → inventory: states facts and never judges.

pub(crate) mod aws;
mod destinations;
mod functions;
mod gateway;
mod keys;
mod log_policies;
mod metrics;
mod network;
mod probe;
mod regions;
mod roles;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use futures_util::{StreamExt, future::join, stream};
use gatelight_checks::{
    Check, Context, Fetched, Gap, Listing, World,
    arn::{Arn, Destination},
    check::Need,
    inventory::{self, AccessLog, Account, CapacityProviderAnswer, Function, LogGroupAnswer, Network, Protocol},
};
use jiff::Timestamp;

use self::{
    aws::{Caller, Calls, Pace, Session, Traffic},
    destinations::LogGroups,
};
pub(crate) use self::{
    probe::Evidence,
    regions::{check_regions, every_region, partition_of},
};

/// Regions of an account that are read at once: each has its own quotas.
const REGIONS_AT_ONCE: usize = 8;

/// Which facts to collect.
#[derive(Debug)]
pub(crate) struct Needs {
    facts: BTreeSet<Need>,
    evidence: Evidence,
    /// In milliseconds: where API Gateway itself takes longer, percentiles are asked for.
    overhead_limit: u32,
}

impl Needs {
    /// What `checks` need.
    pub(crate) fn of(checks: &[&'static Check], evidence: Evidence, overhead_limit: u32) -> Self {
        Self { facts: checks.iter().flat_map(|check| check.needs).copied().collect(), evidence, overhead_limit }
    }

    fn contains(&self, need: Need) -> bool {
        self.facts.contains(&need)
    }
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
    ec2: aws_sdk_ec2::Client,
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
                ec2: session.ec2(name),
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

    let wanted = wanted_roles(&account, &read, needs);
    if !wanted.is_empty() {
        progress.say(|| format!("IAM: {} roles", wanted.len()));
        let iam = roles::Iam { client: session.iam(home), calls: global };
        (account.roles, account.managed_policies) = iam.read(&wanted).await;
    }
    if let Some(first) = read.first_mut() {
        first.traffic.add(&global.traffic());
    }
    Collected { account, regions: read }
}

impl Region {
    /// The region before anything was asked.
    fn nothing_asked(&self) -> inventory::Region {
        let not_asked = |what: &str| Gap::not_collected(format!("{what} in {}", self.name));
        inventory::Region {
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
            keys: Vec::new(),
            traffic: Vec::new(),
            taken: Vec::new(),
        }
    }

    async fn collect(&self, account: &Account, needs: &Needs) -> inventory::Region {
        let not_asked = |what: &str| Gap::not_collected(format!("{what} in {}", self.name));
        let mut facts = self.nothing_asked();
        let mut groups = LogGroups::new(self);
        let apis = async {
            if needs.contains(Need::Stages) {
                Some(join(gateway::rest_apis(self), gateway::v2_apis(self)).await)
            } else {
                None
            }
        };
        // Beside API Gateway's lane, which is by far the slowest: nothing here waits for a stage.
        let lambda = async {
            if FUNCTION_FACTS.iter().any(|need| needs.contains(*need)) {
                Some(self.functions(needs, &mut groups).await)
            } else {
                None
            }
        };
        let (apis, lambda) = join(Box::pin(apis), Box::pin(lambda)).await;
        if let Some(apis) = apis {
            (facts.rest_apis, facts.v2_apis) = apis;
        }
        if let Some(lambda) = lambda {
            (facts.functions, facts.capacity_providers, facts.network) = lambda;
        }

        let wanted = Wanted::of(account, &facts, needs);
        let settings = async {
            if wanted.settings {
                gateway::settings(self).await
            } else {
                Fetched::from(Err(not_asked("API Gateway settings (no stage uses them)")))
            }
        };
        let in_use = groups_to_probe(account, &facts, needs);
        let logs = async {
            let (answers, streams) = join(
                Box::pin(groups.answers(wanted.log_groups)),
                Box::pin(destinations::delivery_streams(self, wanted.delivery_streams)),
            )
            .await;
            let searched: Vec<_> = answers.iter().filter(|answer| in_use.contains(&answer.name)).collect();
            let context = Context::new(World { account, region: &facts });
            let places = traffic::Places { groups: &answers, streams: &streams };
            let asked_about = probe::names(&searched);
            let first = Box::pin(traffic::first(self, &context, places, &asked_about, needs)).await;
            let policies = async {
                if wanted.delivered_to.is_empty() {
                    Listing::unread(not_asked("resource policies of CloudWatch Logs (no stage needs one)"))
                } else {
                    log_policies::log_policies(self, there(wanted.delivered_to, &answers)).await
                }
            };
            let silent = first.silent.clone();
            let served = traffic::then(self, &context, places, first, needs);
            let window = needs.evidence.window(account.collected_at);
            let probes = probe::log_probes(self, &searched, &silent, window, needs.evidence);
            let keys = async {
                if needs.contains(Need::LogGroupKeys) {
                    keys::keys(self, keys::of_groups(&answers)).await
                } else {
                    Vec::new()
                }
            };
            let (policies, probes, keys, served) =
                tokio::join!(Box::pin(policies), Box::pin(probes), Box::pin(keys), Box::pin(served));
            (policies, probes, keys, served, answers, streams)
        };
        let callers = async {
            if needs.contains(Need::Callers) {
                functions::callers(self, &facts.functions.seen, &facts.rest_apis).await
            } else {
                Vec::new()
            }
        };
        let (settings, logs, callers) = tokio::join!(settings, Box::pin(logs), callers);
        facts.gateway_settings = settings;
        (
            facts.log_policies,
            facts.log_probes,
            facts.keys,
            (facts.traffic, facts.taken),
            facts.log_groups,
            facts.delivery_streams,
        ) = logs;
        facts.callers = callers;
        facts
    }

    /// Functions, and what only they lead to.
    async fn functions(
        &self,
        needs: &Needs,
        groups: &mut LogGroups<'_>,
    ) -> (Listing<Function>, Vec<CapacityProviderAnswer>, Network) {
        let functions = functions::functions(self).await;
        let network = async {
            if !needs.contains(Need::Networks) {
                return (Vec::new(), Network::not_collected());
            }
            let providers = functions::capacity_providers(self, &functions.seen).await;
            let network = network::network(self, &functions.seen, &providers).await;
            (providers, network)
        };
        let names = names_of_groups(&functions.seen, needs);
        let ((providers, network), ()) = join(Box::pin(network), groups.list(&names)).await;
        (functions, providers, network)
    }
}

/// Facts that functions are listed for.
const FUNCTION_FACTS: [Need; 5] =
    [Need::Functions, Need::Callers, Need::FunctionRoles, Need::FunctionLogGroups, Need::Networks];

fn names_of_groups(functions: &[Function], needs: &Needs) -> BTreeSet<String> {
    let wanted = functions.iter().filter(|_| needs.contains(Need::FunctionLogGroups));
    wanted.map(Function::log_group_name).collect()
}

/// The names of the log groups to search for signs of failure: all that something writes to.
fn groups_to_probe(account: &Account, facts: &inventory::Region, needs: &Needs) -> BTreeSet<String> {
    if !needs.contains(Need::LogProbes) {
        return BTreeSet::new();
    }
    let context = Context::new(World { account, region: facts });
    context.log_groups_in_use().into_iter().map(|group| group.name).collect()
}

/// The ARNs of those of `groups` (by name) that are there, as far as is known.
fn there(groups: BTreeMap<String, String>, answers: &[LogGroupAnswer]) -> BTreeSet<String> {
    let gone: BTreeSet<&String> =
        answers.iter().filter(|answer| answer.group.get() == Ok(&None)).map(|answer| &answer.name).collect();
    groups.into_iter().filter(|(name, _)| !gone.contains(name)).map(|(_, arn)| arn).collect()
}

/// The roles that something in `regions` names. What a role of another account may do cannot be seen from here.
fn wanted_roles(account: &Account, regions: &[CollectedRegion], needs: &Needs) -> roles::Wanted {
    let mut wanted = roles::Wanted::new();
    let mut want = |arn: &str, with_policies: bool| {
        let here = |owner: &str| account.id.get().map_or(true, |id| id == owner);
        // What is no role's ARN is asked about all the same: the answer says so.
        if roles::account_of(arn).is_none_or(here) {
            *wanted.entry(arn.to_owned()).or_default() |= with_policies;
        }
    };
    for region in regions {
        if needs.contains(Need::GatewayRole)
            && let Ok(settings) = region.facts.gateway_settings.get()
            && let Some(role) = &settings.cloudwatch_role
        {
            want(role, needs.contains(Need::GatewayRolePolicies));
        }
        if needs.contains(Need::FunctionRoles) {
            for function in &region.facts.functions.seen {
                want(&function.role, true);
            }
        }
    }
    wanted
}

/// What to ask about next, given the stages: an empty region costs its listings and nothing more.
#[derive(Debug, Default)]
struct Wanted {
    settings: bool,
    log_groups: BTreeSet<String>,
    delivery_streams: BTreeSet<String>,
    /// Log groups that AWS's log delivery writes to, and not API Gateway's role: their ARNs by name.
    delivered_to: BTreeMap<String, String>,
}

impl Wanted {
    fn of(account: &Account, facts: &inventory::Region, needs: &Needs) -> Self {
        let context = Context::new(World { account, region: facts });
        let mut wanted = Self {
            // A listing that broke off may hide a stage that uses the settings.
            settings: needs.contains(Need::GatewaySettings) && context.stages_that_need_the_role().next().is_some(),
            log_groups: names_of_groups(&facts.functions.seen, needs),
            ..Self::default()
        };
        for stage in context.stages().flatten() {
            if let Some(AccessLog { destination: destination @ Destination::LogGroup(arn, name), .. }) =
                stage.access_log()
                && needs.contains(Need::LogPolicies)
                && stage.protocol() == Protocol::Http
                && context.is_here(&destination)
            {
                let Arn { partition, region, account, .. } = arn;
                let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
                wanted.delivered_to.insert(name.to_owned(), arn);
            }
            match stage.access_log().map(|log| log.destination) {
                Some(destination @ Destination::LogGroup(_, name))
                    if needs.contains(Need::AccessLogGroups) && context.is_here(&destination) =>
                {
                    wanted.log_groups.insert(name.to_owned());
                }
                Some(destination @ Destination::DeliveryStream(_, name))
                    if needs.contains(Need::DeliveryStreams)
                        && context.is_here(&destination)
                        && destination.is_well_named() =>
                {
                    wanted.delivery_streams.insert(name.to_owned());
                }
                _ => {}
            }
            if needs.contains(Need::ExecutionLogGroups) && stage.logs_execution() {
                wanted.log_groups.extend(stage.execution_log_groups());
            }
        }
        wanted
    }
}
