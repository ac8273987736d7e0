//! Settings have one shape: a struct of options, read from flags and from the file. Defaults live in `resolve` only.

pub(crate) mod cron;
pub(crate) mod daemon;
mod search;
mod slack;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum, ValueHint};
use gatelight_checks::{CHECKS, Check, Policy, find_check, policy::Ignore};
use gatelight_formats::{
    Template,
    variables::{Suggestion, suggestion},
};
use gatelight_model::{Need, Severity, arn::Arn, inventory::Protocol};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, de};

use crate::{
    collect::{
        Evidence, Search,
        aws::{Pace, Role, Whose},
    },
    output::Sink,
    slack::Route,
};

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

/// An outcome that is known and accepted, as the file states it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct IgnoreSetting {
    /// A check's id; `*` stands for any text.
    pub(crate) check: String,
    /// A subject's ARN or name; `*` stands for any text.
    pub(crate) subject: String,
    /// Why it is accepted.
    pub(crate) reason: String,
    /// The last day (UTC) on which it holds.
    #[serde(default, deserialize_with = "day")]
    pub(crate) until: Option<Date>,
}

impl IgnoreSetting {
    /// Whether its last day is over.
    pub(crate) fn ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now.to_zoned(TimeZone::UTC).date() > until)
    }
}

/// `--pace`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PaceSetting(pub(crate) Pace);

impl FromStr for PaceSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(Pace::Off));
        }
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Ok(Self(Pace::Share(share))),
            _ => Err("a share is above 0 and at most 1, or the word `off`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for PaceSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = PaceSetting;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a share above 0 and at most 1, or \"off\"")
            }
            fn visit_f64<E: de::Error>(self, share: f64) -> Result<PaceSetting, E> {
                self.visit_str(&share.to_string())
            }
            fn visit_i64<E: de::Error>(self, share: i64) -> Result<PaceSetting, E> {
                self.visit_str(&share.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PaceSetting, E> {
                text.parse().map_err(|why| E::custom(format!("pace {text}: {why}")))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// `--since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SinceSetting(pub(crate) SignedDuration);

impl FromStr for SinceSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What CloudWatch counts is looked at up to a quarter of an hour ago: less than twice that would leave little.
        let (least, most) = (SignedDuration::from_mins(30), SignedDuration::from_hours(90 * 24));
        let window = text.char_indices().next_back().and_then(|(at, unit)| {
            let count = text[..at].parse::<u16>().ok().map(i64::from)?;
            match unit {
                'm' => Some(SignedDuration::from_mins(count)),
                'h' => Some(SignedDuration::from_hours(count)),
                'd' => Some(SignedDuration::from_hours(count * 24)),
                _ => None,
            }
        });
        match window {
            Some(window) if window >= least && window <= most => Ok(Self(window)),
            Some(_) => Err("a window is at least 30m and at most 90d".to_owned()),
            None => Err("a window is a number of minutes, hours or days, such as 90m, 24h or 7d".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for SinceSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|why| de::Error::custom(format!("since {text:?}: {why}")))
    }
}

/// `gateway-overhead`: a number of milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Milliseconds(u32);

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.strip_suffix("ms").map(str::trim_end).and_then(|number| number.parse().ok());
        let why =
            || de::Error::custom(format!("gateway-overhead {text:?}: not a number of milliseconds, such as \"100ms\""));
        number.map(Self).ok_or_else(why)
    }
}

/// `--metrics`, `--samples`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FailOn {
    /// Findings of high severity.
    High,
    /// Findings of medium severity or above.
    Medium,
    /// Every finding.
    Low,
    /// No finding.
    Never,
}

