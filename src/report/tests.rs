use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use gatelight_checks::{
    CHECKS, Check, Policy, find_check,
    policy::Ignore,
    testing::{self, Inventory},
};
use gatelight_model::{Gap, Severity};
use serde_json::Value;

use super::text::PageLayout;
use super::{
    builder::Builder,
    fixtures::{self, FailingStage},
    *,
};
use crate::{collect::aws::Traffic, config::IgnoreSetting, hyperlink::Hyperlinks, output::TerminalPage};

const PLAIN: PageLayout = PageLayout { width: 80, verbose: false, links: Hyperlinks::OFF };

const HOSTILE: &str = "<script>&\"'\n\u{1b}[2J$(x) `id` 🚪";

/// Every world of the tests as one report, an account each, with a name that attacks every format.
fn report(fail_on: FailOn, ignores: &[IgnoreSetting]) -> Report {
    let checks: Vec<_> = CHECKS.iter().collect();
    let now = testing::healthy().account.collected_at;
    let policy = Policy {
        severities: BTreeMap::new(),
        ignores: ignores
            .iter()
            .map(|ignore| Ignore::new(&ignore.check, &ignore.subject, ignore.ended(now)).expect("a pattern"))
            .collect(),
        ..Policy::default()
    };
    let mut builder = Builder::new(&checks, policy, ignores, fail_on, now).expect("a temporary file");
    // Added backwards: the order of the report does not depend on the order of collection.
    for (number, scope) in testing::scenarios().iter().enumerate().rev() {
        let scope = as_account(scope, number);
        builder.add(&scope.account, &scope.region, Traffic::default()).expect("adds");
    }
    builder.finish(now, now).expect("finishes")
}

/// The world as an account of its own.
fn as_account(scope: &Inventory, number: usize) -> Inventory {
    let text = serde_json::to_string(scope).expect("serialises");
    let mut scope: Inventory =
        serde_json::from_str(&text.replace("123456789012", &format!("{number:012}"))).expect("reads");
    for api in scope.region.rest_apis.seen.iter_mut().filter(|api| api.name == "orders") {
        api.name = format!("{HOSTILE}{}", "x".repeat(256));
    }
    scope
}

fn page(render: impl FnOnce(&mut TerminalPage) -> io::Result<()>) -> String {
    let mut page = TerminalPage::new(true);
    render(&mut page).expect("renders");
    page.into_text()
}

fn rendered(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&mut out).expect("renders");
    String::from_utf8(out).expect("UTF-8")
}

/// (check, account, subject, verdict) of each outcome.
fn identities(outcomes: &[Value]) -> Vec<[String; 4]> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let identity = |outcome: &Value| {
        [&outcome["check"], &outcome["account"], &outcome["subject"]["arn"], &outcome["verdict"]].map(text)
    };
    outcomes.iter().map(identity).collect()
}

#[test]
fn json_is_sorted_unique_and_adds_up() {
    let report = report(FailOn::Medium, &[]);
    let json: Value = serde_json::from_str(&rendered(|out| json::render(&report, out))).expect("one document");
    let outcomes = json["outcomes"].as_array().expect("a list");
    let keys: Vec<_> = outcomes
        .iter()
        .map(|o| {
            ["account", "region", "arn", "check"]
                .map(|k| if k == "arn" { &o["subject"][k] } else { &o[k] }.as_str().expect("text").to_owned())
        })
        .collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "(check, account, subject) is unique");
    let count = |verdict: &str| outcomes.iter().filter(|outcome| outcome["verdict"] == verdict).count() as u64;
    for (name, verdict) in
        [("pass", "pass"), ("fail", "fail"), ("unknown", "unknown"), ("not_applicable", "not-applicable")]
    {
        assert_eq!(json["summary"][name], count(verdict), "{name}");
        assert!(count(verdict) > 0, "{name}");
    }
    let by_severity = json["summary"]["fail_by_severity"].as_object().expect("an object");
    assert_eq!(by_severity.values().filter_map(Value::as_u64).sum::<u64>(), count("fail"));
    assert_eq!((json["status"].as_str(), json["complete"].as_bool()), (Some("findings"), Some(false)));
    for outcome in outcomes.iter().filter(|outcome| outcome["verdict"] == "fail") {
        assert!(
            outcome["cause"].is_object() && outcome["fix"].as_str().is_some_and(|fix| !fix.is_empty()),
            "{outcome}"
        );
    }
    for outcome in outcomes.iter().filter(|outcome| outcome["verdict"] == "unknown") {
        assert!(outcome["message"].as_str().is_some_and(|message| !message.is_empty()), "{outcome}");
    }
}

