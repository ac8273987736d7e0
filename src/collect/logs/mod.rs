//! Log groups and Firehose streams, and the facts about them: policies, keys, searches, and CloudWatch's counts.

pub(super) mod deliveries;
pub(super) mod destinations;
pub(super) mod resource_policies;
pub(crate) mod search;

use std::collections::BTreeSet;

use futures_util::future::join;
use gatelight_checks::plan::{self, Plan, Wanted};
use gatelight_model::{
    Fetched, Gap, Listing, Need,
    inventory::{
        Account, DeliveryStreamAnswer, DestinationIntake, IngestedAnswer, KeyAnswer, LogGroupAnswer, LogPolicy,
        LogProbeAnswer, Region, TrafficAnswer,
    },
};

use self::destinations::LogGroups;
use super::{
    cache::RegionCache,
    client::RegionClient,
    cloudwatch::{ingestion, traffic},
    kms,
    needs::Needs,
};

/// What was read.
pub(super) struct Logs {
    groups: Vec<LogGroupAnswer>,
    /// Those that the owner named.
    named: Listing<String>,
    streams: Vec<DeliveryStreamAnswer>,
    policies: Listing<LogPolicy>,
    keys: Vec<KeyAnswer>,
    probes: Vec<LogProbeAnswer>,
    memories: RegionCache,
    served: (Vec<TrafficAnswer>, Vec<DestinationIntake>),
    ingested: Vec<IngestedAnswer>,
}

/// Reads what is `wanted`, given the stages and functions of the region.
pub(super) async fn logs(
    region: &RegionClient,
    (account, facts): (&Account, &Region),
    wanted: &Wanted,
    lookup: LogGroups<'_>,
    needs: &Needs,
) -> Logs {
    let plan = Plan::new(account, facts, &needs.facts);
    let (spans, remembered) = (plan.span_groups(), needs.remembered(account, &region.name));
    let names = wanted.log_groups.iter().chain(spans.keys()).cloned().collect();
    let ((mut groups, owners_groups), streams) = join(
        Box::pin(lookup.look_up(names, needs.named_log_groups())),
        Box::pin(destinations::delivery_streams(region, wanted.delivery_streams.clone())),
    )
    .await;
    // The policies of a group are asked for unless it is known to be absent.
    let delivered_to = plan::existing(wanted.delivered_to.iter().chain(&spans), &groups);
    groups.retain(|answer| wanted.log_groups.contains(&answer.name) || owners_groups.seen.contains(&answer.name));

    let mut in_use: BTreeSet<String> = plan.groups_to_search();
    in_use.extend(owners_groups.seen.iter().cloned());
    let to_search: Vec<_> = groups.iter().filter(|answer| in_use.contains(&answer.name)).collect();
    let destinations = traffic::LogDestinations { groups: &groups, streams: &streams };
    let names = search::names(&to_search);
    let counts = traffic::request_counts(region, &plan, destinations, &names, needs, &remembered);
    let counts = Box::pin(counts).await;
    let silent = counts.silent.clone();

    let policies = async {
        if wanted.delivered_to.is_empty() && spans.is_empty() {
            let why = format!("resource policies of CloudWatch Logs in {} (nothing needs one)", region.name);
            Listing::unread(Gap::not_collected(why))
        } else {
            resource_policies::log_policies(region, delivered_to).await
        }
    };
    let keys = async {
        if needs.contains(Need::LogGroupKeys) { kms::keys(region, kms::of_groups(&groups)).await } else { Vec::new() }
    };
    let window = needs.evidence.window(plan.now());
    let (policies, keys, (probes, mut memories), (traffic, taken, latencies), ingested) = tokio::join!(
        Box::pin(policies),
        Box::pin(keys),
        Box::pin(search::log_probes(region, &to_search, &silent, window, needs, &remembered)),
        Box::pin(traffic::follow_up(region, &plan, destinations, counts, needs)),
        Box::pin(ingestion::ingested(region, &plan, &groups, needs)),
    );
    memories.extend(latencies);
    let served = (traffic, taken);
    Logs { groups, named: owners_groups, streams, policies, keys, probes, memories, served, ingested }
}

impl Logs {
    /// Stores the facts in the region. Gives what to remember, if something was asked that is worth remembering.
    pub(super) fn store_in(self, facts: &mut Region, needs: &Needs) -> Option<RegionCache> {
        facts.log_groups = self.groups;
        facts.delivery_streams = self.streams;
        facts.log_policies = self.policies;
        facts.keys = self.keys;
        facts.log_probes = self.probes;
        (facts.traffic, facts.taken) = self.served;
        facts.ingested = self.ingested;
        if needs.contains(Need::LogProbes) {
            facts.named_log_groups = self.named;
            facts.searched_for = Fetched::known(needs.search.searched_for());
        }
        [Need::LogProbes, Need::Latencies].iter().any(|need| needs.contains(*need)).then_some(self.memories)
    }
}
