//! `gatelight explain`: prints what each check finds, why it matters and how to fix it, from the text beside the check.

use std::io::Write;

use gatelight_checks::{CHECKS, Check};
use serde::Serialize;

use crate::config::check_by_id;

/// A check in JSON.
#[derive(Serialize)]
struct CheckEntry {
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    subject: &'static str,
    text: &'static str,
}

/// Prints one check's text, or the table of checks.
///
/// # Errors
/// If no check has that id: it names the nearest.
pub(crate) fn explain(id: Option<&str>, json: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let one = id.map(check_by_id).transpose()?;
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
        writeln!(out, "\n`gatelight explain NAME` says what one finds, why it matters and how to fix it.")?;
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