impl FailOn {
    /// The least severity that counts.
    pub(crate) fn threshold(self) -> Option<Severity> {
        match self {
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Never => None,
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For a person at a terminal.
    Text,
    /// One document.
    Json,
    /// One outcome a line.
    Jsonl,
    /// The findings as a message for a Slack webhook.
    Slack,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether a page that goes to `output` is coloured.
    pub(crate) fn is_on(self, output: &Sink) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // anstream knows NO_COLOR and its like. Whether it is a terminal at all is asked before: the page may go to a
            // file while standard output is a terminal.
            Self::Auto => {
                let choice = || anstream::AutoStream::choice(&std::io::stdout());
                output.is_terminal() && choice() != anstream::ColorChoice::Never
            }
        }
    }
}

/// Settings with every default filled in, and every name looked up.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that a user turns by itself")]
pub(crate) struct Config {
    pub(crate) source: Source,
    pub(crate) evidence: Evidence,
    /// What log groups are searched for.
    pub(crate) search: Search,
    pub(crate) save: Option<PathBuf>,
    pub(crate) checks: Vec<&'static Check>,
    /// Facts to read beside those that the checks need.
    pub(crate) also: &'static [Need],
    pub(crate) severities: BTreeMap<String, Severity>,
    pub(crate) ignores: Vec<IgnoreSetting>,
    pub(crate) required_fields: Vec<String>,
    /// How many milliseconds API Gateway itself may take of a request on average, if the owner says so.
    overhead: Option<u32>,
    pub(crate) fail_on: FailOn,
    pub(crate) format: Format,
    pub(crate) output: PathBuf,
    pub(crate) ledger: Option<PathBuf>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) color: Color,
    pub(crate) progress: bool,
    /// Webhooks, and what is told there.
    pub(crate) slack: Vec<Route>,
    /// `audit --slack`.
    pub(crate) post_to_slack: bool,
}

/// Where facts come from.
#[derive(Debug)]
pub(crate) enum Source {
    /// AWS.
    Live {
        /// Credentials, each an account.
        whose: Vec<Whose>,
        /// Where in it.
        regions: Regions,
        /// How fast.
        pace: Pace,
    },
    /// A saved inventory.
    Saved(PathBuf),
}

