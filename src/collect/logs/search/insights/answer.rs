//! What a query of CloudWatch Logs Insights found: rows of fields, all of them text.

use aws_sdk_cloudwatchlogs::{operation::get_query_results::GetQueryResultsOutput, types::ResultField};
use gatelight_model::{
    Gap,
    log_patterns::{self, LogPatterns, ROWS},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::collect::aws::{Operation, failed, lacks};

/// From how many characters on the text of an event may have been cut. AWS documents no cut, and that GetLogRecord gives
/// "the full unparsed log event"; <https://github.com/stakwork/stakgraph/pull/1529> reports texts that end after some
/// 1,000 characters.
const MAY_BE_CUT: usize = 900;

/// How AWS writes times, in UTC: `2026-11-22 08:00:00.123`. The API's reference is silent; what AWS answered is kept, for one,
/// in <https://github.com/oslabs-beta/Embr>, `primary-app/src/app/retrievedData.js`.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// How far the rows go.
#[derive(Debug)]
pub(crate) struct ReadRows {
    /// Up to when the window was searched, if that is not its end.
    pub(crate) reached: Option<Timestamp>,
    /// What is wrong with them.
    pub(crate) broken: Option<Gap>,
}

/// Reads rows, the oldest first, and shows `hit` the hits among them.
pub(crate) fn read(
    pages: &[GetQueryResultsOutput],
    (from, until): (Timestamp, Timestamp),
    patterns: &LogPatterns,
    group: &str,
    mut hit: impl FnMut(&str, Timestamp, &str),
) -> ReadRows {
    let (mut times, mut broken, mut odd) = (Vec::new(), None, 0_u64);
    if pages.iter().any(|page| page.results.is_none()) {
        broken = Some(lacks(Operation::GetQueryResults, group, "the list of results"));
    }
    let rows = || pages.iter().flat_map(GetQueryResultsOutput::results);
    for row in rows() {
        let (time, line) = match event(row, group) {
            Ok(event) => event,
            Err(gap) => {
                broken = broken.or(Some(gap));
                continue;
            }
        };
        times.push(time);
        // "The range is inclusive", in seconds: what happened within the last one belongs to the next run.
        if time < from || time > until {
            continue;
        }
        match patterns.matches(line) {
            Some(pattern) => hit(pattern.name, time, line),
            None if line.chars().nth(MAY_BE_CUT - 1).is_some() && !log_patterns::is_our_own(line) => odd += 1,
            None => {}
        }
    }
    if odd > 0 {
        let events = if odd == 1 { "1 long event".to_owned() } else { format!("{odd} long events") };
        let why = format!(
            "CloudWatch Logs Insights returned {events} of log group {group} without the text that matched; it may \
             have truncated them"
        );
        broken = broken.or_else(|| Some(Gap::unprovable(group, why)));
    }
    ReadRows { reached: is_full(pages).then(|| reached(&times, from).min(until)), broken }
}

/// Whether more events match than there are rows.
fn is_full(pages: &[GetQueryResultsOutput]) -> bool {
    let rows: u32 = pages.iter().map(|page| u32::try_from(page.results().len()).unwrap_or(u32::MAX)).sum();
    let matched = pages.first().and_then(|page| page.statistics.as_ref()).map_or(0.0, |told| told.records_matched);
    usize::try_from(rows).unwrap_or(usize::MAX) >= ROWS || matched > f64::from(rows)
}

/// How far rows go that are not all: to the last, if they are sorted.
fn reached(times: &[Timestamp], from: Timestamp) -> Timestamp {
    times.last().copied().filter(|_| times.is_sorted()).unwrap_or(from)
}

fn event<'r>(row: &'r [ResultField], group: &str) -> Result<(Timestamp, &'r str), Gap> {
    let field = |name: &str| row.iter().find(|field| field.field() == Some(name)).and_then(ResultField::value);
    let lacks = |what| lacks(Operation::GetQueryResults, group, what);
    let line = field("@message").ok_or_else(|| lacks("an event's message"))?;
    let time = field("@timestamp").ok_or_else(|| lacks("an event's time"))?;
    let time = self::time(time).ok_or_else(|| {
        failed(Operation::GetQueryResults, group, "an event's time is not of the form that AWS writes")
    })?;
    Ok((time, line))
}

/// Reads a time as AWS writes it, and in no other form.
fn time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime(TIME, text).ok().filter(|time| time.strftime(TIME).to_string() == text)?;
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_aws_writes_them_and_not_otherwise() {
        for (text, expected) in [
            ("2026-11-22 08:00:00.123", "2026-11-22T08:00:00.123Z"),
            ("2023-12-05 22:14:43.877", "2023-12-05T22:14:43.877Z"),
            ("2024-02-29 00:00:00.000", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(time(text), Some(expected.parse().expect("a time")), "{text}");
        }
        for text in [
            "",
            "1795338000123",
            "2026-11-22T08:00:00.123Z",
            "2026-11-22 08:00:00",
            "2026-11-22 08:00:00.1",
            "2026-11-22 08:00:00.123456",
            "2026-11-22 8:00:00.123",
            " 2026-11-22 08:00:00.123",
            "2026-11-22 08:00:00.123 +02:00",
            "2026-02-30 08:00:00.123",
            "2026-11-22 24:00:00.000",
            "22-11-2026 08:00:00.123",
            "+2026-11-22 08:00:00.123",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
