//! The inventory as checks read it: one region, its account, and indexes of what is looked up by name. It knows no check.

mod iam;
mod log_groups;
mod scope;
mod stages;
pub mod traffic;

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use gatelight_iam::Policies;
use gatelight_model::{
    Fetched, Gap, GapKind, Gaps, Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{
        Account, CallersAnswer, DeliveryStream, Function, Key, LogGroup, Protocol, Region, Role, RoleAnswer, StageOf,
    },
};
use jiff::Timestamp;

use crate::policy::Policy;

pub use log_groups::LogGroupUse;
pub use scope::Scope;
pub use stages::TracedStages;

/// A [`Scope`] with its lookups, each built when it is first used. Whatever is not in the inventory is a gap, never
/// "there is none".
#[derive(Debug)]
pub struct Context<'a> {
    scope: Scope<'a>,
    policy: &'a Policy,
    iam: OnceCell<iam::IamIndex<'a>>,
    log_groups: OnceCell<log_groups::LogGroupIndex<'a>>,
    delivery_streams: OnceCell<HashMap<&'a str, &'a Fetched<Option<DeliveryStream>>>>,
    callers: OnceCell<HashMap<&'a str, &'a CallersAnswer>>,
    keys: OnceCell<HashMap<&'a str, &'a Fetched<Option<Key>>>>,
    tracing: OnceCell<TracedStages<'a>>,
    /// All stages, of any kind of API.
    by_api: OnceCell<TracedStages<'a>>,
    network: OnceCell<gatelight_network::NetworkIndex<'a>>,
    traffic: OnceCell<traffic::TrafficIndex<'a>>,
}

impl<'a> Context<'a> {
    /// The lookups of a region, for an owner who decided nothing.
    #[must_use]
    pub fn new(scope: Scope<'a>) -> Self {
        Self::under(scope, Policy::NONE)
    }

    /// The same, for an owner who has decided something.
    #[must_use]
    pub fn under(scope: Scope<'a>, policy: &'a Policy) -> Self {
        Self {
            scope,
            policy,
            iam: OnceCell::new(),
            log_groups: OnceCell::new(),
            delivery_streams: OnceCell::new(),
            callers: OnceCell::new(),
            keys: OnceCell::new(),
            tracing: OnceCell::new(),
            by_api: OnceCell::new(),
            network: OnceCell::new(),
            traffic: OnceCell::new(),
        }
    }