/// Which regions.
#[derive(Debug)]
pub(crate) enum Regions {
    /// The region of the environment or profile.
    Chain,
    /// These.
    Named(Vec<String>),
    /// All that are enabled.
    All,
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
            if let Err(problem) = known_check(id) {
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

    /// Fills in the defaults and looks up every name.
    ///
    /// # Errors
    /// Names what is wrong, and the nearest thing that would be right.
    pub(crate) fn resolve(self) -> anyhow::Result<Config> {
        for (place, id) in self.check_ids() {
            known_check(id).context(place)?;
        }
        let checks = chosen(self.check.as_deref().unwrap_or_default(), self.skip.as_deref().unwrap_or_default())?;
        let metrics = self.metrics != Some(Switch::Off);
        let checks =
            if metrics || self.from.is_some() { checks } else { without_metrics(checks, self.check.is_some())? };
        let severities = self.severity.unwrap_or_default();
        let ignores = self.ignore.unwrap_or_default();
        for ignore in &ignores {
            if ignore.reason.trim().is_empty() {
                bail!("[[ignore]] of {:?} needs a reason", ignore.check);
            }
            Ignore::new(&ignore.check, &ignore.subject, false)
                .with_context(|| format!("[[ignore]] of {:?}, subject {:?}", ignore.check, ignore.subject))?;
        }
        let required_fields = required_fields(self.required_fields.unwrap_or_default())?;
        let search = search::search(
            &self.also_search_for.unwrap_or_default(),
            self.pattern.unwrap_or_default(),
            self.log_group.unwrap_or_default(),
        )?;
        let source = match self.from {
            Some(file) => Source::Saved(file),
            None => Source::Live {
                whose: whose(
                    self.profile.unwrap_or_default(),
                    self.role_arn.unwrap_or_default(),
                    self.external_id.as_deref(),
                )?,
                regions: match (self.all_regions, self.region) {
                    (Some(true), Some(_)) => bail!("all-regions and region are both set; set one of the two"),
                    (Some(true), None) => Regions::All,
                    (_, Some(names)) if !names.is_empty() => {
                        let mut seen = BTreeSet::new();
                        Regions::Named(names.into_iter().filter(|name| seen.insert(name.clone())).collect())
                    }
                    _ => Regions::Chain,
                },
                pace: self.pace.map_or(Pace::Share(0.5), |setting| setting.0),
            },
        };
        let output = self.output.unwrap_or_else(|| PathBuf::from("-"));
        if let (Source::Saved(from), Some(save)) = (&source, &self.save) {
            bail!("from {} and save {} are both set; set one of the two", from.display(), save.display());
        }
        if self.save.as_deref() == Some(Path::new("-")) && output == Path::new("-") {
            bail!("--save - and the report both go to standard output; give --output FILE as well");
        }
        if self.save.as_ref() == Some(&output) {
            bail!("the inventory and the report would both be written to {}", output.display());
        }
        let post_to_slack = self.post_to_slack.unwrap_or(false);
        let slack = slack::routes(self.slack.unwrap_or_default())?;
        if post_to_slack && slack.is_empty() {
            bail!("--slack needs a [[slack]] table in the configuration (--config FILE): it names the webhook");
        }
        Ok(Config {
            source,
            evidence: Evidence {
                window: self.since.map_or(SignedDuration::from_hours(24), |setting| setting.0),
                metrics,
                samples: self.samples != Some(Switch::Off),
                insights: self.insights.unwrap_or(false),
            },
            search,
            save: self.save,
            checks,
            also: &[],
            severities,
            ignores,
            required_fields,
            overhead: self.gateway_overhead.map(|limit| limit.0),
            fail_on: self.fail_on.unwrap_or(FailOn::Medium),
            format: self.format.unwrap_or(Format::Text),
            output,
            ledger: self.ledger,
            quiet: self.quiet.unwrap_or(false),
            verbose: self.verbose.unwrap_or(false),
            color: self.color.unwrap_or(Color::Auto),
            slack,
            post_to_slack,
            progress: !self.no_progress.unwrap_or(false) && !self.quiet.unwrap_or(false),
        })
    }
}

impl Config {
    /// The owner's decisions, at a time: an ignore can end.
    ///
    /// # Errors
    /// A pattern that cannot be read (`resolve` has looked, so there is none).
    pub(crate) fn policy(&self, now: Timestamp) -> anyhow::Result<Policy> {
        let ignores = self.ignores.iter().map(|ignore| Ignore::new(&ignore.check, &ignore.subject, ignore.ended(now)));
        Ok(Policy {
            severities: self.severities.clone(),
            ignores: ignores.collect::<Result<_, _>>()?,
            required_fields: self.required_fields.clone(),
            overhead: self.overhead,
        })
    }

