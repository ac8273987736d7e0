//! Every command that a fix offers is one that the AWS CLI takes: botocore, of which it is made, validates all parameters.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use gatelight_checks::{CHECKS, Judgement, Policy, audit, testing::named_scenarios};
use serde_json::{Value, json};

use crate::support::{moto, run::Gatelight};

/// What is wrong with commands; empty if nothing is.
fn problems(commands: &Value) -> String {
    let mut checker = Command::new(moto::python())
        .args(["-I", "-c", include_str!("support/run_cli.py"), "--check"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    checker.stdin.take().unwrap().write_all(commands.to_string().as_bytes()).unwrap();
    let ran = checker.wait_with_output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.status.success(), said.is_empty(), "{said}");
    said
}

#[test]
fn every_command_is_one_that_the_cli_takes() {
    let ran = Gatelight::new(["demo", "--format", "json"]).no_keys().run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut commands = Vec::new();
    for outcome in report["outcomes"].as_array().unwrap() {
        let own: Vec<&str> =
            outcome["fix_commands"].as_array().unwrap().iter().map(|command| command.as_str().unwrap()).collect();
        let line = (!own.is_empty()).then(|| own.join(" && "));
        assert_eq!(outcome["fix_command"].as_str(), line.as_deref());
        commands.extend(own.into_iter().filter(|command| command.starts_with("aws ")).map(str::to_owned));
    }
    let has = |start: &str| commands.iter().any(|command| command.starts_with(start));
    assert!(has("aws apigateway update-stage") && has("aws logs create-log-group"), "{commands:#?}");
    assert_eq!(problems(&commands.into()), "");
}

#[test]
fn a_command_that_the_cli_does_not_take_is_noticed() {
    for wrong in [
        "aws logs create-log-groups --log-group-name x",
        "aws logs create-log-group --log-group x",
        "aws iam create-role --role-name x",
        "aws iam create-role --role-name x --assume-role-policy-document {",
        "aws apigateway update-stage --rest-api-id a --stage-name b --patch-operations path",
    ] {
        assert!(problems(&json!([wrong])).contains(wrong), "{wrong}");
    }
    assert_eq!(problems(&json!(["aws logs create-log-group --region us-east-1 --log-group-name x"])), "");
}

/// All that the checks print in the scenarios, and the commands of every kind of hop that stops packets.
#[test]
fn the_cli_takes_every_command_of_every_scenario_and_hop() {
    let mut commands: Vec<Vec<String>> = Vec::new();
    let checks: Vec<_> = CHECKS.iter().collect();
    for (_, scenario) in named_scenarios() {
        audit(scenario.scope(), &checks, &Policy::default(), &mut |outcome| {
            if let Ok(Judgement::Fail(failure)) = &outcome.verdict {
                let own =
                    failure.fix.commands.iter().filter(|command| command.first().is_some_and(|word| word == "aws"));
                commands.extend(own.cloned());
            }
        });
    }
    commands.sort();
    commands.dedup();
    assert!(commands.len() > 50, "{}", commands.len());
    let quoted = |argv: &Vec<String>| shlex::try_join(argv.iter().map(String::as_str)).unwrap();
    let hops = include_str!("../../checks/src/function/cannot_reach_xray/tests/fixes.txt").lines();
    let hops = hops.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned);
    let lines: Vec<String> = commands.iter().map(quoted).chain(hops).collect();
    assert_eq!(problems(&lines.into()), "");
}
