use std::collections::BTreeMap;

use jiff::{civil::DateTime, tz::TimeZone};

use super::*;
use crate::config::Settings;

/// What zoneinfo holds of the zones of the table: jiff reads them, so that nothing here comes from where croner's does.
const ZONES: [(&str, &[u8], &str); 4] = [
    ("Europe/Dublin", include_bytes!("zones/Europe-Dublin"), "2026-01-01T00:00:00Z"),
    ("America/New_York", include_bytes!("zones/America-New_York"), "2026-01-01T00:00:00Z"),
    ("Australia/Lord_Howe", include_bytes!("zones/Australia-Lord_Howe"), "2026-01-01T00:00:00Z"),
    // Samoa left out 30 December 2011, whole.
    ("Pacific/Apia", include_bytes!("zones/Pacific-Apia"), "2011-06-01T00:00:00Z"),
];

/// Expressions as minutes, hours, days and weekdays (0 is Sunday) that match; `*` is all.
const EXPRESSIONS: [Expression; 12] = [
    ("0 * * * *", &[0], ALL, ALL, ALL),
    ("@hourly", &[0], ALL, ALL, ALL),
    ("*/15 * * * *", &[0, 15, 30, 45], ALL, ALL, ALL),
    ("30 1 * * *", &[30], &[1], ALL, ALL),
    ("0 2 * * *", &[0], &[2], ALL, ALL),
    ("15 2 * * *", &[15], &[2], ALL, ALL),
    ("@midnight", &[0], &[0], ALL, ALL),
    ("0 1-3 * * *", &[0], &[1, 2, 3], ALL, ALL),
    ("30 */2 * * *", &[30], &[0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], ALL, ALL),
    ("0 9 * * MON", &[0], &[9], ALL, &[1]),
    ("30 1 30 * *", &[30], &[1], &[30], ALL),
    ("0 30 2 * * 0", &[30], &[2], ALL, &[0]),
];
const ALL: &[i8] = &[];

type Expression = (&'static str, &'static [i8], &'static [i8], &'static [i8], &'static [i8]);

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds)).expect("a time")
}

fn schedules(tables: &[(&str, &str, &str)]) -> Vec<Arc<Schedule>> {
    let table = |(name, cron, zone): &(&str, &str, &str)| {
        format!("[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\ntime-zone = \"{zone}\"\n")
    };
    let text: String = tables.iter().map(table).collect();
    let settings: Settings = toml::from_str(&text).expect("reads");
    settings.resolve_daemon(Some("/nowhere".into())).expect("resolves").schedules
}

fn at_once(_: Duration) -> Duration {
    Duration::ZERO
}

/// One tick: when the run that started was due, if any did. The run ends at once.
fn tick(scheduler: &mut Scheduler, now: Timestamp) -> Option<Timestamp> {
    let start = scheduler.due(now, Duration::ZERO, &mut at_once)?;
    scheduler.on_run_finished();
    Some(start.due_at)
}

/// A minute of a year.
struct Minute {
    now: Timestamp,
    local: DateTime,
    /// Local times that a gap just before it swallowed.
    swallowed: Vec<DateTime>,
    /// Whether its local time was there before.
    again: bool,
}

fn year(zone: &TimeZone, from: Timestamp) -> Vec<Minute> {
    let minute = SignedDuration::from_mins(1);
    let at = |number: i64| Timestamp::from_second(from.as_second() + number * 60).expect("a time");
    let mut expected = zone.to_datetime(at(0));
    let mut latest = expected - minute;
    let mut year = Vec::new();
    for number in 0..365 * 24 * 60 {
        let local = zone.to_datetime(at(number));
        let mut swallowed = Vec::new();
        while expected < local {
            swallowed.push(expected);
            expected += minute;
        }
        year.push(Minute { now: at(number), local, swallowed, again: local <= latest });
        latest = latest.max(local);
        expected = local + minute;
    }
    year
}

/// When the expression is due: at each matching local time that exists; a single time of day once a day, at the end of
/// the gap that swallowed it or at the first of two.
fn brute_force(year: &[Minute], expression: &Expression) -> Vec<Timestamp> {
    let (_, minutes, hours, days, weekdays) = expression;
    let has = |set: &[i8], value: i8| set.is_empty() || set.contains(&value);
    let matches = |local: &DateTime| {
        has(minutes, local.minute())
            && has(hours, local.hour())
            && has(days, local.day())
            && has(weekdays, local.weekday().to_sunday_zero_offset())
    };
    let fixed = minutes.len() == 1 && hours.len() == 1;
    let is_due = |minute: &&Minute| {
        matches(&minute.local) && !(fixed && minute.again) || fixed && minute.swallowed.iter().any(matches)
    };
    year.iter().filter(is_due).map(|minute| minute.now).collect()
}