    /// How many milliseconds API Gateway itself may take of a request on average.
    pub(crate) fn overhead_limit(&self) -> u32 {
        self.overhead.unwrap_or(Policy::OVERHEAD)
    }
}

/// The accounts to audit, each by its credentials.
fn whose(profiles: Vec<String>, roles: Vec<String>, external_id: Option<&str>) -> anyhow::Result<Vec<Whose>> {
    let base = profiles.first().cloned();
    let mut all: Vec<Whose> = profiles.into_iter().map(Whose::Profile).collect();
    for arn in roles {
        let is_role = Arn::parse(&arn).is_some_and(|arn| {
            let twelve = arn.account.len() == 12 && arn.account.bytes().all(|digit| digit.is_ascii_digit());
            arn.service == "iam" && twelve && arn.resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        });
        if !is_role {
            bail!("--role-arn {arn:?} is not the ARN of a role, such as arn:aws:iam::123456789012:role/gatelight");
        }
        all.push(Whose::Role(Role { arn, external_id: external_id.map(str::to_owned), base: base.clone() }));
    }
    if all.is_empty() {
        all.push(Whose::Default);
    }
    let mut seen = Vec::new();
    all.retain(|whose| {
        let new = !seen.contains(whose);
        seen.push(whose.clone());
        new
    });
    Ok(all)
}

/// Names of variables, without `$context.`.
///
/// # Errors
/// What is no name, or a slip of the pen for a known one: such a field would be missing from every log.
fn required_fields(fields: Vec<String>) -> anyhow::Result<Vec<String>> {
    let field = |field: String| {
        let name = field.strip_prefix("$context.").unwrap_or(&field);
        let variable = format!("$context.{name}");
        if Template::parse(&variable).variables().next().is_none_or(|found| found.source != variable) {
            bail!("required-fields: {field:?} is no name of a variable, such as identity.sourceIp");
        }
        if let Some(Suggestion { name, .. }) = suggestion(Protocol::Rest, name) {
            bail!("required-fields: API Gateway has no variable {field:?}; did you mean {name}?");
        }
        Ok(name.to_owned())
    };
    fields.into_iter().map(field).collect()
}

/// The checks that do not rest on CloudWatch metrics. Those that do are left out where the owner turned metrics off, as by
/// `--skip`: what one chose not to know is no "could not check", and what was found before is not resolved by it.
///
/// # Errors
/// Names a check that was asked for by name and needs them.
fn without_metrics(checks: Vec<&'static Check>, by_name: bool) -> anyhow::Result<Vec<&'static Check>> {
    let needs = |check: &&Check| check.needs.iter().any(|need| METRICS.contains(need));
    match checks.iter().copied().find(needs) {
        Some(check) if by_name => bail!(
            "check {} rests on CloudWatch metrics, and `metrics` is off; leave out the check, or turn metrics on",
            check.id
        ),
        _ => Ok(checks.into_iter().filter(|check| !needs(check)).collect()),
    }
}

/// Facts that only CloudWatch's metrics tell.
const METRICS: [Need; 3] = [Need::Traffic, Need::Latencies, Need::Taken];

/// The checks to run: those of `only`, or all, but for those of `without`.
fn chosen(only: &[String], without: &[String]) -> anyhow::Result<Vec<&'static Check>> {
    let is_in = |ids: &[String], check: &Check| ids.iter().any(|id| id == check.id);
    let checks: Vec<_> = CHECKS
        .iter()
        .filter(|check| only.is_empty() || is_in(only, check))
        .filter(|check| !is_in(without, check))
        .collect();
    if checks.is_empty() {
        bail!("no check is left: every one that was chosen is skipped too");
    }
    Ok(checks)
}

/// The check of that id.
///
/// # Errors
/// Names the nearest id.
pub(crate) fn known_check(id: &str) -> anyhow::Result<&'static Check> {
    find_check(id).ok_or_else(|| {
        let hint = nearest(id, CHECKS.iter().map(|check| check.id))
            .map_or_else(|| "`gatelight explain` lists them".to_owned(), |near| format!("did you mean {near}?"));
        anyhow!("there is no check {id:?}; {hint}")
    })
}

