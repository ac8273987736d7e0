//! Groups findings that share a check and a cause, as in the report: each group is one paragraph of a message.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use gatelight_checks::find_check;
use gatelight_model::{Confidence, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::text::{command, fenced, length, link, moment, name, prose, span};
use crate::{
    finding::{Finding, FindingEnd, Impact},
    rank::{Rank, natural},
    report::text::fold::fold,
    text::{count, list_and_more, shell_line, thousands},
};

/// How many names, or ranges of like names, a list shows; the others are counted.
const NAMES: usize = 3;
/// How many names are kept for that, so that the findings of a large account need no memory.
const KEPT: usize = 200;
const MESSAGE: usize = 500;
/// A longer command is not in the message: the report has it.
const COMMAND: usize = 200;
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

/// Findings of one check in a region that share a cause, or each of which has a cause of its own.
pub(super) struct FindingGroup {
    state: FindingState,
    first: Finding,
    findings: u64,
    subjects: SubjectList,
    affects: SubjectList,
    first_seen: Timestamp,
    /// When the newest of them was first seen.
    last_found: Timestamp,
    /// What they do to stages and functions together.
    impact: Impact,
    /// Whether another says something else than the first.
    messages_differ: bool,
    fixes_differ: bool,
}

/// Subjects, each counted once, of which only some are named.
#[derive(Default)]
struct SubjectList {
    /// As they are: hostile input.
    names: Vec<String>,
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
            if self.names.len() < KEPT {
                self.names.push(subject.name.clone());
            }
        }
    }

    fn number(&self) -> u64 {
        self.seen.len() as u64
    }

    /// `svc-00…35/prod, sandbox/dev and 3 more`.
    fn list(&self) -> String {
        let mut names = self.names.clone();
        names.sort_by(|a, b| natural(a, b));
        let pieces: Vec<_> = fold(&names).into_iter().take(NAMES).collect();
        let shown: usize = pieces.iter().map(|piece| piece.names).sum();
        let texts: Vec<_> = pieces.iter().map(|piece| name(&piece.text)).collect();
        list_and_more(&texts, self.seen.len() - shown)
    }

    /// `37 stages`.
    fn counted(&self) -> String {
        let noun = |kind: &SubjectKind| match kind {
            SubjectKind::RestStage | SubjectKind::HttpStage | SubjectKind::WebsocketStage => "stage",
            SubjectKind::Function => "function",
            SubjectKind::LogGroup => "log group",
            _ => "resource",
        };
        let nouns: BTreeSet<_> = self.kinds.iter().map(noun).collect();
        match nouns.into_iter().collect::<Vec<_>>()[..] {
            [noun] => count(self.number(), noun),
            ["function", "stage"] => format!("{} stages and functions", thousands(self.number())),
            _ => count(self.number(), "resource"),
        }
    }
}

