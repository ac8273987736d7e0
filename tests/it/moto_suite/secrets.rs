//! What comes from an account is hostile, secret, or both. Stage variables often hold secrets: their values are found
//! nowhere. Names are anybody's choice: they are shown, and nothing else.

use super::{formats::GOOD, functions_and_roles};
use crate::support::{
    proxy::Proxy,
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

/// Nor those of functions, though the names of those that bear on tracing are kept.
#[test]
fn values_of_functions_environment_variables_are_found_nowhere() {
    let account = Account::new();
    let proxy = Proxy::start(functions_and_roles::corrected(&functions_and_roles::seed(&account)));
    for format in ["text", "json", "jsonl"] {
        let args =
            ["audit", "--region", "us-east-1", "--pace", "off", "--verbose", "--format", format, "--save", "saved"];
        let audit = account.gatelight(args).env("RUST_LOG", "trace").env("GATELIGHT_LOG", "trace");
        let audit = audit.endpoint(&proxy.url());
        let (ran, saved) = audit.run_then(|home| std::fs::read_to_string(home.join("saved")).unwrap());
        assert_silent(format, &ran);
        assert_absent("the saved inventory", &saved);
        assert!(saved.contains("OTEL_EXPORTER_OTLP_HEADERS"), "the function's variables were read");
        assert!(!saved.contains("PASSWORD"), "a name that does not bear on tracing is kept");
    }
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
        let args =
            ["audit", "--region", "us-east-1", "--pace", "off", "--verbose", "--format", format, "--save", "saved"];
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

/// What a terminal would obey: control characters, and those that turn the direction of writing.
fn steers_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn names_are_only_names() {
    let long = "n".repeat(256);
    let names = [
        "<script>alert(1)</script>&amp;",
        "$(touch owned) `touch owned`; touch owned",
        "quotes ' and \" and \\",
        "red \u{1b}[31m and a bell \u{7}",
        "two\nlines\r\nor three",
        "\u{202e}backwards and \u{1f600}",
        &long,
    ];
    for name in names {
        let account = Account::new();
        account.region("us-east-1").http(name, "prod", &Stage::default());
        let report = account.audit().args(["--region", "us-east-1"]).run().report();
        let subject = format!("{name}/prod");
        let about = report.outcomes().iter().filter(|outcome| outcome["subject"]["name"] == subject.as_str());
        assert_eq!(about.count(), 13, "{name:?}");

        let text = account.gatelight(["audit", "--region", "us-east-1", "--pace", "off", "--verbose"]).run();
        assert_eq!(text.status, Some(1), "{text:#?}");
        for said in [&text.stdout, &text.stderr] {
            let steering: Vec<char> = said.chars().filter(|c| *c != '\n' && steers_a_terminal(*c)).collect();
            assert!(steering.is_empty(), "{name:?}: a terminal would obey {steering:?}");
            assert!(!said.lines().any(|line| line.trim_start().starts_with("lines")), "a name ends the line: {said}");
        }
        if !name.contains(steers_a_terminal) && name.len() < 60 {
            assert!(text.stdout.contains(name), "{name:?} in {}", text.stdout);
        }
    }
}