/// The candidate that is most like `name`, if one is like it at all.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The unknown key and the known ones, out of serde's message.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (key, rest) = rest.split_once('`')?;
    Some((key, rest.split('`').skip(1).step_by(2).collect()))
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a date such as 2027-01-31")]
    enum Day {
        Text(String),
        Toml(toml::value::Datetime),
    }
    let text = match Day::deserialize(deserializer)? {
        Day::Text(text) => text,
        Day::Toml(date) => date.to_string(),
    };
    text.parse().map(Some).map_err(|_| de::Error::custom(format!("{text:?} is no date such as 2027-01-31")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        match Settings::parse(text) {
            Err(problem) => problem,
            Ok(settings) => format!("{:#}", settings.resolve().expect_err(text)),
        }
    }

    #[test]
    fn the_annotated_example_is_read_and_holds_every_key_with_its_default() {
        let example = include_str!("../gatelight.example.toml");
        let config = Settings::parse(example).expect("reads").resolve().expect("resolves");
        let default = Settings::default().resolve().expect("resolves");
        assert_eq!((config.fail_on, config.format, &config.output), (default.fail_on, default.format, &default.output));
        assert_eq!(config.checks.len(), default.checks.len());
        assert_eq!(config.overhead_limit(), default.overhead_limit());
        assert_eq!((config.evidence, &config.search), (default.evidence, &default.search));
        // Every key stands in it, if only in a comment.
        let keys = "profile role-arn external-id region all-regions from save pace since metrics insights samples check skip fail-on format output ledger quiet verbose color \
                    no-progress severity ignore daemon schedule slack webhook-env webhook-file webhook-credential account \
                    digest digest-time-zone required-fields gateway-overhead also-search-for pattern filter says fix log-group";
        for key in keys.split_whitespace() {
            let stands = |line: &str| {
                let line = line.trim_start_matches(['#', ':', ' ', '[']);
                line.contains(&format!("{key} =")) || line.starts_with(&format!("{key}]"))
            };
            assert!(example.lines().any(stands), "{key}");
        }
        // With the comment signs of its settings removed it is read too: nobody has to guess the form.
        let all: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let settings = Settings::parse(&all).expect("reads with everything set");
        assert!(settings.profile.is_some() && settings.severity.is_some() && settings.ignore.is_some());
        let (also, own, groups) = (settings.also_search_for, settings.pattern, settings.log_group);
        let search = search::search(&also.expect("names"), own.expect("patterns"), groups.expect("log groups"));
        assert_eq!(search.expect("all of them resolve").own.len(), 1);
        assert_eq!(slack::routes(settings.slack.unwrap_or_default()).expect("webhooks").len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_nearest_right_thing() {
        assert_eq!(
            problem("format = \"text\"\nregoin = [\"x\"]"),
            "line 2: unknown key `regoin`; did you mean `region`?"
        );
        assert!(problem("pace = 2").contains("at most 1"), "{}", problem("pace = 2"));
        assert!(problem("[severity]\naccess-log-of = \"low\"").contains("did you mean access-log-off?"));
        assert!(problem("[severity]\naccess-log-off = \"lo\"").contains("line 2"));
        assert!(problem("fail-on = \"hihg\"").contains("did you mean `high`?"));
        assert!(problem("[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \" \"").contains("needs a reason"));
        assert!(
            problem("[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\nuntil = \"soon\"").contains("soon")
        );
        assert!(problem("check = [\"nonsense\"]").contains("nonsense"));
    }

    #[test]
    fn a_window_is_minutes_hours_or_days() {
        for (text, minutes) in [("90m", 90), ("24h", 1_440), ("7d", 10_080), ("30m", 30), ("90d", 129_600)] {
            assert_eq!(text.parse(), Ok(SinceSetting(SignedDuration::from_mins(minutes))), "{text}");
        }
        for text in ["", "24", "h", "-1h", "1.5h", "24 h", "1w", "24H", "29m", "0d", "91d", "99999999999d", "1é"] {
            assert!(text.parse::<SinceSetting>().is_err(), "{text}");
        }
        assert!(problem("since = \"soon\"").contains("such as 90m"), "{}", problem("since = \"soon\""));
    }

    #[test]
    fn flags_win_over_the_file_and_lists_replace_lists() {
        let file = Settings::parse("region = [\"eu-west-1\", \"eu-west-2\"]\nformat = \"json\"").expect("reads");
        let flags = Settings { region: Some(vec!["us-east-1".into()]), ..Settings::default() };
        let both = flags.or(file);
        assert_eq!(both.region, Some(vec!["us-east-1".to_owned()]));
        assert_eq!(both.format, Some(Format::Json));
        let flags = Settings { all_regions: Some(true), ..Settings::default() };
        let both = flags.or(Settings { region: Some(vec!["eu-west-1".into()]), ..Settings::default() });
        assert!(matches!(both.resolve().expect("resolves").source, Source::Live { regions: Regions::All, .. }));
    }

    #[test]
    fn the_limit_of_api_gateways_own_time_is_a_number_of_milliseconds() {
        let limit = |text: &str| Settings::parse(text).expect("reads").resolve().expect("resolves");
        assert_eq!(limit("").overhead_limit(), 100);
        for (text, expected) in [("250ms", 250), ("250 ms", 250), ("0ms", 0)] {
            let config = limit(&format!("gateway-overhead = \"{text}\""));
            assert_eq!(config.overhead_limit(), expected);
            assert_eq!(config.policy(Timestamp::UNIX_EPOCH).expect("a policy").overhead_limit(), expected);
        }
        for text in ["250", "-1ms", "1.5ms", "1s", "ms", ""] {
            let problem =
                format!("{:#}", Settings::parse(&format!("gateway-overhead = \"{text}\"")).expect_err("is none"));
            assert!(problem.contains("gateway-overhead"), "{text}: {problem}");
        }
    }

    #[test]
    fn checks_that_rest_on_metrics_are_left_out_with_them() {
        let ids = |text: &str| {
            let config = Settings::parse(text).expect("reads").resolve()?;
            Ok::<Vec<_>, anyhow::Error>(config.checks.iter().map(|check| check.id).collect())
        };
        let (on, off) = (ids("").expect("resolves"), ids("metrics = \"off\"").expect("resolves"));
        let gone: Vec<_> = on.iter().filter(|id| !off.contains(id)).copied().collect();
        assert_eq!(gone, ["access-log-silent", "gateway-overhead-high"]);
        assert!(off.contains(&"log-emission-failing"), "which does without");
        // A saved inventory may hold them.
        assert_eq!(ids("metrics = \"off\"\nfrom = \"inventory.jsonl\"").expect("resolves"), on);
        let named = |check: &str| ids(&format!("metrics = \"off\"\ncheck = [\"{check}\"]"));
        assert_eq!(named("access-log-off").expect("resolves"), ["access-log-off"]);
        let problem = named("access-log-silent").expect_err("contradicts itself").to_string();
        assert!(problem.contains("access-log-silent") && problem.contains("metrics"), "{problem}");
    }

    #[test]
    fn required_fields_are_names_of_variables() {
        let fields = |text: &str| Settings::parse(text).expect("reads").resolve().map(|config| config.required_fields);
        let given =
            "required-fields = [\"identity.sourceIp\", \"$context.authorizer.claims.cognito:username\", \"new\"]";
        let names = ["identity.sourceIp", "authorizer.claims.cognito:username", "new"];
        assert_eq!(fields(given).expect("resolves"), names);
        let config = Settings::parse(given).expect("reads").resolve().expect("resolves");
        assert_eq!(config.policy(Timestamp::UNIX_EPOCH).expect("a policy").required_fields, names);
        assert_eq!(fields("").expect("resolves"), [""; 0]);
        for (field, said) in [
            ("", "\"\""),
            ("source ip", "source ip"),
            ("a..b", "a..b"),
            ("status.", "status."),
            ("$context.", "$context."),
            ("${context.status}", "${context.status}"),
            ("requestID", "did you mean requestId?"),
            ("Authorizer.tenant", "did you mean authorizer.tenant?"),
        ] {
            let problem = problem(&format!("required-fields = [{field:?}]"));
            assert!(problem.starts_with("required-fields") && problem.contains(said), "{field}: {problem}");
        }
    }

    #[test]
    fn an_ignore_holds_through_its_last_day() {
        let text = "[[ignore]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\nuntil = 2027-01-31";
        let ignore = Settings::parse(text).expect("reads").ignore.expect("one").remove(0);
        assert!(!ignore.ended("2027-01-31T23:59:59Z".parse().expect("time")));
        assert!(ignore.ended("2027-02-01T00:00:00Z".parse().expect("time")));
    }
}
