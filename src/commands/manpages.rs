//! What a package brings beside the program: completions of shells and the manual. Both are made of the command line.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::Context as _;
use clap::CommandFactory;
use clap_complete::{Generator, Shell};
use clap_mangen::Man;

use crate::cli::Cli;

/// Writes what makes `shell` complete.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut command = Cli::command().bin_name("gatelight");
    command.build();
    Ok(shell.try_generate(&command, out)?)
}

/// Writes every page, one after the other.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn whole(out: &mut dyn Write) -> anyhow::Result<()> {
    Ok(each(|page| page.render(out))?)
}

/// Writes every page into a directory: `gatelight.1`, `gatelight-audit.1` ….
///
/// # Errors
/// Names the directory.
pub(crate) fn pages(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .and_then(|()| each(|page| page.generate_to(directory).map(drop)))
        .with_context(|| format!("the manual cannot be written into {}", directory.display()))
}

/// The pages, each command's before those of its subcommands.
fn each(mut write: impl FnMut(&Man) -> io::Result<()>) -> io::Result<()> {
    // `gatelight help audit` would be a page each, and say nothing that the others do not.
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    let mut commands = vec![whole];
    while let Some(command) = commands.pop() {
        let inner: Vec<_> = command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
        commands.extend(inner.into_iter().rev());
        write(&Man::new(command).manual("Gatelight"))?;
    }
    Ok(())
}
