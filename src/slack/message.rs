//! Messages: what a run changed, what is open, what was found.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use gatelight_checks::visibility::State;
use gatelight_model::Severity;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    blocks::{BLOCKS, TOTAL, context, header, section},
    groups::{FindingGroup, FindingGroups, FindingState},
    text::{bare, length, moment, name},
};
use crate::{
    config::route::WebhookRoute,
    finding::{AUDIT_SCOPE, DarkCounts, Finding, RunDiff, SubjectCounts},
    ledger::Message,
    report::Report,
    text::{count, list_and_more, thousands},
};

/// How many groups of open findings a message shows in full, and how many of ended ones; the rest is counted.
const SHOWN: usize = 5;
/// How many checks of that rest are named.
const TITLES: usize = 6;
/// What is kept free of both limits for those, for what is counted, for the footer and for delivery notes.
const SPARE_BLOCKS: usize = SHOWN + 6;
const SPARE_TEXT: usize = 2_500;

/// When a scope was last audited, for a digest: what was found long ago may not be true any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastRun {
    pub(crate) scope: String,
    /// When the last run that succeeded ended. None: no run has.
    pub(crate) finished_at: Option<Timestamp>,
}

/// The messages about a run: one for each route that takes some of what changed. Where nothing changed, none.
/// `next_run` says when the next is due, such as `10:00 CET`.
pub(crate) fn compose(diff: &RunDiff, routes: &[WebhookRoute], next_run: Option<&str>) -> Vec<Message> {
    let follows = routes.iter().filter(|route| route.follows(&diff.scope));
    follows.filter_map(|route| about(diff, route, next_run)).collect()
}

fn about(diff: &RunDiff, route: &WebhookRoute, next_run: Option<&str>) -> Option<Message> {
    let (mut open, mut ended) = (FindingGroups::default(), FindingGroups::default());
    let mut counts = Vec::new();
    let lists = [
        (&diff.worse, FindingState::Worse, "got worse"),
        (&diff.new, FindingState::New, "new"),
        (&diff.resolved, FindingState::Ended, "resolved"),
    ];
    for (findings, state, word) in lists {
        let mut number = 0_u64;
        for finding in findings.iter().filter(|finding| route.takes(finding)) {
            number += 1;
            if state == FindingState::Ended { ended.add(finding, state) } else { open.add(finding, state) }
        }
        if number > 0 {
            counts.push(format!("{} {word}", thousands(number)));
        }
    }
    if counts.is_empty() {
        return None;
    }
    let mut footer = Vec::new();
    if diff.scope != AUDIT_SCOPE {
        footer.push(format!("schedule {}", name(&diff.scope)));
    }
    if diff.ongoing > 0 {
        let are = if diff.ongoing == 1 { "is" } else { "are" };
        footer.push(format!("{} {are} unchanged", count(diff.ongoing, "finding")));
    }
    if diff.unknown > 0 {
        footer.push(format!("{} could not be checked", thousands(diff.unknown)));
    }
    footer.extend(next_run.map(|when| format!("next run {}", super::text::prose(when, 60))));
    let (open, ended) = (open.sorted(), ended.sorted());
    let first = if diff.is_first { "first run: " } else { "" };
    let mut heads = dark_sentences(diff, route, &open, &ended);
    heads.push(counts.join(", "));
    let draft = MessageDraft {
        head: format!("{first}{}", heads.remove(0)),
        beside: heads,
        open,
        ended,
        footer,
        pointer: "`gatelight history --open` lists them",
        is_alarm: false,
    };
    Some(Message { webhook: route.name().to_owned(), body: draft.body(diff.finished_at) })
}

