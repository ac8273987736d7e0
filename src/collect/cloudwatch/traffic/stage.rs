//! A stage, what is asked about it, and what was told.

use gatelight_checks::{
    Context,
    access_log::silent::{LEAST, REQUESTS, settled},
};
use gatelight_formats::lines::OwnLine;
use gatelight_model::{
    Fetched, Gap,
    arn::Destination,
    inventory::{AccessLog, DestinationIntake, OwnLines, Protocol, StageOf, TrafficAnswer},
};
use jiff::Timestamp;

use super::{Asks, Metric, Places, Statistic, Told, Window, count};

const GATEWAY: &str = "AWS/ApiGateway";

/// A log group's count of what it took.
pub(crate) fn incoming_events(group: &str) -> Metric {
    Metric { namespace: "AWS/Logs", name: "IncomingLogEvents", dimensions: vec![("LogGroupName", group.to_owned())] }
}

/// A Firehose stream's count of what it took.
fn incoming_records(stream: &str) -> Metric {
    let dimensions = vec![("DeliveryStreamName", stream.to_owned())];
    Metric { namespace: "AWS/Firehose", name: "IncomingRecords", dimensions }
}

fn not_asked<T>(what: &str) -> Fetched<T> {
    Err(Gap::not_collected(format!("{what}, on which no verdict hangs"))).into()
}

/// A stage in the window of the audit, and in that of its access log.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) of: StageOf<'a>,
    since: Timestamp,
    until: Timestamp,
    asked: Asked,
    requests: Fetched<u64>,
    /// What is remembered of its traffic and still holds, and what to remember of it next time.
    pub(crate) remembered: Option<(TrafficAnswer, (String, String))>,
    pub(crate) own: Option<Own<'a>>,
}

