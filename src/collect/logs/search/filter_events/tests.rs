use std::{cell::RefCell, collections::BTreeMap};

use gatelight_model::{Severity, inventory::Hit};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn event(second: i64, message: &str) -> FilteredLogEvent {
    FilteredLogEvent::builder().timestamp(second * 1_000).message(message).build()
}

fn page(events: &[(i64, &str)], next: Option<String>) -> FilterLogEventsOutput {
    let events = events.iter().map(|(second, line)| event(*second, line)).collect();
    FilterLogEventsOutput::builder().set_events(Some(events)).set_next_token(next).build()
}

fn denied(group: &str) -> Gap {
    Gap::new(GapDetails {
        operation: "logs:FilterLogEvents".to_owned(),
        permission: "logs:FilterLogEvents".to_owned(),
        resource: group.to_owned(),
        kind: GapKind::Denied,
        message: "no".to_owned(),
        denied_by: None,
    })
}

const WINDOW: (i64, i64) = (0, 86_400);

fn built_in(patterns: &LogPatterns) -> FilterQuery<'_> {
    FilterQuery { filter: patterns.filters().remove(0), of: FilterOrigin::BuiltIn(patterns) }
}

/// Searches groups, each answered by `answer` from the number of the page (from 0 on). Gives what was found, and the
/// groups in the order in which they were asked.
async fn search(
    groups: &[&str],
    queries: &[FilterQuery<'_>],
    answer: impl Fn(&str, usize) -> Answer,
) -> (BTreeMap<String, SearchResult>, Vec<String>) {
    let asked = RefCell::new(Vec::<String>::new());
    let ask = async |ask: PageRequest<'_>| {
        let number = asked.borrow().iter().filter(|group| *group == ask.group).count();
        asked.borrow_mut().push(ask.group.to_owned());
        answer(ask.group, number)
    };
    let window = (at(WINDOW.0), at(WINDOW.1));
    let counts = || HitCounts::begin(window, "x", true, None);
    let searches = groups.iter().map(|group| GroupSearch::new(group, window, queries, counts())).collect();
    let found = search_in_rounds(searches, &ask)
        .await
        .into_iter()
        .map(|search| (search.group.clone(), search.end().0))
        .collect();
    (found, asked.into_inner())
}

