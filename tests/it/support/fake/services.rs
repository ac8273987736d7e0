//! What AWS would answer, by service.

use serde_json::{Value, json};

use super::{
    ACCOUNT, Account, Answer, Body, Request, apigateway, deliveries, ec2, iam, insights, logs, organization, page,
};
use crate::support::cloudwatch::{self, Query};

/// What AWS would say, from the element with the number `start` on.
pub(super) fn answer(account: &Account, request: &Request, start: usize) -> Answer {
    let name = request.operation.split(':').nth(1).unwrap_or_default();
    match request.service() {
        "apigateway" | "apigatewayv2" => apigateway::answer(account, request, start),
        "logs" if name == "DescribeLogGroups" => logs::log_groups(account, request, start),
        "logs" if name == "DescribeResourcePolicies" => logs::log_policies(account, request, start),
        "logs" if name == "FilterLogEvents" => logs::events(account, request, start),
        "logs" if name.starts_with("DescribeDeliver") => deliveries::answer(account, request, name, start),
        "logs" if name.contains("Query") => insights::answer(account, request, name),
        "lambda" if name == "ListFunctions" => functions(account, request, start),
        "lambda" => {
            let name = request.path.split('/').nth(3).unwrap_or_default().replace("%3A", ":");
            let name = name.rsplit(':').next().unwrap_or_default();
            match account.callers.get(name) {
                Some(policy) => Answer::json(json!({"Policy": policy, "RevisionId": "r"})),
                None => Answer::error(
                    "lambda",
                    404,
                    "ResourceNotFoundException",
                    "The resource you requested does not exist.",
                ),
            }
        }
        "cloudwatch" => {
            let value = |query: &Query| {
                if query.namespace == "AWS/Logs" && query.metric != "IncomingBytes" {
                    let lines = account.events.get(query.dimension("LogGroupName"))?;
                    return Some(f64::from(u32::try_from(lines.len()).unwrap()));
                }
                let values = query.dimensions.iter().map(|(_, value)| value.as_str());
                let key = [query.metric.as_str()].into_iter().chain(values).chain([query.statistic.as_str()]);
                account.metrics.get(&key.collect::<Vec<_>>().join(" ")).copied()
            };
            let asked = cloudwatch::asked(&request.body);
            Answer { body: Body::Cbor(cloudwatch::answer(&asked, value)), ..Answer::json(Value::Null) }
        }
        "xray" if name == "GetSamplingRules" => {
            let (records, token) = page(account, account.xray.records(), start, 100);
            let answer = Answer::json(json!({"SamplingRuleRecords": records}));
            match token {
                Some(token) => answer.with_token("NextToken", &token),
                None => answer,
            }
        }
        "xray" => Answer::json(account.xray.trace_destination()),
        "firehose" if name == "DescribeDeliveryStream" => delivery_stream(account, request),
        "kms" => key(account, request, name),
        "organizations" => organization::answer(account, request, name, start),
        "iam" => iam::answer(account, request, name, start),
        "sts" if name == "GetCallerIdentity" => {
            let arn = format!("arn:aws:iam::{ACCOUNT}:user/auditor");
            Answer::xml(name, &format!("<UserId>AIDA</UserId><Account>{ACCOUNT}</Account><Arn>{arn}</Arn>"))
        }
        "ec2" if name == "DescribeRegions" => {
            let item = |(region, status)| {
                format!(
                    "<item><regionName>{region}</regionName><regionEndpoint>ec2.{region}.amazonaws.com</regionEndpoint>\
                     <optInStatus>{status}</optInStatus></item>"
                )
            };
            let all = request.field("AllRegions") == "true";
            let here = "opt-in-not-required";
            let mut items: String = [("eu-west-1", here), ("us-east-1", here)].map(item).concat();
            if all {
                items += &[("me-south-1", "not-opted-in"), ("ap-east-1", "opted-in")].map(item).concat();
            }
            Answer {
                body: Body::Xml(format!(
                    "<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
                )),
                ..Answer::json(Value::Null)
            }
        }
        "ec2" => ec2::answer(account, request, name, start),
        service => Answer::error(service, 404, "UnknownOperationException", "not an operation of the synthetic AWS"),
    }
}

fn key(account: &Account, request: &Request, name: &str) -> Answer {
    let arn = request.json["KeyId"].as_str().unwrap_or_default();
    match (name, account.keys.get(arn)) {
        (_, None) => Answer::error("kms", 400, "NotFoundException", "Key does not exist"),
        ("DescribeKey", Some(_)) => {
            let id = arn.rsplit('/').next().unwrap_or_default();
            Answer::json(json!({"KeyMetadata": {"KeyId": id, "Arn": arn, "KeyState": "Enabled", "Enabled": true}}))
        }
        (_, Some(policy)) => Answer::json(json!({"Policy": policy, "PolicyName": "default"})),
    }
}

fn functions(account: &Account, request: &Request, start: usize) -> Answer {
    let asked = request.field("MaxItems").parse().unwrap_or(50).min(50);
    let (functions, token) = page(account, account.functions.clone(), start, asked);
    let answer = Answer::json(json!({"Functions": functions}));
    match token {
        Some(token) => answer.with_token("NextMarker", &token),
        None => answer,
    }
}

fn delivery_stream(account: &Account, request: &Request) -> Answer {
    let name = request.json["DeliveryStreamName"].as_str().unwrap_or_default();
    if !account.streams.iter().any(|stream| stream == name) {
        return Answer::error("firehose", 400, "ResourceNotFoundException", "Firehose not found");
    }
    Answer::json(json!({"DeliveryStreamDescription": {
        "DeliveryStreamName": name, "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut",
        "DeliveryStreamARN": format!("arn:aws:firehose:{}:{ACCOUNT}:deliverystream/{name}", request.region),
        "VersionId": "1", "CreateTimestamp": 1_700_000_000.0, "Destinations": [], "HasMoreDestinations": false,
    }}))
}
