//! What AWS answered: facts, no judgements. `Option` stands only where AWS itself says "none".

mod delivery;
mod function;
mod ingested;
mod key;
mod network;
mod organization;
mod probe;
mod tracing;
mod traffic;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fetched, Gap, Listing, Subject, SubjectKind, arn::Destination, fetched::required_option, gaps::walk_gaps};

pub use delivery::LogDelivery;
pub use function::{CallersAnswer, CapacityProviderAnswer, Function, FunctionVpc};
pub use network::{
    AclEntry, DhcpOptions, InternetGateway, NatGateway, Network, NetworkAcl, NetworkInterface, PeeredVpc,
    PeeringConnection, Permission, PrefixListAnswer, Route, RouteTable, SecurityGroup, Subnet, TransitAttachment,
    TransitGateway, TransitSubnets, TransitTableAnswer, Vpc, VpcEndpoint,
};

pub use ingested::IngestedAnswer;
pub use key::{Key, KeyAnswer};
pub use organization::{Organization, OrganizationLevel, OrganizationPolicy, PolicyType};
pub use probe::{Hit, LogProbe, LogProbeAnswer, OwnPattern, SearchedFor};
pub use tracing::{SamplingAttribute, SamplingRule, TraceDestination};
pub use traffic::{DestinationIntake, LatencyPercentiles, OwnLines, Percentiles, Timing, TrafficAnswer};

/// What is global in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: Fetched<String>,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// When its facts were collected: the "now" of every verdict about it.
    pub collected_at: Timestamp,
    /// The roles that something in its regions names, each once.
    pub roles: Vec<RoleAnswer>,
    /// The managed policies that those roles name, each once.
    pub managed_policies: Vec<ManagedPolicy>,
    /// The organization that the account belongs to, or that it belongs to none.
    pub organization: Fetched<Option<Organization>>,
}

/// What AWS said about a role that something names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleAnswer {
    /// The ARN as it was named.
    pub arn: String,
    /// The role, or that there is none of that name.
    pub role: Fetched<Option<Role>>,
}

/// An IAM role. Policy documents are kept as AWS sent them (raw or URL-encoded JSON).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The role's own ARN: it differs from the one that was asked for if a role of that name has another path now.
    pub arn: String,
    /// Who may assume it.
    pub trust_policy: String,
    /// The ARN of the managed policy that is its permissions boundary.
    #[serde(deserialize_with = "required_option")]
    pub boundary: Option<String>,
    /// The policies written into it.
    pub inline_policies: Listing<InlinePolicy>,
    /// The managed policies attached to it.
    pub attached_policies: Listing<AttachedPolicy>,
}

impl Role {
    /// The ARNs of the managed policies that it names: those attached to it, and its permissions boundary.
    pub fn managed_policies(&self) -> impl Iterator<Item = &str> {
        self.attached_policies.seen.iter().map(|policy| policy.arn.as_str()).chain(self.boundary.as_deref())
    }
}

/// A policy written into a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InlinePolicy {
    /// Unique within the role.
    pub name: String,
    /// JSON, raw or URL-encoded.
    pub document: Fetched<String>,
}

/// A managed policy that a role names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttachedPolicy {
    /// Its ARN; the document is among [`Account::managed_policies`].
    pub arn: String,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `arn:aws:iam::aws:policy/…` or the account's own.
    pub arn: String,
    /// The default version: JSON, raw or URL-encoded.
    pub document: Fetched<String>,
}

/// What is regional in an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// `us-east-1`.
    pub name: String,
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

/// An API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// Ten letters and digits.
    pub id: String,
    /// What its owner calls it; need not be unique.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Its stages.
    pub stages: Listing<Stage>,
}

impl Api {
    /// What CloudWatch calls a REST API in the dimension `ApiName`: "API Gateway removes non-ASCII characters from the
    /// ApiName dimension before sending metrics to CloudWatch. If the APIName contains no ASCII characters, the API ID is
    /// used as the ApiName"
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>).
    #[must_use]
    pub fn metric_name(&self) -> String {
        let ascii: String = self.name.chars().filter(char::is_ascii).collect();
        if ascii.is_empty() { self.id.clone() } else { ascii }
    }
}

