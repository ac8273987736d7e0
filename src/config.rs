//! The settings of an audit, from flags and from the configuration file.

pub(crate) mod cron;
pub(crate) mod daemon;
pub(crate) mod declare;
mod resolve;
pub(crate) mod route;
mod search;
mod slack;
mod values;

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::ValueHint;
use gatelight_model::Severity;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess},
};

use self::{
    declare::{Declared, declare},
    values::{Milliseconds, PaceSetting, SinceSetting, Switch},
};
pub(crate) use self::{
    resolve::{AuditSource, Config, Regions, check_by_id},
    values::{Color, FailOn, IgnoreSetting, ReportFormat, check_ids},
};
use crate::suggest::nearest;

/// Every flag under this heading but `--from` steers what is read from AWS.
const WHERE: &str = "Accounts and regions";
const WHAT: &str = "Checks";
const REPORT: &str = "Report";

declare! {
    /// The settings of an audit: what flags and the configuration file say. A list given as flags replaces the file's.
    pub(crate) struct Settings;

    flags WHERE {
        /// AWS profile of an account to read (repeat for several) [default: the default credential chain]
        #[arg(long, value_name = "NAME")]
        profile: Vec<String> shared [Path, Cost, Schedule],
        /// Role to assume, in an account to read (repeat for several). It is assumed with the first profile's credentials,
        /// or those of the default chain
        #[arg(long, value_name = "ARN")]
        role_arn: Vec<String> shared [Path, Cost, Schedule],
        /// External id to assume the roles with
        #[arg(long, value_name = "ID", requires = "role_arn")]
        external_id: String shared [Path, Cost, Schedule],
        /// Region to read (repeat for several) [default: the region of the environment or profile]
        #[arg(long, value_name = "NAME", conflicts_with = "all_regions")]
        region: Vec<String> shared [Path, Cost, Schedule],
        /// Read every region that is enabled for the account
        #[arg(long, num_args = 0, default_missing_value = "true")]
        all_regions: bool = false shared [Path, Cost, Schedule],
        /// Read a saved inventory instead of AWS; `-` is standard input
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        from: PathBuf shared [Path, Cost, Schedule],
        /// Save what was collected; `-` is standard output
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        save: PathBuf shared [Cost, Demo],
        /// Share of AWS's published request quotas to use, above 0 and at most 1; `off` for endpoints that are not AWS
        #[arg(long, value_name = "SHARE")]
        pace: PaceSetting = 0.5 shared [Path, Cost, Schedule],
        /// How far back to search for live evidence: `24h`, `90m`, `7d`
        #[arg(long, value_name = "WINDOW")]
        since: SinceSetting = "24h" shared [Cost, Schedule],
        /// Whether to request CloudWatch metrics for live evidence; AWS bills $0.01 per 1,000
        #[arg(long, value_name = "SWITCH")]
        metrics: Switch = "on" shared [Schedule],
        /// Also search log groups of class INFREQUENT_ACCESS, with CloudWatch Logs Insights: AWS bills the volume scanned.
        /// The estimated cost is printed first
        #[arg(long, num_args = 0, default_missing_value = "true")]
        insights: bool = false shared [Schedule],
        /// Whether to keep samples of the failure lines found in logs; they are cut, and what looks like a secret is removed
        #[arg(long, value_name = "SWITCH")]
        samples: Switch = "on",
    }

    flags WHAT {
        /// Run only this check (repeat for several)
        #[arg(long, value_name = "ID", value_parser = check_ids(), hide_possible_values = true)]
        check: Vec<String> shared [Demo, Schedule],
        /// Leave this check out (repeat for several)
        #[arg(long, value_name = "ID", value_parser = check_ids(), hide_possible_values = true)]
        skip: Vec<String> shared [Demo, Schedule],
    }

    flags REPORT {
        /// Findings of this severity or above make the exit status 1
        #[arg(long, value_name = "SEVERITY")]
        fail_on: FailOn = "medium" shared [Demo, Schedule],
        /// Output format
        #[arg(long, value_name = "NAME")]
        format: ReportFormat = "text" shared [Demo, Schedule],
        /// Where to write the report; `-` is standard output
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf = "-" shared [Path, Cost, Demo, Schedule],
        /// Remember findings in this file: the report says what is new, ongoing and resolved since the last run that was
        /// recorded there
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        ledger: PathBuf,
        /// Print only the report and errors
        #[arg(long, num_args = 0, default_missing_value = "true", conflicts_with = "verbose")]
        quiet: bool = false,
        /// Show findings of low severity and every subject, and log calls that fail
        #[arg(long, num_args = 0, default_missing_value = "true")]
        verbose: bool = false shared [Demo],
        /// Colour in the text report
        #[arg(long, value_name = "WHEN")]
        color: Color = "auto" shared [Path, Cost, Demo],
        /// Show no progress on the terminal
        #[arg(long, num_args = 0, default_missing_value = "true")]
        no_progress: bool = false shared [Path, Cost],
    }

    keys {
        /// Variables that every access log must have, in addition to those that the check requires.
        required_fields: Vec<String>,
        /// How much of a request's time API Gateway itself may take, on average.
        gateway_overhead: Milliseconds = "100ms",
        /// Opt-in patterns of Gatelight to search log groups for.
        also_search_for: Vec<String>,
        /// The owner's patterns to search log groups for.
        pattern: Vec<search::PatternSetting>,
        /// Log groups to search beside those that stages and functions write to.
        log_group: Vec<String>,
        /// Severities that replace those of checks, by check id.
        severity: BTreeMap<String, Severity>,
        /// Findings that the owner accepts.
        ignore: Vec<IgnoreSetting>,
        /// How the daemon runs.
        daemon: daemon::DaemonSetting,
        /// When the daemon audits, and what.
        schedule: Vec<daemon::ScheduleSetting>,
        /// Slack webhooks, and which findings each gets.
        slack: Vec<slack::WebhookSetting>,
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Settings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("settings")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Settings, A::Error> {
                declare::read_table(map, |_| true, &[], |_, _| Ok(()))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Names the file, the line and the key.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        Self::parse(&text).map_err(|problem| anyhow!("{}: {problem}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = error.message().trim();
            let hint = unknown_key(message).map_or_else(String::new, |(key, known)| {
                nearest(key, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
            });
            // With the nearest key at hand, the list of all keys is noise. The list of a key's values is short.
            let long = message.starts_with("unknown field") && !hint.is_empty();
            let message = if long { message.split(", expected").next().unwrap_or(message) } else { message };
            let key =
                text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map_or("", |(key, _)| key.trim());
            let key = if key.is_empty() || message.contains(key) { String::new() } else { format!("{key}: ") };
            format!("line {line}: {key}{}{hint}", message.replace("unknown field", "unknown key"))
        })?;
        // An unknown check is reported with its line too.
        for (place, id) in settings.check_ids() {
            if let Err(problem) = check_by_id(id) {
                let names_it = |line: &str| {
                    let key = line.split('=').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
                    key == id || line.contains(&format!("\"{id}\"")) || line.contains(&format!("'{id}'"))
                };
                let line = text.lines().position(names_it).map_or(1, |index| index + 1);
                return Err(format!("line {line}: {place}: {problem}"));
            }
        }
        Ok(settings)
    }

    /// The ids of checks in all settings, each with the key that holds it.
    fn check_ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let only = self.check.iter().flatten().map(|id| ("check", id.as_str()));
        let without = self.skip.iter().flatten().map(|id| ("skip", id.as_str()));
        let severities = self.severity.iter().flatten().map(|(id, _)| ("[severity]", id.as_str()));
        let ignores = self.ignore.iter().flatten().map(|ignore| ("[[ignore]]", ignore.check.as_str()));
        // A pattern is not an id.
        let ignores = ignores.filter(|(_, check)| !check.contains(['*', '?', '[', '{']));
        let scheduled = self.schedule.iter().flatten().flat_map(|schedule| {
            let only = schedule.settings.check.iter().flatten().map(|id| ("check", id.as_str()));
            only.chain(schedule.settings.skip.iter().flatten().map(|id| ("skip", id.as_str())))
        });
        only.chain(without).chain(severities).chain(ignores).chain(scheduled)
    }

    /// These settings, and `file`'s where these are not set.
    pub(crate) fn or(self, mut file: Self) -> Self {
        // A flag that steers what is read from AWS asks for AWS, whatever the file says.
        if self.steering().next().is_some() {
            file.from = None;
        }
        // A flag for one of these two settings replaces both.
        if self.region.is_some() || self.all_regions.is_some() {
            (file.region, file.all_regions) = (None, None);
        }
        if self.quiet.is_some() || self.verbose.is_some() {
            (file.quiet, file.verbose) = (None, None);
        }
        self.merged(file)
    }

    /// Refuses flags that only steer what is read from AWS beside `--from`.
    ///
    /// # Errors
    /// Names the flag.
    pub(crate) fn check_flags(&self) -> anyhow::Result<()> {
        match (&self.from, self.steering().next()) {
            (Some(from), Some(flag)) => bail!(
                "--{} cannot be combined with --from {}, which reads nothing from AWS",
                flag.key(),
                from.display()
            ),
            _ => Ok(()),
        }
    }

    /// The settings that are set and only steer what is read from AWS. An external id does so by its role.
    fn steering(&self) -> impl Iterator<Item = &'static Declared> {
        let steers =
            |setting: &Declared| setting.heading == Some(WHERE) && !["from", "external_id"].contains(&setting.name);
        Self::DECLARED.iter().filter(move |setting| steers(setting) && self.is_set(setting.name))
    }
}

/// The unknown key and the known ones, from serde's message.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (key, rest) = rest.split_once('`')?;
    Some((key, rest.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests;
