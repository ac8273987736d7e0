//! Log groups and streams, and what is known by them: policies, keys, searches, and what CloudWatch counted.

pub(super) mod deliveries;
pub(super) mod destinations;
pub(super) mod resource_policies;
pub(crate) mod search;

use std::collections::BTreeSet;

use futures_util::future::join;
use gatelight_checks::{Context, Scope};
use gatelight_model::{
    Fetched, Gap, Listing, Need,
    inventory::{
        self, DeliveryStreamAnswer, DestinationIntake, IngestedAnswer, KeyAnswer, LogGroupAnswer, LogPolicy,
        LogProbeAnswer, TrafficAnswer,
    },
};

use super::{
    Memories, Needs, Region, Wanted,
    cloudwatch::{ingestion, traffic},
    groups_to_probe, kms,
    logs::destinations::LogGroups,
    there,
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
    memories: Memories,
    served: (Vec<TrafficAnswer>, Vec<DestinationIntake>),
    ingested: Vec<IngestedAnswer>,
}

/// Reads what is `wanted`, given the stages and functions.
pub(super) async fn logs(
    region: &Region,
    scope: Scope<'_>,
    wanted: &Wanted,
    lookup: LogGroups<'_>,
    needs: &Needs,
) -> Logs {
    let (meant, remembered) = (needs.named_log_groups(), needs.remembered(scope.account, &region.name));
    let names = wanted.log_groups.iter().chain(wanted.spans.keys()).cloned().collect();
    let ((mut groups, by_name), streams) = join(
        Box::pin(lookup.look_up(names, meant)),
        Box::pin(destinations::delivery_streams(region, wanted.delivery_streams.clone())),
    )
    .await;
    // Policies of a group are asked for only where it is not known to be absent.
    let delivered_to = there(wanted.delivered_to.iter().chain(&wanted.spans), &groups);
    groups.retain(|answer| wanted.log_groups.contains(&answer.name) || by_name.seen.contains(&answer.name));

    let mut in_use: BTreeSet<String> = groups_to_probe(scope.account, scope.region, needs);
    in_use.extend(by_name.seen.iter().cloned());
    let to_search: Vec<_> = groups.iter().filter(|answer| in_use.contains(&answer.name)).collect();
    let context = Context::new(scope);
    let places = traffic::Places { groups: &groups, streams: &streams };
    let first =
        Box::pin(traffic::first(region, &context, places, &search::names(&to_search), needs, &remembered)).await;
    let silent = first.silent.clone();

    let policies = async {
        if wanted.delivered_to.is_empty() && wanted.spans.is_empty() {
            let why = format!("resource policies of CloudWatch Logs in {} (nothing needs one)", region.name);
            Listing::unread(Gap::not_collected(why))
        } else {
            resource_policies::log_policies(region, delivered_to).await
        }
    };
    let keys = async {
        if needs.contains(Need::LogGroupKeys) { kms::keys(region, kms::of_groups(&groups)).await } else { Vec::new() }
    };
    let window = needs.evidence.window(context.now());
    let (policies, keys, (probes, mut memories), (traffic, taken, latencies), ingested) = tokio::join!(
        Box::pin(policies),
        Box::pin(keys),
        Box::pin(search::log_probes(region, &to_search, &silent, window, needs.evidence, &needs.search, &remembered)),
        Box::pin(traffic::then(region, &context, places, first, needs)),
        Box::pin(ingestion::ingested(region, &context, &groups, needs)),
    );
    memories.extend(latencies);
    let served = (traffic, taken);
    Logs { groups, named: by_name, streams, policies, keys, probes, memories, served, ingested }
}

impl Logs {
    /// Puts it where it belongs, and gives what to remember, if there was something to be read of which that is done.
    pub(super) fn put(self, facts: &mut inventory::Region, needs: &Needs) -> Option<Memories> {
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
