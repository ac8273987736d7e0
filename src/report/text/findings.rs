//! One block a cause: what is wrong, what that hides, how to fix it, how to see that it is fixed.

use gatelight_model::SubjectKind;
use unicode_width::UnicodeWidthStr as _;

use super::{
    super::Report,
    blocks::{Block, BlockEntry, Fault},
    changes::age,
    gathered::region_name,
    overview::{impact, title},
    page::{BOLD, DIM, INDENT, TextPage, severity_word},
    sentences::{common_end, sentences},
};
use crate::text::{count, plain, shell_line, thousands, wrap};

/// Entries of one block that are shown in full; of the others only the names.
const ENTRIES: usize = 6;
/// Blocks that the blocks in full leave room for, one line each.
const SHORT: usize = 40;
/// Lines of one list of names.
const NAMES: usize = 3;

impl TextPage {
    /// All blocks on about `room` lines: in full as long as the others still have a line each, then one line each.
    pub(super) fn blocks(&mut self, report: &Report, blocks: &[Block], room: usize) {
        let last = self.lines.len() + room;
        let mut position = 0;
        for block in blocks {
            let mut page = TextPage::new(self.layout);
            page.block(report, position + 1, block);
            let others = (blocks.len() - position - 1).min(SHORT);
            // The first is always shown in full: it is what to do first.
            if !self.layout.verbose && position > 0 && self.lines.len() + page.lines.len() + others + 3 > last {
                break;
            }
            self.lines.append(&mut page.lines);
            position += 1;
        }
        if position == blocks.len() {
            return;
        }
        self.heading("More findings (--verbose shows each in full)");
        while position < blocks.len() && self.lines.len() < last {
            self.short_block(position + 1, &blocks[position]);
            position += 1;
        }
        let findings: usize = blocks[position..].iter().map(|block| block.findings).sum();
        if findings > 0 {
            self.line(format!("     {} more: --verbose", thousands(findings as u64)));
        }
    }

    /// One line: title, names and id.
    fn short_block(&mut self, number: usize, block: &Block) {
        let lead = format!("{number:>3}  {}  ", severity_word(block.severity));
        let title = title(block);
        let room = self.width().saturating_sub(13 + title.width() + 2);
        let names = match block.kind() {
            SubjectKind::Account => vec![impact(block)],
            _ => self.names(&block.subjects(), room, 1),
        };
        for detail in [names.join(" "), impact(block)] {
            if detail.width() <= room {
                return self.line(format!("{lead}{title}  {DIM}{detail}{DIM:#}"));
            }
        }
        let mut lines = wrap(&title, self.width() - 13).into_iter();
        self.line(format!("{lead}{}", lines.next().unwrap_or_default()));
        lines.for_each(|line| self.line(format!("{:13}{line}", "")));
    }

    fn block(&mut self, report: &Report, number: usize, block: &Block) {
        self.line("");
        self.block_heading(report, number, block);
        let says_region = report.regions.len() > 1;
        if let Some(cause) = &block.cause
            && !block.entries[0].faults[0].message.contains(&cause.arn)
        {
            self.wrapped(INDENT, &plain(&cause.arn));
        }
        // What every entry says in the end is said once.
        let messages = block.entries.iter().map(|entry| entry.faults[0].message.as_str());
        let common = if block.faults() == 1 { common_end(messages) } else { 0 };
        let shown = if self.layout.verbose { block.entries.len() } else { ENTRIES };
        let mut last_region = None;
        for entry in block.entries.iter().take(shown) {
            if says_region && last_region != Some(entry.region) {
                last_region = Some(entry.region);
                let region = plain(&region_name(report, &report.regions[entry.region]));
                self.line(format!("{INDENT}{DIM}{region}{DIM:#}"));
            }
            self.entry(block, entry, common);
        }
        if common > 0 {
            let message = sentences(&block.entries[0].faults[0].message);
            self.wrapped(INDENT, &plain(&message[message.len() - common..].join(" ")));
        }
        if block.entries.len() > shown {
            let rest: Vec<_> = block.entries[shown..].iter().flat_map(|entry| entry.subjects.iter().cloned()).collect();
            self.labelled_names("also", &rest, NAMES);
        }
        self.hides(report, block);
        self.fixes(block);
        self.verify(report, block);
    }

