//! How many requests stages served, and what the destinations of their access logs took in, by CloudWatch's metrics. It
//! asks step by step, so that only metrics on which a verdict depends are paid for.

mod batch;
mod destinations;
mod latency_cache;
mod own_lines;
mod stage;

use std::collections::BTreeSet;

use futures_util::future::join;
use gatelight_checks::plan::{
    Plan,
    metrics::{ENOUGH_SAMPLES, Overhead},
};
use gatelight_model::{
    Gap, Need,
    inventory::{DestinationIntake, LatencyPercentiles, Percentiles, Timing, TrafficAnswer},
};
use jiff::Timestamp;

pub(crate) use self::destinations::LogDestinations;
use self::{
    batch::{Batch, Totals, total},
    stage::{MeasuredStage, incoming_events},
};
use super::{metrics, query::Statistic, window::Window};
use crate::collect::{cache::RegionCache, client::RegionClient, needs::Needs};

/// The answers to the first questions.
#[derive(Debug)]
pub(crate) struct RequestCounts<'a> {
    /// The log groups that are known to have received no events. A group for which CloudWatch gave no answer is not among
    /// them.
    pub(crate) silent: BTreeSet<String>,
    stages: Vec<MeasuredStage<'a>>,
    now: Timestamp,
}

/// Asks how many requests stages served, and which of the log groups `to_search` received no events.
pub(crate) async fn request_counts<'a>(
    region: &RegionClient,
    plan: &Plan<'a>,
    destinations: LogDestinations<'a>,
    to_search: &BTreeSet<String>,
    needs: &Needs,
    remembered: &RegionCache,
) -> RequestCounts<'a> {
    let now = plan.now();
    let mut counts = RequestCounts { silent: BTreeSet::new(), stages: Vec::new(), now };
    if !needs.evidence.metrics {
        return counts;
    }
    let (since, until) = needs.evidence.window(now);
    let mut batch = Batch::default();
    let groups: Vec<_> = to_search
        .iter()
        .map(|group| (group, batch.ask(incoming_events(group), Statistic::Sum, Window::covering(since, until))))
        .collect();
    let taken = needs.contains(Need::Taken);
    if taken || needs.contains(Need::Traffic) {
        for of in plan.stages() {
            let mut stage = MeasuredStage::new(of, needs.evidence.counted(now));
            if needs.contains(Need::Latencies) {
                stage.remembered = latency_cache::recall(remembered, &of, needs, now);
            }
            if taken {
                stage.measure_destination(plan, destinations);
            }
            let is_searched = stage.group().is_some_and(|group| to_search.contains(group));
            stage.ask_requests(&mut batch);
            // This metric is paid for already.
            if is_searched {
                stage.ask_taken(&mut batch, now);
            }
            counts.stages.push(stage);
        }
    }
    if !batch.0.is_empty() {
        let metrics = batch.0.len();
        region.calls.progress().show(|| format!("{}: {metrics} metrics", region.name));
    }
    let totals = metrics::read(region, &batch.0).await;
    let is_silent = |at: usize| totals[at].as_ref().is_ok_and(|total| total.count() == 0 && total.sum == 0.0);
    counts.silent = groups.into_iter().filter(|(_, at)| is_silent(*at)).map(|(group, _)| group.clone()).collect();
    for stage in &mut counts.stages {
        stage.take(&totals);
    }
    counts
}

