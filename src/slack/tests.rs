//! Messages as they leave: their words, their limits, and hostile names. What is composed here lies in `tests/slack`, where
//! slack_sdk reads it back (`tests/it/slack`); `BLESS=1` writes it anew.

use std::path::PathBuf;

use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use globset::{Glob, GlobSet};
use jiff::Timestamp;
use serde_json::Value;

use super::{LastRun, blocks, compose, digest, text::length, with_delivery_notes};
use crate::{
    config::route::{AddressSource, Webhook, WebhookRoute},
    finding::{Finding, FindingDetails, FindingEnd, Fingerprint, Impact, RunDiff, SubjectCounts},
    ledger::Message,
    text::{count, thousands},
};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    at("2026-11-22T09:00:41Z")
}

fn route() -> WebhookRoute {
    WebhookRoute {
        webhook: Webhook::new("on-call", AddressSource::Environment("GATELIGHT_SLACK".into())),
        severity: Severity::Low,
        accounts: None,
        checks: None,
        schedules: None,
        digest: None,
    }
}

fn subject(kind: SubjectKind, name: &str) -> Subject {
    Subject { kind, arn: format!("arn:aws:apigateway:eu-west-1::/{name}"), name: name.to_owned() }
}

fn stage(name: &str) -> Subject {
    subject(SubjectKind::RestStage, name)
}

fn finding(check: &str, severity: Severity, subject: Subject, message: &str) -> Finding {
    Finding {
        fingerprint: Fingerprint::of(check, "123456789012", &subject.arn),
        check: check.to_owned(),
        severity,
        confidence: Confidence::High,
        previous_severity: None,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        message: message.to_owned(),
        details: FindingDetails {
            cause: subject.clone(),
            affects: Vec::new(),
            fix: "Put it right.".to_owned(),
            fix_commands: vec![
                ["aws", "apigateway", "update-stage", "--stage-name", "prod"].map(str::to_owned).to_vec(),
            ],
        },
        subject,
        impact: Impact::default(),
        first_seen: now(),
        last_seen: now(),
        end: None,
    }
}

fn role_missing() -> Finding {
    let role = subject(SubjectKind::Role, "role/gone");
    let account = subject(SubjectKind::Account, "API Gateway in eu-west-1");
    let message = "The role role/gone does not exist. Silences 37 stages.";
    let mut finding = finding("gateway-role-missing", Severity::High, account, message);
    finding.details.cause = role;
    finding.impact = Impact { dark: 37, degraded: 0, requests: None };
    finding.details.affects = ["orders/prod", "users/prod"].map(stage).to_vec();
    finding.details.affects.extend((0..35).map(|number| stage(&format!("shop-{number}/prod"))));
    finding
}

fn not_json(name: &str) -> Finding {
    finding("access-log-not-json", Severity::High, stage(name), "The format is not one JSON object.")
}

fn over(mut finding: Finding, since: &str, end: FindingEnd) -> Finding {
    finding.first_seen = at(since);
    finding.end = Some(end);
    finding
}

fn diff() -> RunDiff {
    RunDiff {
        scope: "hourly".to_owned(),
        finished_at: now(),
        is_first: false,
        new: Vec::new(),
        worse: Vec::new(),
        resolved: Vec::new(),
        ongoing: 14,
        unknown: 13,
        went_dark: SubjectCounts::default(),
        no_longer_dark: SubjectCounts::default(),
    }
}

fn one(diff: &RunDiff) -> Value {
    let mut messages = compose(diff, &[route()], Some("10:00 CET"));
    assert_eq!(messages.len(), 1);
    let Message { webhook, body } = messages.remove(0);
    assert_eq!(webhook, "on-call");
    within_limits(&body);
    body
}

/// Every text of a message's blocks.
fn texts(body: &Value) -> Vec<String> {
    let of_block = |block: &Value| match block["type"].as_str() {
        Some("context") => {
            block["elements"].as_array().expect("elements").iter().map(|one| one["text"].clone()).collect()
        }
        _ => vec![block["text"]["text"].clone()],
    };
    let blocks = body["blocks"].as_array().expect("blocks").iter();
    blocks.flat_map(of_block).map(|text| text.as_str().expect("text").to_owned()).collect()
}

fn all(body: &Value) -> String {
    texts(body).join("\n")
}

fn within_limits(body: &Value) {
    let blocks = body["blocks"].as_array().expect("blocks");
    assert!(blocks.len() <= blocks::BLOCKS, "{} blocks", blocks.len());
    let header = length(body["blocks"][0]["text"]["text"].as_str().expect("a header"));
    assert!(header <= blocks::HEADER, "{header}");
    let lengths: Vec<_> = texts(body).iter().map(|text| length(text)).collect();
    assert!(lengths.iter().all(|length| (1..=blocks::TEXT).contains(length)), "{lengths:?}");
    assert!(lengths.iter().sum::<usize>() <= blocks::TOTAL, "{lengths:?}");
    let fallback = body["text"].as_str().expect("a text");
    assert!(!fallback.is_empty() && length(fallback) < 1_000, "{fallback}");
}

