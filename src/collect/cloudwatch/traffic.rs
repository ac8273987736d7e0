//! What stages served and what the destinations of their access logs took, by CloudWatch's metrics: step by step, so that
//! only what a verdict hangs on is asked for and paid for.

mod latency_cache;
mod own_lines;
mod stage;

use std::collections::BTreeSet;

use gatelight_checks::{
    Context,
    gateway::overhead_high::{Overhead, SAMPLES},
};
use gatelight_model::{
    Fetched, Gap, Need,
    inventory::{
        DeliveryStreamAnswer, DestinationIntake, LatencyPercentiles, LogGroupAnswer, Percentiles, Timing, TrafficAnswer,
    },
};
use jiff::Timestamp;

use self::stage::Stage;
use super::{Ask, Metric, Statistic, Total, Window};
use crate::collect::{Memories, Needs, Region, cloudwatch};

/// Where access logs go, as AWS told it, sorted by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub(crate) groups: &'a [LogGroupAnswer],
    pub(crate) streams: &'a [DeliveryStreamAnswer],
}

impl<'a> Places<'a> {
    fn group(self, name: &str) -> Option<&'a LogGroupAnswer> {
        let at = self.groups.binary_search_by(|answer| answer.name.as_str().cmp(name)).ok()?;
        self.groups.get(at)
    }

    fn stream(self, name: &str) -> Option<&'a DeliveryStreamAnswer> {
        let at = self.streams.binary_search_by(|answer| answer.name.as_str().cmp(name)).ok()?;
        self.streams.get(at)
    }
}

/// What CloudWatch said at first.
#[derive(Debug)]
pub(crate) struct First<'a> {
    /// The log groups that are known to have taken no events. One of which CloudWatch would not say is not among them.
    pub(crate) silent: BTreeSet<String>,
    stages: Vec<Stage<'a>>,
    now: Timestamp,
}

/// Questions, and where their answers will stand.
#[derive(Debug, Default)]
struct Asks(Vec<Ask>);

impl Asks {
    fn ask(&mut self, metric: Metric, statistic: Statistic, window: Window) -> usize {
        self.0.push(Ask { metric, statistic, window });
        self.0.len() - 1
    }
}

type Told = [Result<Total, Gap>];

/// Asks how many requests stages served, and which of the log groups `probed` took no events.
pub(crate) async fn first<'a>(
    region: &Region,
    context: &Context<'a>,
    places: Places<'a>,
    probed: &BTreeSet<String>,
    needs: &Needs,
    remembered: &Memories,
) -> First<'a> {
    let now = context.now();
    let mut first = First { silent: BTreeSet::new(), stages: Vec::new(), now };
    if !needs.evidence.metrics {
        return first;
    }
    let (since, until) = needs.evidence.window(now);
    let mut asks = Asks::default();
    let groups: Vec<_> = probed
        .iter()
        .map(|group| (group, asks.ask(stage::incoming_events(group), Statistic::Sum, Window::covering(since, until))))
        .collect();
    let taken = needs.contains(Need::Taken);
    if taken || needs.contains(Need::Traffic) {
        for of in context.stages().flatten() {
            let mut stage = Stage::new(of, needs.evidence.counted(now));
            if needs.contains(Need::Latencies) {
                stage.remembered = latency_cache::recall(remembered, &of, needs, now);
            }
            if taken {
                stage.look_at_destination(context, places);
            }
            let already = stage.group().is_some_and(|group| probed.contains(group));
            stage.ask_requests(&mut asks);
            if already {
                stage.ask_taken(&mut asks, now);
            }
            first.stages.push(stage);
        }
    }
    if !asks.0.is_empty() {
        let metrics = asks.0.len();
        region.calls.progress().show(|| format!("{}: {metrics} metrics", region.name));
    }
    let told = cloudwatch::read(region, &asks.0).await;
    let is_silent = |at: usize| told[at].as_ref().is_ok_and(|total| total.count() == 0 && total.sum == 0.0);
    first.silent = groups.into_iter().filter(|(_, at)| is_silent(*at)).map(|(group, _)| group.clone()).collect();
    for stage in &mut first.stages {
        stage.take(&told);
    }
    first
}

/// Asks for what hangs on what was said at first. With the answers: what to remember of them.
pub(crate) async fn then<'a>(
    region: &Region,
    context: &Context<'a>,
    places: Places<'a>,
    first: First<'a>,
    needs: &Needs,
) -> (Vec<TrafficAnswer>, Vec<DestinationIntake>, Memories) {
    let First { mut stages, now, .. } = first;
    let mut asks = Asks::default();
    let latencies: Vec<_> = stages
        .iter_mut()
        .map(|stage| {
            if stage.is_served() {
                stage.ask_taken(&mut asks, now);
            }
            let asked = needs.contains(Need::Latencies) && stage.serves(SAMPLES);
            asked.then(|| stage.ask_latencies(&mut asks)).flatten()
        })
        .collect();
    let told = cloudwatch::read(region, &asks.0).await;
    for stage in &mut stages {
        stage.take(&told);
    }
    let timings: Vec<_> = latencies.into_iter().map(|asked| asked.map(|asked| timings(asked, &told))).collect();

    let mut asks = Asks::default();
    for stage in &mut stages {
        stage.ask_client_errors(&mut asks, context);
    }
    let percentiles: Vec<_> = stages
        .iter()
        .zip(&timings)
        .map(|(stage, timings)| {
            let [Ok(latency), Ok(integration)] = timings.as_ref()? else { return None };
            let overhead = Overhead::of(latency, integration)?;
            overhead.is_above(needs.overhead_limit).then(|| stage.ask_percentiles(&mut asks)).flatten()
        })
        .collect();
    let (told, mut own_lines) = futures_util::future::join(
        cloudwatch::read(region, &asks.0),
        own_lines::own_lines(region, context, places, &stages, now),
    )
    .await;
    for stage in &mut stages {
        stage.take(&told);
    }
    let percentiles = percentiles.into_iter().map(|asked| asked.map(|asked| self::percentiles(asked, &told)));

    let (mut traffic, mut taken, mut memories) = (Vec::new(), Vec::new(), Memories::new());
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

/// The sum and the number of samples of `Latency` and of `IntegrationLatency`.
fn timings(asked: [[usize; 2]; 2], told: &Told) -> [Result<Timing, Gap>; 2] {
    asked.map(|[sum, samples]| Ok(Timing { sum: total(told, sum)?.sum, samples: total(told, samples)?.count() }))
}

fn percentiles(asked: [[usize; 3]; 2], told: &Told) -> Result<LatencyPercentiles, Gap> {
    let none = || Gap::unprovable("percentiles", "CloudWatch has no data points for percentiles");
    let greatest = |at: usize| total(told, at)?.greatest.ok_or_else(none);
    let of = |[p50, p95, p99]: [usize; 3]| -> Result<Percentiles, Gap> {
        Ok(Percentiles { p50: greatest(p50)?, p95: greatest(p95)?, p99: greatest(p99)? })
    };
    Ok(LatencyPercentiles { latency: of(asked[0])?, integration_latency: of(asked[1])? })
}

fn total(told: &Told, at: usize) -> Result<Total, Gap> {
    told.get(at).cloned().unwrap_or_else(|| Err(Gap::not_collected("a metric")))
}

/// The sum of counts.
fn count(told: &Told, asked: &[usize]) -> Fetched<u64> {
    let totals = asked.iter().map(|at| total(told, *at).map(Total::count));
    totals.sum::<Result<u64, Gap>>().into()
}
