//! CloudWatch Logs: groups, resource policies and searches.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{ACCOUNT, Account, Answer, Request, page};

pub(super) fn log_groups(account: &Account, request: &Request, start: usize) -> Answer {
    let limit = request.json["limit"].as_u64().map_or(50, |limit| usize::try_from(limit).unwrap());
    if limit > 50 {
        return Answer::error("logs", 400, "InvalidParameterException", "limit must be at most 50");
    }
    let prefix = request.json["logGroupNamePrefix"].as_str().unwrap_or_default().to_owned();
    let identifiers: Option<Vec<&str>> =
        request.json["logGroupIdentifiers"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect());
    let groups =
        account.log_groups.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix)).filter(
            |(name, _)| identifiers.as_ref().is_none_or(|list| list.iter().any(|asked| asked.ends_with(*name))),
        );
    let (groups, token) = page(account, groups.collect(), start, limit);
    let element = |(name, settings): (&String, &Value)| {
        let arn = format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{name}", request.region);
        let mut group = json!({
            "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn, "logGroupClass": "STANDARD",
            "creationTime": 1_700_000_000_000_u64, "metricFilterCount": 0, "storedBytes": 0,
        });
        for (key, value) in settings.as_object().into_iter().flatten() {
            group[key] = value.clone();
        }
        group
    };
    let answer = Answer::json(json!({"logGroups": groups.into_iter().map(element).collect::<Vec<_>>()}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

pub(super) fn log_policies(account: &Account, request: &Request, start: usize) -> Answer {
    let of_account = request.json["policyScope"].as_str().is_none_or(|scope| scope == "ACCOUNT");
    let policies: Vec<_> = account.log_policies.iter().filter(|_| of_account).collect();
    let limit = request.json["limit"].as_u64().map_or(50, |limit| usize::try_from(limit).unwrap());
    let (policies, token) = page(account, policies, start, limit);
    let element = |(name, document): (&String, &String)| json!({"policyName": name, "policyDocument": document, "lastUpdatedTime": 1_700_000_000_000_u64});
    let answer = Answer::json(json!({"resourcePolicies": policies.into_iter().map(element).collect::<Vec<_>>()}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

/// Every line: whoever asks with a pattern looks again.
pub(super) fn events(account: &Account, request: &Request, start: usize) -> Answer {
    let group = request.json["logGroupName"].as_str().or(request.json["logGroupIdentifier"].as_str());
    let group = group.unwrap_or_default().rsplit("log-group:").next().unwrap_or_default();
    if !account.log_groups.contains_key(group) {
        return Answer::error("logs", 400, "ResourceNotFoundException", "The specified log group does not exist.");
    }
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let lines = account.events.get(group).into_iter().flatten().enumerate().collect();
    let limit = request.json["limit"].as_u64().map_or(10_000, |limit| usize::try_from(limit).unwrap());
    let (lines, token) = page(account, lines, start, limit);
    let element = |(at, line): (usize, &String)| {
        json!({
            "logStreamName": "0", "timestamp": now - 5_400_000, "ingestionTime": now - 5_399_000, "message": line,
            "eventId": format!("{at:056}"),
        })
    };
    let lines: Vec<Value> = lines.into_iter().map(element).collect();
    let answer = Answer::json(json!({"events": lines, "searchedLogStreams": []}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}