/// What an API speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// A REST API.
    Rest,
    /// An HTTP API.
    Http,
    /// A WebSocket API.
    Websocket,
}

impl Protocol {
    /// Every kind of API.
    pub const ALL: [Self; 3] = [Self::Rest, Self::Http, Self::Websocket];

    /// What the ARN of such an API calls it.
    #[must_use]
    pub fn collection(self) -> &'static str {
        match self {
            Self::Rest => "restapis",
            Self::Http | Self::Websocket => "apis",
        }
    }
}

/// A stage. Values of stage variables often hold secrets and are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique within its API; may be `$default` on HTTP APIs.
    pub name: String,
    /// The access-log setting.
    #[serde(deserialize_with = "required_option")]
    pub access_log: Option<AccessLogSetting>,
    /// Execution logging: stage-wide and per method or route.
    pub method_logging: Vec<MethodLogging>,
    /// REST: X-Ray tracing. Other kinds have no such setting.
    #[serde(deserialize_with = "required_option")]
    pub tracing: Option<bool>,
    /// REST: whether a canary deployment is set.
    pub has_canary: bool,
    /// When it was last changed: its settings, or what is deployed to it.
    pub changed_at: Fetched<Timestamp>,
}

/// The access-log setting of a stage; either half can be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessLogSetting {
    /// The ARN of a log group or Firehose stream.
    #[serde(deserialize_with = "required_option")]
    pub destination: Option<String>,
    /// The template of a line.
    #[serde(deserialize_with = "required_option")]
    pub format: Option<String>,
}

/// Execution-log settings of a stage or of one of its methods or routes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodLogging {
    /// The method or route that overrides the stage, as AWS spells it; `None` for the stage-wide setting
    /// (`*/*`, default route settings).
    #[serde(deserialize_with = "required_option")]
    pub method: Option<String>,
    /// `OFF`, `ERROR`, `INFO`; none where AWS states no level.
    #[serde(deserialize_with = "required_option")]
    pub level: Option<String>,
    /// Whether full requests and responses are logged.
    pub data_trace: bool,
}

impl MethodLogging {
    /// Whether it logs: a level that is not stated is off.
    #[must_use]
    pub fn logs(&self) -> bool {
        self.level.as_deref().is_some_and(|level| level != "OFF")
    }
}

/// The account's API Gateway settings in a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GatewaySettings {
    /// The ARN of the role that writes the logs of REST and WebSocket APIs.
    #[serde(deserialize_with = "required_option")]
    pub cloudwatch_role: Option<String>,
}

/// What AWS said about a log group that something writes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroupAnswer {
    /// The name that was asked for.
    pub name: String,
    /// The group, or that there is none of that name.
    pub group: Fetched<Option<LogGroup>>,
}

/// A CloudWatch Logs log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Without `:*`.
    pub arn: String,
    /// Days until events expire; none: never.
    #[serde(deserialize_with = "required_option")]
    pub retention_days: Option<i32>,
    /// `STANDARD`, `INFREQUENT_ACCESS`, `DELIVERY`; none where AWS states no class.
    #[serde(deserialize_with = "required_option")]
    pub class: Option<String>,
    /// The ARN of the KMS key that encrypts it.
    #[serde(deserialize_with = "required_option")]
    pub kms_key: Option<String>,
    /// When it was created.
    pub created_at: Fetched<Timestamp>,
}

/// What AWS said about a Firehose stream that something writes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryStreamAnswer {
    /// The name that was asked for.
    pub name: String,
    /// The stream, or that there is none of that name.
    pub stream: Fetched<Option<DeliveryStream>>,
}

/// A Firehose stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryStream {
    /// `arn:P:firehose:R:A:deliverystream/NAME`.
    pub arn: String,
    /// `ACTIVE`, `CREATING`, `DELETING`, …
    pub status: String,
    /// When it was created.
    pub created_at: Fetched<Timestamp>,
}

