//! Fails if an access log that is JSON stops being JSON when a variable has no value.

use gatelight_formats::{
    Format, Variable, json,
    template::VariableUse,
    truncated,
    variables::{ValueKind, absent_value, is_always_present},
};
use gatelight_model::{Need, Severity, inventory::StageOf};

use super::format_rule::{self as rule, Problem, RuleResult, join_first_names};
use crate::{
    check::{Check, Judge},
    context::Context,
    policy::Policy,
    verdict::Verdict,
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-breaks-json",
    title: "Unquoted variable breaks the JSON when it is empty",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::FailureReason, Loss::Partly)]),
    docs: include_str!("breaks_json.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// The most variables named in a message.
const MAX_NAMES: usize = 5;

/// Fails if the line is JSON with values and not without, or if a variable puts its own quotes into a string.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> RuleResult {
    if format.json().is_err() {
        return RuleResult::not_applicable("the access log is not JSON");
    }
    let uses = format.template.variable_uses();
    let quoted: Vec<_> = variables_where(&uses, |used| used.in_string && kind(used) == ValueKind::QuotedText);
    let bare = breaking(format, &uses);
    let notes = notes(format, &uses);
    let (mut problems, mut fixes) = (Vec::new(), Vec::new());
    if !bare.is_empty() {
        let names = join_first_names(bare.iter().map(|variable| variable.name), MAX_NAMES);
        let (has, stands) = if bare.len() == 1 { ("has", "it is") } else { ("have", "they are") };
        problems.push(format!(
            "when {names} {has} no value, the line is not valid JSON: API Gateway writes `-` for an absent value, and \
             {stands} not quoted"
        ));
        fixes.push(format!("Put {names} in quotes."));
    }
    if let Some(first) = quoted.first() {
        problems.push(format!(
            "`{}` includes its own quotes and is quoted again: when there is an error, the line is not valid JSON",
            truncated(first.source, 100)
        ));
        fixes.push("Use `$context.error.message` instead, in the same quotes.".to_owned());
    }
    if problems.is_empty() {
        return RuleResult::pass(notes);
    }
    let problem = Problem {
        message: format!("The access log breaks: {}.", problems.join("; ")),
        at: bare.iter().chain(&quoted).map(|variable| variable.at).min(),
        missing: vec![],
        fix: fixes.join(" "),
    };
    RuleResult::fail(problem, notes)
}

fn kind(used: &VariableUse<'_>) -> ValueKind {
    ValueKind::of(used.variable.name)
}

fn variables_where<'t>(uses: &[VariableUse<'t>], is_wanted: impl Fn(&VariableUse<'t>) -> bool) -> Vec<Variable<'t>> {
    uses.iter().filter(|used| is_wanted(used)).map(|used| used.variable).collect()
}

/// The unquoted variables that can be absent, if the line is not JSON without them. The line itself is parsed, because `-`
/// is fine where a number follows (`$context.waf.latency$context.status`).
fn breaking<'t>(format: &Format<'t>, uses: &[VariableUse<'t>]) -> Vec<Variable<'t>> {
    let bare = variables_where(uses, |used| {
        !used.in_string
            && kind(used) != ValueKind::QuotedText
            && !is_always_present(format.protocol, used.variable.name)
    });
    let line = format.template.render(|variable, in_string| absent_value(format.protocol, variable, in_string));
    if bare.is_empty() || json::parse_object(line.line()).is_ok() { vec![] } else { bare }
}

fn notes(format: &Format<'_>, uses: &[VariableUse<'_>]) -> Vec<String> {
    let bare =
        |name: &str| uses.iter().find(|used| !used.in_string && used.variable.name == name).map(|used| used.variable);
    let mut notes = Vec::new();
    if let Some(variable) = bare("error.messageString") {
        notes.push(format!(
            "`{}` at {} is not quoted and includes its own quotes; AWS does not document whether API Gateway writes \
             `-` or `\"-\"` when there is no error. `\"$context.error.message\"` works in both cases.",
            variable.source,
            format.position_text(variable.at)
        ));
    }
    if let Some(variable) = bare("accountId").filter(|_| is_always_present(format.protocol, "accountId")) {
        notes.push(format!(
            "`{}` at {} is not quoted; an account id that begins with 0 is not a valid JSON number.",
            variable.source,
            format.position_text(variable.at)
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
