//! Answers of AWS, or of what stands in its place.

use super::complaints;
use crate::{
    faults::{REGION, calls::OPERATIONS, cases::over, healthy},
    support::{
        fake::{Fake, Fault, Rule},
        run::Gatelight,
    },
};

/// In every string of an answer, and in the words of an error.
#[test]
fn every_string_of_an_answer_is_only_shown() {
    let faults = [Fault::Hostile, Fault::HostileError];
    let cases: Vec<_> = OPERATIONS.iter().flat_map(|(op, _)| faults.iter().map(|fault| (*op, *fault))).collect();
    over(
        &cases,
        |(op, fault)| format!("{op}: {fault:?}"),
        |(op, fault)| {
            let fake = Fake::start(healthy(), vec![Rule::always(op, *fault)]);
            let audit = |args: &[&str]| {
                let ran = Gatelight::new(["audit", "--region", REGION, "--pace", "off", "--no-progress"])
                    .args(args)
                    .endpoint(&fake.endpoint())
                    .run();
                complaints(&ran)
            };
            let mut found = audit(&["--verbose", "--color", "always"]);
            found.extend(audit(&["--format", "json"]));
            found
        },
    );
}

#[test]
fn an_answer_that_does_not_end_is_cut_and_fills_no_memory() {
    for op in
        ["apigateway:GetStages", "lambda:ListFunctions", "iam:GetRole", "ec2:DescribeSubnets", "logs:DescribeLogGroups"]
    {
        let fake = Fake::start(healthy(), vec![Rule::always(op, Fault::Endless)]);
        let ran = Gatelight::new(["audit", "--region", REGION, "--pace", "off", "--format", "json", "--check"])
            .arg(match op {
                "apigateway:GetStages" => "access-log-off",
                "lambda:ListFunctions" => "function-tracing-off",
                "iam:GetRole" => "gateway-role-missing",
                "ec2:DescribeSubnets" => "function-cannot-reach-xray",
                _ => "access-log-destination-missing",
            })
            .endpoint(&fake.endpoint())
            .run();
        let report = ran.json();
        let gaps = report["shards"][0]["gaps"].as_array().unwrap();
        let gap = gaps.iter().find(|gap| gap["operation"] == op).unwrap_or_else(|| panic!("{op}: {gaps:?}"));
        assert_eq!(gap["kind"], "failed", "{gap}");
        assert!(gap["message"].as_str().unwrap().contains("longer than 64 MiB"), "{gap}");
        assert!(matches!(ran.status, Some(1 | 3)), "{ran:#?}");
    }
}