/// A resource policy of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogPolicy {
    /// Its name.
    pub name: String,
    /// The ARN of the log group that it belongs to; none: the account.
    #[serde(deserialize_with = "required_option")]
    pub log_group: Option<String>,
    /// As AWS sent it.
    pub document: String,
}

/// A stage together with its API.
#[derive(Clone, Copy, Debug)]
pub struct StageOf<'a> {
    /// The API.
    pub api: &'a Api,
    /// The stage.
    pub stage: &'a Stage,
}

/// An access log that is on: it has a destination and a format.
#[derive(Clone, Copy, Debug)]
pub struct AccessLog<'a> {
    /// Where it goes.
    pub destination: Destination<'a>,
    /// The template of a line.
    pub format: &'a str,
}

impl<'a> StageOf<'a> {
    /// What its API speaks.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.api.protocol
    }

    /// Its access log, if it is on. An empty destination or format is none.
    #[must_use]
    pub fn access_log(&self) -> Option<AccessLog<'a>> {
        let setting = self.stage.access_log.as_ref()?;
        let stated = |half: &'a Option<String>| half.as_deref().filter(|text| !text.is_empty());
        Some(AccessLog {
            destination: Destination::parse(stated(&setting.destination)?),
            format: stated(&setting.format)?,
        })
    }

    /// Whether it writes execution logs, stage-wide or for some method or route. HTTP APIs never do.
    #[must_use]
    pub fn logs_execution(&self) -> bool {
        self.protocol() != Protocol::Http && self.stage.method_logging.iter().any(MethodLogging::logs)
    }

    /// The names of the log groups that API Gateway itself writes its execution log to, whether or not it is on. The names are AWS's:
    /// for REST <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-execution-logging.md>;
    /// for WebSocket and for canaries, observed (AWS does not document them).
    #[must_use]
    pub fn execution_log_groups(&self) -> Vec<String> {
        let (id, stage) = (&self.api.id, &self.stage.name);
        match self.protocol() {
            Protocol::Rest => {
                let group = format!("API-Gateway-Execution-Logs_{id}/{stage}");
                let canary = self.stage.has_canary.then(|| format!("{group}/Canary"));
                std::iter::once(group).chain(canary).collect()
            }
            Protocol::Websocket => vec![format!("/aws/apigateway/{id}/{stage}")],
            Protocol::Http => vec![],
        }
    }

    /// The stage as a report names it.
    #[must_use]
    pub fn subject(&self, partition: &str, region: &str) -> Subject {
        let kind = match self.protocol() {
            Protocol::Rest => SubjectKind::RestStage,
            Protocol::Http => SubjectKind::HttpStage,
            Protocol::Websocket => SubjectKind::WebsocketStage,
        };
        let (id, stage) = (&self.api.id, &self.stage.name);
        Subject {
            kind,
            arn: format!("arn:{partition}:apigateway:{region}::{}", self.path()),
            name: format!("{}/{stage}", if self.api.name.is_empty() { id } else { &self.api.name }),
        }
    }
}

walk_gaps! {
    Account { id, partition, collected_at, roles, managed_policies, organization }
    RoleAnswer { arn, role }
    Role { arn, trust_policy, boundary, inline_policies, attached_policies }
    InlinePolicy { name, document }
    AttachedPolicy { arn }
    ManagedPolicy { arn, document }
    #[except(searched_for, ingested)]
    Region {
        name, rest_apis, v2_apis, gateway_settings, log_groups, delivery_streams, functions, callers, log_deliveries,
        log_policies, capacity_providers, network, log_probes, named_log_groups, keys, traffic, taken, sampling_rules,
        trace_destination
    }
    Api { id, name, protocol, stages }
    #[except(changed_at)]
    Stage { name, access_log, method_logging, tracing, has_canary }
    AccessLogSetting { destination, format }
    MethodLogging { method, level, data_trace }
    GatewaySettings { cloudwatch_role }
    LogGroupAnswer { name, group }
    #[except(created_at)]
    LogGroup { arn, retention_days, class, kms_key }
    DeliveryStreamAnswer { name, stream }
    #[except(created_at)]
    DeliveryStream { arn, status }
    LogPolicy { name, log_group, document }
}
