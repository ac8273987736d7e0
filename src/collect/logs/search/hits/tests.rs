use super::*;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// A time that is no beginning of a bucket.
const NOW: i64 = 1_795_338_123;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// What a log group holds: when an event came in, when it says that it happened, and its line.
type Events = Vec<(i64, i64, &'static str)>;

/// A search at `now`: what it found, and where it began to read.
fn look(events: &Events, now: i64, memory: &mut Option<CachedHits>) -> (Vec<Hit>, i64) {
    let window = (beginning(at(now - DAY), at(now)), at(now));
    let mut counts = HitCounts::begin(window, "x", true, memory.take());
    let from = counts.from();
    for (_, time, line) in
        events.iter().filter(|(arrived, time, _)| *arrived <= now && (from..=window.1).contains(&at(*time)))
    {
        counts.add("p", at(*time), line);
    }
    let (hits, next) = counts.end(true);
    *memory = next;
    (hits, from.as_second())
}

fn count(hits: &[Hit]) -> u64 {
    hits.iter().map(|hit| hit.count).sum()
}

#[test]
fn with_memory_the_same_is_found_and_only_what_is_new_is_read() {
    let line = |n: i64| ["a", "b", "c", "d", "e", "f", "g"][usize::try_from(n % 7).expect("small")];
    let events: Events = (0..500).map(|n| (NOW - DAY + n * 311, NOW - DAY + n * 311, line(n))).collect();
    let mut memory = None;
    for hour in 0..40 {
        let now = NOW + hour * HOUR;
        let (hits, from) = look(&events, now, &mut memory);
        let (whole, _) = look(&events, now, &mut None);
        assert_eq!(hits, whole, "hour {hour}");
        assert!(hits.iter().all(|hit| hit.samples.len() == 3));
        // From a quarter of an hour and a bucket before the last search on; once a day all of it.
        let back = now - from;
        let expected = if hour % 24 == 0 { DAY..=DAY + 300 } else { HOUR + 900..=HOUR + 1_200 };
        assert!(expected.contains(&back), "hour {hour}: {back}");
    }
}

#[test]
fn an_event_that_comes_late_is_found_within_the_overlap_and_later_ones_with_the_next_whole_look() {
    for (late, found) in [(0, 1), (600, 1), (899, 1), (2 * HOUR, 0)] {
        // It happened just before the first search and arrived after it.
        let events: Events = vec![(NOW - 1 + late.max(2), NOW - 1 - late.min(880), "x")];
        let mut memory = None;
        assert_eq!(count(&look(&events, NOW, &mut memory).0), 0);
        let now = NOW + 3 * HOUR;
        assert_eq!(count(&look(&events, NOW + HOUR, &mut memory).0), found, "{late}");
        assert_eq!(count(&look(&events, now, &mut memory).0), found, "{late}");
    }
    let late: Events = vec![(NOW + 3 * HOUR, NOW + 600, "x")];
    let mut memory = None;
    let counts: Vec<u64> = (0..25).map(|hour| count(&look(&late, NOW + hour * HOUR, &mut memory).0)).collect();
    assert_eq!((counts[23], counts[24]), (0, 1));
}

#[test]
fn a_memory_of_another_search_is_none() {
    let events: Events = vec![(NOW - HOUR, NOW - HOUR, "x")];
    let mut memory = None;
    look(&events, NOW, &mut memory);
    let memory = memory.expect("remembered");
    let begins = |made_for: &str, (since, until): (i64, i64), memory: &CachedHits| {
        HitCounts::begin((at(since), at(until)), made_for, true, Some(memory.clone())).from().as_second()
    };
    let next = NOW + HOUR;
    let since = beginning(at(next - DAY), at(next)).as_second();
    assert!(begins("x", (since, next), &memory) > NOW - 1_200, "used");
    for (what, made_for, window, memory) in [
        ("other patterns", "y", (since, next), memory.clone()),
        ("an earlier window", "x", (since - 2 * HOUR, next - HOUR), memory.clone()),
        ("another width", "x", (next - 10 * DAY, next), memory.clone()),
        ("too old", "x", (since + 2 * DAY, next + 2 * DAY), memory.clone()),
        ("a clock that was turned back", "x", (since - 2 * HOUR, NOW - 1), memory.clone()),
        ("not read as a whole for a day", "x", (since, next), CachedHits { whole: next - DAY, ..memory.clone() }),
    ] {
        assert_eq!(begins(made_for, window, &memory), window.0, "{what}");
    }
}

#[test]
fn what_is_not_read_to_the_end_is_as_it_was() {
    let mut memory = None;
    look(&vec![(NOW - 60, NOW - 60, "x"), (NOW - 50, NOW - 50, "y")], NOW, &mut memory);
    let before = memory.clone();
    let window = (beginning(at(NOW + HOUR - DAY), at(NOW + HOUR)), at(NOW + HOUR));
    // One of the two was read again when it broke off.
    let mut counts = HitCounts::begin(window, "x", true, memory);
    assert!(counts.is_empty(), "they are read anew");
    counts.add("p", at(NOW - 60), "x");
    let (hits, after) = counts.end(false);
    assert_eq!(count(&hits), 2);
    assert_eq!(after, before);
}

#[test]
fn samples_are_the_newest_that_differ_and_are_scrubbed() {
    let window = (at(NOW - DAY), at(NOW));
    let lines = ["one", "two", "one", "three", "password=hunter2", "password=hunter3", "three"];
    let counts = |samples| {
        let mut counts = HitCounts::begin(window, "x", samples, None);
        for (n, line) in (0..).zip(lines) {
            counts.add("p", at(NOW - 100 + n), line);
        }
        counts.end(true)
    };
    let (hits, memory) = counts(true);
    // The two that differed in their secret are one.
    assert_eq!(hits[0].samples, ["password=…", "three"]);
    let memory = serde_json::to_string(&memory.expect("remembered")).expect("serialises");
    assert!(!memory.contains("hunter"), "{memory}");
    assert_eq!(counts(false).0[0].samples, [""; 0]);
}

#[test]
fn a_memory_is_small() {
    let window = (beginning(at(NOW - DAY), at(NOW)), at(NOW));
    let remembered = |patterns: usize| {
        let mut counts = HitCounts::begin(window, "x", true, None);
        for pattern in 0..patterns {
            for second in (0..DAY).step_by(60) {
                counts.add(&format!("pattern-{pattern}"), at(NOW - second), &"x".repeat(1_000_000 / 100));
            }
        }
        counts.end(true).1
    };
    let memory = serde_json::to_string(&remembered(8).expect("remembered")).expect("serialises");
    assert!(memory.len() < 250_000, "{}", memory.len());
    assert_eq!(remembered(9), None);
}
