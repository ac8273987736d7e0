//! Messages as they leave: their words, their limits, and hostile names. What is composed here lies in `tests/slack`, where
//! slack_sdk reads it back (`tests/it/slack`); `BLESS=1` writes it anew.

use std::{collections::BTreeMap, path::PathBuf};

use gatelight_checks::testing;
use gatelight_model::{Confidence, Fetched, Severity, Subject, SubjectKind};
use globset::{Glob, GlobSet};
use jiff::Timestamp;
use serde_json::Value;

use super::{LastRun, blocks, compose, digest, snapshot, snapshot_of_all, text::length, with_delivery_notes};
use crate::{
    config::route::{AddressSource, Webhook, WebhookRoute},
    finding::{DarkCounts, Finding, FindingDetails, FindingEnd, Fingerprint, Impact, RunDiff, SubjectCounts},
    ledger::{Ledger, Message},
    report::fixtures::{audited_after, thirty_seven_stages},
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
        console: None,
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

/// Of 40 stages and 12 functions in the place of the findings, so many stages went dark, and so many are not dark any more.
fn dark(went_dark: u64, no_longer_dark: u64) -> BTreeMap<(String, String), DarkCounts> {
    let stages = |stages| SubjectCounts { stages, functions: 0 };
    let counts = DarkCounts {
        all: SubjectCounts { stages: 40, functions: 12 },
        went_dark: stages(went_dark),
        no_longer_dark: stages(no_longer_dark),
    };
    BTreeMap::from([(("123456789012".to_owned(), "eu-west-1".to_owned()), counts)])
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
        dark: BTreeMap::new(),
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
        dark: dark(37, 1),
        ..diff()
    });
    kept("new", &body);
    let mut texts = texts(&body);
    assert_eq!(texts[0], "🔴 37 of 40 stages went dark · 123456789012 · eu-west-1");
    assert_eq!(texts[1], "1 of 40 stages is no longer dark · 4 new, 1 resolved");
    texts.remove(1);
    assert!(
        texts[2].starts_with("*Access log is not JSON* — high, new\n2 stages: orders/prod, users/prod\n"),
        "{}",
        texts[2]
    );
    assert!(
        texts[1].starts_with(
            "*CloudWatch role was deleted* — high, new\n37 stages dark: orders/prod, `shop-0…34/prod`, users/prod\nThe role "
        ),
        "{}",
        texts[1]
    );
    assert!(
        texts[1].contains("\nfix: Put it right.\n```aws apigateway update-stage --stage-name prod```\n"),
        "{}",
        texts[1]
    );
    assert!(
        texts[1].contains(
            "\nmore: `gatelight explain gateway-role-missing`\n\
             verify: `gatelight audit --region eu-west-1 --check gateway-role-missing`\n"
        ),
        "{}",
        texts[1]
    );
    assert!(
        texts[1].contains("123456789012 · eu-west-1 · gateway-role-missing · first seen 2026-11-22 09:00 UTC"),
        "{}",
        texts[1]
    );
    assert!(texts[3].contains("— medium, new\norders-handler: subnet-0aa1 routes to nowhere."), "{}", texts[3]);
    assert!(
        texts[4].starts_with("✅ *Access log is not JSON* — high, resolved after 3 days\nusers/dev\n"),
        "{}",
        texts[4]
    );
    assert_eq!(texts[5], "schedule hourly · 14 findings are unchanged · 13 could not be checked · next run 10:00 CET");
    assert!(body["text"].as_str().expect("text").contains("37 of 40 stages went dark"));
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
    assert!(all(&body).contains("— high, gone after 4 hours\nold/dev\n"), "{}", all(&body));
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
            let mut finding = finding(
                "access-log-of-another-version",
                severity,
                stage(&name),
                &format!("{name} {}", "cannot tell times ".repeat(60)),
            );
            finding.details.cause = subject(SubjectKind::LogGroup, &format!("group-{number}"));
            finding
        })
    };
    let new: Vec<_> = many(Severity::Low, 3_000).chain(many(Severity::High, 1_200)).collect();
    let resolved = many(Severity::Medium, 900)
        .map(|finding| over(finding, "2026-11-01T00:00:00Z", FindingEnd::Resolved))
        .collect();
    let body = one(&RunDiff { new, resolved, is_first: true, ..diff() });
    kept("maximal", &body);
    assert!(texts(&body)[0].starts_with("🔴 first run: 4,200 new, 900 resolved"), "{}", texts(&body)[0]);
    let shown = texts(&body).iter().filter(|text| text.contains("— high")).count();
    assert_eq!(shown, 5);
    let rest = format!(
        "and {0} more ({1} high, 3,000 low): `gatelight history --open` lists them\naccess-log-of-another-version ({0})",
        thousands(4_200 - shown as u64),
        thousands(1_200 - shown as u64)
    );
    assert!(texts(&body).contains(&rest), "{rest}\n{:#?}", texts(&body));
    let over = texts(&body).iter().filter(|text| text.starts_with('✅')).count() as u64;
    assert!(over >= 1 && all(&body).contains(&format!("and {} more that are resolved", 900 - over)), "{}", all(&body));
}

