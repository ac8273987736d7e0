//! What a run changes, rule by rule, by real audits of the scenarios of the checks' tests.

use gatelight_checks::{
    CHECKS, Policy, find_check,
    policy::Ignore,
    testing::{Inventory, denied, healthy},
};
use gatelight_model::{Fetched, Gap, Listing, Severity, inventory::Region};

use super::*;
use crate::{
    collect::aws::Traffic,
    config::{FailOn, IgnoreSetting},
    finding::{Change, FindingEnd},
    ledger::Reader,
    report::{Report, RunTimes, builder::Builder},
};

/// An audit run, as a test describes it.
struct TestRun {
    scenarios: Vec<Inventory>,
    checks: Vec<&'static str>,
    ignores: Vec<IgnoreSetting>,
    severity: Option<Severity>,
    replayed: bool,
}

/// What one run changed, by the subjects' names.
#[derive(Debug, Default, PartialEq)]
struct Changed {
    new: Vec<String>,
    worse: Vec<String>,
    resolved: Vec<String>,
    gone: Vec<String>,
    ongoing: u64,
}

const STAGE: &str = "orders/prod";

/// A healthy account in which `orders/prod` has no access log.
fn spoilt() -> Inventory {
    let mut scope = healthy();
    scope.stage_mut(STAGE).access_log = None;
    scope
}

fn with(change: impl FnOnce(&mut Inventory)) -> Inventory {
    let mut scope = spoilt();
    change(&mut scope);
    scope
}

fn run(scenarios: impl IntoIterator<Item = Inventory>) -> TestRun {
    let scenarios = scenarios.into_iter().collect();
    let checks = vec!["access-log-off", "function-tracing-off", "access-log-not-json"];
    TestRun { scenarios, checks, ignores: Vec::new(), severity: None, replayed: false }
}

impl TestRun {
    fn report(&self, hours: i64) -> Report {
        let checks: Vec<_> = self.checks.iter().map(|id| find_check(id).expect("a check")).collect();
        let ignores = self
            .ignores
            .iter()
            .map(|ignore| Ignore::new(&ignore.check, &ignore.subject, ignore.ended(at(hours))).expect("a pattern"));
        let severities = self.severity.map(|severity| ("access-log-off".to_owned(), severity));
        let policy =
            Policy { severities: severities.into_iter().collect(), ignores: ignores.collect(), ..Policy::default() };
        let mut builder =
            Builder::new(&checks, policy, &self.ignores, FailOn::Low, at(hours)).expect("a temporary file");
        for scope in &self.scenarios {
            builder.add(&scope.account, &scope.region, Traffic::default()).expect("adds");
        }
        let mut report = builder.finish(at(hours), at(hours)).expect("finishes");
        report.replayed = self.replayed.then(|| report.run_times());
        report
    }

    /// Records it as a run of a scope, and returns what it changed. The report's changes must be the same.
    fn recorded(&self, ledger: &Ledger, scope: &str, hours: i64) -> Changed {
        let mut report = self.report(hours);
        let diff = ledger.record(&mut report, scope, no_messages).expect("records");
        let names = |list: &[crate::finding::Finding], end: Option<FindingEnd>| -> Vec<String> {
            list.iter().filter(|finding| finding.end == end).map(|finding| finding.subject.name.clone()).collect()
        };
        let changed = Changed {
            new: names(&diff.new, None),
            worse: names(&diff.worse, None),
            resolved: names(&diff.resolved, Some(FindingEnd::Resolved)),
            gone: names(&diff.resolved, Some(FindingEnd::Gone)),
            ongoing: diff.ongoing,
        };
        let reported = report.changes.as_ref().expect("it was compared");
        let of = |change| reported.tracked.values().filter(|seen| seen.change == change).count();
        assert_eq!((of(Change::New), of(Change::Resolved)), (changed.new.len(), changed.resolved.len()));
        assert_eq!(reported.gone.len(), changed.gone.len());
        let open = ledger.open_findings(scope).expect("reads");
        assert_eq!(
            open.len() as u64,
            changed.new.len() as u64 + changed.worse.len() as u64 + changed.ongoing,
            "{open:?}"
        );
        changed
    }
}

