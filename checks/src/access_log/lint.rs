//! Lints one format before it is deployed: applies the rules of the format checks without a stage.

use gatelight_formats::{
    Format,
    fix::{fix, rewrite},
    recommended::recommended,
    refused::{Refusal, disputed, refusals},
    variables::holds_untrusted_text,
};
use gatelight_model::{Severity, inventory::Protocol};

use super::{
    breaks_json,
    format_rule::{FormatRule, Problem, RuleResult, join_first_names},
    lacks_integration_fields, lacks_latency, lacks_request_id, not_json, unknown_variable,
};
use crate::{check::Check, policy::Policy};

/// The checks that need only a format, and their message when it passes.
const RULES: &[(&Check, FormatRule, &str)] = &[
    (&not_json::CHECK, not_json::rule, "The format is one JSON object."),
    (&breaks_json::CHECK, breaks_json::rule, "The line stays valid JSON when values are absent."),
    (
        &lacks_integration_fields::CHECK,
        lacks_integration_fields::rule,
        "The format has the integration's error and the status that the backend returned.",
    ),
    (&lacks_latency::CHECK, lacks_latency::rule, "The format has the latencies."),
    (&lacks_request_id::CHECK, lacks_request_id::rule, "The format has a request id."),
    (&unknown_variable::CHECK, unknown_variable::rule, "No variable is known to be always empty."),
];

/// Whether a check judges nothing but the format, so that one change of it fixes what this and other checks find.
#[must_use]
pub fn is_about_format(check: &Check) -> bool {
    RULES.iter().any(|(rule, ..)| *rule == check)
}

/// The result of linting a format.
#[derive(Clone, Debug, PartialEq)]
pub struct Lint {
    /// One for each check that needs only a format, in the order of the table of checks.
    pub findings: Vec<LintFinding>,
    /// Why AWS refuses the format, if it does.
    pub refused: Vec<Refused>,
    /// Remarks that belong to no check.
    pub notes: Vec<LintNote>,
    /// That clients and backends can put quotes and backslashes into the line. It holds for nearly every format of use.
    pub caution: Option<LintNote>,
    /// A format that passes: the given one, fixed, or [`recommended`]. `None` if nothing needs to change.
    pub fixed: Option<String>,
    /// Whether `fixed` holds the fields of the given format: fixed in place, or written as JSON. [`recommended`] does not.
    pub keeps_format: bool,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct LintFinding {
    /// The check's id.
    pub check: &'static str,
    /// How serious a failure of the check is.
    pub severity: Severity,
    /// The check's verdict.
    pub verdict: LintVerdict,
    /// In a sentence.
    pub message: String,
    /// The line of the format that it is about, counted from 1.
    pub line: Option<usize>,
    /// The column within that line, in characters, counted from 1.
    pub column: Option<usize>,
    /// Further remarks.
    pub notes: Vec<String>,
}

/// A verdict of the linter. There is no "could not check": a format is always readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LintVerdict {
    /// The format passes.
    Pass,
    /// The format fails.
    Fail,
    /// The check does not apply.
    NotApplicable,
}

impl LintVerdict {
    /// The name in the JSON form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// A reason for which AWS refuses the format.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The reason in a sentence.
    pub reason: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column within that line, in characters, counted from 1.
    pub column: Option<usize>,
    /// The page that shows or documents it.
    pub source: &'static str,
}

/// A remark on a format, with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct LintNote {
    /// In a sentence.
    pub message: String,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column within that line, in characters, counted from 1.
    pub column: Option<usize>,
}

