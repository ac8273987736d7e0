//! The collector against answers that fail, break off or lie: each operation spoiled in turn, in each way. Whatever
//! happens, the report may only say less than it would have: an outcome stays as it was or becomes "could not check".

mod accounts;
pub(crate) mod calls;
pub(crate) mod cases;
mod gap_kinds;
mod missing_parts;
mod outcome;
mod pages;

use std::collections::BTreeSet;

use serde_json::json;

pub(crate) use self::accounts::healthy;
use self::{accounts::broken, calls::OPERATIONS, outcome::audit};

pub(crate) const REGION: &str = "eu-west-1";

const ORGANIZATION: &str = "gateway-role-denied-by-organization";

#[test]
fn the_worlds_are_what_they_are_called() {
    let ran = audit(healthy(), vec![]);
    let odd: Vec<_> = ran.outcomes().into_iter().filter(|(_, (v, _))| v != "pass" && v != "not-applicable").collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert_eq!((ran.status, &ran.report["complete"]), (Some(0), &json!(true)), "{}", ran.stderr);
    for (operation, _) in OPERATIONS {
        assert!(ran.requests.contains_key(*operation), "{operation} is not called");
    }
    let is_listed = |called: &&String| OPERATIONS.iter().any(|(operation, _)| operation == called);
    let unlisted: Vec<_> = ran.requests.keys().filter(|called| !is_listed(called)).collect();
    assert!(unlisted.is_empty(), "not in OPERATIONS of tests/it/faults/calls.rs: {unlisted:?}");
    for (denies, fails) in [
        ("inline", "gateway-role-cannot-write"),
        ("attached", "gateway-role-cannot-write"),
        ("boundary", "gateway-role-cannot-write"),
        ("trust", "gateway-role-untrusted"),
        ("role", "gateway-role-missing"),
        ("unset", "gateway-role-unset"),
        ("organization", ORGANIZATION),
    ] {
        let ran = audit(broken(denies), vec![]);
        let failed: BTreeSet<_> =
            ran.outcomes().into_iter().filter(|(_, (v, _))| v == "fail").map(|((check, _), _)| check).collect();
        assert!(failed.contains(fails), "{denies}: {failed:?}");
        assert!(failed.len() >= 9, "{denies}: {failed:?}");
        assert_eq!(ran.status, Some(1), "{denies}: {}", ran.stderr);
    }
}