#[test]
fn json_lines_hold_the_same_outcomes() {
    let report = report(FailOn::Medium, &[]);
    let json: Value = serde_json::from_str(&rendered(|out| json::render(&report, out))).expect("one document");
    let lines = rendered(|out| json::render_lines(&report, out));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // Only what was added later says what it is.
    let (subjects, outcomes): (Vec<Value>, Vec<Value>) = lines.into_iter().partition(|line| line["type"] == "subject");
    assert!(outcomes.iter().all(|outcome| outcome.get("type").is_none()));
    assert_eq!(&Value::from(outcomes), &json["outcomes"]);
    let untyped = subjects.into_iter().map(|mut subject| {
        subject.as_object_mut().and_then(|subject| subject.remove("type")).expect("a type");
        subject
    });
    assert_eq!(&untyped.collect::<Value>(), &json["subjects"]);
}

#[test]
fn subjects_are_sorted_counted_and_caused_by_outcomes_of_the_report() {
    let report = report(FailOn::Medium, &[]);
    let json: Value = serde_json::from_str(&rendered(|out| json::render(&report, out))).expect("one document");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let subjects = json["subjects"].as_array().expect("a list");
    let key = |subject: &Value| [&subject["account"], &subject["region"], &subject["subject"]["arn"]].map(text);
    assert!(subjects.is_sorted_by_key(key) && subjects.len() > 1_000, "{}", subjects.len());
    let counts = json["shards"].as_array().expect("a list").iter().map(|region| &region["counts"]);
    for (kind, of) in [("stages", "stages"), ("functions", "functions")] {
        let states = json["visibility"][kind].as_object().expect("counts");
        assert_eq!(states.keys().collect::<Vec<_>>(), ["clear", "dark", "degraded", "unknown"]);
        let all: u64 = counts.clone().filter_map(|counts| counts[of].as_u64()).sum();
        assert_eq!(states.values().filter_map(Value::as_u64).sum::<u64>(), all, "{kind}");
        for (state, count) in states {
            let is_function = |subject: &&Value| subject["subject"]["kind"] == "function";
            let of_kind = subjects.iter().filter(|subject| is_function(subject) == (kind == "functions"));
            let found = of_kind.filter(|subject| subject["state"] == **state).count() as u64;
            assert!(*count == found && found > 0, "{kind} {state}: {count} and {found}");
        }
    }
    let outcomes = json["outcomes"].as_array().expect("a list");
    let by_print: BTreeMap<_, _> =
        outcomes.iter().map(|outcome| (text(&outcome["fingerprint"]), &outcome["verdict"])).collect();
    for cause in subjects.iter().flat_map(|subject| subject["causes"].as_array().expect("a list")) {
        let verdict = by_print.get(&text(cause)).expect("an outcome of this report");
        assert!(*verdict == "fail" || *verdict == "unknown", "{cause}: {verdict}");
    }
    let dark = subjects.iter().find(|subject| subject["state"] == "dark").expect("one");
    assert_eq!(dark["dark_since"], Value::Null, "no ledger is kept");
    assert!(dark["signals"].as_object().is_some_and(|signals| !signals.is_empty()));
}