/// Asks the questions that depend on the first answers. Gives all answers, and what to remember of them.
pub(crate) async fn follow_up<'a>(
    region: &RegionClient,
    plan: &Plan<'a>,
    destinations: LogDestinations<'a>,
    counts: RequestCounts<'a>,
    needs: &Needs,
) -> (Vec<TrafficAnswer>, Vec<DestinationIntake>, RegionCache) {
    let RequestCounts { mut stages, now, .. } = counts;
    let mut batch = Batch::default();
    let latencies: Vec<_> = stages
        .iter_mut()
        .map(|stage| {
            if stage.is_served() {
                stage.ask_taken(&mut batch, now);
            }
            let asked = needs.contains(Need::Latencies) && stage.serves(ENOUGH_SAMPLES);
            asked.then(|| stage.ask_latencies(&mut batch)).flatten()
        })
        .collect();
    let totals = metrics::read(region, &batch.0).await;
    for stage in &mut stages {
        stage.take(&totals);
    }
    let timings: Vec<_> = latencies.into_iter().map(|asked| asked.map(|asked| timings(asked, &totals))).collect();

    let mut batch = Batch::default();
    for stage in &mut stages {
        stage.ask_client_errors(&mut batch, plan);
    }
    let percentiles = ask_percentiles(&stages, &timings, &mut batch, needs.overhead_limit);
    let (totals, mut own_lines) =
        join(metrics::read(region, &batch.0), own_lines::own_lines(region, plan, destinations, &stages, now)).await;
    for stage in &mut stages {
        stage.take(&totals);
    }
    let percentiles = percentiles.into_iter().map(|asked| asked.map(|asked| self::percentiles(asked, &totals)));

    let (mut traffic, mut taken, mut memories) = (Vec::new(), Vec::new(), RegionCache::new());
    for (at, ((stage, timings), percentiles)) in stages.into_iter().zip(timings).zip(percentiles).enumerate() {
        taken.extend(stage.taken_answer(own_lines.remove(&at)));
        if let Some((answer, memory)) = stage.remembered {
            traffic.push(answer);
            memories.extend([memory]);
            continue;
        }
        let [latency, integration_latency] =
            timings.unwrap_or_else(|| [(); 2].map(|()| Err(Gap::not_collected("latencies of few requests"))));
        let answer = TrafficAnswer {
            latency: latency.into(),
            integration_latency: integration_latency.into(),
            percentiles: percentiles.unwrap_or_else(|| Err(Gap::not_collected("percentiles"))).into(),
            ..stage.traffic_answer()
        };
        memories.extend(latency_cache::of(&answer, needs, now));
        traffic.push(answer);
    }
    (traffic, taken, memories)
}

/// The places of the percentiles of each stage whose overhead is above the limit, in milliseconds.
fn ask_percentiles(
    stages: &[MeasuredStage<'_>],
    timings: &[Option<[Result<Timing, Gap>; 2]>],
    batch: &mut Batch,
    overhead_limit: u32,
) -> Vec<Option<[[usize; 3]; 2]>> {
    let ask = |(stage, timings): (&MeasuredStage<'_>, &Option<[Result<Timing, Gap>; 2]>)| {
        let [Ok(latency), Ok(integration)] = timings.as_ref()? else { return None };
        let overhead = Overhead::of(latency, integration)?;
        overhead.is_above(overhead_limit).then(|| stage.ask_percentiles(batch)).flatten()
    };
    stages.iter().zip(timings).map(ask).collect()
}

/// The sum and the number of samples of `Latency` and of `IntegrationLatency`.
fn timings(asked: [[usize; 2]; 2], totals: &Totals) -> [Result<Timing, Gap>; 2] {
    asked.map(|[sum, samples]| Ok(Timing { sum: total(totals, sum)?.sum, samples: total(totals, samples)?.count() }))
}

fn percentiles(asked: [[usize; 3]; 2], totals: &Totals) -> Result<LatencyPercentiles, Gap> {
    let none = || Gap::unprovable("percentiles", "CloudWatch has no data points for percentiles");
    let greatest = |at: usize| total(totals, at)?.greatest.ok_or_else(none);
    let of = |[p50, p95, p99]: [usize; 3]| -> Result<Percentiles, Gap> {
        Ok(Percentiles { p50: greatest(p50)?, p95: greatest(p95)?, p99: greatest(p99)? })
    };
    Ok(LatencyPercentiles { latency: of(asked[0])?, integration_latency: of(asked[1])? })
}
