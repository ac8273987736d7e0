//! Accounts × regions → inventory: states facts and never judges.

mod apigateway;
pub(crate) mod aws;
mod cache;
mod cloudwatch;
mod ec2;
mod iam;
mod kms;
mod lambda;
pub(crate) mod logs;
mod organizations;
mod regions;
mod xray;

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use futures_util::{StreamExt, future::join, stream};
use gatelight_checks::{Check, Context, Scope, trace::destination_denied};
use gatelight_model::{
    Fetched, Gap, Listing, Need,
    arn::{Arn, Destination},
    inventory::{self, AccessLog, Account, CapacityProviderAnswer, Function, LogGroupAnswer, Network, Protocol},
};
use jiff::Timestamp;

use self::{
    aws::{Caller, Calls, Pace, Session, Traffic},
    logs::destinations::LogGroups,
};
pub(crate) use self::{
    cache::{Memories, Remembered},
    logs::search::{Evidence, Names, Search},
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
    search: Search,
    remembered: Remembered,
}

impl Needs {
    /// What `checks` need.
    pub(crate) fn of(checks: &[&'static Check], evidence: Evidence, overhead_limit: u32) -> Self {
        Self {
            facts: checks.iter().flat_map(|check| check.needs).copied().collect(),
            evidence,
            overhead_limit,
            search: Search::default(),
            remembered: Remembered::new(),
        }
    }

    /// What log groups are searched for, and what is remembered of earlier looks.
    pub(crate) fn searching(self, search: Search, remembered: Remembered) -> Self {
        Self { search, remembered, ..self }
    }

    /// And these.
    pub(crate) fn and(mut self, needs: &[Need]) -> Self {
        self.facts.extend(needs);
        self
    }

    /// The log groups to search beside those that something writes to.
    fn named_log_groups(&self) -> &[Names] {
        if self.contains(Need::LogProbes) { &self.search.log_groups } else { &[] }
    }

    /// What is remembered in a region. Of an account that cannot be named nothing is.
    fn remembered(&self, account: &Account, region: &str) -> Memories {
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
    /// What to remember of it, if there is a part of which that is done.
    pub(crate) memories: Option<Memories>,
}

/// A region that is being read.
struct Region {
    name: String,
    /// The account's id, if that is known.
    account: Option<String>,
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
        organization: Err(Gap::not_collected("the organization (no role needs it)")).into(),
    };
    let mut read: Vec<CollectedRegion> = stream::iter(regions)
        .map(|name| {
            let region = Region {
                name: name.clone(),
                account: caller.account.clone().ok(),
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
        let iam = iam::Iam { client: session.iam(home), calls: global };
        (account.roles, account.managed_policies) = iam.read(&wanted).await;
    }
    if wants_organization(&account, &read, needs) {
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

impl Region {
    async fn collect(&self, account: &Account, needs: &Needs) -> (inventory::Region, Option<Memories>) {
        let mut facts = inventory::Region::not_collected(&self.name);
        let mut groups = LogGroups::new(self);
        let apis = async {
            if needs.contains(Need::Stages) {
                Some(join(apigateway::rest_apis(self), apigateway::v2_apis(self)).await)
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

        if needs.contains(Need::LogDeliveries) && Context::new(Scope { account, region: &facts }).may_deliver() {
            facts.log_deliveries = logs::deliveries::log_deliveries(self).await;
        }
        let mut wanted = Wanted::of(account, &facts, needs);
        if wanted.trace_destination {
            facts.trace_destination = xray::destination(self).await;
            wanted.spans = groups_of_spans(account, &facts, needs);
        }
        let settings = async {
            if wanted.settings {
                apigateway::settings(self).await
            } else {
                let why = format!("API Gateway settings in {} (no stage uses them)", self.name);
                Fetched::from(Err(Gap::not_collected(why)))
            }
        };
        let logs = logs::logs(self, Scope { account, region: &facts }, &wanted, groups, needs);
        let callers = async {
            if needs.contains(Need::Callers) {
                lambda::callers(self, &facts.functions.seen, &facts.rest_apis).await
            } else {
                Vec::new()
            }
        };
        let rules = Box::pin(xray::sampling_rules(self, wanted.sampling_rules));
        let (settings, logs, callers, rules) = tokio::join!(settings, Box::pin(logs), callers, rules);
        facts.gateway_settings = settings;
        facts.callers = callers;
        facts.sampling_rules = rules;
        let memories = logs.put(&mut facts, needs);
        (facts, memories)
    }

    /// Functions, and what only they lead to.
    async fn functions(
        &self,
        needs: &Needs,
        groups: &mut LogGroups<'_>,
    ) -> (Listing<Function>, Vec<CapacityProviderAnswer>, Network) {
        let functions = lambda::functions(self).await;
        let network = async {
            if !needs.contains(Need::Networks) {
                return (Vec::new(), Network::not_collected());
            }
            let providers = lambda::capacity_providers(self, &functions.seen).await;
            let network = ec2::network(self, &functions.seen, &providers).await;
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
    let context = Context::new(Scope { account, region: facts });
    context.log_groups_in_use().into_iter().map(|group| group.name).collect()
}

/// The log groups that X-Ray writes segments to, where it does and that matters: their ARNs by name.
fn groups_of_spans(account: &Account, facts: &inventory::Region, needs: &Needs) -> BTreeMap<String, String> {
    let to_logs = facts.trace_destination.get().is_ok_and(|told| told.destination == "CloudWatchLogs");
    let Some(id) = account.id.get().ok().filter(|_| to_logs && needs.contains(Need::LogPolicies)) else {
        return BTreeMap::new();
    };
    let arn = |name: &str| format!("arn:{}:logs:{}:{id}:log-group:{name}", account.partition, facts.name);
    destination_denied::GROUPS.map(|name| (name.to_owned(), arn(name))).into()
}

/// The ARNs of those of `groups` (by name) that are there, as far as is known.
fn there<'a>(groups: impl Iterator<Item = (&'a String, &'a String)>, answers: &[LogGroupAnswer]) -> BTreeSet<String> {
    let gone: BTreeSet<&String> =
        answers.iter().filter(|answer| answer.group.get() == Ok(&None)).map(|answer| &answer.name).collect();
    groups.filter(|(name, _)| !gone.contains(name)).map(|(_, arn)| arn.clone()).collect()
}

/// Without the `:*` that some spell.
fn arn_of_group(arn: Arn<'_>, name: &str) -> String {
    let Arn { partition, region, account, .. } = arn;
    format!("arn:{partition}:logs:{region}:{account}:log-group:{name}")
}

/// The roles that something in `regions` names. What a role of another account may do cannot be seen from here.
fn wanted_roles(account: &Account, regions: &[CollectedRegion], needs: &Needs) -> iam::Wanted {
    let mut wanted = iam::Wanted::new();
    let mut want = |arn: &str, with_policies: bool| {
        let here = |owner: &str| account.id.get().map_or(true, |id| id == owner);
        // What is no role's ARN is asked about all the same: the answer says so.
        if iam::account_of(arn).is_none_or(here) {
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

/// Whether the role that writes API Gateway's logs is set and exists in some region: a region in which no stage needs it
/// was not asked for its settings.
fn wants_organization(account: &Account, regions: &[CollectedRegion], needs: &Needs) -> bool {
    let exists =
        |arn: &str| account.roles.iter().any(|answer| answer.arn == arn && matches!(answer.role.get(), Ok(Some(_))));
    let settings = regions.iter().filter_map(|region| region.facts.gateway_settings.get().ok());
    let mut roles = settings.filter_map(|settings| settings.cloudwatch_role.as_deref());
    needs.contains(Need::Organization) && roles.any(exists)
}

/// What to ask about next, given the stages: an empty region costs its listings and nothing more.
#[derive(Debug, Default)]
struct Wanted {
    settings: bool,
    log_groups: BTreeSet<String>,
    delivery_streams: BTreeSet<String>,
    /// Log groups that AWS's log delivery writes to, and not API Gateway's role: their ARNs by name.
    delivered_to: BTreeMap<String, String>,
    /// Log groups that X-Ray writes segments to: their ARNs by name.
    spans: BTreeMap<String, String>,
    trace_destination: bool,
    sampling_rules: bool,
}

impl Wanted {
    fn of(account: &Account, facts: &inventory::Region, needs: &Needs) -> Self {
        let context = Context::new(Scope { account, region: facts });
        let mut wanted = Self {
            // A listing that broke off may hide a stage that uses the settings.
            settings: needs.contains(Need::GatewaySettings) && context.stages_that_need_the_role().next().is_some(),
            log_groups: names_of_groups(&facts.functions.seen, needs),
            trace_destination: needs.contains(Need::TraceDestination)
                && if needs.contains(Need::Functions) {
                    // Where a listing broke off, what was not seen may send segments.
                    destination_denied::may_send(&context) != Ok(false)
                } else {
                    !context.traced_stages().by_api.is_empty()
                },
            sampling_rules: needs.contains(Need::SamplingRules) && !context.traced_stages().by_api.is_empty(),
            ..Self::default()
        };
        for stage in context.stages().flatten() {
            if let Some(AccessLog { destination: destination @ Destination::LogGroup(arn, name), .. }) =
                stage.access_log()
                && needs.contains(Need::LogPolicies)
                && stage.protocol() == Protocol::Http
                && context.is_here(&destination)
            {
                wanted.delivered_to.insert(name.to_owned(), arn_of_group(arn, name));
            }
            for destination in context.delivered_to(&stage).filter(|destination| context.is_here(destination)) {
                if let Destination::LogGroup(arn, name) = destination
                    && needs.contains(Need::LogPolicies)
                {
                    wanted.delivered_to.insert(name.to_owned(), arn_of_group(arn, name));
                }
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
                wanted.log_groups.extend(context.delivered_groups(&stage).into_iter().map(str::to_owned));
            }
        }
        wanted
    }
}