/// One role behind many stages comes before one stage that is off, whatever their names are.
#[test]
fn what_leaves_the_most_stages_dark_comes_first() {
    let mut inventory = testing::healthy();
    *inventory.gateway_role_mut() = gatelight_model::Fetched::known(None);
    inventory.http_stage_mut().access_log = None;
    let checks: Vec<_> = CHECKS.iter().collect();
    let now = inventory.account.collected_at;
    let mut builder = Builder::new(&checks, Policy::default(), &[], FailOn::Medium, now).expect("a temporary file");
    builder.add(&inventory.account, &inventory.region, Traffic::default()).expect("adds");
    let report = builder.finish(now, now).expect("finishes");
    let page = page(|out| text::render(&report, PLAIN, out));
    let place = |check: &str| page.find(check).unwrap_or_else(|| panic!("{check} is not there:\n{page}"));
    assert!(place("gateway-role-missing") < place("access-log-off"), "{page}");
    let slack = crate::slack::snapshot_of_all(&report, Severity::Low).expect("composes").to_string();
    let place = |check: &str| slack.find(check).expect("is there");
    assert!(place("gateway-role-missing") < place("access-log-off"), "{slack}");
    let impacts = report.impacts().expect("reads");
    let mut found = Vec::new();
    report
        .outcomes(|region, outcome| {
            found.extend(outcome.into_finding(region, now, &impacts));
            Ok(())
        })
        .expect("reads");
    crate::rank::sort(&mut found);
    let first: Vec<_> = found.iter().map(|finding| (finding.check.as_str(), finding.impact.dark)).take(2).collect();
    let [("gateway-role-missing", many), ("access-log-off", 1)] = first[..] else { panic!("{first:?}") };
    assert!(many > 2, "{many}");
    assert!(found[0].impact.requests.is_some_and(|requests| requests > 0));
}

#[test]
fn the_page_keeps_its_width_and_hostile_names_stay_text() {
    let report = report(FailOn::Low, &[]);
    let all = PageLayout { verbose: true, ..PLAIN };
    let page = page(|out| text::render(&report, all, out));
    let page = anstream::adapter::strip_str(&page).to_string();
    assert!(!page.contains('\u{1b}') && !page.contains("[2J$(x) `id` 🚪\n"), "no name steers the terminal");
    for line in page.lines() {
        let words = line.trim_start().split(' ').filter(|word| !word.is_empty()).count();
        let width = unicode_width::UnicodeWidthStr::width(line);
        // A name, an ARN, an argument or a command is not broken; nothing else is longer than the page.
        let is_whole = words <= 2 || line.contains(['\'', '`']) || line.contains("verify   gatelight audit");
        assert!(width <= 80 || is_whole, "{width}: {line}");
    }
    for check in CHECKS {
        assert!(page.contains(check.id), "{}", check.id);
    }
    let last: Vec<_> = page.lines().rev().take(3).collect();
    let last = last.join(" ");
    assert!(last.contains("findings") && last.contains("could not be checked"), "{last}");
    assert!(page.contains("Could not check"));
}

#[test]
fn low_findings_are_shown_only_where_they_are_asked_for() {
    let mut scope = testing::healthy();
    scope.change_log_group("/gateway/shop", |group| group.retention_days = None);
    let checks: Vec<_> = CHECKS.iter().collect();
    let shown = |fail_on, verbose| {
        let now = scope.account.collected_at;
        let mut builder = Builder::new(&checks, Policy::default(), &[], fail_on, now).expect("a temporary file");
        builder.add(&scope.account, &scope.region, Traffic::default()).expect("judges");
        let report = builder.finish(now, now).expect("finishes");
        let page = page(|out| text::render(&report, PageLayout { verbose, ..PLAIN }, out));
        let shown = page.contains("Access log never expires");
        assert_ne!(shown, page.contains("of low severity: --verbose"), "{page}");
        shown
    };
    assert!(!shown(FailOn::Medium, false));
    assert!(!shown(FailOn::Never, false));
    assert!(shown(FailOn::Medium, true));
    assert!(shown(FailOn::Low, false));
}

