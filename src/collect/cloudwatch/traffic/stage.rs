//! A stage, what CloudWatch is asked about it, and the answers.

use gatelight_checks::plan::{
    Plan,
    metrics::{ENOUGH_REQUESTS, SHORTEST_WINDOW, in_effect_since},
};
use gatelight_formats::lines::StageLineMatcher;
use gatelight_model::{
    Fetched, Gap,
    arn::Destination,
    inventory::{AccessLog, DestinationIntake, OwnLines, Protocol, StageOf, TrafficAnswer},
};
use jiff::Timestamp;

use super::{
    batch::{Batch, Totals, count},
    destinations::LogDestinations,
};
use crate::collect::cloudwatch::{
    query::{Metric, Statistic},
    window::Window,
};

const GATEWAY: &str = "AWS/ApiGateway";

/// The number of events that a log group received.
pub(crate) fn incoming_events(group: &str) -> Metric {
    Metric { namespace: "AWS/Logs", name: "IncomingLogEvents", dimensions: vec![("LogGroupName", group.to_owned())] }
}

/// The number of records that a Firehose stream received.
fn incoming_records(stream: &str) -> Metric {
    let dimensions = vec![("DeliveryStreamName", stream.to_owned())];
    Metric { namespace: "AWS/Firehose", name: "IncomingRecords", dimensions }
}

fn not_asked<T>(what: &str) -> Fetched<T> {
    Err(Gap::not_collected(format!("{what}, on which no verdict hangs"))).into()
}

/// A stage, measured in the window of the audit and in that of its access log.
#[derive(Debug)]
pub(crate) struct MeasuredStage<'a> {
    pub(crate) of: StageOf<'a>,
    since: Timestamp,
    until: Timestamp,
    asked: QuestionState,
    requests: Fetched<u64>,
    /// The answer of an earlier run that is still valid, and what to remember of it next time.
    pub(crate) remembered: Option<(TrafficAnswer, (String, String))>,
    pub(crate) own: Option<AccessLogIntake<'a>>,
}

/// The access log of a stage in the time in which it should work.
#[derive(Debug)]
pub(crate) struct AccessLogIntake<'a> {
    pub(crate) log: AccessLog<'a>,
    pub(crate) since: Timestamp,
    window: Window,
    /// Requests, client errors, what the destination received.
    asked: [QuestionState; 3],
    requests: Fetched<u64>,
    client_errors: Fetched<u64>,
    taken: Fetched<u64>,
}

impl<'a> MeasuredStage<'a> {
    pub(crate) fn new(of: StageOf<'a>, (since, until): (Timestamp, Timestamp)) -> Self {
        let (asked, requests) = (QuestionState::NotAsked, not_asked("requests"));
        Self { of, since, until, asked, requests, remembered: None, own: None }
    }

    /// Sets from when on the access log is measured, if its destination exists and has worked for long enough.
    pub(crate) fn measure_destination(&mut self, plan: &Plan<'_>, destinations: LogDestinations<'_>) {
        let Some(log) = self.of.access_log() else { return };
        let Some(created) = created(&log.destination, plan, destinations) else { return };
        let changed = self.of.stage.changed_at.get().ok().copied();
        let since = in_effect_since([changed, created]).map_or(self.since, |works| works.max(self.since));
        if self.until.duration_since(since) < SHORTEST_WINDOW {
            return;
        }
        let Some(window) = Window::inside(since, self.until) else { return };
        let (requests, client_errors) = (not_asked("requests"), not_asked("clients' errors"));
        let taken = not_asked("what the destination took");
        let asked = Default::default();
        self.own = Some(AccessLogIntake { log, since, window, asked, requests, client_errors, taken });
    }

    fn metric(&self, name: &'static str) -> Metric {
        let StageOf { api, stage } = self.of;
        let api = match api.protocol {
            Protocol::Rest => ("ApiName", api.metric_name()),
            Protocol::Http | Protocol::Websocket => ("ApiId", api.id.clone()),
        };
        Metric { namespace: GATEWAY, name, dimensions: vec![api, ("Stage", stage.name.clone())] }
    }

