//! What access and execution logs are written to: log groups and Firehose streams, looked up by name.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_cloudwatchlogs as logs;
use aws_sdk_firehose as firehose;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Gap, Listing,
    inventory::{DeliveryStream, DeliveryStreamAnswer, LogGroup, LogGroupAnswer},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::search::patterns::LogGroupSelector;
use crate::collect::{
    aws::{Operation, Page, failed, lacks},
    client::RegionClient,
};

const SIDE_BY_SIDE: usize = 8;
/// The most that DescribeLogGroups gives in a page.
const PAGE: i32 = 50;

/// The log groups of a region, looked up by name.
///
/// There are two ways to look up names: read the list of all groups, 50 a page, or ask for each by prefix. Which is
/// cheaper depends on how many groups there are, which is not known before. So the list is read for as many pages as
/// there are names, and what is missing then is asked for one by one: no more than twice the calls of the better way (a
/// name that does not exist and begins the names of many others apart).
///
/// Names become known bit by bit, those of functions long before those of stages, so the list is read bit by bit too.
pub(crate) struct LogGroups<'a> {
    region: &'a RegionClient,
    client: logs::Client,
    /// Every group that was listed: whose it is turns out later.
    found: HashMap<String, Result<LogGroup, Gap>>,
    pages: usize,
    list: ListProgress,
}

enum ListProgress {
    /// The token of the next page; none before the first.
    At(Option<String>),
    Ended,
    /// A list with a nameless group in it proves nothing about the rest, even if it was read to its end.
    Broken(Gap),
}

impl<'a> LogGroups<'a> {
    pub(crate) fn new(region: &'a RegionClient) -> Self {
        let client = logs::Client::new(&region.config);
        Self { region, client, found: HashMap::new(), pages: 0, list: ListProgress::At(None) }
    }

    /// Reads the list for as long as that is the cheaper way to find `names`.
    pub(crate) async fn list(&mut self, names: &BTreeSet<String>) {
        let ListProgress::At(start) = &self.list else { return };
        let start = start.clone();
        let mut missing: BTreeSet<&String> = names.iter().filter(|&name| !self.found.contains_key(name)).collect();
        if missing.is_empty() || self.pages >= names.len() {
            return;
        }
        let Self { region, client, found, pages, .. } = self;
        region.calls.progress().show(|| format!("{}: {} log groups", region.name, names.len()));
        let mut at = None;
        let listed = region
            .calls
            .pages(Operation::DescribeLogGroups, "*", async |token| {
                let (elements, next) = page(region, client, None, token.or_else(|| start.clone())).await?;
                *pages += 1;
                let mut unnamed = Vec::new();
                for element in elements {
                    match element {
                        Ok(NamedLogGroup { name, group }) => {
                            missing.remove(&name);
                            found.insert(name, group);
                        }
                        Err(gap) => unnamed.push(Err::<(), _>(gap)),
                    }
                }
                at.clone_from(&next);
                let enough = missing.is_empty() || *pages >= names.len();
                Ok(Page { elements: unnamed, next: next.filter(|_| !enough) })
            })
            .await;
        self.list = match (listed.rest.get(), at.filter(|token| !token.is_empty())) {
            (Err(gap), _) => ListProgress::Broken(gap),
            (Ok(()), None) => ListProgress::Ended,
            (Ok(()), Some(token)) => ListProgress::At(Some(token)),
        };
    }

    /// The selected names: those given in full, whether or not such groups exist, and those of the groups that have a selected
    /// prefix.
    async fn named(&mut self, selected: &[LogGroupSelector]) -> Listing<String> {
        let (mut names, mut rest) = (BTreeSet::new(), Ok(()));
        for selected in selected {
            let prefix = match selected {
                LogGroupSelector::Exactly(name) => {
                    names.insert(name.clone());
                    continue;
                }
                LogGroupSelector::BeginningWith(prefix) => prefix,
            };
            let Self { region, client, found, .. } = self;
            let resource = selected.to_string();
            let listed = region
                .calls
                .pages(Operation::DescribeLogGroups, &resource, async |token| {
                    let (elements, next) =
                        page(region, client, Some(prefix.as_str()).filter(|prefix| !prefix.is_empty()), token).await?;
                    let mut unnamed = Vec::new();
                    for element in elements {
                        match element {
                            Ok(NamedLogGroup { name, group }) => {
                                names.insert(name.clone());
                                found.insert(name, group);
                            }
                            Err(gap) => unnamed.push(Err::<(), _>(gap)),
                        }
                    }
                    Ok(Page { elements: unnamed, next })
                })
                .await;
            rest = rest.and(listed.rest.get().map(drop));
        }
        Listing { seen: names.into_iter().collect(), rest: rest.into() }
    }