/// Lints a format for a kind of API.
#[must_use]
pub fn lint(protocol: Protocol, template: &str) -> Lint {
    let format = Format::new(protocol, template);
    let mut missing = Vec::new();
    let findings: Vec<_> = RULES
        .iter()
        .map(|(check, rule, passed)| {
            let RuleResult { problem, notes, not_applicable } = rule(&format, Policy::NONE);
            let position = problem.as_ref().and_then(|problem| problem.at).map(|at| format.position(at));
            let severity = check.severity;
            let (verdict, message) = match (problem, not_applicable) {
                (Some(problem), _) => {
                    missing.extend(problem.missing);
                    (LintVerdict::Fail, problem.message)
                }
                (None, Some(why)) => (LintVerdict::NotApplicable, sentence(why)),
                (None, None) => (LintVerdict::Pass, (*passed).to_owned()),
            };
            let (line, column) = position.map(|position| (position.line, position.column)).unzip();
            LintFinding { check: check.id, severity, verdict, message, line, column, notes }
        })
        .collect();
    let refused: Vec<_> = refusals(&format).into_iter().map(|refusal| with_position(&format, refusal)).collect();
    let notes = disputed_notes(&format);
    let caution = untrusted_text_note(&format);
    let is_fine = findings.iter().all(|finding| finding.verdict != LintVerdict::Fail);
    if is_fine && refused.is_empty() {
        return Lint { findings, refused, notes, caution, fixed: None, keeps_format: false };
    }
    let (fixed, keeps_format) = match fixed(&format, &missing) {
        Some(own) => (own, true),
        None => (recommended(protocol).to_owned(), false),
    };
    Lint { findings, refused, notes, caution, fixed: Some(fixed), keeps_format }
}

/// The format with its problems fixed: in place, or else its fields written as JSON. `None` if neither passes every check.
fn fixed(format: &Format<'_>, missing: &[String]) -> Option<String> {
    [fix, rewrite].into_iter().find_map(|make| {
        let mut missing = missing.to_vec();
        // What a fix takes out can have been all that a rule wants: then it is missing in the result.
        for _ in 0..2 {
            let own = make(format, &missing)?;
            let fixed = Format::new(format.protocol, &own);
            let lacking: Vec<_> = problems(&fixed).flat_map(|problem| problem.missing).collect();
            if lacking.is_empty() {
                let passes = problems(&fixed).next().is_none() && refusals(&fixed).is_empty();
                return passes.then_some(own);
            }
            missing.extend(lacking);
        }
        None
    })
}

/// What the format checks find.
fn problems<'f>(format: &'f Format<'_>) -> impl Iterator<Item = Problem> + use<'f> {
    RULES.iter().filter_map(|(_, rule, _)| rule(format, Policy::NONE).problem)
}

fn with_position(format: &Format<'_>, refusal: Refusal) -> Refused {
    let Refusal { reason, at, source } = refusal;
    let position = at.map(|at| format.position(at));
    let (line, column) = position.map(|position| (position.line, position.column)).unzip();
    Refused { reason: format!("AWS rejects the format: {reason}."), line, column, source }
}

/// `The access log is not JSON.` for `the access log is not JSON`.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// How many of the format checks fail.
#[must_use]
pub fn count_failing(protocol: Protocol, template: &str) -> usize {
    let format = Format::new(protocol, template);
    problems(&format).count()
}

/// The most variables named in a message.
const MAX_NAMES: usize = 10;

/// Notes on variables for which sources disagree whether AWS refuses them.
fn disputed_notes(format: &Format<'_>) -> Vec<LintNote> {
    let message = |name: &str| {
        format!(
            "AWS may reject the format: some reports say that HTTP APIs do not support `$context.{name}`, others that \
             they accept it and leave it empty."
        )
    };
    disputed(format).into_iter().map(|variable| note(format, message(variable.name), variable.at)).collect()
}

fn note(format: &Format<'_>, message: String, at: usize) -> LintNote {
    let position = format.position(at);
    LintNote { message, line: Some(position.line), column: Some(position.column) }
}

/// Warns that clients and backends can put quotes and backslashes into a line of JSON. They were seen to break it in 2022
/// (<https://github.com/DataBiosphere/azul/issues/4009>), and not to in 2024
/// (<https://github.com/DataBiosphere/azul/issues/4348>).
fn untrusted_text_note(format: &Format<'_>) -> Option<LintNote> {
    format.json().ok()?;
    let uses = format.template.variable_uses();
    let untrusted = uses.iter().filter(|used| used.in_string && holds_untrusted_text(used.variable.name));
    let variables: Vec<_> = untrusted.map(|used| used.variable).collect();
    let first = variables.first()?;
    let message = format!(
        "Values of {} can contain quotes and backslashes. AWS escapes some and does not document which, so a line \
         that contains one may not be valid JSON.",
        join_first_names(variables.iter().map(|variable| variable.name), MAX_NAMES)
    );
    Some(note(format, message, first.at))
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