#[test]
fn over_a_year_of_four_zones_each_due_time_begins_exactly_once() {
    let mut count = 0;
    for (name, data, from) in ZONES {
        let from = time(from);
        let year = year(&TimeZone::tzif(name, data).expect("zone data"), from);
        let tables: Vec<_> = EXPRESSIONS.iter().map(|expression| (expression.0, expression.0, name)).collect();
        let mut scheduler = Scheduler::new(&schedules(&tables), |_| Some(after(from, -1)));
        let mut began: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
        for Minute { now, .. } in &year {
            while let Some(DueRun { schedule, due_at: due }) = scheduler.due(*now, Duration::ZERO, &mut at_once) {
                assert_eq!(due, *now, "{name} {}", schedule.name);
                began.entry(schedule.name.clone()).or_default().push(due);
                scheduler.on_run_finished();
            }
        }
        for expression in &EXPRESSIONS {
            let due = brute_force(&year, expression);
            assert!(due.len() >= 10, "{name} {}", expression.0);
            assert_eq!(began[expression.0], due, "{name} {}", expression.0);
            count += due.len();
        }
    }
    assert!(count > 100_000, "{count}");
}

#[test]
fn what_was_missed_is_made_up_once() {
    let hourly = schedules(&[("hourly", "0 * * * *", "UTC")]);
    let mut scheduler = Scheduler::new(&hourly, |_| Some(time("2026-05-01T09:00:01Z")));
    // The machine slept from nine to half past one.
    assert_eq!(tick(&mut scheduler, time("2026-05-01T13:30:00Z")), Some(time("2026-05-01T10:00:00Z")));
    assert_eq!(tick(&mut scheduler, time("2026-05-01T13:30:01Z")), None);
    assert_eq!(tick(&mut scheduler, time("2026-05-01T13:59:59Z")), None);
    assert_eq!(tick(&mut scheduler, time("2026-05-01T14:00:00Z")), Some(time("2026-05-01T14:00:00Z")));
    // What never ran runs at once, and then when it is due.
    let mut scheduler = Scheduler::new(&hourly, |_| None);
    assert_eq!(tick(&mut scheduler, time("2026-05-01T13:30:00Z")), Some(time("2026-05-01T13:30:00Z")));
    assert_eq!(tick(&mut scheduler, time("2026-05-01T13:30:01Z")), None);
    assert_eq!(tick(&mut scheduler, time("2026-05-01T14:00:00Z")), Some(time("2026-05-01T14:00:00Z")));
}

#[test]
fn a_clock_that_jumps_neither_repeats_nor_silences() {
    let hourly = schedules(&[("hourly", "0 * * * *", "UTC")]);
    let mut scheduler = Scheduler::new(&hourly, |_| Some(time("2026-05-01T09:00:00Z")));
    assert!(tick(&mut scheduler, time("2026-05-01T10:00:00Z")).is_some());
    // Set back by a minute, by NTP: ten o'clock comes again and is not due again.
    assert_eq!(tick(&mut scheduler, time("2026-05-01T09:59:00Z")), None);
    assert_eq!(tick(&mut scheduler, time("2026-05-01T10:00:00Z")), None);
    assert!(tick(&mut scheduler, time("2026-05-01T11:00:00Z")).is_some());
    // It was wrong by a year and runs in the future are not waited for.
    assert!(tick(&mut scheduler, time("2027-05-01T11:00:00Z")).is_some());
    assert_eq!(tick(&mut scheduler, time("2026-05-01T11:10:00Z")), None);
    assert!(tick(&mut scheduler, time("2026-05-01T12:00:00Z")).is_some());
    // The same by way of the ledger, after a restart.
    let mut scheduler = Scheduler::new(&hourly, |_| Some(time("2027-05-01T11:00:00Z")));
    assert_eq!(tick(&mut scheduler, time("2026-05-01T12:10:00Z")), None);
    assert!(tick(&mut scheduler, time("2026-05-01T13:00:00Z")).is_some());
}

#[test]
fn a_clock_set_back_in_a_delay_does_not_stretch_it() {
    let hourly = schedules(&[("hourly", "0 * * * *", "UTC")]);
    let mut scheduler = Scheduler::new(&hourly, |_| Some(time("2026-05-01T09:30:00Z")));
    let jitter = Duration::from_mins(5);
    let mut most = |jitter| jitter;
    assert!(scheduler.due(time("2026-05-01T10:00:00Z"), jitter, &mut most).is_none());
    assert!(scheduler.due(time("2026-05-01T10:04:59Z"), jitter, &mut most).is_none());
    assert!(scheduler.due(time("2026-05-01T09:50:00Z"), jitter, &mut most).is_some(), "it had waited nearly all of it");
}

