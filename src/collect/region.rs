//! Reads one region: stages and functions first, then what the plan wants next.

use futures_util::future::join;
use gatelight_checks::plan::{self, Plan};
use gatelight_model::{
    Fetched, Gap, Listing, Need,
    inventory::{Account, CapacityProviderAnswer, Function, Network, Region},
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

    if Plan::new(account, &facts, &needs.facts).wants_deliveries() {
        facts.log_deliveries = log_deliveries(region).await;
    }
    let wanted = Plan::new(account, &facts, &needs.facts).wanted();
    if wanted.trace_destination {
        facts.trace_destination = xray::destination(region).await;
    }
    let settings = async {
        if wanted.settings {
            apigateway::settings(region).await
        } else {
            let why = format!("API Gateway settings in {} (no stage uses them)", region.name);
            Fetched::from(Err(Gap::not_collected(why)))
        }
    };
    let logs = logs::logs(region, (account, &facts), &wanted, groups, needs);
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
    let memories = logs.store_in(&mut facts, needs);
    CollectedRegion { facts, traffic: region.calls.traffic(), memories }
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
