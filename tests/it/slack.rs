//! Slack: what the real binary posts, to a stand-in that keeps Slack's limits and errors; and that messages are what a
//! library that others wrote takes them for.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    run::{Gatelight, Ran},
    slack::{Answer, Post, SECRET, Slack, read_back},
};

/// A saved inventory with findings of every severity.
fn inventory() -> String {
    let (ran, saved) = Gatelight::new(["demo", "--save", "saved.jsonl", "--output", "report.txt"])
        .run_then(|home| fs::read_to_string(home.join("saved.jsonl")).unwrap());
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    saved
}

const CONFIG: &str = "[[slack]]\nname = \"on-call\"\nwebhook-env = \"HOOK\"\n";

fn audit(config: &str, webhook: &str) -> Gatelight {
    Gatelight::new([
        "audit",
        "--from",
        "saved.jsonl",
        "--slack",
        "--config",
        "gatelight.toml",
        "--output",
        "report.txt",
    ])
    .file("saved.jsonl", inventory())
    .file("gatelight.toml", config)
    .env("HOOK", webhook)
}

#[track_caller]
fn says_no_secret(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(SECRET) && !text.contains("/services/") && !text.contains("T0000TEST"), "{ran:#?}");
    }
}

/// Runs it once against these answers: what it did, and what was posted.
fn once(answers: impl IntoIterator<Item = Answer>) -> (Ran, Vec<Post>) {
    let slack = Slack::start(answers);
    let ran = audit(CONFIG, &slack.webhook()).arg("--verbose").run();
    says_no_secret(&ran);
    assert_eq!(slack.accepted(), slack.posts().len(), "a connection a post");
    (ran, slack.posts())
}