#[test]
fn of_many_small_groups_five_are_shown() {
    let small = |number: u32| {
        let mut finding = finding(&format!("x-{number}"), Severity::Low, stage("a"), &format!("{number}"));
        (finding.details.fix_commands, finding.details.fix) = (vec![], "x".to_owned());
        finding
    };
    let resolved = |number| over(small(number), "2026-11-01T00:00:00Z", FindingEnd::Gone);
    let body =
        one(&RunDiff { new: (0..100).map(small).collect(), resolved: (0..100).map(resolved).collect(), ..diff() });
    within_limits(&with_delivery_notes(&body, true, Some(now())));
    // A header, five of each, two that count the rest, and a footer.
    assert_eq!(body["blocks"].as_array().expect("blocks").len(), 14);
    let names = "(1), x-6 (1), x-7 (1), x-8 (1), x-9 (1), x-10 (1) and 89 more";
    assert!(all(&body).contains(names), "{}", all(&body));
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

/// Blocks of code are whole, and hold nothing that ends code; without them the text is harmless.
fn harmless(text: &str) {
    let parts: Vec<_> = text.split("```").collect();
    assert!(parts.len() % 2 == 1, "a block of code is open: {text}");
    for code in parts.iter().skip(1).step_by(2) {
        assert!(!code.trim().is_empty() && !code.contains(['`', '<', '>', '\n']), "{text}");
    }
    harmless_outside_blocks(&parts.iter().step_by(2).copied().collect::<String>());
    is_escaped(text);
}

/// Outside code nothing formats but the one title in bold; nothing is a control sequence of Slack's anywhere.
fn harmless_outside_blocks(text: &str) {
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
}

fn is_escaped(text: &str) {
    assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\0', '\u{1b}', '\r']), "{text}");
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
    assert_eq!(texts[3], "hourly: checked at 2026-11-22 08:00 UTC · nightly: no run has succeeded yet");
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
        text.contains("fix: Put it right.\n(`gatelight history --open` has the command)\n") && !text.contains("xxx"),
        "{text}"
    );
    // Steps that would not all arrive are not shown at all.
    let mut steps = not_json("a/b");
    steps.details.fix_commands = ["a", "b"].map(|name| vec!["aws".to_owned(), name.repeat(400)]).to_vec();
    let text = all(&one(&RunDiff { new: vec![steps.clone()], ..diff() }));
    assert!(text.contains("has the 2 commands)") && !text.contains("aaa") && !text.contains("bbb"), "{text}");
    // Neither are several short ones: a person would copy the first.
    steps.details.fix_commands = ["a", "b"].map(|name| vec!["aws".to_owned(), name.to_owned()]).to_vec();
    let text = all(&one(&RunDiff { new: vec![steps], ..diff() }));
    assert!(text.contains("has the 2 commands)") && !text.contains("aws a"), "{text}");
    for (length, is_shown) in [(194, true), (195, false)] {
        let mut edge = not_json("a/b");
        edge.details.fix_commands = vec![vec!["aws".to_owned(), "x".repeat(length)]];
        let text = all(&one(&RunDiff { new: vec![edge], ..diff() }));
        assert_eq!(text.contains("```aws xxx"), is_shown, "{length}: {text}");
    }
    let several = [not_json("a/b"), not_json("c/d"), not_json("e/f")];
    let mut several = several.to_vec();
    several[1].details.fix_commands = vec![vec!["aws".to_owned(), "other".to_owned()]];
    let text = all(&one(&RunDiff { new: several, ..diff() }));
    assert!(text.contains("fix (the first of 3): Put it right.\n```aws "), "{text}");
    assert_eq!(count(1, "stage"), "1 stage");
}

/// The messages about runs that find these, one after the other, an hour apart.
fn messages_about(inventories: &[&testing::Inventory]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&folder.path().join("ledger.db")).expect("opens").ledger;
    let mut bodies = Vec::new();
    for (hours, inventory) in (0..).zip(inventories) {
        let mut report = audited_after(std::slice::from_ref(inventory), hours);
        let record = |diff: &RunDiff| {
            bodies.extend(compose(diff, &[route()], None).into_iter().map(|message| message.body));
            Vec::new()
        };
        ledger.record(&mut report, "hourly", record).expect("records");
    }
    bodies
}