    pub(crate) fn ask_requests(&mut self, batch: &mut Batch) {
        // "The SampleCount statistic represents this metric":
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        let metrics = match self.of.protocol() {
            Protocol::Rest | Protocol::Http => vec![(self.metric("Count"), Statistic::SampleCount)],
            Protocol::Websocket => {
                vec![(self.metric("ConnectCount"), Statistic::Sum), (self.metric("MessageCount"), Statistic::Sum)]
            }
        };
        let whole = Window::inside(self.since, self.until).filter(|_| self.remembered.is_none());
        for (metric, statistic) in metrics {
            if let Some(window) = whole {
                self.asked.add(batch.ask(metric.clone(), statistic, window));
            }
            if let Some(own) = &mut self.own {
                own.asked[0].add(batch.ask(metric, statistic, own.window));
            }
        }
    }

    /// Asks what the destination received, unless that was asked already.
    pub(crate) fn ask_taken(&mut self, batch: &mut Batch, now: Timestamp) {
        let Some(own) = self.own.as_mut().filter(|own| own.asked[2] == QuestionState::NotAsked) else { return };
        let metric = match own.log.destination {
            Destination::LogGroup(_, name) => incoming_events(name),
            Destination::DeliveryStream(_, name) => incoming_records(name),
            Destination::Other(_) => return,
        };
        own.asked[2].add(batch.ask(metric, Statistic::Sum, own.window.on_to(now)));
    }

    /// Asks for client errors where enough requests should have left lines, and it is not certain that they did.
    pub(crate) fn ask_client_errors(&mut self, batch: &mut Batch, plan: &Plan<'_>) {
        let Some(own) = self.own.as_ref().filter(|own| own.is_served(ENOUGH_REQUESTS)) else { return };
        let arrives = own.taken.get().is_ok_and(|taken| *taken > 0);
        if arrives && plan.is_shared(&own.log.destination) == Ok(false) {
            return;
        }
        let name = match self.of.protocol() {
            Protocol::Rest => "4XXError",
            Protocol::Http => "4xx",
            Protocol::Websocket => "ClientError",
        };
        let at = batch.ask(self.metric(name), Statistic::Sum, own.window);
        if let Some(own) = &mut self.own {
            own.asked[1].add(at);
        }
    }

    /// Asks for the sum and the number of samples of both latencies.
    pub(crate) fn ask_latencies(&self, batch: &mut Batch) -> Option<[[usize; 2]; 2]> {
        let window = Window::inside(self.since, self.until).filter(|_| self.of.protocol() != Protocol::Websocket)?;
        let statistics = [Statistic::Sum, Statistic::SampleCount];
        Some(LATENCIES.map(|name| statistics.map(|statistic| batch.ask(self.metric(name), statistic, window))))
    }

    pub(crate) fn ask_percentiles(&self, batch: &mut Batch) -> Option<[[usize; 3]; 2]> {
        let window = Window::inside(self.since, self.until)?.as_one();
        let statistics = [Statistic::P50, Statistic::P95, Statistic::P99];
        Some(LATENCIES.map(|name| statistics.map(|statistic| batch.ask(self.metric(name), statistic, window))))
    }

    /// Takes the answers to the questions of a batch.
    pub(crate) fn take(&mut self, totals: &Totals) {
        let take = |asked: &mut QuestionState, fact: &mut Fetched<u64>| {
            if let QuestionState::At(places) = asked {
                *fact = count(totals, places);
                *asked = QuestionState::Answered;
            }
        };
        take(&mut self.asked, &mut self.requests);
        if let Some(own) = &mut self.own {
            let [requests, client_errors, taken] = &mut own.asked;
            take(requests, &mut own.requests);
            take(client_errors, &mut own.client_errors);
            take(taken, &mut own.taken);
        }
    }