fn new() -> Changed {
    Changed { new: vec![STAGE.to_owned()], ..Changed::default() }
}

fn ongoing() -> Changed {
    Changed { ongoing: 1, ..Changed::default() }
}

fn resolved() -> Changed {
    Changed { resolved: vec![STAGE.to_owned()], ..Changed::default() }
}

fn gone() -> Changed {
    Changed { gone: vec![STAGE.to_owned()], ..Changed::default() }
}

/// What a second look of the same scope, an hour after one that found the stage, changes.
fn then(second: &TestRun) -> Changed {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    assert_eq!(run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 0), new());
    second.recorded(&ledger, AUDIT_SCOPE, 1)
}

#[test]
fn a_failure_is_new_then_ongoing() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let mut report = run([spoilt()]).report(0);
    let diff = ledger.record(&mut report, AUDIT_SCOPE, no_messages).expect("records");
    assert!(diff.is_first && diff.new.len() == 1 && report.changes.expect("compared").since.is_none());
    for hours in 1..4 {
        assert_eq!(run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, hours), ongoing());
    }
    let open = ledger.open_findings(AUDIT_SCOPE).expect("reads").remove(0);
    assert_eq!((open.first_seen, open.last_seen, open.end), (at(0), at(3), None));
    assert_eq!(open.check, "access-log-off");
    assert_eq!(open.fingerprint, diff.new[0].fingerprint);
    assert_eq!((open.message, open.details.cause, open.details.fix), {
        let first = diff.new[0].clone();
        (first.message, first.details.cause, first.details.fix)
    });
}

#[test]
fn a_pass_resolves() {
    assert_eq!(then(&run([healthy()])), resolved());
}

#[test]
fn what_does_not_apply_any_more_is_resolved() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let mut odd = healthy();
    odd.access_log_mut(STAGE).format = Some("no JSON".to_owned());
    assert_eq!(run([odd]).recorded(&ledger, AUDIT_SCOPE, 0), new());
    // Without an access log there is no format to judge; that there is none is the new finding.
    let changed = run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 1);
    assert_eq!(changed, Changed { new: vec![STAGE.to_owned()], ..resolved() });
}

#[test]
fn what_could_not_be_checked_stays_open_and_is_not_seen() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let hidden = with(|scope| scope.access_log_mut("orders/staging").format = Some("no JSON".to_owned()));
    run([hidden]).recorded(&ledger, AUDIT_SCOPE, 0);
    // Everything of the account is unknown: a listing of stages that was denied.
    let unread = |region: &mut Region| {
        region.rest_apis = Listing::unread(denied("apigateway:GET"));
        region.functions = Listing::unread(denied("lambda:ListFunctions"));
    };
    for hours in [1, 2] {
        let changed = run([with(|scope| unread(&mut scope.region))]).recorded(&ledger, AUDIT_SCOPE, hours);
        assert_eq!(changed, Changed { ongoing: 2, ..Changed::default() });
    }
    let open = ledger.open_findings(AUDIT_SCOPE).expect("reads");
    assert!(open.iter().all(|finding| finding.last_seen == at(0)), "nobody saw them since: {open:#?}");
    run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 3);
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].last_seen, at(3));
}

#[test]
fn an_unknown_outcome_about_the_subject_itself_leaves_it_untouched() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let of = |scope: Inventory| TestRun { checks: vec!["gateway-role-missing"], ..run([scope]) };
    let gateway = "arn:aws:apigateway:us-east-1::/account";
    let role = |change: fn(&mut Fetched<Option<gatelight_model::inventory::Role>>)| {
        let mut scope = healthy();
        let arn = scope.gateway_role_arn();
        change(&mut scope.account.roles.iter_mut().find(|role| role.arn == arn).expect("the role").role);
        scope
    };
    let changed = of(role(|role| *role = Fetched::known(None))).recorded(&ledger, AUDIT_SCOPE, 0);
    assert_eq!(changed.new.len(), 1);
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].subject.arn, gateway);
    let denied = of(role(|role| *role = Fetched::from(Err(denied("iam:GetRole")))));
    assert!(denied.report(1).summary.unknown == 1, "the test hides the fact that decides");
    assert_eq!(denied.recorded(&ledger, AUDIT_SCOPE, 1), ongoing());
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].last_seen, at(0));
    assert_eq!(of(healthy()).recorded(&ledger, AUDIT_SCOPE, 2).resolved.len(), 1);
}

