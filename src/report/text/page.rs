//! The page that the text report is written on: its width, styles and lines.

use anstyle::{AnsiColor, Style};
use gatelight_checks::{
    Check,
    visibility::{SignalValue, State},
};
use gatelight_model::Severity;
use unicode_width::UnicodeWidthStr as _;

use super::fold::fold;
use crate::{
    hyperlink::Hyperlinks,
    text::{plain, thousands, wrap, wrapped_command},
};

/// Below the number of a block.
pub(super) const INDENT: &str = "   ";
/// The width of a label such as `fix`, in columns.
const LABEL: usize = 9;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// How the page is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageLayout {
    /// Columns.
    pub(crate) width: usize,
    /// Whether every finding, subject and name is shown.
    pub(crate) verbose: bool,
    /// Whether ids of checks link to AWS's documents.
    pub(crate) links: Hyperlinks,
}

/// Lines that are laid out.
pub(super) struct TextPage {
    pub(super) layout: PageLayout,
    pub(super) lines: Vec<String>,
}

impl TextPage {
    pub(super) fn new(layout: PageLayout) -> Self {
        Self { layout, lines: Vec::new() }
    }

    pub(super) fn width(&self) -> usize {
        self.layout.width
    }

    pub(super) fn line(&mut self, text: impl Into<String>) {
        self.lines.push(text.into());
    }

    /// A check's id; where the terminal takes links, one to the first of AWS's documents that the check rests on.
    pub(super) fn id(&self, check: &Check) -> String {
        let start = check.docs.find("https://docs.aws.amazon.com/").unwrap_or(check.docs.len());
        let address = check.docs[start..].split([')', '>', ' ', '\n']).next().unwrap_or_default();
        self.layout.links.link(check.id, address)
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.line("");
        self.line(format!("{BOLD}{text}{BOLD:#}"));
    }

    pub(super) fn wrapped(&mut self, indent: &str, text: &str) {
        for line in wrap(text, self.width() - indent.len()) {
            self.line(format!("{indent}{line}"));
        }
    }

    /// Text beside a label: `fix      Create the role …`.
    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        let width = self.width() - INDENT.len() - LABEL;
        for (position, line) in wrap(text, width).into_iter().enumerate() {
            let label = if position == 0 { label } else { "" };
            self.line(format!("{INDENT}{DIM}{label:<LABEL$}{DIM:#}{line}"));
        }
    }

    /// A command beside a label, or below one that is empty. It is never broken inside an argument.
    pub(super) fn command(&mut self, label: &str, argv: &[String]) {
        let width = self.width() - INDENT.len() - LABEL;
        for (position, line) in wrapped_command(argv, width).into_iter().enumerate() {
            let label = if position == 0 { label } else { "" };
            self.line(format!("{INDENT}{DIM}{label:<LABEL$}{DIM:#}{line}"));
        }
    }

    /// Names on at most `lines` lines, unless all are asked for.
    pub(super) fn names(&self, names: &[String], width: usize, lines: usize) -> Vec<String> {
        let pieces: Vec<(String, usize)> =
            fold(names).into_iter().map(|piece| (unbroken(&plain(&piece.text)), piece.names)).collect();
        let most = if self.layout.verbose { usize::MAX } else { lines };
        let join = |count: usize| {
            let shown: Vec<&str> = pieces[..count].iter().map(|(text, _)| text.as_str()).collect();
            let rest: usize = pieces[count..].iter().map(|(_, names)| names).sum();
            match rest {
                0 => shown.join(", "),
                _ if shown.is_empty() => format!("{} (--verbose)", thousands(rest as u64)),
                _ => format!("{} and {} more (--verbose)", shown.join(", "), thousands(rest as u64)),
            }
        };
        // The longest list that fits.
        let fits = |count: &usize| wrap(&join(*count), width).len() <= most;
        let count = partition_point(pieces.len(), fits);
        wrap(&join(count), width).iter().map(|line| line.replace('\u{a0}', " ")).collect()
    }

    /// Names beside a label.
    pub(super) fn labelled_names(&mut self, label: &str, names: &[String], lines: usize) {
        let names = self.names(names, self.width() - INDENT.len() - LABEL, lines);
        for (position, line) in names.into_iter().enumerate() {
            let label = if position == 0 { label } else { "" };
            self.line(format!("{INDENT}{DIM}{label:<LABEL$}{DIM:#}{line}"));
        }
    }
}

/// The greatest number up to `most` that holds, where what holds for one number holds for smaller ones.
fn partition_point(most: usize, holds: impl Fn(&usize) -> bool) -> usize {
    if holds(&most) {
        return most;
    }
    let (mut low, mut high) = (0, most);
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        if holds(&middle) { low = middle } else { high = middle }
    }
    low
}

/// A name is not broken where it has a space.
fn unbroken(name: &str) -> String {
    name.replace(' ', "\u{a0}")
}

/// Text filled with spaces up to a width, in columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `HIGH`, coloured, filled up to the longest of its kind.
pub(super) fn severity_word(severity: Severity) -> String {
    let color = match severity {
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{:<6}{style:#}", severity.name().to_uppercase())
}

/// The colour of a state. It is never alone: the state's word stands with it.
pub(super) fn state_style(state: State) -> Style {
    let color = match state {
        State::Dark => AnsiColor::Red,
        State::Degraded => AnsiColor::Yellow,
        State::Unknown => return DIM,
        State::Clear => AnsiColor::Green,
    };
    Style::new().fg_color(Some(color.into()))
}

/// The colour of what there is of a signal.
pub(super) fn signal_style(value: SignalValue) -> Style {
    match value {
        SignalValue::Dark => state_style(State::Dark),
        SignalValue::Partly => state_style(State::Degraded),
        SignalValue::Seen => state_style(State::Clear),
        SignalValue::Unknown | SignalValue::NotApplicable | SignalValue::Ignored => DIM,
    }
}
