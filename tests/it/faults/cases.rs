//! Many cases side by side.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    accounts::healthy,
    calls::OPERATIONS,
    outcome::{audit, sound},
};
use crate::support::fake::{Fault, Rule};

/// Runs `check` over the cases side by side (they mostly wait), and fails with all complaints.
pub(crate) fn over<C: Sync>(
    cases: &[C],
    describe: impl Fn(&C) -> String + Sync,
    check: impl Fn(&C) -> Vec<String> + Sync,
) {
    const SIDE_BY_SIDE: usize = 24;
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    // The runner panics if the binary does, or does not end.
                    let found = catch_unwind(AssertUnwindSafe(|| check(case)))
                        .unwrap_or_else(|panic| vec![panic.downcast_ref::<String>().cloned().unwrap_or_default()]);
                    if !found.is_empty() {
                        complaints.lock().unwrap().insert(describe(case), found);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    let few = |found: &Vec<String>| {
        let rest = found.len().saturating_sub(6);
        let more = if rest > 0 { format!("\n    … and {rest} more") } else { String::new() };
        found.iter().take(6).map(|complaint| format!("\n    {complaint}")).collect::<Vec<_>>().concat() + &more
    };
    let text: Vec<_> = complaints.iter().map(|(case, found)| format!("{case}{}", few(found))).collect();
    assert!(text.is_empty(), "{} of {} cases:\n{}", text.len(), cases.len(), text.join("\n"));
}

/// A fault that never ends, in each operation of the healthy account in turn: the gap is of that kind.
pub(super) fn leaves_a_gap(faults: &[Fault], kind: &str) {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().flat_map(|(op, _)| faults.iter().map(|fault| (*op, *fault))).collect();
    over(
        &cases,
        |(op, fault)| format!("{op}: {fault:?}"),
        |(op, fault)| {
            let spoiled = audit(healthy(), vec![Rule::always(op, *fault)]);
            // Nothing can be said about an account when the very first call gets no answer.
            let unreachable = matches!(fault, Fault::Hang | Fault::Drip | Fault::Reset | Fault::HangUp | Fault::CutOff);
            if *op == "sts:GetCallerIdentity" && unreachable && spoiled.status == Some(2) {
                let silent = spoiled.stderr.trim().is_empty();
                return if silent { vec!["exit status 2 and nothing said".to_owned()] } else { vec![] };
            }
            let mut complaints = sound(&whole, &spoiled);
            let gaps = spoiled.gaps();
            if !gaps.contains(&((*op).to_owned(), kind.to_owned())) {
                complaints.push(format!("no {kind} gap of it among {gaps:?}"));
            }
            if spoiled.report["complete"] != json!(false) && *op != "sts:GetCallerIdentity" {
                complaints.push("the report calls itself complete".to_owned());
            }
            if spoiled.took > Duration::from_secs(90) {
                complaints.push(format!("took {:?}", spoiled.took));
            }
            complaints
        },
    );
}
