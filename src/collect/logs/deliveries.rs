//! Where delivery sources of CloudWatch Logs send the execution logs of REST stages.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs as logs;
use gatelight_model::{Fetched, Gap, Listing, arn::Arn, inventory::LogDelivery};

use crate::collect::{
    aws::{Operation, Page, failed, lacks, stated},
    client::RegionClient,
};

/// The most that each of the three lists gives in a page.
const PAGE: i32 = 50;
/// The type of log that a stage's source sends
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-create-log-delivery.html>).
const LOG_TYPE: &str = "EXECUTION_LOGS";

/// The deliveries of the region's REST stages. A region in which API Gateway has no delivery source costs one call.
pub(crate) async fn log_deliveries(region: &RegionClient) -> Listing<LogDelivery> {
    let client = logs::Client::new(&region.config);
    region.calls.progress().show(|| format!("{}: delivery sources", region.name));
    let sources = sources(region, &client).await;
    if sources.seen.is_empty() {
        return Listing { seen: Vec::new(), rest: sources.rest };
    }
    let deliveries = deliveries(region, &client).await;
    let is_ours = |(source, _): &Pair| sources.seen.iter().any(|ours| ours.name == *source);
    let destinations = if deliveries.seen.iter().any(is_ours) {
        destinations(region, &client).await
    } else {
        Listing::whole(Vec::new())
    };
    joined(&sources, &deliveries, &destinations, region.account.as_deref())
}

/// A source of execution logs.
struct Source {
    name: String,
    stage: String,
    status: Option<String>,
}

/// A source's name, and the ARN of the delivery destination that it is paired with.
type Pair = (String, String);

async fn sources(region: &RegionClient, client: &logs::Client) -> Listing<Source> {
    let operation = Operation::DescribeDeliverySources;
    let all = region.calls.pages(operation, "*", async |token| {
        let send = || client.describe_delivery_sources().limit(PAGE).set_next_token(token.clone()).send();
        let answer = region.calls.call(operation, "*", send).await?;
        let sources = answer.delivery_sources.ok_or_else(|| lacks(operation, "*", "the list of delivery sources"))?;
        // Sources of other services, and of other types of log, do not matter here.
        let elements = sources.into_iter().filter_map(|source| read_source(source).transpose()).collect();
        Ok(Page { elements, next: answer.next_token })
    });
    all.await
}

/// A source as AWS lists it; `None` if it sends something else.
fn read_source(source: logs::types::DeliverySource) -> Result<Option<Source>, Gap> {
    let operation = Operation::DescribeDeliverySources;
    let name = stated(source.name).ok_or_else(|| lacks(operation, "*", "a delivery source's name"))?;
    let log_type = stated(source.log_type).ok_or_else(|| lacks(operation, &name, "the type of log"))?;
    if log_type != LOG_TYPE {
        return Ok(None);
    }
    // "Currently, only one ARN can be in the array."
    let arns = source.resource_arns.unwrap_or_default();
    let [stage] = &arns[..] else { return Err(lacks(operation, &name, "the ARN of what sends")) };
    let arn = Arn::parse(stage).ok_or_else(|| lacks(operation, &name, "an ARN that can be read"))?;
    let status = stated(source.status.map(|status| status.as_str().to_owned()));
    Ok((arn.service == "apigateway").then(|| Source { name, stage: stage.clone(), status }))
}

async fn deliveries(region: &RegionClient, client: &logs::Client) -> Listing<Pair> {
    let operation = Operation::DescribeDeliveries;
    let all = region.calls.pages(operation, "*", async |token| {
        let send = || client.describe_deliveries().limit(PAGE).set_next_token(token.clone()).send();
        let answer = region.calls.call(operation, "*", send).await?;
        let deliveries = answer.deliveries.ok_or_else(|| lacks(operation, "*", "the list of deliveries"))?;
        let read = |delivery: logs::types::Delivery| {
            let source = stated(delivery.delivery_source_name)
                .ok_or_else(|| lacks(operation, "*", "the name of a delivery's source"))?;
            let destination = stated(delivery.delivery_destination_arn)
                .ok_or_else(|| lacks(operation, &source, "the ARN of the delivery's destination"))?;
            Ok((source, destination))
        };
        Ok(Page { elements: deliveries.into_iter().map(read).collect(), next: answer.next_token })
    });
    all.await
}