/// Compares with the file of that name, or writes it.
fn kept(name: &str, body: &Value) {
    within_limits(body);
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slack")).join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(body).expect("JSON") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("writes");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, text, "{} differs; BLESS=1 writes it", path.display());
}

#[test]
fn new_findings_are_grouped_worst_first() {
    let lambda = subject(SubjectKind::Function, "orders-handler");
    let lambda = finding("function-cannot-reach-xray", Severity::Medium, lambda, "subnet-0aa1 routes to nowhere.");
    let body = one(&RunDiff {
        new: vec![lambda, not_json("users/prod"), role_missing(), not_json("orders/prod")],
        resolved: vec![over(not_json("users/dev"), "2026-11-19T08:00:00Z", FindingEnd::Resolved)],
        ..diff()
    });
    kept("new", &body);
    let texts = texts(&body);
    assert_eq!(texts[0], "🔴 4 new, 1 resolved · 123456789012 · eu-west-1");
    assert!(
        texts[2].starts_with("*Access log is not JSON* — high, new\n2 stages: users/prod, orders/prod\n"),
        "{}",
        texts[2]
    );
    assert!(texts[1].contains("silences 37 stages: orders/prod, users/prod, shop-0/prod and 34 more"), "{}", texts[1]);
    assert!(texts[1].contains("fix: `aws apigateway update-stage --stage-name prod`"), "{}", texts[1]);
    assert!(
        texts[1].contains("123456789012 · eu-west-1 · gateway-role-missing · first seen 2026-11-22 09:00 UTC"),
        "{}",
        texts[1]
    );
    assert!(texts[3].contains("— medium, new\norders-handler: subnet-0aa1 routes to nowhere."), "{}", texts[3]);
    assert!(texts[4].starts_with("✅ resolved after 3 days: *Access log is not JSON* users/dev\n"), "{}", texts[4]);
    assert_eq!(texts[5], "schedule hourly · 14 findings are unchanged · 13 could not be checked · next look 10:00 CET");
    assert!(body["text"].as_str().expect("text").contains("4 new, 1 resolved"));
}

#[test]
fn a_worse_finding_shows_its_previous_severity() {
    let mut worse = not_json("users/dev");
    (worse.previous_severity, worse.first_seen) = (Some(Severity::Low), at("2026-11-02T10:00:00Z"));
    let gone = over(not_json("old/dev"), "2026-11-22T05:00:00Z", FindingEnd::Gone);
    let body = one(&RunDiff { worse: vec![worse], resolved: vec![gone], ..diff() });
    kept("worse", &body);
    assert!(
        all(&body).contains("high, was low") && all(&body).contains("first seen 2026-11-02 10:00 UTC"),
        "{}",
        all(&body)
    );
    assert!(all(&body).contains("✅ gone after 4 hours: "), "{}", all(&body));
}

#[test]
fn no_change_is_no_message() {
    assert_eq!(compose(&diff(), &[route()], None), []);
    assert_eq!(compose(&RunDiff { is_first: true, ..diff() }, &[route()], None), []);
}

#[test]
fn a_route_gets_what_it_asks_for() {
    let globs = |glob: &str| Some(GlobSet::new([Glob::new(glob).expect("a glob")]).expect("globs"));
    let low = finding("access-log-never-expires", Severity::Low, stage("a/b"), "It never expires.");
    let diff = RunDiff { new: vec![role_missing(), low], ..diff() };
    let told = |route: WebhookRoute| compose(&diff, &[route], None).first().map(|message| all(&message.body));
    let is_about = |text: Option<String>| {
        let text = text.unwrap_or_default();
        (text.contains("gateway-role-missing"), text.contains("access-log-never-expires"))
    };
    assert_eq!(is_about(told(route())), (true, true));
    assert_eq!(is_about(told(WebhookRoute { severity: Severity::Medium, ..route() })), (true, false));
    assert_eq!(is_about(told(WebhookRoute { checks: globs("access-*"), ..route() })), (false, true));
    assert_eq!(is_about(told(WebhookRoute { accounts: globs("1234*"), ..route() })), (true, true));
    assert_eq!(is_about(told(WebhookRoute { accounts: globs("99*"), ..route() })), (false, false));
    assert_eq!(is_about(told(WebhookRoute { schedules: globs("hour*"), ..route() })), (true, true));
    assert_eq!(is_about(told(WebhookRoute { schedules: globs("audit"), ..route() })), (false, false));
    let two =
        [route(), WebhookRoute { webhook: Webhook::new("other", AddressSource::Environment("X".into())), ..route() }];
    let names: Vec<_> = compose(&diff, &two, None).into_iter().map(|message| message.webhook).collect();
    assert_eq!(names, ["on-call", "other"]);
}

