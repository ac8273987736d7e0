//! When a cron expression is due, in a time zone. croner computes it; this file handles the gaps that croner gives up on.
//!
//! An expression whose second, minute and hour are single numbers is due once a local day: at the end of a gap that
//! skipped it, and at the first of two equal local times. Any other expression is due at every matching local time that
//! exists, twice where it exists twice. A table of tests shows this for a year of four zones.

use croner::parser::{CronParser, Seconds, Year};
use jiff::{
    SignedDuration, Timestamp, Zoned,
    tz::{TimeZone, db},
};

use crate::suggest::nearest;

/// How far to search ahead when croner gives up: two years.
const SEARCH_AHEAD: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
/// The widest gap of local time, in seconds, that croner crosses.
const WIDEST_GAP: i32 = 2 * 3600;

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Cron {
    pattern: croner::Cron,
    text: String,
    zone: TimeZone,
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.zone) == (&other.text, &other.zone)
    }
}

impl Cron {
    /// Parses an expression of five fields, of six (seconds first), or a word such as `@hourly`.
    ///
    /// # Errors
    /// A message that quotes the expression.
    pub(crate) fn new(text: &str, zone: TimeZone) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let word = text.trim().eq_ignore_ascii_case("@midnight");
        let pattern = parser.parse(if word { "@daily" } else { text }).map_err(|why| {
            format!(
                "{text:?} is not a cron expression such as \"0 * * * *\" or \"@hourly\": {}",
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
        let start = Timestamp::from_second(after.as_second()).ok()?.to_zoned(self.zone.clone());
        let next = match self.pattern.find_next_occurrence(&start, false) {
            Ok(next) => next,
            // It gives up if more than two hours of local time were skipped at once, as when Samoa skipped a day.
            Err(_) => self.next_beyond_a_wide_gap(&start)?,
        };
        Some(next.timestamp()).filter(|next| *next > after)
    }

    /// When it is due next, if a wide gap lies ahead.
    fn next_beyond_a_wide_gap(&self, start: &Zoned) -> Option<Zoned> {
        let limit = start.timestamp().checked_add(SEARCH_AHEAD).ok()?;
        let mut before = start.offset();
        for transition in self.zone.following(start.timestamp()).take_while(|next| next.timestamp() <= limit) {
            let end = transition.timestamp().to_zoned(self.zone.clone());
            if end.offset().seconds() - before.seconds() > WIDEST_GAP {
                // As in narrow gaps, a skipped time is due at the end of the gap. A civil time, which has no zone and no gap,
                // shows whether one was.
                let last = before.to_datetime(transition.timestamp()).checked_sub(SignedDuration::from_secs(1)).ok()?;
                return match self.pattern.find_next_occurrence(&last, false) {
                    Ok(due) if due < end.datetime() && self.is_fixed() => Some(end),
                    _ => self.pattern.find_next_occurrence(&end, true).ok(),
                };
            }
            before = end.offset();
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
        let local = |time: Timestamp| self.zone.to_datetime(time);
        let day = if local(time).date() == local(now).date() { "" } else { "%a %Y-%m-%d " };
        let zone = self.zone.to_offset_info(time);
        format!("{} {}", local(time).strftime(&format!("{day}%H:%M")), zone.abbreviation())
    }
}

/// The time zone of an IANA name; upper and lower case matter.
///
/// # Errors
/// A message with the nearest name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    match db().get(name) {
        Ok(zone) if zone.iana_name() == Some(name) => Ok(zone),
        _ => {
            let names: Vec<_> = db().available().map(|name| name.to_string()).collect();
            let hint = nearest(name, names.iter().map(String::as_str));
            let hint = hint.map_or_else(|| "such as Europe/Dublin".to_owned(), |near| format!("did you mean {near}?"));
            Err(format!("{name:?} is not an IANA time zone; {hint}"))
        }
    }
}

/// A message of croner, without its full stop.
fn without_full_stop(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}
