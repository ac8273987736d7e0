//! Log groups of class INFREQUENT_ACCESS, which CloudWatch Logs Insights alone searches: where the owner asks for it, and
//! is told what it costs.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    daemon::process::Home,
    moto_suite::formats::GOOD,
    support::{
        cloudwatch,
        fake::{ACCOUNT, Account, Fake, Fault, Request, Rule, function},
        moto,
        proxy::{self, Proxy},
        report::Report,
        run::{Gatelight, Ran},
        seed::{self, Keys, Stage},
    },
};

const REGION: &str = "eu-west-1";
const CHECK: &str = "log-emission-failing";

/// Groups of functions: their classes, and their lines.
const GROUPS: [(&str, &str, &[&str]); 5] = [
    ("rare", "INFREQUENT_ACCESS", &["all is well", "ERROR Failed to emit logs: 503", "AccessDenied: s3:GetObject"]),
    ("fine", "INFREQUENT_ACCESS", &["all is well", "AccessDenied: s3:GetObject"]),
    ("quiet", "INFREQUENT_ACCESS", &[]),
    ("plain", "STANDARD", &["Segment dropped."]),
    ("vended", "DELIVERY", &["Segment dropped."]),
];

fn group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}

fn account() -> Account {
    let mut account = Account::default();
    for (name, class, lines) in GROUPS {
        account.log_groups.insert(group(name), json!({"retentionInDays": 30, "logGroupClass": class}));
        account.functions.push(function(REGION, name, "service", "Active"));
        if !lines.is_empty() {
            account.events.insert(group(name), lines.iter().map(|line| (*line).to_owned()).collect());
        }
        account.metrics.insert(format!("IncomingBytes {} Sum", group(name)), 2_500_000_000.0);
    }
    account
}

fn command(fake: &Fake, args: &[&str]) -> Gatelight {
    let audit = Gatelight::new(["audit", "--region", REGION, "--pace", "off", "--check", CHECK]);
    audit.args(args).endpoint(&fake.endpoint())
}

fn audit(fake: &Fake, args: &[&str]) -> Ran {
    command(fake, args).args(["--format", "json"]).run()
}

/// What is said of each group: the verdict, or the severity of a failure; and the message.
fn told(report: &Report) -> BTreeMap<&str, (&str, &str)> {
    report
        .outcomes()
        .iter()
        .map(|outcome| {
            let name = outcome["subject"]["name"].as_str().unwrap().trim_start_matches("/aws/lambda/");
            let verdict = if outcome["verdict"] == "fail" { &outcome["severity"] } else { &outcome["verdict"] };
            (name, (verdict.as_str().unwrap(), outcome["message"].as_str().unwrap()))
        })
        .collect()
}

fn verdicts(report: &Report) -> Vec<(&str, &str)> {
    let told = told(report);
    GROUPS.map(|(name, ..)| (name, told[name].0)).to_vec()
}

/// How much groups of infrequent access hold, in bytes.
fn scanned() -> usize {
    let infrequent = GROUPS.iter().filter(|(_, class, _)| *class == "INFREQUENT_ACCESS");
    infrequent.flat_map(|(.., lines)| *lines).map(|line| line.len()).sum()
}

fn queries(fake: &Fake, name: &str) -> Vec<Request> {
    fake.requests().into_iter().filter(|request| request.operation == format!("logs:{name}")).collect()
}