#[test]
fn what_does_not_fit_is_counted() {
    let many = |severity, count: u32| {
        (0..count).map(move |number| {
            let name = format!("api-{number}/prod");
            finding(
                "access-log-of-another-version",
                severity,
                stage(&name),
                &format!("{name} {}", "cannot tell times ".repeat(60)),
            )
        })
    };
    let new: Vec<_> = many(Severity::Low, 3_000).chain(many(Severity::High, 1_200)).collect();
    let resolved = many(Severity::Medium, 900)
        .map(|finding| over(finding, "2026-11-01T00:00:00Z", FindingEnd::Resolved))
        .collect();
    let body = one(&RunDiff { new, resolved, is_first: true, ..diff() });
    kept("maximal", &body);
    assert!(texts(&body)[0].starts_with("🔴 first look: 4,200 new, 900 resolved"), "{}", texts(&body)[0]);
    let shown = texts(&body).iter().filter(|text| text.contains("— high")).count();
    assert!(shown >= 5, "{shown}");
    let rest = format!(
        "and {} more ({} high, 3,000 low): `gatelight history --open` lists them",
        thousands(4_200 - shown as u64),
        thousands(1_200 - shown as u64)
    );
    assert!(texts(&body).contains(&rest), "{rest}\n{:#?}", texts(&body));
    let over = texts(&body).iter().filter(|text| text.starts_with('✅')).count() as u64;
    assert!(over >= 1 && all(&body).contains(&format!("and {} more that are resolved", 900 - over)), "{}", all(&body));
}

#[test]
fn many_small_groups_stay_below_fifty_blocks() {
    let small = |number: u32| {
        let mut finding = finding("x", Severity::Low, stage("a"), &format!("{number}"));
        (finding.details.fix_commands, finding.details.fix) = (vec![], "x".to_owned());
        finding
    };
    let resolved = |number| over(small(number), "2026-11-01T00:00:00Z", FindingEnd::Gone);
    let body =
        one(&RunDiff { new: (0..100).map(small).collect(), resolved: (0..100).map(resolved).collect(), ..diff() });
    within_limits(&with_delivery_notes(&body, true, Some(now())));
    assert!(body["blocks"].as_array().expect("blocks").len() >= 40);
}

const HOSTILE: &[&str] = &[
    "<!channel> <!here> <!everyone> <@U012AB3CD> <#C012AB3CD>",
    "<https://evil.example|click>",
    "https://evil.example/x",
    "*bold* _it_ ~gone~",
    "`` ``` `x` ```code",
    "a\n\n> quote\r\nb",
    "\u{202e}drowssap\u{2066}",
    ":tada: @channel #general",
    "&lt;!channel&gt; &amp;",
    "🔥🔥🔥 \u{200b}\u{feff}",
    "$(reboot) `reboot` ; reboot",
    "\u{0} \u{1b}[2J",
];

#[test]
fn hostile_names_mention_link_and_format_nothing() {
    let mut names: Vec<String> = HOSTILE.iter().map(|&name| name.to_owned()).collect();
    names.extend(["<", "&", "`", "*", "🔥", "é"].map(|c| c.repeat(256)));
    let hostile = |name: &String| {
        let message = format!("{name} is what {name}: the role arn:aws:iam::1:role/{name} lacks it.");
        let mut finding = finding(name, Severity::High, stage(name), &message);
        finding.account.clone_from(name);
        finding.region.clone_from(name);
        finding.details.fix.clone_from(name);
        finding.details.affects = vec![stage("x"), stage(name)];
        finding.details.fix_commands = vec![vec!["aws".to_owned(), name.clone()]];
        finding
    };
    for (place, name) in names.iter().enumerate() {
        let resolved = over(hostile(name), "2026-11-01T00:00:00Z", FindingEnd::Resolved);
        let scope = name.chars().take(64).collect();
        let body = one(&RunDiff { scope, new: vec![hostile(name)], resolved: vec![resolved], ..diff() });
        kept(&format!("hostile-{place:02}"), &body);
        for text in texts(&body).iter().chain([&body["text"].as_str().expect("text").to_owned()]) {
            harmless(text);
        }
        assert_eq!(body["blocks"][0]["text"]["emoji"], false);
        for block in body["blocks"].as_array().expect("blocks").iter().filter(|block| block["type"] == "section") {
            assert_eq!(block["text"]["verbatim"], true);
        }
    }
}

