//! `gatelight history`: what a ledger holds.

mod json;
mod text;

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{
    cli::{FindingsFormat, HistoryArgs},
    config::{Settings, check_by_id},
    ledger::{EpisodeFilter, FILE_NAME, GlobPattern, Reader},
    output::Sink,
    text::with_causes,
};

/// Where the daemon's state is if it was installed from a package.
const INSTALLED: &str = "/var/lib/gatelight";

/// Prints findings or runs of a ledger.
///
/// # Errors
/// If there is no ledger, or it cannot be read; or a pattern cannot, or names no check.
pub(crate) fn history(arguments: &HistoryArgs) -> anyhow::Result<()> {
    let file = arguments.config.as_deref().map(Settings::read).transpose()?;
    let path = ledger_path(arguments, file.as_ref(), std::env::var_os("STATE_DIRECTORY").map(PathBuf::from))?;
    let reader = Reader::open(&path)?;
    let pattern = |text: &Option<String>| text.as_deref().map(GlobPattern::new).transpose();
    let filter = EpisodeFilter {
        check: pattern(&arguments.check).context("--check")?,
        subject: pattern(&arguments.subject).context("--subject")?,
        open: arguments.open,
    };
    if let Some(check) = &arguments.check {
        // The ledger may hold findings of a check that was removed; any other unknown name is a mistake.
        if !check.contains(['*', '?', '[', '{']) && !reader.knows_check(check)? {
            check_by_id(check).context("--check")?;
        }
    }
    // `main` recognises a closed pipe by the error's kind.
    let io_error = |error: anyhow::Error| {
        error.downcast::<io::Error>().unwrap_or_else(|error| io::Error::other(with_causes(&error)))
    };
    match (arguments.format, arguments.runs) {
        (FindingsFormat::Text, false) => {
            Sink::Stdout.page(false, |page| text::findings(&reader, &filter, page).map_err(io_error))
        }
        (FindingsFormat::Text, true) => Sink::Stdout.page(false, |page| text::runs(&reader, page).map_err(io_error)),
        (FindingsFormat::Json, false) => {
            Sink::Stdout.json(|out| json::findings(&reader, &filter, out).map_err(io_error))
        }
        (FindingsFormat::Json, true) => Sink::Stdout.json(|out| json::runs(&reader, out).map_err(io_error)),
    }
}

/// The ledger that the arguments, the configuration or the environment name, or the installed daemon's.
fn ledger_path(arguments: &HistoryArgs, file: Option<&Settings>, state: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(path) = arguments.ledger.clone().or_else(|| file.and_then(|file| file.ledger.clone())) {
        return Ok(path);
    }
    if let Some(directory) = file.and_then(Settings::state_directory).map(Path::to_owned).or(state) {
        return Ok(directory.join(FILE_NAME));
    }
    let installed = Path::new(INSTALLED).join(FILE_NAME);
    if installed.exists() {
        return Ok(installed);
    }
    bail!("no ledger given: use --ledger FILE, or a --config FILE that sets one; {INSTALLED} sets none");
}

#[cfg(test)]
mod tests;