#[test]
fn status_follows_the_threshold() {
    let of = |fail_on, fails: &[(Severity, u64)], unknown| {
        let mut report = report(fail_on, &[]);
        report.summary.by_severity = fails.iter().copied().collect();
        (report.summary.unknown, report.summary.excused) = (unknown, 0);
        (report.status(), report.status().exit_code())
    };
    assert_eq!(of(FailOn::Medium, &[(Severity::Medium, 1)], 5), (Status::Findings, 1));
    assert_eq!(of(FailOn::High, &[(Severity::Medium, 1)], 5), (Status::Incomplete, 3));
    assert_eq!(of(FailOn::High, &[(Severity::Medium, 1)], 0), (Status::Clean, 0));
    assert_eq!(of(FailOn::Low, &[(Severity::Low, 1)], 0), (Status::Findings, 1));
    assert_eq!(of(FailOn::Never, &[(Severity::High, 1)], 0), (Status::Clean, 0));
    assert_eq!(of(FailOn::Never, &[(Severity::High, 1)], 1), (Status::Incomplete, 3));
}

/// What AWS tells to few accounts is not held against the others; what else is unknown counts beside it.
#[test]
fn an_unknown_optional_check_does_not_change_the_status() {
    let gap = Gap::unprovable("x", "hidden");
    let of = |checks: &[&'static Check]| {
        let mut scope = testing::healthy();
        scope.account.organization = Err(gap.clone()).into();
        let now = scope.account.collected_at;
        let mut builder = Builder::new(checks, Policy::default(), &[], FailOn::Low, now).expect("a temporary file");
        builder.add(&scope.account, &scope.region, Traffic::default()).expect("judges");
        let report = builder.finish(now, now).expect("finishes");
        (report.status(), report.complete(), report.summary.unknown)
    };
    let organization = find_check("gateway-role-denied-by-organization").expect("the check");
    let off = find_check("access-log-off").expect("the check");
    assert!(organization.is_optional() && !off.is_optional());
    assert_eq!(of(&[organization, off]), (Status::Clean, false, 1));
}

#[test]
fn an_ignored_outcome_stays_marked_and_does_not_count() {
    let ignore = |check: &str, subject: &str, until: Option<&str>| IgnoreSetting {
        check: check.to_owned(),
        subject: subject.to_owned(),
        reason: "known".to_owned(),
        until: until.map(|day| day.parse().expect("a date")),
    };
    let ignores =
        [ignore("*", "*", None), ignore("access-log-off", "nothing/*", None), ignore("*", "*", Some("2020-01-01"))];
    let report = report(FailOn::Low, &ignores);
    assert_eq!((report.status(), report.complete()), (Status::Clean, false));
    assert_eq!((report.summary.fail, report.summary.unknown), (0, 0));
    assert!(report.summary.pass > 0, "a pass is not ignored");
    assert_eq!(
        report.ignores.iter().map(|i| (i.matched > 0, i.ended)).collect::<Vec<_>>(),
        [(true, false), (false, false), (false, true)]
    );
    let lines = rendered(|out| json::render_lines(&report, out));
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let (subjects, outcomes): (Vec<_>, Vec<_>) = lines.partition(|line| line.get("type").is_some());
    // Nothing that is ignored darkens anything.
    assert!(subjects.iter().all(|subject| subject["state"] == "clear" && subject["causes"] == Value::Array(vec![])));
    for outcome in &outcomes {
        let counts = outcome["verdict"] == "fail" || outcome["verdict"] == "unknown";
        assert_eq!(outcome["ignored"]["reason"].as_str(), counts.then_some("known"));
    }
    assert_eq!(outcomes.iter().filter(|outcome| !outcome["ignored"].is_null()).count() as u64, report.summary.ignored);
    let page = page(|out| text::render(&report, PLAIN, out));
    assert!(page.contains("nothing/*: matches nothing") && page.contains("ended with 2020-01-01"), "{page}");
    assert!(!identities(&outcomes).is_empty());
}

/// Reports that a ledger has compared, one after the other.
fn compared(runs: &[(&[FailingStage], &[u64], i64)]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = crate::ledger::Ledger::open(&folder.path().join("ledger.db")).expect("opens").ledger;
    let first: Timestamp = "2026-11-01T09:00:00Z".parse().expect("a time");
    let mut last = None;
    for (failing, passing, hours) in runs {
        let mut report = fixtures::report(failing, passing, first + jiff::SignedDuration::from_hours(*hours));
        ledger.record(&mut report, crate::finding::AUDIT_SCOPE, |_| Vec::new()).expect("records");
        last = Some(report);
    }
    last.expect("a run")
}

