//! `gatelight explain`: prints what each check finds, why it matters and how to fix it, from the text beside the check.

mod markdown;
mod pager;

use std::io::{self, Write};

use gatelight_checks::{CHECKS, Check};
use serde::Serialize;

use self::markdown::Screen;
use crate::{cli::ExplainArgs, config::check_by_id, hyperlink::Hyperlinks, output::Sink, text::WIDTH};

/// A check in JSON.
#[derive(Serialize)]
struct CheckEntry {
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    subject: &'static str,
    text: &'static str,
}

/// The narrowest and the widest page, in columns.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=100;

/// Prints one check's text, or the table of checks. On a terminal the text is rendered; elsewhere it is Markdown.
///
/// # Errors
/// If no check has that id: it names the nearest.
pub(crate) fn explain(arguments: &ExplainArgs) -> anyhow::Result<()> {
    let one = arguments.check.as_deref().map(check_by_id).transpose()?;
    let is_terminal = Sink::Stdout.is_terminal();
    let is_colored = arguments.color.is_on(&Sink::Stdout);
    match one {
        Some(check) if !arguments.json && (is_terminal || is_colored) => show(check, is_terminal, is_colored),
        _ => Sink::Stdout.raw(|out| write(one, arguments.json, out)),
    }
}

/// Shows one check's text as a page for a terminal.
fn show(check: &Check, is_terminal: bool, is_colored: bool) -> anyhow::Result<()> {
    let size = terminal_size::terminal_size().filter(|_| is_terminal);
    let width = size.map_or(WIDTH, |(width, _)| usize::from(width.0).clamp(*WIDTHS.start(), *WIDTHS.end()));
    let page = |links: Hyperlinks| {
        let Check { id, severity, judge, docs, .. } = check;
        let page = markdown::render(docs, Screen { width, is_colored, links });
        format!("{id} · {} · {}\n\n{page}", severity.name(), judge.scope())
    };
    let links = if is_terminal && is_colored { Hyperlinks::on_terminal() } else { Hyperlinks::OFF };
    let text = page(links);
    let pager = pager::needed(text.lines().count(), size.map(|(_, height)| usize::from(height.0)));
    // Not every pager passes links on.
    let text = if pager.is_some() { page(Hyperlinks::OFF) } else { text };
    pager::show(&text, pager.as_deref())
}

fn write(one: Option<&Check>, json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        match one {
            Some(check) => serde_json::to_writer_pretty(&mut *out, &entry(check))?,
            None => serde_json::to_writer_pretty(&mut *out, &CHECKS.iter().map(entry).collect::<Vec<_>>())?,
        }
        out.write_all(b"\n")?;
    } else if let Some(check) = one {
        let Check { id, severity, judge, docs, .. } = check;
        writeln!(out, "{id} · {} · {}\n\n{}", severity.name(), judge.scope(), docs.trim_end())?;
    } else {
        let width = CHECKS.iter().map(|check| check.id.len()).max().unwrap_or_default();
        for check in CHECKS {
            writeln!(out, "{:<width$}  {:<6}  {}", check.id, check.severity.name(), check.title)?;
        }
        writeln!(out, "\n`gatelight explain NAME` shows what a check finds, why it matters and how to fix it.")?;
    }
    Ok(())
}

fn entry(check: &Check) -> CheckEntry {
    CheckEntry {
        id: check.id,
        title: check.title,
        severity: check.severity.name(),
        subject: check.judge.scope(),
        text: check.docs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README's table of checks is generated from `CHECKS`.
    #[test]
    fn generated_the_readme_has_the_table_of_checks() {
        let mut table = String::from("| check | subject | severity | finds |\n| --- | --- | --- | --- |\n");
        for check in CHECKS {
            let Check { id, title, severity, judge, .. } = check;
            table += &format!("| `{id}` | {} | {} | {title} |\n", judge.scope(), severity.name());
        }
        crate::generated::compare("README.md", "checks", &table);
    }
}
