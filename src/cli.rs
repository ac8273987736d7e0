//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use gatelight_model::inventory;

use crate::{
    config::{Color, FailOn, Format, PaceSetting, Settings, SinceSetting},
    logging::LogFormat,
};

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
    /// Audit on schedules, remember what was found, and tell what changed
    ///
    /// SIGHUP reads the configuration again; SIGTERM lets a run finish, up to `stop-after`. Exit status: 0 told to stop; 2
    /// could not run.
    Daemon(DaemonArgs),
    /// Audit an account that is built in: no credentials, no network
    Demo(DemoArgs),
    /// Say what a check finds, why it matters and how to fix it; without a name, list the checks
    Explain(ExplainArgs),
    /// Check or print access-log formats
    #[command(subcommand)]
    Format(FormatCommand),
    /// Tell what was found, when first, when last, and when it was resolved
    History(HistoryArgs),
    /// Show how packets of a function in a VPC travel to X-Ray, hop by hop, and where they stop
    ///
    /// Exit status: 0 they arrive from every subnet, or the function is not in a VPC; 1 they stop somewhere; 2 could not
    /// run; 3 it cannot be told.
    Path(Box<PathArgs>),
    /// Estimate what it costs a month to see each stage: its logs and its traces
    ///
    /// Asks for CloudWatch metrics, which AWS bills (a little). The prices are built in. Exit status: 0 everything was
    /// estimated; 2 could not run; 3 something could not be estimated.
    Cost(Box<CostArgs>),
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
        /// With what AWS tells to an organization's management account and delegated administrators alone
        #[arg(long)]
        organization: bool,
        /// With queries of CloudWatch Logs Insights, for `audit --insights`
        #[arg(long)]
        insights: bool,
    },
    /// Print what makes a shell complete commands, flags and their values
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual, for `man -l -`
    Man {
        /// Write it into this directory instead, a page a command; the directory is made
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },
}

/// How a command logs that does.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Form of the log on standard error [default: the journal's own form where standard error leads to it, else text]
    #[arg(id = "log-format", long = "log-format", value_name = "NAME", help_heading = "What to report")]
    pub(crate) format: Option<LogFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Configuration in TOML; flags win over it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// Configuration in TOML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) log: LogArgs,
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

/// Where a ledger is, and what to tell of it.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The ledger [default: the configuration's, else ledger.db in the daemon's state directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Configuration in TOML that names the ledger or the daemon's state directory
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Only findings of this check; `*` stands for any text
    #[arg(long, value_name = "ID")]
    pub(crate) check: Option<String>,
    /// Only findings whose subject has this ARN or name; `*` stands for any text, slashes too
    #[arg(long, value_name = "PATTERN")]
    pub(crate) subject: Option<String>,
    /// Only findings that are open
    #[arg(long)]
    pub(crate) open: bool,
    /// Runs instead of findings
    #[arg(long, conflicts_with_all = ["check", "subject", "open"])]
    pub(crate) runs: bool,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingsFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FormatCommand {
    /// Lint one access-log format before it is deployed
    ///
    /// Exit status: 0 no findings; 1 findings, or AWS refuses the format; 2 the format could not be read.
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
    /// The kind of API [default: guessed from the variables; every kind that is possible]
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<Protocol>,
    /// Findings of this severity or above make the exit status 1 [default: low]
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
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

#[derive(Debug, Args)]
pub(crate) struct PathArgs {
    /// The function's name or ARN
    #[arg(value_name = "FUNCTION")]
    pub(crate) function: String,
    /// AWS profile of its account (repeat for several) [default: the default credential chain]
    #[arg(long, value_name = "NAME")]
    profile: Option<Vec<String>>,
    /// Role to assume in its account (repeat for several)
    #[arg(long, value_name = "ARN")]
    role_arn: Option<Vec<String>>,
    /// External id to assume the roles with
    #[arg(long, value_name = "ID", requires = "role_arn")]
    external_id: Option<String>,
    /// Region to look in (repeat for several) [default: the ARN's, or the region of the environment or profile]
    #[arg(long, value_name = "NAME", conflicts_with = "all_regions")]
    region: Option<Vec<String>>,
    /// Look in every region that is enabled for the account
    #[arg(long)]
    all_regions: bool,
    /// Share of AWS's published request quotas to use, above 0 and at most 1; `off` for endpoints that are not AWS
    /// [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    pace: Option<PaceSetting>,
    /// Look in a saved inventory instead of AWS; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["profile", "role_arn", "region", "all_regions", "pace"])]
    from: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: PathFormat,
    /// Where to write it; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Colour in text [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Show no progress on the terminal
    #[arg(long)]
    no_progress: bool,
}

impl PathArgs {
    /// As settings of an audit with one check.
    pub(crate) fn settings(self, check: &str) -> Settings {
        let named = self.region.is_some() || self.all_regions || self.from.is_some();
        // An ARN says where its function is.
        let region = self.function.split(':').nth(3).filter(|region| !named && !region.is_empty());
        Settings {
            profile: self.profile,
            role_arn: self.role_arn,
            external_id: self.external_id,
            region: self.region.or_else(|| region.map(|region| vec![region.to_owned()])),
            all_regions: self.all_regions.then_some(true),
            from: self.from,
            pace: self.pace,
            check: Some(vec![check.to_owned()]),
            no_progress: Some(self.no_progress),
            ..Settings::default()
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// AWS profile to look at (repeat for several) [default: the default credential chain]
    #[arg(long, value_name = "NAME")]
    profile: Option<Vec<String>>,
    /// Role to assume, in an account to look at (repeat for several)
    #[arg(long, value_name = "ARN")]
    role_arn: Option<Vec<String>>,
    /// External id to assume the roles with
    #[arg(long, value_name = "ID", requires = "role_arn")]
    external_id: Option<String>,
    /// Region to look in (repeat for several) [default: the region of the environment or profile]
    #[arg(long, value_name = "NAME", conflicts_with = "all_regions")]
    region: Option<Vec<String>>,
    /// Look in every region that is enabled for the account
    #[arg(long)]
    all_regions: bool,
    /// Share of AWS's published request quotas to use, above 0 and at most 1; `off` for endpoints that are not AWS
    /// [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    pace: Option<PaceSetting>,
    /// How far back to look at what was served: `24h`, `90m`, `7d`. A month is reckoned to be like that [default: 24h]
    #[arg(long, value_name = "WINDOW")]
    since: Option<SinceSetting>,
    /// Save what was collected
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Look in a saved inventory instead of AWS; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["profile", "role_arn", "region", "all_regions", "pace", "since", "save"])]
    from: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingsFormat,
    /// Where to write it; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
    /// Colour in text [default: auto]
    #[arg(long, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
    /// Show no progress on the terminal
    #[arg(long)]
    no_progress: bool,
}

impl CostArgs {
    /// As settings of an audit.
    pub(crate) fn settings(self) -> Settings {
        Settings {
            profile: self.profile,
            role_arn: self.role_arn,
            external_id: self.external_id,
            region: self.region,
            all_regions: self.all_regions.then_some(true),
            from: self.from,
            save: self.save,
            pace: self.pace,
            since: self.since,
            output: Some(self.output),
            no_progress: Some(self.no_progress),
            ..Settings::default()
        }
    }
}

/// Form of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathFormat {
    /// For a person at a terminal.
    Text,
    /// One document.
    Json,
    /// A picture.
    Svg,
}

/// Form of findings.
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
