//! What it costs to see a stage: an estimate by the month of its access logs, execution logs and traces, with what was
//! assumed. No verdict: what it is worth is the owner's to say.
//!
//! A month has 730 hours, as in AWS's calculator. Prices are before volume discounts, and before what AWS gives each
//! account free: that is the account's, and no stage's. Whatever is not known is said to be so, and never counted as
//! nothing.

mod estimate;
mod facts;
mod line;
pub mod logs;
mod money;
mod month;
mod prices;
pub mod traces;
mod units;

pub use estimate::estimate;
pub use line::line_bytes;
pub use money::Money;
pub use month::{HOURS_A_MONTH, SECONDS_A_MONTH};
pub use prices::{PriceList, Prices, Quote, RequestPrices};
pub use traces::Sampling;
pub use units::volume;

use gatelight_model::{
    Gap,
    inventory::{LogGroup, Protocol},
};

/// What is known of a stage that bears on its cost.
#[derive(Clone, Debug)]
pub struct StageFacts<'a> {
    /// Where it is.
    pub region: &'a str,
    /// What its API speaks.
    pub protocol: Protocol,
    /// Requests served; of a WebSocket API, connections and messages.
    pub requests: Result<InWindow, Gap>,
    /// Its access log, where that is on.
    pub access_log: Option<AccessLogFacts<'a>>,
    /// The log groups of its execution log; empty where that is off.
    pub execution_logs: Vec<ExecutionLogFacts<'a>>,
    /// Its traces, where tracing is on.
    pub traces: Option<TraceFacts>,
}

/// A sum over a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InWindow {
    /// The sum.
    pub sum: u64,
    /// How long the window is.
    pub seconds: u64,
}

impl InWindow {
    /// What it comes to in a month if that is like the window, to the nearest. `None` if the window has no length.
    #[must_use]
    pub fn a_month(&self) -> Option<u128> {
        let seconds = u128::from(self.seconds);
        (seconds > 0).then(|| (u128::from(self.sum) * SECONDS_A_MONTH + seconds / 2) / seconds)
    }
}

/// An access log that is on.
#[derive(Clone, Debug)]
pub struct AccessLogFacts<'a> {
    /// The template of a line.
    pub format: &'a str,
    /// Where its lines go.
    pub destination: AccessLogDestination<'a>,
}

/// Where the lines of an access log go.
#[derive(Clone, Debug)]
pub enum AccessLogDestination<'a> {
    /// A log group: its name, and the group or that there is none.
    LogGroup(&'a str, Result<Option<&'a LogGroup>, Gap>),
    /// A Firehose stream: its name.
    DeliveryStream(&'a str),
    /// Something that API Gateway does not write to.
    Other(&'a str),
}

/// A log group that takes execution logs of a stage.
#[derive(Clone, Debug)]
pub struct ExecutionLogFacts<'a> {
    /// Its name.
    pub name: String,
    /// The group, or that there is none.
    pub group: Result<Option<&'a LogGroup>, Gap>,
    /// Bytes taken in: `IncomingBytes`.
    pub bytes: Result<InWindow, Gap>,
    /// The most that is logged, stage-wide or for some method or route: `ERROR`, `INFO`.
    pub level: &'a str,
    /// Whether full requests and responses are logged somewhere.
    pub data_trace: bool,
}

/// Traces of a stage that traces.
#[derive(Clone, Debug)]
pub struct TraceFacts {
    /// The rule that decides which requests are recorded.
    pub sampling: Result<Sampling, Gap>,
    /// Where segments go.
    pub destination: Result<TraceDestination, Gap>,
}

/// Where X-Ray sends segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceDestination {
    /// To X-Ray, which charges for traces recorded.
    XRay,
    /// To CloudWatch Logs (Transaction Search), which charges for the volume of spans.
    CloudWatchLogs,
}

/// What a stage costs a month.
#[derive(Clone, Debug, PartialEq)]
pub struct StageCost {
    /// What it is made of: everything that is on, and what is off as such.
    pub costs: Vec<Cost>,
    /// What API Gateway itself charges for the requests, to compare: no part of the total.
    pub requests: Cost,
    /// What level ERROR in the place of INFO would save at most: all that the execution log costs. The log groups' bytes are
    /// measured; how many of them are of requests that failed, which ERROR still logs, is not. None where the level is not INFO,
    /// where full requests and responses are logged too, or where some of the cost is not known.
    pub errors_only_saves: Option<Money>,
}

