//! Each kind of failure leaves a gap of its kind; a failure that passes leaves none.

use serde_json::json;

use super::{
    accounts::healthy,
    calls::OPERATIONS,
    cases::{leaves_a_gap, over},
    outcome::{audit, sound},
};
use crate::support::fake::{Fault, Rule};

#[test]
fn a_refusal_is_a_denied_gap() {
    leaves_a_gap(&[Fault::Denied], "denied");
}

#[test]
fn an_operation_that_the_endpoint_does_not_know_is_an_unsupported_gap() {
    leaves_a_gap(&[Fault::Unsupported], "unsupported");
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failed_gap() {
    leaves_a_gap(&[Fault::Malformed, Fault::Html, Fault::Empty], "failed");
}

#[test]
fn an_answer_that_breaks_off_is_a_failed_gap() {
    leaves_a_gap(&[Fault::CutOff, Fault::Reset, Fault::HangUp], "failed");
}

#[test]
fn server_errors_without_end_are_a_failed_gap() {
    leaves_a_gap(&[Fault::ServerError(500), Fault::ServerError(503)], "failed");
}

/// Slow: the pauses between attempts add up.
#[test]
fn throttling_without_end_is_a_throttled_gap() {
    leaves_a_gap(&[Fault::Throttled], "throttled");
}

/// Slow: it waits for the program's real time limits.
#[test]
fn no_answer_within_the_time_limits_is_a_timed_out_gap() {
    leaves_a_gap(&[Fault::Hang, Fault::Drip], "timed-out");
}

#[test]
fn what_passes_after_a_while_leaves_no_trace_but_a_count() {
    let whole = audit(healthy(), vec![]);
    let faults = [Fault::Throttled, Fault::ServerError(500), Fault::Reset, Fault::HangUp];
    let cases: Vec<_> = OPERATIONS.iter().flat_map(|(op, _)| faults.iter().map(|fault| (*op, *fault))).collect();
    over(
        &cases,
        |(op, fault)| format!("{op}: {fault:?} once"),
        |(op, fault)| {
            let ran = audit(healthy(), vec![Rule::first(1, op, *fault)]);
            let mut complaints = sound(&whole, &ran);
            if ran.outcomes() != whole.outcomes() || !ran.gaps().is_empty() || ran.report["complete"] != json!(true) {
                complaints.push(format!("not complete: {:?}", ran.gaps()));
            }
            if ran.requests[*op] != whole.requests[*op] + 1 {
                complaints.push(format!("{} requests after {}", ran.requests[*op], whole.requests[*op]));
            }
            if (ran.throttled() > 0) != (*fault == Fault::Throttled) {
                complaints.push(format!("throttled: {}", ran.throttled()));
            }
            complaints
        },
    );
}
