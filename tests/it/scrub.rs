//! Secrets in log lines survive into nothing that is written: reports, the saved inventory, the ledger, messages, logs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    daemon::process::Home,
    support::{
        fake::{Account, Fake},
        run::Gatelight,
        seed::Keys,
        slack::Slack,
    },
};

/// What must not survive, and a line that holds it. Made of parts, so that no scanner takes this file for a leak.
fn seeds() -> Vec<(&'static str, String, String)> {
    let key = format!("AKIA{}", "Q7ZK3VJ2M5XN8RTB");
    let secret = format!("pVx9LqT2mR8sK4w{}", "N7bZ1cY6dJ3fH5gA0eUoQiWr");
    let bearer = format!("b3arer{}", "Zm9vYmFyMTIzNDU2Nzg5");
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", "eyJzdWIiOiI0NzExMDgxNSJ9", "k8JqXv2LmNw5TzRb7HcYd3PfGs9A");
    let mail = "maria.musterfrau+gateway@example.org".to_owned();
    let hex = "c0ffee5ca1ab1e0ddba11deadbeef4711fa57b00b5c0dedfaceb00c9d1e2f3a4".to_owned();
    let hook = format!("https://hooks.slack.com/services/T0SEED/B0SEED/{}", "sEeDsEeDsEeDsEeD12345678");
    vec![
        ("a key id", key.clone(), format!("Failed to emit logs: key {key} is not known")),
        ("a secret key", secret.clone(), format!("Failed to emit logs: signed with {secret}")),
        ("a bearer token", bearer.clone(), format!("failed to emit logs: Authorization: Bearer {bearer}")),
        ("a JWT", jwt.rsplit('.').next().unwrap().to_owned(), format!("Segment dropped. {jwt} has expired")),
        ("a JWT's claims", "eyJzdWIiOiI0NzExMDgxNSJ9".to_owned(), format!("Segment dropped. token {jwt}")),
        ("an e-mail address", mail.clone(), format!("Failed to emit logs of {mail}")),
        ("its domain", "example.org".to_owned(), format!("Failed to emit logs: {{\"user\":\"{mail}\"}}")),
        ("long hex", hex.clone(), format!("Exporting failed. Rejecting data of {hex}")),
        ("a webhook", "sEeDsEeDsEeDsEeD12345678".to_owned(), format!("Failed to emit logs to {hook}")),
        ("a password", "hunter2hunter2".to_owned(), "Failed to emit logs: password=hunter2hunter2".to_owned()),
    ]
}

/// A function's log group for each. The owner's pattern, too, finds every line.
fn account() -> Account {
    let mut account = Account::default();
    for (at, (_, _, line)) in seeds().into_iter().enumerate() {
        let name = format!("seeded-{at}");
        account.functions.push(json!({
            "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"),
            "Role": "arn:aws:iam::123456789012:role/r", "Runtime": "python3.13", "TracingConfig": {"Mode": "Active"},
        }));
        account.log_groups.insert(format!("/aws/lambda/{name}"), json!({"retentionInDays": 30}));
        account.events.insert(format!("/aws/lambda/{name}"), vec![line]);
    }
    account
}

const CONFIG: &str = "region = [\"us-east-1\"]\npace = \"off\"\ncheck = [\"log-emission-failing\"]\nverbose = true\n\
     also-search-for = [\"segment-missing\"]\n\
     [[pattern]]\nname = \"any-line\"\nfilter = '?\"ogs\" ?\"ed\"'\nseverity = \"low\"\nsays = \"a line\"\n";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files(&path, found),
            kind if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

/// Every byte below a folder, each file with its name.
fn written(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    files(folder, &mut found);
    found.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn assert_scrubbed(what: &str, bytes: &[u8]) {
    for (kind, secret, _) in seeds() {
        let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds, "{what} holds {kind}: {}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn no_secret_of_a_log_line_survives_an_audit() {
    let fake = Fake::start(account(), []);
    for format in ["text", "json", "jsonl", "slack"] {
        let audit = Gatelight::new(["audit", "--config", "gatelight.toml", "--format", format, "--output", "report"])
            .args(["--save", "saved", "--ledger", "ledger.db"])
            .file("gatelight.toml", CONFIG)
            .env("RUST_LOG", "trace")
            .env("GATELIGHT_LOG", "trace")
            .endpoint(&fake.endpoint());
        let (ran, files) = audit.run_then(written);
        assert_eq!(ran.status, Some(1), "{ran:#?}");
        assert_scrubbed("standard output", ran.stdout.as_bytes());
        assert_scrubbed("standard error", ran.stderr.as_bytes());
        let names: Vec<&str> = files.iter().filter_map(|(name, _)| name.rsplit('/').next()).collect();
        assert!(["report", "saved", "ledger.db"].iter().all(|name| names.contains(name)), "{names:?}");
        for (name, bytes) in &files {
            assert_scrubbed(name, bytes);
        }
        // The lines were there to be found: what is left of them stands in the inventory, and is remembered.
        let text = |file: &str| {
            let (_, bytes) = files.iter().find(|(name, _)| name.ends_with(file)).unwrap();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let saved = text("saved");
        assert_eq!(saved.matches("\"pattern\":\"any-line\"").count(), seeds().len());
        assert_eq!(saved.matches("Failed to emit logs: key …").count(), 2, "by either pattern");
        assert!(text("ledger.db").contains("Failed to emit logs: key …"));
    }
}

#[test]
fn nor_does_it_survive_the_daemon() {
    let fake = Fake::start(account(), []);
    let slack = Slack::start([]);
    let home = Home::new().aws(&Keys::nobodys(), &fake.endpoint()).webhook(slack.webhook());
    home.write(
        "gatelight.toml",
        format!(
            "{CONFIG}[daemon]\nhealth = \"off\"\n[[slack]]\nname = \"on-call\"\nwebhook-env = \"HOOK\"\n\
             [[schedule]]\nname = \"often\"\ncron = \"* * * * * *\"\noutput = \"report.txt\"\n"
        ),
    );
    let daemon = home.start();
    daemon.until("a message", || !slack.channel().is_empty());
    daemon.until("a second look", || fake.counts().get("lambda:ListFunctions").copied().unwrap_or_default() > 1);
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_scrubbed("the log", log.as_bytes());
    for post in slack.channel() {
        assert_scrubbed("a message", post.to_string().as_bytes());
    }
    for (name, bytes) in written(&home.path("")) {
        assert_scrubbed(&name, &bytes);
    }
}