    /// Whether it is known to have served so many requests in the window of the audit.
    pub(crate) fn serves(&self, least: u64) -> bool {
        self.requests.get().is_ok_and(|requests| *requests >= least)
    }

    /// Whether it is known to have served requests since its access log should work.
    pub(crate) fn is_served(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_served(1))
    }

    /// How to recognise its lines, where they have to be searched for because others write to its log group too.
    pub(crate) fn lines_to_find(&self, plan: &Plan<'_>) -> Option<(&'a str, StageLineMatcher)> {
        let own = self.own.as_ref().filter(|own| own.is_served(ENOUGH_REQUESTS))?;
        let Destination::LogGroup(_, group) = own.log.destination else { return None };
        let is_found = own.taken.get().is_ok_and(|taken| *taken > 0)
            && plan.is_shared(&own.log.destination) == Ok(true)
            && plan.is_merged(&self.of) == Ok(false);
        let line = || StageLineMatcher::new(own.log.format, &self.of.api.id, &self.of.stage.name);
        is_found.then(line).flatten().map(|line| (group, line))
    }

    /// The log group that its access log goes to, if that is measured.
    pub(crate) fn group(&self) -> Option<&'a str> {
        match self.own.as_ref()?.log.destination {
            Destination::LogGroup(_, name) => Some(name),
            _ => None,
        }
    }

    pub(crate) fn traffic_answer(&self) -> TrafficAnswer {
        TrafficAnswer {
            api: self.of.api.id.clone(),
            stage: self.of.stage.name.clone(),
            since: self.since,
            until: self.until,
            requests: self.requests.clone(),
            latency: not_asked("latencies of few requests"),
            integration_latency: not_asked("latencies of few requests"),
            percentiles: not_asked("percentiles"),
        }
    }

    /// What it served and its destination received; `None` without an access log that has worked for long enough.
    pub(crate) fn taken_answer(&self, own_lines: Option<Result<OwnLines, Gap>>) -> Option<DestinationIntake> {
        let own = self.own.as_ref()?;
        Some(DestinationIntake {
            api: self.of.api.id.clone(),
            stage: self.of.stage.name.clone(),
            since: own.since,
            until: self.until,
            requests: own.requests.clone(),
            client_errors: own.client_errors.clone(),
            taken: own.taken.clone(),
            own_lines: own_lines.map_or_else(|| not_asked("lines of the stage's own"), Into::into),
        })
    }
}

const LATENCIES: [&str; 2] = ["Latency", "IntegrationLatency"];

/// How far a question has got.
#[derive(Debug, Default, PartialEq)]
enum QuestionState {
    #[default]
    NotAsked,
    /// Its answer is the sum of the totals at these places.
    At(Vec<usize>),
    Answered,
}

impl QuestionState {
    fn add(&mut self, at: usize) {
        match self {
            Self::At(places) => places.push(at),
            _ => *self = Self::At(vec![at]),
        }
    }
}

impl AccessLogIntake<'_> {
    fn is_served(&self, least: u64) -> bool {
        self.requests.get().is_ok_and(|requests| *requests >= least)
    }
}

/// When a destination was created, if that is known; `None` if it does not exist or nothing is known of it.
#[expect(clippy::option_option, reason = "that it is there and when it was created are two things")]
fn created(
    destination: &Destination<'_>,
    plan: &Plan<'_>,
    destinations: LogDestinations<'_>,
) -> Option<Option<Timestamp>> {
    if !plan.is_here(destination) || !destination.is_well_named() {
        return None;
    }
    let created = match destination {
        Destination::LogGroup(_, name) => {
            let answer = destinations.group(name)?;
            &answer.group.get().ok()?.as_ref()?.created_at
        }
        Destination::DeliveryStream(_, name) => {
            let answer = destinations.stream(name)?;
            &answer.stream.get().ok()?.as_ref()?.created_at
        }
        Destination::Other(_) => return None,
    };
    Some(created.get().ok().copied())
}
