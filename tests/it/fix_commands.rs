//! The commands of fixes: all that the checks print in the scenarios, and those of every hop that stops packets, against the
//! models of AWS's own client.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use gatelight_checks::{CHECKS, Judgement, Policy, audit, testing::named_scenarios};
use serde_json::json;

use crate::support::moto;

#[test]
fn aws_takes_every_command_of_every_fix() {
    let mut commands: Vec<Vec<String>> = Vec::new();
    let checks: Vec<_> = CHECKS.iter().collect();
    for (_, scenario) in named_scenarios() {
        audit(scenario.scope(), &checks, &Policy::default(), &mut |outcome| {
            if let Ok(Judgement::Fail(failure)) = &outcome.verdict {
                commands.extend(failure.fix.commands.iter().cloned());
            }
        });
    }
    commands.sort();
    commands.dedup();
    assert!(commands.len() > 50, "{}", commands.len());
    let hops = include_str!("../../checks/src/function/cannot_reach_xray/tests/fixes.txt");
    let input = json!({"commands": commands, "lines": hops}).to_string();
    let mut python = Command::new(moto::python())
        .args(["-I", "-c", include_str!("support/fix_commands.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.is_empty(), "{told}");
}
