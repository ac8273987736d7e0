//! Latencies are asked for once a day: they are up to four metrics a stage, which AWS bills, and a mean over a day says much
//! the same an hour later.

use gatelight_checks::plan::metrics::Overhead;
use gatelight_model::inventory::{StageOf, TrafficAnswer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::collect::{cache::RegionCache, needs::Needs};

/// How long an answer of CloudWatch stays valid.
const DAY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Serialize, Deserialize)]
struct CachedLatencies {
    asked_at: Timestamp,
    /// The length of the audit's window, in seconds: another one gives other means.
    window: i64,
    /// In milliseconds: under another limit percentiles may be missing.
    overhead_limit: u32,
    answer: TrafficAnswer,
}

/// The key of an entry. No name of a log group holds a space.
fn about(api: &str, stage: &str) -> String {
    format!("latencies {api}/{stage}")
}

/// What is remembered of a stage, if it is still valid: it was asked for less than a day ago, in the same way, and the stage
/// has not changed since. With it, what to remember next time.
pub(crate) fn recall(
    memories: &RegionCache,
    of: &StageOf<'_>,
    needs: &Needs,
    now: Timestamp,
) -> Option<(TrafficAnswer, (String, String))> {
    let about = about(&of.api.id, &of.stage.name);
    let text = memories.get(&about)?;
    let CachedLatencies { asked_at, window, overhead_limit, answer } = serde_json::from_str(text).ok()?;
    let age = now.duration_since(asked_at);
    let is_unchanged = of.stage.changed_at.get().is_ok_and(|changed| *changed < asked_at);
    let holds = (SignedDuration::ZERO..DAY).contains(&age)
        && is_unchanged
        && (window, overhead_limit) == (needs.evidence.window.as_secs(), needs.overhead_limit)
        && (&answer.api, &answer.stage) == (&of.api.id, &of.stage.name);
    holds.then(|| (answer, (about, text.clone())))
}

/// What to remember of an answer; nothing of an incomplete one.
pub(crate) fn of(answer: &TrafficAnswer, needs: &Needs, now: Timestamp) -> Option<(String, String)> {
    let (latency, integration) = (answer.latency.get().ok()?, answer.integration_latency.get().ok()?);
    let is_above = Overhead::of(latency, integration).is_some_and(|overhead| overhead.is_above(needs.overhead_limit));
    let is_whole = answer.requests.get().is_ok() && (!is_above || answer.percentiles.get().is_ok());
    let (window, overhead_limit) = (needs.evidence.window.as_secs(), needs.overhead_limit);
    let memory = CachedLatencies { asked_at: now, window, overhead_limit, answer: answer.clone() };
    let text = is_whole.then(|| serde_json::to_string(&memory).ok())??;
    Some((about(&answer.api, &answer.stage), text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gatelight_model::{
        Fetched, Gap, Listing,
        inventory::{Api, LatencyPercentiles, Percentiles, Protocol, Stage, Timing},
    };

    use super::*;
    use crate::collect::needs::EvidenceOptions;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    const NOW: Timestamp = Timestamp::constant(1_795_338_000, 0);

    fn needs(hours: i64, overhead_limit: u32) -> Needs {
        let window = SignedDuration::from_hours(hours);
        Needs::new(
            BTreeSet::new(),
            EvidenceOptions { window, metrics: true, samples: true, insights: false },
            overhead_limit,
        )
    }

    fn timing(mean: f64) -> Fetched<Timing> {
        Fetched::known(Timing { sum: mean * 200.0, samples: 200 })
    }

    fn answer(now: Timestamp, overhead: f64) -> TrafficAnswer {
        TrafficAnswer {
            api: "a1b2c3d4e5".to_owned(),
            stage: "prod".to_owned(),
            since: now - HOUR * 24,
            until: now,
            requests: Fetched::known(200),
            latency: timing(50.0 + overhead),
            integration_latency: timing(50.0),
            percentiles: Err(Gap::not_collected("percentiles")).into(),
        }
    }

    /// What is recalled of `orders/prod`, after `hours`, by a run that has these needs.
    fn recalled(memory: &(String, String), hours: i64, needs: &Needs, change: Option<i64>) -> Option<TrafficAnswer> {
        let changed_at = change.map_or(NOW - HOUR * 168, |hours| NOW + HOUR * i32::try_from(hours).expect("few"));
        let stage = Stage {
            name: "prod".to_owned(),
            access_log: None,
            method_logging: Vec::new(),
            tracing: Some(true),
            has_canary: false,
            changed_at: Fetched::known(changed_at),
        };
        let api = Api {
            id: "a1b2c3d4e5".to_owned(),
            name: "orders".to_owned(),
            protocol: Protocol::Rest,
            stages: Listing::whole(vec![stage.clone()]),
        };
        let memories = RegionCache::from([memory.clone()]);
        let at = NOW + HOUR * i32::try_from(hours).expect("few");
        let (answer, kept) = recall(&memories, &StageOf { api: &api, stage: &stage }, needs, at)?;
        assert_eq!(&kept, memory, "what holds is remembered on, with its own time");
        Some(answer)
    }

    #[test]
    fn an_answer_stands_for_a_day_in_which_nothing_changes() {
        let now = NOW;
        let told = answer(now, 20.0);
        let memory = of(&told, &needs(24, 100), now).expect("is whole");
        for hours in [0, 1, 23] {
            assert_eq!(recalled(&memory, hours, &needs(24, 100), None), Some(told.clone()), "{hours}");
        }
        assert_eq!(recalled(&memory, 24, &needs(24, 100), None), None, "a day is over");
        assert_eq!(recalled(&memory, -1, &needs(24, 100), None), None, "a clock that was set back");
        assert_eq!(recalled(&memory, 1, &needs(48, 100), None), None, "another window");
        assert_eq!(recalled(&memory, 1, &needs(24, 10), None), None, "another limit");
        assert_eq!(recalled(&memory, 3, &needs(24, 100), Some(2)), None, "the stage has changed since");
        let other = (memory.0.replace("prod", "live"), memory.1.clone());
        assert_eq!(recalled(&other, 1, &needs(24, 100), None), None, "another stage's");
        assert_eq!(recalled(&(memory.0.clone(), "{}".to_owned()), 1, &needs(24, 100), None), None, "another form");
    }

    #[test]
    fn only_what_is_whole_is_remembered() {
        let now = NOW;
        let whole = answer(now, 20.0);
        let gap = || Gap::unprovable("x", "hidden");
        assert!(of(&whole, &needs(24, 100), now).is_some());
        for spoil in [
            |answer: &mut TrafficAnswer, gap: Gap| answer.requests = Err(gap).into(),
            |answer: &mut TrafficAnswer, gap: Gap| answer.latency = Err(gap).into(),
            |answer: &mut TrafficAnswer, gap: Gap| answer.integration_latency = Err(gap).into(),
        ] {
            let mut answer = whole.clone();
            spoil(&mut answer, gap());
            assert!(of(&answer, &needs(24, 100), now).is_none());
        }
        // Percentiles are the evidence of an overhead that is high.
        let mut high = answer(now, 150.0);
        assert!(of(&high, &needs(24, 100), now).is_none());
        let some = Percentiles { p50: 1.0, p95: 2.0, p99: 3.0 };
        high.percentiles = Fetched::known(LatencyPercentiles { latency: some, integration_latency: some });
        assert!(of(&high, &needs(24, 100), now).is_some());
    }
}