/// What the run changed about what is dark, where the message is about: its headline. A route that does not get every
/// finding that did it is not told: it could not be seen from its message why.
fn dark_sentences(diff: &RunDiff, route: &WebhookRoute, open: &[FindingGroup], ended: &[FindingGroup]) -> Vec<String> {
    let places: BTreeSet<_> = open.iter().chain(ended).map(FindingGroup::place).collect();
    let is_here = |account: &str, region: &str| places.contains(&(account, region));
    let dark: DarkCounts =
        diff.dark.iter().filter(|((account, region), _)| is_here(account, region)).map(|(_, counts)| *counts).sum();
    let gets_all = |mut findings: Box<dyn Iterator<Item = &Finding> + '_>| {
        findings.all(|finding| {
            let is_harmless = finding.impact.dark + finding.impact.degraded == 0;
            is_harmless || route.takes(finding) || !is_here(&finding.account, &finding.region)
        })
    };
    let went_dark = dark.went_dark(diff.is_first).filter(|_| gets_all(Box::new(diff.new.iter().chain(&diff.worse))));
    let no_longer_dark = dark.no_longer_dark().filter(|_| gets_all(Box::new(diff.resolved.iter())));
    went_dark.into_iter().chain(no_longer_dark).collect()
}

/// The message with all that is open, in the scopes of `runs`. There is one when nothing is open, too: it shows that the
/// audits still run.
pub(crate) fn digest(open: &[Finding], route: &WebhookRoute, runs: &[LastRun], now: Timestamp) -> Message {
    let mut groups = FindingGroups::default();
    let mut seen = BTreeSet::new();
    let mut kinds: BTreeMap<std::cmp::Reverse<Severity>, u64> = BTreeMap::new();
    // Two schedules may audit the same account.
    let taken = open.iter().filter(|finding| route.takes(finding) && seen.insert(finding.fingerprint));
    for finding in taken {
        groups.add(finding, FindingState::Open);
        *kinds.entry(std::cmp::Reverse(finding.severity)).or_default() += 1;
    }
    let draft = MessageDraft {
        head: if kinds.is_empty() { "nothing is open".to_owned() } else { format!("open: {}", by_severity(&kinds)) },
        beside: Vec::new(),
        open: groups.sorted(),
        ended: Vec::new(),
        footer: runs.iter().take(20).map(last_run).collect(),
        pointer: "`gatelight history --open` lists them",
        is_alarm: false,
    };
    Message { webhook: route.name().to_owned(), body: draft.body(now) }
}

fn last_run(run: &LastRun) -> String {
    let scope = name(&run.scope);
    match run.finished_at {
        Some(at) => format!("{scope}: checked at {}", moment(at)),
        None => format!("{scope}: no run has succeeded yet"),
    }
}

/// The messages about a report without a ledger: all that was found. A route that takes nothing of it gets none.
///
/// # Errors
/// If the report's temporary file cannot be read.
pub(crate) fn snapshot(report: &Report, routes: &[WebhookRoute]) -> io::Result<Vec<Message>> {
    let routes: Vec<_> = routes.iter().filter(|route| route.follows(AUDIT_SCOPE)).collect();
    let mut all: Vec<FindingGroups> = routes.iter().map(|_| FindingGroups::default()).collect();
    failed(report, |finding| {
        for (route, groups) in routes.iter().zip(&mut all) {
            if route.takes(finding) {
                groups.add(finding, FindingState::Found);
            }
        }
    })?;
    let messages = routes.iter().zip(all).filter_map(|(route, groups)| {
        let groups = groups.sorted();
        (!groups.is_empty()).then(|| Message { webhook: route.name().to_owned(), body: found(report, groups) })
    });
    Ok(messages.collect())
}

/// The message about all that was found at `least` or above; there is one when nothing was, too.
///
/// # Errors
/// If the report's temporary file cannot be read.
pub(crate) fn snapshot_of_all(report: &Report, least: Severity) -> io::Result<Value> {
    let mut groups = FindingGroups::default();
    failed(report, |finding| {
        if finding.severity >= least {
            groups.add(finding, FindingState::Found);
        }
    })?;
    Ok(found(report, groups.sorted()))
}