/// Outside code nothing formats but the one title in bold; nothing is a control sequence of Slack's anywhere.
fn harmless(text: &str) {
    assert!(!text.contains(['<', '>']), "{text}");
    assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\0', '\u{1b}', '\r']), "{text}");
    for line in text.lines() {
        let parts: Vec<_> = line.split('`').collect();
        assert!(parts.len() % 2 == 1, "a fence is open: {line}");
        // Empty code would be two backticks, which begin a fence with a third.
        assert!(parts.iter().skip(1).step_by(2).all(|code| !code.is_empty()), "{line}");
        let outside: String = parts.iter().step_by(2).copied().collect();
        assert!(!outside.contains(['_', '~', '@', '#']), "{line}");
        assert!(outside.matches('*').count() <= 2, "{line}");
        assert!(!outside.contains("://") && !outside.contains("evil.example"), "{line}");
    }
    for (place, _) in text.match_indices('&') {
        let rest = &text[place..];
        assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity)), "{text}");
    }
}

#[test]
fn a_digest_lists_open_findings_and_the_last_runs() {
    let looks = [
        LastRun { scope: "hourly".into(), finished_at: Some(at("2026-11-22T08:00:00Z")) },
        LastRun { scope: "nightly".into(), finished_at: None },
    ];
    // Two schedules found the same.
    let mut low = finding("access-log-never-expires", Severity::Low, stage("a/b"), "It never expires.");
    low.first_seen = at("2026-10-01T00:00:00Z");
    let open = [low.clone(), role_missing(), low];
    let message = digest(&open, &route(), &looks, now());
    kept("digest", &message.body);
    let texts = texts(&message.body);
    assert_eq!(texts[0], "🔴 open: 1 high, 1 low · 123456789012 · eu-west-1");
    assert!(texts[2].contains("first seen 2026-10-01 00:00 UTC"), "{}", texts[2]);
    assert_eq!(texts[3], "hourly: looked at 2026-11-22 08:00 UTC · nightly: no look has succeeded yet");
    let empty = digest(&[], &route(), &looks[..1], now());
    kept("digest-empty", &empty.body);
    assert!(all(&empty.body).starts_with("✅ nothing is open\n"), "{}", all(&empty.body));
}

#[test]
fn a_repeated_message_says_so() {
    let body = one(&RunDiff { new: vec![role_missing()], ..diff() });
    assert_eq!(with_delivery_notes(&body, false, None), body);
    let both = with_delivery_notes(&body, true, Some(at("2026-11-22T07:59:00Z")));
    kept("repeated", &both);
    assert!(texts(&both)[1].starts_with("(repeated) "), "{:?}", texts(&both));
    assert!(
        texts(&both)[1]
            .contains("an earlier message, of 2026-11-22 07:59 UTC, may not have arrived: `gatelight history`")
    );
    assert!(both["text"].as_str().expect("text").starts_with("(repeated) "));
    assert_eq!(texts(&both)[0], texts(&body)[0]);
    assert!(!with_delivery_notes(&body, false, Some(now())).to_string().contains("(repeated)"));
}

#[test]
fn a_command_that_would_not_arrive_whole_is_not_shown() {
    let mut long = not_json("a/b");
    long.details.fix_commands = vec![vec!["aws".to_owned(), "x".repeat(2_000)]];
    let text = all(&one(&RunDiff { new: vec![long], ..diff() }));
    assert!(
        text.contains("fix: Put it right.") && text.contains("cannot be shown here") && !text.contains("xxx"),
        "{text}"
    );
    // Steps that would not all arrive are not shown at all.
    let mut steps = not_json("a/b");
    steps.details.fix_commands = ["a", "b"].map(|name| vec!["aws".to_owned(), name.repeat(400)]).to_vec();
    let text = all(&one(&RunDiff { new: vec![steps.clone()], ..diff() }));
    assert!(text.contains("holds them") && !text.contains("aaa") && !text.contains("bbb"), "{text}");
    steps.details.fix_commands = ["a", "b"].map(|name| vec!["aws".to_owned(), name.to_owned()]).to_vec();
    let text = all(&one(&RunDiff { new: vec![steps], ..diff() }));
    assert!(text.contains("fix: `aws a`\n`aws b`\n"), "{text}");
    let several = [not_json("a/b"), not_json("c/d"), not_json("e/f")];
    let mut several = several.to_vec();
    several[1].details.fix_commands = vec![vec!["aws".to_owned(), "other".to_owned()]];
    let text = all(&one(&RunDiff { new: several, ..diff() }));
    assert!(text.contains("(and 2 like it)"), "{text}");
    assert_eq!(count(1, "stage"), "1 stage");
}
