//! The daemon as a process: against moto, with a stand-in for Slack and one for systemd.

mod kill;
pub(crate) mod process;

use std::{net::TcpListener, time::Instant};

use rusqlite::Connection;
use serde_json::Value;

use self::process::{Daemon, Home, free_port, get};
use crate::support::{
    run::Gatelight,
    seed::{Account, Stage, endpoint},
    slack::{Answer, SECRET, Slack},
};

const ON_CALL: &str = "[[slack]]\nname = \"on-call\"\nwebhook-env = \"HOOK\"\n";

/// A configuration that audits every two seconds.
fn config(port: u16, more: &str) -> String {
    format!(
        "region = [\"us-east-1\"]\npace = \"off\"\ncheck = [\"access-log-off\"]\nfail-on = \"low\"\n{more}\n\
         [daemon]\nhealth = \"127.0.0.1:{port}\"\n{ON_CALL}\
         [[schedule]]\nname = \"often\"\ncron = \"*/2 * * * * *\"\n"
    )
}

fn runs(home: &Home) -> i64 {
    let db = Connection::open(home.ledger()).unwrap();
    db.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).unwrap()
}

/// Waits until so many more runs are over.
fn more_runs(home: &Home, daemon: &Daemon, count: i64) {
    let before = runs(home);
    daemon.until("another run", || runs(home) >= before + count);
}

/// What stands in the channel from the `from`th message on, once there is one; and that it stays the only one.
fn next_message(daemon: &Daemon, slack: &Slack, from: usize) -> String {
    daemon.until("a message", || slack.channel().len() > from);
    slack.channel()[from].to_string()
}

