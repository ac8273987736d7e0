//! API Gateway: its APIs, their stages, and the account's settings in a region.

use aws_sdk_apigateway as rest;
use aws_sdk_apigatewayv2 as v2;
use aws_smithy_types::DateTime;
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Fetched, Gap, Listing,
    inventory::{AccessLogSetting, Api, GatewaySettings, MethodLogging, Protocol, Stage},
};
use jiff::Timestamp;

use super::{
    aws::{Calls, Operation, Page, lacks, stated},
    client::RegionClient,
};

/// Calls under way at once; how many a second is the pacer's business.
const SIDE_BY_SIDE: usize = 16;
/// The most that GetRestApis gives in a page; it gives 25 unless asked.
const REST_PAGE: i32 = 500;

/// The REST APIs of a region with their stages.
pub(super) async fn rest_apis(region: &RegionClient) -> Listing<Api> {
    let (client, calls) = (rest::Client::new(&region.config), &region.calls);
    let (operation, path) = (Operation::GetRestApis, "/restapis");
    let found = calls
        .pages(operation, path, async |position| {
            let answer = calls
                .call(operation, path, || client.get_rest_apis().limit(REST_PAGE).set_position(position.clone()).send())
                .await?;
            let items = answer.items.ok_or_else(|| lacks(operation, path, "the list of APIs"))?;
            let read = |api: rest::types::RestApi| {
                let id = stated(api.id).ok_or_else(|| lacks(operation, path, "an API's id"))?;
                Ok((id, api.name.unwrap_or_default(), Protocol::Rest))
            };
            Ok(Page { elements: items.into_iter().map(read).collect(), next: answer.position })
        })
        .await;
    with_stages(region, "REST APIs", found, async |id| rest_stages(&client, calls, id).await).await
}

/// The HTTP and WebSocket APIs of a region with their stages.
pub(super) async fn v2_apis(region: &RegionClient) -> Listing<Api> {
    let (client, calls) = (v2::Client::new(&region.config), &region.calls);
    let (operation, path) = (Operation::GetV2Apis, "/apis");
    let found = calls
        .pages(operation, path, async |token| {
            // No page size: AWS documents no maximum, and an unfit one would cost the whole list.
            let answer = calls.call(operation, path, || client.get_apis().set_next_token(token.clone()).send()).await?;
            let items = answer.items.ok_or_else(|| lacks(operation, path, "the list of APIs"))?;
            let read = |api: v2::types::Api| {
                let id = stated(api.api_id).ok_or_else(|| lacks(operation, path, "an API's id"))?;
                let protocol = match api.protocol_type {
                    Some(v2::types::ProtocolType::Http) => Protocol::Http,
                    Some(v2::types::ProtocolType::Websocket) => Protocol::Websocket,
                    Some(_) => return Err(lacks(operation, &id, "a protocol that this version knows")),
                    None => return Err(lacks(operation, &id, "the API's protocol")),
                };
                Ok((id, api.name.unwrap_or_default(), protocol))
            };
            Ok(Page { elements: items.into_iter().map(read).collect(), next: answer.next_token })
        })
        .await;
    with_stages(region, "HTTP and WebSocket APIs", found, async |id| v2_stages(&client, calls, id).await).await
}

/// The account's API Gateway settings in a region.
pub(super) async fn settings(region: &RegionClient) -> Fetched<GatewaySettings> {
    let client = rest::Client::new(&region.config);
    let answer = region.calls.call(Operation::GetGatewayAccount, "/account", || client.get_account().send()).await;
    let settings = answer.and_then(|account| {
        // An account without a role has no such field. An answer without any field is not an answer.
        let says_something = account.throttle_settings.is_some()
            || account.features.is_some()
            || account.api_key_version.is_some()
            || account.cloudwatch_role_arn.is_some();
        if !says_something {
            return Err(lacks(Operation::GetGatewayAccount, "/account", "every setting"));
        }
        Ok(GatewaySettings { cloudwatch_role: account.cloudwatch_role_arn.filter(|role| !role.is_empty()) })
    });
    settings.into()
}

