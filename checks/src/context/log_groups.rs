//! The log groups that something in a region writes to, and where delivery sources send execution logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatelight_model::{
    Fetched, Gap, Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{Function, LogDelivery, LogGroup, Protocol, StageOf},
};

use super::{Context, scope::Scope};

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

/// The log groups of a region by name, and its active deliveries by stage.
#[derive(Debug)]
pub(crate) struct Index<'a> {
    scope: Scope<'a>,
    answers: HashMap<&'a str, &'a Fetched<Option<LogGroup>>>,
    /// By the end of the stage's ARN.
    deliveries: HashMap<&'a str, Vec<&'a LogDelivery>>,
    /// The account's id, from wherever it is known.
    account: Option<&'a str>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(scope: Scope<'a>) -> Self {
        let mut deliveries = HashMap::<_, Vec<_>>::new();
        for delivery in scope.region.log_deliveries.seen.iter().filter(|delivery| delivery.is_active()) {
            deliveries.entry(delivery.stage_path()).or_default().push(delivery);
        }
        let answers = scope.region.log_groups.iter().map(|answer| (answer.name.as_str(), &answer.group)).collect();
        Self { scope, answers, deliveries, account: account_of_groups(scope) }
    }

    fn delivered_to(&self, stage: &StageOf<'_>) -> impl Iterator<Item = Destination<'a>> {
        let deliveries = self.deliveries.get(stage.path().as_str()).filter(|_| stage.logs_execution());
        deliveries.into_iter().flatten().map(|delivery| Destination::parse(&delivery.destination))
    }

    fn delivered_groups(&self, stage: &StageOf<'_>) -> BTreeSet<&'a str> {
        let here = self.delivered_to(stage).filter(|destination| self.scope.is_here(destination));
        here.filter_map(|destination| match destination {
            Destination::LogGroup(_, name) => Some(name),
            Destination::DeliveryStream(..) | Destination::Other(_) => None,
        })
        .collect()
    }

    /// As [`Context::log_groups_in_use`].
    pub(crate) fn in_use(&self) -> Vec<LogGroupUse<'a>> {
        let mut groups: BTreeMap<String, LogGroupUse<'a>> = BTreeMap::new();
        for stage in self.scope.stages().flatten() {
            if let Some(log) = stage.access_log()
                && let Destination::LogGroup(_, name) = log.destination
                && self.scope.is_here(&log.destination)
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
        for function in &self.scope.region.functions.seen {
            groups.entry(function.log_group_name()).or_default().functions.push(function);
        }
        for name in &self.scope.region.named_log_groups.seen {
            groups.entry(name.clone()).or_default().named = true;
        }
        groups.into_iter().map(|(name, group)| LogGroupUse { name, ..group }).collect()
    }

    /// As [`Context::unseen_deliveries`].
    pub(crate) fn unseen_deliveries(&self) -> Option<Gap> {
        self.scope.region.log_deliveries.rest.get().err().filter(|_| self.may_deliver())
    }

    fn may_deliver(&self) -> bool {
        self.scope.stages().flatten().any(|stage| stage.protocol() == Protocol::Rest && stage.logs_execution())
    }
}

fn account_of_groups(scope: Scope<'_>) -> Option<&str> {
    let functions = scope.region.functions.seen.iter().map(|function| &function.arn);
    let groups = scope.region.log_groups.iter().filter_map(|answer| answer.group.get().ok()?.as_ref());
    let mut arns = functions.chain(groups.map(|group| &group.arn)).filter_map(|arn| Some(Arn::parse(arn)?.account));
    scope.account_id().ok().or_else(|| arns.find(|account| !account.is_empty()))
}

impl<'a> Context<'a> {
    pub(super) fn log_groups(&self) -> &Index<'a> {
        self.log_groups.get_or_init(|| Index::new(self.scope))
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
        let (partition, region) = (&self.account().partition, &self.region().name);
        let account = self.log_groups().account.unwrap_or_default();
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
        Subject { kind: SubjectKind::LogGroup, arn, name: name.to_owned() }
    }

    /// The log group of that name in this account and region, or that there is none.
    ///
    /// # Errors
    /// If AWS would not say, or nobody asked.
    pub fn log_group(&self, name: &str) -> Result<Option<&'a LogGroup>, Gap> {
        let answer = self.log_groups().answers.get(name);
        let answer = answer.ok_or_else(|| Gap::not_collected(format!("log group {name}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// Why nothing is known of a log group, where the list of all groups is what could not be read.
    pub(crate) fn unlisted(&self, name: &str) -> Option<Gap> {
        self.log_groups().answers.get(name)?.get().err().filter(Gap::is_of_a_listing)
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