    /// Number, severity, title and id; whether it is new, or how old it is.
    fn block_heading(&mut self, report: &Report, number: usize, block: &Block) {
        let age = match (compared(report), block.new.len(), block.since) {
            (false, ..) => String::new(),
            (true, new, _) if new == block.findings => "NEW".to_owned(),
            (true, 0, Some(since)) => age(since, report.finished_at),
            (true, new, Some(since)) => format!("{new} NEW, others {}", age(since, report.finished_at)),
            (true, new, None) => format!("{new} NEW"),
        };
        let title = match block.faults() {
            1 => block.check().title.to_owned(),
            n => {
                let names = self.names(&block.subjects(), self.width() / 3, 1).join(" ");
                format!("{names}: one change of the format fixes {n} faults")
            }
        };
        let confidence = match block.confidence.name() {
            "high" => String::new(),
            confidence => format!(" ({confidence} confidence)"),
        };
        let lead = format!("{DIM}{number:<3}{DIM:#}{}", severity_word(block.severity));
        let title = format!("{title}{confidence}");
        // The id, as a link or not, and the age, on the right or on a line of their own.
        let id = (block.faults() == 1).then(|| block.check());
        let space = if id.is_some() && !age.is_empty() { "  " } else { "" };
        let right = format!("{}{space}{age}", id.map(|check| self.id(check)).unwrap_or_default());
        let right_width = id.map_or(0, |check| check.id.len()) + space.len() + age.width();
        let gap = self.width().saturating_sub(10 + title.width() + right_width);
        if gap >= 2 || right.is_empty() {
            let gap = if right.is_empty() { 0 } else { gap };
            self.line(format!("{lead} {BOLD}{title}{BOLD:#}{DIM}{:gap$}{right}{DIM:#}", ""));
            return;
        }
        for (position, line) in wrap(&title, self.width() - 10).into_iter().enumerate() {
            let lead = if position == 0 { lead.as_str() } else { "         " };
            self.line(format!("{lead} {BOLD}{line}{BOLD:#}"));
        }
        self.line(format!("{:10}{DIM}{right}{DIM:#}", ""));
    }

    /// What is wrong with some subjects.
    fn entry(&mut self, block: &Block, entry: &BlockEntry, common: usize) {
        let is_named = block.cause.is_none() && entry.kind != SubjectKind::Account;
        if entry.faults.len() > 1 {
            return self.faults(entry);
        }
        let message = sentences(&entry.faults[0].message);
        let own = plain(&message[..message.len() - common].join(" "));
        if !is_named {
            return self.wrapped(INDENT, &own);
        }
        for line in self.names(&entry.subjects, self.width() - INDENT.len(), NAMES) {
            self.line(format!("{INDENT}{line}"));
        }
        if !own.is_empty() {
            self.wrapped("     ", &own);
        }
    }

    /// The faults of a format, in two columns where there is room.
    fn faults(&mut self, entry: &BlockEntry) {
        let widest = entry.faults.iter().map(|fault| fault.check.id.len()).max().unwrap_or_default();
        let beside = self.width() - INDENT.len() >= widest + 2 + 40;
        for Fault { check, message, severity, .. } in &entry.faults {
            let message = plain(message);
            let id = format!("{} ({})", check.id, severity.name());
            if beside {
                let indent = INDENT.len() + widest + 2;
                for (position, line) in wrap(&message, self.width() - indent).into_iter().enumerate() {
                    let id = if position == 0 { check.id } else { "" };
                    self.line(format!("{INDENT}{DIM}{id:<widest$}{DIM:#}  {line}"));
                }
            } else {
                self.line(format!("{INDENT}{DIM}{id}{DIM:#}"));
                self.wrapped("     ", &message);
            }
        }
    }

