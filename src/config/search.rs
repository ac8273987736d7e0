//! The patterns that log groups are searched for, and the log groups that the owner adds.

use anyhow::{anyhow, bail};
use gatelight_model::{
    Severity,
    inventory::OwnPattern,
    log_patterns::{self, LogPatterns},
};
use serde::Deserialize;

use crate::{
    collect::{LogGroupSelector, SearchSettings},
    suggest::nearest,
};

/// The most patterns of the owner. Each is a separate search of every log group, and CloudWatch allows five searches a
/// second.
const MOST_PATTERNS: usize = 10;
/// The longest name of a pattern, in bytes.
const LONGEST_NAME: usize = 60;

/// One `[[pattern]]` table: a pattern of the owner.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PatternSetting {
    /// Its name in reports.
    name: String,
    /// A filter pattern of CloudWatch Logs.
    filter: String,
    /// The severity of a hit. Not set: medium.
    severity: Option<Severity>,
    /// What a hit means.
    says: String,
    /// What to do about it.
    fix: Option<String>,
}

/// Checks the patterns and log groups, and looks up the optional patterns.
///
/// # Errors
/// Names the key, and what is wrong with it.
pub(super) fn search(
    optional: &[String],
    own: Vec<PatternSetting>,
    log_groups: &[String],
) -> anyhow::Result<SearchSettings> {
    let patterns = LogPatterns::with(optional.iter().map(String::as_str)).map_err(|name| {
        let hint = nearest(name, log_patterns::OPTIONAL.iter().map(|pattern| pattern.name)).map_or_else(
            || "`gatelight explain log-emission-failing` lists them".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        anyhow!("also-search-for: there is no pattern {name:?}; {hint}")
    })?;
    if own.len() > MOST_PATTERNS {
        bail!(
            "[[pattern]]: there are {}, but at most {MOST_PATTERNS} are allowed, because each is a separate search in \
             every log group",
            own.len()
        );
    }
    let mut checked: Vec<OwnPattern> = Vec::new();
    for pattern in own {
        let pattern = check_pattern(pattern)?;
        if checked.iter().any(|other| other.name == pattern.name) {
            bail!("[[pattern]] {:?}: there are two of that name", pattern.name);
        }
        checked.push(pattern);
    }
    let mut names = Vec::new();
    for name in log_groups {
        let name = LogGroupSelector::parse(name).map_err(|why| anyhow!("log-group {name:?}: {why}"))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(SearchSettings { patterns, own: checked, log_groups: names })
}

fn check_pattern(PatternSetting { name, filter, severity, says, fix }: PatternSetting) -> anyhow::Result<OwnPattern> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        bail!("[[pattern]] {name:?}: a name is 1 to {LONGEST_NAME} lower-case letters, digits and hyphens");
    }
    if log_patterns::find(&name).is_some() {
        bail!("[[pattern]] {name:?}: a built-in pattern has that name");
    }
    if let Err(why) = log_patterns::check_filter(&filter) {
        bail!("[[pattern]] {name:?}: filter: {why}");
    }
    if says.trim().is_empty() {
        bail!("[[pattern]] {name:?}: says is empty; describe what a hit means");
    }
    let filter = filter.trim().to_owned();
    Ok(OwnPattern { name, filter, severity: severity.unwrap_or(Severity::Medium), says, fix })
}

#[cfg(test)]
mod tests;