#[test]
fn one_run_at_a_time_and_the_longest_due_first() {
    let both = schedules(&[("often", "* * * * *", "UTC"), ("seldom", "0 10 * * *", "UTC")]);
    let mut scheduler = Scheduler::new(&both, |_| Some(time("2026-05-01T09:59:00Z")));
    let due = |scheduler: &mut Scheduler, text: &str| {
        scheduler.due(time(text), Duration::ZERO, &mut at_once).map(|start| start.schedule.name.clone())
    };
    assert_eq!(due(&mut scheduler, "2026-05-01T10:00:00Z").as_deref(), Some("often"));
    // A long run: nothing begins beside it, and nothing is forgotten.
    for minute in 1..30 {
        assert_eq!(due(&mut scheduler, &format!("2026-05-01T10:{minute:02}:00Z")), None);
    }
    scheduler.on_run_finished();
    assert_eq!(due(&mut scheduler, "2026-05-01T10:30:00Z").as_deref(), Some("seldom"));
    scheduler.on_run_finished();
    assert_eq!(due(&mut scheduler, "2026-05-01T10:30:01Z").as_deref(), Some("often"));
    scheduler.on_run_finished();
    assert_eq!(due(&mut scheduler, "2026-05-01T10:30:02Z"), None, "thirty missed minutes are made up once");
}

#[test]
fn a_delay_is_drawn_once_and_stays_below_the_jitter() {
    let hourly = schedules(&[("hourly", "0 * * * *", "UTC")]);
    let jitter = Duration::from_mins(10);
    let mut begun = Vec::new();
    for _ in 0..50 {
        let mut scheduler = Scheduler::new(&hourly, |_| Some(time("2026-05-01T09:30:00Z")));
        let ten = time("2026-05-01T10:00:00Z");
        let seconds = (0..=600).find(|second| scheduler.due(after(ten, *second), jitter, &mut random_delay).is_some());
        begun.push(seconds.expect("begins within the jitter"));
    }
    begun.sort_unstable();
    begun.dedup();
    assert!(begun.len() > 10, "{begun:?}");
    assert_eq!(random_delay(Duration::ZERO), Duration::ZERO);
}

#[test]
fn new_schedules_keep_the_memory_of_the_scopes_that_stay() {
    let mut scheduler =
        Scheduler::new(&schedules(&[("a", "0 * * * *", "UTC")]), |_| Some(time("2026-05-01T09:30:00Z")));
    assert!(scheduler.due(time("2026-05-01T10:00:00Z"), Duration::ZERO, &mut at_once).is_some());
    let both = schedules(&[("a", "30 * * * *", "UTC"), ("b", "0 * * * *", "UTC")]);
    scheduler.replace(&both, |name| (name == "a").then(|| time("2020-01-01T00:00:00Z")));
    assert!(
        scheduler.due(time("2026-05-01T10:01:00Z"), Duration::ZERO, &mut at_once).is_none(),
        "`a` is still running"
    );
    scheduler.on_run_finished();
    let start = scheduler.due(time("2026-05-01T10:01:00Z"), Duration::ZERO, &mut at_once).expect("`b` never ran");
    assert_eq!(start.schedule.name, "b");
    scheduler.on_run_finished();
    assert_eq!(
        scheduler.next().map(|(at, schedule)| (at, schedule.name.as_str())),
        Some((time("2026-05-01T10:30:00Z"), "a"))
    );
}

#[test]
fn the_last_two_due_times_span_weekends_and_gaps() {
    let due = |cron: &str, zone: &str, now: &str| {
        let schedule = schedules(&[("s", cron, zone)]).remove(0);
        schedule.cron.last_two(time(now)).map(|(earlier, last)| format!("{earlier} {last}"))
    };
    assert_eq!(
        due("0 * * * *", "UTC", "2026-05-01T10:00:00Z").as_deref(),
        Some("2026-05-01T09:00:00Z 2026-05-01T10:00:00Z")
    );
    let weekdays = due("0 9,17 * * MON-FRI", "UTC", "2026-11-23T08:59:00Z");
    assert_eq!(weekdays.as_deref(), Some("2026-11-20T09:00:00Z 2026-11-20T17:00:00Z"));
    let leap = due("0 0 29 2 *", "UTC", "2026-11-23T08:59:00Z");
    assert_eq!(leap.as_deref(), Some("2020-02-29T00:00:00Z 2024-02-29T00:00:00Z"));
    let samoa = due("0 3 * * *", "Pacific/Apia", "2011-12-31T00:00:00Z");
    assert_eq!(samoa.as_deref(), Some("2011-12-30T10:00:00Z 2011-12-30T13:00:00Z"));
    assert_eq!(
        schedules(&[("s", "0 3 * * *", "Europe/Dublin")])[0]
            .cron
            .local_time(time("2026-07-01T09:00:00Z"), time("2026-07-01T01:00:00Z")),
        "10:00 IST"
    );
}
