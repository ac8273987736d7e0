//! What the health server knows: whether each schedule has succeeded lately, the metrics, and the last reports.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::metrics::Metrics;
use crate::{
    config::{cron::Cron, daemon::Schedule},
    daemon::{clock::Clock, delivery::DeliveryResult, run::RunResult},
};

/// The state behind the health server. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Health {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    schedules: BTreeMap<String, ScheduleHealth>,
    metrics: Metrics,
}

struct ScheduleHealth {
    cron: Cron,
    /// When the last run that succeeded started.
    success: Option<Timestamp>,
    /// The report of that run as text; none since the daemon was started.
    page: Option<Arc<str>>,
}

impl Health {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the schedules. `last_success` returns when a schedule's last successful run started.
    pub(crate) fn set_schedules<'a>(
        &self,
        schedules: impl IntoIterator<Item = &'a Arc<Schedule>>,
        last_success: impl Fn(&str) -> Option<Timestamp>,
    ) {
        let mut state = self.state();
        let mut before = std::mem::take(&mut state.schedules);
        for schedule in schedules {
            let known = before.remove(&schedule.name);
            let (success, page) =
                known.map_or_else(|| (last_success(&schedule.name), None), |known| (known.success, known.page));
            state
                .schedules
                .insert(schedule.name.clone(), ScheduleHealth { cron: schedule.cron.clone(), success, page });
        }
        for gone in before.into_keys() {
            state.metrics.forget(&gone);
        }
    }

    /// Records how a run ended.
    pub(crate) fn record_run(&self, schedule: &str, started_at: Timestamp, took: Duration, result: &RunResult) {
        let mut state = self.state();
        state.metrics.record_run(schedule, started_at, took, result);
        if let RunResult::Succeeded(summary) = result
            && let Some(schedule) = state.schedules.get_mut(schedule)
        {
            schedule.success = Some(started_at);
            schedule.page = Some(Arc::from(summary.page.as_str()));
        }
    }

    /// Counts an attempt to send a message.
    pub(crate) fn record_delivery(&self, webhook: &str, result: DeliveryResult) {
        self.state().metrics.record_delivery(webhook, result);
    }

    /// The schedules without a successful run within their last two periods, and since when; the daemon is ready if there
    /// are none. A period ends when the schedule is due, so nights and weekends without runs do no harm.
    pub(super) fn late(&self) -> Vec<String> {
        let now = (self.clock)();
        let state = self.state();
        let late = state.schedules.iter().filter_map(|(name, schedule)| {
            let Some(success) = schedule.success else { return Some(format!("{name}: no run has succeeded yet")) };
            let (earlier, _) = schedule.cron.last_two(now)?;
            (success < earlier).then(|| format!("{name}: the last successful run started at {success:.0}"))
        });
        late.collect()
    }

    /// The last report of each schedule, as text.
    pub(super) fn page(&self) -> String {
        let state = self.state();
        let pages: Vec<_> =
            state.schedules.iter().map(|(name, schedule)| (name.clone(), schedule.page.clone())).collect();
        drop(state);
        let page = |(name, page): &(String, Option<Arc<str>>)| match page {
            Some(page) => format!("==== {name}\n\n{page}\n"),
            None => format!("==== {name}\n\nNo report since the daemon started.\n"),
        };
        pages.iter().map(page).collect()
    }

    /// The metrics, in OpenMetrics text.
    pub(super) fn metrics(&self) -> String {
        self.state().metrics.text()
    }
}
