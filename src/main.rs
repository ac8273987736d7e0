//! Gatelight audits live AWS accounts and says whether their API Gateway can be seen.

mod accounts;
mod cli;
mod collect;
mod commands;
mod config;
mod daemon;
mod finding;
mod inventory_file;
mod inventory_source;
mod ledger;
mod logging;
mod notice;
mod output;
mod progress;
mod redact;
mod report;
mod slack;
mod suggest;
mod text;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use crate::{
    cli::{Cli, Command, FormatCommand},
    config::Settings,
    output::Sink,
    report::Status,
};

/// Could not run, or could not deliver.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            // Someone who closed the pipe knows; there is nobody to tell.
            if !is_broken_pipe(&problem) {
                notice::error(&format!("{problem:#}"));
            }
            ExitCode::from(FAILED)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    match cli.command {
        Command::Audit(arguments) => {
            arguments.settings.check_flags()?;
            let file = arguments.config.as_deref().map(Settings::read).transpose()?.unwrap_or_default();
            let config = arguments.settings.or(file).resolve()?;
            if config.verbose {
                logging::start(tracing::Level::DEBUG, arguments.log.format);
            }
            end_when_stopped();
            runtime()?.block_on(commands::audit::audit(&config)).map(Status::exit_code)
        }
        Command::Daemon(arguments) => daemon::start(&arguments.config, arguments.log.format).map(|()| 0),
        Command::Demo(arguments) => commands::audit::demo(&arguments.settings().resolve()?).map(Status::exit_code),
        Command::Explain(arguments) => {
            print(|out| commands::explain::explain(arguments.check.as_deref(), arguments.json, out))
        }
        Command::Format(FormatCommand::Check(arguments)) => commands::format::check(&arguments),
        Command::Format(FormatCommand::Print { protocol }) => print(|out| commands::format::print(protocol, out)),
        Command::Path(arguments) => {
            end_when_stopped();
            runtime()?.block_on(commands::path::path(*arguments))
        }
        Command::Cost(arguments) => {
            end_when_stopped();
            runtime()?.block_on(commands::cost::cost(*arguments))
        }
        Command::History(arguments) => commands::history::history(&arguments).map(|()| 0),
        Command::Can(arguments) => commands::can::can(&arguments),
        Command::IamPolicy { partition, organization, insights } => print(|out| {
            commands::iam_policy::print(partition, commands::iam_policy::OptionalGrants { organization, insights }, out)
        }),
        Command::Completions { shell } => print(|out| commands::manpages::completions(shell, out)),
        Command::Man { directory: Some(directory) } => commands::manpages::pages(&directory).map(|()| 0),
        Command::Man { directory: None } => print(commands::manpages::whole),
    }
}

/// One thread does: the work is waiting for AWS.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Ends the program when someone wants it to end, whatever it is doing, and lets no temporary file stay behind.
fn end_when_stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async || -> std::io::Result<()> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    };
    let watch = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(wait())?;
        output::remove_unfinished();
        notice::info("stopped; no report was written");
        std::process::exit(i32::from(FAILED));
    };
    // Where signals cannot be watched they keep their usual effect.
    std::thread::spawn(move || -> std::io::Result<()> { watch() });
}

/// Writes to standard output, and ends well.
fn print(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    write(&mut text)?;
    Sink::Stdout.write(|out| out.write_all(&text))?;
    Ok(0)
}

fn is_broken_pipe(problem: &anyhow::Error) -> bool {
    let kinds = problem.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.into_iter().any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}