#[test]
fn a_deleted_subject_is_gone() {
    let without = with(|scope| scope.api_mut("orders").stages.seen.retain(|stage| stage.name != "prod"));
    assert_eq!(then(&run([without])), gone());
    let api_deleted = with(|scope| scope.region.rest_apis.seen.retain(|api| api.name != "orders"));
    assert_eq!(then(&run([api_deleted])), gone());
}

#[test]
fn a_skipped_check_changes_nothing() {
    let skipped = TestRun { checks: vec!["function-tracing-off"], ..run([healthy()]) };
    assert_eq!(then(&skipped), ongoing());
    let deleted = with(|scope| scope.region.rest_apis.seen.clear());
    assert_eq!(then(&TestRun { checks: vec!["function-tracing-off"], ..run([deleted]) }), ongoing());
}

#[test]
fn another_region_or_none_changes_nothing() {
    assert_eq!(then(&run([])), ongoing());
    let text = serde_json::to_string(&healthy()).expect("serialises");
    let elsewhere: Inventory = serde_json::from_str(&text.replace("us-east-1", "eu-west-1")).expect("reads");
    assert_eq!(then(&run([elsewhere])), ongoing());
    let account: Inventory = serde_json::from_str(&text.replace("123456789012", "210987654321")).expect("reads");
    assert_eq!(then(&run([account])), ongoing());
}

#[test]
fn a_denied_listing_of_stages_ends_none_of_them() {
    let unlisted = with(|scope| scope.api_mut("orders").stages = Listing::unread(denied("apigateway:GET")));
    assert_eq!(then(&run([unlisted])), ongoing());
    // Another API's denied listing does not protect it.
    let other = with(|scope| {
        scope.api_mut("users").stages = Listing::unread(denied("apigateway:GET"));
        scope.api_mut("orders").stages.seen.retain(|stage| stage.name != "prod");
    });
    assert_eq!(then(&run([other])), gone());
}

#[test]
fn findings_of_an_unknown_account_are_not_recorded() {
    let unnamed = || with(|scope| scope.account.id = Fetched::from(Err(Gap::not_collected("the account"))));
    assert_eq!(then(&run([unnamed()])), ongoing());
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let both = || run([unnamed(), unnamed()]);
    assert_eq!(
        both().report(0).regions.iter().map(|region| region.account.as_str()).collect::<Vec<_>>(),
        ["unknown", "unknown-2"]
    );
    assert!(both().report(0).summary.fail > 0);
    for hours in 0..2 {
        assert_eq!(both().recorded(&ledger, AUDIT_SCOPE, hours), Changed::default());
    }
}

#[test]
fn each_scope_has_its_own_findings() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    assert_eq!(run([spoilt()]).recorded(&ledger, "hourly", 0), new());
    assert_eq!(run([spoilt()]).recorded(&ledger, "nightly", 1), new());
    assert_eq!(run([healthy()]).recorded(&ledger, "nightly", 2), resolved());
    assert_eq!(ledger.open_findings("hourly").expect("reads").len(), 1);
    assert_eq!(run([spoilt()]).recorded(&ledger, "hourly", 3), ongoing());
}

#[test]
fn a_finding_that_returns_is_new_and_its_first_episode_stays() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    for (hours, scope, changed) in [
        (0, spoilt(), new()),
        (1, spoilt(), ongoing()),
        (2, healthy(), resolved()),
        (3, healthy(), Changed::default()),
        (4, spoilt(), new()),
    ] {
        assert_eq!(run([scope]).recorded(&ledger, AUDIT_SCOPE, hours), changed, "{hours}");
    }
    let reader = crate::ledger::Reader::open(&dir.path).expect("opens");
    let mut episodes = Vec::new();
    let filter = crate::ledger::EpisodeFilter::default();
    reader
        .episodes(&filter, |episode| {
            let finding = episode.finding;
            episodes.push((finding.first_seen, finding.last_seen, episode.ended_at, finding.end));
            Ok(())
        })
        .expect("reads");
    assert_eq!(episodes, [(at(4), at(4), None, None), (at(0), at(1), Some(at(2)), Some(FindingEnd::Resolved))]);
}

