//! Reads one region: stages and functions first, then what the plan wants next.

use std::collections::BTreeSet;

use futures_util::future::join;
use gatelight_checks::plan::{self, Plan};
use gatelight_model::{
    AccessDenial, Fetched, Gap, GapKind, Listing, Need,
    inventory::{Account, CapacityProviderAnswer, ClosedRegion, Function, Network, Region},
};

use super::{
    apigateway,
    aws::{Calls, Traffic},
    cache::RegionCache,
    client::RegionClient,
    ec2, lambda,
    logs::{self, deliveries::log_deliveries, destinations::LogGroups},
    needs::Needs,
    route53, xray,
};

/// One region as it was collected, and what it cost to read.
#[derive(Debug)]
pub(crate) struct CollectedRegion {
    pub(crate) facts: Region,
    pub(crate) traffic: Traffic,
    /// Whether AWS rejected the credentials in every call, and nothing more was asked.
    pub(super) rejects_credentials: bool,
    /// What to remember of it, if something was asked that is worth remembering.
    pub(crate) memories: Option<RegionCache>,
}

/// Reads what is needed of a region. Facts that cannot be read become gaps. `global` calls services that have one limit for
/// all regions.
pub(super) async fn collect(
    region: &RegionClient,
    account: &Account,
    needs: &Needs,
    global: &Calls,
) -> CollectedRegion {
    let mut facts = Region::not_collected(&region.name);
    let mut groups = LogGroups::new(region);
    let apis = async {
        if needs.contains(Need::Stages) {
            Some(join(apigateway::rest_apis(region), apigateway::v2_apis(region)).await)
        } else {
            None
        }
    };
    // API Gateway's calls are by far the slowest, so functions are read beside them.
    let functions = async {
        if plan::lists_functions(&needs.facts) { Some(functions(region, needs, &mut groups).await) } else { None }
    };
    let (apis, functions) = join(Box::pin(apis), Box::pin(functions)).await;
    if let Some(apis) = apis {
        (facts.rest_apis, facts.v2_apis) = apis;
    }
    if let Some(functions) = functions {
        (facts.functions, facts.capacity_providers, facts.network) = functions;
        read_hosted_zones(region, account, &mut facts, needs, global).await;
    }
    if let Some(denial) = denied_by_organization(&facts)
        && denies_named_log_groups(region, needs).await
    {
        facts.closed = Some(ClosedRegion::Organization(denial));
    }
    let rejects_credentials = region.calls.rejects_credentials();
    if rejects_credentials {
        // Each further call would end alike.
        let gap = first_listings(&facts).into_iter().find_map(|end| asked(end).and_then(Result::err));
        if let Some(gap) = gap {
            facts = Region::unread(&region.name, &gap);
        }
    }
    if facts.closed.is_some() || rejects_credentials {
        return CollectedRegion { facts, traffic: region.calls.traffic(), rejects_credentials, memories: None };
    }

    let memories = read_settings_and_logs(region, account, &mut facts, groups, needs).await;
    CollectedRegion { facts, traffic: region.calls.traffic(), rejects_credentials: false, memories }
}

/// Reads what the APIs and functions of the region make worth reading.
async fn read_settings_and_logs(
    region: &RegionClient,
    account: &Account,
    facts: &mut Region,
    groups: LogGroups<'_>,
    needs: &Needs,
) -> Option<RegionCache> {
    if Plan::new(account, facts, &needs.facts).wants_deliveries() {
        facts.log_deliveries = log_deliveries(region).await;
    }
    let wanted = Plan::new(account, facts, &needs.facts).wanted();
    if wanted.trace_destination {
        facts.trace_destination = xray::destination(region).await;
    }
    let settings = async {
        if wanted.settings {
            apigateway::settings(region).await
        } else {
            let why = format!("API Gateway settings in {} (no REST or WebSocket stage)", region.name);
            Fetched::from(Err(Gap::not_collected(why)))
        }
    };
    let logs = logs::logs(region, (account, &*facts), &wanted, groups, needs);
    let callers = async {
        if needs.contains(Need::Callers) {
            lambda::callers(region, &facts.functions.seen, &facts.rest_apis).await
        } else {
            Vec::new()
        }
    };
    let rules = Box::pin(xray::sampling_rules(region, wanted.sampling_rules));
    let (settings, logs, callers, rules) = tokio::join!(settings, Box::pin(logs), callers, rules);
    facts.gateway_settings = settings;
    facts.callers = callers;
    facts.sampling_rules = rules;
    let memories = logs.store_in(facts, needs);
    groups_of_policies(region, account, facts).await;
    memories
}

