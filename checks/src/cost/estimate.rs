//! From what is known of a stage to what it costs.

use gatelight_model::{
    Gap,
    inventory::{LogGroup, Protocol},
    text::thousands,
};

use super::{
    AccessLogDestination, AccessLogFacts, Cost, Estimate, ExecutionLogFacts, HOURS_A_MONTH, InWindow, Item, Money,
    PriceList, Quote, StageCost, StageFacts, Total, TraceDestination, TraceFacts, line_bytes, logs, traces, units,
};

/// Where prices of CloudWatch Logs fall with volume: beyond 10 TB a month
/// (<https://aws.amazon.com/cloudwatch/pricing/>, vended logs). Whether access logs of API Gateway are counted there is
/// not documented, so that all is estimated at the price of the first tier.
const FIRST_TIER: u128 = 10_000 * logs::GB;

const ACCESS_LOG: [Item; 2] = [Item::AccessLogIngestion, Item::AccessLogStorage];
const EXECUTION_LOG: [Item; 2] = [Item::ExecutionLogIngestion, Item::ExecutionLogStorage];

/// What a stage costs a month.
#[must_use]
pub fn estimate(facts: &StageFacts<'_>, prices: &PriceList) -> StageCost {
    let quote = prices.quote(facts.region);
    let mut costs = Vec::new();
    match &facts.access_log {
        None => costs.extend(ACCESS_LOG.map(|item| off(item, "the access log is off"))),
        Some(log) => access_log(facts, log, &quote, &mut costs),
    }
    if facts.execution_logs.is_empty() {
        costs.extend(EXECUTION_LOG.map(|item| off(item, "the execution log is off")));
    }
    for log in &facts.execution_logs {
        execution_log(log, &quote, &mut costs);
    }
    costs.push(match &facts.traces {
        None => off(Item::Traces, "tracing is off"),
        Some(of) => recorded(facts, of, &quote),
    });
    let errors_only_saves = errors_only_saves(facts, &costs);
    StageCost { costs, requests: of_the_api(facts, prices), errors_only_saves }
}

/// What an execution log of level INFO costs, if all of that is known.
fn errors_only_saves(facts: &StageFacts<'_>, costs: &[Cost]) -> Option<Money> {
    let is_info = |log: &ExecutionLogFacts<'_>| log.level == "INFO" && !log.data_trace;
    if facts.execution_logs.is_empty() || !facts.execution_logs.iter().all(is_info) {
        return None;
    }
    let total: Total = costs.iter().filter(|cost| EXECUTION_LOG.contains(&cost.item)).collect();
    total.is_whole().then_some(total.known)
}

fn off(item: Item, why: &'static str) -> Cost {
    Cost { item, resource: None, estimate: Estimate::Nothing(why), assumptions: vec![] }
}

/// An amount a month and how it is told, or why it is not known.
type Amount = Result<(u128, String), Gap>;

/// What a sum over a window comes to in a month. `tell` puts the amount in words.
fn a_month(window: &Result<InWindow, Gap>, tell: impl Fn(u128) -> String) -> Amount {
    let window = window.as_ref().map_err(Clone::clone)?;
    let no_length = || Gap::unprovable("the window", "the window has no length: nothing can be extrapolated from it");
    let amount = window.a_month().ok_or_else(no_length)?;
    let from = units::length(window.seconds);
    Ok((amount, format!("{} a month, extrapolated from {from}", tell(amount))))
}

fn requests(facts: &StageFacts<'_>) -> Amount {
    let what = match facts.protocol {
        Protocol::Rest | Protocol::Http => "requests",
        Protocol::Websocket => "connections and messages",
    };
    a_month(&facts.requests, |amount| format!("{} {what}", units::count(amount)))
}

/// What API Gateway itself charges for the requests.
fn of_the_api(facts: &StageFacts<'_>, prices: &PriceList) -> Cost {
    let cost = |estimate, assumptions| Cost { item: Item::Requests, resource: None, estimate, assumptions };
    let a_million = match facts.protocol {
        Protocol::Rest => prices.requests.rest,
        Protocol::Http => prices.requests.http,
        Protocol::Websocket => {
            let why = "AWS charges messages and connection minutes, which are not known";
            return cost(Estimate::Elsewhere(why.to_owned()), vec![]);
        }
    };
    match requests(facts) {
        Err(gap) => cost(Estimate::Unknown(gap), vec![]),
        Ok((requests, told)) => {
            let price = format!("{} a million, us-east-1's price, before volume discounts", a_million.exact());
            cost(Estimate::Known(Money::of(requests, a_million, 1_000_000)), vec![told, price])
        }
    }
}

