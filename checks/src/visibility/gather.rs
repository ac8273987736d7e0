//! Gathers what outcomes say about the signals of the stages and functions of one region.

use std::{collections::HashMap, rc::Rc};

use gatelight_model::{
    Subject, SubjectKind,
    arn::{Arn, Destination},
    inventory::{Protocol, StageOf},
};

use super::{
    signal::{Signal, SignalValue, State},
    signals::{Loss, Signals, groups_of_role, of_role},
};
use crate::{
    CHECKS,
    check::Check,
    context::{Context, LogGroupUse},
    policy::Policy,
    subjects::Subjects,
    verdict::{Failure, Judgement, Verdict},
};

/// How much there is to see of a stage or function.
#[derive(Clone, Debug)]
pub struct SubjectVisibility {
    /// Which one.
    pub subject: Subject,
    /// How it stands.
    pub state: State,
    /// Its signals that are shown: those of which no check was left out.
    pub signals: Vec<(Signal, SignalValue)>,
    /// The outcomes that make some signal dark, partly seen or unknown.
    pub causes: Vec<Cause>,
    /// How many requests a stage served in the window of the audit, where that is known.
    pub requests: Option<u64>,
}

/// An outcome to which a subject owes its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The check's id.
    pub check: &'static str,
    /// The ARN of the outcome's subject.
    pub subject: Rc<str>,
    /// The state that the outcome alone leads to: dark only where the subject is.
    pub state: State,
}

/// What an outcome is about.
#[derive(Clone, Copy)]
pub(crate) enum About<'g, 'a> {
    /// The account's settings in the region.
    Account,
    /// The stage or function at that place.
    Row(usize),
    /// A log group.
    LogGroup(&'g LogGroupUse<'a>),
}

/// Gathers what outcomes say, one after the other. It holds a row for each stage and function of the region: first the
/// stages, then the functions, as in [`Subjects`].
pub(crate) struct Gatherer<'s, 'a> {
    subjects: &'s Subjects<'a>,
    context: &'s Context<'a>,
    rows: Vec<Row>,
    /// The places of stages and functions, by where they stand in memory.
    places: HashMap<usize, usize>,
}

#[derive(Clone, Default)]
struct Row {
    /// In the order of [`Signal::listed`].
    values: [SignalValue; 4],
    reasons: Vec<Reason>,
}

/// Why a signal is not all there.
#[derive(Clone)]
struct Reason {
    check: &'static str,
    /// None: the outcome is about the row's own subject.
    about: Option<Rc<str>>,
    signal: Signal,
    value: SignalValue,
}

/// What an outcome comes to for signals.
struct Said<'o> {
    check: &'static Check,
    verdict: &'o Verdict,
    is_ignored: bool,
    /// The outcome's subject, where that is not the row's.
    about: Option<Rc<str>>,
}

impl Said<'_> {
    /// None: the outcome says nothing about a signal.
    fn value(&self, loss: Loss) -> Option<SignalValue> {
        match self.verdict {
            Ok(Judgement::NotApplicable(_)) => None,
            Ok(Judgement::Pass | Judgement::PassNoted(_)) => Some(SignalValue::Seen),
            // What never counts says nothing.
            Err(_) if self.check.is_optional() => None,
            _ if self.is_ignored => Some(SignalValue::Ignored),
            Ok(Judgement::Fail(failure)) => Some(loss.by(failure)),
            Err(_) => Some(SignalValue::Unknown),
        }
    }

    /// The failure, unless it is ignored.
    fn failure(&self) -> Option<&Failure> {
        match self.verdict {
            Ok(Judgement::Fail(failure)) if !self.is_ignored => Some(failure),
            _ => None,
        }
    }
}

impl<'s, 'a> Gatherer<'s, 'a> {
    /// Nothing said yet.
    pub(crate) fn new(subjects: &'s Subjects<'a>, context: &'s Context<'a>) -> Self {
        let stages = subjects.stages.iter().map(|(_, stage)| std::ptr::from_ref(stage.stage).addr());
        let functions = subjects.functions.iter().map(|function| std::ptr::from_ref(*function).addr());
        let places: HashMap<_, _> = stages.chain(functions).enumerate().map(|(at, address)| (address, at)).collect();
        let rows = vec![Row::default(); subjects.stages.len() + subjects.functions.len()];
        Self { subjects, context, rows, places }
    }

