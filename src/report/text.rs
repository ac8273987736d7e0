//! The report for a person at a terminal: worst first, grouped by what has to be changed, what that silences, how to
//! fix it; then what could not be checked and what would let it; one line of summary last. Made for 80 columns.

mod changes;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use gatelight_checks::CHECKS;
use gatelight_model::{Gap, GapKind, Severity, Subject, SubjectKind};
use jiff::Timestamp;

use super::{
    Report, insights_cost,
    outcome::{OutcomeRecord, RecordedFailure, RecordedVerdict, RegionReport},
    spool::SpoolRange,
};
use crate::{
    collect::aws::{Granted, Operation},
    finding::{Change, Changes, Tracked},
    text::{WIDTH, command_lines, count, plain, thousands, wrap},
};

const INDENT: &str = "        ";
/// Names of subjects that one entry lists; the others are counted.
const NAMES: usize = 4;
/// Entries of one check; the others are counted.
const ENTRIES: usize = 12;
/// Shards that get a line of their own in the head.
const HEAD_LINES: usize = 8;

/// How a reason begins that a permission would mend.
const NEEDS: &str = "needs ";

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Writes the report. `verbose` shows every finding and every subject.
///
/// # Errors
/// If `out` cannot be written, or the spool cannot be read.
pub(crate) fn render(report: &Report, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let least = if verbose {
        Severity::Low
    } else {
        report.fail_on.threshold().unwrap_or(Severity::Medium).min(Severity::Medium)
    };
    let gathered = Gathered::from(report, least, verbose)?;
    let compared = report.changes.as_ref().is_some_and(|changes| changes.since.is_some());
    let now = compared.then_some(report.finished_at);
    let page = Page { out, verbose, now, many: report.regions.len() > 1 };
    page.write(report, &gathered, least)
}

/// What one check found, entry by entry.
#[derive(Default)]
struct Section {
    entries: Vec<Entry>,
    index: HashMap<(SpoolRange, String, String), usize>,
}

/// Subjects that share a cause, or that the same sentence is true of.
struct Entry {
    region: String,
    /// The thing to change, if it is not the subject.
    cause: Option<Subject>,
    message: String,
    subjects: Names,
    affects: Names,
    subject_kind: SubjectKind,
    fix: String,
    command: Option<Vec<String>>,
    /// Whether a subject has another command than the first.
    commands_differ: bool,
    /// Subjects of which it was not so at the last look.
    new: Names,
    /// Since when it is so of one that is not new.
    since: Option<Timestamp>,
}

/// Names, each counted once, of which only the first few are shown.
#[derive(Default)]
struct Names {
    kept: Vec<String>,
    seen: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str, keep: usize) {
        if !self.seen.contains(name) {
            self.seen.insert(name.to_owned());
            if self.kept.len() < keep {
                self.kept.push(shortened(&plain(name)));
            }
        }
    }

    /// `a, b and 3 more`.
    fn list(&self) -> String {
        let more = self.seen.len() - self.kept.len();
        let rest = if more > 0 { format!(" and {} more", thousands(more as u64)) } else { String::new() };
        self.kept.join(", ") + &rest
    }
}

/// What an unknown needs to become known, and what is unknown for want of it.
#[derive(Default)]
struct Unread {
    outcomes: usize,
    checks: BTreeSet<&'static str>,
    about: Names,
    regions: Names,
}

/// All that the page shows, out of one walk over the outcomes.
#[derive(Default)]
struct Gathered {
    sections: BTreeMap<(std::cmp::Reverse<Severity>, usize), Section>,
    unread: BTreeMap<String, Unread>,
    notes: BTreeMap<(usize, String), Names>,
    /// By check, and position among the report's ignores.
    ignored: BTreeMap<(usize, usize), Names>,
    /// By check: subjects that it does not fail for any more.
    resolved: BTreeMap<usize, Names>,
}