#[test]
fn what_changes_in_an_account_is_told_once() {
    let account = Account::new();
    let region = account.region("us-east-1");
    let orders = region.rest("orders", "prod", &Stage::default());
    let api = orders.split('/').nth(2).unwrap().to_owned();
    // The second message meets a 429 and a 500.
    let slack = Slack::start([Answer::Slacks, Answer::TooMany(1), Answer::Says(500, "rollup_error")]);
    let port = free_port();
    let home = Home::new().aws(&account.keys, &endpoint()).webhook(slack.webhook());
    home.write("gatelight.toml", config(port, ""));
    let daemon = home.start();

    // New, and then nothing as long as nothing changes.
    let told = next_message(&daemon, &slack, 0);
    assert!(told.contains("1 new") && told.contains("orders/prod") && told.contains("schedule often"), "{told}");
    more_runs(&home, &daemon, 3);
    assert_eq!(slack.channel().len(), 1, "{:?}", slack.channel());
    assert_eq!(get(port, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(port, "/readyz"), (200, "ready\n".to_owned()));
    let (_, metrics) = get(port, "/metrics");
    let finding = "region=\"us-east-1\",check=\"access-log-off\",severity=\"high\"} 1";
    let is_line =
        |line: &str| line.starts_with("gatelight_findings{schedule=\"often\",account=") && line.ends_with(finding);
    assert!(metrics.lines().any(is_line), "{metrics}");
    assert!(metrics.contains("result=\"sent\"} 1"), "{metrics}");
    assert!(get(port, "/").1.contains("orders/prod"));

    // A second stage, told in spite of both.
    region.rest_stage(&api, "dev", &Stage::default());
    let told = next_message(&daemon, &slack, 1);
    assert!(told.contains("1 new") && told.contains("orders/dev") && !told.contains("(repeated)"), "{told}");
    assert_eq!(slack.posts().len(), 4, "the 429 and the 500 were tried again");

    // Worse: by a new configuration, after one that is wrong.
    let note = daemon.notes().len();
    home.write("gatelight.toml", "regoin = 1");
    daemon.signal("-HUP");
    let at = daemon.told("RELOADING=1", note);
    assert!(daemon.notes()[at].contains("MONOTONIC_USEC="), "{:?}", daemon.notes());
    let at = daemon.told("configuration not reloaded", at);
    daemon.told("READY=1", at);
    assert!(daemon.log().contains("did you mean `region`?"), "{}", daemon.log());
    more_runs(&home, &daemon, 1);
    home.write("gatelight.toml", config(port, "[severity]\naccess-log-off = \"low\"\n"));
    daemon.signal("-HUP");
    daemon.until("the reload", || daemon.log().contains("configuration reloaded"));
    more_runs(&home, &daemon, 2);
    assert_eq!(slack.channel().len(), 2, "less bad is no news: {:?}", slack.channel());
    home.write("gatelight.toml", config(port, "[severity]\naccess-log-off = \"high\"\n"));
    daemon.signal("-HUP");
    let told = next_message(&daemon, &slack, 2);
    assert!(told.contains("2 got worse"), "{told}");

    // Resolved by the owner, and gone with its stage.
    account.script(
        "us-east-1",
        &format!(
            "logs.create_log_group(logGroupName='g'); logs.put_retention_policy(logGroupName='g', retentionInDays=7)\n\
             arn = 'arn:aws:logs:us-east-1:' + ACCOUNT + ':log-group:g'\n\
             rest.update_stage(restApiId='{api}', stageName='prod', patchOperations=[\
             dict(op='replace', path='/accessLogSettings/destinationArn', value=arn), \
             dict(op='replace', path='/accessLogSettings/format', value='$context.requestId')])\n\
             rest.delete_stage(restApiId='{api}', stageName='dev')"
        ),
    );
    let mut over = String::new();
    daemon.until("both are over", || {
        over = slack.channel()[3..].iter().map(Value::to_string).collect();
        over.contains("orders/prod") && over.contains("orders/dev")
    });
    assert!(over.contains("resolved"), "{over}");
    let posted = slack.channel().len();

    // What is known is known after a restart, and a run that was missed is made up at once.
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains(SECRET) && !log.contains("/services/"), "{log}");
    let before = runs(&home);
    home.write("gatelight.toml", config(port, "").replace("*/2 * * * * *", "0 0 0 1 1 *"));
    let daemon = home.start();
    more_runs(&home, &daemon, 0);
    home.write("gatelight.toml", config(port, ""));
    daemon.signal("-HUP");
    daemon.until("the missed run", || runs(&home) > before);
    more_runs(&home, &daemon, 1);
    assert_eq!(slack.channel().len(), posted, "nothing changed: {:?}", slack.channel());

    // Only one of its kind.
    let (status, said) = home.refused();
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("another gatelight daemon (process "), "{said}");
    let notes = daemon.notes();
    assert!(notes.iter().any(|note| note.contains("WATCHDOG=1")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("STATUS=often: ")), "{notes:?}");
    let (status, _) = daemon.stop();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_run_under_way_is_stopped_when_its_time_is_over_and_is_made_up() {
    // It accepts, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let slack = Slack::start([]);
    let home = Home::new().aws(&crate::support::seed::Keys::nobodys(), &address).webhook(slack.webhook());
    let text = config(free_port(), "").replace("[daemon]\n", "[daemon]\nstop-after = \"1s\"\n");
    home.write("gatelight.toml", text);
    let daemon = home.start();
    daemon.told("a run is active", 0);
    let from = daemon.notes().len();
    let begun = Instant::now();
    daemon.signal("-TERM");
    let at = daemon.told("STOPPING=1", from);
    assert!(daemon.notes()[at].contains("EXTEND_TIMEOUT_USEC="), "{:?}", daemon.notes());
    let (status, log) = daemon.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("the run was stopped; its results are discarded"), "{log}");
    assert!((1..10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(runs(&home), 0, "so that it is made up");
}

#[test]
fn what_is_wrong_is_said_at_the_start() {
    let home = Home::new();
    for (text, said) in [
        ("[[schedule]]\nname = \"a\"\ncron = \"x\"\n", "gatelight.toml: line 3: "),
        ("[daemon]\nhealht = \"off\"\n", "did you mean `health`?"),
        ("", "no [[schedule]]"),
        (
            "[[schedule]]\nname = \"a\"\ncron = \"@daily\"\n[[slack]]\nname = \"b\"\nwebhook-env = \"NOT_SET\"\n",
            "NOT_SET",
        ),
        ("[daemon]\nhealth = \"192.0.2.1:9\"\n[[schedule]]\nname = \"a\"\ncron = \"@daily\"\n", "192.0.2.1:9"),
    ] {
        home.write("gatelight.toml", text);
        let (status, problem) = home.refused();
        assert_eq!(status, Some(2), "{text}: {problem}");
        assert!(problem.contains(said), "{text}: {problem}");
    }
    std::fs::remove_file(home.path("gatelight.toml")).unwrap();
    assert!(home.refused().1.contains("gatelight.toml cannot be read"));
}

#[test]
fn a_digest_says_what_is_open_and_a_report_is_written() {
    let saved = saved();
    let slack = Slack::start([]);
    let home = Home::new().webhook(slack.webhook());
    home.write("saved.jsonl", saved);
    let text = format!(
        "[daemon]\nhealth = \"off\"\n{ON_CALL}digest = \"*/3 * * * * *\"\n\
         [[schedule]]\nname = \"replay\"\ncron = \"@yearly\"\nfrom = \"saved.jsonl\"\noutput = \"report.json\"\nformat = \"json\"\n"
    );
    home.write("gatelight.toml", text);
    let daemon = home.start();
    daemon.until("news and a digest", || slack.channel().len() >= 2);
    let channel = slack.channel();
    assert!(channel[0].to_string().contains("first run"), "{}", channel[0]);
    assert!(channel[1].to_string().contains("open: "), "{}", channel[1]);
    assert!(channel[1].to_string().contains("replay: checked at"), "{}", channel[1]);
    let report: Value = serde_json::from_slice(&std::fs::read(home.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["version"], 1);
    let (status, log) = daemon.stop();
    assert_eq!(status.code(), Some(0), "{log}");
}

/// A saved inventory with findings.
fn saved() -> String {
    let (ran, saved) = Gatelight::new(["demo", "--save", "saved.jsonl", "--output", "report.txt"])
        .run_then(|home| std::fs::read_to_string(home.join("saved.jsonl")).unwrap());
    assert_eq!(ran.status, Some(1), "{ran:#?}");
    saved
}
