//! The column of the table of checks that says which signals a failure takes away, and how much of them.

use gatelight_model::{
    SubjectKind,
    arn::Destination,
    inventory::{Protocol, StageOf},
};

use super::signal::{Signal, SignalValue};
use crate::{context::Context, verdict::Failure};

/// Which signals a failure of a check takes away, and of which stages and functions.
#[derive(Clone, Copy, Debug)]
pub enum Signals {
    /// None.
    None,
    /// These, of the stage or function that the check judges.
    Own(&'static [(Signal, Loss)]),
    /// The logs that the CloudWatch role of API Gateway writes: of the stages whose logs those are.
    OfRole(Loss),
    /// The trace of every REST stage that traces.
    OfTracing(Loss),
    /// Whichever signal the log group carries, of each stage and function that writes to it.
    OfGroup(Loss),
    /// The same, of those alone whose logs are delivered to it: access logs of HTTP APIs, and what delivery sources send.
    OfDelivery(Loss),
}

/// How much of a signal a failure takes away.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// All of it.
    Dark,
    /// A part.
    Partly,
    /// The failure says.
    ByFailure(fn(&Failure) -> SignalValue),
}

impl Loss {
    /// What is left of a signal.
    #[must_use]
    pub fn by(self, failure: &Failure) -> SignalValue {
        match self {
            Self::Dark => SignalValue::Dark,
            Self::Partly => SignalValue::Partly,
            Self::ByFailure(of) => of(failure),
        }
    }
}

impl Signals {
    /// Whether a failure takes something of `signal` away from a subject of that kind.
    #[must_use]
    pub fn touch(self, signal: Signal, kind: SubjectKind) -> bool {
        signal.is_of(kind)
            && match self {
                Self::None => false,
                Self::Own(signals) => signals.iter().any(|(own, _)| *own == signal),
                Self::OfRole(_) => {
                    matches!(signal, Signal::AccessLog | Signal::ExecutionLog) && kind != SubjectKind::HttpStage
                }
                Self::OfTracing(_) => signal == Signal::Trace,
                Self::OfGroup(_) => signal.is_log(),
                Self::OfDelivery(_) => match signal {
                    Signal::AccessLog => kind == SubjectKind::HttpStage,
                    Signal::ExecutionLog => kind == SubjectKind::RestStage,
                    _ => false,
                },
            }
    }
}

/// The signals of a stage that the CloudWatch role of API Gateway writes.
pub(super) fn of_role<'s>(stage: &StageOf<'s>) -> impl Iterator<Item = Signal> + use<'s> {
    let is_written = stage.protocol() != Protocol::Http;
    let access = stage.access_log().filter(|log| is_written && matches!(log.destination, Destination::LogGroup(..)));
    let execution = stage.logs_execution().then_some(Signal::ExecutionLog);
    access.map(|_| Signal::AccessLog).into_iter().chain(execution)
}

/// The log groups of this account and region that the role writes a signal of a stage to.
pub(super) fn groups_of_role(stage: &StageOf<'_>, signal: Signal, context: &Context<'_>) -> Vec<String> {
    match signal {
        Signal::AccessLog => {
            let log = stage.access_log().filter(|log| context.is_here(&log.destination));
            let name = log.and_then(|log| match log.destination {
                Destination::LogGroup(_, name) => Some(name.to_owned()),
                Destination::DeliveryStream(..) | Destination::Other(_) => None,
            });
            name.into_iter().collect()
        }
        Signal::ExecutionLog => stage.execution_log_groups(),
        _ => vec![],
    }
}
