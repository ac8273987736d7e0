//! The log groups that something in a region writes to, and where delivery sources send execution logs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gatelight_model::{
    Fetched, Gap, Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{Function, LogDelivery, LogGroup, Protocol, StageOf},
};

use super::scope::Scope;

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
pub(super) struct LogGroupIndex<'a> {
    scope: Scope<'a>,
    answers: HashMap<&'a str, &'a Fetched<Option<LogGroup>>>,
    /// By the end of the stage's ARN.
    deliveries: HashMap<&'a str, Vec<&'a LogDelivery>>,
    /// The account's id, from wherever it is known.
    account: Option<&'a str>,
}

impl<'a> LogGroupIndex<'a> {
    pub(super) fn new(scope: Scope<'a>) -> Self {
        let mut deliveries = HashMap::<_, Vec<_>>::new();
        for delivery in scope.region.log_deliveries.seen.iter().filter(|delivery| delivery.is_active()) {
            deliveries.entry(delivery.stage_path()).or_default().push(delivery);
        }
        let answers = scope.region.log_groups.iter().map(|answer| (answer.name.as_str(), &answer.group)).collect();
        Self { scope, answers, deliveries, account: account_of_groups(scope) }
    }

    /// As `Context::delivered_to`.
    pub(super) fn delivered_to(&self, stage: &StageOf<'_>) -> impl Iterator<Item = Destination<'a>> {
        let deliveries = self.deliveries.get(stage.path().as_str()).filter(|_| stage.logs_execution());
        deliveries.into_iter().flatten().map(|delivery| Destination::parse(&delivery.destination))
    }

    /// As `Context::delivered_groups`.
    pub(super) fn delivered_groups(&self, stage: &StageOf<'_>) -> BTreeSet<&'a str> {
        let here = self.delivered_to(stage).filter(|destination| self.scope.is_here(destination));
        here.filter_map(|destination| match destination {
            Destination::LogGroup(_, name) => Some(name),
            Destination::DeliveryStream(..) | Destination::Other(_) => None,
        })
        .collect()
    }

    /// As `Context::log_groups_in_use`.
    pub(super) fn in_use(&self) -> Vec<LogGroupUse<'a>> {
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

    /// As `Context::unseen_deliveries`.
    pub(super) fn unseen_deliveries(&self) -> Option<Gap> {
        self.scope.region.log_deliveries.rest.get().err().filter(|_| self.may_deliver())
    }

    /// As `Context::may_deliver`.
    pub(super) fn may_deliver(&self) -> bool {
        self.scope.stages().flatten().any(|stage| stage.protocol() == Protocol::Rest && stage.logs_execution())
    }

    /// As `Context::log_group_subject`.
    pub(super) fn subject(&self, name: &str) -> Subject {
        let (partition, region) = (&self.scope.account.partition, &self.scope.region.name);
        let account = self.account.unwrap_or_default();
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
        Subject { kind: SubjectKind::LogGroup, arn, name: name.to_owned() }
    }

    /// As `Context::log_group`.
    pub(super) fn group(&self, name: &str) -> Result<Option<&'a LogGroup>, Gap> {
        let answer = self.answers.get(name);
        let answer = answer.ok_or_else(|| Gap::not_collected(format!("log group {name}")))?;
        Ok(answer.get()?.as_ref())
    }

    /// As `Context::unlisted`.
    pub(super) fn unlisted(&self, name: &str) -> Option<Gap> {
        self.answers.get(name)?.get().err().filter(Gap::is_of_a_listing)
    }
}

fn account_of_groups(scope: Scope<'_>) -> Option<&str> {
    let functions = scope.region.functions.seen.iter().map(|function| &function.arn);
    let groups = scope.region.log_groups.iter().filter_map(|answer| answer.group.get().ok()?.as_ref());
    let mut arns = functions.chain(groups.map(|group| &group.arn)).filter_map(|arn| Some(Arn::parse(arn)?.account));
    scope.account_id().ok().or_else(|| arns.find(|account| !account.is_empty()))
}

/// Whether the account's CloudWatch role writes logs of the stage.
pub(super) fn needs_the_role(stage: &StageOf<'_>) -> bool {
    let to_cloudwatch = || stage.access_log().is_some_and(|log| matches!(log.destination, Destination::LogGroup(..)));
    stage.protocol() != Protocol::Http && (to_cloudwatch() || stage.logs_execution())
}
