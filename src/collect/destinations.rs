//! What access and execution logs are written to: log groups and Firehose streams, looked up by name.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_firehose as firehose;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures_util::{StreamExt, stream};
use gatelight_checks::{
    Gap,
    inventory::{DeliveryStream, DeliveryStreamAnswer, LogGroup, LogGroupAnswer},
};

use serde::Deserialize;

use super::{
    Region,
    aws::{Operation, Page, failed, lacks},
};

const SIDE_BY_SIDE: usize = 8;
/// The most that DescribeLogGroups gives in a page.
const PAGE: i32 = 50;

/// What AWS says about each log group of `names`.
///
/// There are two ways to look up names: read the list of all groups, 50 a page, or ask for each by prefix. Which is
/// cheaper depends on how many groups there are, which nobody knows before. So the list is read for as many pages as
/// there are names, and what is missing then is asked for one by one: no more than twice the calls of the better way (a name that
/// does not exist and begins the names of many others apart).
pub(super) async fn log_groups(region: &Region, names: BTreeSet<String>) -> Vec<LogGroupAnswer> {
    if names.is_empty() {
        return Vec::new();
    }
    let client = logs::Client::new(&region.config);
    region.calls.progress().say(|| format!("{}: {} log groups", region.name, names.len()));
    let most_pages = names.len();
    let mut search = Search { missing: names, answers: Vec::new() };
    let (mut pages, mut ended) = (0, false);
    let all = region
        .calls
        .pages(Operation::DescribeLogGroups, "*", async |token| {
            let (elements, next) = page(region, &client, None, token).await?;
            pages += 1;
            ended = next.is_none();
            let unnamed = elements.into_iter().filter_map(|element| search.take(element).err()).map(Err::<(), _>);
            let elements = unnamed.collect();
            let enough = search.missing.is_empty() || pages >= most_pages;
            Ok(Page { elements, next: next.filter(|_| !enough) })
        })
        .await;
    let Search { missing, mut answers } = search;
    let of_missing = match all.rest.get() {
        // A list that was read to its end, but with a nameless group in it, proves nothing about the rest.
        Err(gap) => missing.into_iter().map(|name| answer(name, Err(gap.clone()))).collect(),
        Ok(()) if ended => missing.into_iter().map(|name| answer(name, Ok(None))).collect(),
        Ok(()) => {
            let by_name = |name: String| {
                let client = &client;
                async move {
                    let group = find_log_group(region, client, &name).await;
                    answer(name, group)
                }
            };
            stream::iter(missing).map(by_name).buffered(SIDE_BY_SIDE).collect::<Vec<_>>().await
        }
    };
    answers.extend(of_missing);
    answers.sort_by(|a, b| a.name.cmp(&b.name));
    answers
}

fn answer(name: String, group: Result<Option<LogGroup>, Gap>) -> LogGroupAnswer {
    LogGroupAnswer { name, group: group.into() }
}

struct Search {
    missing: BTreeSet<String>,
    answers: Vec<LogGroupAnswer>,
}

impl Search {
    /// Takes a group if it is one of those that are looked for.
    fn take(&mut self, element: Result<Named, Gap>) -> Result<(), Gap> {
        let Named { name, group } = element?;
        if self.missing.remove(&name) {
            self.answers.push(answer(name, group.map(Some)));
        }
        Ok(())
    }
}

struct Named {
    name: String,
    group: Result<LogGroup, Gap>,
}

/// The group of exactly that name.
async fn find_log_group(region: &Region, client: &logs::Client, name: &str) -> Result<Option<LogGroup>, Gap> {
    let mut found = None;
    let all = region
        .calls
        .pages(Operation::DescribeLogGroups, name, async |token| {
            let (elements, next) = page(region, client, Some(name), token).await?;
            let mut unnamed = Vec::new();
            for element in elements {
                match element {
                    Ok(named) if named.name == name => found = Some(named.group),
                    Ok(_) => {}
                    Err(gap) => unnamed.push(Err::<(), _>(gap)),
                }
            }
            Ok(Page { elements: unnamed, next: next.filter(|_| found.is_none()) })
        })
        .await;
    match found {
        Some(group) => group.map(Some),
        None => all.rest.get().map(|()| None),
    }
}

