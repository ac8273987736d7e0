//! What holds for visibility, whatever the checks and scenarios are.

use std::collections::{BTreeMap, BTreeSet};

use gatelight_model::{Gap, SubjectKind};

use super::checks;
use crate::{
    CHECKS, Check, Judgement, Outcome, Policy, audit_visibility,
    policy::Ignore,
    testing::{Inventory, break_off, denied, healthy, named_scenarios},
    verdict::Failure,
    visibility::{Loss, Signal, SignalValue, Signals, State, SubjectVisibility},
};

/// By subject ARN and signal.
pub(super) type Values = BTreeMap<(String, Signal), SignalValue>;

/// Less is known: what one check says about a signal stays as it is, is not known, or is less than nothing at all.
pub(super) fn assert_shows_less(check: &Check, more: &Values, less: &Values, hidden: &str) {
    // Its unknowns never count.
    if check.is_optional() {
        return;
    }
    for (key, now) in less {
        let was = more.get(key).copied().unwrap_or_default();
        let is_less = *now == SignalValue::Unknown || (was, *now) == (SignalValue::Dark, SignalValue::Partly);
        assert!(was == *now || is_less, "hiding {hidden}: {}: {key:?} is {now:?} and was {was:?}", check.id);
    }
}

fn audited(
    inventory: &Inventory,
    checks: &[&'static Check],
    policy: &Policy,
) -> (Vec<Outcome>, Vec<SubjectVisibility>) {
    let (mut outcomes, mut subjects) = (Vec::new(), Vec::new());
    let (sink, visible) = (&mut |outcome| outcomes.push(outcome), &mut |subject| subjects.push(subject));
    audit_visibility(inventory.scope(), checks, policy, sink, visible);
    (outcomes, subjects)
}

fn visible(inventory: &Inventory) -> Vec<SubjectVisibility> {
    audited(inventory, &checks(), Policy::NONE).1
}

fn of<'s>(subjects: &'s [SubjectVisibility], name: &str) -> &'s SubjectVisibility {
    subjects.iter().find(|subject| subject.subject.name == name).expect("that subject")
}

fn value(subject: &SubjectVisibility, signal: Signal) -> Option<SignalValue> {
    subject.signals.iter().find(|(of, _)| *of == signal).map(|(_, value)| *value)
}

/// What a failure of each check takes away, as the contract has it. Checks that are not here take nothing away.
const TABLE: &[(&str, &str)] = &[
    ("access-log-off", "access-log dark"),
    ("access-log-destination-missing", "access-log dark"),
    ("access-log-silent", "access-log dark"),
    ("gateway-role-unset", "of the role: dark"),
    ("gateway-role-missing", "of the role: dark"),
    ("gateway-role-untrusted", "of the role: dark"),
    ("gateway-role-cannot-write", "of the role: dark"),
    ("gateway-role-denied-by-organization", "of the role: dark"),
    ("log-delivery-denied", "of deliveries to the group: dark"),
    ("log-group-key-unusable", "of the group: dark"),
    ("access-log-not-json", "failure-reason partly"),
    ("access-log-breaks-json", "failure-reason partly"),
    ("access-log-lacks-request-id", "failure-reason partly"),
    ("access-log-lacks-integration-fields", "failure-reason dark"),
    ("execution-log-off", "execution-log dark"),
    ("stage-tracing-off", "trace dark"),
    ("trace-sampling-off", "trace dark"),
    ("trace-destination-denied", "of what traces: dark"),
    ("function-role-cannot-log", "function-log dark"),
    ("function-tracing-off", "function-trace dark"),
    ("function-role-cannot-trace", "function-trace dark"),
    // Where nothing in the function is seen to export.
    ("function-cannot-reach-xray", "function-trace partly"),
    ("log-emission-failing", "of the group: partly"),
];

/// The checks whose failures take no log and no trace away.
const TOUCH_NONE: [&str; 6] = [
    "access-log-lacks-latency",
    "access-log-never-expires",
    "access-log-unknown-variable",
    "execution-log-records-payloads",
    "gateway-overhead-high",
    "log-group-never-expires",
];

