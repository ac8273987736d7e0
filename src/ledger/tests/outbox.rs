//! The ways of a message.

use super::*;
use crate::ledger::Outgoing;

fn due(ledger: &Ledger, hours: i64) -> Vec<(i64, bool, u32)> {
    let due = ledger.due(at(hours)).expect("reads");
    due.iter().map(|Outgoing { id, repeated, attempts, .. }| (*id, *repeated, *attempts)).collect()
}

fn with(texts: &[&str]) -> (LedgerFolder, Ledger) {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let messages: Vec<_> = texts.iter().map(|text| message("on-call", text)).collect();
    put(&ledger, &messages, at(0));
    (dir, ledger)
}

#[test]
fn a_message_is_sent_once_and_in_order() {
    let (dir, ledger) = with(&["a", "b"]);
    assert_eq!(due(&ledger, 0), [(1, false, 0), (2, false, 0)]);
    assert_eq!(ledger.due(at(0)).expect("reads")[1].body, json!({"text": "b"}));
    assert!(ledger.about_to_send(1).expect("writes"));
    assert!(!ledger.about_to_send(1).expect("writes"), "somebody has it");
    assert_eq!(due(&ledger, 0), [(2, false, 0)]);
    ledger.sent(1, at(0)).expect("writes");
    assert!(!ledger.about_to_send(1).expect("writes"));
    drop(ledger);
    assert_eq!(due(&dir.open(), 1), [(2, false, 0)], "what is sent stays sent");
}

#[test]
fn two_processes_do_not_send_one_message() {
    let (dir, first) = with(&["a"]);
    let second = dir.open();
    assert_eq!((due(&first, 0).len(), due(&second, 0).len()), (1, 1));
    assert!(first.about_to_send(1).expect("writes"));
    assert!(!second.about_to_send(1).expect("writes"));
    assert_eq!(due(&second, 0), []);
}

#[test]
fn a_postponed_message_comes_back() {
    let (_dir, ledger) = with(&["a"]);
    assert_eq!(due(&ledger, 0).len(), 1);
    // The connection could not be opened: it was never about to be sent.
    ledger.postpone(1, at(1), "connection refused").expect("writes");
    assert_eq!((due(&ledger, 0), ledger.next_due().expect("reads")), (Vec::new(), Some(at(1))));
    assert_eq!(due(&ledger, 1), [(1, false, 1)]);
    assert!(ledger.about_to_send(1).expect("writes"));
    ledger.postpone(1, at(3), "429").expect("writes");
    assert_eq!((due(&ledger, 2), due(&ledger, 3)), (Vec::new(), vec![(1, false, 2)]));
    // The clock was a year ahead when it was put off.
    ledger.postpone(1, at(365 * 24), "503").expect("writes");
    assert_eq!(due(&ledger, 4), [(1, false, 3)]);
    ledger.refused(1, "invalid_blocks", at(4)).expect("writes");
    assert_eq!((due(&ledger, 400 * 24), ledger.next_due().expect("reads")), (Vec::new(), None));
    ledger.postpone(1, at(5), "late").expect("writes");
    assert_eq!(due(&ledger, 6), [], "what is decided stays decided");
}

#[test]
fn a_message_is_repeated_once_after_a_crash_and_then_uncertain() {
    let (dir, ledger) = with(&["a", "b"]);
    let next = |before: Ledger| {
        drop(before);
        dir.open()
    };
    due(&ledger, 0);
    assert!(ledger.about_to_send(1).expect("writes"));
    let ledger = next(ledger);
    assert_eq!(due(&ledger, 1), [(1, true, 1), (2, false, 0)]);
    assert!(ledger.about_to_send(1).expect("writes"));
    let ledger = next(ledger);
    let rest = ledger.due(at(2)).expect("reads");
    assert_eq!((rest.len(), rest[0].id, rest[0].uncertain), (1, 2, Some(at(0))), "the next message tells of it");
    // It is reported until a message arrives.
    assert!(ledger.about_to_send(2).expect("writes"));
    ledger.postpone(2, at(3), "503").expect("writes");
    assert_eq!(ledger.due(at(3)).expect("reads")[0].uncertain, Some(at(0)));
    assert!(ledger.about_to_send(2).expect("writes"));
    ledger.sent(2, at(3)).expect("writes");
    put(&ledger, &[message("on-call", "c"), message("other", "d")], at(4));
    assert!(ledger.due(at(4)).expect("reads").iter().all(|message| message.uncertain.is_none()));
    let reader = crate::ledger::Reader::open(&dir.path).expect("opens");
    let states: Vec<_> = reader.undelivered().expect("reads").into_iter().map(|message| message.state).collect();
    assert_eq!(states, ["waiting", "waiting", "uncertain"]);
}

#[test]
fn an_uncertain_message_is_reported_to_its_own_webhook_only() {
    let (dir, ledger) = with(&["a"]);
    for _ in 0..2 {
        let ledger = dir.open();
        due(&ledger, 0);
        assert!(ledger.about_to_send(1).expect("writes"));
    }
    put(&ledger, &[message("other", "b"), message("on-call", "c")], at(1));
    let reported: Vec<_> = ledger.due(at(1)).expect("reads").into_iter().map(|message| message.uncertain).collect();
    assert_eq!(reported, [None, Some(at(0))]);
}

#[test]
fn a_message_without_an_answer_is_sent_once_more() {
    let (_dir, ledger) = with(&["a"]);
    due(&ledger, 0);
    assert!(ledger.about_to_send(1).expect("writes"));
    assert!(ledger.retry_uncertain(1, at(1), "timed out", at(0)).expect("writes"));
    assert_eq!((due(&ledger, 0), due(&ledger, 1)), (Vec::new(), vec![(1, true, 1)]));
    assert!(ledger.about_to_send(1).expect("writes"));
    assert!(!ledger.retry_uncertain(1, at(2), "timed out", at(1)).expect("writes"));
    assert_eq!((due(&ledger, 3), ledger.next_due().expect("reads")), (Vec::new(), None));
}
