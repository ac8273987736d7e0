//! The settings of an audit, from flags and from the configuration file.

pub(crate) mod cron;
pub(crate) mod daemon;
mod resolve;
mod search;
mod slack;
mod values;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueHint};
use gatelight_model::Severity;
use serde::Deserialize;

use self::values::{Milliseconds, Switch};
pub(crate) use self::{
    resolve::{AuditSource, Config, Regions, check_by_id},
    values::{Color, FailOn, Format, IgnoreSetting, PaceSetting, SinceSetting},
};
use crate::suggest::nearest;

/// What `audit` can be told, by flags and by file. A list given as flags replaces the file's.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Settings {
    /// AWS profile to audit (repeat for several) [default: the default credential chain]
    #[arg(long, value_name = "NAME", help_heading = "Where to look")]
    pub(crate) profile: Option<Vec<String>>,
    /// Role to assume, in an account to audit (repeat for several). It is assumed with the first profile's credentials,
    /// or those of the default chain
    #[arg(long, value_name = "ARN", help_heading = "Where to look")]
    pub(crate) role_arn: Option<Vec<String>>,
    /// External id to assume the roles with
    #[arg(long, value_name = "ID", help_heading = "Where to look", requires = "role_arn")]
    pub(crate) external_id: Option<String>,
    /// Region to audit (repeat for several) [default: the region of the environment or profile]
    #[arg(long, value_name = "NAME", help_heading = "Where to look", conflicts_with = "all_regions")]
    pub(crate) region: Option<Vec<String>>,
    /// Audit every region that is enabled for the account
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "Where to look")]
    pub(crate) all_regions: Option<bool>,
    /// Audit a saved inventory instead of AWS; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Where to look")]
    pub(crate) from: Option<PathBuf>,
    /// Save what was collected; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Where to look")]
    pub(crate) save: Option<PathBuf>,
    /// Share of AWS's published request quotas to use, above 0 and at most 1; `off` for endpoints that are not AWS
    /// [default: 0.5]
    #[arg(long, value_name = "SHARE", help_heading = "Where to look")]
    pub(crate) pace: Option<PaceSetting>,
    /// How far back live evidence is looked for: `24h`, `90m`, `7d` [default: 24h]
    #[arg(long, value_name = "WINDOW", help_heading = "Where to look")]
    pub(crate) since: Option<SinceSetting>,
    /// Whether to ask for CloudWatch metrics, which AWS bills (a little), for live evidence [default: on]
    #[arg(long, value_name = "SWITCH", help_heading = "Where to look")]
    pub(crate) metrics: Option<Switch>,
    /// Let CloudWatch Logs Insights, which AWS bills by the volume that it scans, search log groups of class
    /// INFREQUENT_ACCESS, which nothing else searches. What it will cost is said first
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "Where to look")]
    pub(crate) insights: Option<bool>,
    /// Whether to keep a sample of the log lines that were found, cut and scrubbed of what looks like a secret [default: on]
    #[arg(long, value_name = "SWITCH", help_heading = "Where to look")]
    pub(crate) samples: Option<Switch>,
    /// Run only this check (repeat for several)
    #[arg(long, value_name = "ID", help_heading = "What to check")]
    pub(crate) check: Option<Vec<String>>,
    /// Leave this check out (repeat for several)
    #[arg(long, value_name = "ID", help_heading = "What to check")]
    pub(crate) skip: Option<Vec<String>>,
    /// Findings of this severity or above make the exit status 1 [default: medium]
    #[arg(long, value_name = "SEVERITY", help_heading = "What to report")]
    pub(crate) fail_on: Option<FailOn>,
    /// Form of the report [default: text]
    #[arg(long, value_name = "NAME", help_heading = "What to report")]
    pub(crate) format: Option<Format>,
    /// Where to write the report; `-` is standard output [default: -]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to report")]
    pub(crate) output: Option<PathBuf>,
    /// Remember findings in this file: the report says what is new, ongoing and resolved since the last run that was
    /// recorded there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to report")]
    pub(crate) ledger: Option<PathBuf>,
    /// Say nothing but the report and errors
    #[arg(
        long,
        num_args = 0,
        default_missing_value = "true",
        help_heading = "What to report",
        conflicts_with = "verbose"
    )]
    pub(crate) quiet: Option<bool>,
    /// Show findings of low severity and every subject, and log calls that fail
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "What to report")]
    pub(crate) verbose: Option<bool>,
    /// Colour in the text report [default: auto]
    #[arg(long, value_name = "WHEN", help_heading = "What to report")]
    pub(crate) color: Option<Color>,
    /// Show no progress on the terminal
    #[arg(long, num_args = 0, default_missing_value = "true", help_heading = "What to report")]
    pub(crate) no_progress: Option<bool>,
    /// Post what was found to the Slack webhooks of the configuration
    #[arg(long = "slack", num_args = 0, default_missing_value = "true", help_heading = "What to report")]
    #[serde(skip)]
    pub(crate) post_to_slack: Option<bool>,
    /// Webhooks, and what is told there.
    #[arg(skip)]
    pub(crate) slack: Option<Vec<slack::SlackSetting>>,
    /// By check: how much its outcomes matter.
    #[arg(skip)]
    pub(crate) severity: Option<BTreeMap<String, Severity>>,
    /// Outcomes that are known and accepted.
    #[arg(skip)]
    pub(crate) ignore: Option<Vec<IgnoreSetting>>,
    /// How the daemon runs.
    #[arg(skip)]
    pub(crate) daemon: Option<daemon::DaemonSetting>,
    /// When it audits, and what.
    #[arg(skip)]
    pub(crate) schedule: Option<Vec<daemon::ScheduleSetting>>,
    /// Variables that every access log must have beside those that the check wants.
    #[arg(skip)]
    pub(crate) required_fields: Option<Vec<String>>,
    /// How long API Gateway itself may take of a request, on average, such as `100ms`.
    #[arg(skip)]
    pub(crate) gateway_overhead: Option<Milliseconds>,
    /// Patterns that log groups are searched for beside the default ones.
    #[arg(skip)]
    pub(crate) also_search_for: Option<Vec<String>>,
    /// Patterns of one's own.
    #[arg(skip)]
    pub(crate) pattern: Option<Vec<search::PatternSetting>>,
    /// Log groups that are searched beside those that stages and functions write to.
    #[arg(skip)]
    pub(crate) log_group: Option<Vec<String>>,
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
            // The list of all keys helps nobody who has the nearest; the list of a key's values is short.
            let long = message.starts_with("unknown field") && !hint.is_empty();
            let message = if long { message.split(", expected").next().unwrap_or(message) } else { message };
            let key =
                text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map_or("", |(key, _)| key.trim());
            let key = if key.is_empty() || message.contains(key) { String::new() } else { format!("{key}: ") };
            format!("line {line}: {key}{}{hint}", message.replace("unknown field", "unknown key"))
        })?;
        // Ids of checks are names too: the line says which.
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

    /// Every check that is named, and where.
    fn check_ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let only = self.check.iter().flatten().map(|id| ("check", id.as_str()));
        let without = self.skip.iter().flatten().map(|id| ("skip", id.as_str()));
        let severities = self.severity.iter().flatten().map(|(id, _)| ("[severity]", id.as_str()));
        let ignores = self.ignore.iter().flatten().map(|ignore| ("[[ignore]]", ignore.check.as_str()));
        // A pattern is no name.
        let ignores = ignores.filter(|(_, check)| !check.contains(['*', '?', '[', '{']));
        let scheduled = self.schedule.iter().flatten().flat_map(|schedule| {
            let only = schedule.check.iter().flatten().map(|id| ("check", id.as_str()));
            only.chain(schedule.skip.iter().flatten().map(|id| ("skip", id.as_str())))
        });
        only.chain(without).chain(severities).chain(ignores).chain(scheduled)
    }

    /// These settings, and `file`'s where these say nothing.
    pub(crate) fn or(self, file: Self) -> Self {
        // A flag that steers what is read from AWS asks for AWS, whatever the file says.
        let live =
            self.profile.is_some() || self.role_arn.is_some() || self.region.is_some() || self.all_regions.is_some();
        let live =
            live || self.pace.is_some() || self.since.is_some() || self.metrics.is_some() || self.samples.is_some();
        let live = live || self.insights.is_some() || self.save.is_some();
        // Regions are one question: a flag for either answers it.
        let (region, all_regions) = if self.region.is_some() || self.all_regions.is_some() {
            (self.region, self.all_regions)
        } else {
            (file.region, file.all_regions)
        };
        // So is how much to say.
        let (quiet, verbose) = if self.quiet.is_some() || self.verbose.is_some() {
            (self.quiet, self.verbose)
        } else {
            (file.quiet, file.verbose)
        };
        Self {
            profile: self.profile.or(file.profile),
            role_arn: self.role_arn.or(file.role_arn),
            external_id: self.external_id.or(file.external_id),
            region,
            all_regions,
            from: self.from.or(file.from.filter(|_| !live)),
            save: self.save.or(file.save),
            pace: self.pace.or(file.pace),
            since: self.since.or(file.since),
            metrics: self.metrics.or(file.metrics),
            insights: self.insights.or(file.insights),
            samples: self.samples.or(file.samples),
            check: self.check.or(file.check),
            skip: self.skip.or(file.skip),
            fail_on: self.fail_on.or(file.fail_on),
            format: self.format.or(file.format),
            output: self.output.or(file.output),
            ledger: self.ledger.or(file.ledger),
            quiet,
            verbose,
            color: self.color.or(file.color),
            no_progress: self.no_progress.or(file.no_progress),
            post_to_slack: self.post_to_slack,
            slack: self.slack.or(file.slack),
            severity: self.severity.or(file.severity),
            ignore: self.ignore.or(file.ignore),
            daemon: self.daemon.or(file.daemon),
            schedule: self.schedule.or(file.schedule),
            required_fields: self.required_fields.or(file.required_fields),
            gateway_overhead: self.gateway_overhead.or(file.gateway_overhead),
            also_search_for: self.also_search_for.or(file.also_search_for),
            pattern: self.pattern.or(file.pattern),
            log_group: self.log_group.or(file.log_group),
        }
    }

    /// Refuses flags that only steer collection beside `--from`.
    ///
    /// # Errors
    /// Names the flag.
    pub(crate) fn check_flags(&self) -> anyhow::Result<()> {
        let Some(from) = &self.from else { return Ok(()) };
        let steering = [
            ("--profile", self.profile.is_some()),
            ("--role-arn", self.role_arn.is_some()),
            ("--region", self.region.is_some()),
            ("--all-regions", self.all_regions.is_some()),
            ("--pace", self.pace.is_some()),
            ("--since", self.since.is_some()),
            ("--metrics", self.metrics.is_some()),
            ("--insights", self.insights.is_some()),
            ("--samples", self.samples.is_some()),
            ("--save", self.save.is_some()),
        ];
        match steering.iter().find(|(_, given)| *given) {
            Some((flag, _)) => bail!(
                "{flag} steers what is read from AWS, and --from {} reads nothing from AWS; give one of the two",
                from.display()
            ),
            None => Ok(()),
        }
    }
}

/// The unknown key and the known ones, out of serde's message.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (key, rest) = rest.split_once('`')?;
    Some((key, rest.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests;
