//! Lambda: functions, who may call them, and the networks of the capacity providers that they run on.

use std::collections::BTreeSet;

use aws_sdk_lambda as lambda;
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Gap, Listing,
    inventory::{Api, CallersAnswer, CapacityProviderAnswer, Function, FunctionVpc},
};

use super::{
    aws::{Operation, Page, lacks, stated},
    client::RegionClient,
};

/// Calls under way at once; how many a second is the pacer's business.
const SIDE_BY_SIDE: usize = 16;

/// The functions of a region.
pub(super) async fn functions(region: &RegionClient) -> Listing<Function> {
    let (client, calls) = (lambda::Client::new(&region.config), &region.calls);
    let (operation, resource) = (Operation::ListFunctions, "*");
    let mut listed = 0;
    let mut functions = calls
        .pages(operation, resource, async |marker| {
            let answer =
                calls.call(operation, resource, || client.list_functions().set_marker(marker.clone()).send()).await?;
            let found = answer.functions.ok_or_else(|| lacks(operation, resource, "the list of functions"))?;
            listed += found.len();
            calls.progress().show(|| format!("{}: {listed} functions", region.name));
            Ok(Page { elements: found.into_iter().map(function).collect(), next: answer.next_marker })
        })
        .await;
    // A function that was created while the list was read can stand on two pages.
    functions.seen.sort_by(|a, b| a.arn.cmp(&b.arn));
    functions.seen.dedup_by(|a, b| a.arn == b.arn);
    functions
}

/// A function. The values of its environment variables are dropped here.
fn function(function: lambda::types::FunctionConfiguration) -> Result<Function, Gap> {
    let operation = Operation::ListFunctions;
    let name = stated(function.function_name).ok_or_else(|| lacks(operation, "*", "a function's name"))?;
    let lacking = |what: &str| lacks(operation, &name, what);
    let arn = stated(function.function_arn).ok_or_else(|| lacking("the function's ARN"))?;
    let role = stated(function.role).ok_or_else(|| lacking("the function's role"))?;
    let vpc = match function.vpc_config {
        None => None,
        Some(config) => match config.subnet_ids {
            // AWS sends empty lists and an empty VPC for a function that was in a VPC once.
            Some(subnets) if subnets.is_empty() => None,
            None if stated(config.vpc_id).is_none() => None,
            None => return Err(lacking("the function's subnets")),
            Some(subnets) => Some(FunctionVpc {
                subnets,
                security_groups: config.security_group_ids.ok_or_else(|| lacking("the function's security groups"))?,
                ipv6: config.ipv6_allowed_for_dual_stack.unwrap_or(false),
            }),
        },
    };
    let layers = function.layers.unwrap_or_default().into_iter();
    let layers = layers.map(|layer| stated(layer.arn).ok_or_else(|| lacking("a layer's ARN")));
    let variables = function.environment.and_then(|environment| environment.variables).unwrap_or_default();
    let mut tracing_variables: Vec<String> = variables.into_keys().filter(|name| bears_on_tracing(name)).collect();
    tracing_variables.sort();
    let capacity_provider = match function.capacity_provider_config {
        None => None,
        Some(config) => {
            let managed = config.lambda_managed_instances_capacity_provider_config;
            // The SDK puts "" in the place of a field that AWS promises and did not send.
            let arn = managed.and_then(|managed| stated(Some(managed.capacity_provider_arn)));
            Some(arn.ok_or_else(|| lacking("the ARN of the function's capacity provider"))?)
        }
    };
    Ok(Function {
        layers: layers.collect::<Result<_, _>>()?,
        arn: unqualified(arn),
        role,
        tracing_mode: function.tracing_config.and_then(|tracing| tracing.mode).map(|mode| mode.as_str().to_owned()),
        log_group: function.logging_config.and_then(|logging| stated(logging.log_group)),
        vpc,
        tracing_variables,
        capacity_provider,
        name,
    })
}

/// A function's ARN without a version or alias: `arn:P:lambda:R:A:function:NAME`.
fn unqualified(arn: String) -> String {
    match arn.match_indices(':').nth(6) {
        Some((end, _)) => arn[..end].to_owned(),
        None => arn,
    }
}

/// Environment variables that show whether something in a function traces, and how.
const TRACING_NAMES: &[&str] = &["AWS_LAMBDA_EXEC_WRAPPER", "AWS_USE_FIPS_ENDPOINT"];
/// X-Ray, OpenTelemetry, and the tracers of others.
const TRACING_PREFIXES: &[&str] = &["AWS_XRAY_", "OTEL_", "DD_", "NEW_RELIC_"];
/// How a word of such a name begins: `POWERTOOLS_TRACE_DISABLED`, but not `RUST_BACKTRACE`.
const TRACING_WORDS: &[&str] = &["TRACE", "TRACING", "OTLP"];

fn bears_on_tracing(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    TRACING_NAMES.contains(&name.as_str())
        || TRACING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.split('_').any(|word| TRACING_WORDS.iter().any(|begin| word.starts_with(begin)))
}

