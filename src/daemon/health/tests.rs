use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use gatelight_checks::visibility::State;
use gatelight_model::SubjectKind;
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{
    config::{Settings, daemon::Schedule},
    daemon::{
        clock::Clock,
        delivery::DeliveryResult,
        run::{RunResult, RunSummary},
    },
    finding::RunDiff,
};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Health of two schedules, and its clock.
fn health(now: &str) -> (Health, Arc<AtomicI64>) {
    let seconds = Arc::new(AtomicI64::new(time(now).as_second()));
    let clock: Clock = Arc::new({
        let seconds = Arc::clone(&seconds);
        move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).expect("a time")
    });
    let health = Health::new(clock);
    health.set_schedules(&schedules(&[("hourly", "0 * * * *"), ("daily", "0 3 * * *")]), |_| None);
    (health, seconds)
}

fn schedules(tables: &[(&str, &str)]) -> Vec<Arc<Schedule>> {
    let table = |(name, cron): &(&str, &str)| format!("[[schedule]]\nname = \"{name}\"\ncron = \"{cron}\"\n");
    let settings: Settings = toml::from_str(&tables.iter().map(table).collect::<String>()).expect("reads");
    settings.resolve_daemon(Some("/nowhere".into())).expect("resolves").schedules
}

fn succeeded(scope: &str, high: u64) -> RunResult {
    let news = RunDiff {
        scope: scope.to_owned(),
        finished_at: time("2026-05-01T10:00:00Z"),
        is_first: true,
        new: vec![],
        worse: vec![],
        resolved: vec![],
        ongoing: high,
        unknown: 2,
        dark: BTreeMap::new(),
    };
    RunResult::Succeeded(Box::new(RunSummary {
        news,
        findings: BTreeMap::from([(
            ("123456789012".to_owned(), "eu-west-1".to_owned()),
            [(("gateway-role-missing", gatelight_model::Severity::High), high)].into(),
        )]),
        subjects: BTreeMap::from([(
            ("123456789012".to_owned(), "eu-west-1".to_owned()),
            [((SubjectKind::RestStage, State::Dark), high), ((SubjectKind::Function, State::Clear), 0)].into(),
        )]),
        gaps: [("denied", 1)].into(),
        skipped: 0,
        nothing_checked: None,
        requests: [("apigateway:GetStages".to_owned(), 7)].into(),
        throttles: [("apigateway:GetStages".to_owned(), 3)].into(),
        page: format!("the report of {scope}: <b>orders/prod</b>"),
        output_error: None,
    }))
}

fn ask(health: &Health, requests: &[&str]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bound = HealthListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("binds");
        let address = bound.address();
        let _server = bound.serve(health.clone());
        let mut answers = Vec::new();
        for request in requests {
            let mut stream = TcpStream::connect(address).await.expect("connects");
            // It may be closed before all of it is read.
            let _ = stream.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answers.push(String::from_utf8_lossy(&answer).into_owned());
        }
        answers
    })
}

fn get(path: &str, host: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

#[test]
fn it_is_ready_while_each_schedule_was_looked_at_within_two_periods() {
    let (health, clock) = health("2026-05-01T10:30:00Z");
    assert_eq!(health.late().len(), 2);
    let took = Duration::from_secs(41);
    health.record_run("hourly", time("2026-05-01T10:00:00Z"), took, &succeeded("hourly", 1));
    health.record_run("daily", time("2026-05-01T03:00:00Z"), took, &RunResult::Failed("no".to_owned()));
    assert_eq!(health.late(), ["daily: no run has succeeded yet"]);
    health.record_run("daily", time("2026-05-01T03:00:00Z"), took, &succeeded("daily", 1));
    assert_eq!(health.late(), [""; 0]);
    // A failed run alone does no harm, two periods without a good one do.
    health.record_run("hourly", time("2026-05-01T11:00:00Z"), took, &RunResult::Failed("no".to_owned()));
    clock.store(time("2026-05-01T11:59:59Z").as_second(), Ordering::SeqCst);
    assert_eq!(health.late(), [""; 0]);
    clock.store(time("2026-05-01T12:00:00Z").as_second(), Ordering::SeqCst);
    assert_eq!(health.late(), ["hourly: the last successful run started at 2026-05-01T10:00:00Z"]);
}

#[test]
fn the_report_is_for_this_machine_by_its_own_name_alone() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    health.record_run("hourly", time("2026-05-01T10:00:00Z"), Duration::from_secs(41), &succeeded("hourly", 1));
    let requests = [
        get("/", "localhost:9464"),
        get("/", "evil.example"),
        get("/", "127.0.0.1.evil.example:9464"),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n".to_owned(),
    ];
    let answers = ask(&health, &requests.each_ref().map(String::as_str));
    assert!(answers[0].starts_with("HTTP/1.1 200"), "{}", answers[0]);
    assert!(answers[0].contains("the report of hourly: <b>orders/prod</b>"), "{}", answers[0]);
    assert!(answers[0].contains("==== daily\n\nNo report since the daemon started"), "{}", answers[0]);
    assert!(answers[0].contains("content-type: text/plain") && answers[0].contains("nosniff"), "{}", answers[0]);
    for refused in &answers[1..] {
        assert!(refused.contains(" 403 ") && !refused.contains("orders"), "{refused}");
    }
}

