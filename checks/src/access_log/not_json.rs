//! Fails if an access log is not JSON, one object a line.

use gatelight_formats::{Format, truncated};
use gatelight_model::{Need, Severity, inventory::StageOf};

use super::format_rule::{self as rule, Problem, RuleResult, note_on_braces};
use crate::{
    check::{Check, Judge},
    context::Context,
    policy::Policy,
    verdict::Verdict,
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-not-json",
    title: "Access log is not JSON",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::FailureReason, Loss::Partly)]),
    docs: include_str!("not_json.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails unless the format writes exactly one JSON object when every variable has a value of its own kind.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> RuleResult {
    let mut notes: Vec<String> = note_on_braces(format).into_iter().collect();
    if let Some(at) = format.inner_newline() {
        notes.push(format!(
            "AWS requires the format on one line and rejects the line break at {}.",
            format.position_text(at)
        ));
    }
    match format.parsed() {
        Ok((object, rendered)) => {
            // Keys with variables in them are only equal because their sample values are.
            let repeated = object.repeated_keys.iter().find(|range| rendered.variable_in(range).is_none());
            if let Some(range) = repeated {
                let key = &rendered.line()[range.clone()];
                let key: String = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
                let key = truncated(&key, 100);
                notes.push(format!("The key {key:?} occurs twice; most parsers keep only the last one."));
            }
            if let Some(variable) = object.key_ranges.iter().find_map(|range| rendered.variable_in(range)) {
                notes.push(format!(
                    "`{}` at {} is part of a key: the field has a different name in each line.",
                    truncated(variable.source, 100),
                    format.position_text(variable.at)
                ));
            }
            if object.lone_surrogate.is_some() {
                notes.push("An escape is half a character (a lone surrogate), which many parsers reject.".into());
            }
            RuleResult::pass(notes)
        }
        Err(error) => {
            let problem = Problem {
                message: format!(
                    "The access log is not JSON: at {}: {}.",
                    format.position_text(error.at),
                    error.message
                ),
                at: Some(error.at),
                missing: vec![],
                fix: "Change the format to one JSON object.".to_owned(),
            };
            RuleResult::fail(problem, notes)
        }
    }
}

#[cfg(test)]
mod tests;