/// The role that all stages log with is deleted, and put right: what each message says first.
#[test]
fn what_went_dark_is_the_headline_and_what_is_no_longer_dark_too() {
    let broken = thirty_seven_stages();
    let mut whole = thirty_seven_stages();
    *whole.gateway_role_mut() = testing::healthy().gateway_role_mut().clone();
    let bodies = messages_about(&[&whole, &broken]);
    let heads: Vec<_> = bodies.iter().map(|body| texts(body)[0].clone()).collect();
    let place = "123456789012 · us-east-1";
    assert_eq!(heads[0], format!("🔴 first run: 1 of 37 stages is dark · {place}"));
    assert_eq!(heads[1], format!("🔴 36 of 37 stages went dark · {place}"));
    kept("went-dark", &bodies[1]);
    let section = &texts(&bodies[1])[2];
    assert!(
        section.starts_with("*CloudWatch role was deleted* — high, new\n36 stages dark: `svc-00…35/prod`\n"),
        "{section}"
    );

    let whole = testing::healthy();
    let mut broken = testing::healthy();
    *broken.gateway_role_mut() = Fetched::known(None);
    let bodies = messages_about(&[&whole, &broken, &whole]);
    let heads: Vec<_> = bodies.iter().map(|body| texts(body)[0].clone()).collect();
    assert_eq!(
        heads,
        [format!("🔴 6 of 12 stages went dark · {place}"), format!("✅ 6 of 12 stages are no longer dark · {place}"),]
    );
    kept("no-longer-dark", &bodies[1]);
    let ended = texts(&bodies[1])[2].clone();
    let lines: Vec<_> = ended.lines().collect();
    assert_eq!(lines[0], "✅ *CloudWatch role was deleted* — high, resolved after 1 hour");
    assert!(lines[1].starts_with("8 stages, 6 were dark, 2 degraded: "), "{ended}");
}

#[test]
fn a_route_that_is_not_told_why_is_not_told_what_went_dark() {
    let deaf = WebhookRoute {
        checks: Some(GlobSet::new([Glob::new("access-*").expect("a glob")]).expect("globs")),
        ..route()
    };
    let low = finding("access-log-never-expires", Severity::Low, stage("a/b"), "It never expires.");
    let news = RunDiff { new: vec![role_missing(), low], dark: dark(37, 0), ..diff() };
    assert!(texts(&one(&news))[0].contains("37 of 40 stages went dark"));
    let messages = compose(&news, &[deaf], None);
    assert_eq!(texts(&messages[0].body)[0], "🟡 1 new · 123456789012 · eu-west-1");
}

#[test]
fn the_role_that_silences_all_stands_before_a_sandbox_that_is_off() {
    let first = |body: &Value| {
        let all = all(body);
        let of = |check: &str| all.find(check).unwrap_or_else(|| panic!("{check}\n{all}"));
        assert!(of("· gateway-role-missing") < of("· access-log-off"), "{all}");
    };
    let mut report = audited_after(&[thirty_seven_stages()], 0);
    let found = snapshot_of_all(&report, Severity::Medium).expect("composes");
    kept("found", &found);
    first(&found);
    assert!(texts(&found)[0].starts_with("🔴 all 37 stages are dark · "), "{}", texts(&found)[0]);
    first(&snapshot(&report, &[route()]).expect("composes")[0].body);
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&folder.path().join("ledger.db")).expect("opens").ledger;
    let diff = ledger.record(&mut report, "hourly", |_| Vec::new()).expect("records");
    first(&one(&diff));
    let open = ledger.open_findings("hourly").expect("reads");
    first(&digest(&open, &route(), &[], now()).body);
}

#[test]
fn findings_of_one_check_share_a_section() {
    let stages = (0..12).map(|number| {
        let name = format!("svc-{number}/prod");
        let mut finding = finding("access-log-not-json", Severity::High, stage(&name), &format!("Column {number}."));
        finding.impact = Impact { dark: 0, degraded: 1, requests: None };
        finding
    });
    let body = one(&RunDiff { new: stages.collect(), ..diff() });
    let texts = texts(&body);
    assert!(
        texts[1].contains("new\n12 stages degraded: `svc-0…11/prod`\nsuch as svc-0/prod: Column 0.\n"),
        "{}",
        texts[1]
    );
    assert_eq!(texts.len(), 3, "{texts:#?}");
    // Another confidence is another section, and is said.
    let mut unsure = not_json("a/b");
    unsure.confidence = Confidence::Low;
    let body = one(&RunDiff { new: vec![unsure, not_json("c/d")], ..diff() });
    let said = all(&body);
    assert!(said.contains("high, low confidence, new") && said.contains("high, new"), "{said}");
}

#[test]
fn a_page_of_the_console_is_linked() {
    let page = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups";
    let mut seen = not_json("a/b");
    seen.console = Some(page.to_owned());
    assert!(
        all(&one(&RunDiff { new: vec![seen.clone()], ..diff() })).contains(&format!("\n<{page}|Open in CloudWatch>\n"))
    );
    seen.console = Some("https://evil.example/<!channel>".to_owned());
    assert!(!all(&one(&RunDiff { new: vec![seen], ..diff() })).contains("evil"));
}