#[test]
fn a_severity_that_rises_is_worse_and_one_that_falls_is_ongoing() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let of = |severity| TestRun { severity: Some(severity), ..run([spoilt()]) };
    assert_eq!(of(Severity::Medium).recorded(&ledger, AUDIT_SCOPE, 0), new());
    let mut report = of(Severity::High).report(1);
    let diff = ledger.record(&mut report, AUDIT_SCOPE, no_messages).expect("records");
    assert_eq!((diff.worse.len(), diff.ongoing), (1, 0));
    assert_eq!((diff.worse[0].previous_severity, diff.worse[0].severity), (Some(Severity::Medium), Severity::High));
    assert_eq!((diff.worse[0].first_seen, diff.worse[0].last_seen), (at(0), at(1)));
    let changes = report.changes.as_ref().expect("compared");
    assert_eq!(changes.worse, 1);
    assert!(changes.tracked.values().all(|seen| seen.change == Change::Ongoing && seen.first_seen == at(0)));
    assert_eq!(of(Severity::High).recorded(&ledger, AUDIT_SCOPE, 2), ongoing());
    assert_eq!(of(Severity::Low).recorded(&ledger, AUDIT_SCOPE, 3), ongoing());
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].severity, Severity::Low);
    assert_eq!(of(Severity::Medium).recorded(&ledger, AUDIT_SCOPE, 4).worse, [STAGE]);
}

fn ignored(scope: Inventory) -> TestRun {
    let ignore = IgnoreSetting {
        check: "*".to_owned(),
        subject: "orders/*".to_owned(),
        reason: "known".to_owned(),
        until: None,
    };
    TestRun { ignores: vec![ignore], ..run([scope]) }
}

#[test]
fn an_ignored_finding_is_recorded_and_never_new() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    assert_eq!(ignored(spoilt()).recorded(&ledger, AUDIT_SCOPE, 0), Changed::default());
    assert_eq!(ignored(spoilt()).recorded(&ledger, AUDIT_SCOPE, 1), Changed::default());
    // The ignore ends: to the reader it is new, and the ledger knows since when it has been there.
    let mut report = run([spoilt()]).report(2);
    let diff = ledger.record(&mut report, AUDIT_SCOPE, no_messages).expect("records");
    assert_eq!((diff.new.len(), diff.new[0].first_seen, diff.new[0].last_seen), (1, at(0), at(2)));
    assert_eq!(run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 3), ongoing());
    // It is ignored again: not resolved, and when it really is, nobody hears of it.
    assert_eq!(ignored(spoilt()).recorded(&ledger, AUDIT_SCOPE, 4), Changed::default());
    assert_eq!(ignored(healthy()).recorded(&ledger, AUDIT_SCOPE, 5), Changed::default());
    let reader = crate::ledger::Reader::open(&dir.path).expect("opens");
    let mut ends = Vec::new();
    reader
        .episodes(&crate::ledger::EpisodeFilter::default(), |episode| {
            ends.push((episode.ignored, episode.finding.end, episode.ended_at));
            Ok(())
        })
        .expect("reads");
    assert_eq!(ends, [(true, Some(FindingEnd::Resolved), Some(at(5)))]);
}

#[test]
fn a_failed_run_changes_nothing() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 0);
    ledger.record_failure(AUDIT_SCOPE, at(1), at(1), "no credentials").expect("records");
    let last = ledger.last_run(AUDIT_SCOPE).expect("reads").expect("a run");
    assert_eq!(last.end, super::super::RunEnd::Failed("no credentials".to_owned()));
    assert_eq!(ledger.last_success(AUDIT_SCOPE).expect("reads").expect("a run").finished_at, at(0));
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].last_seen, at(0));
    assert_eq!(run([spoilt()]).recorded(&ledger, AUDIT_SCOPE, 2), ongoing());
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads")[0].last_seen, at(2));
    assert_eq!(ledger.last_run("hourly").expect("reads"), None);
}