/// Looks up the log groups that resource policies name, where it matters whether these could go.
async fn groups_of_policies(region: &RegionClient, account: &Account, facts: &mut Region) {
    let mut named = plan::groups_of_policies(account, facts);
    named.retain(|name| facts.log_groups.iter().all(|answer| answer.name != *name));
    if !named.is_empty() {
        let (answers, _) = Box::pin(LogGroups::new(region).look_up(named, &[])).await;
        facts.log_groups.extend(answers);
    }
}

/// The denial by a service control policy in which every listing ended that was made: of APIs and of functions. What a
/// region holds besides is found through these alone.
fn denied_by_organization(facts: &Region) -> Option<AccessDenial> {
    let unseen = facts.rest_apis.seen.is_empty() && facts.v2_apis.seen.is_empty() && facts.functions.seen.is_empty();
    let mut denials = Vec::new();
    for end in first_listings(facts).into_iter().filter_map(asked) {
        denials.push(by_service_control_policy(&end.err()?)?);
    }
    // The newer messages name the policy.
    let named = denials.iter().position(|denial| denial.arn.is_some()).unwrap_or_default();
    denials.into_iter().nth(named).filter(|_| unseen)
}

/// How the listings ended that a region is asked for first.
fn first_listings(facts: &Region) -> [&Fetched<()>; 3] {
    [&facts.rest_apis.rest, &facts.v2_apis.rest, &facts.functions.rest]
}

/// How a listing ended, if it was made.
fn asked(end: &Fetched<()>) -> Option<Result<(), Gap>> {
    let end = end.get().map(drop);
    (!end.as_ref().is_err_and(|gap| gap.why().kind == GapKind::NotCollected)).then_some(end)
}

/// Whether the log groups that the owner names are denied in the same way; true where there are none. One answer shows it.
async fn denies_named_log_groups(region: &RegionClient, needs: &Needs) -> bool {
    let Some(first) = needs.named_log_groups().first() else { return true };
    let (answers, named) = LogGroups::new(region).look_up(BTreeSet::new(), std::slice::from_ref(first)).await;
    let ends = answers.iter().map(|answer| answer.group.get().map(drop)).chain([named.rest.get().map(drop)]);
    let gaps: Vec<_> = ends.filter_map(Result::err).collect();
    !gaps.is_empty() && gaps.iter().all(|gap| by_service_control_policy(gap).is_some())
}

fn by_service_control_policy(gap: &Gap) -> Option<AccessDenial> {
    gap.why().denied_by.clone().filter(AccessDenial::is_by_service_control_policy)
}

/// Adds the private hosted zones that decide where packets of functions go. A zone may lead to an endpoint that makes another
/// VPC's zones matter: so the plan is asked twice.
async fn read_hosted_zones(
    region: &RegionClient,
    account: &Account,
    facts: &mut Region,
    needs: &Needs,
    global: &Calls,
) {
    for _ in 0..2 {
        let vpcs = Plan::new(account, facts, &needs.facts).vpcs_whose_zones_matter();
        if vpcs.is_empty() {
            break;
        }
        let network = std::mem::replace(&mut facts.network, Network::not_collected());
        facts.network = Box::pin(route53::with_hosted_zones(region, network, &vpcs, global)).await;
    }
}

/// Functions, and what only they lead to.
async fn functions(
    region: &RegionClient,
    needs: &Needs,
    groups: &mut LogGroups<'_>,
) -> (Listing<Function>, Vec<CapacityProviderAnswer>, Network) {
    let functions = lambda::functions(region).await;
    let network = async {
        if !needs.contains(Need::Networks) {
            return (Vec::new(), Network::not_collected());
        }
        let providers = lambda::capacity_providers(region, &functions.seen).await;
        let network = ec2::network(region, &functions.seen, &providers).await;
        (providers, network)
    };
    let names = plan::function_log_groups(&functions.seen, &needs.facts);
    let ((providers, network), ()) = join(Box::pin(network), groups.list(&names)).await;
    (functions, providers, network)
}

#[cfg(test)]
mod tests;