fn found(report: &Report, groups: Vec<FindingGroup>) -> Value {
    let mut kinds: BTreeMap<std::cmp::Reverse<Severity>, u64> = BTreeMap::new();
    for group in &groups {
        *kinds.entry(std::cmp::Reverse(group.severity())).or_default() += group.findings();
    }
    let mut beside = Vec::new();
    let head = match &report.nothing_checked {
        _ if !kinds.is_empty() => {
            let found = format!("found: {}", by_severity(&kinds));
            match dark_now(report, &groups) {
                Some(dark) => {
                    beside.push(found);
                    dark
                }
                None => found,
            }
        }
        Some(nothing) => nothing.text.trim_end_matches('.').to_lowercase(),
        None => "no findings".to_owned(),
    };
    let mut footer = vec![format!("checked at {}", moment(report.finished_at))];
    if report.summary.unknown > 0 {
        footer.push(format!("{} could not be checked", thousands(report.summary.unknown)));
    }
    if let Some(nothing) = &report.nothing_checked {
        footer.push(super::text::prose(&nothing.sentence(), 300));
    }
    let draft = MessageDraft {
        head,
        beside,
        open: groups,
        ended: Vec::new(),
        footer,
        pointer: "the report of this audit lists them",
        is_alarm: report.nothing_checked.is_some(),
    };
    draft.body(report.finished_at)
}

/// `36 of 38 stages are dark`, where the findings of a message are; None where none is, or where its findings do not say
/// why.
fn dark_now(report: &Report, groups: &[FindingGroup]) -> Option<String> {
    if groups.iter().all(|group| group.made_dark() == 0) {
        return None;
    }
    let places: BTreeSet<_> = groups.iter().map(FindingGroup::place).collect();
    let here = report.regions.iter().filter(|region| places.contains(&(&region.account, &region.region)));
    let counts = here.map(|region| {
        let of = |state| SubjectCounts {
            stages: region.visibility.stages(state),
            functions: region.visibility.functions(state),
        };
        DarkCounts { all: State::ALL.map(of).into_iter().sum(), went_dark: of(State::Dark), ..DarkCounts::default() }
    });
    counts.sum::<DarkCounts>().went_dark(true)
}

/// Every failure, ignored ones aside.
fn failed(report: &Report, mut each: impl FnMut(&Finding)) -> io::Result<()> {
    let impacts = report.impacts()?;
    report.outcomes(|region, outcome| {
        if outcome.ignored.is_none()
            && let Some(finding) = outcome.into_finding(region, report.finished_at, &impacts)
        {
            each(&finding);
        }
        Ok(())
    })
}

/// `1 high, 2 medium`.
fn by_severity(kinds: &BTreeMap<std::cmp::Reverse<Severity>, u64>) -> String {
    let words = kinds.iter().map(|(severity, number)| format!("{} {}", thousands(*number), severity.0.name()));
    words.collect::<Vec<_>>().join(", ")
}

/// The contents of a message, before they are fitted into Slack's limits.
struct MessageDraft {
    head: String,
    /// What there is to say beside it, below it.
    beside: Vec<String>,
    /// Worst first.
    open: Vec<FindingGroup>,
    ended: Vec<FindingGroup>,
    footer: Vec<String>,
    /// Where to read what is only counted.
    pointer: &'static str,
    /// Whether it is bad that nothing is open: nothing was checked.
    is_alarm: bool,
}