impl FindingGroups {
    /// Adds a finding to its group.
    pub(super) fn add(&mut self, finding: &Finding, state: FindingState) {
        let key = |of: &Finding| {
            let cause = of.has_other_cause().then(|| of.details.cause.arn.clone());
            (
                of.check.clone(),
                of.account.clone(),
                of.region.clone(),
                of.severity,
                of.confidence,
                of.previous_severity,
                of.end.map(is_gone),
                cause,
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
                impact: Impact::default(),
                messages_differ: false,
                fixes_differ: false,
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
        self.messages_differ |= self.first.message != finding.message;
        let fix = |of: &Finding| (of.details.fix.clone(), of.details.fix_commands.clone());
        self.fixes_differ |= fix(&self.first) != fix(finding);
        // Those with one cause all have what it does; the others have a cause each.
        if self.findings == 1 || !finding.has_other_cause() {
            let Impact { dark, degraded, requests } = finding.impact;
            self.impact.dark += dark;
            self.impact.degraded += degraded;
            self.impact.requests = match (self.impact.requests, requests) {
                (Some(all), Some(more)) => Some(all.saturating_add(more)),
                (all, more) => all.or(more),
            };
        }
        for subject in finding.details.affects.iter().filter(|subject| **subject != finding.subject) {
            self.affects.add(subject);
        }
    }

    fn rank(&self) -> Rank<'_> {
        let first = &self.first;
        let name = if first.has_other_cause() { &first.details.cause.name } else { &first.subject.name };
        // Without a ledger nobody knows since when.
        let first_seen = (self.state != FindingState::Found).then_some(self.last_found);
        Rank { first_seen, name, impact: self.impact, ..Rank::of(first) }
    }

    pub(super) fn severity(&self) -> Severity {
        self.first.severity
    }

    pub(super) fn findings(&self) -> u64 {
        self.findings
    }

    /// How many stages and functions are dark because of it.
    pub(super) fn made_dark(&self) -> u64 {
        self.impact.dark
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
        let subject = name(&first.subject.name);
        let concerned = self.concerned("dark");
        let is_named = concerned.is_some() && self.subjects.number() == 1 || message.contains(&subject);
        text.extend(concerned.map(|line| line + "\n"));
        text += &match () {
            () if first.has_other_cause() || first.subject.kind == SubjectKind::Account => format!("{message}\n"),
            () if self.messages_differ => format!("such as {subject}: {message}\n"),
            () if is_named || self.subjects.number() > 1 => format!("{message}\n"),
            () => format!("{subject}: {message}\n"),
        };
        text += &self.fix();
        let page = first.console.as_deref().and_then(|address| link(address, "Open in CloudWatch"));
        text.extend(page.map(|page| page + "\n"));
        let seen = match self.state {
            FindingState::Found => String::new(),
            _ => format!(" · first seen {}", moment(self.first_seen)),
        };
        text + &format!("{} · {} · {}{seen}", name(&first.account), name(&first.region), name(&first.check))
    }

    /// Which stages and functions it concerns, and what it does to them: `36 stages dark: svc-00…35/prod`. `dark`: the word
    /// for those that it makes dark. None for a single subject that it does nothing to.
    fn concerned(&self, dark: &str) -> Option<String> {
        let is_stage_or_function = |kind: &SubjectKind| {
            matches!(kind, SubjectKind::RestStage | SubjectKind::HttpStage | SubjectKind::WebsocketStage)
                || *kind == SubjectKind::Function
        };
        let by_itself = is_stage_or_function(&self.first.subject.kind) || self.affects.number() == 0;
        let listed = if by_itself { &self.subjects } else { &self.affects };
        let changed = self.impact.dark + self.impact.degraded;
        let states = [(self.impact.dark, dark), (self.impact.degraded, "degraded")].into_iter().filter(|(n, _)| *n > 0);
        let states: Vec<_> = states.collect();
        let in_words: Vec<_> = states.iter().map(|(n, state)| format!("{} {state}", thousands(*n))).collect();
        let what = match states[..] {
            [] if listed.number() < 2 => return None,
            [] => listed.counted(),
            // It takes something from others than those that it names.
            _ if changed > listed.number() || !listed.kinds.iter().all(is_stage_or_function) => {
                return Some(format!("stages and functions: {}", in_words.join(", ")));
            }
            [(n, state)] if n == listed.number() => format!("{} {state}", listed.counted()),
            _ => format!("{}, {}", listed.counted(), in_words.join(", ")),
        };
        Some(format!("{what}: {}", listed.list()))
    }

    /// How to fix it, where to read more, and what shows that it is fixed.
    fn fix(&self) -> String {
        let first = &self.first;
        let commands = &first.details.fix_commands;
        let of = match self.findings {
            2.. if self.fixes_differ => format!(" (the first of {})", thousands(self.findings)),
            _ => String::new(),
        };
        let mut text = format!("fix{of}: {}\n", prose(&first.details.fix, FIX));
        // Half of the steps must not be run, and a changed command neither.
        let single = shell_line(commands).filter(|_| commands.len() == 1).and_then(|line| fenced(&line, COMMAND));
        text += &match (single, commands.len()) {
            (Some(block), _) => format!("{block}\n"),
            (None, 0) => String::new(),
            (None, 1) => format!("({} has the command)\n", self.pointer()),
            (None, n) => format!("({} has the {n} commands)\n", self.pointer()),
        };
        let argv = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let shown = |words: &[&str]| shell_line(&[argv(words)]).and_then(|line| command(&line, COMMAND));
        if find_check(&first.check).is_some() {
            let more = shown(&["gatelight", "explain", &first.check]);
            text.extend(more.map(|line| format!("more: {line}\n")));
            let verify = shown(&["gatelight", "audit", "--region", &first.region, "--check", &first.check]);
            text.extend(verify.map(|line| format!("verify: {line}\n")));
        }
        text
    }

    /// What holds what the message leaves out.
    fn pointer(&self) -> &'static str {
        if self.state == FindingState::Found { "the report of this audit" } else { "`gatelight history --open`" }
    }

    fn ended(&self, now: Timestamp) -> String {
        let first = &self.first;
        let how = if first.end == Some(FindingEnd::Gone) { "gone" } else { "resolved" };
        let concerned = self.concerned(if self.impact.dark == 1 { "was dark" } else { "were dark" });
        let concerned = concerned.unwrap_or_else(|| self.subjects.list());
        let text = format!(
            "✅ *{}* — {}, {how} after {}\n{concerned}\n{} · {} · {} · first seen {}",
            self.title(),
            first.severity.name(),
            span(self.first_seen, now),
            name(&first.account),
            name(&first.region),
            name(&first.check),
            moment(self.first_seen)
        );
        debug_assert!(length(&text) < 1_500, "{text}");
        text
    }
}
