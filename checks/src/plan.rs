//! What to ask AWS next, given what was read so far and which facts are needed: an empty region costs its listings and
//! nothing more. The collector knows the checks only through this module.
//!
//! It decides no verdict. A listing that broke off may hide a stage or a function, so what would be asked about it is
//! asked.

pub mod metrics;

use std::collections::{BTreeMap, BTreeSet};

use gatelight_model::{
    Gap, Need, any,
    arn::{Arn, Destination},
    inventory::{AccessLog, Account, Function, LogGroupAnswer, Protocol, Region, StageOf},
};
use jiff::Timestamp;

use crate::{
    context::{Context, Scope},
    log::policy_room::named_groups,
};

/// Facts for which functions are listed.
const FUNCTION_FACTS: [Need; 5] =
    [Need::Functions, Need::Callers, Need::FunctionRoles, Need::FunctionLogGroups, Need::Networks];

/// The log groups that X-Ray writes segments to when Transaction Search is on
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Enable-TransactionSearch.html>).
pub const SPAN_GROUPS: [&str; 2] = ["aws/spans", "/aws/application-signals/data"];

/// Roles by ARN, and whether their policies are wanted too, or only that the role exists and who may assume it.
pub type WantedRoles = BTreeMap<String, bool>;

/// A region as far as it was read, and the facts that are needed of it.
#[derive(Debug)]
pub struct Plan<'a> {
    context: Context<'a>,
    needs: &'a BTreeSet<Need>,
}

/// What to ask about stages and functions, once both are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether to read the account's API Gateway settings.
    pub settings: bool,
    /// Names of log groups.
    pub log_groups: BTreeSet<String>,
    /// Names of Firehose streams.
    pub delivery_streams: BTreeSet<String>,
    /// Log groups that AWS's log delivery writes to, and not API Gateway's role: their ARNs by name.
    pub delivered_to: BTreeMap<String, String>,
    /// Whether to ask where X-Ray puts segments.
    pub trace_destination: bool,
    /// Whether to read X-Ray's sampling rules.
    pub sampling_rules: bool,
}

/// Whether functions have to be listed.
#[must_use]
pub fn lists_functions(needs: &BTreeSet<Need>) -> bool {
    FUNCTION_FACTS.iter().any(|need| needs.contains(need))
}

/// The names of the log groups of functions, if they are needed.
#[must_use]
pub fn function_log_groups(functions: &[Function], needs: &BTreeSet<Need>) -> BTreeSet<String> {
    let wanted = functions.iter().filter(|_| needs.contains(&Need::FunctionLogGroups));
    wanted.map(Function::log_group_name).collect()
}

/// The names of the log groups that the account's resource policies name, where there is no room for another policy:
/// whether they exist tells which policies could go. Nothing is asked where there is room.
#[must_use]
pub fn groups_of_policies(account: &Account, region: &Region) -> BTreeSet<String> {
    named_groups(&Context::new(Scope { account, region }))
}

/// The ARNs of those of `groups` (by name) that exist, as far as is known.
#[must_use]
pub fn existing<'a>(
    groups: impl IntoIterator<Item = (&'a String, &'a String)>,
    answers: &[LogGroupAnswer],
) -> BTreeSet<String> {
    let absent = absent(answers);
    groups.into_iter().filter(|(name, _)| !absent.contains(name.as_str())).map(|(_, arn)| arn.clone()).collect()
}

/// The names of the log groups that are known not to exist.
fn absent(answers: &[LogGroupAnswer]) -> BTreeSet<&str> {
    answers.iter().filter(|answer| answer.group.get() == Ok(&None)).map(|answer| answer.name.as_str()).collect()
}

/// The roles that something in `regions` names. Roles of other accounts cannot be read from here.
#[must_use]
pub fn wanted_roles<'a>(
    account: &Account,
    regions: impl IntoIterator<Item = &'a Region>,
    needs: &BTreeSet<Need>,
) -> WantedRoles {
    let mut wanted = WantedRoles::new();
    let mut want = |arn: &str, with_policies: bool| {
        let is_here = |owner: &str| account.id.get().map_or(true, |id| id == owner);
        // Something that is not a role's ARN is asked about too: the answer says what is wrong with it.
        let role = Arn::parse(arn).filter(|arn| arn.role_name().is_some());
        if role.is_none_or(|arn| is_here(arn.account)) {
            *wanted.entry(arn.to_owned()).or_default() |= with_policies;
        }
    };
    for region in regions {
        if needs.contains(&Need::GatewayRole)
            && let Some(role) = role_in_use(account, region)
        {
            want(role, needs.contains(&Need::GatewayRolePolicies));
        }
        if needs.contains(&Need::FunctionRoles) {
            for function in &region.functions.seen {
                want(&function.role, true);
            }
        }
    }
    wanted
}

