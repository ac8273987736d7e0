//! What is searched for, and in which log groups.

use std::fmt;

use gatelight_model::{
    inventory::{OwnPattern, SearchedFor},
    log_patterns::LogPatterns,
};
use sha2::{Digest, Sha256};

/// What the owner wants log groups to be searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SearchSettings {
    pub(crate) patterns: LogPatterns,
    pub(crate) own: Vec<OwnPattern>,
    /// Log groups to search beside those that stages and functions write to.
    pub(crate) log_groups: Vec<LogGroupSelector>,
}

/// The name of a log group, or how the names of some begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogGroupSelector {
    Exactly(String),
    BeginningWith(String),
}

impl LogGroupSelector {
    /// Reads `/ecs/collector` and `/ecs/*`.
    ///
    /// # Errors
    /// If no log group can have such a name
    /// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>).
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, this): (_, fn(String) -> Self) = match text.strip_suffix('*') {
            Some(name) => (name, Self::BeginningWith),
            None => (text, Self::Exactly),
        };
        if name.contains('*') {
            return Err("* is allowed only at the end");
        }
        let known = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
        if text.is_empty() || name.len() > 512 || !name.chars().all(known) {
            return Err("names of log groups are 1 to 512 letters, digits and any of _ - / . #");
        }
        Ok(this(name.to_owned()))
    }

    /// Whether it is meant.
    pub(crate) fn mean(&self, name: &str) -> bool {
        match self {
            Self::Exactly(this) => this == name,
            Self::BeginningWith(this) => name.starts_with(this),
        }
    }
}

impl fmt::Display for LogGroupSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(name) => f.write_str(name),
            Self::BeginningWith(name) => write!(f, "{name}*"),
        }
    }
}

impl SearchSettings {
    /// The same as a fact of the inventory.
    pub(crate) fn searched_for(&self) -> SearchedFor {
        SearchedFor {
            built_in: self.patterns.iter().map(|pattern| pattern.name.to_owned()).collect(),
            own: self.own.clone(),
        }
    }

    /// Differs where the same lines could give other hits: what is remembered of one search is no good for the other.
    pub(crate) fn fingerprint(&self, samples: bool) -> String {
        let built_in: Vec<_> = self.patterns.iter().map(|p| (p.name, p.any_of, p.and_any_of)).collect();
        let own: Vec<_> = self.own.iter().map(|pattern| (&pattern.name, &pattern.filter)).collect();
        let all = format!("{} {built_in:?} {own:?} {samples}", env!("CARGO_PKG_VERSION"));
        Sha256::digest(all).iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}
