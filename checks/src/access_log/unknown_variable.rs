//! Whether an access log names variables that are never filled.

use gatelight_formats::{
    Format, cut,
    flaws::{Flaw, Why, flaws},
    variables::{Standing, apis, spelling, standing},
};
use gatelight_model::{
    Need, Severity,
    inventory::{Protocol, StageOf},
};

use crate::{
    Context, Policy, Verdict,
    access_log::format_rule::{self as rule, Fault, Ruling, listed},
    check::{Check, Judge},
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

/// How many variables are named.
const NAMED: usize = 5;

/// Fails for a variable that this kind of API never fills, and for one that is nearly a known name. Any other unknown
/// name passes with a note: AWS adds variables, and no version of Gatelight knows those of tomorrow.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> Ruling {
    let notes = notes(format);
    let flaws = flaws(format);
    let Some(first) = flaws.first() else { return Ruling::pass(notes) };
    let mut told: Vec<_> = flaws.iter().take(NAMED).map(|flaw| tell(format.protocol, flaw)).collect();
    let mut fixes: Vec<_> = flaws.iter().take(NAMED).map(fix).collect();
    if flaws.len() > NAMED {
        told.push(format!("and {} more", flaws.len() - NAMED));
        fixes.push("The others likewise.".to_owned());
    }
    let fault = Fault {
        message: format!("The access log names what is never filled: {}.", told.join("; ")),
        at: Some(first.at),
        missing: vec![],
        fix: fixes.join(" "),
    };
    Ruling::fail(fault, notes)
}

/// A variable, and why it is never filled.
fn tell(protocol: Protocol, flaw: &Flaw<'_>) -> String {
    let (source, apis) = (cut(flaw.source, 100), apis(protocol));
    match &flaw.why {
        Why::NeverHere => format!("`{source}`, which {apis} do not have (it stays `-` for ever)"),
        Why::NotContext => format!("`{source}`, as only $context variables are filled"),
        Why::Slip { meant, in_case, is_here } => {
            let differs = if *in_case { "only in upper and lower case" } else { "by one letter" };
            let meant = cut(meant, 100);
            let neither = if *is_here { String::new() } else { format!(", and {apis} do not have that either") };
            format!("`{source}`, which differs from `{meant}` {differs}{neither}")
        }
    }
}

fn fix(flaw: &Flaw<'_>) -> String {
    let source = cut(flaw.source, 100);
    match &flaw.why {
        Why::Slip { meant, is_here: true, .. } => format!("Write `$context.{}` for `{source}`.", cut(meant, 100)),
        _ => format!("Take `{source}` out."),
    }
}

/// What is named and not in the table of this kind of API, without being a fault; and what AWS says is always null.
fn notes(format: &Format<'_>) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    let mut beyond: Vec<String> = Vec::new();
    let mut more = false;
    for variable in format.template.variables() {
        let list = match standing(format.protocol, variable.name) {
            Standing::Unknown if spelling(format.protocol, variable.name).is_none() => &mut unknown,
            // What REST APIs fill beyond the table is known of them alone.
            Standing::BeyondTheTable if format.protocol != Protocol::Rest => &mut beyond,
            _ => continue,
        };
        let source = format!("`$context.{}`", cut(variable.name, 100));
        if list.contains(&source) {
            continue;
        }
        if list.len() == NAMED {
            more = true;
            continue;
        }
        list.push(source);
    }
    let mut notes = Vec::new();
    if !unknown.is_empty() {
        let others = if more { " (and others)" } else { "" };
        notes.push(format!("{}{others}: no variable that this version of Gatelight knows.", listed(&unknown)));
    }
    if !beyond.is_empty() {
        notes.push(format!(
            "{}: AWS's table of variables of {} lacks it; whether it is filled is not certain.",
            listed(&beyond),
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