#[test]
fn groups_of_infrequent_access_are_searched_where_the_owner_asks_for_it() {
    let fake = Fake::start(account(), []);
    let report = audit(&fake, &[]).report();
    let open =
        [("rare", "unknown"), ("fine", "unknown"), ("quiet", "pass"), ("plain", "medium"), ("vended", "unknown")];
    assert_eq!(verdicts(&report), open);
    let said = told(&report);
    assert!(said["rare"].1.contains("--insights") && !said["vended"].1.contains("--insights"), "{said:#?}");
    assert!(!fake.counts().keys().any(|operation| operation.contains("Query")), "{:?}", fake.counts());
    let shard = &report.shards()[0];
    assert_eq!((&shard["insights_queries"], &shard["insights_scanned_bytes"]), (&json!(0), &json!(0)));

    let fake = Fake::start(account(), []);
    let ran = audit(&fake, &["--insights"]);
    let report = ran.report();
    let expected = [("rare", "high"), ("fine", "pass"), ("quiet", "pass"), ("plain", "medium"), ("vended", "unknown")];
    assert_eq!(verdicts(&report), expected, "{:#}", report.0["outcomes"]);
    let said = told(&report);
    assert!(said["rare"].1.contains("has 1 failure line"), "{said:#?}");
    assert!(said["vended"].1.contains("class DELIVERY"), "{said:#?}");

    // A query each for those that took events, over whole seconds of a day; the other class is searched as ever.
    let started = queries(&fake, "StartQuery");
    // Begun side by side.
    let mut names: Vec<_> = started.iter().map(|request| request.json["logGroupName"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["/aws/lambda/fine", "/aws/lambda/rare"]);
    for request in &started {
        let time = |name: &str| request.json[name].as_i64().unwrap();
        assert!((86_400..86_700).contains(&(time("endTime") - time("startTime"))), "{}", request.json);
        let query = request.json["queryString"].as_str().unwrap();
        assert!(query.contains(r#"@message like "Failed to emit logs" or"#), "{query}");
    }
    let searched = queries(&fake, "FilterLogEvents");
    assert!(searched.iter().all(|request| request.json["logGroupName"] == "/aws/lambda/plain"), "{searched:#?}");
    assert_eq!((searched.len(), queries(&fake, "StopQuery").len()), (1, 0));

    // What it would cost was asked for before, and said; what was scanned is told.
    let order: Vec<_> = fake.requests().into_iter().map(|request| request.operation).collect();
    let first = |operation: &str| order.iter().position(|asked| asked == operation).unwrap();
    let last_metrics = order.iter().rposition(|asked| asked == "cloudwatch:GetMetricData").unwrap();
    assert!(last_metrics < first("logs:StartQuery"), "{order:?}");
    let line = format!(
        "gatelight: {ACCOUNT} {REGION}: CloudWatch Logs Insights will search 2 log groups of class INFREQUENT_ACCESS, \
         which received about 5.00 GB; AWS bills about $0.03, $0.0057 for each GB"
    );
    assert!(ran.stderr.contains(&line), "{}", ran.stderr);
    let bytes = scanned();
    let shard = &report.shards()[0];
    assert_eq!((&shard["insights_queries"], &shard["insights_scanned_bytes"]), (&json!(2), &json!(bytes)));
    assert_eq!((&shard["insights_untold"], &shard["insights_cost_usd"]), (&json!(0), &json!(0.0)));
    assert_eq!(shard["requests"]["logs:StartQuery"], json!(2));
}

#[test]
fn a_person_reads_what_it_costs_unless_it_is_to_be_quiet() {
    let fake = Fake::start(account(), []);
    let ran = command(&fake, &["--insights", "--metrics", "off", "--no-progress"]).run();
    // Without metrics nobody knows which groups are silent.
    let line = "will search 3 log groups of class INFREQUENT_ACCESS; their size is not known without metrics; AWS bills \
                $0.0057 for each GB (prices of ";
    assert!(ran.stderr.contains(line), "{}", ran.stderr);
    let bytes = scanned();
    let told =
        format!("3 queries of CloudWatch Logs Insights scanned {bytes} bytes, for which AWS bills less than $0.01\n");
    let page = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(told.trim_end()), "{}", ran.stdout);
    let command = "aws logs start-query --region eu-west-1 --log-group-name";
    assert!(page.replace("\\ ", "").contains(command) && !ran.stdout.contains("console"), "{}", ran.stdout);

    let ran = self::command(&fake, &["--insights", "--quiet"]).run();
    assert_eq!(ran.stderr, "");
    // The configuration asks for it as well.
    let ran = self::command(&fake, &["--config", "gatelight.toml", "--format", "json"])
        .file("gatelight.toml", "insights = true")
        .run();
    assert_eq!(ran.report().shards()[0]["insights_queries"], json!(2));
}

#[test]
fn it_steers_collection_and_is_refused_for_a_saved_inventory() {
    Gatelight::new(["audit", "--insights", "--from", "inventory.jsonl"]).no_keys().run().refuses(&["--insights"]);
}

#[test]
fn what_goes_wrong_leaves_these_groups_open_and_no_others() {
    for (operation, fault, said, status) in [
        ("logs:StartQuery", Fault::Denied, "needs logs:StartQuery", 1),
        ("logs:GetQueryResults", Fault::Denied, "needs logs:GetQueryResults", 1),
        ("logs:GetQueryResults", Fault::Status("Failed"), "the query's status is Failed", 1),
        ("logs:GetQueryResults", Fault::Status("Cancelled"), "the query's status is Cancelled", 1),
        ("logs:GetQueryResults", Fault::Status("Timeout"), "the query's status is Timeout", 1),
        ("logs:GetQueryResults", Fault::Status("Unknown"), "the query's status is Unknown", 1),
        ("logs:GetQueryResults", Fault::Without(&["status"]), "the query's status is missing", 1),
        ("logs:GetQueryResults", Fault::Without(&["results"]), "lacks the list of results", 1),
        ("logs:GetQueryResults", Fault::Without(&["value"]), "lacks an event's message", 1),
        ("logs:StartQuery", Fault::Without(&["queryId"]), "lacks the query's id", 1),
    ] {
        let fake = Fake::start(account(), [Rule::always(operation, fault)]);
        let ran = audit(&fake, &["--insights"]);
        let report = ran.report();
        assert_eq!(ran.status, Some(status));
        let told = told(&report);
        for name in ["rare", "fine"] {
            let (verdict, message) = told[name];
            assert!(verdict == "unknown" && message.contains(said), "{operation} {fault:?}: {name}: {message}");
        }
        assert_eq!((told["quiet"].0, told["plain"].0), ("pass", "medium"), "{operation} {fault:?}");
        // A query whose results nobody can read is ended.
        let stopped = queries(&fake, "StopQuery").len();
        let in_vain = matches!(fault, Fault::Denied if operation == "logs:GetQueryResults")
            || matches!(fault, Fault::Status("Unknown") | Fault::Without(["status"]));
        assert_eq!(stopped, if in_vain { 2 } else { 0 }, "{operation} {fault:?}");
    }
    let fake = Fake::start(account(), [Rule::always("logs:StartQuery", Fault::Denied)]);
    let ran = command(&fake, &["--insights"]).run();
    assert!(ran.stdout.contains("`gatelight iam-policy --insights`"), "{}", ran.stdout);
}

#[test]
fn a_query_that_runs_is_waited_for() {
    let fake = Fake::start(account(), [Rule::first(2, "logs:GetQueryResults", Fault::Status("Running"))]);
    let report = audit(&fake, &["--insights"]).report();
    assert_eq!((told(&report)["rare"].0, told(&report)["fine"].0), ("high", "pass"));
    assert_eq!(queries(&fake, "GetQueryResults").len(), 4);
    // What AWS does not say of the volume is not taken for nothing.
    let fake = Fake::start(account(), [Rule::always("logs:GetQueryResults", Fault::Without(&["statistics"]))]);
    let ran = command(&fake, &["--insights"]).run();
    let page = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("2 queries of CloudWatch Logs Insights: AWS did not report the volume"), "{page}");
}

#[test]
fn with_a_ledger_only_what_is_new_is_paid_for() {
    let fake = Fake::start(account(), []);
    let directory = tempfile::tempdir().unwrap();
    let ledger = directory.path().join("ledger.db");
    let ledger = ["--insights", "--ledger", ledger.to_str().unwrap()];
    let (first, again) = (audit(&fake, &ledger).report(), audit(&fake, &ledger).report());
    assert_eq!(verdicts(&first), verdicts(&again));
    let windows: Vec<_> = queries(&fake, "StartQuery")
        .iter()
        .map(|request| request.json["endTime"].as_i64().unwrap() - request.json["startTime"].as_i64().unwrap())
        .collect();
    let [.., fine, rare] = windows[..] else { panic!("{windows:?}") };
    assert_eq!(windows.len(), 4);
    assert!((900..1_300).contains(&fine) && (900..1_300).contains(&rare), "{windows:?}");
}

#[test]
fn the_daemon_logs_what_it_will_cost() {
    let fake = Fake::start(account(), []);
    let home = Home::new().aws(&Keys::nobodys(), &fake.endpoint());
    let config = format!(
        "region = [\"{REGION}\"]\npace = \"off\"\ncheck = [\"{CHECK}\"]\n[daemon]\nhealth = \"off\"\n\
         [[schedule]]\nname = \"yearly\"\ncron = \"@yearly\"\ninsights = true\n"
    );
    home.write("gatelight.toml", config);
    let daemon = home.start();
    daemon.until("the run", || daemon.log().contains("run finished"));
    let log = daemon.log();
    let line = "2 log groups of class INFREQUENT_ACCESS, which received about 5.00 GB; AWS bills about $0.03";
    assert!(log.lines().any(|logged| logged.contains(line) && logged.contains("INFO")), "{log}");
    assert_eq!(queries(&fake, "StartQuery").len(), 2);
}

/// Calls with what the program asked for, which botocore checks, and holds each answer to the model.
const HOLD: &str = concat!(
    include_str!("support/validate_model.py"),
    r#"
import sys

asked = json.load(sys.stdin)
query = client.start_query(**asked["StartQuery"])["queryId"]
results = client.get_query_results(**asked["GetQueryResults"])
stopped = client.stop_query(**asked["StopQuery"])["success"]
print(json.dumps({"query": query, "status": results["status"], "rows": results["results"], "stopped": stopped, "calls": seen}))
"#
);

/// The program's requests and the small CloudWatch's answers, held against botocore's model of the service.
#[test]
fn botocore_agrees() {
    const NAMES: [&str; 3] = ["StartQuery", "GetQueryResults", "StopQuery"];
    let ours = Fake::start(account(), [Rule::first(1, "logs:GetQueryResults", Fault::Status("Unknown"))]);
    audit(&ours, &["--insights"]);
    let asked = NAMES.map(|name| (name, queries(&ours, name)[0].json.clone()));
    let theirs = Fake::start(account(), []);
    let mut python = Command::new(moto::python())
        .args(["-I", "-c", HOLD])
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("ENDPOINT", theirs.endpoint())
        .env("SERVICE", "logs")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(json!(BTreeMap::from(asked.clone())).to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["calls"], &said["status"]), (&json!(NAMES), &json!("Complete")));
    assert_eq!(said["query"], asked[1].1["queryId"]);
    assert_eq!((&said["rows"][0][0]["field"], &said["stopped"]), (&json!("@timestamp"), &json!(true)));
    for (name, json) in asked {
        assert_eq!(queries(&theirs, name)[0].json, json, "{name}");
    }
}