impl MessageDraft {
    fn body(&self, now: Timestamp) -> Value {
        let sign = match self.open.first().map(FindingGroup::severity) {
            Some(Severity::High) => "🔴",
            Some(Severity::Medium) => "🟠",
            Some(Severity::Low) => "🟡",
            None if self.is_alarm => "⚠️",
            None => "✅",
        };
        let head = format!("{sign} {}{}", self.head, self.place());
        let mut blocks = vec![header(&head)];
        let mut text = length(&head);
        if !self.beside.is_empty() {
            let beside = self.beside.join(" · ");
            text += length(&beside);
            blocks.push(context(&beside));
        }
        let mut shown = 0;
        for group in self.open.iter().take(SHOWN) {
            let paragraph = group.paragraph(now);
            if blocks.len() + SPARE_BLOCKS >= BLOCKS || text + length(&paragraph) + SPARE_TEXT > TOTAL {
                break;
            }
            text += length(&paragraph);
            blocks.push(section(&paragraph));
            shown += 1;
        }
        blocks.extend(self.rest(&self.open[shown..], "more"));
        let mut shown = 0;
        let spare = text + 1_500;
        for group in self.ended.iter().take(SHOWN) {
            let paragraph = group.paragraph(now);
            if text + length(&paragraph) > spare {
                break;
            }
            text += length(&paragraph);
            blocks.push(section(&paragraph));
            shown += 1;
        }
        blocks.extend(self.rest(&self.ended[shown..], "more that are resolved"));
        if !self.footer.is_empty() {
            blocks.push(context(&self.footer.join(" · ")));
        }
        let worst = self.open.first().map_or_else(String::new, |group| format!(". Worst: {}", group.title()));
        json!({"text": format!("Gatelight: {head}{worst}"), "blocks": blocks})
    }

    /// Account and region, or how many there are.
    fn place(&self) -> String {
        let places: BTreeSet<_> = self.open.iter().chain(&self.ended).map(FindingGroup::place).collect();
        let accounts: BTreeSet<_> = places.iter().map(|(account, _)| account).collect();
        match places.first() {
            None => String::new(),
            Some((account, region)) if places.len() == 1 => format!(" · {} · {}", bare(account), bare(region)),
            Some((account, _)) if accounts.len() == 1 => {
                format!(" · {} · {}", bare(account), count(places.len() as u64, "region"))
            }
            Some(_) => format!(" · {}", count(accounts.len() as u64, "account")),
        }
    }

    /// How much is not shown, and where to read it.
    fn rest(&self, groups: &[FindingGroup], what: &str) -> Option<Value> {
        if groups.is_empty() {
            return None;
        }
        let mut kinds: BTreeMap<std::cmp::Reverse<Severity>, u64> = BTreeMap::new();
        for group in groups {
            *kinds.entry(std::cmp::Reverse(group.severity())).or_default() += group.findings();
        }
        let number: u64 = groups.iter().map(FindingGroup::findings).sum();
        let pointer = if what == "more" { self.pointer } else { "`gatelight history` lists them" };
        let mut titles: Vec<(String, u64)> = Vec::new();
        for group in groups {
            let title = group.title();
            match titles.iter_mut().find(|(other, _)| *other == title) {
                Some((_, findings)) => *findings += group.findings(),
                None => titles.push((title, group.findings())),
            }
        }
        let named = titles.iter().take(TITLES).map(|(title, findings)| format!("{title} ({})", thousands(*findings)));
        let named = list_and_more(&named.collect::<Vec<_>>(), titles.len().saturating_sub(TITLES));
        Some(section(&format!("and {} {what} ({}): {pointer}\n{named}", thousands(number), by_severity(&kinds))))
    }
}

/// The message as it is posted: with notes that it may have been posted already, or that an earlier one may not have been.
pub(crate) fn with_delivery_notes(body: &Value, repeated: bool, uncertain: Option<Timestamp>) -> Value {
    let mut notes = Vec::new();
    if repeated {
        notes.push("(repeated) this message may have been posted before".to_owned());
    }
    if let Some(at) = uncertain {
        let at = moment(at);
        notes.push(format!(
            "an earlier message, of {at}, may not have arrived: `gatelight history` says what was found"
        ));
    }
    let mut body = body.clone();
    if notes.is_empty() {
        return body;
    }
    if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
        blocks.insert(blocks.len().min(1), context(&notes.join("\n")));
    }
    if repeated && let Some(Value::String(text)) = body.get_mut("text") {
        text.insert_str(0, "(repeated) ");
    }
    body
}
