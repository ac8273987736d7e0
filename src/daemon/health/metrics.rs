//! Counts for Prometheus, in OpenMetrics text. No label holds the name of a resource or an account.

use std::{
    collections::BTreeSet,
    fmt,
    sync::atomic::{AtomicI64, AtomicU64},
    time::Duration,
};

use gatelight_checks::CHECKS;
use gatelight_model::Severity;
use jiff::Timestamp;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::daemon::{
    delivery::Fate,
    run::{End, Seen},
};

type Labels = Vec<(&'static str, String)>;
type Count = Family<Labels, Counter<u64, AtomicU64>>;
type Whole = Family<Labels, Gauge<i64, AtomicI64>>;
type Fraction = Family<Labels, Gauge<f64, AtomicU64>>;

/// All that is counted.
pub(super) struct Metrics {
    registry: Registry,
    findings: Whole,
    unknown: Whole,
    gaps: Whole,
    runs: Count,
    last_run: Whole,
    last_success: Whole,
    took: Fraction,
    requests: Count,
    throttled: Count,
    deliveries: Count,
    /// Gauges that a scope has set, to be taken back when it is gone or its next run does not set them.
    set: BTreeSet<(String, Which, Labels)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    Findings,
    Unknown,
    Gaps,
    LastRun,
    LastSuccess,
    Took,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gatelight");
        let build: Whole = Family::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        registry.register("build", "The version that runs", build);
        let (findings, unknown, gaps) = (Whole::default(), Whole::default(), Whole::default());
        let (runs, last_run, last_success, took) =
            (Count::default(), Whole::default(), Whole::default(), Fraction::default());
        let (requests, throttled, deliveries) = (Count::default(), Count::default(), Count::default());
        let gauges = [
            ("findings", "Findings of the last run that looked, ignored ones aside", &findings),
            ("unknown", "Outcomes of the last run that could not be checked, ignored ones aside", &unknown),
            ("gaps", "Reasons for which something could not be checked in the last run that looked", &gaps),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register("runs", "Runs by how they ended", runs.clone());
        let when = [
            ("last_run_timestamp", "When the last run began", &last_run),
            ("last_success_timestamp", "When the last run that looked began", &last_success),
        ];
        for (name, help, gauge) in when {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        }
        registry.register_with_unit("last_run_duration", "How long the last run took", Unit::Seconds, took.clone());
        registry.register("requests", "Requests to AWS by operation, each attempt counted", requests.clone());
        registry.register("throttled", "Answers of AWS that asked to slow down", throttled.clone());
        registry.register("slack_deliveries", "Attempts to post to Slack by what became of them", deliveries.clone());
        Self {
            registry,
            findings,
            unknown,
            gaps,
            runs,
            last_run,
            last_success,
            took,
            requests,
            throttled,
            deliveries,
            set: BTreeSet::new(),
        }
    }
}

impl Metrics {
    /// A run is over.
    pub(super) fn ran(&mut self, scope: &str, began: Timestamp, took: Duration, end: &End) {
        let schedule = ("schedule", scope.to_owned());
        let result = match end {
            End::Looked(_) => "looked",
            End::Failed(_) => "failed",
            End::Stopped => "stopped",
        };
        self.runs.get_or_create(&vec![schedule.clone(), ("result", result.to_owned())]).inc();
        let one = vec![schedule.clone()];
        self.last_run.get_or_create(&one).set(began.as_second());
        self.took.get_or_create(&one).set(took.as_secs_f64());
        self.set.insert((scope.to_owned(), Which::LastRun, one.clone()));
        self.set.insert((scope.to_owned(), Which::Took, one.clone()));
        let End::Looked(seen) = end else { return };
        let Seen { findings, gaps, requests, throttles, news, .. } = &**seen;
        self.last_success.get_or_create(&one).set(began.as_second());
        self.set.insert((scope.to_owned(), Which::LastSuccess, one.clone()));
        self.take_back(scope, |which| matches!(which, Which::Findings | Which::Gaps));
        self.gauge(scope, Which::Unknown, one.clone(), news.unknown);
        for check in CHECKS {
            // A check that finds nothing has a count all the same: an alert needs a line to look at.
            let count = |severity: Severity| findings.get(&(check.id, severity)).copied();
            for severity in [Severity::High, Severity::Medium, Severity::Low] {
                let count = count(severity).or_else(|| (severity == check.severity).then_some(0));
                if let Some(count) = count {
                    let labels = [("check", check.id.to_owned()), ("severity", severity.name().to_owned())];
                    let labels = one.iter().cloned().chain(labels).collect();
                    self.gauge(scope, Which::Findings, labels, count);
                }
            }
        }
        for (kind, count) in gaps {
            self.gauge(scope, Which::Gaps, vec![schedule.clone(), ("kind", (*kind).to_owned())], *count);
        }
        for (operation, count) in requests {
            self.requests.get_or_create(&vec![("operation", operation.clone())]).inc_by(*count);
        }
        for (operation, count) in throttles {
            self.throttled.get_or_create(&vec![("operation", operation.clone())]).inc_by(*count);
        }
    }

    fn gauge(&mut self, scope: &str, which: Which, labels: Labels, value: u64) {
        let family = match which {
            Which::Findings => &self.findings,
            Which::Unknown => &self.unknown,
            Which::Gaps => &self.gaps,
            Which::LastRun => &self.last_run,
            Which::LastSuccess | Which::Took => &self.last_success,
        };
        family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
        self.set.insert((scope.to_owned(), which, labels));
    }

    fn take_back(&mut self, scope: &str, which: impl Fn(Which) -> bool) {
        let gone: Vec<_> = self.set.extract_if(.., |(of, kind, _)| of == scope && which(*kind)).collect();
        for (_, which, labels) in gone {
            match which {
                Which::Findings => self.findings.remove(&labels),
                Which::Unknown => self.unknown.remove(&labels),
                Which::Gaps => self.gaps.remove(&labels),
                Which::LastRun => self.last_run.remove(&labels),
                Which::LastSuccess => self.last_success.remove(&labels),
                Which::Took => self.took.remove(&labels),
            };
        }
    }

    /// The scope is no schedule any more. What was counted stays counted.
    pub(super) fn forget(&mut self, scope: &str) {
        self.take_back(scope, |_| true);
    }

    /// A delivery is over.
    pub(super) fn delivered(&self, webhook: &str, fate: Fate) {
        let labels = vec![("webhook", webhook.to_owned()), ("result", fate.name().to_owned())];
        self.deliveries.get_or_create(&labels).inc();
    }

    /// As Prometheus reads it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // A string can be written.
        let _: fmt::Result = encode(&mut text, &self.registry);
        text
    }
}