    /// The owner's decisions.
    #[must_use]
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// The stages of REST APIs that trace.
    #[must_use]
    pub fn traced_stages(&self) -> &TracedStages<'a> {
        self.tracing.get_or_init(|| TracedStages::tracing(self.region()))
    }

    /// Every stage that was seen, of any kind of API, by the API's id.
    pub(crate) fn stages_by_api(&self) -> &TracedStages<'a> {
        self.by_api.get_or_init(|| TracedStages::all(self.region()))
    }

    /// The networks of functions, by what is looked up there.
    #[must_use]
    pub fn network(&self) -> &gatelight_network::NetworkIndex<'a> {
        self.network.get_or_init(|| gatelight_network::NetworkIndex::new(self.region(), self.account_id().ok()))
    }

    /// What CloudWatch's metrics say, by stage; and who shares names and destinations.
    #[must_use]
    pub fn traffic(&self) -> &traffic::TrafficIndex<'a> {
        self.traffic.get_or_init(|| traffic::TrafficIndex::new(self.scope, self.log_groups()))
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
        self.scope.account_id()
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

    /// What AWS said about who may call a function: its resource policy, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn callers(&self, function: &Function) -> Result<Option<&'a str>, Gap> {
        let by_function = || self.region().callers.iter().map(|answer| (answer.function.as_str(), answer)).collect();
        let answer = self.callers.get_or_init(by_function).get(function.arn.as_str());
        let answer = answer.ok_or_else(|| Gap::not_collected(format!("callers of {}", function.name)))?;
        Ok(answer.policy.get()?.as_deref())
    }

    /// The time of the audit.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.scope.account.collected_at
    }

    /// Every stage that was seen, and a gap for each listing that broke off.
    pub fn stages(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> + use<'a> {
        self.scope.stages()
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
        self.scope.is_here(destination)
    }

    /// The KMS key of that ARN, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn key(&self, arn: &str) -> Result<Option<&'a Key>, Gap> {
        let by_arn = || self.region().keys.iter().map(|answer| (answer.arn.as_str(), &answer.key)).collect();
        let answer =
            self.keys.get_or_init(by_arn).get(arn).ok_or_else(|| Gap::not_collected(format!("KMS key {arn}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// The Firehose stream of that name in this account and region, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn delivery_stream(&self, name: &str) -> Result<Option<&'a DeliveryStream>, Gap> {
        let by_name =
            || self.region().delivery_streams.iter().map(|answer| (answer.name.as_str(), &answer.stream)).collect();
        let answer = self
            .delivery_streams
            .get_or_init(by_name)
            .get(name)
            .ok_or_else(|| Gap::not_collected(format!("Firehose stream {name}")))?;
        Ok(answer.get()?.as_ref())
    }

    fn iam(&self) -> &iam::IamIndex<'a> {
        self.iam.get_or_init(|| iam::IamIndex::new(self.account()))
    }

    /// What AWS said about the role of that ARN.
    ///
    /// # Errors
    /// If nobody asked.
    pub fn role(&self, arn: &str) -> Result<&'a RoleAnswer, Gap> {
        self.iam().role(arn)
    }

    /// The document of the managed policy of that ARN.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn managed_policy(&self, arn: &str) -> Result<&'a str, Gap> {
        self.iam().managed_policy(arn)
    }

    /// The role's policies, each parsed once.
    #[must_use]
    pub fn policies(&self, role: &Role) -> Rc<Policies> {
        self.iam().policies(role)
    }

    fn log_groups(&self) -> &log_groups::LogGroupIndex<'a> {
        self.log_groups.get_or_init(|| log_groups::LogGroupIndex::new(self.scope))
    }

    /// Every log group that something here writes to, by name: access logs that go to this account and region,
    /// execution logs that are on, wherever they go, and functions; and those that the owner names. What a listing hides is
    /// not among them.
    #[must_use]
    pub fn log_groups_in_use(&self) -> Vec<LogGroupUse<'a>> {
        self.log_groups().in_use()
    }

    /// Where delivery sources send a stage's execution log, as far as was seen. Nothing is delivered of one that is off:
    /// "if logging is not enabled, the delivery source creation fails"
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>).
    pub fn delivered_to(&self, stage: &StageOf<'_>) -> impl Iterator<Item = Destination<'a>> {
        self.log_groups().delivered_to(stage)
    }

    /// The log groups of this account and region among them.
    #[must_use]
    pub fn delivered_groups(&self, stage: &StageOf<'_>) -> BTreeSet<&'a str> {
        self.log_groups().delivered_groups(stage)
    }

    /// Whether a stage was seen whose execution log a delivery source may send elsewhere.
    #[must_use]
    pub fn may_deliver(&self) -> bool {
        self.log_groups().may_deliver()
    }

    /// Why there may be deliveries that were not seen, where that matters.
    #[must_use]
    pub fn unseen_deliveries(&self) -> Option<Gap> {
        self.log_groups().unseen_deliveries()
    }

    /// A log group of this account and region as a report names it. Where the account's id is not known it is taken from
    /// the ARN of a function, or of a group that was found; else the ARN has none.
    #[must_use]
    pub fn log_group_subject(&self, name: &str) -> Subject {
        self.log_groups().subject(name)
    }

    /// The log group of that name in this account and region, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn log_group(&self, name: &str) -> Result<Option<&'a LogGroup>, Gap> {
        self.log_groups().group(name)
    }

    /// Why nothing is known of a log group, where the list of all groups is what could not be read.
    pub(crate) fn unlisted(&self, name: &str) -> Option<Gap> {
        self.log_groups().unlisted(name)
    }

    /// Every stage whose logs the account's CloudWatch role writes: REST and WebSocket stages with an access log in
    /// CloudWatch Logs, or with execution logs. Gaps as in [`stages`](Self::stages). A destination in another account
    /// or region counts: API Gateway would use the role for it all the same.
    pub fn stages_that_need_the_role(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> {
        self.stages().filter(|stage| stage.as_ref().map_or(true, log_groups::needs_the_role))
    }

    /// Every REST and WebSocket stage: none of them can have a log turned on without the account's CloudWatch role. Gaps as
    /// in [`stages`](Self::stages).
    pub fn stages_that_may_need_the_role(&self) -> impl Iterator<Item = Result<StageOf<'a>, Gap>> {
        self.stages().filter(|stage| !stage.as_ref().is_ok_and(|stage| stage.protocol() == Protocol::Http))
    }

    /// Every reason for which something in this region is not known, whether or not a verdict rests on it; but for what
    /// nobody asked. Global facts count where something here names them.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut add = |gap: &Gap| {
            if gap.why().kind != GapKind::NotCollected {
                gaps.push(gap.clone());
            }
        };
        let region = self.region();
        region.gaps(&mut add);
        self.account().id.gaps(&mut add);
        let of_gateway = region.gateway_settings.get().ok().and_then(|settings| settings.cloudwatch_role.as_deref());
        // Each role once, however many functions share it.
        let roles: BTreeSet<&str> =
            region.functions.seen.iter().map(|function| function.role.as_str()).chain(of_gateway).collect();
        for role in roles.into_iter().filter_map(|arn| self.role(arn).ok()) {
            role.gaps(&mut add);
            for policy in role.role.get().ok().into_iter().flatten().flat_map(Role::managed_policies) {
                if let Err(gap) = self.managed_policy(policy) {
                    add(&gap);
                }
            }
        }
        // The collector asks about it for the sake of stages that need the role.
        if of_gateway.is_some_and(|arn| !arn.is_empty()) && self.stages_that_need_the_role().next().is_some() {
            self.account().organization.gaps(&mut add);
        }
        gaps
    }
}
