//! What the owner of an account decides: how much a check matters, and which outcomes to leave out of account.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};

use crate::check::{Check, Severity, Subject};

/// The owner's decisions. The default changes nothing.
#[derive(Debug, Default)]
pub struct Policy {
    /// By check id: the severity of all its outcomes.
    pub severities: BTreeMap<String, Severity>,
    /// Outcomes that are known and accepted.
    pub ignores: Vec<Ignore>,
}

/// Outcomes that are known and accepted: they stay in the report, marked, and do not count for the exit status.
#[derive(Debug)]
pub struct Ignore {
    check: GlobMatcher,
    subject: GlobMatcher,
    /// Whether it has ended, at the time of the audit.
    pub ended: bool,
}

impl Ignore {
    /// Ignores outcomes whose check matches `check` and whose subject's ARN or name matches `subject`; `*` stands for
    /// any text, slashes too. One that has `ended` matches nothing.
    ///
    /// # Errors
    /// The pattern that cannot be read, and why.
    pub fn new(check: &str, subject: &str, ended: bool) -> Result<Self, globset::Error> {
        let glob = |text| Ok::<_, globset::Error>(GlobBuilder::new(text).build()?.compile_matcher());
        Ok(Self { check: glob(check)?, subject: glob(subject)?, ended })
    }

    fn covers(&self, check: &Check, subject: &Subject) -> bool {
        !self.ended
            && self.check.is_match(check.id)
            && (self.subject.is_match(&subject.arn) || self.subject.is_match(&subject.name))
    }
}

impl Policy {
    /// The severity that the owner set for a check.
    #[must_use]
    pub fn severity(&self, check: &Check) -> Option<Severity> {
        self.severities.get(check.id).copied()
    }

    /// The position of the first ignore that covers the outcomes of `check` about `subject`.
    #[must_use]
    pub fn ignored(&self, check: &Check, subject: &Subject) -> Option<usize> {
        self.ignores.iter().position(|ignore| ignore.covers(check, subject))
    }
}
