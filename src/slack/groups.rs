//! Groups findings that share a check and a cause, as in the report: each group is one paragraph of a message.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use gatelight_checks::find_check;
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::text::{command, length, moment, name, prose, span};
use crate::{
    finding::{Finding, FindingEnd},
    rank::Rank,
    text::{count, list_and_more, shell_lines, thousands},
};

/// How many names a list shows; the others are counted.
const NAMES: usize = 3;
const MESSAGE: usize = 500;
const COMMAND: usize = 700;
const FIX: usize = 300;

/// How a message presents a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FindingState {
    New,
    /// Its severity rose.
    Worse,
    /// It was open before, and still is.
    Open,
    /// Nobody knows since when: there is no ledger.
    Found,
    Ended,
}

/// Groups, in the order of their first findings.
#[derive(Default)]
pub(super) struct FindingGroups {
    groups: Vec<FindingGroup>,
    /// By the hash of what a group shares.
    index: HashMap<u64, Vec<usize>>,
}

/// Findings that share a cause, or a message.
pub(super) struct FindingGroup {
    state: FindingState,
    first: Finding,
    findings: u64,
    subjects: SubjectList,
    affects: SubjectList,
    first_seen: Timestamp,
    /// When the newest of them was first seen.
    last_found: Timestamp,
    commands_differ: bool,
}

/// Subjects, each counted once, of which only the first few are named.
#[derive(Default)]
struct SubjectList {
    named: Vec<String>,
    kinds: HashSet<SubjectKind>,
    seen: HashSet<u64>,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl SubjectList {
    fn add(&mut self, subject: &Subject) {
        if self.seen.insert(hash(subject)) {
            self.kinds.insert(subject.kind);
            if self.named.len() < NAMES {
                self.named.push(name(&subject.name));
            }
        }
    }

    fn number(&self) -> u64 {
        self.seen.len() as u64
    }

    /// `a, b and 35 more`.
    fn list(&self) -> String {
        list_and_more(&self.named, self.seen.len() - self.named.len())
    }

    /// `37 stages: a, b and 35 more`.
    fn counted(&self) -> String {
        let noun = |kind: &SubjectKind| match kind {
            SubjectKind::RestStage | SubjectKind::HttpStage | SubjectKind::WebsocketStage => "stage",
            SubjectKind::Function => "function",
            SubjectKind::LogGroup => "log group",
            _ => "resource",
        };
        let nouns: HashSet<_> = self.kinds.iter().map(noun).collect();
        let noun = if nouns.len() == 1 { nouns.into_iter().next().unwrap_or("resource") } else { "resource" };
        format!("{}: {}", count(self.number(), noun), self.list())
    }
}

impl FindingGroups {
    /// Adds a finding to its group.
    pub(super) fn add(&mut self, finding: &Finding, state: FindingState) {
        let key = |of: &Finding| {
            // Findings without a common cause share their message.
            let shared = if of.has_other_cause() { &of.details.cause.arn } else { &of.message };
            (
                of.check.clone(),
                of.account.clone(),
                of.region.clone(),
                of.severity,
                of.confidence,
                of.previous_severity,
                of.end.map(is_gone),
                shared.clone(),
                of.details.fix.clone(),
            )
        };
        let same = |group: &FindingGroup| group.state == state && key(&group.first) == key(finding);
        let places = self.index.entry(hash((state, key(finding)))).or_default();
        if let Some(place) = places.iter().copied().find(|place| same(&self.groups[*place])) {
            self.groups[place].add(finding);
        } else {
            places.push(self.groups.len());
            let mut group = FindingGroup {
                state,
                first: finding.clone(),
                findings: 0,
                subjects: SubjectList::default(),
                affects: SubjectList::default(),
                first_seen: finding.first_seen,
                last_found: finding.first_seen,
                commands_differ: false,
            };
            group.add(finding);
            // It is in `affects` now, and can be long.
            group.first.details.affects = Vec::new();
            self.groups.push(group);
        }
    }

    /// As `Rank` has it; those of one rank in the order of their first findings.
    pub(super) fn sorted(mut self) -> Vec<FindingGroup> {
        self.groups.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.groups
    }
}

/// `, low confidence`; nothing where it is high.
fn confidence(confidence: Confidence) -> String {
    match confidence {
        Confidence::High => String::new(),
        other => format!(", {} confidence", other.name()),
    }
}

fn is_gone(end: FindingEnd) -> bool {
    end == FindingEnd::Gone
}

impl FindingGroup {
    fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        self.subjects.add(&finding.subject);
        self.first_seen = self.first_seen.min(finding.first_seen);
        self.last_found = self.last_found.max(finding.first_seen);
        self.commands_differ |= self.first.details.fix_commands != finding.details.fix_commands;
        for subject in finding.details.affects.iter().filter(|subject| **subject != finding.subject) {
            self.affects.add(subject);
        }
    }

