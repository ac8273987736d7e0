//! What a stage or function can be seen by, and how much of it there is.

use gatelight_model::SubjectKind;
use serde::{Deserialize, Serialize};

/// Something that tells what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Signal {
    /// Of a stage: a line of each request arrives where it can be read.
    AccessLog,
    /// Of a stage: that line parses, and holds the integration's error and status and a request id.
    FailureReason,
    /// Of a REST or WebSocket stage: errors are logged, and the log arrives.
    ExecutionLog,
    /// Of a REST stage: it traces, some requests are sampled, and segments are stored.
    Trace,
    /// Of a function: what it logs arrives.
    FunctionLog,
    /// Of a function: it traces, its role may send, and from every subnet the way to X-Ray is open.
    FunctionTrace,
}

impl Signal {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessLog => "access-log",
            Self::FailureReason => "failure-reason",
            Self::ExecutionLog => "execution-log",
            Self::Trace => "trace",
            Self::FunctionLog => "function-log",
            Self::FunctionTrace => "function-trace",
        }
    }

    /// The signals that reports list of a kind of subject, whether or not it has each of them.
    #[must_use]
    pub fn listed(kind: SubjectKind) -> &'static [Self] {
        match kind {
            SubjectKind::RestStage | SubjectKind::HttpStage | SubjectKind::WebsocketStage => {
                &[Self::AccessLog, Self::FailureReason, Self::ExecutionLog, Self::Trace]
            }
            SubjectKind::Function => &[Self::FunctionLog, Self::FunctionTrace],
            _ => &[],
        }
    }

    /// Whether a kind of subject has it.
    #[must_use]
    pub fn is_of(self, kind: SubjectKind) -> bool {
        match self {
            Self::ExecutionLog => matches!(kind, SubjectKind::RestStage | SubjectKind::WebsocketStage),
            Self::Trace => kind == SubjectKind::RestStage,
            _ => Self::listed(kind).contains(&self),
        }
    }

    /// Whether a subject is dark without it and those like it.
    #[must_use]
    pub fn is_log(self) -> bool {
        matches!(self, Self::AccessLog | Self::ExecutionLog | Self::FunctionLog)
    }
}

/// How much there is of a signal. Ordered: what comes later beats what comes before, where several outcomes are about
/// one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SignalValue {
    /// The subject has no such signal, or no check applies to it.
    #[default]
    NotApplicable,
    /// All of it.
    Seen,
    /// It could not be checked.
    Unknown,
    /// A finding that its owner ignores is about it: reports call it not applicable.
    Ignored,
    /// A part.
    Partly,
    /// Nothing.
    Dark,
}

impl SignalValue {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApplicable | Self::Ignored => "not-applicable",
            Self::Seen => "seen",
            Self::Unknown => "unknown",
            Self::Partly => "partly",
            Self::Dark => "dark",
        }
    }
}

/// How a stage or function stands. Ordered: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum State {
    /// If a request failed, no log would say so.
    Dark,
    /// Something would be missing.
    Degraded,
    /// Something could not be checked.
    Unknown,
    /// Everything would be there.
    Clear,
}

impl State {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Degraded, Self::Unknown, Self::Clear];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Clear => "clear",
        }
    }

    /// How a subject stands: it is dark if some log of it is, and no other log is there. A signal without a value is not
    /// shown, as a check of it was left out: it may be there.
    #[must_use]
    pub fn of(signals: &[(Signal, Option<SignalValue>)]) -> Self {
        let some = |value| signals.iter().any(|(_, of)| *of == Some(value));
        let logs = || signals.iter().filter(|(signal, _)| signal.is_log()).map(|(_, value)| *value);
        let is_missing = |value: Option<SignalValue>| {
            matches!(value, Some(SignalValue::Dark | SignalValue::NotApplicable | SignalValue::Ignored))
        };
        if logs().all(is_missing) && logs().any(|value| value == Some(SignalValue::Dark)) {
            Self::Dark
        } else if some(SignalValue::Dark) || some(SignalValue::Partly) {
            Self::Degraded
        } else if some(SignalValue::Unknown) {
            Self::Unknown
        } else {
            Self::Clear
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Signal::*, SignalValue::*, *};

    #[test]
    fn a_stage_is_dark_where_no_log_of_it_is_left() {
        let stage = |access, execution, trace| {
            let signals =
                [(AccessLog, access), (FailureReason, NotApplicable), (ExecutionLog, execution), (Trace, trace)];
            State::of(&signals.map(|(signal, value)| (signal, Some(value))))
        };
        for (access, execution, trace, state) in [
            (Dark, Dark, Seen, State::Dark),
            // An HTTP API has no execution log.
            (Dark, NotApplicable, NotApplicable, State::Dark),
            // Its owner accepts that one is off: the other was the last.
            (Dark, Ignored, Seen, State::Dark),
            // Its owner accepts that there is none.
            (Ignored, Ignored, Seen, State::Clear),
            (Ignored, NotApplicable, NotApplicable, State::Clear),
            (Dark, Partly, Seen, State::Degraded),
            (Dark, Unknown, Seen, State::Degraded),
            (Dark, Seen, Seen, State::Degraded),
            (Seen, Seen, Dark, State::Degraded),
            (Seen, Partly, Unknown, State::Degraded),
            (Seen, Unknown, Seen, State::Unknown),
            (Seen, Seen, Seen, State::Clear),
            (Seen, Ignored, Seen, State::Clear),
        ] {
            assert_eq!(stage(access, execution, trace), state, "{access:?} {execution:?} {trace:?}");
        }
    }

    #[test]
    fn a_function_is_dark_without_its_log() {
        let function = |log, trace| State::of(&[(FunctionLog, Some(log)), (FunctionTrace, Some(trace))]);
        for (log, trace, state) in [
            (Dark, Seen, State::Dark),
            (Partly, Seen, State::Degraded),
            (Unknown, Dark, State::Degraded),
            (Unknown, Seen, State::Unknown),
            (Seen, Seen, State::Clear),
        ] {
            assert_eq!(function(log, trace), state, "{log:?} {trace:?}");
        }
        // A log that is not shown, as a check of it was left out, may be there.
        assert_eq!(State::of(&[(FunctionLog, None), (FunctionTrace, Some(Dark))]), State::Degraded);
        assert_eq!(State::of(&[(AccessLog, None), (ExecutionLog, Some(Dark))]), State::Degraded);
        assert_eq!(State::of(&[(AccessLog, None), (ExecutionLog, Some(Seen))]), State::Clear);
    }
}