/// What delivery destinations stand for, each with its own ARN first.
async fn destinations(region: &RegionClient, client: &logs::Client) -> Listing<(String, String)> {
    let operation = Operation::DescribeDeliveryDestinations;
    let all = region.calls.pages(operation, "*", async |token| {
        let send = || client.describe_delivery_destinations().limit(PAGE).set_next_token(token.clone()).send();
        let answer = region.calls.call(operation, "*", send).await?;
        let destinations =
            answer.delivery_destinations.ok_or_else(|| lacks(operation, "*", "the list of delivery destinations"))?;
        let read = |destination: logs::types::DeliveryDestination| {
            let arn = stated(destination.arn).ok_or_else(|| lacks(operation, "*", "a delivery destination's ARN"))?;
            // One for traces to X-Ray stands for no resource.
            let stands_for = destination.delivery_destination_configuration;
            let stands_for = stands_for.and_then(|told| stated(Some(told.destination_resource_arn)));
            Ok(stands_for.map(|stands_for| (arn, stands_for)))
        };
        let elements = destinations.into_iter().filter_map(|destination| read(destination).transpose()).collect();
        Ok(Page { elements, next: answer.next_token })
    });
    all.await
}

/// Who sends what where, in the region of an `account`, if it is known whose that is. A gap in any of the three lists may
/// hide a delivery.
fn joined(
    sources: &Listing<Source>,
    deliveries: &Listing<Pair>,
    destinations: &Listing<(String, String)>,
    account: Option<&str>,
) -> Listing<LogDelivery> {
    let by_name: HashMap<&str, &Source> = sources.seen.iter().map(|source| (source.name.as_str(), source)).collect();
    let by_arn: HashMap<&str, &str> =
        destinations.seen.iter().map(|(arn, stands_for)| (arn.as_str(), stands_for.as_str())).collect();
    let (mut seen, mut rest) = (Vec::new(), sources.rest.get().and(deliveries.rest.get()).copied());
    for (source, destination) in &deliveries.seen {
        let Some(source) = by_name.get(source.as_str()) else { continue };
        let destination = match by_arn.get(destination.as_str()) {
            Some(stands_for) => (*stands_for).to_owned(),
            None if is_of_another(destination, account) => destination.clone(),
            None => {
                let missing = || {
                    let why = "the delivery destination that a delivery names is not in the list";
                    failed(Operation::DescribeDeliveryDestinations, destination, why)
                };
                rest = rest.and(Err(destinations.rest.get().err().unwrap_or_else(missing)));
                continue;
            }
        };
        let Source { name, stage, status } = source;
        seen.push(LogDelivery { source: name.clone(), stage: stage.clone(), status: status.clone(), destination });
    }
    // AWS lists them in no order.
    seen.sort_by(|a, b| (&a.source, &a.destination).cmp(&(&b.source, &b.destination)));
    Listing { seen, rest: Fetched::from(rest) }
}

