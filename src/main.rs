//! Gatelight audits live AWS accounts and says whether their API Gateway can be seen.

mod accounts;
mod can;
mod cli;
mod collect;
mod config;
mod deliver;
mod demo;
mod explain;
mod format;
mod iam_policy;
mod progress;
mod report;
mod run;
mod saved;
mod scrub;

use std::{io::Write, process::ExitCode};

use clap::Parser;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    cli::{Cli, Command, FormatCommand},
    config::{Config, Settings},
    deliver::Sink,
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
                say_on_stderr(&format!("gatelight: {problem:#}"));
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
            log(&config);
            end_when_stopped();
            // One thread does: the work is waiting for AWS.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run::audit(&config)).map(Status::exit_code)
        }
        Command::Demo(arguments) => run::demo(&arguments.settings().resolve()?).map(Status::exit_code),
        Command::Explain(arguments) => print(|out| explain::explain(arguments.check.as_deref(), arguments.json, out)),
        Command::Format(FormatCommand::Check(arguments)) => format::check(&arguments),
        Command::Format(FormatCommand::Print { protocol }) => print(|out| format::print(protocol, out)),
        Command::Can(arguments) => can::can(&arguments),
        Command::IamPolicy { partition } => print(|out| iam_policy::print(partition, out)),
    }
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
        deliver::abandon();
        say_on_stderr("gatelight: stopped; nothing was written");
        std::process::exit(i32::from(FAILED));
    };
    // Where signals cannot be watched they keep their usual effect.
    std::thread::spawn(move || -> std::io::Result<()> { watch() });
}

/// Writes to standard output, and ends well.
fn print(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    write(&mut text)?;
    Sink::Stdout.deliver(|out| out.write_all(&text))?;
    Ok(0)
}

/// With `--verbose`, calls that fail are logged on stderr. Only Gatelight's own words: the SDK's could hold secrets.
fn log(config: &Config) {
    if config.verbose {
        let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time();
        let own = Targets::new().with_target("gatelight", tracing::Level::DEBUG);
        tracing_subscriber::registry().with(layer.with_filter(own)).init();
    }
}

fn is_broken_pipe(problem: &anyhow::Error) -> bool {
    let kinds = problem.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    kinds.into_iter().any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}

/// The one place that writes to standard error. A closed one is nobody's fault.
fn say_on_stderr(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
