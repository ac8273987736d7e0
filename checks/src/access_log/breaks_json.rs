//! Whether an access log that is JSON stays JSON where a variable has no value.

use gatelight_formats::{
    Format, Variable, cut, json,
    variables::{Kind, absent, is_always_there},
};
use gatelight_model::{Need, Severity, inventory::StageOf};

use crate::{
    Context, Policy, Verdict,
    access_log::format_rule::{self as rule, Fault, Ruling, listed},
    check::{Check, Judge},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-breaks-json",
    title: "Access log is not JSON when a value is absent",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("breaks_json.md"),
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// How many variables are named.
const NAMED: usize = 5;

/// Fails if the line is JSON with values and not without, or if a variable brings quotes into a string.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> Ruling {
    if format.json().is_err() {
        return Ruling::not_applicable("the access log is not JSON");
    }
    let places = format.template.places();
    let quoted: Vec<_> = of(&places, |variable, in_string| in_string && Kind::of(variable.name) == Kind::QuotedText);
    let bare = breaking(format, &places);
    let notes = notes(format, &places);
    let (mut problems, mut fixes) = (Vec::new(), Vec::new());
    if !bare.is_empty() {
        let names = named(&bare);
        let (has, stands) = if bare.len() == 1 { ("has", "it stands") } else { ("have", "they stand") };
        problems.push(format!(
            "when {names} {has} no value, the line is no JSON: API Gateway writes `-` for what is absent, and {stands} \
             without quotes"
        ));
        fixes.push(format!("Put {names} in quotes."));
    }
    if let Some(first) = quoted.first() {
        problems.push(format!(
            "`{}` brings its own quotes and stands between quotes: when there is an error, the line is no JSON",
            cut(first.source, 100)
        ));
        fixes.push("Write `$context.error.message` in its place, in the same quotes.".to_owned());
    }
    if problems.is_empty() {
        return Ruling::pass(notes);
    }
    let fault = Fault {
        message: format!("The access log breaks: {}.", problems.join("; ")),
        at: bare.iter().chain(&quoted).map(|variable| variable.at).min(),
        missing: vec![],
        fix: fixes.join(" "),
    };
    Ruling::fail(fault, notes)
}

type Place<'t> = (Variable<'t>, bool);

fn of<'t>(places: &[Place<'t>], is_meant: impl Fn(&Variable<'t>, bool) -> bool) -> Vec<Variable<'t>> {
    places
        .iter()
        .filter(|(variable, in_string)| is_meant(variable, *in_string))
        .map(|(variable, _)| *variable)
        .collect()
}

/// The variables without quotes that can be absent, if the line is no JSON without them. `-` may stand where a number
/// follows (`$context.waf.latency$context.status`), so that the line itself is read.
fn breaking<'t>(format: &Format<'t>, places: &[Place<'t>]) -> Vec<Variable<'t>> {
    let bare = of(places, |variable, in_string| {
        !in_string && Kind::of(variable.name) != Kind::QuotedText && !is_always_there(format.protocol, variable.name)
    });
    let line = format.template.render(|variable, in_string| absent(format.protocol, variable, in_string));
    if bare.is_empty() || json::object(line.line()).is_ok() { vec![] } else { bare }
}

/// `integration.latency and waf.status`; of many, the first and how many more.
fn named(variables: &[Variable<'_>]) -> String {
    let mut names = Vec::new();
    for variable in variables {
        let name = cut(variable.name, 100);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED {
            names.truncate(NAMED);
            names.push("others".to_owned());
            break;
        }
    }
    listed(&names)
}

fn notes(format: &Format<'_>, places: &[Place<'_>]) -> Vec<String> {
    let bare = |name: &str| places.iter().find(|(variable, in_string)| !in_string && variable.name == name);
    let mut notes = Vec::new();
    if let Some((variable, _)) = bare("error.messageString") {
        notes.push(format!(
            "`{}` at {} stands without quotes and brings its own; whether API Gateway writes `-` or `\"-\"` where there is \
             no error is not documented. `\"$context.error.message\"` leaves no doubt.",
            variable.source,
            format.place(variable.at)
        ));
    }
    if let Some((variable, _)) = bare("accountId").filter(|_| is_always_there(format.protocol, "accountId")) {
        notes.push(format!(
            "`{}` at {} stands without quotes; an account id that begins with 0 is no number of JSON.",
            variable.source,
            format.place(variable.at)
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