    /// Takes in an outcome about `subject`, an ARN.
    pub(crate) fn add(
        &mut self,
        check: &'static Check,
        subject: &str,
        verdict: &Verdict,
        is_ignored: bool,
        about: About<'_, '_>,
    ) {
        let other = || Some(Rc::from(subject));
        let said = |about| Said { check, verdict, is_ignored, about };
        match (check.signals, about) {
            (Signals::Own(signals), About::Row(at)) => {
                let said = said(None);
                for (signal, loss) in signals {
                    self.put(at, *signal, said.value(*loss), &said);
                }
            }
            (Signals::OfRole(loss), About::Account) => self.add_of_role(loss, &said(other())),
            (Signals::OfTracing(loss), About::Account) => self.add_of_tracing(loss, &said(other())),
            (Signals::OfGroup(loss), About::LogGroup(group)) => {
                let said = said(other());
                self.put_stages(&group.access, Signal::AccessLog, loss, &said);
                self.put_stages(&group.execution, Signal::ExecutionLog, loss, &said);
                for function in &group.functions {
                    if let Some(at) = self.places.get(&std::ptr::from_ref(*function).addr()).copied() {
                        self.put(at, Signal::FunctionLog, said.value(loss), &said);
                    }
                }
            }
            (Signals::OfDelivery(loss), About::LogGroup(group)) => {
                let said = said(other());
                let delivered = group.access.iter().filter(|stage| stage.protocol() == Protocol::Http);
                self.put_stages(delivered, Signal::AccessLog, loss, &said);
                self.put_stages(&group.delivered, Signal::ExecutionLog, loss, &said);
            }
            _ => {}
        }
    }

    /// Takes in that deliveries may have been missed: the execution log of each REST stage may be sent to a group that
    /// was not judged.
    pub(crate) fn add_unseen_deliveries(
        &mut self,
        check: &'static Check,
        subject: &str,
        verdict: &Verdict,
        ignored: bool,
    ) {
        let (Signals::OfGroup(loss) | Signals::OfDelivery(loss)) = check.signals else { return };
        let said = Said { check, verdict, is_ignored: ignored, about: Some(Rc::from(subject)) };
        let subjects = self.subjects;
        for (at, (_, stage)) in subjects.stages.iter().enumerate() {
            if stage.protocol() == Protocol::Rest && stage.logs_execution() {
                self.put(at, Signal::ExecutionLog, said.value(loss), &said);
            }
        }
    }

    fn add_of_role(&mut self, loss: Loss, said: &Said<'_>) {
        let value = said.value(loss);
        let groups = said.failure().and_then(|failure| failure.groups.as_ref());
        let subjects = self.subjects;
        for (at, (_, stage)) in subjects.stages.iter().enumerate() {
            for signal in of_role(stage) {
                let value = match groups {
                    None => value,
                    Some(groups) => {
                        let names = groups_of_role(stage, signal, self.context);
                        let is_lost = names.iter().any(|name| groups.lost.contains(name));
                        let undecided = names.iter().any(|name| groups.undecided.contains(name));
                        let seen = (!names.is_empty()).then_some(SignalValue::Seen);
                        // What never counts says nothing.
                        let unknown = undecided && !said.check.is_optional();
                        if is_lost { value } else { unknown.then_some(SignalValue::Unknown).or(seen) }
                    }
                };
                self.put(at, signal, value, said);
            }
        }
    }

    fn add_of_tracing(&mut self, loss: Loss, said: &Said<'_>) {
        let subjects = self.subjects;
        for (at, (_, stage)) in subjects.stages.iter().enumerate() {
            if stage.protocol() == Protocol::Rest && stage.stage.tracing == Some(true) {
                self.put(at, Signal::Trace, said.value(loss), said);
            }
        }
    }

