//! Fills accounts of moto by API calls. Every test has accounts of its own, so tests do not see each other.

use std::{
    collections::BTreeMap,
    ops::Index,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_apigatewayv2::types::{AccessLogSettings, LoggingLevel, ProtocolType, RouteSettings};
use aws_sdk_firehose::types::{
    CompressionFormat, S3DestinationConfiguration, builders::S3DestinationConfigurationBuilder,
};
use aws_types::{SdkConfig, region::Region as Name};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{moto, run::Gatelight};

/// Trusts API Gateway, as the console's own role does.
pub(crate) fn trust() -> Value {
    trust_of(&json!({"Service": "apigateway.amazonaws.com"}), None)
}

/// A trust policy of one statement.
pub(crate) fn trust_of(principal: &Value, condition: Option<Value>) -> Value {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// A policy of one statement about writing logs.
pub(crate) fn writing(effect: &str, resource: &str) -> Value {
    let actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": resource}]})
}

pub(crate) const PUSH_TO_CLOUDWATCH: &str = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";

/// Access keys.
#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Keys {
    /// Well formed; moto takes them for its default account's.
    pub(crate) fn nobodys() -> Self {
        Self { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), secret: "secret".to_owned(), token: "token".to_owned() }
    }
}

/// What a script has seeded: names and ARNs.
pub(crate) struct Seeded(pub(crate) BTreeMap<String, String>);

impl Seeded {
    /// As subjects of [`super::report::Report::is`].
    pub(crate) fn subjects(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, arn)| (name.as_str(), arn.as_str())).collect()
    }
}

impl Index<&str> for Seeded {
    type Output = String;

    fn index(&self, name: &str) -> &String {
        &self.0[name]
    }
}

/// An account of moto that nobody else uses.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) keys: Keys,
    runtime: Runtime,
}

/// A region of an [`Account`].
pub(crate) struct Region<'a> {
    account: &'a Account,
    name: &'static str,
    config: SdkConfig,
}

fn config(keys: &Keys, region: &'static str) -> SdkConfig {
    let Keys { id, secret, token } = keys.clone();
    SdkConfig::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(Name::from_static(region))
        .endpoint_url(endpoint())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(id, secret, Some(token), None, "test")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// The URL of moto.
pub(crate) fn endpoint() -> String {
    format!("http://127.0.0.1:{}", moto::port())
}

impl Account {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(200_000_000_001);
        Self::of(NEXT.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// The account of that id.
    pub(crate) fn of(id: String) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        // moto opens an account to whoever assumes a role in it, even one that does not exist.
        let assume = aws_sdk_sts::Client::new(&config(&Keys::nobodys(), "us-east-1"))
            .assume_role()
            .role_arn(format!("arn:aws:iam::{id}:role/auditor"))
            .role_session_name("tests");
        let answer = runtime.block_on(assume.send()).unwrap().credentials.unwrap();
        let keys = Keys { id: answer.access_key_id, secret: answer.secret_access_key, token: answer.session_token };
        Self { id, keys, runtime }
    }

    pub(crate) fn region(&self, name: &'static str) -> Region<'_> {
        Region { account: self, name, config: config(&self.keys, name) }
    }

    /// `gatelight audit --format json` with this account's keys. moto is not AWS: it need not be spared.
    pub(crate) fn audit(&self) -> Gatelight {
        self.gatelight(["audit", "--format", "json", "--pace", "off"])
    }

    /// `gatelight` with this account's keys. moto has no metrics in CBOR.
    pub(crate) fn gatelight<const N: usize>(&self, args: [&str; N]) -> Gatelight {
        Gatelight::new(args).keys(&self.keys).endpoint(&endpoint()).without_metrics()
    }

    /// Fills a region by a script in Python, where Rust's builders would drown what is built; returns its `answer`.
    pub(crate) fn script(&self, region: &str, script: &str) -> Seeded {
        let code = format!("{}\n{script}\nprint(json.dumps(answer))", include_str!("seed.py"));
        let ran = Command::new(moto::python())
            .args(["-I", "-c", &code])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", &self.keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.secret)
            .env("AWS_SESSION_TOKEN", &self.keys.token)
            .env("AWS_DEFAULT_REGION", region)
            .env("ACCOUNT", &self.id)
            .env("ENDPOINT", endpoint())
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        Seeded(serde_json::from_slice(&ran.stdout).unwrap())
    }

    /// A role that API Gateway can use for everything.
    pub(crate) fn good_role(&self) -> String {
        self.role(Role { attached: vec![PUSH_TO_CLOUDWATCH.to_owned()], ..Role::default() })
    }

    /// Creates a role and returns its ARN.
    pub(crate) fn role(&self, role: Role<'_>) -> String {
        let Role { name, path, trust, inline, attached, boundary } = role;
        let iam = aws_sdk_iam::Client::new(&config(&self.keys, "us-east-1"));
        self.runtime.block_on(async {
            let create = iam.create_role().role_name(name).path(path).set_permissions_boundary(boundary);
            let answer = create.assume_role_policy_document(trust.to_string()).send().await.unwrap();
            for (policy, document) in inline {
                let put = iam.put_role_policy().role_name(name).policy_name(policy);
                put.policy_document(document.to_string()).send().await.unwrap();
            }
            for arn in attached {
                iam.attach_role_policy().role_name(name).policy_arn(arn).send().await.unwrap();
            }
            answer.role.unwrap().arn
        })
    }

    /// Creates a managed policy and returns its ARN.
    pub(crate) fn policy(&self, name: &str, document: &Value) -> String {
        let iam = aws_sdk_iam::Client::new(&config(&self.keys, "us-east-1"));
        let create = iam.create_policy().policy_name(name).policy_document(document.to_string());
        self.runtime.block_on(create.send()).unwrap().policy.unwrap().arn.unwrap()
    }
}

/// A role to be created; the default trusts API Gateway and may do nothing.
pub(crate) struct Role<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) trust: Value,
    pub(crate) inline: Vec<(&'a str, Value)>,
    pub(crate) attached: Vec<String>,
    pub(crate) boundary: Option<String>,
}

impl Default for Role<'_> {
    fn default() -> Self {
        Self { name: "apigw-logs", path: "/", trust: trust(), inline: vec![], attached: vec![], boundary: None }
    }
}

