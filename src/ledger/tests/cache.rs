//! What is remembered of searches: with the findings or not at all, each scope for itself, and not for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::{
    collect::CollectorCache,
    report::{
        Report,
        fixtures::{self, FailingStage},
    },
};

fn searched(region: &str, groups: &[(&str, &str)]) -> CollectorCache {
    let groups = groups.iter().map(|(group, memory)| ((*group).to_owned(), (*memory).to_owned())).collect();
    CollectorCache::from([(("123456789012".to_owned(), region.to_owned()), groups)])
}

fn report(searched: &CollectorCache, hours: i64) -> Report {
    let failing: [FailingStage; 0] = [];
    let mut report = fixtures::report(&failing, &[1], at(hours));
    report.cache.clone_from(searched);
    report
}

fn remembered(ledger: &Ledger, scope: &str) -> CollectorCache {
    ledger.cache(scope).expect("reads")
}

#[test]
fn the_cache_is_replaced_by_region_and_by_scope() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    assert_eq!(remembered(&ledger, "hourly"), CollectorCache::new());
    let first = searched("us-east-1", &[("a", "1"), ("b", "1")]);
    ledger.record(&mut report(&first, 0), "hourly", no_messages).expect("records");
    assert_eq!((remembered(&ledger, "hourly"), remembered(&ledger, "nightly")), (first, CollectorCache::new()));
    // Another region; and one in which a group is gone.
    let other = searched("eu-west-1", &[("a", "1")]);
    ledger.record(&mut report(&other, 1), "hourly", no_messages).expect("records");
    let next = searched("us-east-1", &[("b", "2")]);
    ledger.record(&mut report(&next, 2), "hourly", no_messages).expect("records");
    let mut both = next;
    both.extend(other);
    assert_eq!(remembered(&ledger, "hourly"), both);
    // A run that searched nothing, and one that failed, say nothing.
    ledger.record(&mut report(&CollectorCache::new(), 3), "hourly", no_messages).expect("records");
    ledger.record_failure("hourly", at(4), at(4), "no credentials").expect("records");
    assert_eq!(remembered(&ledger, "hourly"), both);
    // A region without groups has nothing to remember.
    ledger.record(&mut report(&searched("us-east-1", &[]), 5), "hourly", no_messages).expect("records");
    assert_eq!(remembered(&ledger, "hourly"), searched("eu-west-1", &[("a", "1")]));
}

#[test]
fn a_run_that_is_not_recorded_caches_nothing() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let first = searched("us-east-1", &[("a", "1")]);
    ledger.record(&mut report(&first, 0), "hourly", no_messages).expect("records");
    let mut next = report(&searched("us-east-1", &[("a", "2")]), 1);
    let cut = catch_unwind(AssertUnwindSafe(|| ledger.record(&mut next, "hourly", |_| panic!("cut short"))));
    assert!(cut.is_err());
    drop(ledger);
    let ledger = dir.open();
    assert_eq!(remembered(&ledger, "hourly"), first);
    assert_eq!(ledger.last_success("hourly").expect("reads").expect("a run").finished_at, at(0));
}

#[test]
fn cache_entries_that_no_search_can_use_are_deleted() {
    const DAYS: i64 = 24;
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let kept = searched("us-east-1", &[("a", "1")]);
    ledger.record(&mut report(&kept, 0), "hourly", no_messages).expect("records");
    let for_ever = SignedDuration::from_hours(1_000 * DAYS);
    ledger.prune(at(89 * DAYS), for_ever).expect("prunes");
    assert_eq!(remembered(&ledger, "hourly"), kept);
    ledger.prune(at(91 * DAYS), for_ever).expect("prunes");
    assert_eq!(remembered(&ledger, "hourly"), CollectorCache::new());
}
