//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use gatelight_checks::inventory;

use crate::config::{Color, FailOn, Format, Settings};

/// Audits live AWS accounts and says whether their API Gateway can be seen.
///
/// It only looks: it never changes anything in an account.
#[derive(Debug, Parser)]
#[command(name = "gatelight", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look at AWS accounts and report what cannot be seen
    ///
    /// Exit status: 0 nothing at or above --fail-on; 1 findings; 2 could not run or deliver; 3 no findings, but
    /// something could not be checked.
    Audit(Box<AuditArgs>),
    /// Audit an account that is built in: no credentials, no network
    Demo(DemoArgs),
    /// Say what a check finds, why it matters and how to fix it; without a name, list the checks
    Explain(ExplainArgs),
    /// Check or print access-log formats
    #[command(subcommand)]
    Format(FormatCommand),
    /// Decide requests against given policies, and say which statement decided
    ///
    /// Prints one answer in JSON for each request. Exit status: 0 all are allowed; 1 some are denied; 3 none is denied,
    /// but some are undetermined; 2 the input could not be read.
    Can(CanArgs),
    /// Print the least-privilege IAM policy that this version needs
    IamPolicy {
        /// The AWS partition of its resources
        #[arg(long, value_enum, default_value = "aws")]
        partition: Partition,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Configuration in TOML; flags win over it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// The settings of `audit` that make sense without AWS.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Run only this check (repeat for several)
    #[arg(long, value_name = "ID")]
    check: Option<Vec<String>>,
    /// Leave this check out (repeat for several)
    #[arg(long, value_name = "ID")]
    skip: Option<Vec<String>>,
    /// Findings of this severity or above make the exit status 1 [default: medium]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Form of the report [default: text]
    #[arg(long, value_name = "NAME")]
    format: Option<Format>,
    /// Where to write the report; `-` is standard output [default: -]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Save the built-in inventory
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Show findings of low severity and every subject
    #[arg(long)]
    verbose: bool,
    /// Colour in the text report [default: auto]
    #[arg(long, value_name = "WHEN")]
    color: Option<Color>,
}

impl DemoArgs {
    /// As settings of an audit.
    pub(crate) fn settings(self) -> Settings {
        Settings {
            check: self.check,
            skip: self.skip,
            fail_on: self.fail_on,
            format: self.format,
            output: self.output,
            save: self.save,
            verbose: Some(self.verbose),
            color: self.color,
            ..Settings::default()
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A check's id
    pub(crate) check: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FormatCommand {
    /// Lint one access-log format before it is deployed
    ///
    /// Exit status: 0 no findings; 1 findings; 2 the format could not be read.
    Check(FormatCheckArgs),
    /// Print a format that passes every check, on one line
    Print {
        /// The kind of API
        #[arg(long, value_enum)]
        protocol: Protocol,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FormatCheckArgs {
    /// The file that holds the format; `-` is standard input
    #[arg(default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The kind of API
    #[arg(long, value_enum)]
    pub(crate) protocol: Protocol,
    /// Form of the findings
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingsFormat,
}

#[derive(Debug, Args)]
pub(crate) struct CanArgs {
    /// The request and the policies that apply to it, in JSON; several as JSON Lines; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policies: PathBuf,
}

/// Form of a format's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsFormat {
    /// For a person.
    Text,
    /// One document.
    Json,
}

/// A kind of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// REST API
    Rest,
    /// HTTP API
    Http,
    /// WebSocket API
    Websocket,
}

impl From<Protocol> for inventory::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Rest => Self::Rest,
            Protocol::Http => Self::Http,
            Protocol::Websocket => Self::Websocket,
        }
    }
}

/// An AWS partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Partition {
    /// The commercial regions
    Aws,
    /// The regions in China
    AwsCn,
    /// GovCloud
    AwsUsGov,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
