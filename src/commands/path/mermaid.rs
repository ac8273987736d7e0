//! Paths as a flowchart in Mermaid's language, which GitHub, GitLab and wikis draw.
//!
//! Names are hostile input. Labels stand in quotes, and every character that Mermaid could read as its own, as HTML or as
//! Markdown is written as a character code (<https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>).
//! Nothing else of a name gets into the text: nodes are numbered.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use gatelight_network::PathFromSubnet;

use super::{
    paths::FunctionPaths,
    rows::{HopRow, Mark, reached, rows},
};
use crate::text::{plain, wrap};

/// The characters of a line in a label.
const LINE: usize = 36;
/// Strokes alone, so that it is readable on light and on dark pages.
const CLASSES: &str = "  classDef through stroke:#2f855a,stroke-width:2px
  classDef stops stroke:#c53030,stroke-width:4px
  classDef unknown stroke:#b7791f,stroke-width:2px,stroke-dasharray:5 4
  classDef unreached stroke:#a0aec0,stroke-dasharray:2 3
";

/// Writes one flowchart with a group for each function.
///
/// # Errors
/// If `out` cannot be written.
pub(super) fn render(functions: &[FunctionPaths], out: &mut dyn Write) -> io::Result<()> {
    let mut chart = Flowchart { text: "flowchart TD\n".to_owned(), links: String::new() };
    for (number, each) in functions.iter().enumerate() {
        chart.function(number, each);
    }
    write!(out, "{}{}{CLASSES}", chart.text, chart.links)
}

struct Flowchart {
    text: String,
    /// Links and classes: after all nodes, so that no link makes a node in a group that is not its own.
    links: String,
}

impl Flowchart {
    fn function(&mut self, number: usize, function: &FunctionPaths) {
        let (start, goal) = (format!("f{number}"), format!("f{number}x"));
        // Mermaid keeps room for one line of a group's title.
        let title = format!("{} → {}", function.name, function.endpoint);
        self.line(format_args!("subgraph f{number}all[\"{}\"]", escaped(&plain(&title))));
        let verdict = format!("{}: {}", function.verdict.mark().of_path(), function.message);
        self.line(format_args!("{start}[\"{}\"]", label(&[&function.origin(), &verdict])));
        for (vpc_number, paths) in function.subnets.chunk_by(|one, next| one.vpc == next.vpc).enumerate() {
            let vpc = paths[0].vpc.as_deref().unwrap_or("a VPC that AWS does not name");
            self.line(format_args!("subgraph f{number}v{vpc_number}[\"{}\"]", escaped(&plain(vpc))));
            for (subnet_number, path) in paths.iter().enumerate() {
                self.subnet(&format!("f{number}v{vpc_number}s{subnet_number}"), path, &start, &goal);
            }
            self.line(format_args!("end"));
        }
        self.line(format_args!("{goal}([\"{}\"])", label(&[&function.endpoint])));
        if function.subnets.is_empty() {
            self.link(format_args!("{start} {} {goal}", arrow(Some(function.verdict.mark()))));
        }
        self.line(format_args!("end"));
    }

    fn subnet(&mut self, id: &str, path: &PathFromSubnet, start: &str, goal: &str) {
        let title = format!("{}: {}", path.name(), Mark::of(&path.result).of_path());
        self.line(format_args!("subgraph {id}[\"{}\"]", escaped(&plain(&title))));
        let rows = rows(path);
        let reached = reached(&rows);
        let (mut before, mut mark) = (start.to_owned(), Some(Mark::Through));
        for (number, row) in rows.iter().enumerate() {
            let node = format!("{id}h{number}");
            self.line(format_args!("{node}[\"{}\"]", row_label(row)));
            self.link(format_args!("{before} {} {node}", arrow(mark)));
            mark = (number < reached).then_some(row.mark);
            self.link(format_args!("class {node} {}", class(mark)));
            before = node;
        }
        self.link(format_args!("{before} {} {goal}", arrow(mark)));
        self.line(format_args!("end"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "  {line}");
    }

    fn link(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.links, "  {line}");
    }
}

/// The arrow after a hop; none if packets never get to the hop.
fn arrow(mark: Option<Mark>) -> &'static str {
    match mark {
        Some(Mark::Through) => "-->",
        Some(Mark::Stops) => "-.-x|stops|",
        Some(Mark::Unknown) => "-.->|cannot tell|",
        None => "-.->",
    }
}

fn class(mark: Option<Mark>) -> &'static str {
    match mark {
        Some(Mark::Through) => "through",
        Some(Mark::Stops) => "stops",
        Some(Mark::Unknown) => "unknown",
        None => "unreached",
    }
}

fn row_label(row: &HopRow<'_>) -> String {
    let name = format!("{} {}", row.mark.symbol(), row.name);
    let texts = [Some(name.as_str()), row.id, Some(&row.message)];
    label(&texts.into_iter().flatten().collect::<Vec<_>>())
}

/// Texts as the lines of a label.
fn label(texts: &[&str]) -> String {
    let lines = texts.iter().flat_map(|text| wrap(&plain(text), LINE));
    lines.map(|line| escaped(&line)).collect::<Vec<_>>().join("<br/>")
}

/// A text in which Mermaid finds nothing but a text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || " -_./,()→·✓✗…".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
    }
    escaped
}