    fn put_stages<'g>(
        &mut self,
        stages: impl IntoIterator<Item = &'g StageOf<'g>>,
        signal: Signal,
        loss: Loss,
        said: &Said<'_>,
    ) {
        for stage in stages {
            if let Some(at) = self.places.get(&std::ptr::from_ref(stage.stage).addr()).copied() {
                let value = match self.is_destination(stage, signal) {
                    Some(true) => said.value(loss),
                    Some(false) => None,
                    None => Some(SignalValue::Unknown),
                };
                self.put(at, signal, value, said);
            }
        }
    }

    /// Whether a log group of this account is where the stage sends the signal; none if that is not known. Where the id of
    /// the account is not known, an access log may go to a group of that name in another account: the ARN of what was
    /// found here tells.
    fn is_destination(&self, stage: &StageOf<'_>, signal: Signal) -> Option<bool> {
        if signal != Signal::AccessLog || self.context.account_id().is_ok() {
            return Some(true);
        }
        let log = stage.access_log()?;
        let Destination::LogGroup(destination, name) = log.destination else { return None };
        let found = self.context.log_group(name).ok()??;
        Some(Arn::parse(&found.arn)?.account == destination.account)
    }

    fn put(&mut self, at: usize, signal: Signal, value: Option<SignalValue>, said: &Said<'_>) {
        let kind = self.kind(at);
        let Some(value) = value.filter(|_| signal.is_of(kind)) else { return };
        let Some(place) = Signal::listed(kind).iter().position(|listed| *listed == signal) else { return };
        let row = &mut self.rows[at];
        row.values[place] = row.values[place].max(value);
        if matches!(value, SignalValue::Unknown | SignalValue::Partly | SignalValue::Dark) {
            row.reasons.push(Reason { check: said.check.id, about: said.about.clone(), signal, value });
        }
    }

    fn kind(&self, at: usize) -> SubjectKind {
        self.subjects.stages.get(at).map_or(SubjectKind::Function, |(subject, _)| subject.kind)
    }

    /// Hands out each stage and function of which some signal is shown, sorted by ARN. `checks`: those that ran.
    pub(crate) fn finish(self, checks: &[&'static Check], policy: &Policy, sink: &mut dyn FnMut(SubjectVisibility)) {
        let mut shown: HashMap<SubjectKind, Vec<Signal>> = HashMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            let kind = self.kind(at);
            let shown = shown.entry(kind).or_insert_with(|| shown_signals(kind, checks, policy));
            if !shown.is_empty() {
                sink(self.subject(at, row, shown));
            }
        }
    }

    fn subject(&self, at: usize, row: &Row, shown: &[Signal]) -> SubjectVisibility {
        let (subject, requests) = match self.subjects.stages.get(at) {
            Some((subject, stage)) => {
                let traffic = self.context.traffic().traffic(stage);
                (subject.clone(), traffic.and_then(|answer| answer.requests.get().copied()).ok())
            }
            None => (self.subjects.functions[at - self.subjects.stages.len()].subject(), None),
        };
        let listed = Signal::listed(subject.kind);
        let is_shown = |signal: &Signal| shown.contains(signal) || !signal.is_of(subject.kind);
        let mut values: Vec<_> =
            listed.iter().zip(row.values).map(|(signal, value)| (*signal, is_shown(signal).then_some(value))).collect();
        // What a line holds does not matter where no line arrives.
        if values.first() == Some(&(Signal::AccessLog, Some(SignalValue::Dark))) {
            values.iter_mut().filter(|(signal, _)| *signal == Signal::FailureReason).for_each(|(_, value)| {
                *value = value.map(|_| SignalValue::NotApplicable);
            });
        }
        let state = State::of(&values);
        let signals: Vec<_> = values.into_iter().filter_map(|(signal, value)| Some((signal, value?))).collect();
        let causes = causes(&subject, state, &signals, &row.reasons);
        SubjectVisibility { subject, state, signals, causes, requests }
    }

    /// The values of all signals, whether or not they are shown.
    #[cfg(test)]
    pub(crate) fn values(&self) -> Vec<(String, Signal, SignalValue)> {
        let arn = |at: usize| {
            let stage = self.subjects.stages.get(at).map(|(subject, _)| &subject.arn);
            stage.unwrap_or_else(|| &self.subjects.functions[at - self.subjects.stages.len()].arn).clone()
        };
        let of_row = |(at, row): (usize, &Row)| {
            let signals = Signal::listed(self.kind(at)).iter().zip(row.values);
            signals.map(|(signal, value)| (arn(at), *signal, value)).collect::<Vec<_>>()
        };
        self.rows.iter().enumerate().flat_map(of_row).collect()
    }
}

/// The signals that a kind of subject has and of which no check was left out. `checks`: those that run. Subjects of a kind
/// without any are not shown.
#[must_use]
pub fn shown_signals(kind: SubjectKind, checks: &[&'static Check], policy: &Policy) -> Vec<Signal> {
    let is_left_out = |check: &Check| !(checks.contains(&check) || policy.without_metrics && check.needs_metrics());
    let lacks = |signal: Signal| CHECKS.iter().any(|check| check.signals.touch(signal, kind) && is_left_out(check));
    let own = Signal::listed(kind).iter().copied().filter(|signal| signal.is_of(kind));
    own.filter(|signal| !lacks(*signal)).collect()
}

/// The outcomes that make a signal what it is, each once.
fn causes(subject: &Subject, state: State, signals: &[(Signal, SignalValue)], reasons: &[Reason]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    let own: Rc<str> = Rc::from(subject.arn.as_str());
    for reason in reasons {
        let Some((_, value)) = signals.iter().find(|(signal, _)| *signal == reason.signal) else { continue };
        // One that is not applicable needs no reason, and an unknown one matters where nothing worse is known.
        let counts = match reason.value {
            SignalValue::Unknown => *value == SignalValue::Unknown,
            _ => matches!(value, SignalValue::Dark | SignalValue::Partly),
        };
        if !counts {
            continue;
        }
        let state = match reason.value {
            SignalValue::Dark if state == State::Dark && reason.signal.is_log() => State::Dark,
            SignalValue::Unknown => State::Unknown,
            _ => State::Degraded,
        };
        let about = reason.about.as_ref().unwrap_or(&own);
        match causes.iter_mut().find(|cause| cause.check == reason.check && cause.subject == *about) {
            Some(cause) => cause.state = cause.state.min(state),
            None => causes.push(Cause { check: reason.check, subject: Rc::clone(about), state }),
        }
    }
    causes
}
