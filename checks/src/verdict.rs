//! What a check can say, and how what it says about several things becomes one verdict.

use std::collections::BTreeSet;

use gatelight_model::{Confidence, Gap, Severity, Subject};
use serde::{Deserialize, Serialize};

/// A judgement, or why there is none ("could not check").
pub type Verdict = Result<Judgement, Gap>;

/// What a check found out about one subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// All is well.
    Pass,
    /// All is well, and there is something to know.
    PassNoted(String),
    /// The question does not arise; the reason.
    NotApplicable(&'static str),
    /// The fault is there.
    Fail(Box<Failure>),
}

impl From<Failure> for Judgement {
    fn from(failure: Failure) -> Self {
        Self::Fail(Box::new(failure))
    }
}

/// The facts of a fault. Text comes last; renderers escape it. End its literal with `..Failure::default()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// Where it differs from the check's own.
    pub severity: Option<Severity>,
    /// How sure it is that the fault does harm.
    pub confidence: Confidence,
    /// How much of what the check is about is lost.
    pub extent: Extent,
    /// Of a fault of some log groups among several: which ones. None: it is about all of them.
    pub groups: Option<DecidedGroups>,
    /// The thing to change. The report groups by (check, cause). `None`: the subject itself.
    pub cause: Option<Subject>,
    /// What is wrong, in a sentence of plain text.
    pub message: String,
    /// What the sentence rests on.
    pub evidence: Vec<Evidence>,
    /// What the cause silences, beside the subject.
    pub affects: Vec<Subject>,
    /// What to do.
    pub fix: Fix,
}

/// How much of the logs or traces that a check is about a fault takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All.
    #[default]
    Whole,
    /// A part: the rest arrives, or may arrive.
    Part,
}

/// The log groups that a fault is about, by name, among those that a check asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecidedGroups {
    /// Those that it is about.
    pub lost: BTreeSet<String>,
    /// Those of which that is not known.
    pub undecided: BTreeSet<String>,
}

/// A named value that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub name: String,
    /// As AWS told it.
    pub value: String,
}

impl Evidence {
    /// `name`: `value`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// What to do about a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fix {
    /// In words.
    pub text: String,
    /// As commands, in the order in which they have to run; none where words alone can say it.
    pub commands: Vec<Command>,
}

/// A command: its arguments, unquoted. Names are hostile input, so quoting happens in one place, the renderer.
pub type Command = Vec<String>;

impl Fix {
    /// A fix in words alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), commands: Vec::new() }
    }

    /// Adds a command, which runs after those that were added before.
    #[must_use]
    pub fn command<const N: usize>(self, argv: [&str; N]) -> Self {
        self.commands([argv.map(str::to_owned).to_vec()])
    }

    /// Adds commands, which run after those that were added before.
    #[must_use]
    pub fn commands(mut self, commands: impl IntoIterator<Item = Command>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// The command of a fix that has one.
    #[cfg(test)]
    pub(crate) fn only_command(&self) -> Command {
        let [command] = &self.commands[..] else { panic!("one command: {:?}", self.commands) };
        command.clone()
    }
}

/// One verdict from many: a failure beats a gap beats a pass beats "not applicable". Of several failures the most
/// severe wins, then the first.
///
/// # Errors
/// The first gap, if nothing failed.
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    fn rank(verdict: &Verdict) -> (u8, Option<Severity>) {
        match verdict {
            Ok(Judgement::NotApplicable(_)) => (0, None),
            Ok(Judgement::Pass) => (1, None),
            Ok(Judgement::PassNoted(_)) => (2, None),
            Err(_) => (3, None),
            Ok(Judgement::Fail(failure)) => (4, failure.severity),
        }
    }
    let mut verdicts = verdicts.into_iter();
    let Some(first) = verdicts.next() else { return Ok(Judgement::NotApplicable("there is nothing to judge")) };
    verdicts.fold(first, |worst, next| if rank(&next) > rank(&worst) { next } else { worst })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_wins_in_any_order() {
        let fail = || {
            Ok(Failure {
                severity: None,
                cause: None,
                message: String::new(),
                evidence: vec![],
                affects: vec![],
                fix: Fix::default(),
                ..Failure::default()
            }
            .into())
        };
        let ranks: [fn() -> Verdict; 3] =
            [|| Ok(Judgement::NotApplicable("")), || Ok(Judgement::Pass), || Err(Gap::unprovable("x", "hidden"))];
        for (i, low) in ranks.iter().enumerate() {
            for high in &ranks[i..] {
                assert_eq!(worst([low(), high()]), high());
                assert_eq!(worst([high(), low()]), high());
            }
            assert_eq!(worst([low(), fail()]), fail());
            assert_eq!(worst([fail(), low()]), fail());
        }
    }
}
