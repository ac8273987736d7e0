//! Accounts × regions → inventory: states facts and never judges.

pub(crate) mod aws;
mod destinations;
mod functions;
mod gateway;
mod keys;
mod log_policies;
mod network;
pub(crate) mod probe;
mod regions;
mod roles;

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
    probe::{Evidence, GroupMemories, Names, Remembered, Search},
    regions::{check_regions, every_region, partition_of},
};

/// Regions of an account that are read at once: each has its own quotas.
const REGIONS_AT_ONCE: usize = 8;

/// Which facts to collect.
#[derive(Debug)]
pub(crate) struct Needs {
    facts: BTreeSet<Need>,
    evidence: Evidence,
    search: Search,
    remembered: Remembered,
}

impl Needs {
    /// What `checks` need.
    pub(crate) fn of(checks: &[&'static Check], evidence: Evidence) -> Self {
        Self {
            facts: checks.iter().flat_map(|check| check.needs).copied().collect(),
            evidence,
            search: Search::default(),
            remembered: Remembered::new(),
        }
    }

    /// What log groups are searched for, and what is remembered of earlier searches.
    pub(crate) fn searching(self, search: Search, remembered: Remembered) -> Self {
        Self { search, remembered, ..self }
    }

    /// The log groups to search beside those that something writes to.
    fn named_log_groups(&self) -> &[Names] {
        if self.contains(Need::LogProbes) { &self.search.log_groups } else { &[] }
    }

    /// What is remembered of the searches in a region. Of an account that cannot be named nothing is.
    fn remembered(&self, account: &Account, region: &str) -> GroupMemories {
        let place = account.id.get().ok().map(|id| (id.clone(), region.to_owned()));
        place.and_then(|place| self.remembered.get(&place).cloned()).unwrap_or_default()
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
    /// What to remember of the searches of its log groups, if they were searched.
    pub(crate) memories: Option<GroupMemories>,
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
                let (facts, memories) = region.collect(account, needs).await;
                CollectedRegion { facts, traffic: region.calls.traffic(), memories }
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
    async fn collect(&self, account: &Account, needs: &Needs) -> (inventory::Region, Option<GroupMemories>) {
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
            searched_for: Err(not_asked("what log groups hold")).into(),
            named_log_groups: Listing::unread(not_asked("log groups that are named")),
            keys: Vec::new(),
        };
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
        let mut to_probe = groups_to_probe(account, &facts, needs);
        let searches = needs.contains(Need::LogProbes);
        let (meant, remembered) = (needs.named_log_groups(), needs.remembered(account, &self.name));
        let logs = async {
            let (answers, named) = groups.look_up(wanted.log_groups, meant).await;
            to_probe.extend(named.seen.iter().cloned());
            let policies = async {
                if wanted.delivered_to.is_empty() {
                    Listing::unread(not_asked("resource policies of CloudWatch Logs (no stage needs one)"))
                } else {
                    log_policies::log_policies(self, there(wanted.delivered_to, &answers)).await
                }
            };
            let wanted: Vec<_> = answers.iter().filter(|answer| to_probe.contains(&answer.name)).collect();
            let window = needs.evidence.window(account.collected_at);
            let probes = probe::log_probes(self, &wanted, window, needs.evidence, &needs.search, &remembered);
            let keys = async {
                if needs.contains(Need::LogGroupKeys) {
                    keys::keys(self, keys::of_groups(&answers)).await
                } else {
                    Vec::new()
                }
            };
            let (policies, probes, keys) = tokio::join!(Box::pin(policies), Box::pin(probes), Box::pin(keys));
            (answers, policies, probes, keys, named)
        };
        let callers = async {
            if needs.contains(Need::Callers) {
                functions::callers(self, &facts.functions.seen, &facts.rest_apis).await
            } else {
                Vec::new()
            }
        };
        let streams = destinations::delivery_streams(self, wanted.delivery_streams);
        let (settings, logs, streams, callers) = tokio::join!(settings, Box::pin(logs), Box::pin(streams), callers);
        facts.gateway_settings = settings;
        let (log_groups, log_policies, (log_probes, memories), keys, named) = logs;
        (facts.log_groups, facts.log_policies, facts.log_probes, facts.keys) =
            (log_groups, log_policies, log_probes, keys);
        if searches {
            facts.named_log_groups = named;
            facts.searched_for = Fetched::known(needs.search.searched_for());
        }
        facts.delivery_streams = streams;
        facts.callers = callers;
        (facts, searches.then_some(memories))
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