/// The role that is set in a region where a stage needs it, or may need it.
fn role_in_use<'a>(account: &'a Account, region: &'a Region) -> Option<&'a str> {
    let role = region.gateway_settings.get().ok()?.cloudwatch_role.as_deref()?;
    let context = Context::new(Scope { account, region });
    context.stages_that_need_the_role().next().is_some().then_some(role)
}

/// Whether the organization's policies matter: the role that writes API Gateway's logs is set and exists in some region in
/// which a stage needs it.
#[must_use]
pub fn wants_organization<'a>(
    account: &Account,
    regions: impl IntoIterator<Item = &'a Region>,
    needs: &BTreeSet<Need>,
) -> bool {
    let exists =
        |arn: &str| account.roles.iter().any(|answer| answer.arn == arn && matches!(answer.role.get(), Ok(Some(_))));
    let mut roles = regions.into_iter().filter_map(|region| role_in_use(account, region));
    needs.contains(&Need::Organization) && roles.any(exists)
}

/// Whether something here may send segments: a REST stage does when it traces or its caller sampled, a function when it
/// traces or exports on its own.
///
/// # Errors
/// If nothing that was seen may, and something was not seen.
pub fn may_send_segments(context: &Context<'_>) -> Result<bool, Gap> {
    let stages = context.region().rest_apis.each().map(|api| any(api?.stages.each().map(|stage| stage.map(|_| true))));
    any(stages.chain(context.functions().map(|function| function.map(|_| true))))
}

impl<'a> Plan<'a> {
    /// Looks at `region` as it was read so far.
    #[must_use]
    pub fn new(account: &'a Account, region: &'a Region, needs: &'a BTreeSet<Need>) -> Self {
        Self { context: Context::new(Scope { account, region }), needs }
    }

    fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }

    /// The time of the audit.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.context.now()
    }

    /// Every stage that was seen.
    pub fn stages(&self) -> impl Iterator<Item = StageOf<'a>> {
        self.context.stages().flatten()
    }

    /// The VPCs whose private hosted zones decide whether packets of functions arrive at X-Ray, and that were not asked about
    /// yet.
    #[must_use]
    pub fn vpcs_whose_zones_matter(&self) -> BTreeSet<String> {
        if !self.needs(Need::Networks) {
            return BTreeSet::new();
        }
        let region = self.context.region();
        let mut vpcs = gatelight_network::vpcs_whose_zones_matter(&region.functions.seen, self.context.network());
        vpcs.retain(|vpc| region.network.hosted_zones.iter().all(|answer| answer.vpc != *vpc));
        vpcs
    }

    /// Whether to list the deliveries of CloudWatch Logs.
    #[must_use]
    pub fn wants_deliveries(&self) -> bool {
        self.needs(Need::LogDeliveries) && self.context.may_deliver()
    }

    /// What to ask about, given the stages, the functions and the deliveries.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let traces = !self.context.traced_stages().by_api.is_empty();
        let mut wanted = Wanted {
            settings: self.needs(Need::GatewaySettings)
                && self.context.stages_that_may_need_the_role().next().is_some(),
            log_groups: function_log_groups(&self.context.region().functions.seen, self.needs),
            trace_destination: self.needs(Need::TraceDestination)
                && if self.needs(Need::Functions) { may_send_segments(&self.context) != Ok(false) } else { traces },
            sampling_rules: self.needs(Need::SamplingRules) && traces,
            ..Wanted::default()
        };
        for stage in self.stages() {
            self.want_access_log(&stage, &mut wanted);
            self.want_execution_log(&stage, &mut wanted);
        }
        wanted
    }

    fn want_access_log(&self, stage: &StageOf<'_>, wanted: &mut Wanted) {
        let Some(AccessLog { destination, .. }) = stage.access_log() else { return };
        if !self.is_here(&destination) {
            return;
        }
        match destination {
            Destination::LogGroup(arn, name) => {
                if self.needs(Need::LogPolicies) && stage.protocol() == Protocol::Http {
                    wanted.delivered_to.insert(name.to_owned(), arn_of_group(arn, name));
                }
                if self.needs(Need::AccessLogGroups) {
                    wanted.log_groups.insert(name.to_owned());
                }
            }
            Destination::DeliveryStream(_, name) => {
                if self.needs(Need::DeliveryStreams) && destination.is_well_named() {
                    wanted.delivery_streams.insert(name.to_owned());
                }
            }
            Destination::Other(_) => {}
        }
    }

    fn want_execution_log(&self, stage: &StageOf<'_>, wanted: &mut Wanted) {
        for destination in self.context.delivered_to(stage).filter(|destination| self.is_here(destination)) {
            if let Destination::LogGroup(arn, name) = destination
                && self.needs(Need::LogPolicies)
            {
                wanted.delivered_to.insert(name.to_owned(), arn_of_group(arn, name));
            }
        }
        if self.needs(Need::ExecutionLogGroups) && stage.logs_execution() {
            wanted.log_groups.extend(self.execution_log_groups(stage));
        }
    }

    /// The log groups that X-Ray writes segments to, if it does and their policies are needed: their ARNs by name.
    #[must_use]
    pub fn span_groups(&self) -> BTreeMap<String, String> {
        let (account, region) = (self.context.account(), self.context.region());
        let to_logs = region.trace_destination.get().is_ok_and(|answer| answer.destination == "CloudWatchLogs");
        let Some(id) = account.id.get().ok().filter(|_| to_logs && self.needs(Need::LogPolicies)) else {
            return BTreeMap::new();
        };
        let arn = |name: &str| format!("arn:{}:logs:{}:{id}:log-group:{name}", account.partition, region.name);
        SPAN_GROUPS.map(|name| (name.to_owned(), arn(name))).into()
    }

    /// The names of the log groups to search for signs of failure: all that something writes to.
    #[must_use]
    pub fn groups_to_search(&self) -> BTreeSet<String> {
        if !self.needs(Need::LogProbes) {
            return BTreeSet::new();
        }
        self.context.log_groups_in_use().into_iter().map(|group| group.name).collect()
    }

    /// The log groups of execution logs whose volume is needed, without those that are known not to exist.
    #[must_use]
    pub fn groups_to_measure(&self, answers: &[LogGroupAnswer]) -> BTreeSet<String> {
        if !self.needs(Need::ExecutionLogVolume) {
            return BTreeSet::new();
        }
        let absent = absent(answers);
        let stages = self.stages().filter(StageOf::logs_execution);
        let names = stages.flat_map(|stage| self.execution_log_groups(&stage));
        names.filter(|name| !absent.contains(name.as_str())).collect()
    }

    /// The names of the log groups that a stage's execution log goes to, if it is on.
    fn execution_log_groups(&self, stage: &StageOf<'_>) -> Vec<String> {
        let delivered = self.context.delivered_groups(stage).into_iter().map(str::to_owned);
        stage.execution_log_groups().into_iter().chain(delivered).collect()
    }

    /// Whether a destination may be in this account and region.
    #[must_use]
    pub fn is_here(&self, destination: &Destination<'_>) -> bool {
        self.context.is_here(destination)
    }

    /// Whether others write to the destination of an access log too: stages, execution logs, functions.
    ///
    /// # Errors
    /// If a listing broke off in which another could be.
    pub fn is_shared(&self, destination: &Destination<'_>) -> Result<bool, Gap> {
        self.context.traffic().is_shared(destination)
    }

    /// Whether CloudWatch counts a stage together with a stage of another API.
    ///
    /// # Errors
    /// If a listing broke off in which another could be.
    pub fn is_merged(&self, stage: &StageOf<'_>) -> Result<bool, Gap> {
        self.context.traffic().is_merged(stage)
    }
}

/// Without the `:*` that some spell.
fn arn_of_group(arn: Arn<'_>, name: &str) -> String {
    let Arn { partition, region, account, .. } = arn;
    format!("arn:{partition}:logs:{region}:{account}:log-group:{name}")
}

#[cfg(test)]
mod tests;