#[test]
fn a_failure_of_each_check_takes_away_what_the_contract_says() {
    let value = |loss: Loss| loss.by(&Failure::default()).name();
    let said = CHECKS.iter().filter_map(|check| {
        let said = match check.signals {
            Signals::None => return None,
            Signals::Own(own) => own.iter().map(|(signal, loss)| [signal.name(), value(*loss)].join(" ")).collect(),
            Signals::OfRole(loss) => format!("of the role: {}", value(loss)),
            Signals::OfTracing(loss) => format!("of what traces: {}", value(loss)),
            Signals::OfGroup(loss) => format!("of the group: {}", value(loss)),
            Signals::OfDelivery(loss) => format!("of deliveries to the group: {}", value(loss)),
        };
        Some((check.id, said))
    });
    let said: BTreeMap<&str, String> = said.collect();
    let expected: BTreeMap<&str, String> = TABLE.iter().map(|(id, said)| (*id, (*said).to_owned())).collect();
    assert_eq!(said, expected);
    let none: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).filter(|id| !said.contains_key(id)).collect();
    assert_eq!(none, BTreeSet::from(TOUCH_NONE));
}

/// In every scenario: each stage and function is there once with one state, in order, and each failure is the cause that
/// the contract makes it.
#[test]
fn every_subject_has_a_state_and_every_failure_that_counts_is_a_cause() {
    let mut states = BTreeSet::new();
    for (name, inventory) in named_scenarios() {
        let (mut outcomes, mut subjects) = (Vec::new(), Vec::new());
        let (sink, visible) = (&mut |outcome| outcomes.push(outcome), &mut |subject| subjects.push(subject));
        let coverage = audit_visibility(inventory.scope(), &checks(), Policy::NONE, sink, visible);
        assert_eq!(subjects.len() as u64, coverage.stages + coverage.functions, "“{name}”");
        assert!(subjects.is_sorted_by(|a: &SubjectVisibility, b| a.subject.arn < b.subject.arn), "“{name}”");
        let counts = State::ALL.map(|state| subjects.iter().filter(|subject| subject.state == state).count());
        assert_eq!(counts.iter().sum::<usize>(), subjects.len(), "“{name}”");
        for subject in &subjects {
            states.insert((subject.subject.kind == SubjectKind::Function, subject.state));
            assert_eq!(subject.causes.is_empty(), subject.state == State::Clear, "“{name}”: {subject:?}");
        }
        for outcome in &outcomes {
            let Ok(Judgement::Fail(failure)) = &outcome.verdict else { continue };
            let counts = !TOUCH_NONE.contains(&outcome.check.id);
            let is_cause = |subject: &&SubjectVisibility| {
                let mut causes = subject.causes.iter();
                causes.any(|cause| cause.check == outcome.check.id && *cause.subject == *outcome.subject.arn)
            };
            let caused = subjects.iter().filter(is_cause).count();
            assert!(counts || caused == 0, "“{name}”: {}", outcome.check.id);
            if !matches!(outcome.check.signals, Signals::Own(_)) {
                // All that it silences; a group's writers are not always named.
                for affected in failure.affects.iter().filter(|_| counts && outcome.check.id != "log-emission-failing")
                {
                    let subject = subjects.iter().find(|subject| subject.subject == *affected);
                    assert!(
                        subject.is_some_and(|subject| is_cause(&subject)),
                        "“{name}”: {} {affected:?}",
                        outcome.check.id
                    );
                }
            } else if counts {
                let masked = |subject: &SubjectVisibility| {
                    subject.subject == outcome.subject && value(subject, Signal::AccessLog) == Some(SignalValue::Dark)
                };
                assert!(caused == 1 || subjects.iter().any(masked), "“{name}”: {outcome:?}");
            }
        }
    }
    assert_eq!(states.len(), 8, "each state is reached by stages and by functions: {states:?}");
}

