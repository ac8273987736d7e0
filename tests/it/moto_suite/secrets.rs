//! Stage variables often hold secrets: their values are found nowhere.

use super::formats::GOOD;
use crate::support::{
    run::Ran,
    seed::{Account, Stage},
};

const CANARY: &str = "s3cr3t-canary-7f1d";

fn assert_absent(what: &str, text: &str) {
    assert!(!text.contains(CANARY), "the value of a stage variable is in {what}: {text}");
}

fn assert_silent(what: &str, ran: &Ran) {
    assert!(matches!(ran.status, Some(0 | 1 | 3)), "{ran:#?}");
    assert_absent(&format!("stdout of {what}"), &ran.stdout);
    assert_absent(&format!("stderr of {what}"), &ran.stderr);
}

#[test]
fn values_of_stage_variables_are_found_nowhere() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let group = region.log_group("/aws/gateway/access", None);
    let stages = [Stage::default(), Stage::log(&group, GOOD).level("INFO"), Stage::log(&group, "$context.status")];
    for (at, stage) in stages.iter().enumerate() {
        let stage = stage.clone().variable("password", CANARY).variable("host", CANARY);
        region.rest(&format!("rest-{at}"), "prod", &stage);
        region.http(&format!("http-{at}"), "$default", &stage);
        region.websocket(&format!("ws-{at}"), "prod", &stage);
    }
    for format in ["text", "json", "jsonl"] {
        let args = ["audit", "--region", "us-east-1", "--pace", "off", "--verbose", "--format", format, "--save", "saved"];
        let audit = account.gatelight(args).env("RUST_LOG", "trace").env("GATELIGHT_LOG", "trace");
        let (ran, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved")).unwrap());
        assert_silent(format, &ran);
        assert_absent("the saved inventory", &saved);
        assert!(saved.contains("rest-0"), "the stages were read");
    }
}

/// Nor are credentials.
#[test]
fn credentials_are_found_nowhere() {
    let account = Account::new();
    account.region("us-east-1").rest("orders", "prod", &Stage::default());
    let args = ["audit", "--region", "us-east-1", "--pace", "off", "--verbose", "--save", "saved"];
    let audit = account.gatelight(args).env("RUST_LOG", "trace");
    let (ran, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved")).unwrap());
    for text in [&ran.stdout, &ran.stderr, &saved] {
        assert!(!text.contains(&account.keys.secret) && !text.contains(&account.keys.token), "{text}");
    }
}
