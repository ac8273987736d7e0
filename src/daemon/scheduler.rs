//! What is due. The clock is handed in and may jump; what ran is known from the ledger, so nothing depends on having
//! been awake.
//!
//! One run at a time, whatever its scope: schedules often look at the same account, whose request quotas they would
//! use up together. Others wait, the longest due first.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::config::daemon::Schedule;

/// How far a clock may be set back before what ran "in the future" is not believed any more. Less than that and what
/// was due once is not due again.
pub(super) const SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// The schedules, and when each is due.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    slots: Vec<Slot>,
    /// Whether a run is under way.
    running: bool,
}

#[derive(Debug)]
struct Slot {
    schedule: Arc<Schedule>,
    /// When it last began, or that it never did.
    last: Option<Timestamp>,
    /// When it is due next, as `last` says; asked of the calendar once.
    next: Option<Timestamp>,
    /// What is due and waits: since when, and until when by chance.
    waiting: Option<(Timestamp, Timestamp)>,
}

/// A run to begin.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) schedule: Arc<Schedule>,
    /// When it was due, for the first time if more than once.
    pub(crate) due: Timestamp,
}

impl Slot {
    fn new(schedule: Arc<Schedule>, last: Option<Timestamp>) -> Self {
        let mut slot = Self { schedule, last: None, next: None, waiting: None };
        slot.ran(last);
        slot
    }

    fn ran(&mut self, last: Option<Timestamp>) {
        self.last = last;
        self.next = last.and_then(|last| self.schedule.cron.next(last));
        self.waiting = None;
    }

    /// Notices what became due by `now`.
    fn look(&mut self, now: Timestamp, jitter: Duration, draw: &mut dyn FnMut(Duration) -> Duration) {
        if let Some(last) = self.last
            && last > now
            && last.duration_since(now) > SET_BACK
        {
            tracing::warn!(
                schedule = self.schedule.name,
                "the clock went back: the last run began at {last}, and it is {now}; times are due again from now on"
            );
            self.ran(Some(now));
        }
        // A delay that the clock has moved out of reach is none.
        if let Some((_, until)) = &mut self.waiting
            && until.duration_since(now) > SignedDuration::try_from(jitter).unwrap_or(SignedDuration::ZERO)
        {
            *until = now;
        }
        if self.waiting.is_some() {
            return;
        }
        let due = match (self.last, self.next) {
            // Nobody has looked yet, so there is no time like the present.
            (None, _) => Some(now),
            (Some(_), next) => next.filter(|next| *next <= now),
        };
        if let Some(due) = due {
            let delay = SignedDuration::try_from(draw(jitter)).unwrap_or(SignedDuration::ZERO);
            // A run that was missed is delayed from now: all machines of a fleet may have come back at once.
            self.waiting = Some((due, now.checked_add(delay).unwrap_or(now)));
        }
    }
}

impl Agenda {
    /// The agenda of these schedules. `last` says when a scope last began.
    pub(crate) fn new(schedules: &[Arc<Schedule>], last: impl Fn(&str) -> Option<Timestamp>) -> Self {
        let slot = |schedule: &Arc<Schedule>| Slot::new(Arc::clone(schedule), last(&schedule.name));
        Self { slots: schedules.iter().map(slot).collect(), running: false }
    }

    /// Goes on with other schedules. A scope that stays keeps its memory; a run that is under way stays under way.
    pub(crate) fn replace(&mut self, schedules: &[Arc<Schedule>], last: impl Fn(&str) -> Option<Timestamp>) {
        let known = |name: &str| self.slots.iter().find(|slot| slot.schedule.name == name).and_then(|slot| slot.last);
        let slots = schedules
            .iter()
            .map(|schedule| Slot::new(Arc::clone(schedule), known(&schedule.name).or_else(|| last(&schedule.name))))
            .collect();
        self.slots = slots;
    }

    /// What is to begin at `now`, if anything. `draw` draws a delay by chance, of up to what it is given.
    pub(crate) fn due(
        &mut self,
        now: Timestamp,
        jitter: Duration,
        draw: &mut dyn FnMut(Duration) -> Duration,
    ) -> Option<Start> {
        for slot in &mut self.slots {
            slot.look(now, jitter, draw);
        }
        if self.running {
            return None;
        }
        let ready = self.slots.iter_mut().filter_map(|slot| match slot.waiting {
            Some((due, until)) if until <= now => Some((due, slot)),
            _ => None,
        });
        let (due, slot) = ready.min_by_key(|(due, _)| *due)?;
        slot.ran(Some(now));
        self.running = true;
        Some(Start { schedule: Arc::clone(&slot.schedule), due })
    }

    /// The run that was under way is over.
    pub(crate) fn finished(&mut self) {
        self.running = false;
    }

    /// When something is due next, and what: for a person to read.
    pub(crate) fn next(&self) -> Option<(Timestamp, &Schedule)> {
        let next = |slot: &Slot| slot.waiting.map(|(_, until)| until).or(slot.next);
        self.slots.iter().filter_map(|slot| Some((next(slot)?, &*slot.schedule))).min_by_key(|(next, _)| *next)
    }

    /// When that scope is due after the run that is under way.
    pub(crate) fn next_of(&self, scope: &str) -> Option<Timestamp> {
        self.slots.iter().find(|slot| slot.schedule.name == scope).and_then(|slot| slot.next)
    }
}

/// A delay by chance, below `most`.
pub(crate) fn draw(most: Duration) -> Duration {
    // Without a source of chance there is no delay; it is a courtesy.
    let Ok(random) = getrandom::u64() else { return Duration::ZERO };
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(random.checked_rem(most).unwrap_or(0))
}

#[cfg(test)]
mod tests;