async fn with_stages(
    region: &RegionClient,
    what: &str,
    found: Listing<(String, String, Protocol)>,
    stages: impl AsyncFn(&str) -> Listing<Stage>,
) -> Listing<Api> {
    let mut apis = found.seen;
    // An API that was created while the list was read can stand on two pages.
    apis.sort();
    apis.dedup_by(|a, b| a.0 == b.0);
    let total = apis.len();
    let show = |done: usize| {
        region.calls.progress().show(|| format!("{}: stages of {done} of {total} {what}", region.name));
    };
    let stages = &stages;
    let seen = stream::iter(apis)
        .map(|(id, name, protocol)| async move {
            let stages = stages(&id).await;
            Api { id, name, protocol, stages }
        })
        .buffered(SIDE_BY_SIDE)
        .enumerate()
        .inspect(|(done, _)| show(done + 1))
        .map(|(_, api)| api)
        .collect()
        .await;
    Listing { seen, rest: found.rest }
}

async fn rest_stages(client: &rest::Client, calls: &Calls, id: &str) -> Listing<Stage> {
    let (operation, path) = (Operation::GetRestStages, format!("/restapis/{id}/stages"));
    let stages = calls
        .pages(operation, &path, async |_| {
            let answer = calls.find(operation, &path, || client.get_stages().rest_api_id(id).send()).await?;
            // The API was deleted since it was listed.
            let Some(answer) = answer else { return Ok(Page { elements: vec![], next: None }) };
            let items = answer.item.ok_or_else(|| lacks(operation, &path, "the list of stages"))?;
            // GetStages has no pages.
            Ok(Page { elements: items.into_iter().map(|stage| rest_stage(stage, &path)).collect(), next: None })
        })
        .await;
    once_each(stages)
}

/// A stage that was created while the list was read can stand in it twice.
fn once_each(mut stages: Listing<Stage>) -> Listing<Stage> {
    stages.seen.sort_by(|a, b| a.name.cmp(&b.name));
    stages.seen.dedup_by(|a, b| a.name == b.name);
    stages
}

async fn v2_stages(client: &v2::Client, calls: &Calls, id: &str) -> Listing<Stage> {
    let (operation, path) = (Operation::GetV2Stages, format!("/apis/{id}/stages"));
    let stages = calls
        .pages(operation, &path, async |token| {
            let answer = calls
                .find(operation, &path, || client.get_stages().api_id(id).set_next_token(token.clone()).send())
                .await?;
            let Some(answer) = answer else { return Ok(Page { elements: vec![], next: None }) };
            let items = answer.items.ok_or_else(|| lacks(operation, &path, "the list of stages"))?;
            let elements = items.into_iter().map(|stage| v2_stage(stage, &path)).collect();
            Ok(Page { elements, next: answer.next_token })
        })
        .await;
    once_each(stages)
}

/// When a stage was last changed.
fn time(time: Option<&DateTime>, operation: Operation, path: &str) -> Fetched<Timestamp> {
    let time = time.and_then(|time| Timestamp::from_second(time.secs()).ok());
    time.ok_or_else(|| lacks(operation, path, "the time of a stage's last change")).into()
}

/// A REST stage. The values of its variables are dropped here.
fn rest_stage(stage: rest::types::Stage, path: &str) -> Result<Stage, Gap> {
    let name = stated(stage.stage_name).ok_or_else(|| lacks(Operation::GetRestStages, path, "a stage's name"))?;
    let mut method_logging: Vec<_> = stage
        .method_settings
        .unwrap_or_default()
        .into_iter()
        .map(|(method, setting)| MethodLogging {
            method: (method != "*/*").then_some(method),
            level: setting.logging_level.filter(|level| !level.is_empty()),
            data_trace: setting.data_trace_enabled,
        })
        .collect();
    method_logging.sort_by(|a, b| a.method.cmp(&b.method));
    let changed_at = time(stage.last_updated_date.as_ref(), Operation::GetRestStages, path);
    Ok(Stage {
        name,
        changed_at,
        access_log: stage
            .access_log_settings
            .map(|setting| AccessLogSetting { destination: setting.destination_arn, format: setting.format }),
        method_logging,
        tracing: Some(stage.tracing_enabled),
        has_canary: stage.canary_settings.is_some(),
    })
}

