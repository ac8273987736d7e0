//! What is forgotten, and what never is.

use gatelight_model::Severity;

use super::{super::Pruned, *};
use crate::{
    ledger::{EpisodeFilter, Reader},
    report::fixtures::{self, FailingStage},
};

const DAYS: i64 = 24;

fn record(ledger: &Ledger, scope: &str, failing: &[u64], passing: &[u64], hours: i64) {
    let made = |number: &u64| FailingStage { number: *number, severity: Severity::High, detail: *number };
    let failing: Vec<_> = failing.iter().map(made).collect();
    let mut report = fixtures::report(&failing, passing, at(hours));
    ledger.record(&mut report, scope, no_messages).expect("records");
}

fn count(ledger: &Ledger, table: &str) -> i64 {
    ledger.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
}

#[test]
fn what_ended_long_ago_is_deleted_and_what_is_open_is_not() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    record(&ledger, "hourly", &[1, 2, 3], &[], 0);
    record(&ledger, "hourly", &[1, 3], &[2], DAYS);
    record(&ledger, "hourly", &[1], &[3], 10 * DAYS);
    let keep = SignedDuration::from_hours(5 * DAYS);
    let texts = count(&ledger, "texts");
    assert_eq!(ledger.prune(at(6 * DAYS), keep).expect("prunes"), Pruned { runs: 1, findings: 0, messages: 0 });
    assert_eq!(ledger.prune(at(7 * DAYS), keep).expect("prunes"), Pruned { runs: 1, findings: 1, messages: 0 });
    assert_eq!((count(&ledger, "findings"), count(&ledger, "episodes")), (2, 2));
    assert_eq!(count(&ledger, "texts"), texts - 2, "with all that was said of it");
    // A hundred years later the open one is there, and the run that saw it.
    let pruned = ledger.prune(at(100 * 365 * DAYS), keep).expect("prunes");
    assert_eq!(pruned, Pruned { runs: 0, findings: 1, messages: 0 });
    let open = ledger.open_findings("hourly").expect("reads");
    assert_eq!((open.len(), open[0].first_seen, open[0].last_seen), (1, at(0), at(10 * DAYS)));
}

#[test]
fn the_last_success_of_each_scope_is_kept_behind_failed_runs() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    record(&ledger, "hourly", &[1], &[], 0);
    record(&ledger, "nightly", &[1], &[], 1);
    for hours in 2..5 {
        ledger.record_failure("hourly", at(hours), at(hours), "no credentials").expect("records");
    }
    let pruned = ledger.prune(at(100 * DAYS), SignedDuration::from_hours(DAYS)).expect("prunes");
    assert_eq!(pruned.runs, 2);
    assert_eq!(ledger.last_success("hourly").expect("reads").expect("a run").finished_at, at(0));
    assert_eq!(ledger.last_run("hourly").expect("reads").expect("a run").finished_at, at(4));
    assert_eq!(ledger.last_success("nightly").expect("reads").expect("a run").finished_at, at(1));
    assert_eq!(ledger.open_findings("hourly").expect("reads")[0].last_seen, at(0));
}

#[test]
fn messages_that_are_not_done_are_kept() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let messages: Vec<_> = ["sent", "refused", "waiting", "uncertain"].map(|text| message("on-call", text)).to_vec();
    put(&ledger, &messages, at(0));
    ledger.sent(1, at(1)).expect("writes");
    ledger.refused(2, "no_service", at(1)).expect("writes");
    for _ in 0..2 {
        assert!(ledger.about_to_send(4).expect("writes"));
        ledger.retry_uncertain(4, at(1), "timed out", at(1)).expect("writes");
    }
    let forget = || ledger.prune(at(100 * DAYS), SignedDuration::from_hours(DAYS)).expect("prunes").messages;
    assert_eq!(forget(), 2);
    let reader = Reader::open(&dir.path).expect("opens");
    let states: Vec<_> = reader.undelivered().expect("reads").into_iter().map(|message| message.state).collect();
    assert_eq!(states, ["uncertain", "waiting"], "no message has told of the uncertain one");
    drop(reader);
    put(&ledger, &[message("on-call", "tells")], at(2));
    ledger.sent(5, at(3)).expect("writes");
    assert_eq!(forget(), 2);
}

#[test]
fn the_file_shrinks_and_figures_in_messages_do_not_fill_it() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let all: Vec<u64> = (0..2_000).collect();
    record(&ledger, "hourly", &all, &[], 0);
    // Each run says another figure of each finding; the old texts are of no use to anyone.
    for hours in 1..4_i64 {
        let failing: Vec<_> = all
            .iter()
            .map(|number| FailingStage { number: *number, severity: Severity::High, detail: hours.unsigned_abs() })
            .collect();
        ledger.record(&mut fixtures::report(&failing, &[], at(hours)), "hourly", no_messages).expect("records");
        assert_eq!(count(&ledger, "texts"), 2_000 + 1, "one message, and a command each");
    }
    record(&ledger, "hourly", &[], &all, 5);
    let number = |name: &str| -> i64 { ledger.db.pragma_query_value(None, name, |row| row.get(0)).expect("reads") };
    let before = number("page_count");
    ledger.prune(at(100 * DAYS), SignedDuration::from_hours(DAYS)).expect("prunes");
    assert!(number("page_count") < before / 2 && number("freelist_count") == 0, "{before} {}", number("page_count"));
    let mut left = 0;
    Reader::open(&dir.path)
        .expect("opens")
        .episodes(&EpisodeFilter::default(), |_| {
            left += 1;
            Ok(())
        })
        .expect("reads");
    assert_eq!(left, 0);
}
