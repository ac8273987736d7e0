//! What a check is, what it can say, and how what it says about several things becomes one verdict.

use serde::{Deserialize, Serialize};

use crate::{
    Context,
    context::LogGroupUse,
    fetched::Gap,
    inventory::{Function, StageOf},
};

/// How much a finding matters. Ordered: `Low < Medium < High`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth mending some day.
    Low,
    /// Something that one would look for in an incident is missing.
    Medium,
    /// In an incident one would be blind.
    High,
}

impl Severity {
    /// The name in reports and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A rule: data and plain functions, so that the table can be listed, swept and printed.
#[derive(Debug)]
pub struct Check {
    /// Named after the fault: `access-log-off`.
    pub id: &'static str,
    /// The fault as a headline.
    pub title: &'static str,
    /// How much a failure matters, unless the [`Failure`] says otherwise.
    pub severity: Severity,
    /// The facts it looks at; the collector fetches no others.
    pub needs: &'static [Need],
    /// What it judges, and how.
    pub judge: Judge,
    /// What it finds, why it matters, how to fix it: Markdown.
    pub docs: &'static str,
}

impl Check {
    /// Whether an audit is complete without its verdict: who owns an account cannot be asked to let be read what AWS
    /// tells to few. Such an unknown stands in reports like any other, and does not count for the exit status.
    #[must_use]
    pub fn may_stay_unknown(&self) -> bool {
        self.needs.iter().any(|need| need.is_told_to_few())
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// What a check judges, one verdict each.
#[derive(Clone, Copy, Debug)]
pub enum Judge {
    /// Every stage of every REST, HTTP and WebSocket API.
    Stage(fn(&StageOf<'_>, &Context<'_>) -> Verdict),
    /// The account's API Gateway settings in a region.
    Account(fn(&Context<'_>) -> Verdict),
    /// About each function, `$LATEST` of it; and how much it matters for one, where that hangs on what the function is,
    /// whatever the verdict.
    Function(fn(&Function, &Context<'_>) -> Verdict, fn(&Function, &Context<'_>) -> Option<Severity>),
    /// Log groups that something writes to: those that the first function picks.
    LogGroup(fn(&LogGroupUse<'_>) -> bool, fn(&LogGroupUse<'_>, &Context<'_>) -> Verdict),
}

impl Judge {
    /// What it judges, in the words of the table of checks.
    #[must_use]
    pub fn scope(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::Account(_) => "account settings",
            Self::Function(..) => "function",
            Self::LogGroup(..) => "log group",
        }
    }
}

/// A group of facts that is collected together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// REST, HTTP and WebSocket APIs and their stages.
    Stages,
    /// The API Gateway settings of the account in a region.
    GatewaySettings,
    /// The role in those settings, and its trust policy.
    GatewayRole,
    /// That role's policies and permissions boundary.
    GatewayRolePolicies,
    /// The log groups that access logs go to.
    AccessLogGroups,
    /// The log groups that execution logs go to.
    ExecutionLogGroups,
    /// Where delivery sources send the execution logs of REST stages.
    LogDeliveries,
    /// The Firehose streams that access logs go to.
    DeliveryStreams,
    /// Lambda functions.
    Functions,
    /// Who may call the functions whose verdict depends on it.
    Callers,
    /// The execution roles of functions.
    FunctionRoles,
    /// The log groups that functions write to.
    FunctionLogGroups,
    /// Resource policies of CloudWatch Logs.
    LogPolicies,
    /// The networks that functions are attached to, and the capacity providers that they run on.
    Networks,
    /// The search of log groups for signs of failure.
    LogProbes,
    /// The KMS keys of log groups.
    LogGroupKeys,
    /// How much the log groups of execution logs took in. No check needs it; `gatelight cost` does.
    ExecutionLogVolume,
    /// How many requests stages served in the window of the audit.
    Traffic,
    /// How long those took, in all and in the backend.
    Latencies,
    /// What stages served and the destinations of their access logs took, since either last changed.
    Taken,
    /// The sampling rules of X-Ray.
    SamplingRules,
    /// Where X-Ray puts the segments that it is sent.
    TraceDestination,
    /// The policies that an organization sets to the account.
    Organization,
}

impl Need {
    /// Whether AWS does not tell it to most accounts, whatever their owner allows.
    /// Policies of an organization are told to its management account and to delegated administrators alone
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html>).
    #[must_use]
    pub fn is_told_to_few(self) -> bool {
        self == Self::Organization
    }
}

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

/// The facts of a fault. Text comes last; renderers escape it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Where it differs from the check's own.
    pub severity: Option<Severity>,
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
    pub say: String,
    /// As a command: its arguments, unquoted. Names are hostile input, so quoting happens in one place, the renderer.
    pub command: Option<Vec<String>>,
}

impl Fix {
    /// A fix in words alone.
    pub fn say(say: impl Into<String>) -> Self {
        Self { say: say.into(), command: None }
    }

    /// Adds the command that does it.
    #[must_use]
    pub fn command<const N: usize>(mut self, argv: [&str; N]) -> Self {
        self.command = Some(argv.map(str::to_owned).to_vec());
        self
    }
}

/// What a verdict is about, or what a cause is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Identifies it, as AWS writes it; for account settings `arn:P:apigateway:R::/account`.
    pub arn: String,
    /// What its owner calls it: `orders/prod`.
    pub name: String,
}

/// The kinds of thing that reports name. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// A stage of a REST API.
    RestStage,
    /// A stage of an HTTP API.
    HttpStage,
    /// A stage of a WebSocket API.
    WebsocketStage,
    /// The account's API Gateway settings in a region.
    Account,
    /// A Lambda function.
    Function,
    /// A CloudWatch Logs log group.
    LogGroup,
    /// A Firehose stream.
    DeliveryStream,
    /// An IAM role.
    Role,
    /// A KMS key.
    Key,
    /// A sampling rule of X-Ray.
    SamplingRule,
    /// A policy of an organization.
    Policy,
}

impl SubjectKind {
    /// The name in the JSON report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RestStage => "rest-stage",
            Self::HttpStage => "http-stage",
            Self::WebsocketStage => "websocket-stage",
            Self::Account => "account",
            Self::Function => "function",
            Self::LogGroup => "log-group",
            Self::DeliveryStream => "delivery-stream",
            Self::Role => "role",
            Self::Key => "key",
            Self::SamplingRule => "sampling-rule",
            Self::Policy => "policy",
        }
    }
}