    /// The stages and functions that cannot be seen because of it, and which of the findings are new.
    fn hides(&mut self, report: &Report, block: &Block) {
        if compared(report) && !block.new.is_empty() && block.new.len() < block.findings {
            self.labelled_names("new", &block.new, NAMES);
        }
        // Where the entries list the same subjects, nothing is said twice.
        if block.cause.is_some() || block.kind() == SubjectKind::Account {
            for (label, subjects) in [("dark", &block.dark), ("degraded", &block.degraded)] {
                if !subjects.is_empty() {
                    self.labelled_names(label, subjects, NAMES);
                }
            }
            if block.kind() != SubjectKind::Account && block.dark.is_empty() && block.degraded.is_empty() {
                let label = match block.kind() {
                    SubjectKind::Function => "function",
                    SubjectKind::LogGroup => "group",
                    _ => "stage",
                };
                self.labelled_names(label, &block.subjects(), NAMES);
            }
        }
        if self.layout.verbose {
            let affects: Vec<String> = block.entries.iter().flat_map(|entry| entry.affects.iter().cloned()).collect();
            if !affects.is_empty() && block.dark.is_empty() && block.degraded.is_empty() {
                self.labelled_names("affects", &affects, NAMES);
            }
        }
    }

    /// How to fix it. What several entries share is said once.
    fn fixes(&mut self, block: &Block) {
        let mut fixes: Vec<(&[Fault], usize, bool)> = Vec::new();
        for entry in &block.entries {
            let same = |faults: &[Fault]| {
                faults.len() == entry.faults.len() && faults.iter().zip(&entry.faults).all(|(a, b)| a.fix == b.fix)
            };
            match fixes.iter_mut().find(|(faults, ..)| same(faults)) {
                Some((_, subjects, differ)) => {
                    *subjects += entry.subjects.len();
                    *differ = true;
                }
                None => fixes.push((&entry.faults, entry.subjects.len(), entry.commands_differ)),
            }
        }
        let shown = if self.layout.verbose { fixes.len() } else { 2 };
        for (faults, subjects, differ) in fixes.iter().take(shown) {
            self.fix(faults, *subjects, *differ);
        }
        if fixes.len() > shown {
            self.labelled("", &format!("{} (--verbose)", count((fixes.len() - shown) as u64, "more way to fix it")));
        }
    }

    fn fix(&mut self, faults: &[Fault], subjects: usize, commands_differ: bool) {
        let texts: Vec<Vec<&str>> = faults.iter().map(|fault| sentences(&fault.fix)).collect();
        let common = if faults.len() > 1 { common_end(faults.iter().map(|fault| fault.fix.as_str())) } else { 0 };
        let mut parts: Vec<String> =
            texts.iter().map(|text| text[..text.len() - common].join(" ")).filter(|part| !part.is_empty()).collect();
        parts.dedup();
        if common > 0 {
            parts.push(texts[0][texts[0].len() - common..].join(" "));
        }
        self.labelled("fix", &plain(&parts.join(" ")));
        for command in &faults[0].commands {
            self.command("", command);
        }
        if commands_differ && !faults[0].commands.is_empty() {
            let of = count(subjects as u64, "subject");
            self.labelled("", &format!("(for the first of {of}; --format json has the commands of each)"));
        }
    }

    /// The command that shows whether it is fixed.
    fn verify(&mut self, report: &Report, block: &Block) {
        let mut argv = vec!["gatelight".to_owned(), "audit".to_owned()];
        let mut regions: Vec<&str> =
            block.entries.iter().map(|entry| report.regions[entry.region].region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        let option = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
        argv.extend(regions.iter().flat_map(|region| option("--region", region)));
        let mut checks: Vec<_> =
            block.entries.iter().flat_map(|entry| &entry.faults).map(|fault| fault.check.id).collect();
        checks.sort_unstable();
        checks.dedup();
        argv.extend(checks.iter().flat_map(|check| option("--check", check)));
        let command = shell_line(&[argv]).unwrap_or_default();
        self.labelled("verify", &plain(&command).replace(' ', "\u{a0}"));
    }
}

/// Whether there was a run before, to compare this one with. In the first run everything would be new.
fn compared(report: &Report) -> bool {
    report.changes.as_ref().is_some_and(|changes| changes.since.is_some())
}
