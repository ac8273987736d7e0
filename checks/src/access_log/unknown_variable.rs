//! Fails if an access log uses variables that are never filled.

use gatelight_formats::{
    Format, Variable, truncated,
    unfilled::{UnfilledReason, UnfilledVariable, unfilled_variables},
    variables::{Support, apis, counterpart, suggestion, support},
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
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-unknown-variable",
    title: "Access log uses a variable that is always empty",
    severity: Severity::Low,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::None,
    docs: include_str!("unknown_variable.md"),
    scenarios: &[],
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
    let mut fixes: Vec<_> = unfilled.iter().take(MAX_NAMES).map(|variable| fix(format.protocol, variable)).collect();
    if unfilled.len() > MAX_NAMES {
        reasons.push(format!("and {} more", unfilled.len() - MAX_NAMES));
        fixes.push("Fix the others the same way.".to_owned());
    }
    let problem = Problem {
        message: format!("The access log uses variables that are always empty: {}.", reasons.join("; ")),
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
        UnfilledReason::OtherApis => {
            let instead = counterpart(protocol, variable.name()).map(|name| format!("; use `$context.{name}`"));
            format!("`{source}`, which {apis} do not have (it is always `-`{})", instead.unwrap_or_default())
        }
        UnfilledReason::NotContext => format!("`{source}`: only $context variables are filled"),
        UnfilledReason::Misspelled { suggestion, is_supported } => {
            let differs = if suggestion.case_only { "only in case" } else { "by one letter" };
            let meant = truncated(&suggestion.name, 100);
            let neither = if *is_supported { String::new() } else { format!(", and {apis} do not have that either") };
            format!("`{source}`, which differs from `{meant}` {differs}{neither}")
        }
    }
}

fn fix(protocol: Protocol, variable: &UnfilledVariable<'_>) -> String {
    let source = truncated(variable.source, 100);
    if let Some(name) = counterpart(protocol, variable.name()) {
        return format!("Write `$context.{name}` for `{source}`.");
    }
    match &variable.reason {
        UnfilledReason::Misspelled { suggestion, is_supported: true } => {
            format!("Write `$context.{}` for `{source}`.", truncated(&suggestion.name, 100))
        }
        _ => format!("Remove `{source}`."),
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
        let source = format!("`$context.{}`", truncated(whole_name(format, variable), 100));
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
        let is_one = unknown.len() == 1 && !more;
        let what = if is_one { "no variable" } else { "no variables" };
        notes.push(format!("{}{others}: {what} that this version of Gatelight knows.", join_names(&unknown)));
    }
    if !unlisted.is_empty() {
        let (lacks, may) = if unlisted.len() == 1 { ("lacks it", "it may") } else { ("lacks them", "they may") };
        notes.push(format!(
            "{}: AWS's table of variables for {} {lacks}; {may} be empty.",
            join_names(&unlisted),
            apis(format.protocol)
        ));
    }
    notes.extend(request_content_note(format));
    notes.extend(counterpart_note(format));
    notes.extend(terraform_note(format));
    if format.find("authorizer.claims").is_some() {
        notes.push("AWS documents that `$context.authorizer.claims` is null: name one of the claims.".to_owned());
    }
    notes
}

/// An unknown name with the part behind a hyphen, at which AWS ends it: `requestHeaders.Content-Type`.
fn whole_name<'t>(format: &Format<'t>, variable: &Variable<'t>) -> &'t str {
    let start = variable.at + variable.source.find(variable.name).unwrap_or_default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let rest = &format.text()[variable.end()..];
    let more = rest.len() - rest.trim_start_matches(is_part).len();
    let is_joined = !variable.is_braced() && more > 1 && rest.starts_with('-');
    if is_joined { &format.text()[start..variable.end() + more] } else { variable.name }
}

/// The roots under which people look for parts of a request or response that no variable holds.
const CONTENT_ROOTS: [&str; 14] = [
    "body",
    "headers",
    "method",
    "params",
    "queryString",
    "queryStringParameters",
    "querystring",
    "request",
    "requestBody",
    "requestContext",
    "requestHeader",
    "requestHeaders",
    "responseBody",
    "responseHeaders",
];

/// That an access log cannot hold headers, query strings and bodies.
fn request_content_note(format: &Format<'_>) -> Option<String> {
    let is_content = |name: &str| CONTENT_ROOTS.contains(&name.split('.').next().unwrap_or(name));
    let found = format
        .template
        .variables()
        .find(|variable| is_content(variable.name) && support(format.protocol, variable.name) == Support::Unknown)?;
    Some(format!(
        "`$context.{}`: no variable contains headers, query strings or bodies of requests and responses.",
        truncated(whole_name(format, found), 100)
    ))
}

/// Which variables were probably meant by unknown names that people often write.
fn counterpart_note(format: &Format<'_>) -> Option<String> {
    let mut meant: Vec<String> = Vec::new();
    for variable in format.template.variables() {
        let is_unknown = support(format.protocol, variable.name) == Support::Unknown;
        let Some(name) = counterpart(format.protocol, variable.name).filter(|_| is_unknown) else { continue };
        let hint = format!("`$context.{name}` for `$context.{}`", variable.name);
        if !meant.contains(&hint) {
            meant.push(hint);
        }
    }
    meant.truncate(MAX_NAMES);
    (!meant.is_empty()).then(|| format!("Perhaps you meant {}.", join_names(&meant)))
}

/// That `$$context.x` is an escape that Terraform does not need here, and leaves a dollar before the value.
fn terraform_note(format: &Format<'_>) -> Option<String> {
    let is_escaped = |variable: &&Variable<'_>| format.text()[..variable.at].ends_with('$');
    let variable = format.template.variables().find(is_escaped)?;
    Some(format!(
        "`${}` at {} writes a `$` before the value: Terraform needs the escape `$$` only before a brace.",
        truncated(variable.source, 100),
        format.position_text(variable.at - 1)
    ))
}

#[cfg(test)]
mod tests;