#[test]
fn what_was_found_is_posted_once() {
    let (ran, posts) = once([]);
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    assert_eq!(posts.len(), 1);
    let text = posts[0].body.to_string();
    for part in
        ["gateway-role-missing", "123456789012", "eu-west-1", "gatelight explain gateway-role-missing", "stages dark"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(posts[0].taken && !text.contains("(repeated)"), "{text}");
}

#[test]
fn slack_that_is_busy_or_broken_is_asked_again() {
    let (ran, posts) = once([Answer::TooMany(2)]);
    assert_eq!((ran.status, posts.len()), (Some(1), 2), "{ran:#?}");
    assert!(posts[1].at - posts[0].at >= Duration::from_secs(2), "Retry-After was not heeded");
    assert!(!posts[1].body.to_string().contains("(repeated)"));

    let (ran, posts) = once([Answer::Says(500, "rollup_error"), Answer::Says(503, "")]);
    assert_eq!((ran.status, posts.len()), (Some(1), 3), "{ran:#?}");

    // It may have been posted: that is said.
    for lost in [Answer::HangUp, Answer::CutOff] {
        let (ran, posts) = once([lost]);
        assert_eq!((ran.status, posts.len()), (Some(1), 2), "{ran:#?}");
        assert!(!posts[0].body.to_string().contains("(repeated)"));
        assert!(posts[1].body.to_string().contains("(repeated)"), "{}", posts[1].body);
    }
}

#[test]
fn what_is_not_posted_is_a_failure_that_names_the_webhook() {
    let cases = [
        (vec![Answer::Says(404, "no_service")], 1, "no_service"),
        (vec![Answer::Says(404, "no_team")], 1, "no_team"),
        (vec![Answer::Says(400, "invalid_payload")], 1, "invalid_payload"),
        (vec![Answer::Says(400, "invalid_blocks")], 1, "invalid_blocks"),
        (vec![Answer::Says(410, "channel_is_archived")], 1, "channel_is_archived"),
        (vec![Answer::Says(403, "action_prohibited")], 1, "action_prohibited"),
        (vec![Answer::Says(403, "/services/T0000TEST/s3cr3tW3bh00kT0k3n is wrong")], 1, "403"),
        (vec![Answer::Says(200, "<html>welcome</html>")], 1, "no Slack webhook"),
        (vec![Answer::Redirect], 1, "redirect"),
        // Nobody waits an hour for a command.
        (vec![Answer::TooMany(3_600)], 1, "429"),
        (vec![Answer::Says(500, ""); 3], 3, "500"),
        // What may have been posted twice is not posted a third time.
        (vec![Answer::HangUp, Answer::HangUp], 2, "nobody knows"),
        (vec![Answer::Endless, Answer::Endless], 2, "nobody knows"),
    ];
    for (answers, posts, word) in cases {
        let (ran, posted) = once(answers.clone());
        ran.refuses(&["on-call", word]);
        assert_eq!(posted.len(), posts, "{answers:?}: {ran:#?}");
        assert!(ran.took < Duration::from_secs(30), "{answers:?}: {ran:#?}");
    }
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for() {
    let (ran, posts) = once([Answer::Hang]);
    assert_eq!((ran.status, posts.len()), (Some(1), 2), "{ran:#?}");
    assert!(ran.took > Duration::from_secs(15) && ran.took < Duration::from_secs(40), "{ran:#?}");
    assert!(posts[1].body.to_string().contains("(repeated)"));
}

#[test]
fn a_webhook_that_cannot_be_used_is_named_before_any_work() {
    let slack = Slack::start([]);
    let good = slack.webhook();
    for (hook, word) in [
        (good.replace("127.0.0.1", "10.0.0.1"), "https"),
        (good.replace("http://", "http://user:pw@"), "user or password"),
        (String::new(), "empty"),
        (format!("{SECRET} "), "address"),
    ] {
        let ran = audit(CONFIG, &hook).run();
        ran.refuses(&["on-call", "HOOK", word]);
        says_no_secret(&ran);
        assert!(!ran.stderr.contains("pw"), "{ran:#?}");
    }
    audit(CONFIG, &good).without_env("HOOK").run().refuses(&["on-call", "HOOK", "not set"]);
    let credential = "[[slack]]\nname = \"on-call\"\nwebhook-credential = \"hook\"\n";
    audit(credential, &good).run().refuses(&["on-call", "hook", "CREDENTIALS_DIRECTORY"]);
    audit("", &good).run().refuses(&["--slack", "[[slack]]"]);
    assert_eq!(slack.accepted(), 0);
    // Nobody listens.
    drop(slack);
    let ran = audit(CONFIG, &good).run();
    ran.refuses(&["on-call", "connection"]);
    says_no_secret(&ran);
}

#[test]
fn addresses_from_files_and_credentials_and_routes() {
    let slack = Slack::start([]);
    let config = "[[slack]]\nname = \"file\"\nwebhook-file = \"hook\"\ncheck = [\"gateway-role-*\"]\nseverity = \"high\"\n\
                  [[slack]]\nname = \"credential\"\nwebhook-credential = \"cred\"\ncheck = [\"access-log-off\"]\n\
                  [[slack]]\nname = \"nobody\"\nwebhook-env = \"HOOK\"\naccount = [\"9999*\"]\n\
                  [[slack]]\nname = \"nightly\"\nwebhook-env = \"NOT_SET\"\nschedule = [\"nightly\"]\n";
    let ran = audit(config, &slack.webhook())
        .file("hook", slack.webhook() + "\n")
        .file("credentials/cred", slack.webhook())
        .env("CREDENTIALS_DIRECTORY", "credentials")
        .run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    says_no_secret(&ran);
    // Everyone can read a file that was made with the usual mode.
    assert!(ran.stderr.contains("file") && ran.stderr.contains("can read hook"), "{ran:#?}");
    let posts: Vec<_> = slack.channel().iter().map(Value::to_string).collect();
    assert_eq!(posts.len(), 2, "{posts:#?}");
    assert!(posts[0].contains("gateway-role-missing") && !posts[0].contains("access-log-off"), "{}", posts[0]);
    assert!(posts[1].contains("access-log-off") && !posts[1].contains("gateway-role-missing"), "{}", posts[1]);
}

#[test]
fn with_a_ledger_what_changed_is_posted_and_what_was_not_waits() {
    let home = tempfile::tempdir().unwrap();
    let ledger = home.path().join("gatelight.db");
    let slack = Slack::start([Answer::Says(503, ""), Answer::Says(503, ""), Answer::Says(503, "")]);
    let run = || {
        let ran = audit(CONFIG, &slack.webhook()).args([Path::new("--ledger"), &ledger]).run();
        says_no_secret(&ran);
        ran
    };
    run().refuses(&["on-call", "503", "waits"]);
    assert_eq!((slack.posts().len(), slack.channel().len()), (3, 0));
    // The message of the first audit; nothing has changed since.
    std::thread::sleep(Duration::from_secs(3));
    let ran = run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let posted = slack.channel();
    assert_eq!(posted.len(), 1);
    assert!(posted[0].to_string().contains("first run: "), "{}", posted[0]);
    assert_eq!(run().status, Some(1));
    assert_eq!(slack.channel().len(), 1, "unchanged is nothing");
    let holds_secret = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    };
    assert!(fs::read_dir(home.path()).unwrap().all(|entry| !holds_secret(&entry.unwrap().path())));
}

#[test]
fn the_message_as_a_format() {
    let ran = Gatelight::new(["demo", "--format", "slack"]).run();
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    let all = Gatelight::new(["demo", "--format", "slack", "--verbose"]).run();
    let none = Gatelight::new(["demo", "--format", "slack", "--check", "gateway-role-unset", "--skip", "x"]).run();
    assert_eq!(none.status, Some(2));
    let bodies = BTreeMap::from([("some", ran.json()), ("all", all.json())]);
    for (name, problem) in read_back(bodies.iter().map(|(name, body)| (*name, body))) {
        assert_eq!(problem, None, "{name}");
    }
    assert!(!bodies["some"].to_string().contains(" low") && bodies["all"].to_string().contains(" low"));
}

#[test]
fn slack_sdk_reads_every_kind_of_message_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack");
    let mut messages = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        messages.insert(name, body);
    }
    for kind in [
        "new",
        "worse",
        "maximal",
        "hostile-00",
        "digest",
        "digest-empty",
        "repeated",
        "found",
        "went-dark",
        "no-longer-dark",
    ] {
        assert!(messages.contains_key(kind), "{kind}");
    }
    for (name, problem) in read_back(messages.iter().map(|(name, body)| (name.as_str(), body))) {
        assert_eq!(problem, None, "{name}");
    }
    // The stand-in takes them too.
    let slack = Slack::start([]);
    for body in messages.values() {
        assert_eq!(post(&slack.webhook(), &body.to_string()), (200, "ok".to_owned()));
    }
    assert_eq!(slack.channel().len(), messages.len());
}