#[test]
fn a_saved_inventory_does_not_turn_back_time() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let saved = |scope| TestRun { replayed: true, ..run([scope]) };
    assert_eq!(saved(spoilt()).recorded(&ledger, AUDIT_SCOPE, 5), new());
    assert_eq!(saved(spoilt()).recorded(&ledger, AUDIT_SCOPE, 5), ongoing());
    let mut older = saved(healthy()).report(4);
    let problem = ledger.record(&mut older, AUDIT_SCOPE, no_messages).expect_err("older");
    let text = format!("{problem:#}");
    assert!(text.contains("older inventories cannot be recorded") && text.contains("2026-11-01T13:00:00Z"), "{text}");
    assert!(older.changes.is_none());
    assert_eq!(ledger.open_findings(AUDIT_SCOPE).expect("reads").len(), 1);
    // The other scope has no such run; and a look at AWS is recorded whatever the clock says.
    assert_eq!(saved(healthy()).recorded(&ledger, "hourly", 4), Changed::default());
    assert_eq!(run([healthy()]).recorded(&ledger, AUDIT_SCOPE, 3), resolved());
}

/// The schedule of a saved inventory is due after its last run, not after the inventory.
#[test]
fn a_run_of_a_saved_inventory_keeps_its_own_time() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let record = |scope: Inventory, facts: i64, own: i64| {
        let mut report = run([scope]).report(facts);
        report.replayed = Some(RunTimes { started_at: at(own), finished_at: at(own + 1) });
        ledger.record(&mut report, "nightly", |_| vec![message("on-call", "x")])
    };
    record(spoilt(), 5, 500).expect("records");
    let last = |ledger: &Ledger| ledger.last_run("nightly").expect("reads").expect("a run");
    assert_eq!((last(&ledger).started_at, last(&ledger).finished_at), (at(500), at(501)));
    assert_eq!(last(&ledger).observed_at, at(5));
    assert_eq!(ledger.last_success("nightly").expect("reads"), Some(last(&ledger)));
    // What was found is as old as the inventory, and a message as old as the run.
    let finding = ledger.open_findings("nightly").expect("reads").remove(0);
    assert_eq!((finding.first_seen, finding.last_seen), (at(5), at(5)));
    assert_eq!(ledger.due(at(501)).expect("reads")[0].created_at, at(501));
    // Times of inventories are compared with each other.
    record(spoilt(), 6, 502).expect("a newer one");
    assert_eq!(ledger.open_findings("nightly").expect("reads")[0].last_seen, at(6));
    record(spoilt(), 4, 503).expect_err("an older one");
    // Runs are kept for as long as it says since they were made.
    ledger.prune(at(504), SignedDuration::from_hours(10)).expect("prunes");
    assert_eq!(last(&ledger).started_at, at(502));
}

#[test]
fn messages_are_kept_only_together_with_the_run() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let mut report = run([spoilt()]).report(0);
    ledger
        .record(&mut report, AUDIT_SCOPE, |diff| vec![message("on-call", &diff.new[0].subject.name)])
        .expect("records");
    assert_eq!(ledger.due(at(0)).expect("reads")[0].body["text"], STAGE);
    let mut older = TestRun { replayed: true, ..run([healthy()]) }.report(-1);
    ledger.record(&mut older, AUDIT_SCOPE, |_| vec![message("on-call", "never")]).expect_err("older");
    assert_eq!(ledger.due(at(0)).expect("reads").len(), 1);
}

