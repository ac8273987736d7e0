//! Gatelight audits live AWS accounts for API Gateway logs and traces that are missing or do not arrive.
//!
//! This file runs the command that was given, and makes its result the exit status. No module imports from it.

mod accounts;
mod cli;
mod collect;
mod commands;
mod config;
mod daemon;
mod finding;
#[cfg(test)]
mod generated;
mod hyperlink;
mod insights_notice;
mod inventory_file;
mod inventory_source;
mod ledger;
mod logging;
mod notice;
mod output;
mod progress;
mod rank;
mod redact;
mod report;
mod runtime;
mod slack;
mod suggest;
mod text;

use std::{
    io::Write,
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    cli::{Cli, Command, FormatCommand},
    config::Settings,
    output::Sink,
    runtime::{FAILED, until_done_or_stopped},
};

fn main() -> ExitCode {
    panic::set_hook(Box::new(|fault| notice::fault(&fault.to_string())));
    let cli = Cli::try_parse().unwrap_or_else(|error| cli::refuse(&error));
    // A fault of Gatelight's own ends like everything that kept it from running. Its words were said by the hook.
    let ended = panic::catch_unwind(AssertUnwindSafe(|| run(cli))).unwrap_or_else(|_| {
        output::remove_unfinished();
        Ok(FAILED)
    });
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            // Whoever closed the pipe knows.
            if !is_broken_pipe(&problem) {
                notice::error(&problem);
            }
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        Command::Audit(arguments) => {
            arguments.flags.settings.check_flags()?;
            let file = arguments.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
            let config = arguments.flags.settings.or(file).resolve()?;
            let config = if arguments.slack { config.posting_to_slack()? } else { config };
            if config.verbose {
                logging::start(tracing::Level::DEBUG, arguments.log.format);
            }
            until_done_or_stopped(commands::audit::audit(&config))
        }
        Command::Daemon(arguments) => daemon::start(&arguments.config, arguments.log.format).map(|()| 0),
        Command::Demo(arguments) => commands::audit::demo(&arguments.flags.settings.resolve()?),
        Command::Explain(arguments) => commands::explain::explain(&arguments).map(|()| 0),
        Command::Format(FormatCommand::Check(arguments)) => commands::format::check(&arguments),
        Command::Format(FormatCommand::Print { protocol }) => print(|out| commands::format::print(protocol, out)),
        Command::Path(arguments) => until_done_or_stopped(commands::path::path(*arguments)),
        Command::Cost(arguments) => until_done_or_stopped(commands::cost::cost(*arguments)),
        Command::History(arguments) => commands::history::history(&arguments).map(|()| 0),
        Command::Can(arguments) => commands::can::can(&arguments),
        Command::IamPolicy { partition, organization, insights } => print(|out| {
            commands::iam_policy::print(partition, commands::iam_policy::OptionalGrants { organization, insights }, out)
        }),
        Command::Completions { shell } => print(|out| commands::manpages::completions(shell, out)),
        Command::Man { directory: Some(directory) } => commands::manpages::pages(&directory).map(|()| 0),
        Command::Man { directory: None } => print(commands::manpages::all),
    }
}

/// Prints a text to standard output; the exit status is 0.
fn print(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    write(&mut text)?;
    Sink::Stdout.raw(|out| out.write_all(&text))?;
    Ok(0)
}

fn is_broken_pipe(problem: &anyhow::Error) -> bool {
    let kinds = problem.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.into_iter().any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}