/// The settings of a stage to be created; the default is what AWS gives a stage on which nothing was set.
#[derive(Clone, Default)]
pub(crate) struct Stage<'a> {
    destination: Option<String>,
    format: Option<String>,
    level: Option<&'a str>,
    data_trace: bool,
    overrides: Vec<(&'a str, &'a str, bool)>,
    tracing: bool,
    variables: Vec<(&'a str, &'a str)>,
}

impl<'a> Stage<'a> {
    /// With an access log.
    pub(crate) fn log(destination: &str, format: &str) -> Self {
        Self { destination: Some(destination.to_owned()), format: Some(format.to_owned()), ..Self::default() }
    }

    /// With half an access log.
    pub(crate) fn destination(mut self, arn: &str) -> Self {
        self.destination = Some(arn.to_owned());
        self
    }

    /// With the other half of an access log.
    pub(crate) fn format(mut self, format: &str) -> Self {
        self.format = Some(format.to_owned());
        self
    }

    /// With execution logs.
    pub(crate) fn level(mut self, level: &'a str) -> Self {
        self.level = Some(level);
        self
    }

    /// With requests and responses in the execution logs.
    pub(crate) fn data_trace(mut self) -> Self {
        self.data_trace = true;
        self
    }

    /// With execution-log settings of its own for one method (`~1pets/GET`) or route (`$connect`).
    pub(crate) fn over(mut self, method: &'a str, level: &'a str, data_trace: bool) -> Self {
        self.overrides.push((method, level, data_trace));
        self
    }

    pub(crate) fn tracing(mut self) -> Self {
        self.tracing = true;
        self
    }

    pub(crate) fn variable(mut self, name: &'a str, value: &'a str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn route_settings(&self) -> Option<RouteSettings> {
        let stated = self.level.is_some() || self.data_trace;
        stated.then(|| {
            RouteSettings::builder()
                .set_logging_level(self.level.map(LoggingLevel::from))
                .data_trace_enabled(self.data_trace)
                .build()
        })
    }
}

impl Region<'_> {
    /// The ARN of a log group of this account and region, whether or not it exists.
    pub(crate) fn log_group_arn(&self, name: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{name}", self.name, self.account.id)
    }

    /// Creates a log group and returns its ARN, without `:*`.
    pub(crate) fn log_group(&self, name: &str, retention: Option<i32>) -> String {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        self.account.runtime.block_on(async {
            logs.create_log_group().log_group_name(name).send().await.unwrap();
            if let Some(days) = retention {
                logs.put_retention_policy().log_group_name(name).retention_in_days(days).send().await.unwrap();
            }
        });
        self.log_group_arn(name)
    }

    pub(crate) fn delete_log_group(&self, name: &str) {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        self.account.runtime.block_on(logs.delete_log_group().log_group_name(name).send()).unwrap();
    }

    /// The ARN of a Firehose stream of this account and region, whether or not it exists.
    pub(crate) fn stream_arn(&self, name: &str) -> String {
        format!("arn:aws:firehose:{}:{}:deliverystream/{name}", self.name, self.account.id)
    }

    /// Creates a Firehose stream and returns its ARN.
    pub(crate) fn stream(&self, name: &str) -> String {
        self.stream_to(name, S3DestinationConfiguration::builder().compression_format(CompressionFormat::Gzip))
    }

    /// The same without a compression format. AWS answers with `UNCOMPRESSED` then; moto leaves the field out, without
    /// which the SDK cannot read the answer.
    pub(crate) fn bare_stream(&self, name: &str) -> String {
        self.stream_to(name, S3DestinationConfiguration::builder())
    }