/// Who may call the functions whose verdict depends on it: those that do not trace by themselves, in a region where some
/// REST stage traces, or may.
pub(super) async fn callers(
    region: &RegionClient,
    functions: &[Function],
    rest_apis: &Listing<Api>,
) -> Vec<CallersAnswer> {
    let wanted: Vec<&Function> = functions.iter().filter(|function| !function.traces()).collect();
    if wanted.is_empty() || !may_trace(rest_apis) {
        return Vec::new();
    }
    let (client, total) = (lambda::Client::new(&region.config), wanted.len());
    let ask = |function: &Function| {
        let (client, arn, name) = (&client, function.arn.clone(), function.name.clone());
        async move {
            let operation = Operation::GetFunctionPolicy;
            let get = || client.get_policy().function_name(&name).send();
            let policy = match region.calls.find(operation, &arn, get).await {
                Ok(None) => Ok(None),
                Ok(Some(answer)) => stated(answer.policy).map(Some).ok_or_else(|| lacks(operation, &arn, "the policy")),
                Err(gap) => Err(gap),
            };
            CallersAnswer { function: arn, policy: policy.into() }
        }
    };
    let progress = region.calls.progress();
    stream::iter(wanted.into_iter().map(ask))
        .buffered(SIDE_BY_SIDE)
        .enumerate()
        .inspect(|(done, _)| progress.show(|| format!("{}: callers of {} of {total} functions", region.name, done + 1)))
        .map(|(_, answer)| answer)
        .collect()
        .await
}

/// Whether some REST stage traces, or one that was not seen may.
fn may_trace(rest_apis: &Listing<Api>) -> bool {
    let traces =
        |api: &Api| api.stages.rest.get().is_err() || api.stages.seen.iter().any(|stage| stage.tracing == Some(true));
    rest_apis.rest.get().is_err() || rest_apis.seen.iter().any(traces)
}

/// The networks of the capacity providers that `functions` name.
pub(super) async fn capacity_providers(region: &RegionClient, functions: &[Function]) -> Vec<CapacityProviderAnswer> {
    let arns: BTreeSet<&String> = functions.iter().filter_map(|function| function.capacity_provider.as_ref()).collect();
    if arns.is_empty() {
        return Vec::new();
    }
    let client = lambda::Client::new(&region.config);
    let ask = |arn: &String| {
        let (client, arn) = (&client, arn.clone());
        async move {
            let operation = Operation::GetCapacityProvider;
            let name = arn.rsplit(':').next().unwrap_or(&arn);
            let get = || client.get_capacity_provider().capacity_provider_name(name).send();
            let answer = region.calls.call(operation, &arn, get).await;
            let vpc = answer.and_then(|answer| {
                let config = answer.capacity_provider.and_then(|provider| provider.vpc_config);
                provider_vpc(config, &arn)
            });
            CapacityProviderAnswer { vpc: vpc.into(), arn }
        }
    };
    stream::iter(arns.into_iter().map(ask)).buffered(SIDE_BY_SIDE).collect().await
}

fn provider_vpc(config: Option<lambda::types::CapacityProviderVpcConfig>, arn: &str) -> Result<FunctionVpc, Gap> {
    let config = config.ok_or_else(|| lacks(Operation::GetCapacityProvider, arn, "the network"))?;
    // The SDK puts an empty list in the place of one that AWS promises and did not send.
    if config.subnet_ids.is_empty() || config.security_group_ids.is_empty() {
        return Err(lacks(Operation::GetCapacityProvider, arn, "the subnets or security groups"));
    }
    Ok(FunctionVpc { subnets: config.subnet_ids, security_groups: config.security_group_ids, ipv6: false })
}

#[cfg(test)]
mod tests {
    use gatelight_model::inventory::{Protocol, Stage};
    use lambda::types as sdk;

    use super::*;

    fn full() -> sdk::builders::FunctionConfigurationBuilder {
        sdk::FunctionConfiguration::builder()
            .function_name("f")
            .function_arn("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST")
            .role("arn:aws:iam::123456789012:role/f")
            .tracing_config(sdk::TracingConfigResponse::builder().mode(sdk::TracingMode::Active).build())
            .logging_config(sdk::LoggingConfig::builder().log_group("g").build())
            .layers(sdk::Layer::builder().arn("l").build())
            .environment(
                sdk::EnvironmentResponse::builder()
                    .variables("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2")
                    .variables("AWS_LAMBDA_EXEC_WRAPPER", "hunter2")
                    .variables("DB_PASSWORD", "hunter2")
                    .variables("RUST_BACKTRACE", "hunter2")
                    .build(),
            )
            .vpc_config(
                sdk::VpcConfigResponse::builder()
                    .vpc_id("vpc-1")
                    .subnet_ids("subnet-1")
                    .security_group_ids("sg-1")
                    .ipv6_allowed_for_dual_stack(true)
                    .build(),
            )
            .capacity_provider_config(
                sdk::CapacityProviderConfig::builder()
                    .lambda_managed_instances_capacity_provider_config(
                        sdk::LambdaManagedInstancesCapacityProviderConfig::builder()
                            .capacity_provider_arn("arn:aws:lambda:us-east-1:123456789012:capacity-provider:p")
                            .build()
                            .expect("has an ARN"),
                    )
                    .build(),
            )
    }

