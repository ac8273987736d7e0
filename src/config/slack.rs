//! The `[[slack]]` tables: Slack webhooks, which findings each gets, and where its address is. The address itself is a
//! secret and never in the configuration.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context as _, anyhow, bail};
use gatelight_model::Severity;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    cron::{Cron, zone},
    route::{AddressSource, Webhook, WebhookRoute},
};

/// The longest name of a webhook, in bytes. Messages, logs and the ledger hold it.
const LONGEST_NAME: usize = 64;

/// One `[[slack]]` table: a webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct WebhookSetting {
    /// Its name in logs, errors and the ledger.
    pub(crate) name: String,
    /// The environment variable that holds the address.
    pub(crate) webhook_env: Option<String>,
    /// The file that holds the address.
    pub(crate) webhook_file: Option<PathBuf>,
    /// The systemd credential that holds the address.
    pub(crate) webhook_credential: Option<String>,
    /// The lowest severity that is posted. Not set: low, so all.
    pub(crate) severity: Option<Severity>,
    /// Globs of account ids. Not set: all.
    pub(crate) account: Option<Vec<String>>,
    /// Globs of check ids. Not set: all.
    pub(crate) check: Option<Vec<String>>,
    /// Globs of schedules' names; `audit --slack` is called `audit`. Not set: all.
    pub(crate) schedule: Option<Vec<String>>,
    /// When to post all open findings, as a cron expression.
    pub(crate) digest: Option<String>,
    /// The IANA time zone of the digest. Not set: UTC.
    pub(crate) digest_time_zone: Option<String>,
}

/// The webhooks, in the file's order.
///
/// # Errors
/// Names the webhook and what is wrong with it.
pub(crate) fn routes(settings: Vec<WebhookSetting>) -> anyhow::Result<Vec<WebhookRoute>> {
    let mut names = BTreeSet::new();
    settings
        .into_iter()
        .map(|setting| {
            let name = setting.name.clone();
            if !names.insert(name.clone()) {
                bail!("[[slack]]: two webhooks are called {name:?}; each needs a name of its own");
            }
            route(setting).with_context(|| format!("[[slack]] {name:?}"))
        })
        .collect()
}

fn route(setting: WebhookSetting) -> anyhow::Result<WebhookRoute> {
    let name = setting.name;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    if name.trim().is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        bail!("a name is 1 to {LONGEST_NAME} letters, digits, spaces, dots, hyphens and underscores");
    }
    let given = [
        setting.webhook_env.map(AddressSource::Environment),
        setting.webhook_file.map(AddressSource::File),
        setting.webhook_credential.map(AddressSource::Credential),
    ];
    let mut given = given.into_iter().flatten();
    let (Some(source), None) = (given.next(), given.next()) else {
        bail!("set one of webhook-env, webhook-file and webhook-credential");
    };
    match &source {
        // Somebody may paste the address itself. An error must not repeat it on a terminal or in a log.
        AddressSource::Environment(name) if name.is_empty() || name.contains(['=', '/', ':', '\0']) => {
            bail!("webhook-env is the name of an environment variable, not the address itself");
        }
        AddressSource::File(path) if path.to_string_lossy().contains("://") => {
            bail!("webhook-file is the path of a file that holds the address, not the address itself");
        }
        AddressSource::Credential(name)
            if name.is_empty() || name.contains(['/', ':', '\0']) || name.starts_with('.') =>
        {
            bail!("webhook-credential is the name of a systemd credential, not the address itself");
        }
        _ => {}
    }
    let digest = match (setting.digest, setting.digest_time_zone) {
        (None, Some(_)) => bail!("digest-time-zone is set, and digest is not"),
        (None, None) => None,
        (Some(cron), name) => {
            let zone = name.as_deref().map_or(Ok(TimeZone::UTC), zone);
            let zone = zone.map_err(|why| anyhow!("digest-time-zone: {why}"))?;
            Some(Cron::new(&cron, zone).map_err(|why| anyhow!("digest: {why}"))?)
        }
    };
    Ok(WebhookRoute {
        webhook: Webhook::new(&name, source),
        severity: setting.severity.unwrap_or(Severity::Low),
        accounts: globs("account", setting.account)?,
        checks: globs("check", setting.check)?,
        schedules: globs("schedule", setting.schedule)?,
        digest,
    })
}

/// Compiles patterns. None: everything matches.
fn globs(key: &str, patterns: Option<Vec<String>>) -> anyhow::Result<Option<GlobSet>> {
    let Some(patterns) = patterns else { return Ok(None) };
    if patterns.is_empty() {
        bail!("{key} is an empty list, so nothing would be posted; leave it out for all");
    }
    let mut set = GlobSetBuilder::new();
    for pattern in &patterns {
        set.add(GlobBuilder::new(pattern).build().with_context(|| format!("{key} {pattern:?}"))?);
    }
    Ok(Some(set.build()?))
}

#[cfg(test)]
mod tests;