#[test]
fn what_a_stranger_may_send_is_bounded() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    let long = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let body =
        format!("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n{}", "x".repeat(100));
    let twice = get("/healthz", "a").repeat(2);
    let answers =
        ask(&health, &[&long, &body, &twice, &get("/nothing", "localhost"), "nonsense\r\n\r\n", &get("/healthz", "x")]);
    assert!(!answers[0].contains(" 200 "), "{}", answers[0]);
    assert!(answers[1].contains(" 405 "), "{}", answers[1]);
    assert_eq!(answers[2].matches("HTTP/1.1").count(), 1, "one request a connection: {}", answers[2]);
    assert!(answers[3].contains(" 404 "), "{}", answers[3]);
    assert!(answers[4].contains(" 400 "), "{}", answers[4]);
    assert!(answers[5].contains(" 200 ") && answers[5].ends_with("ok\n"), "{}", answers[5]);
}

/// Opens this many connections, each of which sends `text` and then nothing.
async fn hold_open(address: SocketAddr, count: usize, text: &str) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(text.as_bytes()).await.expect("writes");
        held.push(stream);
    }
    held
}

#[test]
fn connections_that_are_held_open_delay_nobody() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bound = HealthListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("binds");
        let address = bound.address();
        let _server = bound.serve(health);
        let mut held = Vec::new();
        // Nothing, half a request, and a request whose answer nobody reads.
        for text in ["", "GET /healthz HTTP/1.1\r\n", &get("/metrics", "x")] {
            held.extend(hold_open(address, 200, text).await);
            for path in ["/healthz", "/readyz", "/healthz"] {
                let begun = std::time::Instant::now();
                let mut stream = TcpStream::connect(address).await.expect("connects");
                stream.write_all(get(path, "x").as_bytes()).await.expect("writes");
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.expect("reads");
                assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
                assert!(begun.elapsed() < Duration::from_secs(1), "{text:?}: {:?}", begun.elapsed());
            }
        }
    });
}

#[test]
fn a_connection_that_says_nothing_ends() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bound = HealthListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("binds");
        let address = bound.address();
        let _server = bound.serve(health);
        let begun = std::time::Instant::now();
        for mut stream in hold_open(address, 5, "GET /healthz HTTP/1.1\r\n").await {
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
        }
        let waited = begun.elapsed().as_secs();
        assert!((8..20).contains(&waited), "{waited}");
    });
}

#[test]
fn every_answer_ends_its_connection() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    let post = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    let requests = [
        get("/healthz", "x"),
        get("/readyz", "x"),
        get("/", "evil.example"),
        get("/nothing", "x"),
        post.to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(15_000)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(15_000)),
        "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n".to_owned(),
    ];
    let answers = ask(&health, &requests.each_ref().map(String::as_str));
    for (request, answer) in requests.iter().zip(&answers) {
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
        let request: String = request.chars().take(40).collect();
        assert!(head.starts_with("http/1.1 ") && head.contains("connection: close"), "{request}: {answer}");
    }
    let status = |answer: &String| answer[9..12].parse::<u16>().expect("a status");
    assert_eq!(answers[..6].iter().map(status).collect::<Vec<_>>(), [200, 503, 403, 404, 405, 400]);
}

#[test]
fn metrics_are_what_prometheus_reads() {
    let (health, _) = health("2026-05-01T10:30:00Z");
    health.record_run("hourly", time("2026-05-01T09:00:00Z"), Duration::from_secs(41), &succeeded("hourly", 4));
    health.record_run("hourly", time("2026-05-01T10:00:00Z"), Duration::from_millis(41_500), &succeeded("hourly", 2));
    health.record_run(
        "daily",
        time("2026-05-01T03:00:00Z"),
        Duration::from_secs(1),
        &RunResult::Failed("no".to_owned()),
    );
    health.record_delivery("on-call", DeliveryResult::Sent);
    health.record_delivery("on-call", DeliveryResult::Later);
    let text = health.metrics();
    for line in [
        "gatelight_findings{schedule=\"hourly\",account=\"123456789012\",region=\"eu-west-1\",check=\"gateway-role-missing\",severity=\"high\"} 2",
        "gatelight_findings{schedule=\"hourly\",account=\"123456789012\",region=\"eu-west-1\",check=\"access-log-off\",severity=\"high\"} 0",
        "gatelight_subjects{schedule=\"hourly\",account=\"123456789012\",region=\"eu-west-1\",kind=\"rest-stage\",state=\"dark\"} 2",
        "gatelight_subjects{schedule=\"hourly\",account=\"123456789012\",region=\"eu-west-1\",kind=\"function\",state=\"clear\"} 0",
        "gatelight_unknown{schedule=\"hourly\"} 2",
        "gatelight_gaps{schedule=\"hourly\",kind=\"denied\"} 1",
        "gatelight_runs_total{schedule=\"hourly\",result=\"looked\"} 2",
        "gatelight_runs_total{schedule=\"daily\",result=\"failed\"} 1",
        "gatelight_last_run_timestamp_seconds{schedule=\"hourly\"} 1777629600",
        "gatelight_last_success_timestamp_seconds{schedule=\"hourly\"} 1777629600",
        "gatelight_last_run_duration_seconds{schedule=\"hourly\"} 41.5",
        "gatelight_requests_total{operation=\"apigateway:GetStages\"} 14",
        "gatelight_throttled_total{operation=\"apigateway:GetStages\"} 6",
        "gatelight_slack_deliveries_total{webhook=\"on-call\",result=\"sent\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("last_success_timestamp_seconds{schedule=\"daily\"}"), "{text}");
    health.set_schedules(&schedules(&[("daily", "0 3 * * *")]), |_| None);
    for gone in ["findings", "subjects"] {
        let series = format!("gatelight_{gone}{{schedule=\"hourly\"");
        assert!(text.contains(&series) && !health.metrics().contains(&series), "it is no schedule any more: {gone}");
    }
}