fn access_log(facts: &StageFacts<'_>, log: &AccessLogFacts<'_>, quote: &Quote<'_>, costs: &mut Vec<Cost>) {
    let mut both = |name: &str, estimate: Estimate| {
        let cost =
            |item| Cost { item, resource: Some(name.to_owned()), estimate: estimate.clone(), assumptions: vec![] };
        costs.extend(ACCESS_LOG.map(cost));
    };
    let (name, group) = match &log.destination {
        AccessLogDestination::LogGroup(name, group) => (*name, group),
        AccessLogDestination::DeliveryStream(name) => {
            let why = "Firehose and its destination have their own prices: not estimated";
            return both(name, Estimate::Elsewhere(why.to_owned()));
        }
        AccessLogDestination::Other(name) => {
            return both(name, Estimate::Nothing("API Gateway does not write to its destination"));
        }
    };
    let bytes = requests(facts).map(|(requests, told)| {
        let line = line_bytes(facts.protocol, log.format);
        let line_told = format!(
            "{} bytes a line: its format with the values of an ordinary request that succeeds",
            thousands(u128::from(line))
        );
        (requests.saturating_mul(u128::from(line)), vec![told, line_told])
    });
    log_group(ACCESS_LOG, name, group, &bytes, quote, costs);
}

fn execution_log(log: &ExecutionLogFacts<'_>, quote: &Quote<'_>, costs: &mut Vec<Cost>) {
    let bytes = a_month(&log.bytes, |bytes| format!("{} ingested", units::volume(bytes)));
    let bytes = bytes.map(|(bytes, told)| {
        let payloads = if log.data_trace { ", with full requests and responses (data trace)" } else { "" };
        (bytes, vec![told, format!("level {}{payloads}", log.level)])
    });
    log_group(EXECUTION_LOG, &log.name, &log.group, &bytes, quote, costs);
}

/// What it costs to take log data into a group, and to keep it there.
fn log_group(
    [ingestion, storage]: [Item; 2],
    name: &str,
    group: &Result<Option<&LogGroup>, Gap>,
    bytes: &Result<(u128, Vec<String>), Gap>,
    quote: &Quote<'_>,
    costs: &mut Vec<Cost>,
) {
    let mut tell = |item, (estimate, assumptions)| {
        costs.push(Cost { item, resource: Some(name.to_owned()), estimate, assumptions });
    };
    let without = match group {
        Ok(Some(group)) => {
            tell(ingestion, known(bytes, |bytes, told| taken_in(bytes, told, group, quote)));
            return tell(storage, known(bytes, |bytes, told| kept(bytes, told, group, quote)));
        }
        Ok(None) => Estimate::Nothing("the log group does not exist"),
        Err(gap) => Estimate::Unknown(gap.clone()),
    };
    for item in [ingestion, storage] {
        tell(item, (without.clone(), vec![]));
    }
}

fn known(
    bytes: &Result<(u128, Vec<String>), Gap>,
    cost: impl FnOnce(u128, &mut Vec<String>) -> Result<Money, Gap>,
) -> (Estimate, Vec<String>) {
    match bytes {
        Err(gap) => (Estimate::Unknown(gap.clone()), vec![]),
        Ok((bytes, told)) => {
            let mut told = told.clone();
            match cost(*bytes, &mut told) {
                Ok(money) => (Estimate::Known(money), told),
                Err(gap) => (Estimate::Unknown(gap), told),
            }
        }
    }
}

/// The price of a GB that a group takes in.
///
/// # Errors
/// If its class has no price here: none of what is paid for it is known then.
fn price_of_class(group: &LogGroup, quote: &Quote<'_>) -> Result<Money, Gap> {
    match group.class.as_deref() {
        None | Some("STANDARD") => Ok(quote.prices.standard),
        Some("INFREQUENT_ACCESS") => Ok(quote.prices.infrequent),
        Some(class) => Err(Gap::unprovable(&group.arn, format!("no price is known for log class {class}"))),
    }
}