/// The access log of a stage: since when it has worked, if it works.
#[derive(Debug)]
pub(crate) struct Own<'a> {
    pub(crate) log: AccessLog<'a>,
    pub(crate) since: Timestamp,
    window: Window,
    /// Requests, clients' errors, what the destination took.
    asked: [Asked; 3],
    requests: Fetched<u64>,
    client_errors: Fetched<u64>,
    taken: Fetched<u64>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(of: StageOf<'a>, (since, until): (Timestamp, Timestamp)) -> Self {
        let (asked, requests) = (Asked::Not, not_asked("requests"));
        Self { of, since, until, asked, requests, remembered: None, own: None }
    }

    /// Finds out from when on the access log is looked at, if its destination is there and that is long enough ago.
    pub(crate) fn look_at_destination(&mut self, context: &Context<'_>, places: Places<'_>) {
        let Some(log) = self.of.access_log() else { return };
        let Some(created) = created(&log.destination, context, places) else { return };
        let changed = self.of.stage.changed_at.get().ok().copied();
        let since = settled([changed, created]).map_or(self.since, |settled| settled.max(self.since));
        if self.until.duration_since(since) < LEAST {
            return;
        }
        let Some(window) = Window::inside(since, self.until) else { return };
        let (requests, client_errors) = (not_asked("requests"), not_asked("clients' errors"));
        let taken = not_asked("what the destination took");
        let asked = Default::default();
        self.own = Some(Own { log, since, window, asked, requests, client_errors, taken });
    }

    fn metric(&self, name: &'static str) -> Metric {
        let StageOf { api, stage } = self.of;
        let api = match api.protocol {
            Protocol::Rest => ("ApiName", api.metric_name()),
            Protocol::Http | Protocol::Websocket => ("ApiId", api.id.clone()),
        };
        Metric { namespace: GATEWAY, name, dimensions: vec![api, ("Stage", stage.name.clone())] }
    }

    pub(crate) fn ask_requests(&mut self, asks: &mut Asks) {
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
                self.asked.add(asks.ask(metric.clone(), statistic, window));
            }
            if let Some(own) = &mut self.own {
                own.asked[0].add(asks.ask(metric, statistic, own.window));
            }
        }
    }

    /// Asks what the destination took, once, if that has not been asked and may decide something.
    pub(crate) fn ask_taken(&mut self, asks: &mut Asks, now: Timestamp) {
        let Some(own) = self.own.as_mut().filter(|own| own.asked[2] == Asked::Not) else { return };
        let metric = match own.log.destination {
            Destination::LogGroup(_, name) => incoming_events(name),
            Destination::DeliveryStream(_, name) => incoming_records(name),
            Destination::Other(_) => return,
        };
        own.asked[2].add(asks.ask(metric, Statistic::Sum, own.window.on_to(now)));
    }

    /// Asks for clients' errors where the other requests would have had to leave something, and may not have.
    pub(crate) fn ask_client_errors(&mut self, asks: &mut Asks, context: &Context<'_>) {
        let Some(own) = self.own.as_ref().filter(|own| own.is_served(REQUESTS)) else { return };
        let arrives = own.taken.get().is_ok_and(|taken| *taken > 0);
        if arrives && context.traffic().is_shared(&own.log.destination) == Ok(false) {
            return;
        }
        let name = match self.of.protocol() {
            Protocol::Rest => "4XXError",
            Protocol::Http => "4xx",
            Protocol::Websocket => "ClientError",
        };
        let at = asks.ask(self.metric(name), Statistic::Sum, own.window);
        if let Some(own) = &mut self.own {
            own.asked[1].add(at);
        }
    }

    /// Asks for the sum and the number of samples of both latencies.
    pub(crate) fn ask_latencies(&self, asks: &mut Asks) -> Option<[[usize; 2]; 2]> {
        let window = Window::inside(self.since, self.until).filter(|_| self.of.protocol() != Protocol::Websocket)?;
        let statistics = [Statistic::Sum, Statistic::SampleCount];
        Some(LATENCIES.map(|name| statistics.map(|statistic| asks.ask(self.metric(name), statistic, window))))
    }

    pub(crate) fn ask_percentiles(&self, asks: &mut Asks) -> Option<[[usize; 3]; 2]> {
        let window = Window::inside(self.since, self.until)?.as_one();
        let statistics = [Statistic::P50, Statistic::P95, Statistic::P99];
        Some(LATENCIES.map(|name| statistics.map(|statistic| asks.ask(self.metric(name), statistic, window))))
    }

    /// Takes the answers to what was asked since the last time.
    pub(crate) fn take(&mut self, told: &Told) {
        let take = |asked: &mut Asked, fact: &mut Fetched<u64>| {
            if let Asked::At(places) = asked {
                *fact = count(told, places);
                *asked = Asked::Told;
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

    /// Whether it is known to have served requests since its access log has worked.
    pub(crate) fn is_served(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_served(1))
    }

    /// How its lines look, where they have to be looked for: others write to its log group too.
    pub(crate) fn lines_to_find(&self, context: &Context<'_>) -> Option<(&'a str, OwnLine)> {
        let own = self.own.as_ref().filter(|own| own.is_served(REQUESTS))?;
        let Destination::LogGroup(_, group) = own.log.destination else { return None };
        let is_found = own.taken.get().is_ok_and(|taken| *taken > 0)
            && context.traffic().is_shared(&own.log.destination) == Ok(true)
            && context.traffic().is_merged(&self.of, context) == Ok(false);
        let line = || OwnLine::new(own.log.format, &self.of.api.id, &self.of.stage.name);
        is_found.then(line).flatten().map(|line| (group, line))
    }

    /// The log group that its access log goes to, if it is looked at.
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

    /// What it served and its destination took; none where it has no access log that can have worked for long enough.
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

/// How far a question has come.
#[derive(Debug, Default, PartialEq)]
enum Asked {
    #[default]
    Not,
    /// Its answer will be the sum of those at these places.
    At(Vec<usize>),
    Told,
}

impl Asked {
    fn add(&mut self, at: usize) {
        match self {
            Self::At(places) => places.push(at),
            _ => *self = Self::At(vec![at]),
        }
    }
}

impl Own<'_> {
    fn is_served(&self, least: u64) -> bool {
        self.requests.get().is_ok_and(|requests| *requests >= least)
    }
}

/// When a destination was created, as far as AWS told; none at all if it is not there, or AWS would not say.
#[expect(clippy::option_option, reason = "that it is there and when it was created are two things")]
fn created(destination: &Destination<'_>, context: &Context<'_>, places: Places<'_>) -> Option<Option<Timestamp>> {
    if !context.is_here(destination) || !destination.is_well_named() {
        return None;
    }
    let created = match destination {
        Destination::LogGroup(_, name) => {
            let answer = places.group(name)?;
            &answer.group.get().ok()?.as_ref()?.created_at
        }
        Destination::DeliveryStream(_, name) => {
            let answer = places.stream(name)?;
            &answer.stream.get().ok()?.as_ref()?.created_at
        }
        Destination::Other(_) => return None,
    };
    Some(created.get().ok().copied())
}
