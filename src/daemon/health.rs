//! What others may ask: is it alive, does it look, what did it find.

mod metrics;
mod server;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use self::metrics::Metrics;
pub(crate) use self::server::{Bound, Server};
use super::{
    Clock,
    delivery::Fate,
    run::{End, Seen},
};
use crate::config::{cron::Cron, daemon::Schedule};

/// What health is about. Cheap to clone; all clones share it.
#[derive(Clone)]
pub(crate) struct Health {
    clock: Clock,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    scopes: BTreeMap<String, Scope>,
    metrics: Metrics,
}

struct Scope {
    cron: Cron,
    /// When the last run that looked began.
    success: Option<Timestamp>,
    page: Option<Arc<str>>,
}

impl Health {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, known: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schedules are these now. `last` says when a scope was last looked at.
    pub(crate) fn schedules<'a>(
        &self,
        schedules: impl IntoIterator<Item = &'a Arc<Schedule>>,
        last: impl Fn(&str) -> Option<Timestamp>,
    ) {
        let mut known = self.known();
        let mut before = std::mem::take(&mut known.scopes);
        for schedule in schedules {
            let scope = before.remove(&schedule.name);
            let (success, page) =
                scope.map_or_else(|| (last(&schedule.name), None), |scope| (scope.success, scope.page));
            known.scopes.insert(schedule.name.clone(), Scope { cron: schedule.cron.clone(), success, page });
        }
        for gone in before.into_keys() {
            known.metrics.forget(&gone);
        }
    }

    /// A run is over.
    pub(crate) fn ran(&self, scope: &str, began: Timestamp, took: Duration, end: &End) {
        let mut known = self.known();
        known.metrics.ran(scope, began, took, end);
        if let End::Looked(seen) = end
            && let Some(scope) = known.scopes.get_mut(scope)
        {
            let Seen { page, .. } = &**seen;
            scope.success = Some(began);
            scope.page = Some(Arc::from(page.as_str()));
        }
    }

    /// A delivery is over.
    pub(crate) fn delivered(&self, webhook: &str, fate: Fate) {
        self.known().metrics.delivered(webhook, fate);
    }

    /// Every scope that was not looked at within its last two periods, and since when; none: it is ready. A period ends
    /// when the schedule is due, so that nights and weekends without runs do no harm.
    fn late(&self) -> Vec<String> {
        let now = (self.clock)();
        let known = self.known();
        let late = known.scopes.iter().filter_map(|(name, scope)| {
            let Some(success) = scope.success else { return Some(format!("{name}: no run has succeeded yet")) };
            let (earlier, _) = scope.cron.last_two(now)?;
            (success < earlier).then(|| format!("{name}: the last run that succeeded began at {success:.0}"))
        });
        late.collect()
    }

    fn page(&self) -> String {
        let known = self.known();
        let pages: Vec<_> = known.scopes.iter().map(|(name, scope)| (name.clone(), scope.page.clone())).collect();
        drop(known);
        let page = |(name, page): &(String, Option<Arc<str>>)| match page {
            Some(page) => format!("==== {name}\n\n{page}\n"),
            None => format!("==== {name}\n\nThere is no report yet since the daemon was started.\n"),
        };
        pages.iter().map(page).collect()
    }

    fn metrics(&self) -> String {
        self.known().metrics.text()
    }
}

#[cfg(test)]
mod tests;