    fn stream_to(&self, name: &str, bucket: S3DestinationConfigurationBuilder) -> String {
        let role = format!("arn:aws:iam::{}:role/firehose", self.account.id);
        let bucket = bucket.role_arn(role).bucket_arn("arn:aws:s3:::a-bucket").build().unwrap();
        let create = aws_sdk_firehose::Client::new(&self.config).create_delivery_stream().delivery_stream_name(name);
        #[allow(deprecated, reason = "the extended form says no more here")]
        let create = create.s3_destination_configuration(bucket);
        self.account.runtime.block_on(create.send()).unwrap();
        self.stream_arn(name)
    }

    /// Sets the role with which API Gateway writes logs here. moto takes any; AWS tries it out first.
    pub(crate) fn gateway_role(&self, arn: &str) {
        let patch = PatchOperation::builder().op(Op::Replace).path("/cloudwatchRoleArn").value(arn).build();
        let gateway = aws_sdk_apigateway::Client::new(&self.config);
        self.account.runtime.block_on(gateway.update_account().patch_operations(patch).send()).unwrap();
    }

    /// The subject of the checks of account settings here.
    pub(crate) fn account_arn(&self) -> String {
        format!("arn:aws:apigateway:{}::/account", self.name)
    }

    /// Creates a REST API with one stage and returns the stage's ARN.
    pub(crate) fn rest(&self, api: &str, name: &str, stage: &Stage<'_>) -> String {
        let gateway = aws_sdk_apigateway::Client::new(&self.config);
        let id = self.account.runtime.block_on(gateway.create_rest_api().name(api).send()).unwrap().id.unwrap();
        self.rest_stage(&id, name, stage)
    }

    /// Adds a stage to a REST API and returns its ARN.
    pub(crate) fn rest_stage(&self, api: &str, name: &str, stage: &Stage<'_>) -> String {
        let gateway = aws_sdk_apigateway::Client::new(&self.config);
        let mut patches = Vec::new();
        let mut set = |path: String, value: &str| {
            patches.push(PatchOperation::builder().op(Op::Replace).path(path).value(value).build());
        };
        if let Some(arn) = &stage.destination {
            set("/accessLogSettings/destinationArn".to_owned(), arn);
        }
        if let Some(format) = &stage.format {
            set("/accessLogSettings/format".to_owned(), format);
        }
        if let Some(level) = stage.level {
            set("/*/*/logging/loglevel".to_owned(), level);
        }
        if stage.data_trace {
            set("/*/*/logging/dataTrace".to_owned(), "true");
        }
        for (method, level, data_trace) in &stage.overrides {
            set(format!("/{method}/logging/loglevel"), level);
            set(format!("/{method}/logging/dataTrace"), &data_trace.to_string());
        }
        self.account.runtime.block_on(async {
            // AWS wants a deployment that exists, and that a method does; moto wants neither.
            let create = gateway.create_stage().rest_api_id(api).stage_name(name).deployment_id("aaaaaa");
            let variables = stage.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let create = create.set_variables(Some(variables.collect())).tracing_enabled(stage.tracing);
            create.send().await.unwrap();
            let update = gateway.update_stage().rest_api_id(api).stage_name(name);
            update.set_patch_operations(Some(patches)).send().await.unwrap();
        });
        format!("arn:aws:apigateway:{}::/restapis/{api}/stages/{name}", self.name)
    }

    /// Creates an HTTP API with one stage and returns the stage's ARN.
    pub(crate) fn http(&self, api: &str, name: &str, stage: &Stage<'_>) -> String {
        self.v2(ProtocolType::Http, api, name, stage)
    }

    /// Creates a WebSocket API with one stage and returns the stage's ARN.
    pub(crate) fn websocket(&self, api: &str, name: &str, stage: &Stage<'_>) -> String {
        self.v2(ProtocolType::Websocket, api, name, stage)
    }

    fn v2(&self, protocol: ProtocolType, api: &str, name: &str, stage: &Stage<'_>) -> String {
        let gateway = aws_sdk_apigatewayv2::Client::new(&self.config);
        let route_settings = |(route, level, data_trace): &(&str, &str, bool)| {
            let settings = RouteSettings::builder().logging_level((*level).into()).data_trace_enabled(*data_trace);
            ((*route).to_owned(), settings.build())
        };
        let access_log = AccessLogSettings::builder()
            .set_destination_arn(stage.destination.clone())
            .set_format(stage.format.clone())
            .build();
        let access_log = (stage.destination.is_some() || stage.format.is_some()).then_some(access_log);
        let variables = stage.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let id = self.account.runtime.block_on(async {
            let create = gateway.create_api().name(api).protocol_type(protocol);
            let id = create.route_selection_expression("$request.body.action").send().await.unwrap().api_id.unwrap();
            let create = gateway.create_stage().api_id(&id).stage_name(name).set_access_log_settings(access_log);
            let create = create.set_default_route_settings(stage.route_settings());
            let create = create.set_route_settings(Some(stage.overrides.iter().map(route_settings).collect()));
            create.set_stage_variables(Some(variables.collect())).send().await.unwrap();
            id
        });
        format!("arn:aws:apigateway:{}::/apis/{id}/stages/{name}", self.name)
    }
}
