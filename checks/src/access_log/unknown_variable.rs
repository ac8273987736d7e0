//! Fails if an access log uses variables that are never filled.

use gatelight_formats::{
    Format, truncated,
    unfilled::{UnfilledReason, UnfilledVariable, unfilled_variables},
    variables::{Support, apis, suggestion, support},
};
use gatelight_model::{
    Need, Severity,
    inventory::{Protocol, StageOf},
};

use super::format_rule::{self as rule, Problem, RuleResult, join_names};
use crate::{
    check::{Check, Judge},
    context::Context,
    policy::Policy,
    verdict::Verdict,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-unknown-variable",
    title: "Access log names a variable that is never filled",
    severity: Severity::Low,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("unknown_variable.md"),
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// The most variables named in a message.
const MAX_NAMES: usize = 5;

/// Fails for a variable that this kind of API never fills, and for a misspelled name. Any other unknown name passes with
/// a note: AWS adds variables that this version of Gatelight cannot know.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> RuleResult {
    let notes = notes(format);
    let unfilled = unfilled_variables(format);
    let Some(first) = unfilled.first() else { return RuleResult::pass(notes) };
    let mut reasons: Vec<_> =
        unfilled.iter().take(MAX_NAMES).map(|variable| describe(format.protocol, variable)).collect();
    let mut fixes: Vec<_> = unfilled.iter().take(MAX_NAMES).map(fix).collect();
    if unfilled.len() > MAX_NAMES {
        reasons.push(format!("and {} more", unfilled.len() - MAX_NAMES));
        fixes.push("The others likewise.".to_owned());
    }
    let problem = Problem {
        message: format!("The access log names what is never filled: {}.", reasons.join("; ")),
        at: Some(first.at),
        missing: vec![],
        fix: fixes.join(" "),
    };
    RuleResult::fail(problem, notes)
}

/// A variable, and why it is never filled.
fn describe(protocol: Protocol, variable: &UnfilledVariable<'_>) -> String {
    let (source, apis) = (truncated(variable.source, 100), apis(protocol));
    match &variable.reason {
        UnfilledReason::OtherApis => format!("`{source}`, which {apis} do not have (it stays `-` for ever)"),
        UnfilledReason::NotContext => format!("`{source}`, as only $context variables are filled"),
        UnfilledReason::Misspelled { suggestion, is_supported } => {
            let differs = if suggestion.case_only { "only in upper and lower case" } else { "by one letter" };
            let meant = truncated(&suggestion.name, 100);
            let neither = if *is_supported { String::new() } else { format!(", and {apis} do not have that either") };
            format!("`{source}`, which differs from `{meant}` {differs}{neither}")
        }
    }
}

fn fix(variable: &UnfilledVariable<'_>) -> String {
    let source = truncated(variable.source, 100);
    match &variable.reason {
        UnfilledReason::Misspelled { suggestion, is_supported: true } => {
            format!("Write `$context.{}` for `{source}`.", truncated(&suggestion.name, 100))
        }
        _ => format!("Take `{source}` out."),
    }
}

/// Notes on variables that are not in the table of this kind of API but may be filled, and on one that AWS says is null.
fn notes(format: &Format<'_>) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    let mut unlisted: Vec<String> = Vec::new();
    let mut more = false;
    for variable in format.template.variables() {
        let list = match support(format.protocol, variable.name) {
            Support::Unknown if suggestion(format.protocol, variable.name).is_none() => &mut unknown,
            // Unlisted variables are known to be filled on REST APIs only.
            Support::Unlisted if format.protocol != Protocol::Rest => &mut unlisted,
            _ => continue,
        };
        let source = format!("`$context.{}`", truncated(variable.name, 100));
        if list.contains(&source) {
            continue;
        }
        if list.len() == MAX_NAMES {
            more = true;
            continue;
        }
        list.push(source);
    }
    let mut notes = Vec::new();
    if !unknown.is_empty() {
        let others = if more { " (and others)" } else { "" };
        notes.push(format!("{}{others}: no variable that this version of Gatelight knows.", join_names(&unknown)));
    }
    if !unlisted.is_empty() {
        notes.push(format!(
            "{}: AWS's table of variables of {} lacks it; whether it is filled is not certain.",
            join_names(&unlisted),
            apis(format.protocol)
        ));
    }
    if format.find("authorizer.claims").is_some() {
        notes.push("`$context.authorizer.claims` is null, says AWS: name one of the claims.".to_owned());
    }
    notes
}

#[cfg(test)]
mod tests;
