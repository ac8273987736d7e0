//! What is regional in an account: everything of a region in one place.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Api, CallersAnswer, CapacityProviderAnswer, DeliveryStreamAnswer, DestinationIntake, Function, GatewaySettings,
    IngestedAnswer, KeyAnswer, LogDelivery, LogGroupAnswer, LogPolicy, LogProbeAnswer, Network, SamplingRule,
    SearchedFor, TraceDestination, TrafficAnswer,
};
use crate::{
    AccessDenial, Fetched, Gap, Listing,
    gaps::{walk_gaps, without_gaps},
};

/// What is regional in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// `us-east-1`.
    pub name: String,
    /// Why nothing more of it was read. A file that lacks the key is of a version that asked on, so the gaps of its listings
    /// tell the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedRegion>,
    /// From `apigateway`.
    pub rest_apis: Listing<Api>,
    /// HTTP and WebSocket APIs, from `apigatewayv2`.
    pub v2_apis: Listing<Api>,
    /// The account's API Gateway settings here.
    pub gateway_settings: Fetched<GatewaySettings>,
    /// What AWS said about each log group that something here writes to.
    pub log_groups: Vec<LogGroupAnswer>,
    /// What AWS said about each Firehose stream that something here writes to.
    pub delivery_streams: Vec<DeliveryStreamAnswer>,
    /// Lambda functions.
    pub functions: Listing<Function>,
    /// What AWS said about who may call a function, where that bears on a verdict.
    #[serde(default)]
    pub callers: Vec<CallersAnswer>,
    /// Where delivery sources send the execution logs of REST stages.
    pub log_deliveries: Listing<LogDelivery>,
    /// The resource policies of CloudWatch Logs: those of the account, and those of the log groups that were asked about.
    pub log_policies: Listing<LogPolicy>,
    /// What AWS said about the capacity providers that functions name.
    #[serde(default)]
    pub capacity_providers: Vec<CapacityProviderAnswer>,
    /// The networks that functions are attached to.
    #[serde(default = "Network::not_collected")]
    pub network: Network,
    /// What the search of each log group gave.
    #[serde(default)]
    pub log_probes: Vec<LogProbeAnswer>,
    /// What they were searched for.
    pub searched_for: Fetched<SearchedFor>,
    /// The log groups here that the owner names, and that are not known to be absent.
    pub named_log_groups: Listing<String>,
    /// What AWS said about the KMS keys of log groups.
    #[serde(default)]
    pub keys: Vec<KeyAnswer>,
    /// What CloudWatch counted of stages.
    #[serde(default)]
    pub traffic: Vec<TrafficAnswer>,
    /// What stages served, and what the destinations of their access logs took.
    #[serde(default)]
    pub taken: Vec<DestinationIntake>,
    /// How much log groups took in.
    #[serde(default)]
    pub ingested: Vec<IngestedAnswer>,
    /// The sampling rules of X-Ray.
    pub sampling_rules: Listing<SamplingRule>,
    /// Where X-Ray puts the segments that it is sent.
    pub trace_destination: Fetched<TraceDestination>,
}

/// Why a region is closed to an account, so that nothing of it can be read and next to nothing can be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedRegion {
    /// A service control policy of the organization denied every listing that a region is asked for first: of REST APIs, of
    /// HTTP and WebSocket APIs, of functions, and of the log groups that the owner names, as far as they are needed.
    Organization(AccessDenial),
    /// The region is one that has to be enabled, and is not.
    NotEnabled,
}

impl ClosedRegion {
    /// What denied the calls, if a policy did.
    #[must_use]
    pub fn denied_by(&self) -> Option<&AccessDenial> {
        match self {
            Self::Organization(denial) => Some(denial),
            Self::NotEnabled => None,
        }
    }
}

impl fmt::Display for ClosedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(denial) => write!(f, "closed by the organization: {denial}"),
            Self::NotEnabled => f.write_str("the region is not enabled for the account"),
        }
    }
}

impl Region {
    /// A region of which nothing is known.
    #[must_use]
    pub fn unread(name: &str, gap: &Gap) -> Self {
        Self::without_facts(name, Network::unread(gap), |_| gap.clone())
    }

    /// A region of which nobody has asked anything yet. Whoever collects or tests some of its facts fills in these fields
    /// alone: `Region { rest_apis, ..Region::not_collected(name) }`.
    #[must_use]
    pub fn not_collected(name: &str) -> Self {
        Self::without_facts(name, Network::not_collected(), |what| Gap::not_collected(format!("{what} in {name}")))
    }

    fn without_facts(name: &str, network: Network, gap: impl Fn(&str) -> Gap) -> Self {
        Self {
            name: name.to_owned(),
            closed: None,
            rest_apis: Listing::unread(gap("REST APIs")),
            v2_apis: Listing::unread(gap("HTTP and WebSocket APIs")),
            gateway_settings: Err(gap("API Gateway settings")).into(),
            log_groups: Vec::new(),
            delivery_streams: Vec::new(),
            functions: Listing::unread(gap("functions")),
            callers: Vec::new(),
            log_deliveries: Listing::unread(gap("delivery sources (no REST stage logs execution)")),
            log_policies: Listing::unread(gap("resource policies of CloudWatch Logs")),
            capacity_providers: Vec::new(),
            network,
            log_probes: Vec::new(),
            searched_for: Err(gap("what log groups hold")).into(),
            named_log_groups: Listing::unread(gap("log groups that are named")),
            keys: Vec::new(),
            traffic: Vec::new(),
            taken: Vec::new(),
            ingested: Vec::new(),
            sampling_rules: Listing::unread(gap("sampling rules")),
            trace_destination: Err(gap("the destination of segments (nothing sends any)")).into(),
        }
    }
}

walk_gaps! {
    #[except(closed, searched_for, ingested)]
    Region {
        name, rest_apis, v2_apis, gateway_settings, log_groups, delivery_streams, functions, callers, log_deliveries,
        log_policies, capacity_providers, network, log_probes, named_log_groups, keys, traffic, taken, sampling_rules,
        trace_destination
    }
}

without_gaps!(ClosedRegion);
