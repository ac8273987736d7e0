//! When a cron expression is due, in a time zone. croner decides, but for gaps that it does not look across.
//!
//! What the tests show over a year of four zones: an expression whose second, minute and hour are single numbers is due
//! once a local day, at the first moment after a gap that swallowed it, and at the first of two equal local times. Any
//! other expression is due at every matching local time that exists, twice where it exists twice.

use croner::parser::{CronParser, Seconds, Year};
use jiff::{
    SignedDuration, Timestamp, Zoned,
    tz::{TimeZone, db},
};

use crate::suggest::nearest;

/// How far ahead of a time a wide gap is searched for: two years.
const GAP_SEARCH: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
/// The widest gap of local time that croner looks across, in seconds.
const WIDE: i32 = 2 * 3600;

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
    /// Says what is wrong with it.
    pub(crate) fn new(text: &str, zone: TimeZone) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let word = text.trim().eq_ignore_ascii_case("@midnight");
        let pattern = parser.parse(if word { "@daily" } else { text }).map_err(|why| {
            format!("{text:?} is no cron expression, such as \"0 * * * *\" or \"@hourly\": {}", plain(&why.to_string()))
        })?;
        let cron = Self { pattern, text: text.trim().to_owned(), zone };
        // Any moment will do: what is never due in a leap-year cycle is never due.
        match cron.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(format!("{text:?} is never due")),
        }
    }

    /// The first time after `after` at which it is due. None if that is beyond all calendars.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let start = Timestamp::from_second(after.as_second()).ok()?.to_zoned(self.zone.clone());
        let next = match self.pattern.find_next_occurrence(&start, false) {
            Ok(next) => next,
            // croner gives up where more than two hours of local time were left out at once, as Samoa left out a day.
            Err(_) => self.beyond_wide_gap(&start)?,
        };
        Some(next.timestamp()).filter(|next| *next > after)
    }

    /// The same, where a wide gap lies ahead.
    fn beyond_wide_gap(&self, start: &Zoned) -> Option<Zoned> {
        let limit = start.timestamp().checked_add(GAP_SEARCH).ok()?;
        let mut before = start.offset();
        for transition in self.zone.following(start.timestamp()).take_while(|next| next.timestamp() <= limit) {
            let end = transition.timestamp().to_zoned(self.zone.clone());
            if end.offset().seconds() - before.seconds() > WIDE {
                // As in narrow gaps: what the gap swallowed is due at its end. croner is asked without a zone, which has
                // no gaps.
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

    /// The last two times at or before `now` at which it was due, the earlier one first.
    pub(crate) fn last_two(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        // Forward from ever longer ago: one search serves both directions, so that they cannot disagree.
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

    /// A time as people of the zone write it: `10:00 CET`, with its day if that is not today.
    pub(crate) fn say(&self, time: Timestamp, now: Timestamp) -> String {
        let local = |time: Timestamp| self.zone.to_datetime(time);
        let day = if local(time).date() == local(now).date() { "" } else { "%a %Y-%m-%d " };
        let zone = self.zone.to_offset_info(time);
        format!("{} {}", local(time).strftime(&format!("{day}%H:%M")), zone.abbreviation())
    }
}

/// The time zone of that IANA name, in the names' own case.
///
/// # Errors
/// Names the nearest one.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    match db().get(name) {
        Ok(zone) if zone.iana_name() == Some(name) => Ok(zone),
        _ => {
            let names: Vec<_> = db().available().map(|name| name.to_string()).collect();
            let hint = nearest(name, names.iter().map(String::as_str));
            let hint = hint.map_or_else(|| "such as Europe/Dublin".to_owned(), |near| format!("did you mean {near}?"));
            Err(format!("{name:?} is no IANA time zone; {hint}"))
        }
    }
}

/// croner's words without their full stop.
fn plain(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}
