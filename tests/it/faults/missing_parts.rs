//! Answers that lack something: nothing may be concluded from what is missing.

use super::{
    accounts::{broken, healthy},
    calls::{FIELDS, OPERATIONS},
    cases::over,
    outcome::{AuditRun, audit, sound},
};
use crate::support::fake::{Fault, Rule};

/// As much as came may do; what did not come must not be missed.
#[test]
fn half_a_document_is_not_taken_for_the_whole() {
    let scenarios = [("healthy", healthy()), ("broken", broken("boundary"))].map(|(name, inventory)| {
        let whole = audit(inventory.clone(), vec![]);
        (name, inventory, whole)
    });
    let cases: Vec<_> =
        OPERATIONS.iter().flat_map(|(op, _)| scenarios.iter().map(move |inventory| (*op, inventory))).collect();
    over(
        &cases,
        |(op, (name, ..))| format!("{op}, {name}"),
        |(op, (_, inventory, whole))| {
            let spoiled = audit(inventory.clone(), vec![Rule::always(op, Fault::Truncated)]);
            sound(whole, &spoiled)
        },
    );
}

#[test]
fn a_field_that_is_left_out_is_never_read_as_none() {
    let scenarios = [("healthy", healthy()), ("broken", broken("inline"))].map(|(name, inventory)| {
        let whole = audit(inventory.clone(), vec![]);
        (name, inventory, whole)
    });
    let cases: Vec<_> =
        FIELDS.iter().flat_map(|field| scenarios.iter().map(move |inventory| (field, inventory))).collect();
    over(
        &cases,
        |((op, fields), (name, ..))| format!("{op} without {fields:?}, {name}"),
        |((op, fields), (_, inventory, whole))| {
            let spoiled = audit(inventory.clone(), vec![Rule::always(op, Fault::Without(fields))]);
            let mut complaints = sound(whole, &spoiled);
            let gapped = spoiled.gaps().contains(&((*op).to_owned(), "failed".to_owned()));
            if !gapped && spoiled.outcomes() != whole.outcomes() {
                complaints.push(format!("no failed gap of it among {:?}", spoiled.gaps()));
            }
            complaints
        },
    );
}

/// Where something is wrong, hiding the proof must not make it right.
#[test]
fn a_fault_never_turns_a_finding_into_a_pass() {
    let scenarios = ["inline", "attached", "boundary", "trust", "role", "unset", "organization"].map(|denies| {
        let whole = audit(broken(denies), vec![]);
        (denies, whole)
    });
    let faults = [Fault::Denied, Fault::Malformed, Fault::Empty];
    let cases: Vec<_> = scenarios
        .iter()
        .flat_map(|(denies, whole)| {
            let called = OPERATIONS.iter().filter(|(op, _)| whole.requests.contains_key(*op));
            called.flat_map(move |(op, _)| faults.map(|fault| (*denies, whole, *op, fault)))
        })
        .collect();
    over(
        &cases,
        |(denies, _, op, fault)| format!("{denies}: {op}: {fault:?}"),
        |(denies, whole, op, fault)| sound(whole, &audit(broken(denies), vec![Rule::always(op, *fault)])),
    );
}

/// Between the list and the question the API was deleted. Then it has no stages, and all else is as it was.
#[test]
fn an_api_that_is_deleted_meanwhile_is_left_out() {
    let whole = audit(healthy(), vec![]);
    for op in ["apigateway:GetStages", "apigatewayv2:GetStages"] {
        let ran = audit(healthy(), vec![Rule::first(1, op, Fault::NotFound)]);
        let (before, after) = (whole.outcomes(), ran.outcomes());
        let odd: Vec<_> = after.iter().filter(|(key, value)| before.get(key) != Some(value)).collect();
        assert!(odd.is_empty(), "{op}: {odd:#?}");
        assert!(after.len() < before.len(), "{op}: the stages of the deleted API are still there");
        assert_eq!((ran.status, ran.gaps().len()), (Some(0), 0), "{op}: {:?}", ran.gaps());
    }
}

/// One API whose stages nobody tells: the others' outcomes stand.
#[test]
fn one_silent_api_does_not_silence_the_others() {
    let whole = audit(healthy(), vec![]);
    let ran = audit(healthy(), vec![Rule::first(1, "apigateway:GetStages", Fault::Denied)]);
    assert_eq!(sound(&whole, &ran), Vec::<String>::new());
    let passes = |ran: &AuditRun| ran.outcomes().values().filter(|(verdict, _)| verdict == "pass").count();
    assert!(passes(&ran) * 2 > passes(&whole), "{} of {}", passes(&ran), passes(&whole));
    assert_eq!(ran.status, Some(3));
}
