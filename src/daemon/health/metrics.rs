//! Metrics for Prometheus, in OpenMetrics text. Labels hold accounts and regions, and never the name of a resource.

use std::{
    collections::{BTreeMap, BTreeSet},
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

use crate::{
    daemon::{
        delivery::DeliveryResult,
        run::{RunResult, RunSummary},
    },
    text::plain,
};

type Labels = Vec<(&'static str, String)>;
type Counters = Family<Labels, Counter<u64, AtomicU64>>;
type IntGauges = Family<Labels, Gauge<i64, AtomicI64>>;
type FloatGauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// All metrics of the daemon.
pub(super) struct Metrics {
    registry: Registry,
    findings: IntGauges,
    subjects: IntGauges,
    unknown: IntGauges,
    gaps: IntGauges,
    runs: Counters,
    last_run: IntGauges,
    last_success: IntGauges,
    took: FloatGauges,
    requests: Counters,
    throttled: Counters,
    deliveries: Counters,
    /// Gauges that a schedule has set. They are removed when it is gone or its next run does not set them.
    set: BTreeSet<(String, GaugeKind, Labels)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum GaugeKind {
    Findings,
    Subjects,
    Unknown,
    Gaps,
    LastRun,
    LastSuccess,
    Took,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gatelight");
        let build: IntGauges = Family::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        registry.register("build", "Version of the running program", build);
        let (findings, subjects) = (IntGauges::default(), IntGauges::default());
        let (unknown, gaps) = (IntGauges::default(), IntGauges::default());
        let (runs, last_run, last_success, took) =
            (Counters::default(), IntGauges::default(), IntGauges::default(), FloatGauges::default());
        let (requests, throttled, deliveries) = (Counters::default(), Counters::default(), Counters::default());
        let gauges = [
            ("findings", "Findings of the last successful run, ignored ones excluded", &findings),
            ("subjects", "Stages and functions of the last successful run, by state", &subjects),
            (
                "unknown",
                "Outcomes of the last successful run that could not be checked, ignored ones excluded",
                &unknown,
            ),
            ("gaps", "Reasons why something could not be checked in the last successful run", &gaps),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register("runs", "Runs, by result", runs.clone());
        let when = [
            ("last_run_timestamp", "Start time of the last run", &last_run),
            ("last_success_timestamp", "Start time of the last successful run", &last_success),
        ];
        for (name, help, gauge) in when {
            registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
        }
        registry.register_with_unit("last_run_duration", "Duration of the last run", Unit::Seconds, took.clone());
        registry.register("requests", "Requests to AWS, by operation; each attempt counts", requests.clone());
        registry.register("throttled", "Throttled requests to AWS", throttled.clone());
        registry.register("slack_deliveries", "Attempts to post to Slack, by result", deliveries.clone());
        Self {
            registry,
            findings,
            subjects,
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
    /// Records how a run ended.
    pub(super) fn record_run(&mut self, name: &str, started_at: Timestamp, took: Duration, result: &RunResult) {
        let schedule = ("schedule", name.to_owned());
        let label = match result {
            RunResult::Succeeded(_) => "looked",
            RunResult::Failed(_) => "failed",
            RunResult::Stopped => "stopped",
        };
        self.runs.get_or_create(&vec![schedule.clone(), ("result", label.to_owned())]).inc();
        let one = vec![schedule.clone()];
        self.last_run.get_or_create(&one).set(started_at.as_second());
        self.took.get_or_create(&one).set(took.as_secs_f64());
        self.set.insert((name.to_owned(), GaugeKind::LastRun, one.clone()));
        self.set.insert((name.to_owned(), GaugeKind::Took, one.clone()));
        let RunResult::Succeeded(summary) = result else { return };
        let RunSummary { findings, subjects, gaps, requests, throttles, news, .. } = &**summary;
        self.last_success.get_or_create(&one).set(started_at.as_second());
        self.set.insert((name.to_owned(), GaugeKind::LastSuccess, one.clone()));
        self.remove(name, |which| matches!(which, GaugeKind::Findings | GaugeKind::Subjects | GaugeKind::Gaps));
        self.gauge(name, GaugeKind::Unknown, one.clone(), news.unknown);
        for ((account, region), findings) in findings {
            let place = [schedule.clone(), ("account", account.clone()), ("region", region.clone())];
            self.record_findings(name, &place, findings);
        }
        for ((account, region), subjects) in subjects {
            for ((kind, state), count) in subjects {
                let place = [schedule.clone(), ("account", account.clone()), ("region", region.clone())];
                let labels = [("kind", kind.name().to_owned()), ("state", state.name().to_owned())];
                self.gauge(name, GaugeKind::Subjects, place.into_iter().chain(labels).collect(), *count);
            }
        }
        for (kind, count) in gaps {
            self.gauge(name, GaugeKind::Gaps, vec![schedule.clone(), ("kind", (*kind).to_owned())], *count);
        }
        for (operation, count) in requests {
            self.requests.get_or_create(&vec![("operation", operation.clone())]).inc_by(*count);
        }
        for (operation, count) in throttles {
            self.throttled.get_or_create(&vec![("operation", operation.clone())]).inc_by(*count);
        }
    }

    /// Sets the findings of one region. A check that finds nothing has a value of 0, so that alerts have a series to query.
    fn record_findings(
        &mut self,
        name: &str,
        place: &[(&'static str, String)],
        findings: &BTreeMap<(&'static str, Severity), u64>,
    ) {
        for check in CHECKS {
            for severity in [Severity::High, Severity::Medium, Severity::Low] {
                let count = findings.get(&(check.id, severity)).copied();
                if let Some(count) = count.or_else(|| (severity == check.severity).then_some(0)) {
                    let labels = [("check", check.id.to_owned()), ("severity", severity.name().to_owned())];
                    let labels = place.iter().cloned().chain(labels).collect();
                    self.gauge(name, GaugeKind::Findings, labels, count);
                }
            }
        }
    }

    fn gauge(&mut self, name: &str, which: GaugeKind, labels: Labels, value: u64) {
        let family = match which {
            GaugeKind::Findings => &self.findings,
            GaugeKind::Subjects => &self.subjects,
            GaugeKind::Unknown => &self.unknown,
            GaugeKind::Gaps => &self.gaps,
            GaugeKind::LastRun => &self.last_run,
            GaugeKind::LastSuccess | GaugeKind::Took => &self.last_success,
        };
        family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
        self.set.insert((name.to_owned(), which, labels));
    }

    fn remove(&mut self, name: &str, which: impl Fn(GaugeKind) -> bool) {
        let gone: Vec<_> = self.set.extract_if(.., |(of, kind, _)| of == name && which(*kind)).collect();
        for (_, which, labels) in gone {
            match which {
                GaugeKind::Findings => self.findings.remove(&labels),
                GaugeKind::Subjects => self.subjects.remove(&labels),
                GaugeKind::Unknown => self.unknown.remove(&labels),
                GaugeKind::Gaps => self.gaps.remove(&labels),
                GaugeKind::LastRun => self.last_run.remove(&labels),
                GaugeKind::LastSuccess => self.last_success.remove(&labels),
                GaugeKind::Took => self.took.remove(&labels),
            };
        }
    }

    /// Removes the gauges of a schedule that is gone. Counters stay.
    pub(super) fn forget(&mut self, name: &str) {
        self.remove(name, |_| true);
    }

    /// Counts an attempt to send a message.
    pub(super) fn record_delivery(&self, webhook: &str, result: DeliveryResult) {
        let labels = vec![("webhook", webhook.to_owned()), ("result", result.name().to_owned())];
        self.deliveries.get_or_create(&labels).inc();
    }

    /// All metrics in OpenMetrics text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _: fmt::Result = encode(&mut text, &self.registry);
        // The encoder escapes quotes and line breaks in labels, and nothing else.
        text.lines().map(|line| plain(line) + "\n").collect()
    }
}