fn stage(number: u64) -> FailingStage {
    FailingStage { number, severity: Severity::High, detail: 0 }
}

#[test]
fn changes_are_in_the_json_report() {
    let without = fixtures::report(&[stage(0)], &[], testing::healthy().account.collected_at);
    let json: Value = serde_json::from_str(&rendered(|out| json::render(&without, out))).expect("one document");
    assert_eq!(
        (&json["changes"], &json["gone"], &json["outcomes"][0]["change"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );

    let report = compared(&[(&[stage(0), stage(4), stage(8)], &[], 0), (&[stage(0), stage(12)], &[4], 72)]);
    let json: Value = serde_json::from_str(&rendered(|out| json::render(&report, out))).expect("one document");
    let of = |name: &str| {
        let outcomes = json["outcomes"].as_array().expect("a list");
        outcomes.iter().find(|outcome| outcome["subject"]["name"] == name).expect("an outcome")
    };
    for (name, change, first_seen) in [
        ("service-00000/prod", "ongoing", "2026-11-01T09:00:00Z"),
        ("service-00012/prod", "new", "2026-11-04T09:00:00Z"),
        ("service-00004/prod", "resolved", "2026-11-01T09:00:00Z"),
    ] {
        assert_eq!((of(name)["change"].as_str(), of(name)["first_seen"].as_str()), (Some(change), Some(first_seen)));
    }
    assert_eq!(json["gone"].as_array().expect("a list").len(), 1);
    assert_eq!(json["gone"][0]["subject"]["name"], "service-00008/prod");
    assert_eq!(json["gone"][0]["last_seen"], "2026-11-01T09:00:00Z");
    assert_eq!(
        json["changes"],
        serde_json::json!({
            "since": "2026-11-01T09:00:00Z", "new": 1, "worse": 0, "resolved": 1, "gone": 1, "ongoing": 1
        })
    );
    let lines = rendered(|out| json::render_lines(&report, out));
    assert_eq!(lines.matches("\"change\":\"new\"").count(), 1);
}

#[test]
fn changes_are_on_the_page() {
    let page = |report: &Report| {
        let page = page(|out| text::render(report, PLAIN, out));
        anstream::adapter::strip_str(&page).to_string()
    };
    let first = page(&compared(&[(&[stage(0), stage(4)], &[], 0)]));
    assert!(first.contains("First run with this ledger"), "{first}");
    assert!(!first.contains("NEW"), "where everything is new, nothing is: {first}");

    let same = page(&compared(&[(&[stage(0)], &[], 0), (&[stage(0)], &[], 1)]));
    assert!(
        same.contains("access-log-off  for 1 hour") && same.contains("Nothing changed since 2026-11-01 09:00 UTC."),
        "{same}"
    );

    let all: Vec<_> = (0..20).step_by(4).map(stage).collect();
    let changed = page(&compared(&[(&all[..4], &[], 0), (&all[2..], &[0], 72)]));
    for words in [
        "access-log-off  1 NEW, others for 3 days",
        "new      service-00016/prod\n",
        "Resolved\n  access-log-off: service-00000/prod\n",
        "Gone (their subjects were deleted)\n  access-log-off: service-00004/prod\n",
        "1 new, 1 resolved, 1 gone since 2026-11-01 09:00 UTC.\n",
        "3 findings: 3 high.",
    ] {
        assert!(changed.contains(words), "{words}\n{changed}");
    }
    let at = |words: &str| changed.find(words).expect(words);
    assert!(
        at("1 new, 1 resolved") < at("Do first") && at("Resolved") < at("1  HIGH   Access log is off"),
        "{changed}"
    );
    let only = page(&compared(&[(&all[..1], &[], 0), (&all[1..2], &[0], 1)]));
    assert!(only.contains("access-log-off  NEW\n"), "{only}");
    let before = page(&fixtures::report(&all, &[], testing::healthy().account.collected_at));
    assert!(!before.contains("NEW") && !before.contains("since 2026"), "{before}");
}
