//! Decides which schedule is due. The clock is handed in and may jump. When a schedule last ran comes from the ledger, so
//! a run that was missed while the daemon was down or the machine asleep is made up for.
//!
//! One run at a time, across all schedules: they often audit the same account and would use up its request quotas
//! together. The others wait; the one that has been due longest goes first.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::config::daemon::Schedule;

/// How far the clock may be set back before a last run "in the future" is disregarded. Within this, nothing that was due
/// once is due again.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// All schedules, and when each is due.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    slots: Vec<Slot>,
    /// Whether a run is under way.
    running: bool,
}

#[derive(Debug)]
struct Slot {
    schedule: Arc<Schedule>,
    /// When its last run started; none if it never ran.
    last: Option<Timestamp>,
    /// When it is due after `last`; computed once, as a calendar search is slow.
    next: Option<Timestamp>,
    /// It is due: since when, and when its random delay ends.
    waiting: Option<(Timestamp, Timestamp)>,
}

/// A run that should start now.
#[derive(Debug)]
pub(crate) struct DueRun {
    pub(crate) schedule: Arc<Schedule>,
    /// When it was due; the first time, if several were missed.
    pub(crate) due_at: Timestamp,
}

impl Slot {
    fn new(schedule: Arc<Schedule>, last: Option<Timestamp>) -> Self {
        let mut slot = Self { schedule, last: None, next: None, waiting: None };
        slot.set_last(last);
        slot
    }

    fn set_last(&mut self, last: Option<Timestamp>) {
        self.last = last;
        self.next = last.and_then(|last| self.schedule.cron.next(last));
        self.waiting = None;
    }

    /// Notes whether it has become due by `now`.
    fn update(&mut self, now: Timestamp, jitter: Duration, random_delay: &mut dyn FnMut(Duration) -> Duration) {
        if let Some(last) = self.last
            && last > now
            && last.duration_since(now) > CLOCK_TOLERANCE
        {
            tracing::warn!(
                schedule = self.schedule.name,
                "the clock went back: the last run started at {last}, and it is now {now}; the schedule continues \
                 from now"
            );
            self.set_last(Some(now));
        }
        // The clock was set back during the delay: do not wait longer than the jitter for it.
        if let Some((_, until)) = &mut self.waiting
            && until.duration_since(now) > SignedDuration::try_from(jitter).unwrap_or(SignedDuration::ZERO)
        {
            *until = now;
        }
        if self.waiting.is_some() {
            return;
        }
        let due = match (self.last, self.next) {
            // It never ran, so it is due now.
            (None, _) => Some(now),
            (Some(_), next) => next.filter(|next| *next <= now),
        };
        if let Some(due) = due {
            let delay = SignedDuration::try_from(random_delay(jitter)).unwrap_or(SignedDuration::ZERO);
            // A missed run is delayed too, from now: all machines of a fleet may have come back at the same moment.
            self.waiting = Some((due, now.checked_add(delay).unwrap_or(now)));
        }
    }
}

impl Scheduler {
    /// `last` returns when a schedule's last run started.
    pub(crate) fn new(schedules: &[Arc<Schedule>], last: impl Fn(&str) -> Option<Timestamp>) -> Self {
        let slot = |schedule: &Arc<Schedule>| Slot::new(Arc::clone(schedule), last(&schedule.name));
        Self { slots: schedules.iter().map(slot).collect(), running: false }
    }

    /// Replaces the schedules. One that keeps its name keeps its last run; a run under way goes on.
    pub(crate) fn replace(&mut self, schedules: &[Arc<Schedule>], last: impl Fn(&str) -> Option<Timestamp>) {
        let known = |name: &str| self.slots.iter().find(|slot| slot.schedule.name == name).and_then(|slot| slot.last);
        let slots = schedules
            .iter()
            .map(|schedule| Slot::new(Arc::clone(schedule), known(&schedule.name).or_else(|| last(&schedule.name))))
            .collect();
        self.slots = slots;
    }

    /// Returns the run to start at `now`, if any, and takes it as started. `random_delay` returns a delay below the given one.
    pub(crate) fn due(
        &mut self,
        now: Timestamp,
        jitter: Duration,
        random_delay: &mut dyn FnMut(Duration) -> Duration,
    ) -> Option<DueRun> {
        for slot in &mut self.slots {
            slot.update(now, jitter, random_delay);
        }
        if self.running {
            return None;
        }
        let ready = self.slots.iter_mut().filter_map(|slot| match slot.waiting {
            Some((due, until)) if until <= now => Some((due, slot)),
            _ => None,
        });
        let (due, slot) = ready.min_by_key(|(due, _)| *due)?;
        slot.set_last(Some(now));
        self.running = true;
        Some(DueRun { schedule: Arc::clone(&slot.schedule), due_at: due })
    }

    /// The run under way has ended; another may start.
    pub(crate) fn on_run_finished(&mut self) {
        self.running = false;
    }

    /// The schedule that is due next, and when: for a person to read.
    pub(crate) fn next(&self) -> Option<(Timestamp, &Schedule)> {
        let next = |slot: &Slot| slot.waiting.map(|(_, until)| until).or(slot.next);
        self.slots.iter().filter_map(|slot| Some((next(slot)?, &*slot.schedule))).min_by_key(|(next, _)| *next)
    }

    /// When the schedule of that name is due after its last run.
    pub(crate) fn next_for(&self, name: &str) -> Option<Timestamp> {
        self.slots.iter().find(|slot| slot.schedule.name == name).and_then(|slot| slot.next)
    }
}

/// A random delay below `most`.
pub(crate) fn random_delay(most: Duration) -> Duration {
    // Without random numbers there is no delay; it is only a courtesy.
    let Ok(random) = getrandom::u64() else { return Duration::ZERO };
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random.checked_rem(most).unwrap_or(0))
}

#[cfg(test)]
mod tests;
