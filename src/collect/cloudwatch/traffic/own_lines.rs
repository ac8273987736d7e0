//! Whether a log group that several write to holds lines of a stage's own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs as logs;
use futures_util::{StreamExt, stream};
use gatelight_checks::plan::Plan;
use gatelight_formats::lines::StageLineMatcher;
use gatelight_model::{Gap, inventory::OwnLines};
use jiff::Timestamp;

use super::{destinations::LogDestinations, stage::MeasuredStage};
use crate::collect::{
    aws::{Operation, Page, lacks},
    client::RegionClient,
};

/// Groups that are searched at once.
const SIDE_BY_SIDE: usize = 8;
/// The most events that FilterLogEvents gives in a page.
const PAGE: i32 = 10_000;
/// Pages of a group that are read for the lines of all stages that write there, before each is searched for by itself.
const PAGES_FOR_ALL: usize = 2;
/// Pages that are read for one stage.
const PAGES_FOR_ONE: usize = 5;
/// Stages of a group that are searched for one by one: AWS allows five searches a second.
const ONE_BY_ONE: usize = 50;

/// A stage whose lines are searched for.
struct Sought<'s> {
    /// Its place among the stages.
    at: usize,
    api: &'s str,
    stage: &'s str,
    since: Timestamp,
    line: StageLineMatcher,
}

/// What was found, by the stage's place; nothing about stages whose lines need not be searched for.
pub(crate) async fn own_lines(
    region: &RegionClient,
    plan: &Plan<'_>,
    destinations: LogDestinations<'_>,
    stages: &[MeasuredStage<'_>],
    now: Timestamp,
) -> BTreeMap<usize, Result<OwnLines, Gap>> {
    let mut groups = BTreeMap::<&str, Vec<Sought<'_>>>::new();
    for (at, stage) in stages.iter().enumerate() {
        if let Some((group, line)) = stage.lines_to_find(plan)
            && let Some(own) = &stage.own
        {
            let (api, name) = (stage.of.api.id.as_str(), stage.of.stage.name.as_str());
            groups.entry(group).or_default().push(Sought { at, api, stage: name, since: own.since, line });
        }
    }
    if !groups.is_empty() {
        region.calls.progress().show(|| format!("{}: search of {} shared log groups", region.name, groups.len()));
    }
    let client = &logs::Client::new(&region.config);
    let found: Vec<_> = stream::iter(groups)
        .map(|(group, sought)| async move {
            if let Some(gap) = unsearchable(group, destinations) {
                return sought.iter().map(|sought| (sought.at, Err(gap.clone()))).collect();
            }
            GroupReader { region, client, group, now }.all(&sought).await
        })
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    found.into_iter().flatten().collect()
}

/// Why FilterLogEvents does not search a group, if it is of a class that it does not search.
fn unsearchable(group: &str, destinations: LogDestinations<'_>) -> Option<Gap> {
    let answer = destinations.group(group)?;
    match answer.group.get().ok()?.as_ref()?.class.as_deref() {
        Some(class @ ("INFREQUENT_ACCESS" | "DELIVERY")) => {
            let why = format!(
                "other sources write to log group {group} too, and its class is {class}, so FilterLogEvents cannot \
                 search it for the stage's lines"
            );
            Some(Gap::unprovable(group, why))
        }
        _ => None,
    }
}

/// The search of one group.
struct GroupReader<'a> {
    region: &'a RegionClient,
    client: &'a logs::Client,
    group: &'a str,
    now: Timestamp,
}

impl GroupReader<'_> {
    async fn all(&self, sought: &[Sought<'_>]) -> Vec<(usize, Result<OwnLines, Gap>)> {
        let proven = Ok(OwnLines { proven: 1, reached: None });
        // Stages that serve much show in the first pages.
        let mut busy = BTreeSet::new();
        if let [first, _, ..] = sought {
            let since = sought.iter().map(|sought| sought.since).min().unwrap_or(first.since);
            let read = self.read(None, since, PAGES_FOR_ALL, |time, message| {
                let own = sought.iter().filter(|sought| sought.since <= time && sought.line.matches(message));
                busy.extend(own.map(|sought| sought.at));
                busy.len() == sought.len()
            });
            if let Err(gap) = read.await {
                return sought.iter().map(|sought| (sought.at, Err(gap.clone()))).collect();
            }
        }
        let mut found: Vec<_> = busy.iter().map(|at| (*at, proven.clone())).collect();
        let rest = sought.iter().filter(|sought| !busy.contains(&sought.at));
        for (number, sought) in rest.enumerate() {
            let own = if number < ONE_BY_ONE {
                self.one(sought).await
            } else {
                let why = format!(
                    "more than {ONE_BY_ONE} stages write to log group {}: too many to search for one by one",
                    self.group
                );
                Err(Gap::unprovable(self.group, why))
            };
            found.push((sought.at, own));
        }
        found
    }

    async fn one(&self, sought: &Sought<'_>) -> Result<OwnLines, Gap> {
        let mut proven = 0;
        // Names of stages and ids of APIs hold no quotes.
        let pattern = format!("\"{}\" \"{}\"", sought.api, sought.stage);
        let reached = self.read(Some(&pattern), sought.since, PAGES_FOR_ONE, |time, message| {
            proven = u64::from(sought.since <= time && sought.line.matches(message));
            proven > 0
        });
        let reached = reached.await?;
        Ok(OwnLines { proven, reached: reached.filter(|_| proven == 0) })
    }

    /// Reads events until `is_enough` says so of one. Gives the time reached, if that is not the end.
    async fn read(
        &self,
        pattern: Option<&str>,
        since: Timestamp,
        budget: usize,
        mut is_enough: impl FnMut(Timestamp, &str) -> bool,
    ) -> Result<Option<Timestamp>, Gap> {
        let (operation, group) = (Operation::FilterLogEvents, self.group);
        let (mut pages, mut reached, mut spent) = (0, since, false);
        let all = self
            .region
            .calls
            .pages(operation, group, async |token| {
                let answer = self
                    .region
                    .calls
                    .find(operation, group, || {
                        self.client
                            .filter_log_events()
                            .log_group_name(group)
                            .start_time(since.as_millisecond())
                            .end_time(self.now.as_millisecond())
                            .set_filter_pattern(pattern.map(str::to_owned))
                            .limit(PAGE)
                            .set_next_token(token.clone())
                            .send()
                    })
                    .await?;
                // A group that was deleted since holds nothing.
                let Some(answer) = answer else { return Ok(Page::<()> { elements: Vec::new(), next: None }) };
                let events = answer.events.ok_or_else(|| lacks(operation, group, "the list of events"))?;
                pages += 1;
                for event in events {
                    let time = event.timestamp.and_then(|time| Timestamp::from_millisecond(time).ok());
                    let (Some(time), Some(message)) = (time, &event.message) else {
                        return Err(lacks(operation, group, "an event's time or message"));
                    };
                    reached = reached.max(time);
                    if is_enough(time, message) {
                        return Ok(Page { elements: Vec::new(), next: None });
                    }
                }
                let next = answer.next_token.filter(|token| !token.is_empty());
                spent = next.is_some() && pages >= budget;
                Ok(Page { elements: Vec::new(), next: next.filter(|_| !spent) })
            })
            .await;
        all.rest.get()?;
        Ok(spent.then_some(reached))
    }
}