// ---- Against moto ----

/// moto knows no classes, writes times as numbers, and gives every line of a query's time; it lacks StopQuery.
pub(crate) fn corrected(call: &proxy::Call) -> proxy::Rule {
    match call.operation.as_str() {
        "logs:DescribeLogGroups" => proxy::Rule::Rewrite(|answer| {
            let mut answer: Value = serde_json::from_str(answer).unwrap();
            for group in answer["logGroups"].as_array_mut().unwrap() {
                if group["logGroupName"].as_str().unwrap().contains("rare") {
                    group["logGroupClass"] = json!("INFREQUENT_ACCESS");
                }
            }
            answer.to_string()
        }),
        "logs:GetQueryResults" => proxy::Rule::Rewrite(|answer| {
            let mut answer: Value = serde_json::from_str(answer).unwrap();
            let fields =
                answer["results"].as_array_mut().unwrap().iter_mut().flat_map(|row| row.as_array_mut().unwrap());
            for field in fields.filter(|field| field["field"] == "@timestamp") {
                let time =
                    jiff::Timestamp::from_millisecond(field["value"].as_str().unwrap().parse().unwrap()).unwrap();
                field["value"] = json!(time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string());
            }
            answer.to_string()
        }),
        "logs:StopQuery" => proxy::Rule::Answer(json!({"success": true}).to_string()),
        "cloudwatch:GetMetricData" => {
            proxy::Rule::Cbor(cloudwatch::answer(&cloudwatch::asked(&call.body), |_| Some(7.0)))
        }
        _ => proxy::Rule::Forward,
    }
}