/// An HTTP or WebSocket stage. The values of its variables are dropped here.
fn v2_stage(stage: v2::types::Stage, path: &str) -> Result<Stage, Gap> {
    let name = stated(stage.stage_name).ok_or_else(|| lacks(Operation::GetV2Stages, path, "a stage's name"))?;
    let read = |method: Option<String>, setting: v2::types::RouteSettings| MethodLogging {
        method,
        level: setting.logging_level.map(|level| level.as_str().to_owned()).filter(|level| !level.is_empty()),
        data_trace: setting.data_trace_enabled.unwrap_or(false),
    };
    let mut method_logging: Vec<_> = stage
        .route_settings
        .unwrap_or_default()
        .into_iter()
        .map(|(route, setting)| read(Some(route), setting))
        .chain(stage.default_route_settings.map(|setting| read(None, setting)))
        .collect();
    method_logging.sort_by(|a, b| a.method.cmp(&b.method));
    let changed_at = time(stage.last_updated_date.as_ref(), Operation::GetV2Stages, path);
    Ok(Stage {
        name,
        access_log: stage
            .access_log_settings
            .map(|setting| AccessLogSetting { destination: setting.destination_arn, format: setting.format }),
        method_logging,
        tracing: None,
        has_canary: false,
        changed_at,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_rest_stage_keeps_settings_and_no_variables() {
        let setting = rest::types::MethodSetting::builder().logging_level("INFO").data_trace_enabled(true).build();
        let stage = rest::types::Stage::builder()
            .stage_name("prod")
            .tracing_enabled(true)
            .canary_settings(rest::types::CanarySettings::builder().build())
            .set_method_settings(Some(HashMap::from([
                ("*/*".to_owned(), setting.clone()),
                ("a/GET".to_owned(), setting),
            ])))
            .variables("key", "hunter2")
            .build();
        let stage = rest_stage(stage, "/restapis/a/stages").expect("has a name");
        assert!(!format!("{stage:?}").contains("hunter2"));
        assert_eq!((stage.tracing, stage.has_canary, stage.access_log.is_none()), (Some(true), true, true));
        let methods: Vec<_> =
            stage.method_logging.iter().map(|m| (m.method.as_deref(), m.logs(), m.data_trace)).collect();
        assert_eq!(methods, [(None, true, true), (Some("a/GET"), true, true)]);
    }

    #[test]
    fn the_time_of_the_last_change_is_told_or_a_gap() {
        let at = DateTime::from_secs(1_795_338_000);
        let rest = rest::types::Stage::builder().stage_name("prod");
        let stage = rest_stage(rest.clone().last_updated_date(at).build(), "p").expect("has a name");
        assert_eq!(stage.changed_at.get().map(|time| time.as_second()), Ok(1_795_338_000));
        assert!(rest_stage(rest.created_date(at).build(), "p").expect("has a name").changed_at.get().is_err());
        let v2 = v2::types::Stage::builder().stage_name("prod");
        let stage = v2_stage(v2.clone().last_updated_date(at).build(), "p").expect("has a name");
        assert_eq!(stage.changed_at.get().map(|time| time.as_second()), Ok(1_795_338_000));
        assert!(v2_stage(v2.build(), "p").expect("has a name").changed_at.get().is_err());
    }

    #[test]
    fn a_stage_without_a_name_is_a_gap() {
        assert!(rest_stage(rest::types::Stage::builder().build(), "p").is_err());
        assert!(v2_stage(v2::types::Stage::builder().build(), "p").is_err());
    }

    #[test]
    fn a_v2_stage_has_no_tracing_and_its_default_settings_are_stage_wide() {
        let logging = |level| v2::types::RouteSettings::builder().logging_level(level).build();
        let stage = v2::types::Stage::builder()
            .stage_name("$default")
            .default_route_settings(logging(v2::types::LoggingLevel::Error))
            .route_settings("$connect", logging(v2::types::LoggingLevel::Off))
            .stage_variables("key", "hunter2")
            .build();
        let stage = v2_stage(stage, "p").expect("has a name");
        assert!(!format!("{stage:?}").contains("hunter2"));
        assert_eq!(stage.tracing, None);
        let methods: Vec<_> = stage.method_logging.iter().map(|m| (m.method.as_deref(), m.logs())).collect();
        assert_eq!(methods, [(None, true), (Some("$connect"), false)]);
    }
}
