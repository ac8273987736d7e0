//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use gatelight_model::inventory;

use crate::{
    config::{
        Color, FailOn, Settings, check_ids,
        declare::{Flags, SettingsCommand, SharedWith},
    },
    logging::LogFormat,
    text::plain,
};

/// Audits live AWS accounts and says whether API Gateway's logs and traces arrive.
///
/// Read-only: it never changes anything in an account.
#[derive(Debug, Parser)]
#[command(name = "gatelight", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Says what is wrong with the arguments, or prints the help that they ask for, and ends the program.
pub(crate) fn refuse(error: &clap::Error) -> ! {
    // The message quotes the arguments. Names of files are hostile input, and a shell completes them.
    let arguments: Vec<_> = std::env::args_os().map(|argument| plain(&argument.to_string_lossy())).collect();
    match Cli::try_parse_from(arguments) {
        Err(cleaned) => cleaned.exit(),
        Ok(_) => error.exit(),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Audit AWS accounts for API Gateway logs and traces that are missing or do not arrive
    ///
    /// Exit status: 0 nothing at or above --fail-on; 1 findings; 2 could not run or deliver; 3 no findings, but
    /// something could not be checked.
    Audit(Box<AuditArgs>),
    /// Audit on schedules, remember findings, and report what changed
    ///
    /// SIGHUP reads the configuration again; SIGTERM lets a run finish, up to `stop-after`. Exit status: 0 stopped by a
    /// signal; 2 could not run.
    Daemon(DaemonArgs),
    /// Audit a built-in account: no credentials, no network
    Demo(Box<DemoArgs>),
    /// Show what a check finds, why it matters and how to fix it; without a name, list the checks
    Explain(ExplainArgs),
    /// Check or print access-log formats
    #[command(subcommand)]
    Format(FormatCommand),
    /// List findings: when first found, when last, when resolved
    History(HistoryArgs),
    /// Show the network path of a VPC function to X-Ray, hop by hop, and where packets stop
    ///
    /// Exit status: 0 they arrive from every subnet, or the function is not in a VPC; 1 they stop somewhere; 2 could not
    /// run; 3 could not check.
    Path(Box<PathArgs>),
    /// Estimate the monthly cost of the logs and traces of each stage
    ///
    /// Requests CloudWatch metrics, which AWS bills at $0.01 per 1,000. The prices are built in. Exit status: 0 everything was
    /// estimated; 2 could not run; 3 something could not be estimated.
    Cost(Box<CostArgs>),
    /// Evaluate IAM policies for a request, and name the statement that decides
    ///
    /// Prints one answer in JSON for each request. Exit status: 0 all are allowed; 1 some are denied; 3 none is denied,
    /// but some are undetermined; 2 the input could not be read.
    Can(CanArgs),
    /// Print the least-privilege IAM policy that this version needs
    IamPolicy {
        /// The AWS partition of its resources
        #[arg(long, value_enum, default_value = "aws")]
        partition: Partition,
        /// Include what only an organization's management account and delegated administrators can read
        #[arg(long)]
        organization: bool,
        /// Include CloudWatch Logs Insights queries, for `audit --insights`
        #[arg(long)]
        insights: bool,
    },
    /// Print completions of commands, flags and values for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual, for `man -l -`
    Man {
        /// Write one page a command into this directory, which is created if needed
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        directory: Option<PathBuf>,
    },
}

/// The flags of commands that log.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Format of the log on standard error [default: journal fields if standard error is the journal, else text]
    #[arg(id = "log-format", long = "log-format", value_name = "NAME", help_heading = "Report")]
    pub(crate) format: Option<LogFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Configuration in TOML; flags win over it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) flags: Flags<AuditFlags>,
    /// Post findings to the configured Slack webhooks
    #[arg(long, help_heading = "Report")]
    pub(crate) slack: bool,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// The flags of `audit`: all.
#[derive(Debug)]
pub(crate) enum AuditFlags {}

impl SettingsCommand for AuditFlags {
    const SHARED_WITH: Option<SharedWith> = None;
}

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// Configuration in TOML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) flags: Flags<DemoFlags>,
}

/// The flags of `audit` that make sense without AWS.
#[derive(Debug)]
pub(crate) enum DemoFlags {}

impl SettingsCommand for DemoFlags {
    const SHARED_WITH: Option<SharedWith> = Some(SharedWith::Demo);
    const HELP: &[(&str, &str)] =
        &[("save", "Save the built-in inventory"), ("verbose", "Show findings of low severity and every subject")];
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A check's id
    #[arg(value_parser = check_ids(), hide_possible_values = true)]
    pub(crate) check: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Color the page; NO_COLOR turns it off too
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

/// Where the ledger is, and what to print of it.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The ledger [default: the configuration's, else ledger.db in the daemon's state directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// Configuration in TOML that names the ledger or the daemon's state directory
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Only findings of this check; `*` stands for any text
    #[arg(long, value_name = "ID", value_parser = check_ids(), hide_possible_values = true)]
    pub(crate) check: Option<String>,
    /// Only findings whose subject has this ARN or name; `*` stands for any text, slashes too
    #[arg(long, value_name = "PATTERN")]
    pub(crate) subject: Option<String>,
    /// Only findings that are open
    #[arg(long)]
    pub(crate) open: bool,
    /// List runs instead of findings
    #[arg(long, conflicts_with_all = ["check", "subject", "open"])]
    pub(crate) runs: bool,
    /// Output format
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
        protocol: ProtocolArg,
    },
}