/// Groups that moto holds: one with a failure, one without, one with a failure before the window.
pub(crate) fn seed() -> seed::Account {
    let account = seed::Account::new();
    let region = account.region("us-east-1");
    let destination = region.log_group("/gateway/rare", Some(30));
    region.rest("orders", "prod", &Stage::log(&destination, GOOD));
    account.script(
        "us-east-1",
        "
own = role('logging', allow('*'))
for name, lines in {
    'rare-failing': [(90, 'Failed to emit logs: 503'), (95, 'AccessDenied'), (100, 'Segment dropped.')],
    'rare-fine': [(n, f'order {n} ok') for n in range(60, 400)],
    'rare-old': [(3 * 24 * 60, 'Failed to emit logs')],
}.items():
    function(name, own)
    log_group(f'/aws/lambda/{name}', 30)
    write(f'/aws/lambda/{name}', '0', lines)
write('/gateway/rare', '0', [(90, 'Failed to emit logs')])
",
    );
    account
}

#[test]
fn moto_s_queries() {
    let account = seed();
    let proxy = Proxy::start(corrected);
    let audit = account.audit().args(["--region", "us-east-1", "--check", CHECK, "--insights"]);
    let ran = audit.endpoint(&proxy.url()).run();
    let report = ran.report();
    let told = told(&report);
    let of = |name: &str| told[name].0;
    // Text of clients is low.
    let found = ["rare-failing", "rare-fine", "rare-old", "/gateway/rare"].map(of);
    assert_eq!(found, ["high", "pass", "pass", "low"], "{told:#?}");
    assert!(told["rare-failing"].1.contains("has 2 failure lines"), "{told:#?}");
    let asked = proxy.operations();
    assert!(asked.contains("logs:StartQuery") && !asked.contains("logs:FilterLogEvents"), "{asked:?}");
    // moto does not say what it scanned.
    let shard = &report.shards()[0];
    assert_eq!((&shard["insights_queries"], &shard["insights_untold"]), (&json!(4), &json!(4)));
}