#[test]
fn the_healthy_account_is_clear_and_says_how_much_is_at_stake() {
    let subjects = visible(&healthy());
    for subject in &subjects {
        assert_eq!(subject.state, State::Clear, "{subject:?}");
        for (signal, value) in &subject.signals {
            let expected =
                if signal.is_of(subject.subject.kind) { SignalValue::Seen } else { SignalValue::NotApplicable };
            assert_eq!(*value, expected, "{} {}", subject.subject.name, signal.name());
        }
    }
    assert!(subjects.iter().any(|subject| subject.requests.is_some_and(|requests| requests > 0)));
    assert!(subjects.iter().all(|subject| subject.requests.is_none() || subject.subject.kind != SubjectKind::Function));
}

/// A role that is gone makes those stages dark whose logs it writes, and says nothing about those of HTTP APIs.
#[test]
fn a_missing_role_takes_the_logs_that_it_writes() {
    use SignalValue::{Dark, NotApplicable};
    let mut inventory = healthy();
    *inventory.gateway_role_mut() = gatelight_model::Fetched::known(None);
    let subjects = visible(&inventory);
    let orders = of(&subjects, "orders/prod");
    assert_eq!(orders.state, State::Dark);
    let values = [Signal::AccessLog, Signal::FailureReason, Signal::ExecutionLog].map(|signal| value(orders, signal));
    assert_eq!(values, [Some(Dark), Some(NotApplicable), Some(Dark)]);
    let [cause] = orders.causes.as_slice() else { panic!("{:?}", orders.causes) };
    assert_eq!((cause.check, cause.state), ("gateway-role-missing", State::Dark));
    let http = subjects.iter().filter(|subject| subject.subject.kind == SubjectKind::HttpStage);
    assert!(http.clone().count() > 0 && http.clone().all(|subject| subject.state == State::Clear));
    // Not known whether it is there: not known whether the logs are.
    *inventory.gateway_role_mut() = Err(denied("iam:GetRole")).into();
    let subjects = visible(&inventory);
    assert_eq!(of(&subjects, "orders/prod").state, State::Unknown);
    assert_eq!(value(of(&subjects, "orders/prod"), Signal::FailureReason), Some(SignalValue::Seen));
    assert!(subjects.iter().any(|subject| subject.state == State::Clear));
}

#[test]
fn a_role_that_cannot_write_one_group_takes_that_one() {
    let mut inventory = healthy();
    inventory.change_gateway_role(|role| {
        let deny = |group: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"logs:PutLogEvents","Resource":"arn:aws:logs:*:*:log-group:{group}:*"}}]}}"#
            )
        };
        let policy = gatelight_model::inventory::InlinePolicy {
            name: "deny".to_owned(),
            document: gatelight_model::Fetched::known(deny("/gateway/orders")),
        };
        role.inline_policies.seen.push(policy);
    });
    let subjects = visible(&inventory);
    let orders = of(&subjects, "orders/prod");
    assert_eq!(value(orders, Signal::AccessLog), Some(SignalValue::Dark), "{orders:?}");
    assert_eq!(value(orders, Signal::ExecutionLog), Some(SignalValue::Seen), "{orders:?}");
    assert_eq!((orders.state, orders.causes[0].state), (State::Degraded, State::Degraded));
    assert!(subjects.iter().filter(|subject| subject.state != State::Clear).count() < 3, "{subjects:?}");
}

