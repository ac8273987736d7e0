//! Shell completions and manual pages, for packages. Both are generated from the command line.

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

/// Writes the completion script of a shell.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut command = Cli::command().bin_name("gatelight");
    command.build();
    Ok(shell.try_generate(&command, out)?)
}

/// Writes every page into one stream.
///
/// # Errors
/// When `out` cannot be written.
pub(crate) fn all(out: &mut dyn Write) -> anyhow::Result<()> {
    Ok(for_each_page(|page| page.render(out))?)
}

/// Writes every page into a directory: `gatelight.1`, `gatelight-audit.1` ….
///
/// # Errors
/// Names the directory.
pub(crate) fn pages(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .and_then(|()| for_each_page(|page| page.generate_to(directory).map(drop)))
        .with_context(|| format!("the manual cannot be written into {}", directory.display()))
}

/// Writes a page for each command, before those of its subcommands.
fn for_each_page(mut write: impl FnMut(&Man) -> io::Result<()>) -> io::Result<()> {
    // Without pages for `gatelight help audit` and the like, which would repeat the others.
    let mut gatelight = Cli::command().disable_help_subcommand(true);
    gatelight.build();
    let mut commands = vec![gatelight];
    while let Some(command) = commands.pop() {
        let subcommands: Vec<_> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned().collect();
        commands.extend(subcommands.into_iter().rev());
        write(&Man::new(command).manual("Gatelight"))?;
    }
    Ok(())
}