impl Gathered {
    fn from(report: &Report, least: Severity, verbose: bool) -> io::Result<Self> {
        let order: HashMap<_, _> = CHECKS.iter().enumerate().map(|(place, check)| (check.id, place)).collect();
        let keep = if verbose { usize::MAX } else { NAMES };
        let mut all = Self::default();
        for region in &report.regions {
            for gap in region.gaps.iter().filter(|gap| is_about_a_call(gap)) {
                let unread = all.unread.entry(reason(gap)).or_default();
                // `*`: the call takes no resource.
                if !matches!(gap.why().resource.as_str(), "" | "*") {
                    unread.about.add(&gap.why().resource, keep);
                }
                unread.regions.add(&name_of(region), keep);
            }
        }
        report.outcomes(|region, outcome| {
            let check = outcome.check();
            let place = order[check.id];
            if let Some(ignored) = outcome.ignored {
                if verbose {
                    all.ignored.entry((place, ignored)).or_default().add(&outcome.subject.name, keep);
                }
                return Ok(());
            }
            let seen = report.tracked(region, &outcome);
            if seen.is_some_and(|seen| seen.change == Change::Resolved) {
                all.resolved.entry(place).or_default().add(&outcome.subject.name, keep);
            }
            match &outcome.verdict {
                RecordedVerdict::Fail(failure) if outcome.severity >= least => {
                    let section = all.sections.entry((std::cmp::Reverse(outcome.severity), place)).or_default();
                    section.add(region, &outcome, failure, seen, keep);
                }
                RecordedVerdict::Unknown { gap } => {
                    let unread = all.unread.entry(reason(gap)).or_default();
                    unread.outcomes += 1;
                    unread.checks.insert(check.id);
                    unread.regions.add(&name_of(region), keep);
                    if !is_about_a_call(gap) {
                        unread.about.add(&outcome.subject.name, keep);
                    }
                }
                RecordedVerdict::Pass { note: Some(note) } if verbose => {
                    all.notes.entry((place, note.clone())).or_default().add(&outcome.subject.name, keep);
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(all)
    }
}

impl Section {
    fn add(
        &mut self,
        region: &RegionReport,
        outcome: &OutcomeRecord,
        failure: &RecordedFailure,
        seen: Option<&Tracked>,
        keep: usize,
    ) {
        let cause = (failure.details.cause != outcome.subject).then(|| failure.details.cause.clone());
        let what = cause.as_ref().map_or_else(|| failure.message.clone(), |cause| cause.arn.clone());
        let index = *self.index.entry((region.outcomes, what, failure.details.fix.clone())).or_insert_with(|| {
            self.entries.push(Entry {
                region: name_of(region),
                cause,
                message: failure.message.clone(),
                subjects: Names::default(),
                affects: Names::default(),
                subject_kind: outcome.subject.kind,
                fix: failure.details.fix.clone(),
                command: failure.details.fix_command.clone(),
                commands_differ: false,
                new: Names::default(),
                since: None,
            });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[index];
        entry.commands_differ |= entry.command != failure.details.fix_command;
        entry.subjects.add(&outcome.subject.name, keep);
        match seen {
            Some(seen) if seen.change == Change::New => entry.new.add(&outcome.subject.name, keep),
            Some(seen) => entry.since = Some(entry.since.map_or(seen.first_seen, |since| since.min(seen.first_seen))),
            None => {}
        }
        for thing in failure.details.affects.iter().filter(|thing| **thing != outcome.subject) {
            entry.affects.add(&thing.name, keep);
        }
    }
}

struct Page<'a> {
    out: &'a mut dyn Write,
    verbose: bool,
    /// When the report was finished, if there was a look before it to compare it with.
    now: Option<Timestamp>,
    /// Whether subjects need the name of their account and region.
    many: bool,
}

impl Page<'_> {
    fn write(mut self, report: &Report, gathered: &Gathered, least: Severity) -> io::Result<()> {
        self.head(report)?;
        for ((std::cmp::Reverse(severity), place), section) in &gathered.sections {
            self.section(*severity, *place, section)?;
        }
        self.unread(gathered)?;
        self.notes(gathered)?;
        self.ignored(report, gathered)?;
        self.ignores(report)?;
        self.not_found(report)?;
        self.over(report, gathered)?;
        self.summary(report, least)
    }

    fn head(&mut self, report: &Report) -> io::Result<()> {
        let seconds = report.finished_at.as_second() - report.started_at.as_second();
        let requests = |traffic: &crate::collect::aws::Traffic| {
            if traffic.total() == 0 {
                return String::new();
            }
            let throttled = match traffic.throttled {
                0 => "none throttled".to_owned(),
                n => format!("{} throttled", thousands(n)),
            };
            format!(" · {} requests, {throttled}", thousands(traffic.total()))
        };
        if report.regions.len() <= HEAD_LINES {
            for region in &report.regions {
                let name = name_of(region);
                let stages = count(region.stages, "stage");
                writeln!(self.out, "{BOLD}{name}{BOLD:#} · {seconds} s · {stages}{}", requests(&region.traffic))?;
            }
        } else {
            let accounts: BTreeSet<_> = report.regions.iter().map(|region| &region.account).collect();
            let mut traffic = crate::collect::aws::Traffic::default();
            report.regions.iter().for_each(|region| traffic.add(&region.traffic));
            let stages = report.regions.iter().map(|region| region.stages).sum();
            writeln!(
                self.out,
                "{BOLD}{}, {}{BOLD:#} · {seconds} s · {}{}",
                count(accounts.len() as u64, "account"),
                count(report.regions.len() as u64, "region"),
                count(stages, "stage"),
                requests(&traffic)
            )?;
        }
        match report.regions.iter().map(|region| region.traffic.metrics).sum() {
            0 => {}
            n => {
                let metrics = count(n, "CloudWatch metric");
                writeln!(self.out, "{DIM}{metrics} requested, for which AWS bills {}{DIM:#}", price(n))?;
            }
        }
        if let Some(told) =
            insights_cost::line(report.regions.iter().map(|region| (region.region.as_str(), &region.traffic)))
        {
            writeln!(self.out, "{DIM}{told}{DIM:#}")?;
        }
        Ok(())
    }

    fn section(&mut self, severity: Severity, place: usize, section: &Section) -> io::Result<()> {
        let check = &CHECKS[place];
        let color = match severity {
            Severity::High => AnsiColor::Red,
            Severity::Medium => AnsiColor::Yellow,
            Severity::Low => AnsiColor::Cyan,
        };
        let style = Style::new().bold().fg_color(Some(color.into()));
        let word = format!("{:<8}", severity.name().to_uppercase());
        let gap = WIDTH.saturating_sub(word.len() + check.title.chars().count() + check.id.len());
        if gap >= 2 {
            let id = format!("{:>width$}", check.id, width = gap + check.id.len());
            writeln!(self.out, "\n{style}{word}{style:#}{BOLD}{}{BOLD:#}{DIM}{id}{DIM:#}", check.title)?;
        } else {
            writeln!(self.out, "\n{style}{word}{style:#}{BOLD}{}{BOLD:#}", check.title)?;
            writeln!(self.out, "{INDENT}{DIM}{}{DIM:#}", check.id)?;
        }
        let shown = if self.verbose { section.entries.len() } else { ENTRIES };
        // The same words are said once, after all that they are true of.
        let mut fixes: Vec<(&str, Vec<&Entry>)> = Vec::new();
        for entry in section.entries.iter().take(shown) {
            match fixes.iter_mut().find(|(fix, _)| *fix == entry.fix) {
                Some((_, entries)) => entries.push(entry),
                None => fixes.push((&entry.fix, vec![entry])),
            }
        }
        let mut region = "";
        for (_, entries) in fixes {
            for entry in &entries {
                // Where it lies is said once for those that follow each other.
                if self.many && entry.region != region {
                    region = &entry.region;
                    writeln!(self.out, "{INDENT}{DIM}{}{DIM:#}", plain(region))?;
                }
                self.entry(entry)?;
            }
            self.fix(
                entries[0],
                entries.iter().any(|entry| entry.command != entries[0].command) || entries[0].commands_differ,
            )?;
        }
        let rest = &section.entries[section.entries.len().min(shown)..];
        if !rest.is_empty() {
            let subjects: usize = rest.iter().map(|entry| entry.subjects.seen.len()).sum();
            writeln!(
                self.out,
                "{INDENT}and {} more of this kind (--verbose or --format json shows them)",
                thousands(subjects as u64)
            )?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        match &entry.cause {
            // The thing to change is named once.
            Some(cause) if entry.message.contains(&cause.arn) => {}
            Some(cause) => self.wrapped(INDENT, &plain(&cause.arn))?,
            None => self.names(INDENT, &entry.subjects, "")?,
        }
        self.wrapped("          ", &plain(&entry.message))?;
        if entry.cause.is_some() && entry.subject_kind != SubjectKind::Account {
            let lead = match entry.subject_kind {
                SubjectKind::Function => "Functions: ",
                SubjectKind::LogGroup => "Log groups: ",
                _ => "Stages: ",
            };
            self.names("          ", &entry.subjects, lead)?;
        }
        if self.verbose && !entry.affects.seen.is_empty() {
            self.names("          ", &entry.affects, "Silences: ")?;
        }
        self.age(entry)
    }

    fn fix(&mut self, entry: &Entry, of_several: bool) -> io::Result<()> {
        let lead = format!("{INDENT}{DIM}fix{DIM:#}   ");
        let text = plain(&entry.fix);
        let mut first = true;
        for line in wrap(&text, WIDTH - 14) {
            let start = if first { lead.as_str() } else { "              " };
            first = false;
            writeln!(self.out, "{start}{line}")?;
        }
        if let Some(argv) = &entry.command {
            for line in command_lines(argv) {
                writeln!(self.out, "              {line}")?;
            }
            if of_several {
                writeln!(
                    self.out,
                    "              {DIM}(for the first of them; --format json has the command for each){DIM:#}"
                )?;
            }
        }
        Ok(())
    }

    fn names(&mut self, indent: &str, names: &Names, lead: &str) -> io::Result<()> {
        let mut text = format!("{lead}{}", names.list());
        if !lead.is_empty() {
            text.push('.');
        }
        self.wrapped(indent, &text)
    }

    fn unread(&mut self, gathered: &Gathered) -> io::Result<()> {
        if gathered.unread.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{BOLD}Could not check{BOLD:#}")?;
        let needed = || gathered.unread.keys().filter_map(|reason| reason.strip_prefix(NEEDS));
        if needed().any(|permission| !is_of_organization(permission) && !is_of_insights(permission)) {
            self.wrapped(INDENT, "`gatelight iam-policy` prints all the permissions that it needs.")?;
        }
        if needed().any(is_of_insights) {
            self.wrapped(INDENT, "`gatelight iam-policy --insights` prints the permissions that `--insights` needs.")?;
        }
        if needed().any(is_of_organization) {
            self.wrapped(
                INDENT,
                "AWS tells the policies of an organization to its management account and to delegated administrators \
                 alone; `gatelight iam-policy --organization` prints the permissions for these. What is not known of them \
                 does not count for the exit status.",
            )?;
        }
        for (reason, unread) in &gathered.unread {
            self.wrapped(INDENT, &plain(reason))?;
            let checks: Vec<_> = unread.checks.iter().copied().collect();
            let checks = match checks.len() {
                n if n > 4 && !self.verbose => format!("{n} checks"),
                _ => checks.join(", "),
            };
            let place = if self.many { format!("; in {}", unread.regions.list()) } else { String::new() };
            let about =
                if unread.about.kept.is_empty() { String::new() } else { format!("; about {}", unread.about.list()) };
            let text = match unread.outcomes {
                // Another fact decided what this one would have told.
                0 => format!("no verdict rests on it{about}{place}"),
                n => format!("{}: {checks}{about}{place}", count(n as u64, "outcome")),
            };
            self.wrapped("          ", &plain(&text))?;
        }
        Ok(())
    }

    fn notes(&mut self, gathered: &Gathered) -> io::Result<()> {
        if gathered.notes.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{BOLD}Passed, with a note{BOLD:#}")?;
        for ((place, note), names) in &gathered.notes {
            self.names(INDENT, names, "")?;
            self.wrapped("          ", &format!("{}: {}", CHECKS[*place].id, plain(note)))?;
        }
        Ok(())
    }

    fn ignored(&mut self, report: &Report, gathered: &Gathered) -> io::Result<()> {
        if gathered.ignored.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{BOLD}Ignored{BOLD:#}")?;
        for ((place, index), names) in &gathered.ignored {
            let setting = &report.ignores[*index].setting;
            let until = setting.until.map_or_else(String::new, |day| format!(" (until {day})"));
            self.names(INDENT, names, "")?;
            self.wrapped("          ", &plain(&format!("{}: {}{until}", CHECKS[*place].id, setting.reason)))?;
        }
        Ok(())
    }

    fn ignores(&mut self, report: &Report) -> io::Result<()> {
        let idle = report.ignores.iter().filter(|ignore| ignore.applies && (ignore.ended || ignore.matched == 0));
        let mut first = true;
        for ignore in idle {
            if first {
                writeln!(self.out, "\n{BOLD}Ignores that did nothing{BOLD:#}")?;
                first = false;
            }
            let why = if ignore.ended {
                let until = ignore.setting.until.map(|day| day.to_string()).unwrap_or_default();
                format!("ended with {until}")
            } else {
                "matched no finding and nothing unknown".to_owned()
            };
            let text = format!("check {}, subject {}: {why}", ignore.setting.check, ignore.setting.subject);
            self.wrapped(INDENT, &plain(&text))?;
        }
        Ok(())
    }

    /// A name that was misspelt would be a log group that nobody looks at.
    fn not_found(&mut self, report: &Report) -> io::Result<()> {
        if !report.not_found.is_empty() {
            writeln!(self.out, "\n{BOLD}Log groups of the configuration that are not there{BOLD:#}")?;
        }
        for name in &report.not_found {
            self.wrapped(INDENT, &plain(name))?;
        }
        Ok(())
    }

    fn summary(&mut self, report: &Report, least: Severity) -> io::Result<()> {
        let summary = &report.summary;
        let mut text = match summary.fail {
            0 => "No findings.".to_owned(),
            n => {
                let kinds = [Severity::High, Severity::Medium, Severity::Low].into_iter().filter_map(|severity| {
                    let count = *summary.by_severity.get(&severity)?;
                    let hidden = if severity < least { " (shown with --verbose)" } else { "" };
                    Some(format!("{} {}{hidden}", thousands(count), severity.name()))
                });
                format!("{}: {}.", count(n, "finding"), kinds.collect::<Vec<_>>().join(", "))
            }
        };
        text += &format!(" {} passed", thousands(summary.pass));
        if summary.ignored > 0 {
            text += &format!(", {} ignored", thousands(summary.ignored));
        }
        if summary.unknown > 0 {
            text += &format!(", {} could not be checked", thousands(summary.unknown));
        }
        text.push('.');
        writeln!(self.out)?;
        if let Some(changes) = &report.changes {
            writeln!(self.out, "{}", changes::changed(changes))?;
        }
        writeln!(self.out, "{BOLD}{text}{BOLD:#}")
    }

    fn wrapped(&mut self, indent: &str, text: &str) -> io::Result<()> {
        for line in wrap(text, WIDTH - indent.len()) {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }
}

/// What would let it be checked; unknowns are grouped by it.
fn reason(gap: &Gap) -> String {
    let why = gap.why();
    match why.kind {
        GapKind::Denied if !why.permission.is_empty() => format!("{NEEDS}{}", why.permission),
        GapKind::Denied | GapKind::NotCollected | GapKind::Unprovable => gap.to_string(),
        // An account that could not be opened failed before any call.
        _ if why.operation.is_empty() => why.message.clone(),
        kind => format!("{} {}: {}", why.operation, kind.name(), why.message),
    }
}

/// Whether only few accounts have use for that permission.
fn is_of_organization(permission: &str) -> bool {
    permission.starts_with("organizations:")
}

/// Whether only queries of CloudWatch Logs Insights need that permission.
fn is_of_insights(permission: &str) -> bool {
    let mut all = Operation::ALL.iter().filter(|operation| operation.granted() == Granted::WithInsights);
    all.any(|operation| operation.permission() == permission)
}

/// Whether it names what was asked about; else what matters is what the outcome is about.
fn is_about_a_call(gap: &Gap) -> bool {
    !matches!(gap.why().kind, GapKind::Unprovable | GapKind::NotCollected)
}

/// A name that would fill the page by itself, without its middle.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 66;
    const END: usize = 20;
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - END - 1).collect();
    let end: String = name.chars().skip(length - END).collect();
    format!("{start}…{end}")
}

fn name_of(region: &RegionReport) -> String {
    format!("{} · {}", region.account, region.region)
}
/// What AWS bills for metrics: $0.01 per 1,000 that were requested (<https://aws.amazon.com/cloudwatch/pricing/>, us-east-1).
fn price(metrics: u64) -> String {
    if metrics < 1_000 {
        return "less than $0.01".to_owned();
    }
    let cents = (metrics + 500) / 1_000;
    format!("about ${}.{:02}", thousands(cents / 100), cents % 100)
}

#[cfg(test)]
mod tests {
    use super::price;

    #[test]
    fn a_thousand_metrics_cost_a_cent() {
        for (metrics, said) in [
            (1, "less than $0.01"),
            (999, "less than $0.01"),
            (1_000, "about $0.01"),
            (1_499, "about $0.01"),
            (1_500, "about $0.02"),
            (10_000, "about $0.10"),
            (123_456_789, "about $1,234.57"),
        ] {
            assert_eq!(price(metrics), said);
        }
    }
}
