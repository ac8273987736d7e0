use super::*;

#[test]
fn calls_side_by_side_fail_as_one_and_one_after_the_other_is_given_up() {
    let calls = Calls::new(Pace::Off, Progress::hidden());
    let (operation, gap) = (Operation::GetRestStages, failed(Operation::GetRestStages, "x", "broken"));
    let together = Instant::now();
    for _ in 0..16 {
        calls.failed_for_good(operation, together, &gap);
    }
    assert!(calls.given_up(operation, "y").is_none());
    for _ in 1..GIVE_UP_AFTER {
        assert!(calls.given_up(operation, "y").is_none());
        calls.failed_for_good(operation, Instant::now(), &gap);
    }
    assert!(calls.given_up(operation, "y").is_some_and(|gap| gap.to_string().contains("skipped after")));
    assert!(calls.given_up(Operation::GetRestApis, "y").is_none(), "each operation for itself");
}

#[test]
fn pauses_grow_and_are_spread() {
    for (tried, seconds) in [(1, 1.0), (2, 2.0), (3, 4.0), (9, 16.0)] {
        let pause = pause(tried).as_secs_f64();
        assert!((seconds..=seconds * 1.25).contains(&pause), "{tried}: {pause}");
    }
}

#[tokio::test]
async fn a_token_that_repeats_ends_the_list_with_a_gap() {
    let calls = Calls::new(Pace::Off, Progress::hidden());
    let listing = calls
        .pages(Operation::GetRestApis, "/restapis", async |_| {
            Ok(Page { elements: vec![Ok(1)], next: Some("again".to_owned()) })
        })
        .await;
    assert_eq!(listing.seen.len(), 2);
    assert!(listing.rest.get().is_err());
}
