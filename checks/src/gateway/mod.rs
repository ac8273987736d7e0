//! What CloudWatch's metrics say of stages, and how they are looked up.

pub mod overhead_high;

use gatelight_model::inventory::Api;

/// What CloudWatch calls a REST API in the dimension `ApiName`: "API Gateway removes non-ASCII characters from the ApiName
/// dimension before sending metrics to CloudWatch. If the APIName contains no ASCII characters, the API ID is used as the
/// ApiName" (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html>).
#[must_use]
pub fn metric_name(api: &Api) -> String {
    let ascii: String = api.name.chars().filter(char::is_ascii).collect();
    if ascii.is_empty() { api.id.clone() } else { ascii }
}