/// Whether some element is true: true beats gap beats false, whatever the order.
///
/// # Errors
/// The first gap, if no element is true.
pub fn any(elements: impl IntoIterator<Item = Result<bool, Gap>>) -> Result<bool, Gap> {
    let mut gap = None;
    for element in elements {
        match element {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => gap = gap.or(Some(why)),
        }
    }
    gap.map_or(Ok(false), Err)
}

/// Whether every element is true: false beats gap beats true, whatever the order.
///
/// # Errors
/// The first gap, if no element is false.
pub fn all(elements: impl IntoIterator<Item = Result<bool, Gap>>) -> Result<bool, Gap> {
    any(elements.into_iter().map(|element| element.map(|holds| !holds))).map(|broken| !broken)
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

    fn gap() -> Gap {
        Gap::unprovable("x", "hidden")
    }

    #[test]
    fn a_proven_element_beats_an_unknown_one_in_any_order() {
        for flip in [false, true] {
            let order = |mut elements: Vec<Result<bool, Gap>>| {
                if flip {
                    elements.reverse();
                }
                elements
            };
            assert_eq!(any(order(vec![Err(gap()), Ok(true)])), Ok(true));
            assert_eq!(any(order(vec![Err(gap()), Ok(false)])), Err(gap()));
            assert_eq!(all(order(vec![Err(gap()), Ok(false)])), Ok(false));
            assert_eq!(all(order(vec![Err(gap()), Ok(true)])), Err(gap()));
        }
        assert_eq!(any([]), Ok(false));
        assert_eq!(all([]), Ok(true));
    }

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
