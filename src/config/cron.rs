//! When a cron expression is due, in a time zone. croner computes it; this file handles the gaps that croner gives up on.
//!
//! An expression whose second, minute and hour are single numbers is due once a local day: at the end of a gap that
//! skipped it, and at the first of two equal local times. Any other expression is due at every matching local time that
//! exists, twice where it exists twice. A table of tests shows this for a year of four zones.

use chrono::{DateTime, Datelike as _, TimeDelta, Timelike as _, Utc};
use chrono_tz::{OffsetComponents as _, OffsetName as _, Tz};
use croner::parser::{CronParser, Seconds, Year};
use jiff::{SignedDuration, Timestamp};

use crate::suggest::nearest;

/// How many hours to search ahead when croner gives up: two years.
const HOURS_AHEAD: u32 = 2 * 366 * 24;
/// The widest gap of local time, in seconds, that croner crosses.
const WIDEST_GAP: i32 = 2 * 3600;

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Cron {
    pattern: croner::Cron,
    text: String,
    zone: Tz,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.zone) == (&other.text, other.zone)
    }
}

impl Cron {
    /// Parses an expression of five fields, of six (seconds first), or a word such as `@hourly`.
    ///
    /// # Errors
    /// A message that quotes the expression.
    pub(crate) fn new(text: &str, zone: Tz) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let word = text.trim().eq_ignore_ascii_case("@midnight");
        let pattern = parser.parse(if word { "@daily" } else { text }).map_err(|why| {
            format!(
                "{text:?} is no cron expression, such as \"0 * * * *\" or \"@hourly\": {}",
                without_full_stop(&why.to_string())
            )
        })?;
        let cron = Self { pattern, text: text.trim().to_owned(), zone };
        // From any moment: if it is not due within a cycle of leap years, it never is.
        match cron.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(format!("{text:?} is never due")),
        }
    }

    /// When it is due next after `after`. None: beyond the end of the calendar.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let start = DateTime::<Utc>::from_timestamp(after.as_second(), 0)?.with_timezone(&self.zone);
        let next = match self.pattern.find_next_occurrence(&start, false) {
            Ok(next) => next,
            // It gives up if more than two hours of local time were skipped at once, as when Samoa skipped a day.
            Err(_) => self.next_beyond_a_wide_gap(&start)?,
        };
        Timestamp::from_second(next.timestamp()).ok().filter(|next| *next > after)
    }

    /// When it is due next, if a wide gap lies ahead.
    fn next_beyond_a_wide_gap(&self, start: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let offset = |time: &DateTime<Tz>| -> i32 {
            let offset = time.offset();
            i32::try_from((offset.base_utc_offset() + offset.dst_offset()).num_seconds()).unwrap_or(0)
        };
        let mut before = *start;
        for _ in 0..HOURS_AHEAD {
            let after = before + TimeDelta::hours(1);
            let width = offset(&after) - offset(&before);
            if width > WIDEST_GAP {
                let (mut low, mut high) = (before, after);
                while high - low > TimeDelta::seconds(1) {
                    let middle = low + (high - low) / 2;
                    let middle = middle - TimeDelta::nanoseconds(i64::from(middle.timestamp_subsec_nanos()));
                    if offset(&middle) == offset(&before) { low = middle } else { high = middle }
                }
                // As in narrow gaps, a skipped time is due at the end of the gap. UTC, which has no gap, shows whether one was.
                let local = low.naive_local().and_utc();
                return match self.pattern.find_next_occurrence(&local, false) {
                    Ok(due) if due.naive_utc() < high.naive_local() && self.is_fixed() => Some(high),
                    _ => self.pattern.find_next_occurrence(&high, true).ok(),
                };
            }
            before = after;
        }
        None
    }

    fn is_fixed(&self) -> bool {
        self.pattern.determine_job_type() == croner::JobType::FixedTime
    }

    /// When it was due last, at or before `now`, and the time before that one, which comes first.
    pub(crate) fn last_two(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        // Search forward from ever longer ago: only one direction is implemented, so the two cannot disagree.
        for minutes in [2, 130, 50 * 60, 15 * 24 * 60, 63 * 24 * 60, 731 * 24 * 60, 9 * 366 * 24 * 60] {
            let from = now.checked_sub(SignedDuration::from_mins(minutes)).ok()?;
            let (mut earlier, mut last, mut at) = (None, None, from);
            while let Some(next) = self.next(at).filter(|next| *next <= now) {
                (earlier, last, at) = (last, Some(next), next);
            }
            if let (Some(earlier), Some(last)) = (earlier, last) {
                return Some((earlier, last));
            }
        }
        None
    }

    /// A time in the zone: `10:00 CET`, with its day if that is not today.
    pub(crate) fn local_time(&self, time: Timestamp, now: Timestamp) -> String {
        let local = |time: Timestamp| {
            DateTime::<Utc>::from_timestamp(time.as_second(), 0).unwrap_or_default().with_timezone(&self.zone)
        };
        let (time, now) = (local(time), local(now));
        let offset = *time.offset();
        let zone = offset.abbreviation().map_or_else(|| offset.to_string(), str::to_owned);
        let text = format!("{:02}:{:02} {zone}", time.hour(), time.minute());
        if time.date_naive() == now.date_naive() {
            return text;
        }
        format!("{} {} {text}", time.weekday(), time.date_naive())
    }
}

/// The time zone of an IANA name.
///
/// # Errors
/// A message with the nearest name.
pub(crate) fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        let hint = nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let hint = hint.map_or_else(|| "such as Europe/Dublin".to_owned(), |near| format!("did you mean {near}?"));
        format!("{name:?} is no IANA time zone; {hint}")
    })
}

/// A message of croner, without its full stop.
fn without_full_stop(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}