fn is_of_another(arn: &str, account: Option<&str>) -> bool {
    Arn::parse(arn).is_some_and(|arn| account.is_some_and(|account| arn.account != account))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";
    const STAGE: &str = "arn:aws:apigateway:us-east-1:123456789012:/restapis/a1/stages/prod";

    fn told() -> logs::types::builders::DeliverySourceBuilder {
        logs::types::DeliverySource::builder().name("s").log_type(LOG_TYPE).resource_arns(STAGE)
    }

    fn source(name: &str) -> Source {
        Source { name: name.to_owned(), stage: STAGE.to_owned(), status: None }
    }

    fn pair(one: &str, other: &str) -> (String, String) {
        (one.to_owned(), other.to_owned())
    }

    fn arn(name: &str, account: &str) -> String {
        format!("arn:aws:logs:us-east-1:{account}:delivery-destination:{name}")
    }

    #[test]
    fn only_execution_logs_of_api_gateway_are_read() {
        let read = read_source(told().build()).expect("reads").expect("is one");
        assert_eq!((read.name.as_str(), read.stage.as_str(), read.status), ("s", STAGE, None));
        let inactive = told().status(logs::types::DeliverySourceStatus::Inactive).build();
        assert_eq!(read_source(inactive).expect("reads").expect("is one").status.as_deref(), Some("INACTIVE"));
        assert!(read_source(told().log_type("ACCESS_LOGS").build()).expect("reads").is_none());
        let other = told().set_resource_arns(Some(vec!["arn:aws:workmail:us-east-1:1:organization/m".to_owned()]));
        assert!(read_source(other.build()).expect("reads").is_none());
    }

    #[test]
    fn what_is_left_out_is_a_gap() {
        for spoiled in [
            told().set_name(None),
            told().set_log_type(None),
            told().set_resource_arns(None),
            told().resource_arns(STAGE),
            told().set_resource_arns(Some(vec!["x".to_owned()])),
        ] {
            assert!(read_source(spoiled.build()).is_err());
        }
    }

    #[test]
    fn a_delivery_is_joined_with_what_its_destination_stands_for() {
        let (group, bucket) = ("arn:aws:logs:us-east-1:123456789012:log-group:g", "arn:aws:s3:::b");
        let foreign = arn("central", "999999999999");
        let pairs = vec![
            pair("s", &arn("g", ACCOUNT)),
            pair("s", &arn("b", ACCOUNT)),
            pair("t", &foreign),
            pair("another service's", &arn("g", ACCOUNT)),
        ];
        let destinations = vec![pair(&arn("g", ACCOUNT), group), pair(&arn("b", ACCOUNT), bucket)];
        let all = joined(
            &Listing::whole(vec![source("s"), source("t")]),
            &Listing::whole(pairs),
            &Listing::whole(destinations),
            Some(ACCOUNT),
        );
        let told: Vec<_> = all.seen.iter().map(|one| (one.source.as_str(), one.destination.as_str())).collect();
        assert_eq!(told, [("s", group), ("s", bucket), ("t", foreign.as_str())]);
        assert_eq!(all.rest.get(), Ok(&()));
    }

    #[test]
    fn whatever_may_hide_a_delivery_leaves_a_gap() {
        let gap = || Gap::unprovable("x", "hidden");
        let (sources, pairs) = (|| Listing::whole(vec![source("s")]), || vec![pair("s", &arn("g", ACCOUNT))]);
        let destinations = || vec![pair(&arn("g", ACCOUNT), "arn:aws:s3:::b")];
        let whole = |listing: &Listing<LogDelivery>| (listing.seen.len(), listing.rest.get().is_ok());
        let broken = Listing::broken(vec![source("s")], gap());
        let all = joined(&broken, &Listing::whole(pairs()), &Listing::whole(destinations()), Some(ACCOUNT));
        assert_eq!(whole(&all), (1, false));
        let all = joined(&sources(), &Listing::broken(pairs(), gap()), &Listing::whole(destinations()), Some(ACCOUNT));
        assert_eq!(whole(&all), (1, false));
        // A list of destinations that broke off hides only those that are wanted.
        let broken = || Listing::broken(destinations(), gap());
        assert_eq!(whole(&joined(&sources(), &Listing::whole(pairs()), &broken(), Some(ACCOUNT))), (1, true));
        let all = joined(&sources(), &Listing::whole(pairs()), &Listing::unread(gap()), Some(ACCOUNT));
        assert_eq!((all.seen.len(), all.rest.get()), (0, Err(gap())));
        let all = joined(&sources(), &Listing::whole(pairs()), &Listing::whole(vec![]), Some(ACCOUNT));
        assert!(all.rest.get().expect_err("a gap").why().message.contains("not in the list"));
        // Whose it is cannot be known where this account's id is not known.
        let foreign = Listing::whole(vec![pair("s", &arn("g", "999999999999"))]);
        assert_eq!(whole(&joined(&sources(), &foreign, &Listing::whole(vec![]), None)), (0, false));
    }
}