/// One thing that is paid for.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// What it is.
    pub item: Item,
    /// The log group, stream or sampling rule that it hangs on; none where it is off or that is not known.
    pub resource: Option<String>,
    /// What it costs a month.
    pub estimate: Estimate,
    /// What the estimate rests on, a phrase each.
    pub assumptions: Vec<String>,
}

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// Lines of the access log, when they are taken in.
    AccessLogIngestion,
    /// Lines of the access log, while they are kept.
    AccessLogStorage,
    /// The execution log, when it is taken in.
    ExecutionLogIngestion,
    /// The execution log, while it is kept.
    ExecutionLogStorage,
    /// Traces recorded by X-Ray.
    Traces,
    /// The requests themselves, which are no cost of seeing them.
    Requests,
}

impl Item {
    /// All that seeing a stage costs.
    pub const ALL: [Self; 5] = [
        Self::AccessLogIngestion,
        Self::AccessLogStorage,
        Self::ExecutionLogIngestion,
        Self::ExecutionLogStorage,
        Self::Traces,
    ];

    /// What a program calls it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AccessLogIngestion => "access-log-ingestion",
            Self::AccessLogStorage => "access-log-storage",
            Self::ExecutionLogIngestion => "execution-log-ingestion",
            Self::ExecutionLogStorage => "execution-log-storage",
            Self::Traces => "traces",
            Self::Requests => "requests",
        }
    }
}

/// What something costs a month.
#[derive(Clone, Debug, PartialEq)]
pub enum Estimate {
    /// So much.
    Known(Money),
    /// Nothing, and why.
    Nothing(&'static str),
    /// Something is paid, to a service whose prices are not estimated here: why.
    Elsewhere(String),
    /// It could not be estimated.
    Unknown(Gap),
}

/// A sum of costs, and what is missing from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Total {
    /// What is known of it.
    pub known: Money,
    /// Why it is more: what could not be estimated, each once.
    pub gaps: Vec<Gap>,
    /// Whether more is paid to services that are not estimated here.
    pub elsewhere: bool,
}

impl Total {
    /// Whether nothing is missing from it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty() && !self.elsewhere
    }

    /// Adds a cost.
    pub fn add(&mut self, cost: &Cost) {
        match &cost.estimate {
            Estimate::Known(money) => self.known = self.known + *money,
            Estimate::Nothing(_) => {}
            Estimate::Elsewhere(_) => self.elsewhere = true,
            Estimate::Unknown(gap) if self.gaps.contains(gap) => {}
            Estimate::Unknown(gap) => self.gaps.push(gap.clone()),
        }
    }
}

impl<'a> FromIterator<&'a Cost> for Total {
    fn from_iter<I: IntoIterator<Item = &'a Cost>>(costs: I) -> Self {
        costs.into_iter().fold(Self::default(), |mut total, cost| {
            total.add(cost);
            total
        })
    }
}

impl StageCost {
    /// What it comes to.
    #[must_use]
    pub fn total(&self) -> Total {
        self.costs.iter().collect()
    }

    /// The costs of some items.
    #[must_use]
    pub fn of(&self, items: &[Item]) -> Total {
        self.costs.iter().filter(|cost| items.contains(&cost.item)).collect()
    }
}

/// Puts what costs most first; where that is the same, what is more than is known before what is not.
pub fn worst_first<T>(stages: &mut [(T, StageCost)], by_name: impl Fn(&T, &T) -> std::cmp::Ordering) {
    stages.sort_by(|(a, a_cost), (b, b_cost)| {
        let (a_total, b_total) = (a_cost.total(), b_cost.total());
        let dearer = b_total.known.cmp(&a_total.known);
        dearer.then(a_total.is_whole().cmp(&b_total.is_whole())).then_with(|| by_name(a, b))
    });
}

#[cfg(test)]
mod tests;