#[test]
fn broken_messages_are_refused_by_both() {
    let good: Value = serde_json::from_str(include_str!("../slack/new.json")).unwrap();
    let broken = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let many: Vec<_> = (0..51).map(|_| good["blocks"][2].clone()).collect();
    let cases = BTreeMap::from([
        ("long text", broken("/blocks/2/text/text", "x".repeat(3_001).into())),
        ("long header", broken("/blocks/0/text/text", "x".repeat(151).into())),
        ("unknown block", broken("/blocks/2/type", "paragraph".into())),
        ("unknown text", broken("/blocks/2/text/type", "markdown".into())),
        ("many blocks", broken("/blocks", many.into())),
        ("many elements", broken("/blocks/1/elements", vec![good["blocks"][1]["elements"][0].clone(); 11].into())),
        ("no text", broken("/blocks/2", json!({"type": "section"}))),
    ]);
    let slack = Slack::start([]);
    let read = read_back(cases.iter().map(|(name, body)| (*name, body)));
    for (name, body) in &cases {
        assert!(read[*name].is_some(), "slack_sdk took {name}");
        assert_eq!(post(&slack.webhook(), &body.to_string()), (400, "invalid_blocks".to_owned()), "{name}");
    }
    assert_eq!(read_back([("good", &good)])["good"], None);
    assert_eq!(post(&slack.webhook(), "{"), (400, "invalid_payload".to_owned()));
    assert_eq!(post(&slack.webhook(), "{}"), (400, "no_text".to_owned()));
    assert_eq!(post(&slack.webhook().replace(SECRET, "x"), &good.to_string()), (404, "no_service".to_owned()));
    assert_eq!(post(&slack.webhook().replace("T0000TEST", "x"), &good.to_string()), (404, "no_team".to_owned()));
}

/// Posts without Gatelight: status and body of the answer.
fn post(webhook: &str, body: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let (host, path) = webhook.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}
