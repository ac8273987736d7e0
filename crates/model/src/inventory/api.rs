//! APIs and their stages: what they log and trace, and where to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Fetched, Listing, Subject, SubjectKind,
    arn::Destination,
    fetched::required_option,
    gaps::{walk_gaps, without_gaps},
};

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

    /// The end of its ARN, as [`LogDelivery::stage_path`](super::LogDelivery::stage_path) has it.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}/{}/stages/{}", self.protocol().collection(), self.api.id, self.stage.name)
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
    Api { id, name, protocol, stages }
    #[except(changed_at)]
    Stage { name, access_log, method_logging, tracing, has_canary }
    AccessLogSetting { destination, format }
    MethodLogging { method, level, data_trace }
    GatewaySettings { cloudwatch_role }
}

without_gaps!(Protocol);
