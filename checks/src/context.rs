//! The inventory as checks look at it: one region, its account, and an index of what is looked up by name.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use jiff::Timestamp;

pub mod traffic;

use gatelight_iam::Policies;
use gatelight_model::{
    Fetched, Gap, GapKind, Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{
        Account, Api, CallersAnswer, DeliveryStream, DestinationIntake, Function, Key, LogDelivery, LogGroup, Network,
        Protocol, Region, Role, RoleAnswer, Stage, StageOf, TrafficAnswer,
    },
};

use crate::{organization, policy::Policy, role};

/// A log group that something in the region writes to, and what.
#[derive(Clone, Debug, Default)]
pub struct LogGroupUse<'a> {
    /// Its name.
    pub name: String,
    /// The stages whose access log it takes.
    pub access: Vec<StageOf<'a>>,
    /// The stages whose execution log it takes.
    pub execution: Vec<StageOf<'a>>,
    /// Those of them whose execution log a delivery source sends to it.
    pub delivered: Vec<StageOf<'a>>,
    /// The functions whose log it takes.
    pub functions: Vec<&'a Function>,
    /// Whether the owner names it.
    pub named: bool,
}

impl LogGroupUse<'_> {
    /// Whether anything that was seen writes to it; else only the owner names it.
    #[must_use]
    pub fn is_written_to(&self) -> bool {
        !(self.access.is_empty() && self.execution.is_empty() && self.functions.is_empty())
    }
}

/// One region of one account.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// What is global.
    pub account: &'a Account,
    /// What is regional.
    pub region: &'a Region,
}

/// A [`Scope`] with its lookups. Whatever is not in the inventory is a gap, never "there is none".
#[derive(Debug)]
pub struct Context<'a> {
    scope: Scope<'a>,
    policy: &'a Policy,
    log_groups: HashMap<&'a str, &'a Fetched<Option<LogGroup>>>,
    delivery_streams: HashMap<&'a str, &'a Fetched<Option<DeliveryStream>>>,
    roles: HashMap<&'a str, &'a RoleAnswer>,
    managed_policies: HashMap<&'a str, &'a Fetched<String>>,
    callers: HashMap<&'a str, &'a CallersAnswer>,
    /// By the end of the stage's ARN.
    deliveries: HashMap<&'a str, Vec<&'a LogDelivery>>,
    keys: HashMap<&'a str, &'a Fetched<Option<Key>>>,
    traced: TracedStages<'a>,
    /// All stages, of any kind of API.
    by_api: TracedStages<'a>,
    /// The account's id, from wherever it is known.
    account_of_groups: Option<&'a str>,
    /// By role. Many functions share one, and reading its policies is most of the work.
    policies: RefCell<HashMap<String, Rc<Policies>>>,
    network: gatelight_network::Index<'a>,
    traffic: traffic::Index<'a>,
}

/// Stages by API: those of REST APIs that trace, or whichever else are looked for.
#[derive(Debug, Default)]
pub struct TracedStages<'a> {
    /// By the API's id.
    pub by_api: BTreeMap<&'a str, Vec<StageOf<'a>>>,
    /// Why there may be more.
    pub unseen: Option<Gap>,
}

impl<'a> TracedStages<'a> {
    fn of(region: &'a Region) -> Self {
        Self::among(region.rest_apis.each(), |stage| stage.tracing == Some(true))
    }

