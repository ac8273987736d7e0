//! What is looked up about traffic, once for all stages of a region.

use std::collections::HashMap;

use gatelight_model::{
    Gap,
    arn::Destination,
    inventory::{Api, DestinationIntake, Protocol, Region, StageOf, TrafficAnswer},
};

use super::{log_groups, scope::Scope};

/// Service, account and name of a destination.
type DestinationKey<'a> = (&'a str, &'a str, &'a str);

/// A region's traffic by stage, and who shares names and destinations.
#[derive(Debug)]
pub struct TrafficIndex<'a> {
    region: &'a Region,
    traffic: HashMap<(&'a str, &'a str), &'a TrafficAnswer>,
    taken: HashMap<(&'a str, &'a str), &'a DestinationIntake>,
    /// REST APIs by the name under which CloudWatch counts them.
    by_metric_name: HashMap<String, Vec<&'a Api>>,
    /// How many execution logs and functions write to a log group of this account, by its name.
    logs: HashMap<String, usize>,
    /// How many stages write their access log to a log group or Firehose stream, by its service, account and name: where
    /// this account's id is not known, what is said to be another's is not mixed up with it.
    access: HashMap<DestinationKey<'a>, usize>,
    /// Why there may be stages that were not seen.
    unseen_stages: Option<Gap>,
    /// Why there may be functions, or deliveries of execution logs, that were not seen.
    unseen_logs: Option<Gap>,
}

impl<'a> TrafficIndex<'a> {
    /// Indexes the traffic of a region.
    pub(super) fn new(scope: Scope<'a>, log_groups: &log_groups::LogGroupIndex<'a>) -> Self {
        let region = scope.region;
        let mut by_metric_name = HashMap::<_, Vec<_>>::new();
        for api in &region.rest_apis.seen {
            by_metric_name.entry(api.metric_name()).or_default().push(api);
        }
        let logs = log_groups.in_use().into_iter().map(|group| {
            let count = group.execution.len() + group.functions.len();
            (group.name, count)
        });
        let mut access = HashMap::<_, usize>::new();
        for stage in scope.stages().flatten() {
            if let Some(key) = stage.access_log().and_then(|log| key(&log.destination)) {
                *access.entry(key).or_default() += 1;
            }
        }
        Self {
            region,
            traffic: region.traffic.iter().map(|a| ((a.api.as_str(), a.stage.as_str()), a)).collect(),
            taken: region.taken.iter().map(|a| ((a.api.as_str(), a.stage.as_str()), a)).collect(),
            by_metric_name,
            logs: logs.collect(),
            access,
            unseen_stages: scope.stages().find_map(Result::err),
            unseen_logs: region.functions.rest.get().err().or_else(|| log_groups.unseen_deliveries()),
        }
    }

    /// What CloudWatch counted of a stage in the window of the audit.
    ///
    /// # Errors
    /// If nobody asked.
    pub fn traffic(&self, stage: &StageOf<'_>) -> Result<&'a TrafficAnswer, Gap> {
        let answer = self.traffic.get(&(stage.api.id.as_str(), stage.stage.name.as_str())).copied();
        answer.ok_or_else(|| not_collected("traffic", stage))
    }

    /// What a stage served and the destination of its access log took.
    ///
    /// # Errors
    /// If nobody asked.
    pub fn taken(&self, stage: &StageOf<'_>) -> Result<&'a DestinationIntake, Gap> {
        let answer = self.taken.get(&(stage.api.id.as_str(), stage.stage.name.as_str())).copied();
        answer.ok_or_else(|| not_collected("what was served and taken", stage))
    }

    /// Whether CloudWatch counts a stage together with one of another API: those of REST APIs whose names are the same to
    /// it. A name that CloudWatch had to make up from an id may be another API's name.
    ///
    /// # Errors
    /// If a listing broke off in which another could stand.
    pub fn is_merged(&self, stage: &StageOf<'_>) -> Result<bool, Gap> {
        if stage.protocol() != Protocol::Rest {
            return Ok(false);
        }
        let others = self.by_metric_name.get(&stage.api.metric_name()).into_iter().flatten();
        let others = others.filter(|api| api.id != stage.api.id);
        let of_name =
            others.map(|api| api.stages.find(|other| other.name == stage.stage.name).map(|found| found.is_some()));
        let unseen = self.region.rest_apis.rest.get().err().map(Err);
        gatelight_model::any(of_name.chain(unseen))
    }

    /// Whether others write to the destination of an access log, which is in this account and region, too: stages, execution logs, functions.
    ///
    /// # Errors
    /// If a listing broke off in which another could stand.
    pub fn is_shared(&self, destination: &Destination<'_>) -> Result<bool, Gap> {
        let Some(key) = key(destination) else { return Ok(false) };
        let is_group = matches!(destination, Destination::LogGroup(..));
        let logs = if is_group { self.logs.get(key.2).copied().unwrap_or_default() } else { 0 };
        if self.access.get(&key).copied().unwrap_or_default() + logs > 1 {
            return Ok(true);
        }
        let unseen_logs = self.unseen_logs.as_ref().filter(|_| is_group);
        self.unseen_stages.as_ref().or(unseen_logs).map_or(Ok(false), |gap| Err(gap.clone()))
    }
}

fn key<'a>(destination: &Destination<'a>) -> Option<DestinationKey<'a>> {
    match destination {
        Destination::LogGroup(arn, name) | Destination::DeliveryStream(arn, name) => {
            Some((arn.service, arn.account, name))
        }
        Destination::Other(_) => None,
    }
}

fn not_collected(what: &str, stage: &StageOf<'_>) -> Gap {
    Gap::not_collected(format!("{what} of stage {} of API {}", stage.stage.name, stage.api.id))
}
