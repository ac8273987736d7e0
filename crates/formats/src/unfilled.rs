//! Finds variables that are always empty: this kind of API does not have them, or the name is misspelled.

use std::collections::HashSet;

use crate::{
    format::Format,
    template::{TemplatePart, Variable},
    variables::{Suggestion, Support, suggestion, support},
};

/// A variable that API Gateway never fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfilledVariable<'t> {
    /// The variable as written in the format.
    pub source: &'t str,
    /// The byte offset in the format.
    pub at: usize,
    /// Why it is never filled.
    pub reason: UnfilledReason,
}

impl<'t> UnfilledVariable<'t> {
    /// The name without `$context.`; what was written, if it is not a `$context` variable.
    #[must_use]
    pub fn name(&self) -> &'t str {
        let name = self.source.strip_prefix("${context.").and_then(|name| name.strip_suffix('}'));
        name.or_else(|| self.source.strip_prefix("$context.")).unwrap_or(self.source)
    }
}

/// Why a variable is never filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnfilledReason {
    /// Only other kinds of API have it.
    OtherApis,
    /// No kind of API has it, and it looks like a known name.
    Misspelled {
        /// The name that was probably meant.
        suggestion: Suggestion,
        /// Whether this kind of API has the suggested variable.
        is_supported: bool,
    },
    /// Not a `$context` variable.
    NotContext,
}

/// Why the format's kind of API never fills a variable; `None` if it may.
#[must_use]
pub fn reason(format: &Format<'_>, variable: &Variable<'_>) -> Option<UnfilledReason> {
    match support(format.protocol, variable.name) {
        Support::Supported | Support::Unlisted => None,
        Support::OtherApis => Some(UnfilledReason::OtherApis),
        Support::Unknown => suggestion(format.protocol, variable.name).map(|suggestion| {
            let is_supported = support(format.protocol, &suggestion.name) != Support::OtherApis;
            UnfilledReason::Misspelled { suggestion, is_supported }
        }),
    }
}

/// Every variable of a format that is never filled, in order, each once.
#[must_use]
pub fn unfilled_variables<'t>(format: &Format<'t>) -> Vec<UnfilledVariable<'t>> {
    let mut seen = HashSet::new();
    let mut at = 0;
    let mut found = Vec::new();
    for part in format.template.parts() {
        let source = part.source();
        let reason = match part {
            TemplatePart::Variable(variable) if seen.insert(variable.name) => reason(format, variable),
            TemplatePart::Unsupported(source) if seen.insert(source) => Some(UnfilledReason::NotContext),
            _ => None,
        };
        found.extend(reason.map(|reason| UnfilledVariable { source, at, reason }));
        at += source.len();
    }
    found
}