fn taken_in(bytes: u128, told: &mut Vec<String>, group: &LogGroup, quote: &Quote<'_>) -> Result<Money, Gap> {
    let a_gb = price_of_class(group, quote)?;
    told.push(format!("{} a GB ingested ({})", a_gb.exact(), whose(quote)));
    if bytes > FIRST_TIER {
        told.push("beyond 10 TB a month AWS may charge less for a GB: not counted".to_owned());
    }
    Ok(logs::ingestion(bytes, a_gb, 0))
}

fn kept(bytes: u128, told: &mut Vec<String>, group: &LogGroup, quote: &Quote<'_>) -> Result<Money, Gap> {
    price_of_class(group, quote)?;
    let price = quote.prices.storage;
    let (hours, how_long) = if let Some(days) = group.retention_days {
        let days = u64::try_from(days).unwrap_or(0);
        (24 * days, format!("kept for {} days", thousands(u128::from(days))))
    } else {
        let grows = "never expires: this is for the lines of one month, and it grows by this amount every month";
        (HOURS_A_MONTH, grows.to_owned())
    };
    told.push(how_long);
    told.push(format!(
        "{} a GB and month ({}), compressed to 15 %, as AWS's calculator assumes",
        price.exact(),
        whose(quote)
    ));
    if group.class.as_deref() == Some("INFREQUENT_ACCESS") {
        told.push("the storage price of class STANDARD: what is written of INFREQUENT_ACCESS differs".to_owned());
    }
    Ok(logs::storage(bytes, hours, price))
}

fn recorded(facts: &StageFacts<'_>, of: &TraceFacts, quote: &Quote<'_>) -> Cost {
    let cost = |resource: Option<&str>, estimate, assumptions| Cost {
        item: Item::Traces,
        resource: resource.map(str::to_owned),
        estimate,
        assumptions,
    };
    let unknown = |gap: &Gap| cost(None, Estimate::Unknown(gap.clone()), vec![]);
    match &of.destination {
        Err(gap) => return unknown(gap),
        Ok(TraceDestination::CloudWatchLogs) => {
            let why = "AWS charges Transaction Search by the volume of spans, which is not known";
            return cost(None, Estimate::Elsewhere(why.to_owned()), vec![]);
        }
        Ok(TraceDestination::XRay) => {}
    }
    let (sampling, requests) = match (&of.sampling, requests(facts)) {
        (Ok(sampling), Ok(requests)) => (sampling, requests),
        (Err(gap), _) => return unknown(gap),
        (_, Err(gap)) => return unknown(&gap),
    };
    let rule = Some(sampling.rule.as_str());
    let Some(recorded) = sampling.recorded(requests.0) else {
        let gap =
            Gap::unprovable(&sampling.rule, format!("the rate of sampling rule {} is not a fraction", sampling.rule));
        return cost(rule, Estimate::Unknown(gap), vec![]);
    };
    let mut told = vec![
        requests.1,
        format!(
            "sampling rule {}: {} a second and {} of the rest, so about {} traces",
            sampling.rule,
            thousands(u128::from(sampling.reservoir)),
            share(sampling.fixed_rate),
            units::count(recorded)
        ),
        format!("{} a million traces recorded ({})", quote.prices.traces.exact(), whose(quote)),
    ];
    if sampling.reservoir > 0 {
        told.push("less if requests come in bursts, or others use the rule too".to_owned());
    }
    if !sampling.before.is_empty() {
        told.push(format!("assuming that no request matches these earlier rules: {}", sampling.before.join(", ")));
    }
    cost(rule, Estimate::Known(traces::recording(recorded, quote.prices.traces, 0)), told)
}

/// `5 %`, `0.3 %`.
fn share(rate: f64) -> String {
    format!("{} %", (rate * 1e6).round() / 1e4)
}

/// Whose prices: `eu-west-1, 2025-04-30`.
fn whose(quote: &Quote<'_>) -> String {
    match quote.stands_in_for {
        None => format!("price of {}", quote.date),
        Some(region) => format!("us-east-1's price of {}: {region}'s is not known", quote.date),
    }
}
