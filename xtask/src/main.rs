//! What Gatelight's developers run: `cargo xtask COMMAND`. Nothing here ships.

mod bless;
mod new_check;
mod run;
mod screenshots;
mod source;
mod walls;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::run::Tool;

/// Tasks of Gatelight's developers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the skeleton of a check: the pair of files, its `mod` line and its row
    NewCheck {
        /// The check's id, named after the fault: `function-cannot-reach-xray`
        id: String,
        /// What it judges
        #[arg(long, value_enum, default_value = "stage")]
        about: new_check::About,
    },
    /// Rewrite what is generated: README tables, the IAM policy, the map of facts, the golden files
    Bless,
    /// Check the walls: which crate may use which, no I/O in the crates that judge, no circle of files, sizes
    Walls,
    /// Run the program against emulated AWS
    E2e {
        /// Only tests whose name holds this
        filter: Option<String>,
    },
    /// Measure: decisions, formats, networks (criterion)
    Bench {
        /// Only this benchmark
        name: Option<String>,
    },
    /// Fuzz a target of fuzz/ (needs a nightly compiler and cargo-fuzz)
    Fuzz {
        /// `policy` or `template`
        target: String,
        /// For how long, in seconds
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
    /// Mutate an engine and list the changes that no test notices (needs cargo-mutants; takes hours)
    Mutants {
        /// `iam` or `formats`
        engine: String,
        /// Only this file
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Every sweep in full, and the long tests: what CI runs beside the quick ones
    Sweeps,
    /// Draw what people see into target/screenshots (needs Chromium)
    Screenshots,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            #[expect(clippy::print_stderr, reason = "a developer's command says what is wrong")]
            {
                eprintln!("xtask: {problem:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the repository");
    let tool = Tool::at(root);
    match Cli::parse().command {
        Command::NewCheck { id, about } => new_check::new_check(root, &id, about),
        Command::Bless => bless::bless(&tool),
        Command::Walls => walls::walls(root),
        Command::E2e { filter } => tool.cargo(["test", "--locked", "--test", "it", "--"]).args(filter).run(),
        Command::Bench { name } => {
            let name = name.into_iter().flat_map(|name| ["--bench".to_owned(), name]);
            tool.cargo(["bench"]).args(name).within("bench").run()
        }
        Command::Fuzz { target, seconds } => {
            let time = format!("-max_total_time={seconds}");
            tool.cargo(["+nightly", "fuzz", "run", &target, "--", &time]).run()
        }
        Command::Mutants { engine, file } => {
            let file = file.into_iter().flat_map(|file| ["-f".into(), file.into_os_string()]);
            let package = format!("gatelight-{engine}");
            tool.cargo(["mutants", "-p", &package, "--timeout", "120"]).args(file).run()
        }
        Command::Sweeps => bless::sweeps(&tool),
        Command::Screenshots => screenshots::screenshots(&tool),
    }
}
