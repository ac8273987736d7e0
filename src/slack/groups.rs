//! Findings that are told together: those of one check that share their cause, as in the report.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use gatelight_checks::find_check;
use gatelight_model::{Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::text::{command, length, moment, name, prose, span};
use crate::{
    finding::{End, Finding},
    text::{command_line, count, thousands},
};

/// Names that a list shows; the others are counted.
const NAMES: usize = 3;
const MESSAGE: usize = 500;
const COMMAND: usize = 700;
const FIX: usize = 300;

/// What is said of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    New,
    /// Its severity rose.
    Worse,
    /// It is open, and was before.
    Open,
    /// It was found, and nobody knows since when.
    Found,
    Over,
}

/// Groups, in the order in which their first findings came.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    index: HashMap<u64, Vec<usize>>,
}

/// Findings that share a cause, or that the same sentence is true of.
pub(super) struct Group {
    state: State,
    first: Finding,
    findings: u64,
    subjects: Names,
    affects: Names,
    first_seen: Timestamp,
    commands_differ: bool,
}

/// Things, each counted once, of which only the first few are named.
#[derive(Default)]
struct Names {
    kept: Vec<String>,
    kinds: HashSet<SubjectKind>,
    seen: HashSet<u64>,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Names {
    fn add(&mut self, subject: &Subject) {
        if self.seen.insert(hash(subject)) {
            self.kinds.insert(subject.kind);
            if self.kept.len() < NAMES {
                self.kept.push(name(&subject.name));
            }
        }
    }

    fn number(&self) -> u64 {
        self.seen.len() as u64
    }

    /// `a, b and 35 more`.
    fn list(&self) -> String {
        let more = self.number() - self.kept.len() as u64;
        let rest = if more > 0 { format!(" and {} more", thousands(more)) } else { String::new() };
        self.kept.join(", ") + &rest
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

impl Groups {
    /// Adds a finding to its group.
    pub(super) fn add(&mut self, finding: &Finding, state: State) {
        let key = |of: &Finding| {
            // The sentence is what findings without a common cause share.
            let shared = if of.has_other_cause() { &of.details.cause.arn } else { &of.message };
            (
                of.check.clone(),
                of.account.clone(),
                of.region.clone(),
                of.severity,
                of.previous_severity,
                of.end.map(is_gone),
                shared.clone(),
                of.details.fix.clone(),
            )
        };
        let same = |group: &Group| group.state == state && key(&group.first) == key(finding);
        let places = self.index.entry(hash((state, key(finding)))).or_default();
        if let Some(place) = places.iter().copied().find(|place| same(&self.groups[*place])) {
            self.groups[place].add(finding);
        } else {
            places.push(self.groups.len());
            let mut group = Group {
                state,
                first: finding.clone(),
                findings: 0,
                subjects: Names::default(),
                affects: Names::default(),
                first_seen: finding.first_seen,
                commands_differ: false,
            };
            group.add(finding);
            // It is in `affects` now, and can be long.
            group.first.details.affects = Vec::new();
            self.groups.push(group);
        }
    }

    /// Worst first; where that is equal, in the order in which they came.
    pub(super) fn sorted(mut self) -> Vec<Group> {
        self.groups.sort_by_key(|group| std::cmp::Reverse(group.first.severity));
        self.groups
    }
}

fn is_gone(end: End) -> bool {
    end == End::Gone
}

impl Group {
    fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        self.subjects.add(&finding.subject);
        self.first_seen = self.first_seen.min(finding.first_seen);
        self.commands_differ |= self.first.details.fix_command != finding.details.fix_command;
        for subject in finding.details.affects.iter().filter(|subject| **subject != finding.subject) {
            self.affects.add(subject);
        }
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

    /// What the check looks for; of a check that this version does not know, its id.
    pub(super) fn title(&self) -> String {
        find_check(&self.first.check).map_or_else(|| name(&self.first.check), |check| prose(check.title, 200))
    }

    /// A paragraph, well below a text's limit.
    pub(super) fn paragraph(&self, now: Timestamp) -> String {
        if self.state == State::Over { self.over(now) } else { self.open() }
    }

    fn open(&self) -> String {
        let first = &self.first;
        let state = match (self.state, first.previous_severity) {
            (State::New, _) => ", new".to_owned(),
            (State::Worse, Some(was)) => format!(", was {}", was.name()),
            (State::Worse, None) => ", got worse".to_owned(),
            _ => String::new(),
        };
        let mut text = format!("*{}* — {}{state}\n", self.title(), first.severity.name());
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
        // What several subjects are silenced by is told with them.
        let named = self.affects.kept.iter().all(|name| message.contains(name.as_str()));
        if self.affects.number() > 0 && !named && (by_itself || self.subjects.number() == 1) {
            text += &format!("silences {}\n", self.affects.counted());
        }
        text += &self.fix();
        let seen = match self.state {
            State::Found => String::new(),
            _ => format!(" · first seen {}", moment(self.first_seen)),
        };
        text + &format!("{} · {} · {}{seen}", name(&first.account), name(&first.region), name(&first.check))
    }

    fn fix(&self) -> String {
        let details = &self.first.details;
        let words = || format!("fix: {}\n", prose(&details.fix, FIX));
        let Some(argv) = &details.fix_command else { return words() };
        let Some(line) = command(&command_line(argv), COMMAND) else {
            return format!(
                "{}(the command cannot be shown here as it is: gatelight's JSON report holds it)\n",
                words()
            );
        };
        let others = match self.findings {
            2.. if self.commands_differ => format!(" (and {} like it)", thousands(self.findings - 1)),
            _ => String::new(),
        };
        format!("fix: {line}{others}\n")
    }

    fn over(&self, now: Timestamp) -> String {
        let first = &self.first;
        let how = if first.end == Some(End::Gone) { "gone" } else { "resolved" };
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
