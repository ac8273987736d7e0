//! The daemon's part of the configuration: `[daemon]` and `[[schedule]]`.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de};

use super::{
    Config, Settings,
    cron::{self, Cron},
    declare::{Declared, SharedWith, read_table},
    route::WebhookRoute,
};

/// The longest name of a schedule, in characters. Messages, metrics and the ledger hold it.
const LONGEST_NAME: usize = 64;

/// `[daemon]`: how the daemon runs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DaemonSetting {
    state_directory: Option<PathBuf>,
    health: Option<HealthSetting>,
    jitter: Option<DurationSetting>,
    stop_after: Option<DurationSetting>,
    keep: Option<DurationSetting>,
    run_limit: Option<DurationSetting>,
}

/// `[[schedule]]`: when to audit, and settings that replace those of the file.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleSetting {
    name: String,
    cron: CronSetting,
    time_zone: Option<ZoneSetting>,
    pub(super) settings: Settings,
}

impl ScheduleSetting {
    /// The keys of a schedule itself.
    pub(super) const KEYS: &[&str] = &["name", "cron", "time-zone"];
}

impl<'de> Deserialize<'de> for ScheduleSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ScheduleSetting;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schedule")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<ScheduleSetting, A::Error> {
                let (mut name, mut cron, mut time_zone) = (None, None, None);
                let takes = |declared: &Declared| declared.is_shared_with(SharedWith::Schedule);
                let settings = read_table(map, takes, ScheduleSetting::KEYS, |key, map| {
                    match key {
                        "name" => name = Some(map.next_value()?),
                        "cron" => cron = Some(map.next_value()?),
                        _ => time_zone = Some(map.next_value()?),
                    }
                    Ok(())
                })?;
                Ok(ScheduleSetting {
                    name: name.ok_or_else(|| de::Error::missing_field("name"))?,
                    cron: cron.ok_or_else(|| de::Error::missing_field("cron"))?,
                    time_zone,
                    settings,
                })
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A number of seconds, minutes, hours or days, such as `5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DurationSetting(pub(crate) Duration);

impl FromStr for DurationSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.char_indices().next_back().and_then(|(at, unit)| {
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 60 * 60,
                'd' => 24 * 60 * 60,
                _ => return None,
            };
            let digits = &text[..at];
            let count: u32 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
            // A century. Dates further away overflow.
            Some(u64::from(count) * seconds).filter(|seconds| *seconds <= 100 * 366 * 24 * 60 * 60)
        });
        seconds
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or_else(|| format!("{text:?} is not a duration such as 30s, 5m, 6h or 400d"))
    }
}

impl<'de> Deserialize<'de> for DurationSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// `health`: an address, or `off`.
#[derive(Clone, Copy, Debug)]
struct HealthSetting(Option<SocketAddr>);

impl FromStr for HealthSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let address = text.parse().map_err(|_| {
            format!("{text:?} is neither an address with a port, such as 127.0.0.1:9464 or [::1]:9464, nor \"off\"")
        });
        address.map(|address| Self(Some(address)))
    }
}

impl<'de> Deserialize<'de> for HealthSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// `cron`. It is read in UTC here, so that an error has its line.
#[derive(Clone, Debug)]
struct CronSetting(String);

impl FromStr for CronSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Cron::new(text, TimeZone::UTC).map(|_| Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for CronSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// `time-zone`.
#[derive(Clone, Debug)]
struct ZoneSetting(TimeZone);

impl FromStr for ZoneSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        cron::zone(text).map(Self)
    }
}

impl<'de> Deserialize<'de> for ZoneSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// The configuration of the daemon, with every default filled in.
#[derive(Debug)]
pub(crate) struct DaemonConfig {
    /// Where the ledger and the lock are.
    pub(crate) state_directory: PathBuf,
    /// Where health is served.
    pub(crate) health: Option<SocketAddr>,
    /// The longest random delay of a run.
    pub(crate) jitter: Duration,
    /// How long a run may go on after the daemon was asked to stop.
    pub(crate) stop_after: Duration,
    /// How long the ledger keeps runs and findings that are over.
    pub(crate) keep: Duration,
    /// How long a run may take.
    pub(crate) run_limit: Duration,
    /// At least one.
    pub(crate) schedules: Vec<Arc<Schedule>>,
    /// The Slack webhooks.
    pub(crate) routes: Arc<Vec<WebhookRoute>>,
    /// When digests are due, with the index of their route.
    pub(crate) digests: Vec<(usize, Cron)>,
    /// Whether calls that fail are logged.
    pub(crate) verbose: bool,
    /// Keys that the file sets and the daemon does not use.
    pub(crate) unused: Vec<&'static str>,
}

/// An audit, and when it runs.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Its scope in the ledger.
    pub(crate) name: String,
    pub(crate) cron: Cron,
    pub(crate) audit: Config,
    /// Whether each run writes a report.
    pub(crate) writes_report: bool,
}

impl Settings {
    /// The state directory, if the file sets it.
    pub(crate) fn state_directory(&self) -> Option<&Path> {
        self.daemon.as_ref()?.state_directory.as_deref()
    }

    /// Fills in the daemon's defaults and looks up every name. `state` is the directory that systemd gave.
    ///
    /// # Errors
    /// Names what is wrong and its table.
    pub(crate) fn resolve_daemon(&self, state: Option<PathBuf>) -> anyhow::Result<DaemonConfig> {
        let daemon = self.daemon.clone().unwrap_or_default();
        // systemd joins several directories with colons. Then none is the obvious one.
        let given = || state.filter(|path| path.is_absolute() && !path.to_string_lossy().contains(':'));
        let Some(state_directory) = daemon.state_directory.or_else(given) else {
            bail!("[daemon]: state-directory is not set, and neither is STATE_DIRECTORY, which systemd sets");
        };
        let mut schedules: Vec<Arc<Schedule>> = Vec::new();
        for setting in self.schedule.iter().flatten() {
            let name = &setting.name;
            let place = || format!("[[schedule]] {name:?}");
            if schedules.iter().any(|known| known.name == *name) {
                bail!("{}: two schedules have this name", place());
            }
            schedules.push(Arc::new(setting.resolve(self).with_context(place)?));
        }
        if schedules.is_empty() {
            bail!("no [[schedule]]: nothing to do");
        }
        let or = |setting: Option<DurationSetting>, seconds| {
            setting.map_or(Duration::from_secs(seconds), |setting| setting.0)
        };
        let unused = [
            ("save", self.save.is_some()),
            ("ledger", self.ledger.is_some()),
            ("output", self.output.as_ref().is_some_and(|to| to != "-")),
        ];
        let run_limit = or(daemon.run_limit, 6 * 60 * 60);
        if run_limit.is_zero() {
            bail!("[daemon]: run-limit is 0, so no run could finish");
        }
        let routes = super::slack::routes(self.slack.clone().unwrap_or_default())?;
        let mut digests = Vec::new();
        for (number, route) in routes.iter().enumerate() {
            digests.extend(route.digest.clone().map(|cron| (number, cron)));
        }
        Ok(DaemonConfig {
            state_directory,
            routes: Arc::new(routes),
            digests,
            verbose: self.verbose(),
            health: daemon.health.map_or_else(|| Some(SocketAddr::from(([127, 0, 0, 1], 9464))), |setting| setting.0),
            jitter: or(daemon.jitter, 0),
            stop_after: or(daemon.stop_after, 5 * 60),
            keep: or(daemon.keep, 400 * 24 * 60 * 60),
            run_limit,
            schedules,
            unused: unused.into_iter().filter(|(_, set)| *set).map(|(key, _)| key).collect(),
        })
    }
}

impl ScheduleSetting {
    fn resolve(&self, file: &Settings) -> anyhow::Result<Schedule> {
        let name = self.name.trim();
        let is_plain = !name.is_empty() && name == self.name && !name.contains(char::is_control);
        if !is_plain || name.chars().count() > LONGEST_NAME {
            bail!("a name has 1 to {LONGEST_NAME} characters, and no space at its ends");
        }
        if name == crate::finding::AUDIT_SCOPE {
            bail!("this name is reserved: the ledger uses it for `audit --ledger`");
        }
        let zone = self.time_zone.clone().map_or(TimeZone::UTC, |zone| zone.0);
        let cron = Cron::new(&self.cron.0, zone).map_err(|why| anyhow::anyhow!("cron: {why}"))?;
        let own = self.settings.clone();
        own.check_flags()?;
        // A schedule that names accounts does not audit those of the file too.
        let mut file = file.clone();
        if own.profile.is_some() || own.role_arn.is_some() {
            (file.profile, file.role_arn) = (None, None);
        }
        // Two schedules would overwrite each other's.
        (file.save, file.output, file.ledger) = (None, None, None);
        let writes_report = own.output.is_some();
        let mut settings = own.or(file);
        settings.no_progress = Some(true);
        if settings.from.as_deref() == Some("-".as_ref()) {
            bail!("from: standard input can be read only once");
        }
        Ok(Schedule { name: self.name.clone(), cron, audit: settings.resolve()?, writes_report })
    }
}

#[cfg(test)]
mod tests;