    fn all(region: &'a Region) -> Self {
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

impl<'a> Context<'a> {
    /// Indexes a world, once for all its checks.
    #[must_use]
    pub fn new(scope: Scope<'a>) -> Self {
        Self::under(scope, Policy::NONE)
    }

    /// The same, for an owner who has decided something.
    #[must_use]
    pub fn under(scope: Scope<'a>, policy: &'a Policy) -> Self {
        let region = scope.region;
        let mut this = Self {
            scope,
            policy,
            log_groups: region.log_groups.iter().map(|a| (a.name.as_str(), &a.group)).collect(),
            delivery_streams: region.delivery_streams.iter().map(|a| (a.name.as_str(), &a.stream)).collect(),
            roles: scope.account.roles.iter().map(|a| (a.arn.as_str(), a)).collect(),
            managed_policies: scope.account.managed_policies.iter().map(|p| (p.arn.as_str(), &p.document)).collect(),
            callers: region.callers.iter().map(|a| (a.function.as_str(), a)).collect(),
            deliveries: HashMap::new(),
            keys: region.keys.iter().map(|a| (a.arn.as_str(), &a.key)).collect(),
            traced: TracedStages::of(region),
            by_api: TracedStages::all(region),
            account_of_groups: account_of_groups(scope),
            policies: RefCell::default(),
            network: gatelight_network::Index::new(region, scope.account.id.get().ok().map(String::as_str)),
            traffic: traffic::Index::default(),
        };
        for delivery in region.log_deliveries.seen.iter().filter(|delivery| delivery.is_active()) {
            this.deliveries.entry(delivery.stage_path()).or_default().push(delivery);
        }
        this.traffic = traffic::Index::new(&this);
        this
    }

    /// What the owner decided.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// The stages of REST APIs that trace.
    #[must_use]
    pub fn traced_stages(&self) -> &TracedStages<'a> {
        &self.traced
    }

    /// Every stage that was seen, of any kind of API, by the API's id.
    pub(crate) fn stages_by_api(&self) -> &TracedStages<'a> {
        &self.by_api
    }

    /// The role's policies, each read once.
    #[must_use]
    pub fn policies(&self, role: &Role) -> Rc<Policies> {
        let known = self.policies.borrow().get(&role.arn).cloned();
        known.unwrap_or_else(|| {
            let read = Rc::new(role::read_policies(self, role));
            self.policies.borrow_mut().insert(role.arn.clone(), Rc::clone(&read));
            read
        })
    }