    #[test]
    fn a_function_keeps_names_and_no_values() {
        let read = function(full().build()).expect("is whole");
        assert_eq!(read.arn, "arn:aws:lambda:us-east-1:123456789012:function:f");
        assert!(read.traces());
        assert_eq!(read.log_group_name(), "g");
        assert_eq!(read.layers, ["l"]);
        assert_eq!(read.tracing_variables, ["AWS_LAMBDA_EXEC_WRAPPER", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
        assert!(read.vpc.as_ref().is_some_and(|vpc| vpc.ipv6 && vpc.subnets == ["subnet-1"]));
        assert!(read.capacity_provider.as_ref().is_some_and(|arn| arn.ends_with(":p")));
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn what_identifies_a_function_is_never_made_up() {
        for broken in [
            full().set_function_name(None),
            full().set_function_arn(None),
            full().set_role(None),
            full().set_role(Some(String::new())),
            full().set_layers(Some(vec![sdk::Layer::builder().build()])),
            full().capacity_provider_config(sdk::CapacityProviderConfig::builder().build()),
            full().vpc_config(sdk::VpcConfigResponse::builder().vpc_id("vpc-1").build()),
            full().vpc_config(sdk::VpcConfigResponse::builder().subnet_ids("subnet-1").build()),
        ] {
            assert!(function(broken.build()).is_err());
        }
    }

    #[test]
    fn what_aws_leaves_out_is_none() {
        let left_out = full()
            .set_tracing_config(None)
            .set_logging_config(None)
            .set_layers(None)
            .set_environment(None)
            .set_vpc_config(None)
            .set_capacity_provider_config(None);
        let read = function(left_out.build()).expect("is whole");
        assert_eq!((read.tracing_mode, read.log_group, read.vpc, read.capacity_provider), (None, None, None, None));
        assert!(read.layers.is_empty() && read.tracing_variables.is_empty());
        for outside in [
            sdk::VpcConfigResponse::builder().build(),
            sdk::VpcConfigResponse::builder().vpc_id("").set_subnet_ids(Some(vec![])).build(),
        ] {
            assert_eq!(function(full().vpc_config(outside).build()).expect("is whole").vpc, None);
        }
    }

    #[test]
    fn names_that_bear_on_tracing() {
        for name in ["OTEL_X", "AWS_XRAY_CONTEXT_MISSING", "DD_API_KEY", "POWERTOOLS_TRACE_DISABLED", "my_tracing"] {
            assert!(bears_on_tracing(name), "{name}");
        }
        for name in ["RUST_BACKTRACE", "ADD_X", "HOTEL_X", "TABLE", ""] {
            assert!(!bears_on_tracing(name), "{name}");
        }
    }

    #[test]
    fn callers_matter_where_a_stage_traces_or_may() {
        let stage = |tracing| Stage {
            name: "s".to_owned(),
            access_log: None,
            method_logging: vec![],
            tracing,
            has_canary: false,
            changed_at: Err(Gap::not_collected("x")).into(),
        };
        let api = |stages| Api { id: "a".to_owned(), name: "a".to_owned(), protocol: Protocol::Rest, stages };
        let gap = || Gap::unprovable("x", "hidden");
        assert!(!may_trace(&Listing::whole(vec![])));
        assert!(!may_trace(&Listing::whole(vec![api(Listing::whole(vec![stage(Some(false))]))])));
        assert!(may_trace(&Listing::whole(vec![api(Listing::whole(vec![stage(Some(true))]))])));
        assert!(may_trace(&Listing::whole(vec![api(Listing::unread(gap()))])));
        assert!(may_trace(&Listing::unread(gap())));
    }

    #[test]
    fn a_capacity_provider_without_its_network_is_a_gap() {
        let config = |subnets: &[&str], groups: &[&str]| {
            let owned = |ids: &[&str]| Some(ids.iter().map(|&id| id.to_owned()).collect());
            let config = sdk::CapacityProviderVpcConfig::builder().set_subnet_ids(owned(subnets));
            config.set_security_group_ids(owned(groups)).build().expect("has both")
        };
        assert!(provider_vpc(None, "p").is_err());
        assert!(provider_vpc(Some(config(&[], &["sg-1"])), "p").is_err());
        assert!(provider_vpc(Some(config(&["subnet-1"], &[])), "p").is_err());
        let read = provider_vpc(Some(config(&["subnet-1"], &["sg-1"])), "p").expect("is whole");
        assert_eq!((read.subnets, read.security_groups), (vec!["subnet-1".to_owned()], vec!["sg-1".to_owned()]));
    }
}
