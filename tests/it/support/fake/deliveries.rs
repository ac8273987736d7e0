//! The delivery sources of the synthetic account, as CloudWatch Logs answers about them.

use serde_json::{Value, json};

use super::{ACCOUNT, Account, Answer, Request, page};

/// A delivery of the execution log of a REST stage, with a source and a destination of its own.
#[derive(Clone)]
pub(crate) struct Delivery {
    /// The name of its source, and of its destination.
    pub(crate) name: &'static str,
    /// `API/STAGE`.
    pub(crate) stage: &'static str,
    /// The ARN of the log group, bucket or stream.
    pub(crate) destination: String,
}

impl Delivery {
    fn source(&self, region: &str) -> Value {
        let (api, stage) = self.stage.split_once('/').expect("API/STAGE");
        json!({
            "name": self.name, "arn": format!("arn:aws:logs:{region}:{ACCOUNT}:delivery-source:{}", self.name),
            "resourceArns": [format!("arn:aws:apigateway:{region}:{ACCOUNT}:/restapis/{api}/stages/{stage}")],
            "service": "apigateway", "logType": "EXECUTION_LOGS",
        })
    }

    fn arn(&self, region: &str) -> String {
        format!("arn:aws:logs:{region}:{ACCOUNT}:delivery-destination:{}", self.name)
    }
}

/// One of another service stands before those of the account.
pub(super) fn answer(account: &Account, request: &Request, name: &str, start: usize) -> Answer {
    let (region, deliveries) = (request.region.as_str(), account.deliveries.iter());
    let (field, elements): (_, Vec<Value>) = match name {
        "DescribeDeliverySources" => {
            let mails = json!({
                "name": "mails", "arn": format!("arn:aws:logs:{region}:{ACCOUNT}:delivery-source:mails"),
                "resourceArns": [format!("arn:aws:workmail:{region}:{ACCOUNT}:organization/m-1")],
                "service": "workmail", "logType": "ACCESS_CONTROL_LOGS",
            });
            ("deliverySources", std::iter::once(mails).chain(deliveries.map(|one| one.source(region))).collect())
        }
        "DescribeDeliveries" => {
            let element = |one: &super::Delivery| {
                json!({
                    "id": one.name, "arn": format!("arn:aws:logs:{region}:{ACCOUNT}:delivery:{}", one.name),
                    "deliverySourceName": one.name, "deliveryDestinationArn": one.arn(region),
                    "deliveryDestinationType": "CWL",
                })
            };
            ("deliveries", deliveries.map(element).collect())
        }
        _ => {
            let element = |one: &super::Delivery| {
                json!({
                    "name": one.name, "arn": one.arn(region), "deliveryDestinationType": "CWL", "outputFormat": "json",
                    "deliveryDestinationConfiguration": {"destinationResourceArn": one.destination},
                })
            };
            ("deliveryDestinations", deliveries.map(element).collect())
        }
    };
    let limit = request.json["limit"].as_u64().map_or(50, |limit| usize::try_from(limit).unwrap());
    let (elements, token) = page(account, elements, start, limit);
    let answer = Answer::json(json!({field: elements}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}
