//! Generates inventories of any size, as real ones are: every API in it differs a little, and so do their faults.

use gatelight_checks::testing;
use gatelight_model::{
    Fetched, Listing,
    inventory::{
        AccessLogSetting, Account, Api, GatewaySettings, InlinePolicy, LogGroup, LogGroupAnswer, MethodLogging,
        Protocol, Region, Role, RoleAnswer, Stage,
    },
};

/// Each account has these.
pub(crate) const REGIONS: &[&str] = &["us-east-1", "eu-west-1", "ap-southeast-2"];

/// How much of everything.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) accounts: usize,
    /// Of two stages each, in each region.
    pub(crate) apis: usize,
}

impl Size {
    pub(crate) fn stages(self) -> usize {
        self.accounts * REGIONS.len() * self.apis * 2
    }

    pub(crate) fn accounts(self) -> impl Iterator<Item = (Account, Vec<Region>)> {
        (0..self.accounts).map(move |n| {
            let id = format!("{:012}", 100_000_000_000 + n);
            let regions = REGIONS.iter().map(|name| region(&id, name, self.apis)).collect();
            (account(&id), regions)
        })
    }
}

fn role_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/api-gateway-logs")
}

fn account(id: &str) -> Account {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let write = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}"#;
    let role = Role {
        arn: role_arn(id),
        trust_policy: trust.to_owned(),
        boundary: None,
        inline_policies: Listing::whole(vec![InlinePolicy {
            name: "write".to_owned(),
            document: Fetched::known(write.to_owned()),
        }]),
        attached_policies: Listing::whole(vec![]),
    };
    Account {
        id: Fetched::known(id.to_owned()),
        partition: "aws".to_owned(),
        collected_at: "2026-11-22T09:00:00Z".parse().unwrap(),
        roles: vec![RoleAnswer { arn: role_arn(id), role: Fetched::known(Some(role)) }],
        managed_policies: vec![],
        organization: Fetched::known(None),
    }
}

fn region(account: &str, name: &str, apis: usize) -> Region {
    let api = |n: usize| {
        let protocol = match n % 10 {
            8 => Protocol::Http,
            9 => Protocol::Websocket,
            _ => Protocol::Rest,
        };
        let id = format!("{:010x}", n * 7919 + 0x00a1_b2c3);
        let stages = ["prod", "test"].map(|stage| self::stage(account, name, protocol, n, stage)).to_vec();
        Api { name: format!("payments-service-{n:04}"), id, protocol, stages: Listing::whole(stages) }
    };
    let (v2_apis, rest_apis): (Vec<Api>, Vec<Api>) = (0..apis).map(api).partition(|api| api.protocol != Protocol::Rest);
    let group = |group: String| {
        let found = LogGroup {
            arn: format!("arn:aws:logs:{name}:{account}:log-group:{group}"),
            retention_days: (!group.len().is_multiple_of(3)).then_some(30),
            class: Some("STANDARD".to_owned()),
            kms_key: None,
            created_at: Fetched::known(jiff::Timestamp::UNIX_EPOCH),
        };
        LogGroupAnswer { name: group, group: Fetched::known(Some(found)) }
    };
    let mut names: Vec<String> = (0..apis).flat_map(|n| ["prod", "test"].map(|stage| log_group(n, stage))).collect();
    for api in rest_apis.iter().chain(&v2_apis) {
        for stage in &api.stages.seen {
            names.extend(gatelight_model::inventory::StageOf { api, stage }.execution_log_groups());
        }
    }
    names.sort();
    Region {
        rest_apis: Listing::whole(rest_apis),
        v2_apis: Listing::whole(v2_apis),
        gateway_settings: Fetched::known(GatewaySettings { cloudwatch_role: Some(role_arn(account)) }),
        log_groups: names.into_iter().map(group).collect(),
        functions: Listing::whole(vec![]),
        log_deliveries: Listing::whole(vec![]),
        log_policies: Listing::whole(vec![]),
        searched_for: Fetched::known(gatelight_model::inventory::SearchedFor { built_in: vec![], own: vec![] }),
        named_log_groups: Listing::whole(vec![]),
        sampling_rules: Listing::whole(vec![testing::sampling_rule("Default", 10_000)]),
        trace_destination: Fetched::known(testing::trace_destination("XRay", Some("ACTIVE"))),
        ..Region::not_collected(name)
    }
}

fn log_group(api: usize, stage: &str) -> String {
    format!("/aws/api-gateway/payments-service-{api:04}/{stage}")
}

fn stage(account: &str, region: &str, protocol: Protocol, api: usize, name: &str) -> Stage {
    let logging = |method: Option<&str>, level: &str| MethodLogging {
        method: method.map(str::to_owned),
        level: Some(level.to_owned()),
        data_trace: api.is_multiple_of(50),
    };
    Stage {
        name: name.to_owned(),
        // One in twenty logs nothing.
        access_log: (api % 20 != 7).then(|| AccessLogSetting {
            destination: Some(format!("arn:aws:logs:{region}:{account}:log-group:{}", log_group(api, name))),
            format: Some(format(api)),
        }),
        method_logging: match protocol {
            Protocol::Http => vec![],
            _ => vec![
                logging(None, if api.is_multiple_of(4) { "OFF" } else { "INFO" }),
                logging(Some("orders/GET"), "ERROR"),
            ],
        },
        tracing: (protocol == Protocol::Rest).then_some(!api.is_multiple_of(3)),
        has_canary: false,
        changed_at: Fetched::known(jiff::Timestamp::UNIX_EPOCH),
    }
}

/// About 600 bytes, in JSON or, in some APIs, without what explains a failure, or in CLF.
fn format(api: usize) -> String {
    if api % 10 == 3 {
        let clf = "$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] ";
        return format!(
            "{clf}\"$context.httpMethod $context.resourcePath $context.protocol\" $context.status $context.responseLength $context.requestId"
        );
    }
    let mut fields = vec![
        ("requestId", "requestId"),
        ("extendedRequestId", "extendedRequestId"),
        ("ip", "identity.sourceIp"),
        ("caller", "identity.caller"),
        ("user", "identity.user"),
        ("userAgent", "identity.userAgent"),
        ("requestTime", "requestTime"),
        ("httpMethod", "httpMethod"),
        ("resourcePath", "resourcePath"),
        ("status", "status"),
        ("protocol", "protocol"),
        ("responseLength", "responseLength"),
        ("responseLatency", "responseLatency"),
        ("errorMessage", "error.message"),
        ("integrationLatency", "integration.latency"),
        ("integrationStatus", "integration.status"),
    ];
    if api % 5 != 2 {
        fields.push(("integrationError", "integration.error"));
    }
    let fields = fields.iter().map(|(key, variable)| format!("\"{key}\":\"$context.{variable}\""));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
