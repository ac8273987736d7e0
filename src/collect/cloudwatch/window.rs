//! Windows as CloudWatch counts: whole periods.

use jiff::{SignedDuration, Timestamp};

/// A time that begins and ends with a period. CloudWatch leaves out a period that begins before the start, so a start
/// within one would hide events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Where it begins, in seconds since 1970.
    pub(crate) from: i64,
    /// Where it ends; that second is not part of it.
    pub(crate) to: i64,
    /// In seconds.
    pub(crate) period: i64,
}

impl Window {
    /// The whole periods that lie inside a window; `None` if there is no such period.
    pub(crate) fn inside(since: Timestamp, until: Timestamp) -> Option<Self> {
        let period = period(since, until);
        let from = since.as_second().saturating_add(period - 1).div_euclid(period) * period;
        let to = until.as_second().div_euclid(period) * period;
        (from < to).then_some(Self { from, to, period })
    }

    /// The whole periods that cover a window.
    pub(crate) fn covering(since: Timestamp, until: Timestamp) -> Self {
        Self::of_periods(since, until, period(since, until))
    }

    /// The whole periods of this one's length from its begin on that cover the time up to `until`.
    pub(crate) fn on_to(self, until: Timestamp) -> Self {
        let to = (until.as_second().div_euclid(self.period) + 1) * self.period;
        Self { to: to.max(self.to), ..self }
    }

    /// The window as one period, for what cannot be added up; of a longer one, a period a day.
    pub(crate) fn as_one(self) -> Self {
        Self { period: (self.to - self.from).min(DAY), ..self }
    }

    fn of_periods(since: Timestamp, until: Timestamp, period: i64) -> Self {
        let from = since.as_second().div_euclid(period) * period;
        let to = (until.as_second().div_euclid(period) + 1) * period;
        Self { from, to, period }
    }

    /// How many periods it has.
    pub(super) fn points(self) -> i64 {
        (self.to - self.from).div_euclid(self.period)
    }

    /// Whether a period that begins then lies in it.
    pub(super) fn holds(self, second: i64) -> bool {
        (self.from..self.to).contains(&second)
    }
}

const DAY: i64 = 86_400;

/// Of five minutes, for short windows; else an hour or a day, as CloudWatch keeps shorter ones for 15 and 63 days only.
fn period(since: Timestamp, until: Timestamp) -> i64 {
    let long = until.duration_since(since);
    if long <= SignedDuration::from_hours(25) {
        300
    } else if long <= SignedDuration::from_hours(15 * 24) {
        3_600
    } else {
        DAY
    }
}