    fn rank(&self) -> Rank<'_> {
        let first = &self.first;
        let name = if first.has_other_cause() { &first.details.cause.name } else { &first.subject.name };
        // Without a ledger nobody knows since when.
        let first_seen = (self.state != FindingState::Found).then_some(self.last_found);
        Rank { first_seen, name, ..Rank::of(first) }
    }

    pub(super) fn severity(&self) -> Severity {
        self.first.severity
    }

    pub(super) fn findings(&self) -> u64 {
        self.findings
    }

    /// Account and region.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.first.account, &self.first.region)
    }

    /// The check's title, or its id if this version does not know the check.
    pub(super) fn title(&self) -> String {
        find_check(&self.first.check).map_or_else(|| name(&self.first.check), |check| prose(check.title, 200))
    }

    /// A paragraph, well below a text's limit.
    pub(super) fn paragraph(&self, now: Timestamp) -> String {
        if self.state == FindingState::Ended { self.ended(now) } else { self.open() }
    }

    fn open(&self) -> String {
        let first = &self.first;
        let state = match (self.state, first.previous_severity) {
            (FindingState::New, _) => ", new".to_owned(),
            (FindingState::Worse, Some(was)) => format!(", was {}", was.name()),
            (FindingState::Worse, None) => ", got worse".to_owned(),
            _ => String::new(),
        };
        let sure = confidence(first.confidence);
        let mut text = format!("*{}* — {}{sure}{state}\n", self.title(), first.severity.name());
        let message = prose(&first.message, MESSAGE);
        let by_itself = !first.has_other_cause();
        if self.subjects.number() > 1 && by_itself {
            text += &format!("{}\n{message}\n", self.subjects.counted());
        } else if self.subjects.number() > 1 {
            text += &format!("{message}\nsilences {}\n", self.subjects.counted());
        } else if first.subject.kind == SubjectKind::Account || message.contains(&name(&first.subject.name)) {
            text += &format!("{message}\n");
        } else {
            text += &format!("{}: {message}\n", name(&first.subject.name));
        }
        // The cause of several subjects was named with them.
        let named = self.affects.named.iter().all(|name| message.contains(name.as_str()));
        if self.affects.number() > 0 && !named && (by_itself || self.subjects.number() == 1) {
            text += &format!("silences {}\n", self.affects.counted());
        }
        text += &self.fix();
        let seen = match self.state {
            FindingState::Found => String::new(),
            _ => format!(" · first seen {}", moment(self.first_seen)),
        };
        text + &format!("{} · {} · {}{seen}", name(&first.account), name(&first.region), name(&first.check))
    }

    fn fix(&self) -> String {
        let details = &self.first.details;
        let words = || format!("fix: {}\n", prose(&details.fix, FIX));
        if details.fix_commands.is_empty() {
            return words();
        }
        let lines: Option<Vec<_>> =
            shell_lines(&details.fix_commands).iter().map(|line| command(line, COMMAND)).collect();
        // All of them or none: half of the steps must not be run.
        let lines = lines.map(|lines| lines.join("\n")).filter(|lines| length(lines) <= COMMAND);
        let several = details.fix_commands.len() > 1;
        let it = if several { "them" } else { "it" };
        let Some(lines) = lines else {
            let what = if several {
                "commands cannot be shown here as they are"
            } else {
                "command cannot be shown here as it is"
            };
            return format!("{}(the {what}: gatelight's JSON report holds {it})\n", words());
        };
        let others = match self.findings {
            2.. if self.commands_differ => format!(" (and {} like {it})", thousands(self.findings - 1)),
            _ => String::new(),
        };
        format!("fix: {lines}{others}\n")
    }

    fn ended(&self, now: Timestamp) -> String {
        let first = &self.first;
        let how = if first.end == Some(FindingEnd::Gone) { "gone" } else { "resolved" };
        let text = format!(
            "✅ {how} after {}: *{}* {}\n{} · {} · first seen {}",
            span(self.first_seen, now),
            self.title(),
            self.subjects.list(),
            name(&first.account),
            name(&first.region),
            moment(self.first_seen)
        );
        debug_assert!(length(&text) < 1_500, "{text}");
        text
    }
}
