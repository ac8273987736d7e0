//! Lists are read to their end, or leave a gap.

use super::{
    accounts::healthy,
    calls::OPERATIONS,
    cases::over,
    outcome::{Outcomes, audit, audit_in, sound},
};
use crate::support::fake::{Account, Fault, Rule};

#[test]
fn lists_are_read_to_the_end_whatever_the_size_of_a_page() {
    let whole = audit(healthy(), vec![]);
    for page in [1, 2, 3] {
        let paged = audit(Account { page, ..healthy() }, vec![]);
        assert_eq!(paged.outcomes(), whole.outcomes(), "{page} a page");
        assert_eq!(paged.requests["apigateway:GetRestApis"], 5_usize.div_ceil(page));
        assert_eq!(paged.requests["apigatewayv2:GetApis"], 5_usize.div_ceil(page));
        assert_eq!(paged.requests["apigatewayv2:GetStages"], 5_usize.div_ceil(page) + 4);
        // And one of the functions' role.
        assert_eq!(paged.requests["iam:ListRolePolicies"], 3_usize.div_ceil(page) + 1);
        assert_eq!(paged.requests["iam:ListAttachedRolePolicies"], 3_usize.div_ceil(page) + 1);
        assert_eq!(paged.requests["lambda:ListFunctions"], 5_usize.div_ceil(page));
        // Four levels, two types, two policies each; and every policy is described once.
        assert_eq!(paged.requests["organizations:ListPoliciesForTarget"], 8 * 2_usize.div_ceil(page));
        assert_eq!(paged.requests["organizations:DescribePolicy"], 4);
        assert_eq!(paged.requests["organizations:ListParents"], 3);
    }
}

#[test]
fn an_empty_page_with_a_token_is_not_the_end() {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().filter(|(_, paged)| *paged).collect();
    over(
        &cases,
        |(op, _)| (*op).to_owned(),
        |(op, _)| {
            let paged = audit(healthy(), vec![Rule::always(op, Fault::EmptyPageFirst)]);
            if paged.outcomes() == whole.outcomes() { vec![] } else { vec![format!("{:#?}", paged.outcomes())] }
        },
    );
}

#[test]
fn a_token_that_repeats_ends_the_list_with_a_gap() {
    let whole = audit(healthy(), vec![]);
    let cases: Vec<_> = OPERATIONS.iter().filter(|(_, paged)| *paged).collect();
    over(
        &cases,
        |(op, _)| (*op).to_owned(),
        |(op, _)| {
            let spoiled = audit(Account { page: 1, ..healthy() }, vec![Rule::always(op, Fault::SameToken)]);
            let mut complaints = sound(&whole, &spoiled);
            if !spoiled.gaps().contains(&((*op).to_owned(), "failed".to_owned())) {
                complaints.push(format!("no gap of it among {:?}", spoiled.gaps()));
            }
            if spoiled.requests[*op] > 100 {
                complaints.push(format!("{} requests", spoiled.requests[*op]));
            }
            complaints
        },
    );
}

/// IAM says in a field of its own whether there is more, and in another how to go on.
#[test]
fn a_page_that_lacks_its_marker_is_not_the_last() {
    let paged = || Account { page: 1, ..healthy() };
    let whole = audit(paged(), vec![]);
    let lists = ["iam:ListRolePolicies", "iam:ListAttachedRolePolicies"];
    let cases: Vec<_> = lists.iter().flat_map(|op| [(*op, &["IsTruncated"]), (*op, &["Marker"])]).collect();
    over(
        &cases,
        |(op, fields)| format!("{op} without {fields:?}"),
        |(op, fields)| sound(&whole, &audit(paged(), vec![Rule::always(op, Fault::Without(*fields))])),
    );
}

/// Without the list of regions nobody knows where to look, and half of a list is worse: the rest would count as clean.
#[test]
fn all_regions_need_the_whole_list_of_regions() {
    let whole = audit_in(&["--all-regions"], healthy(), vec![]);
    let regions = whole.report["shards"].as_array().unwrap().iter().map(|shard| shard["region"].clone());
    assert_eq!(regions.collect::<Vec<_>>(), ["eu-west-1", "us-east-1"]);
    let faults = [
        Fault::Denied,
        Fault::ServerError(500),
        Fault::Malformed,
        Fault::Truncated,
        Fault::CutOff,
        Fault::Html,
        Fault::Empty,
        Fault::Without(&["regionInfo"]),
        Fault::Without(&["regionName"]),
    ];
    over(
        &faults,
        |fault| format!("{fault:?}"),
        |fault| {
            let spoiled = audit_in(&["--all-regions"], healthy(), vec![Rule::always("ec2:DescribeRegions", *fault)]);
            let told = spoiled.stderr.contains("ec2:DescribeRegions") && spoiled.stderr.contains("--region");
            if spoiled.status == Some(2) && told {
                vec![]
            } else {
                vec![format!("exit status {:?}, and on stderr: {}", spoiled.status, spoiled.stderr)]
            }
        },
    );
}

/// A list that breaks off in the middle keeps what it saw.
#[test]
fn the_pages_before_a_fault_are_kept() {
    let account = Account { page: 2, ..healthy() };
    let whole = audit(account.clone(), vec![]);
    let stages = |outcomes: &Outcomes| outcomes.keys().filter(|(_, arn)| arn.contains("/restapis/")).count();
    for fault in [Fault::Denied, Fault::Malformed, Fault::ServerError(500)] {
        let rule = Rule { operation: "apigateway:GetRestApis", calls: 2..usize::MAX, fault, region: None };
        let ran = audit(account.clone(), vec![rule]);
        assert_eq!(sound(&whole, &ran), Vec::<String>::new(), "{fault:?}");
        // Four of the five APIs, five of the six stages.
        assert_eq!(stages(&ran.outcomes()) * 6, stages(&whole.outcomes()) * 5, "{fault:?}");
    }
}
