use std::{cell::RefCell, collections::BTreeMap};

use aws_sdk_cloudwatchlogs::types::ResultField;
use gatelight_model::{
    Severity,
    inventory::{Hit, OwnPattern},
};
use jiff::SignedDuration;

use super::*;

const DAY: i64 = 86_400;
/// With a bucket of time.
const SINCE: i64 = 1_795_251_600;
const HURRIED: Polling =
    Polling { first: Duration::from_micros(100), most: Duration::from_millis(1), limit: Duration::from_millis(200) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn window() -> (Timestamp, Timestamp) {
    (at(SINCE), at(SINCE + DAY))
}

type Answer = Result<GetQueryResultsOutput, Gap>;

/// Answers in the place of CloudWatch, by group, and writes down what it was asked.
struct Fake<F> {
    start: fn(&str) -> Result<Option<String>, Gap>,
    /// By group and the number of the request.
    results: F,
    asked: RefCell<BTreeMap<String, usize>>,
    said: RefCell<Vec<String>>,
}

impl<F: Fn(&str, usize) -> Answer> Fake<F> {
    fn new(results: F) -> Self {
        let start = |group: &str| Ok(Some(format!("query-{group}")));
        Self { start, results, asked: RefCell::default(), said: RefCell::default() }
    }

    fn say(&self, text: String) {
        self.said.borrow_mut().push(text);
    }
}

impl<F: Fn(&str, usize) -> Answer> QueryService for Fake<F> {
    async fn start(&self, group: &str, query: &str, from: Timestamp, until: Timestamp) -> Result<Option<String>, Gap> {
        assert_eq!(query, SearchSettings::default().patterns.insights_query());
        self.say(format!("start {group} {} {}", from.as_second() - SINCE, until.as_second() - SINCE));
        (self.start)(group)
    }

    async fn results(&self, group: &str, id: &str, token: Option<String>) -> Answer {
        assert_eq!(id, format!("query-{group}"));
        let number = {
            let mut asked = self.asked.borrow_mut();
            let number = asked.entry(group.to_owned()).or_default();
            *number += 1;
            *number - 1
        };
        if let Some(token) = token {
            self.say(format!("page {group} {token}"));
        }
        (self.results)(group, number)
    }

    async fn stop(&self, group: &str, _: &str) {
        self.say(format!("stop {group}"));
    }

    fn scanned(&self, bytes: u64, told: bool) {
        self.say(format!("scanned {bytes}{}", if told { "" } else { " or more" }));
    }
}

fn field(name: &str, value: &str) -> ResultField {
    ResultField::builder().field(name).value(value).build()
}

fn row(milliseconds: i64, line: &str) -> Vec<ResultField> {
    let time = Timestamp::from_millisecond(SINCE * 1_000 + milliseconds).expect("a time");
    let time = time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    vec![field("@timestamp", &time), field("@message", line), field("@ptr", "p")]
}

fn answer(status: &str, rows: Vec<Vec<ResultField>>) -> GetQueryResultsOutput {
    let statistics = QueryStatistics::builder().bytes_scanned(1_024.0);
    #[expect(clippy::cast_precision_loss, reason = "rows of a test")]
    let statistics = statistics.records_matched(rows.len() as f64).build();
    GetQueryResultsOutput::builder().status(status.into()).set_results(Some(rows)).statistics(statistics).build()
}

fn groups(names: &[&str]) -> Vec<GroupQuery> {
    let counts = || HitCounts::begin(window(), "x", true, None);
    names.iter().map(|name| GroupQuery { group: (*name).to_owned(), counts: counts() }).collect()
}

async fn look<F: Fn(&str, usize) -> Answer>(fake: &Fake<F>, names: &[&str]) -> Vec<SearchResult> {
    let found = search_by(fake, groups(names), window(), &SearchSettings::default(), HURRIED).await;
    assert_eq!(found.iter().map(|(group, ..)| group.as_str()).collect::<Vec<_>>(), names);
    found.into_iter().map(|(_, searched, _)| searched).collect()
}

/// What one group, in which a query found this, comes to; and what was said meanwhile.
async fn one(results: impl Fn(usize) -> Answer) -> (SearchResult, Vec<String>) {
    let fake = Fake::new(|_: &str, number| results(number));
    let searched = look(&fake, &["g"]).await.remove(0);
    (searched, fake.said.into_inner())
}

fn hit(pattern: &str, count: u64, first: i64, last: i64) -> Hit {
    let time = |at: i64| Timestamp::from_millisecond(SINCE * 1_000 + at).expect("a time");
    Hit { pattern: pattern.to_owned(), count, first: time(first), last: time(last), samples: vec![] }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what a search gives")]
fn probe(reached: Option<i64>, hits: Vec<Hit>) -> SearchResult {
    let (since, until) = window();
    Ok(Some(LogProbe { since, until, silent: false, reached: reached.map(|at_| at(SINCE + at_)), hits }))
}

fn without_samples(mut searched: SearchResult) -> SearchResult {
    if let Ok(Some(probe)) = &mut searched {
        probe.hits.iter_mut().for_each(|hit| hit.samples.clear());
    }
    searched
}

fn problem(searched: &SearchResult) -> (GapKind, String) {
    let gap = searched.as_ref().expect_err("a gap");
    (gap.why().kind, gap.to_string())
}

#[tokio::test]
async fn rows_are_looked_at_again_on_our_side() {
    let rows = || {
        vec![
            row(1_500, "ERROR Failed to emit logs\n"),
            row(2_000, "AccessDenied on s3:GetObject"),
            row(3_000, "gatelight: Failed to emit logs"),
            row(4_250, "failed to emit logs"),
            row(5_000, "Segment dropped."),
        ]
    };
    let (searched, said) = one(|_| Ok(answer("Complete", rows()))).await;
    let hits = vec![hit("failed-to-emit-logs", 2, 1_500, 4_250), hit("segment-dropped", 1, 5_000, 5_000)];
    assert_eq!(without_samples(searched), probe(None, hits));
    assert_eq!(said, ["start g 0 86400", "scanned 1024"]);
}

#[tokio::test]
async fn what_happened_outside_of_the_window_is_another_look_s() {
    let line = "Failed to emit logs";
    let times = [-1, 0, DAY * 1_000, DAY * 1_000 + 1, DAY * 1_000 + 999];
    let (searched, _) = one(|_| Ok(answer("Complete", times.map(|at| row(at, line)).into()))).await;
    assert_eq!(without_samples(searched), probe(None, vec![hit("failed-to-emit-logs", 2, 0, DAY * 1_000)]));
}

#[tokio::test]
async fn a_query_is_waited_for() {
    let (searched, said) = one(|number| {
        // What it has found so far is not all.
        let status = ["Scheduled", "Running", "Running", "Complete"][number];
        Ok(answer(status, vec![row(number.try_into().expect("small"), "Segment dropped.")]))
    })
    .await;
    assert_eq!(without_samples(searched), probe(None, vec![hit("segment-dropped", 1, 3, 3)]));
    assert_eq!(said, ["start g 0 86400", "scanned 1024"]);
}

#[tokio::test]
async fn how_a_query_ended_is_told() {
    for (status, stopped) in
        [("Failed", false), ("Cancelled", false), ("Timeout", false), ("Unknown", true), ("Exploded", true)]
    {
        let (searched, said) = one(|_| Ok(answer(status, vec![row(0, "Segment dropped.")]))).await;
        let (kind, why) = problem(&searched);
        assert_eq!(kind, GapKind::Failed);
        assert!(why.contains("logs:GetQueryResults") && why.contains(&format!("status is {status}")), "{why}");
        assert_eq!(said.contains(&"stop g".to_owned()), stopped, "{status}: {said:?}");
        assert_eq!(said.last().map(String::as_str), Some("scanned 1024 or more"));
    }
    let (searched, said) = one(|_| Ok(GetQueryResultsOutput::builder().build())).await;
    assert!(problem(&searched).1.contains("status is missing"), "{searched:?}");
    assert_eq!(said.last().map(String::as_str), Some("scanned 0 or more"));
}

#[tokio::test]
async fn a_query_that_does_not_end_is_stopped_and_after_two_none_is_begun() {
    let fake = Fake::new(|_: &str, _| Ok(answer("Running", vec![row(0, "Segment dropped.")])));
    let found = look(&fake, &["a", "b", "c", "d"]).await;
    for searched in &found {
        let (kind, why) = problem(searched);
        assert_eq!(kind, GapKind::TimedOut);
        assert!(why.contains("logs:GetQueryResults did not answer in time"), "{why}");
    }
    assert!(
        problem(&found[0]).1.contains("was stopped") && problem(&found[3]).1.contains("skipped after"),
        "{found:?}"
    );
    let said = fake.said.into_inner();
    let told = |what: &str| said.iter().filter(|said| said.starts_with(what)).count();
    assert_eq!((told("start"), told("stop"), told("scanned")), (2, 2, 2), "{said:?}");
}

#[tokio::test]
async fn results_that_may_not_be_read_end_the_query() {
    let denied = || {
        Gap::new(GapDetails {
            operation: "logs:GetQueryResults".to_owned(),
            permission: "logs:GetQueryResults".to_owned(),
            resource: "g".to_owned(),
            kind: GapKind::Denied,
            message: "no".to_owned(),
            denied_by: None,
        })
    };
    let (searched, said) = one(|_| Err(denied())).await;
    assert_eq!(searched, Err(denied()));
    assert_eq!(said, ["start g 0 86400", "stop g", "scanned 0 or more"]);
}

#[tokio::test]
async fn a_refusal_leaves_its_own_group_open_and_one_that_is_gone_is_gone() {
    let mut fake = Fake::new(|_: &str, _| Ok(answer("Complete", vec![row(0, "Segment dropped.")])));
    fake.start = |group| match group {
        "denied" => Err(Gap::new(GapDetails {
            operation: "logs:StartQuery".to_owned(),
            permission: "logs:StartQuery".to_owned(),
            resource: group.to_owned(),
            kind: GapKind::Denied,
            message: String::new(),
            denied_by: None,
        })),
        "gone" => Ok(None),
        _ => Ok(Some(format!("query-{group}"))),
    };
    let found = look(&fake, &["denied", "gone", "there"]).await;
    assert_eq!(problem(&found[0]).0, GapKind::Denied);
    assert_eq!(found[1], Ok(None));
    assert_eq!(without_samples(found[2].clone()), probe(None, vec![hit("segment-dropped", 1, 0, 0)]));

    let many: Vec<String> = (0..40).map(|_| "denied".to_owned()).collect();
    fake.said.borrow_mut().clear();
    let found = look(&fake, &many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(problem(&found[39]).1.contains("skipped after 20 rejected searches in a row"), "{:?}", found[39]);
    assert!(fake.said.borrow().len() <= 22, "{:?}", fake.said);
}

#[tokio::test]
async fn a_full_answer_goes_as_far_as_its_last_row() {
    let rows = |line: &str| (0..10_000).map(|n| row(n * 1_000, line)).collect::<Vec<_>>();
    let (searched, _) = one(|_| Ok(answer("Complete", rows("Segment dropped.")))).await;
    assert_eq!(without_samples(searched), probe(Some(9_999), vec![hit("segment-dropped", 10_000, 0, 9_999_000)]));
    let (searched, _) = one(|_| Ok(answer("Complete", rows("gatelight: no")))).await;
    assert_eq!(searched, probe(Some(9_999), vec![]));
    // Rows that are not sorted say nothing of what is missing.
    let mut turned = rows("Segment dropped.");
    turned.reverse();
    let (searched, _) = one(|_| Ok(answer("Complete", turned.clone()))).await;
    assert_eq!(without_samples(searched), probe(Some(0), vec![hit("segment-dropped", 10_000, 0, 9_999_000)]));
    // No further than the window.
    let mut late = rows("gatelight: no");
    late[9_999] = row(DAY * 1_000 + 500, "gatelight: no");
    let (searched, _) = one(|_| Ok(answer("Complete", late.clone()))).await;
    assert_eq!(searched, probe(Some(DAY), vec![]));
    // Nor are fewer rows than matched all of them.
    let (searched, _) = one(|_| {
        let mut less = answer("Complete", vec![row(7_000, "Segment dropped.")]);
        less.statistics = Some(QueryStatistics::builder().records_matched(2.0).build());
        Ok(less)
    })
    .await;
    assert_eq!(without_samples(searched), probe(Some(7), vec![hit("segment-dropped", 1, 7_000, 7_000)]));
}

#[tokio::test]
async fn results_in_pages_are_read_to_their_end() {
    let (searched, said) = one(|number| {
        let mut page = answer("Complete", vec![row(i64::try_from(number).expect("small"), "Segment dropped.")]);
        page.statistics = Some(QueryStatistics::builder().records_matched(3.0).build());
        page.next_token = (number < 2).then(|| format!("t{number}"));
        Ok(page)
    })
    .await;
    assert_eq!(without_samples(searched), probe(None, vec![hit("segment-dropped", 3, 0, 2)]));
    assert_eq!(said, ["start g 0 86400", "page g t0", "page g t1", "scanned 0"]);
    let (searched, _) = one(|_| {
        let mut page = answer("Complete", vec![row(0, "x")]);
        page.next_token = Some("again".to_owned());
        Ok(page)
    })
    .await;
    assert!(problem(&searched).1.contains("does not end"), "{searched:?}");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_leaves_the_group_open_unless_others_are_hits() {
    let good = || row(0, "Segment dropped.");
    for (bad, said) in [
        (vec![field("@timestamp", "2026-11-22 08:00:00.123")], "message"),
        (vec![field("@message", "Segment dropped.")], "time"),
        (vec![field("@timestamp", "1795338000123"), field("@message", "Segment dropped.")], "not of the form"),
    ] {
        let (searched, _) = one(|_| Ok(answer("Complete", vec![bad.clone()]))).await;
        let (kind, why) = problem(&searched);
        assert!(kind == GapKind::Failed && why.contains(said), "{why}");
        let (searched, _) = one(|_| Ok(answer("Complete", vec![good(), bad.clone()]))).await;
        assert_eq!(without_samples(searched), probe(Some(0), vec![hit("segment-dropped", 1, 0, 0)]));
    }
    let (searched, _) = one(|_| Ok(GetQueryResultsOutput::builder().status(QueryStatus::Complete).build())).await;
    assert!(problem(&searched).1.contains("the list of results"), "{searched:?}");
}

/// A text that was let through for something that does not stand in it.
#[tokio::test]
async fn a_long_event_that_may_have_been_cut_leaves_the_group_open() {
    let long = "é".repeat(899);
    for (line, open) in [
        (format!("{long}x"), true),
        (long.clone(), false),
        (format!("{long} Segment dropped."), false),
        (format!("gatelight: {long}"), false),
    ] {
        let (searched, _) = one(|_| Ok(answer("Complete", vec![row(0, &line)]))).await;
        assert_eq!(searched.is_err(), open, "{line}");
        if open {
            let (kind, why) = problem(&searched);
            assert!(kind == GapKind::Unprovable && why.contains("returned 1 long event of log group g"), "{why}");
        }
    }
}

#[tokio::test]
async fn the_owners_patterns_are_not_searched_for() {
    let own = OwnPattern {
        name: "spool-full".to_owned(),
        filter: "{ $.level = 50 }".to_owned(),
        severity: Severity::Low,
        says: "x".to_owned(),
        fix: None,
    };
    let search = SearchSettings { own: vec![own], ..SearchSettings::default() };
    for (line, hits) in [("AccessDenied", None), ("Segment dropped.", Some(1))] {
        let fake = Fake::new(|_: &str, _| Ok(answer("Complete", vec![row(0, line)])));
        let mut found = search_by(&fake, groups(&["g"]), window(), &search, HURRIED).await;
        let (_, searched, memory) = found.remove(0);
        assert!(memory.is_some(), "what it was searched for was searched to the end");
        if let Some(count) = hits {
            assert_eq!(without_samples(searched), probe(None, vec![hit("segment-dropped", count, 0, 0)]));
        } else {
            let (kind, why) = problem(&searched);
            assert!(kind == GapKind::Unprovable && why.contains("(spool-full)"), "{why}");
        }
    }
}

#[tokio::test]
async fn what_is_remembered_stands_when_the_next_query_is_refused() {
    let mut fake = Fake::new(|_: &str, _| Ok(answer("Complete", vec![row(3_600_000, "Segment dropped.")])));
    let (_, _, first) = search_by(&fake, groups(&["g"]), window(), &SearchSettings::default(), HURRIED).await.remove(0);
    fake.start = |group| Err(failed(Operation::StartQuery, group, "no"));
    let hour = SignedDuration::from_hours(1);
    let later = (window().0 + hour, window().1 + hour);
    let counts = HitCounts::begin(later, "x", true, first.clone());
    let from = counts.from();
    let query = GroupQuery { group: "g".to_owned(), counts };
    let (_, searched, again) =
        search_by(&fake, vec![query], later, &SearchSettings::default(), HURRIED).await.remove(0);
    let found = searched.expect("searched").expect("there");
    assert_eq!((found.reached, found.hits[0].count), (Some(from), 1));
    assert!(first.is_some() && first == again, "what it did not read is as it was");
}

/// Ten hourly runs: each asks only for what is new, and reports the whole window.
#[tokio::test]
async fn with_memory_only_what_is_new_is_asked_for() {
    let events = [(2 * 3_600_000, "Failed to emit logs"), (DAY * 1_000 + 3_500_500, "Failed to emit logs again")];
    let mut memory = None;
    for hour in 0..10_i64 {
        let hours = SignedDuration::from_hours(hour);
        let window = (window().0 + hours, window().1 + hours);
        let counts = HitCounts::begin(window, "x", true, memory.take());
        let from = counts.from();
        let fake = Fake::new(|_: &str, _| {
            // Whole seconds, both inclusive.
            let rows = events.iter().map(|(at, line)| row(*at, line)).zip(events).filter(|(_, (at, _))| {
                let second = SINCE + at.div_euclid(1_000);
                (from.as_second()..=window.1.as_second()).contains(&second)
            });
            Ok(answer("Complete", rows.map(|(row, _)| row).collect()))
        });
        let query = GroupQuery { group: "g".to_owned(), counts };
        let mut found = search_by(&fake, vec![query], window, &SearchSettings::default(), HURRIED).await;
        let (_, searched, next) = found.remove(0);
        memory = next;
        let count = searched.expect("searched").expect("there").hits.first().map_or(0, |hit| hit.count);
        // The first leaves the window in the third hour; the second is in it from the first hour on.
        let expected = u64::from(hour <= 2) + u64::from(hour >= 1);
        assert_eq!(count, expected, "hour {hour}");
        let said = fake.said.into_inner();
        let back = (window.1.as_second() - from.as_second()) / 60;
        assert!(if hour == 0 { back == 24 * 60 } else { (75..=80).contains(&back) }, "hour {hour}: {back} {said:?}");
    }
}
