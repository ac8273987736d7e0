//! X-Ray: its sampling rules, and where it puts the segments that it is sent.

use std::collections::HashMap;

use aws_sdk_xray::{self as xray, types::SamplingRuleRecord};
use gatelight_model::{
    Fetched, Gap, Listing,
    inventory::{SamplingAttribute, SamplingRule, TraceDestination},
};

use super::{
    aws::{Operation, Page, PromisedOfEach, failed, lacks},
    client::RegionClient,
};

/// What AWS promises of each rule. A rate that did not come is not 0.
const WHOLE_RULES: PromisedOfEach = PromisedOfEach {
    list: "SamplingRuleRecords",
    part: "SamplingRule",
    fields: &[
        "RuleName",
        "Priority",
        "FixedRate",
        "ReservoirSize",
        "ServiceName",
        "ServiceType",
        "ResourceARN",
        "Host",
        "HTTPMethod",
        "URLPath",
    ],
};

/// The sampling rules of the region, if they are `wanted`: where some stage traces.
pub(super) async fn sampling_rules(region: &RegionClient, wanted: bool) -> Listing<SamplingRule> {
    if !wanted {
        return Listing::unread(Gap::not_collected(format!("sampling rules in {} (no stage traces)", region.name)));
    }
    let operation = Operation::GetSamplingRules;
    let client = xray::Client::new(&region.config);
    region.calls.progress().show(|| format!("{}: sampling rules", region.name));
    region
        .calls
        .pages(operation, "*", async |token| {
            let send = || {
                let call = client.get_sampling_rules().set_next_token(token.clone());
                call.customize().interceptor(WHOLE_RULES).send()
            };
            let answer = region.calls.call(operation, "*", send).await?;
            let records = answer.sampling_rule_records.ok_or_else(|| lacks(operation, "*", "the list of rules"))?;
            Ok(Page { elements: records.into_iter().map(sampling_rule).collect(), next: answer.next_token })
        })
        .await
}

/// A rule as AWS sent it. The caller has checked that no field is missing.
fn sampling_rule(record: SamplingRuleRecord) -> Result<SamplingRule, Gap> {
    let operation = Operation::GetSamplingRules;
    let rule = record.sampling_rule.ok_or_else(|| lacks(operation, "*", "a rule"))?;
    let name = rule.rule_name.filter(|name| !name.is_empty()).ok_or_else(|| lacks(operation, "*", "a rule's name"))?;
    if !rule.fixed_rate.is_finite() {
        return Err(failed(operation, &name, "the rule's rate is not a number"));
    }
    Ok(SamplingRule {
        name,
        priority: rule.priority,
        fixed_rate: rule.fixed_rate,
        reservoir_size: rule.reservoir_size,
        service_name: rule.service_name,
        service_type: rule.service_type,
        resource_arn: rule.resource_arn,
        host: rule.host,
        http_method: rule.http_method,
        url_path: rule.url_path,
        attributes: attributes(rule.attributes.unwrap_or_default()),
    })
}

/// Sorted, as AWS lists them in no order.
fn attributes(told: HashMap<String, String>) -> Vec<SamplingAttribute> {
    let mut attributes: Vec<_> = told.into_iter().map(|(name, value)| SamplingAttribute { name, value }).collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    attributes
}

/// Where X-Ray puts the segments that it is sent in the region.
pub(super) async fn destination(region: &RegionClient) -> Fetched<TraceDestination> {
    let operation = Operation::GetTraceSegmentDestination;
    let client = xray::Client::new(&region.config);
    let ask = async {
        let answer = region.calls.call(operation, "*", || client.get_trace_segment_destination().send()).await?;
        let destination = answer.destination.map(|destination| destination.as_str().to_owned());
        let destination = destination.filter(|text| !text.is_empty());
        Ok(TraceDestination {
            destination: destination.ok_or_else(|| lacks(operation, "*", "the destination"))?,
            status: answer.status.map(|status| status.as_str().to_owned()).filter(|text| !text.is_empty()),
        })
    };
    ask.await.into()
}

#[cfg(test)]
mod tests {
    use aws_sdk_xray::types::SamplingRule as Told;

    use super::*;

    fn told() -> aws_sdk_xray::types::builders::SamplingRuleBuilder {
        let any = "*";
        Told::builder()
            .rule_name("r")
            .priority(7)
            .fixed_rate(0.25)
            .reservoir_size(3)
            .service_name("orders/prod")
            .service_type("AWS::ApiGateway::Stage")
            .resource_arn(any)
            .host("*.example.com")
            .http_method("GET")
            .url_path("/x")
            .version(1)
    }

    fn read(rule: Told) -> Result<SamplingRule, Gap> {
        sampling_rule(SamplingRuleRecord::builder().sampling_rule(rule).build())
    }

    #[test]
    fn each_field_is_where_it_belongs() {
        let rule = read(told().attributes("X-Probe", "1").build().expect("is whole")).expect("reads");
        assert_eq!((rule.name.as_str(), rule.priority, rule.reservoir_size), ("r", 7, 3));
        assert!((rule.fixed_rate - 0.25).abs() < f64::EPSILON);
        let texts = [&rule.service_name, &rule.service_type, &rule.resource_arn, &rule.host];
        assert_eq!(texts, ["orders/prod", "AWS::ApiGateway::Stage", "*", "*.example.com"]);
        assert_eq!([&rule.http_method, &rule.url_path], ["GET", "/x"]);
        assert_eq!(rule.attributes, [SamplingAttribute { name: "X-Probe".to_owned(), value: "1".to_owned() }]);
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_a_gap() {
        assert!(sampling_rule(SamplingRuleRecord::builder().build()).is_err());
        assert!(read(told().set_rule_name(None).build().expect("is whole")).is_err());
        assert!(read(told().fixed_rate(f64::NAN).build().expect("is whole")).is_err());
    }
}