#[derive(Debug, Args)]
pub(crate) struct FormatCheckArgs {
    /// The file that holds the format; `-` is standard input
    #[arg(default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The kind of API [default: guessed from the variables; every kind that is possible]
    #[arg(long, value_enum)]
    pub(crate) protocol: Option<ProtocolArg>,
    /// Findings of this severity or above make the exit status 1 [default: low]
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingsFormat,
    /// Say also which values can hold quotes and backslashes
    #[arg(long, short)]
    pub(crate) verbose: bool,
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
    #[command(flatten)]
    flags: Flags<PathFlags>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: PathFormat,
}

/// The flags of `audit` that `path` takes too.
#[derive(Debug)]
enum PathFlags {}

impl SettingsCommand for PathFlags {
    const SHARED_WITH: Option<SharedWith> = Some(SharedWith::Path);
    const HELP: &[(&str, &str)] = &[
        (
            "region",
            "Region to read (repeat for several) [default: the ARN's, or the region of the environment or profile]",
        ),
        ("output", "Where to write it; `-` is standard output"),
        ("color", "Colour in text"),
    ];
}

impl PathArgs {
    /// The settings of an audit with one check.
    ///
    /// # Errors
    /// If flags contradict each other.
    pub(crate) fn settings(self, check: &str) -> anyhow::Result<Settings> {
        let mut settings = self.flags.settings;
        settings.check_flags()?;
        let is_given = settings.region.is_some() || settings.all_regions.is_some() || settings.from.is_some();
        // An ARN says where its function is.
        if let (false, Some(region)) = (is_given, self.function.split(':').nth(3).filter(|region| !region.is_empty())) {
            settings.region = Some(vec![region.to_owned()]);
        }
        Ok(Settings { check: Some(vec![check.to_owned()]), ..settings })
    }
}

#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    #[command(flatten)]
    pub(crate) flags: Flags<CostFlags>,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: FindingsFormat,
}

/// The flags of `audit` that `cost` takes too.
#[derive(Debug)]
pub(crate) enum CostFlags {}

impl SettingsCommand for CostFlags {
    const SHARED_WITH: Option<SharedWith> = Some(SharedWith::Cost);
    const HELP: &[(&str, &str)] = &[
        ("since", "How far back to read what was served: `24h`, `90m`, `7d`. Extrapolated to a month"),
        ("output", "Where to write it; `-` is standard output"),
        ("color", "Colour in text"),
    ];
}

/// Output format of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PathFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON document.
    Json,
    /// A picture, for light and dark pages.
    Svg,
    /// A flowchart for wikis and issues that draw Mermaid.
    Mermaid,
}

/// Output format of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsFormat {
    /// For a person.
    Text,
    /// One JSON document.
    Json,
}

/// A kind of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolArg {
    /// REST API
    Rest,
    /// HTTP API
    Http,
    /// WebSocket API
    Websocket,
}

impl From<ProtocolArg> for inventory::Protocol {
    fn from(protocol: ProtocolArg) -> Self {
        match protocol {
            ProtocolArg::Rest => Self::Rest,
            ProtocolArg::Http => Self::Http,
            ProtocolArg::Websocket => Self::Websocket,
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
    fn every_flag_of_an_audit_shows_its_default() {
        let audit = Cli::command().get_subcommands().find(|command| command.get_name() == "audit").cloned();
        let audit = audit.expect("audit");
        for declared in Settings::DECLARED.iter().filter(|declared| declared.heading.is_some()) {
            let flag = audit.get_arguments().find(|flag| flag.get_id() == declared.name).expect(declared.name);
            assert_eq!(flag.get_long(), Some(declared.key().as_str()));
            let help = flag.get_help().expect("help").to_string();
            let default = declared.default.filter(|default| *default != "false");
            assert!(
                default.is_none_or(|default| help.ends_with(&format!(" [default: {}]", default.trim_matches('"'))))
            );
        }
    }

    #[test]
    fn ids_of_checks_are_completed() {
        for (command, flag) in [("audit", "check"), ("demo", "skip"), ("explain", "check"), ("history", "check")] {
            let command = Cli::command().find_subcommand(command).cloned().expect("a command");
            let flag = command.get_arguments().find(|other| other.get_id() == flag).expect("a flag");
            assert!(flag.get_possible_values().iter().any(|value| value.matches("access-log-off", false)), "{flag}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