    /// What AWS says about each log group of `names` and each that is `selected`; and which are selected and not known to be
    /// absent. A group of which nothing is known may exist: the search will show it.
    pub(crate) async fn look_up(
        mut self,
        mut names: BTreeSet<String>,
        selected: &[LogGroupSelector],
    ) -> (Vec<LogGroupAnswer>, Listing<String>) {
        let mut found = self.named(selected).await;
        names.extend(found.seen.iter().cloned());
        let answers = self.answers(names).await;
        let absent =
            |name: &String| answers.iter().any(|answer| answer.name == *name && answer.group.get() == Ok(&None));
        found.seen.retain(|name| !absent(name));
        (answers, found)
    }

    /// What AWS says about each log group of `names`.
    async fn answers(mut self, names: BTreeSet<String>) -> Vec<LogGroupAnswer> {
        self.list(&names).await;
        let Self { region, client, mut found, list, .. } = self;
        let (client, list) = (&client, &list);
        let tell = |name: String| {
            let listed = found.remove(&name);
            async move {
                let group = match (listed, list) {
                    (Some(group), _) => group.map(Some),
                    (None, ListProgress::Broken(gap)) => Err(gap.clone()),
                    (None, ListProgress::Ended) => Ok(None),
                    (None, ListProgress::At(_)) => find_log_group(region, client, &name).await,
                };
                LogGroupAnswer { name, group: group.into() }
            }
        };
        stream::iter(names).map(tell).buffered(SIDE_BY_SIDE).collect().await
    }
}

struct NamedLogGroup {
    name: String,
    group: Result<LogGroup, Gap>,
}

/// The group of exactly that name.
async fn find_log_group(region: &RegionClient, client: &logs::Client, name: &str) -> Result<Option<LogGroup>, Gap> {
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
    region: &RegionClient,
    client: &logs::Client,
    prefix: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<Result<NamedLogGroup, Gap>>, Option<String>), Gap> {
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
            created_at: group
                .creation_time
                .and_then(|time| Timestamp::from_millisecond(time).ok())
                .ok_or_else(|| lacks(operation, &name, "the time when the log group was created"))
                .into(),
        });
        Ok(NamedLogGroup { name, group })
    };
    Ok((groups.into_iter().map(named).collect(), answer.next_token))
}

/// What AWS says about each Firehose stream of `names`.
pub(crate) async fn delivery_streams(region: &RegionClient, names: BTreeSet<String>) -> Vec<DeliveryStreamAnswer> {
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
    region: &RegionClient,
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
    let created_at = stream.created_at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let created_at = created_at.ok_or_else(|| lacks(operation, name, "the time when the stream was created")).into();
    Ok(Some(DeliveryStream { arn: stream.arn, status: stream.status, created_at }))
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
    /// In seconds since 1970.
    #[serde(rename = "CreateTimestamp", default, deserialize_with = "whole_seconds")]
    created_at: Option<i64>,
}

impl Described {
    /// Reads an answer that the SDK refuses because something else in it is not as promised: endpoints that are not
    /// AWS leave out parts of a stream's destinations.
    fn read(response: &HttpResponse) -> Option<Self> {
        #[derive(Deserialize)]
        struct GroupAnswer {
            #[serde(rename = "DeliveryStreamDescription")]
            description: Described,
        }
        let body = response.status().is_success().then(|| response.body().bytes())??;
        serde_json::from_slice::<GroupAnswer>(body).ok().map(|answer| answer.description)
    }
}

/// A time as AWS's JSON has it, a number with or without a fraction.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?.filter(|seconds| seconds.abs() < 1e11);
    #[expect(clippy::cast_possible_truncation, reason = "it is not that large, and a part of a second does not matter")]
    Ok(seconds.map(|seconds| seconds as i64))
}

impl From<firehose::types::DeliveryStreamDescription> for Described {
    fn from(stream: firehose::types::DeliveryStreamDescription) -> Self {
        Self {
            name: stream.delivery_stream_name,
            arn: stream.delivery_stream_arn,
            status: stream.delivery_stream_status.as_str().to_owned(),
            created_at: stream.create_timestamp.map(|time| time.secs()),
        }
    }
}