#[test]
fn a_finding_is_read_back_as_it_was_recorded() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let scope = healthy_but_spoilt_everywhere();
    let checks = CHECKS.iter().map(|check| check.id).collect();
    let all = TestRun { checks, ..run([scope]) };
    let mut report = all.report(0);
    let mut diff = ledger.record(&mut report, AUDIT_SCOPE, no_messages).expect("records");
    assert!(diff.new.len() > 5 && diff.new.is_sorted_by_key(|finding| std::cmp::Reverse(finding.severity)));
    assert!(diff.new.iter().any(|finding| !finding.details.affects.is_empty() && finding.has_other_cause()));
    assert!(diff.new.iter().any(|finding| !finding.details.fix_commands.is_empty()));
    let role = diff.new.iter().find(|finding| finding.check == "gateway-role-missing").expect("a finding");
    assert!(role.impact.dark > 1 && role.impact.requests.is_some(), "{role:?}");
    let mut open = ledger.open_findings(AUDIT_SCOPE).expect("reads");
    let names = |list: &[crate::finding::Finding]| list.iter().map(|finding| finding.check.clone()).collect::<Vec<_>>();
    assert_eq!(names(&open[..1]), names(&diff.new[..1]), "the worst is the worst everywhere");
    for list in [&mut diff.new, &mut open] {
        list.sort_by_key(|finding| finding.fingerprint);
        // How many requests stages served is news of one run.
        for finding in list {
            finding.impact.requests = None;
        }
    }
    assert_eq!(open, diff.new, "what is read back is what was found");
}

fn healthy_but_spoilt_everywhere() -> Inventory {
    with(|scope| {
        let arn = scope.gateway_role_arn();
        scope.account.roles.iter_mut().filter(|role| role.arn == arn).for_each(|role| role.role = Fetched::known(None));
        scope.access_log_mut("users/live").format = Some("no JSON".to_owned());
        for api in &mut scope.region.rest_apis.seen {
            for stage in &mut api.stages.seen {
                stage.tracing = Some(false);
            }
        }
    })
}

/// What is audited, by which checks; how many stages went dark and are no more; since when orders/prod is, in the report and
/// in the history.
type Step = (Inventory, Vec<&'static str>, (u64, u64), Option<i64>, Option<i64>);

/// Stages are dark since a run first saw it, through runs that could not tell; what is clear again or gone begins anew.
#[test]
fn a_ledger_knows_since_when_stages_are_dark() {
    let dir = LedgerFolder::new();
    let ledger = dir.open();
    let everything = || CHECKS.iter().map(|check| check.id).collect::<Vec<_>>();
    let role = |role: Fetched<Option<_>>| {
        let mut scope = healthy();
        *scope.gateway_role_mut() = role;
        scope
    };
    let (missing, denied_role) = (|| role(Fetched::known(None)), || role(Err(denied("iam:GetRole")).into()));
    let without_orders = || {
        let mut scope = missing();
        scope.region.rest_apis.seen.retain(|api| api.name != "orders");
        scope
    };
    let unlisted = || {
        let mut scope = without_orders();
        scope.region.rest_apis.rest = Err(denied("apigateway:GetRestApis")).into();
        scope
    };
    let steps: [Step; 9] = [
        (missing(), everything(), (6, 0), Some(0), Some(0)),
        (missing(), everything(), (0, 0), Some(0), Some(0)),
        (denied_role(), everything(), (0, 0), None, Some(0)),
        (missing(), vec!["access-log-off"], (0, 0), None, Some(0)),
        (unlisted(), everything(), (0, 0), None, Some(0)),
        (missing(), everything(), (0, 0), Some(0), Some(0)),
        (healthy(), everything(), (0, 6), None, None),
        (missing(), everything(), (6, 0), Some(7), Some(7)),
        (without_orders(), everything(), (0, 0), None, None),
    ];
    for (hours, (scope, checks, changed, reported, kept)) in (0..).zip(steps) {
        let mut report = TestRun { checks, ..run([scope]) }.report(hours);
        let diff = ledger.record(&mut report, AUDIT_SCOPE, no_messages).expect("records");
        let dark = diff.dark_everywhere();
        assert_eq!((dark.went_dark.stages, dark.no_longer_dark.stages), changed, "run {hours}");
        assert_eq!((dark.went_dark.functions, dark.no_longer_dark.functions), (0, 0), "run {hours}");
        let mut since = None;
        report
            .subjects(|region, subject| {
                if subject.subject.name == STAGE {
                    since = report.dark_since(region, &subject);
                }
                Ok(())
            })
            .expect("reads");
        assert_eq!(since, reported.map(at), "run {hours}");
        let dark = Reader::open(&dir.path).expect("opens").dark_subjects().expect("reads");
        let stage = dark.iter().find(|dark| dark.subject.name == STAGE);
        assert_eq!(stage.map(|dark| dark.since), kept.map(at), "run {hours}");
    }
}