#[test]
fn what_is_left_out_is_not_shown_and_metrics_that_are_off_do_not_count() {
    let without = |left_out: &[&str], policy: &Policy| {
        let checks: Vec<_> = CHECKS.iter().filter(|check| !left_out.contains(&check.id)).collect();
        audited(&healthy(), &checks, policy).1
    };
    let shown = |subjects: &[SubjectVisibility], name: &str| -> Vec<_> {
        of(subjects, name).signals.iter().map(|(signal, _)| signal.name()).collect()
    };
    let all = ["access-log", "failure-reason", "execution-log", "trace"];
    assert_eq!(shown(&without(&[], Policy::NONE), "orders/prod"), all);
    assert_eq!(shown(&without(&["access-log-silent"], Policy::NONE), "orders/prod"), all[1..]);
    let off = Policy { without_metrics: true, ..Policy::default() };
    assert_eq!(shown(&without(&["access-log-silent", "gateway-overhead-high"], &off), "orders/prod"), all);
    assert_eq!(shown(&without(&["access-log-off"], &off), "orders/prod"), all[1..]);
    // A check that takes nothing away may be left out.
    assert_eq!(shown(&without(&TOUCH_NONE, Policy::NONE), "orders/prod"), all);
    // A role writes nothing of an HTTP API.
    let skipped = without(&["gateway-role-missing"], Policy::NONE);
    assert_eq!(shown(&skipped, "orders/prod"), ["failure-reason", "trace"]);
    let http = skipped.iter().find(|subject| subject.subject.kind == SubjectKind::HttpStage).expect("one");
    assert_eq!(shown(&skipped, &http.subject.name), all);
    // Where no signal is shown there is nothing to say.
    let one: Vec<_> = CHECKS.iter().filter(|check| check.id == "access-log-off").collect();
    assert_eq!(audited(&healthy(), &one, Policy::NONE).1.len(), 0);
    let functions: Vec<_> = CHECKS.iter().filter(|check| check.id.starts_with("function-")).collect();
    let functions = audited(&healthy(), &functions, Policy::NONE).1;
    assert!(functions.iter().all(|subject| subject.subject.kind == SubjectKind::Function) && !functions.is_empty());
}

#[test]
fn what_the_owner_ignores_does_not_apply_and_darkens_nothing() {
    let mut inventory = healthy();
    inventory.stage_mut("orders/prod").access_log = None;
    let ignoring = |check: &str, subject: &str| {
        let ignores = vec![Ignore::new(check, subject, false).expect("globs")];
        audited(&inventory, &checks(), &Policy { ignores, ..Policy::default() }).1
    };
    let orders = |subjects: Vec<SubjectVisibility>| of(&subjects, "orders/prod").clone();
    let counted = orders(ignoring("access-log-off", "users/*"));
    assert_eq!((counted.state, value(&counted, Signal::AccessLog)), (State::Degraded, Some(SignalValue::Dark)));
    let ignored = orders(ignoring("access-log-off", "orders/*"));
    assert_eq!(ignored.state, State::Clear, "{ignored:?}");
    assert_eq!(value(&ignored, Signal::AccessLog).map(SignalValue::name), Some("not-applicable"));
    assert_eq!(ignored.causes, []);
    // What is not ignored still counts.
    inventory.stage_mut("orders/prod").method_logging.clear();
    let everywhere = vec![Ignore::new("access-log-off", "*", false).expect("globs")];
    let subjects = audited(&inventory, &checks(), &Policy { ignores: everywhere, ..Policy::default() }).1;
    assert_eq!(of(&subjects, "orders/prod").state, State::Dark);
}

/// Deliveries and log groups that were not listed could be those of any stage that has some.
#[test]
fn a_list_that_was_denied_makes_those_unknown_whose_logs_may_stand_in_it() {
    let mut inventory = healthy();
    break_off(&mut inventory.region.log_deliveries, "logs:DescribeDeliveries");
    let subjects = visible(&inventory);
    for subject in &subjects {
        let of_rest = subject.subject.kind == SubjectKind::RestStage;
        if value(subject, Signal::ExecutionLog) == Some(SignalValue::Unknown) {
            assert!(of_rest, "{subject:?}");
            assert!(subject.causes.iter().any(|cause| cause.subject.ends_with("::/account")), "{subject:?}");
        } else {
            assert!(!of_rest || subject.state == State::Clear, "{subject:?}");
        }
    }
    assert_eq!(value(of(&subjects, "orders/prod"), Signal::ExecutionLog), Some(SignalValue::Unknown));
    let mut inventory = healthy();
    inventory.deny_log_groups();
    for subject in visible(&inventory).iter().filter(|subject| subject.subject.kind == SubjectKind::Function) {
        assert_eq!(value(subject, Signal::FunctionLog), Some(SignalValue::Unknown), "{subject:?}");
    }
}

/// An organization's policies that nobody may read never count.
#[test]
fn policies_of_an_organization_that_are_not_read_say_nothing() {
    let mut inventory = healthy();
    inventory.account.organization = Err::<_, Gap>(denied("organizations:DescribeOrganization")).into();
    assert!(visible(&inventory).iter().all(|subject| subject.state == State::Clear));
}