async fn page(
    region: &Region,
    client: &logs::Client,
    prefix: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<Result<Named, Gap>>, Option<String>), Gap> {
    let (operation, resource) = (Operation::DescribeLogGroups, prefix.unwrap_or("*"));
    let answer = region
        .calls
        .call(operation, resource, || {
            client
                .describe_log_groups()
                .limit(PAGE)
                .set_log_group_name_prefix(prefix.map(str::to_owned))
                .set_next_token(token.clone())
                .send()
        })
        .await?;
    let groups = answer.log_groups.ok_or_else(|| lacks(operation, resource, "the list of log groups"))?;
    let named = |group: logs::types::LogGroup| {
        let name = group.log_group_name.ok_or_else(|| lacks(operation, resource, "a log group's name"))?;
        // `arn` ends in `:*`, `logGroupArn` does not.
        let arn = group.log_group_arn.or(group.arn).map(|arn| arn.trim_end_matches(":*").to_owned());
        let group = arn.ok_or_else(|| lacks(operation, &name, "the log group's ARN")).map(|arn| LogGroup {
            arn,
            retention_days: group.retention_in_days,
            class: group.log_group_class.map(|class| class.as_str().to_owned()),
            kms_key: group.kms_key_id,
        });
        Ok(Named { name, group })
    };
    Ok((groups.into_iter().map(named).collect(), answer.next_token))
}

/// What AWS says about each Firehose stream of `names`.
pub(super) async fn delivery_streams(region: &Region, names: BTreeSet<String>) -> Vec<DeliveryStreamAnswer> {
    if names.is_empty() {
        return Vec::new();
    }
    let client = firehose::Client::new(&region.config);
    let describe = |name: String| {
        let client = &client;
        async move {
            let stream = delivery_stream(region, client, &name).await.into();
            DeliveryStreamAnswer { name, stream }
        }
    };
    stream::iter(names).map(describe).buffered(SIDE_BY_SIDE).collect().await
}

async fn delivery_stream(
    region: &Region,
    client: &firehose::Client,
    name: &str,
) -> Result<Option<DeliveryStream>, Gap> {
    let operation = Operation::DescribeDeliveryStream;
    let describe = async || {
        let answer = client.describe_delivery_stream().delivery_stream_name(name).send().await;
        match answer {
            Ok(answer) => Ok(answer.delivery_stream_description.map(Described::from)),
            Err(error) => match error.raw_response().and_then(Described::read) {
                Some(described) => Ok(Some(described)),
                None => Err(error),
            },
        }
    };
    let Some(answer) = region.calls.find(operation, name, describe).await? else { return Ok(None) };
    let Some(stream) = answer else { return Err(lacks(operation, name, "the stream's description")) };
    if stream.name != name {
        return Err(failed(operation, name, "the answer is about another stream"));
    }
    if stream.arn.is_empty() || stream.status.is_empty() {
        // The SDK puts "" in the place of a field that AWS promises and did not send.
        return Err(lacks(operation, name, "the stream's ARN or status"));
    }
    Ok(Some(DeliveryStream { arn: stream.arn, status: stream.status }))
}

/// What matters here in the description of a stream.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "DeliveryStreamName")]
    name: String,
    #[serde(rename = "DeliveryStreamARN")]
    arn: String,
    #[serde(rename = "DeliveryStreamStatus")]
    status: String,
}

impl Described {
    /// Reads an answer that the SDK refuses because something else in it is not as promised: endpoints that are not
    /// AWS leave out parts of a stream's destinations.
    fn read(response: &HttpResponse) -> Option<Self> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(rename = "DeliveryStreamDescription")]
            description: Described,
        }
        let body = response.status().is_success().then(|| response.body().bytes())??;
        serde_json::from_slice::<Answer>(body).ok().map(|answer| answer.description)
    }
}

impl From<firehose::types::DeliveryStreamDescription> for Described {
    fn from(stream: firehose::types::DeliveryStreamDescription) -> Self {
        Self {
            name: stream.delivery_stream_name,
            arn: stream.delivery_stream_arn,
            status: stream.delivery_stream_status.as_str().to_owned(),
        }
    }
}
