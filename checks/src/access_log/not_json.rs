//! Whether an access log is JSON, one object a line.

use gatelight_formats::{Format, cut};
use gatelight_model::{Need, Severity, inventory::StageOf};

use crate::{
    Context, Policy, Verdict,
    access_log::format_rule::{self as rule, Fault, Ruling, braced_note},
    check::{Check, Judge},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-not-json",
    title: "Access log is not JSON",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("not_json.md"),
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails unless the format writes exactly one JSON object when every variable has a value of its own kind.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> Ruling {
    let mut notes: Vec<String> = braced_note(format).into_iter().collect();
    if let Some(at) = format.inner_newline() {
        notes.push(format!("AWS wants the format on one line and refuses the line break at {}.", format.place(at)));
    }
    match format.parsed() {
        Ok((object, rendered)) => {
            // Two variables that make a key each were filled alike here, and will not be.
            let fixed = object.repeated.iter().find(|place| rendered.variable_in(place).is_none());
            if let Some(place) = fixed {
                let key = &rendered.line()[place.clone()];
                let key: String = serde_json::from_str(key).unwrap_or_else(|_| key.to_owned());
                let key = cut(&key, 100);
                notes.push(format!("The key {key:?} stands twice; most readers keep the last one alone."));
            }
            if let Some(variable) = object.key_places.iter().find_map(|place| rendered.variable_in(place)) {
                notes.push(format!(
                    "`{}` at {} is part of a key: the field has another name in each line.",
                    cut(variable.source, 100),
                    format.place(variable.at)
                ));
            }
            if object.lone_surrogate.is_some() {
                notes.push(
                    "An escape stands for half a character (a lone surrogate), which many readers refuse.".into(),
                );
            }
            Ruling::pass(notes)
        }
        Err(why) => {
            let fault = Fault {
                message: format!("The access log is not JSON: at {}: {}.", format.place(why.at), why.message),
                at: Some(why.at),
                missing: vec![],
                fix: "Make the format one JSON object.".to_owned(),
            };
            Ruling::fail(fault, notes)
        }
    }
}

#[cfg(test)]
mod tests;