    /// The networks of functions, by what is looked up there.
    #[must_use]
    pub fn network(&self) -> &gatelight_network::Index<'a> {
        &self.network
    }

    /// What CloudWatch's metrics say, by stage; and who shares names and destinations.
    #[must_use]
    pub fn traffic(&self) -> &traffic::Index<'a> {
        &self.traffic
    }

    /// The account that a function belongs to, as its ARN has it.
    ///
    /// # Errors
    /// If the ARN has none, and AWS would not say whose credentials these are.
    pub fn account_of<'f>(&self, function: &'f Function) -> Result<&'f str, Gap>
    where
        'a: 'f,
    {
        match Arn::parse(&function.arn) {
            Some(arn) if !arn.account.is_empty() => Ok(arn.account),
            _ => self.account_id(),
        }
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &'a Account {
        self.scope.account
    }

    /// The account's id.
    ///
    /// # Errors
    /// If AWS would not say whose credentials these are.
    pub fn account_id(&self) -> Result<&'a str, Gap> {
        self.account().id.get().map(String::as_str)
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &'a Region {
        self.scope.region
    }

    /// Every function that was seen, and a gap if the listing broke off.
    pub fn functions(&self) -> impl Iterator<Item = Result<&'a Function, Gap>> {
        self.region().functions.each()
    }

    /// Every log group that something here writes to, by name: access logs that go to this account and region,
    /// execution logs that are on, wherever they go, and functions; and those that the owner names. What a listing hides is
    /// not among them.
    #[must_use]
    pub fn log_groups_in_use(&self) -> Vec<LogGroupUse<'a>> {
        let mut groups: BTreeMap<String, LogGroupUse<'a>> = BTreeMap::new();
        for stage in self.stages().flatten() {
            if let Some(log) = stage.access_log()
                && let Destination::LogGroup(_, name) = log.destination
                && self.is_here(&log.destination)
            {
                groups.entry(name.to_owned()).or_default().access.push(stage);
            }
            if stage.logs_execution() {
                for name in stage.execution_log_groups() {
                    groups.entry(name).or_default().execution.push(stage);
                }
                for name in self.delivered_groups(&stage) {
                    let group = groups.entry(name.to_owned()).or_default();
                    group.execution.push(stage);
                    group.delivered.push(stage);
                }
            }
        }
        for function in self.functions().flatten() {
            groups.entry(function.log_group_name()).or_default().functions.push(function);
        }
        for name in &self.region().named_log_groups.seen {
            groups.entry(name.clone()).or_default().named = true;
        }
        groups.into_iter().map(|(name, group)| LogGroupUse { name, ..group }).collect()
    }

    /// Where delivery sources send a stage's execution log, as far as was seen. Nothing is delivered of one that is off:
    /// "if logging is not enabled, the delivery source creation fails"
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>).
    pub fn delivered_to(&self, stage: &StageOf<'_>) -> impl Iterator<Item = Destination<'a>> {
        let deliveries = self.deliveries.get(stage.path().as_str()).filter(|_| stage.logs_execution());
        deliveries.into_iter().flatten().map(|delivery| Destination::parse(&delivery.destination))
    }

    /// The log groups of this account and region among them.
    #[must_use]
    pub fn delivered_groups(&self, stage: &StageOf<'_>) -> BTreeSet<&'a str> {
        let here = self.delivered_to(stage).filter(|destination| self.is_here(destination));
        here.filter_map(|destination| match destination {
            Destination::LogGroup(_, name) => Some(name),
            Destination::DeliveryStream(..) | Destination::Other(_) => None,
        })
        .collect()
    }

    /// Whether a stage was seen whose execution log a delivery source may send elsewhere.
    #[must_use]
    pub fn may_deliver(&self) -> bool {
        self.stages().flatten().any(|stage| stage.protocol() == Protocol::Rest && stage.logs_execution())
    }

    /// Why there may be deliveries that were not seen, where that matters.
    #[must_use]
    pub fn unseen_deliveries(&self) -> Option<Gap> {
        self.region().log_deliveries.rest.get().err().filter(|_| self.may_deliver())
    }

    /// A log group of this account and region as a report names it. Where the account's id is not known it is taken from
    /// the ARN of a function, or of a group that was found; else the ARN has none.
    #[must_use]
    pub fn log_group_subject(&self, name: &str) -> Subject {
        let (partition, region) = (&self.account().partition, &self.region().name);
        let arn = |account: &str| format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
        let arn = arn(self.account_of_groups.unwrap_or_default());
        Subject { kind: SubjectKind::LogGroup, arn, name: name.to_owned() }
    }

    /// What AWS said about who may call a function: its resource policy, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn callers(&self, function: &Function) -> Result<Option<&'a str>, Gap> {
        let answer = self.callers.get(function.arn.as_str());
        let answer = answer.ok_or_else(|| Gap::not_collected(format!("callers of {}", function.name)))?;
        Ok(answer.policy.get()?.as_deref())
    }

    /// The time of the audit.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.scope.account.collected_at
    }

    /// Every stage that was seen, and a gap for each listing that broke off.
    pub fn stages(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> {
        let region = self.region();
        region.rest_apis.each().chain(region.v2_apis.each()).flat_map(|api| {
            let (stages, gap) = match api {
                Ok(api) => (Some(api.stages.each().map(move |stage| Ok(StageOf { api, stage: stage? }))), None),
                Err(gap) => (None, Some(Err(gap))),
            };
            stages.into_iter().flatten().chain(gap)
        })
    }

    /// The stage as a report names it.
    #[must_use]
    pub fn stage_subject(&self, stage: &StageOf<'_>) -> Subject {
        stage.subject(&self.account().partition, &self.region().name)
    }

    /// The account's API Gateway settings in this region as a report names them.
    #[must_use]
    pub fn account_subject(&self) -> Subject {
        let (partition, region) = (&self.account().partition, &self.region().name);
        Subject {
            kind: SubjectKind::Account,
            arn: format!("arn:{partition}:apigateway:{region}::/account"),
            name: "account settings".to_owned(),
        }
    }

    /// Whether a destination may lie in this account and region, the only place that API Gateway writes to. An account
    /// whose id is not known is not compared: the ARN of what is found there under that name tells.
    #[must_use]
    pub fn is_here(&self, destination: &Destination<'_>) -> bool {
        destination.arn().is_some_and(|arn| {
            arn.partition == self.account().partition
                && arn.region == self.region().name
                && self.account_id().map_or(true, |id| arn.account == id)
        })
    }

    /// The log group of that name in this account and region, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn log_group(&self, name: &str) -> Result<Option<&'a LogGroup>, Gap> {
        let answer = self.log_groups.get(name).ok_or_else(|| Gap::not_collected(format!("log group {name}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// Why nothing is known of a log group, where the list of all groups is what could not be read.
    pub(crate) fn unlisted(&self, name: &str) -> Option<Gap> {
        self.log_groups.get(name)?.get().err().filter(Gap::is_of_a_listing)
    }

    /// The KMS key of that ARN, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn key(&self, arn: &str) -> Result<Option<&'a Key>, Gap> {
        let answer = self.keys.get(arn).ok_or_else(|| Gap::not_collected(format!("KMS key {arn}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// The Firehose stream of that name in this account and region, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn delivery_stream(&self, name: &str) -> Result<Option<&'a DeliveryStream>, Gap> {
        let answer =
            self.delivery_streams.get(name).ok_or_else(|| Gap::not_collected(format!("Firehose stream {name}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// What AWS said about the role of that ARN.
    ///
    /// # Errors
    /// If nobody asked.
    pub fn role(&self, arn: &str) -> Result<&'a RoleAnswer, Gap> {
        self.roles.get(arn).copied().ok_or_else(|| Gap::not_collected(format!("role {arn}")))
    }

    /// The document of the managed policy of that ARN.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn managed_policy(&self, arn: &str) -> Result<&'a str, Gap> {
        let found = self.managed_policies.get(arn);
        Ok(found.ok_or_else(|| Gap::not_collected(format!("policy {arn}")))?.get()?)
    }

    /// Every reason for which something in this world is not known, whether or not a verdict rests on it; but for what
    /// nobody asked. What is global counts where something here names it.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> {
        let Region {
            gateway_settings,
            log_groups,
            delivery_streams,
            callers,
            log_deliveries,
            log_policies,
            capacity_providers,
            network,
            log_probes,
            named_log_groups,
            keys,
            traffic,
            taken,
            sampling_rules,
            trace_destination,
            ..
        } = self.region();
        let regional = self
            .stages()
            .filter_map(Result::err)
            .chain(gateway_settings.get().err())
            .chain(log_groups.iter().filter_map(|answer| answer.group.get().err()))
            .chain(delivery_streams.iter().filter_map(|answer| answer.stream.get().err()))
            .chain(self.functions().filter_map(Result::err))
            .chain(callers.iter().filter_map(|answer| answer.policy.get().err()))
            .chain(log_deliveries.rest.get().err())
            .chain(log_policies.rest.get().err())
            .chain(capacity_providers.iter().filter_map(|answer| answer.vpc.get().err()))
            .chain(gaps_of_network(network))
            .chain(log_probes.iter().filter_map(|answer| answer.probe.get().err()))
            .chain(named_log_groups.rest.get().err())
            .chain(keys.iter().filter_map(|answer| match answer.key.get() {
                Ok(key) => key.as_ref()?.policy.get().err(),
                Err(gap) => Some(gap),
            }))
            .chain(traffic.iter().flat_map(gaps_of_traffic))
            .chain(taken.iter().flat_map(gaps_of_taken))
            .chain(sampling_rules.rest.get().err())
            .chain(trace_destination.get().err());
        // Each role once, however many functions share it.
        let of_gateway = gateway_settings.get().ok().and_then(|settings| settings.cloudwatch_role.as_deref());
        let roles: BTreeSet<&str> =
            self.functions().flatten().map(|function| function.role.as_str()).chain(of_gateway).collect();
        let roles = roles.into_iter().filter_map(|arn| self.role(arn).ok()).flat_map(|role| self.gaps_of(role));
        // Asked about for the sake of stages that need the role.
        let in_use = of_gateway.is_some_and(|arn| !arn.is_empty()) && self.stages_that_need_the_role().next().is_some();
        let organization = in_use.then(|| organization::gaps(&self.account().organization));
        let organization = organization.into_iter().flatten();
        let global = self.account().id.get().err().into_iter().chain(roles).chain(organization);
        regional.chain(global).filter(|gap| gap.why().kind != GapKind::NotCollected)
    }

    fn gaps_of(&self, answer: &'a RoleAnswer) -> Vec<Gap> {
        let role = match answer.role.get() {
            Ok(Some(role)) => role,
            Ok(None) => return vec![],
            Err(gap) => return vec![gap],
        };
        let Role { inline_policies, attached_policies, boundary, .. } = role;
        let inline = inline_policies.each().map(|policy| policy?.document.get().map(drop));
        let attached = attached_policies.each().map(|policy| self.managed_policy(&policy?.arn).map(drop));
        let boundary = boundary.iter().map(|arn| self.managed_policy(arn).map(drop));
        inline.chain(attached).chain(boundary).filter_map(Result::err).collect()
    }

    /// Every stage whose logs the account's CloudWatch role writes: REST and WebSocket stages with an access log in
    /// CloudWatch Logs, or with execution logs. Gaps as in [`stages`](Self::stages). A destination in another account
    /// or region counts: API Gateway would use the role for it all the same.
    pub fn stages_that_need_the_role(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> {
        self.stages().filter(|stage| stage.as_ref().map_or(true, needs_the_role))
    }
}

fn needs_the_role(stage: &StageOf<'_>) -> bool {
    let to_cloudwatch = || stage.access_log().is_some_and(|log| matches!(log.destination, Destination::LogGroup(..)));
    stage.protocol() != Protocol::Http && (to_cloudwatch() || stage.logs_execution())
}

fn account_of_groups(scope: Scope<'_>) -> Option<&str> {
    let functions = scope.region.functions.seen.iter().map(|function| &function.arn);
    let groups = scope.region.log_groups.iter().filter_map(|answer| answer.group.get().ok()?.as_ref());
    let mut arns = functions.chain(groups.map(|group| &group.arn)).filter_map(|arn| Some(Arn::parse(arn)?.account));
    let id = scope.account.id.get().ok().map(String::as_str);
    id.or_else(|| arns.find(|account| !account.is_empty()))
}

fn gaps_of_traffic(answer: &TrafficAnswer) -> Vec<Gap> {
    let TrafficAnswer { requests, latency, integration_latency, percentiles, .. } = answer;
    let gaps = [requests.get().err(), latency.get().err(), integration_latency.get().err(), percentiles.get().err()];
    gaps.into_iter().flatten().collect()
}

fn gaps_of_taken(answer: &DestinationIntake) -> Vec<Gap> {
    let DestinationIntake { requests, client_errors, taken, own_lines, .. } = answer;
    let gaps = [requests.get().err(), client_errors.get().err(), taken.get().err(), own_lines.get().err()];
    gaps.into_iter().flatten().collect()
}

fn gaps_of_network(network: &Network) -> Vec<Gap> {
    let Network {
        subnets,
        vpcs,
        route_tables,
        nat_gateways,
        internet_gateways,
        endpoints,
        security_groups,
        network_acls,
        dhcp_options,
        prefix_lists,
        network_interfaces,
        peering_connections,
        transit_gateways,
        transit_attachments,
        transit_subnets,
        transit_tables,
    } = network;
    let listings = [
        subnets.rest.get().err(),
        vpcs.rest.get().err(),
        route_tables.rest.get().err(),
        nat_gateways.rest.get().err(),
        internet_gateways.rest.get().err(),
        endpoints.rest.get().err(),
        security_groups.rest.get().err(),
        network_acls.rest.get().err(),
        dhcp_options.rest.get().err(),
        network_interfaces.rest.get().err(),
        peering_connections.rest.get().err(),
        transit_gateways.rest.get().err(),
        transit_attachments.rest.get().err(),
        transit_subnets.rest.get().err(),
    ];
    let dns = vpcs.seen.iter().flat_map(|vpc| [vpc.dns_support.get().err(), vpc.dns_hostnames.get().err()]);
    let lists = prefix_lists.iter().map(|list| list.cidrs.get().err());
    let tables = transit_tables.iter().map(|table| table.routes.get().err());
    listings.into_iter().chain(dns).chain(lists).chain(tables).flatten().collect()
}