fn hit(pattern: &str, count: u64, first: i64, last: i64, samples: &[&str]) -> Hit {
    let samples = samples.iter().map(|line| (*line).to_owned()).collect();
    Hit { pattern: pattern.to_owned(), count, first: at(first), last: at(last), samples }
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what a search gives")]
fn probe(reached: Option<i64>, hits: Vec<Hit>) -> SearchResult {
    Ok(Some(LogProbe { since: at(WINDOW.0), until: at(WINDOW.1), silent: false, reached: reached.map(at), hits }))
}

#[tokio::test]
async fn events_are_looked_at_again_on_our_side() {
    let patterns = LogPatterns::default();
    let (found, _) = search(&["g"], &[built_in(&patterns)], |_, _| {
        Ok(Some(page(
            &[
                (10, "failed to emit logs"),
                (20, "AccessDenied on s3:GetObject"),
                (30, "ERROR Failed to emit logs password=hunter2"),
                (40, "gatelight: Failed to emit logs"),
            ],
            None,
        )))
    })
    .await;
    let samples = ["failed to emit logs", "ERROR Failed to emit logs password=…"];
    assert_eq!(found["g"], probe(None, vec![hit("failed-to-emit-logs", 2, 10, 30, &samples)]));
}

#[tokio::test]
async fn what_cloudwatch_finds_by_a_filter_of_the_owners_is_a_hit() {
    let own = OwnPattern {
        name: "odd".to_owned(),
        filter: "{ $.level = 50 }".to_owned(),
        severity: Severity::Low,
        says: "it is odd".to_owned(),
        fix: None,
    };
    let query = FilterQuery { filter: own.filter.clone(), of: FilterOrigin::Own(&own) };
    let (found, _) = search(&["g"], &[query], |_, _| {
        Ok(Some(page(&[(10, r#"{"level":50}"#), (20, r#"{"tool":{"name":"gatelight"},"level":50}"#)], None)))
    })
    .await;
    assert_eq!(found["g"], probe(None, vec![hit("odd", 1, 10, 10, &[r#"{"level":50}"#])]));
}

#[tokio::test]
async fn each_group_is_looked_at_before_any_is_read_on_and_none_longer_than_its_budget() {
    let patterns = LogPatterns::default();
    let groups: Vec<String> = (0..30).map(|number| format!("g{number:02}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    // Two that never end; the others have three pages.
    let busy = ["g00", "g17"];
    let (found, asked) = search(&groups, &[built_in(&patterns)], |group, number| {
        let next = (number < 2 || busy.contains(&group)).then(|| number.to_string());
        let second = i64::try_from(number).expect("small");
        Ok(Some(page(&[(second, "Segment dropped.")], next)))
    })
    .await;
    let mut first: Vec<_> = asked[..groups.len()].to_vec();
    first.sort();
    assert_eq!(first, groups);
    for group in &groups {
        let pages = asked.iter().filter(|asked| asked == group).count();
        assert_eq!(pages, if busy.contains(group) { BUDGET } else { 3 }, "{group}");
        let count = u64::try_from(pages).expect("small");
        let Ok(Some(probe)) = &found[*group] else { panic!("{group}") };
        assert_eq!(probe.hits[0].count, count, "{group}");
        assert_eq!(probe.reached, busy.contains(group).then(|| at(19)), "{group}");
    }
}

/// Patterns of the owner's share the budget: the page of one comes before the next of another.
#[tokio::test]
async fn filters_of_a_group_take_turns() {
    let patterns = LogPatterns::default();
    let own = OwnPattern {
        name: "own".to_owned(),
        filter: "OWN".to_owned(),
        severity: Severity::Low,
        says: "x".to_owned(),
        fix: None,
    };
    let queries = [built_in(&patterns), FilterQuery { filter: own.filter.clone(), of: FilterOrigin::Own(&own) }];
    // The first filter's pages never end; the second's is one.
    let (found, asked) = search(&["g"], &queries, |_, number| {
        let line = if number == 1 { "OWN" } else { "Segment dropped." };
        Ok(Some(page(&[(100, line)], (number != 1).then(|| number.to_string()))))
    })
    .await;
    assert_eq!(asked.len(), BUDGET);
    let Ok(Some(probe)) = &found["g"] else { panic!("searched") };
    assert_eq!(
        probe.hits.iter().map(|hit| (hit.pattern.as_str(), hit.count)).collect::<Vec<_>>(),
        [("own", 1), ("segment-dropped", 19)]
    );
    assert_eq!(probe.reached, Some(at(100)));
}

#[tokio::test]
async fn a_search_that_broke_off_keeps_its_hits_and_proves_nothing_without() {
    let patterns = LogPatterns::default();
    let once = |line: &'static str, then: fn() -> Answer| {
        move |_: &str, number: usize| if number == 0 { Ok(Some(page(&[(30, line)], Some("t".into())))) } else { then() }
    };
    let gap = || Err(Gap::unprovable("g", "cut"));
    let query = [built_in(&patterns)];
    let single = |reached| probe(reached, vec![hit("segment-dropped", 1, 30, 30, &["Segment dropped."])]);
    assert_eq!(search(&["g"], &query, once("Segment dropped.", gap)).await.0["g"], single(Some(30)));
    assert_eq!(search(&["g"], &query, once("nothing", gap)).await.0["g"], Err(Gap::unprovable("g", "cut")));
    assert_eq!(search(&["g"], &query, |_, _| Ok(None)).await.0["g"], Ok(None));
    // Deleted meanwhile.
    assert_eq!(search(&["g"], &query, once("Segment dropped.", || Ok(None))).await.0["g"], single(Some(30)));
    assert_eq!(search(&["g"], &query, once("nothing", || Ok(None))).await.0["g"], Ok(None));
    // A token that comes twice.
    let circle = |_: &str, _: usize| Ok(Some(page(&[], Some("t".into()))));
    let (found, asked) = search(&["g"], &query, circle).await;
    assert!(found["g"].as_ref().expect_err("a gap").to_string().contains("does not end"));
    assert_eq!(asked.len(), 2);
    // What lacks its parts.
    for broken in [
        FilterLogEventsOutput::builder().build(),
        FilterLogEventsOutput::builder().events(FilteredLogEvent::builder().timestamp(1).build()).build(),
        FilterLogEventsOutput::builder()
            .events(FilteredLogEvent::builder().message("Segment dropped.").build())
            .build(),
    ] {
        let found = search(&["g"], &query, |_, _| Ok(Some(broken.clone()))).await.0;
        assert!(found["g"].as_ref().expect_err("a gap").to_string().contains("lacks"));
    }
}

#[tokio::test]
async fn what_is_refused_everywhere_is_given_up() {
    let patterns = LogPatterns::default();
    let groups: Vec<String> = (0..100).map(|number| format!("g{number:02}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let (found, asked) = search(&groups, &[built_in(&patterns)], |group, _| Err(denied(group))).await;
    // Those that were under way are asked to the end.
    let most = usize::try_from(REFUSED_ENOUGH).expect("small") + SIDE_BY_SIDE;
    assert!(asked.len() <= most, "{}", asked.len());
    let last = found["g99"].as_ref().expect_err("given up");
    assert!(last.why().resource == "g99" && last.to_string().contains("skipped after"), "{last}");
    // One that may be searched says that the rest is worth trying.
    let (found, asked) = search(&groups, &[built_in(&patterns)], |group, _| {
        if group.ends_with('9') { Ok(Some(page(&[], None))) } else { Err(denied(group)) }
    })
    .await;
    assert_eq!(asked.len(), 100);
    assert!(found["g99"].is_ok() && found["g98"].is_err());
}
