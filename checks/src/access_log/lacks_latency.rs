//! Fails if an access log cannot split the total time into API Gateway's and the backend's.

use gatelight_formats::{Format, variables::is_misspelling};
use gatelight_model::{
    Need, Severity,
    inventory::{Protocol, StageOf},
};

use super::format_rule::{self as rule, Problem, RuleResult, as_variables, join_names};
use crate::{
    check::{Check, Judge},
    context::Context,
    policy::Policy,
    verdict::Verdict,
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-lacks-latency",
    title: "Access log lacks latencies",
    severity: Severity::Low,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::None,
    docs: include_str!("lacks_latency.md"),
    scenarios: &[],
};

/// The names of the backend's time.
const BACKEND: [&str; 2] = ["integration.latency", "integrationLatency"];
/// The total time. WebSocket APIs have no variable for it.
const TOTAL: &str = "responseLatency";
/// The time of a Lambda authorizer, which is not the backend's.
const AUTHORIZER: [&str; 2] = ["authorizer.integrationLatency", "authorizer.latency"];

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails if the variable for the backend's time or for the total is missing. The syntax around them does not matter.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> RuleResult {
    let backend = BACKEND.iter().find_map(|name| format.find(name));
    let wants_total = format.protocol != Protocol::Websocket;
    let total = format.find(TOTAL).filter(|_| wants_total);
    let mut missing = Vec::new();
    if backend.is_none() {
        missing.push(BACKEND[0].to_owned());
    }
    if wants_total && total.is_none() {
        missing.push(TOTAL.to_owned());
    }
    let braced = [backend, total].into_iter().flatten().filter(|variable| variable.is_braced());
    let notes = braced.map(|braced| format!("`{}` is treated as `$context.{}`.", braced.source, braced.name)).collect();
    if missing.is_empty() {
        return RuleResult::pass(notes);
    }
    let mut message = format!("The access log lacks {}", join_names(&missing));
    let mut at = None;
    let other = AUTHORIZER.iter().find_map(|name| format.find(name)).filter(|_| backend.is_none());
    if let Some(other) = other {
        at = Some(other.at);
        message = format!("{message}; {} does not count: it is the latency of the authorizer", other.name);
    }
    let near = |name: &String| format.template.variables().find(|variable| is_misspelling(variable.name, name));
    if let Some(near) = missing.iter().find_map(near) {
        at = at.or(Some(near.at));
        message = format!("{message}; `{}` is a different name and is always empty", near.source);
    }
    message.push('.');
    let fix = format!("Add {} to the format.", as_variables(&missing));
    RuleResult::fail(Problem { message, at, missing, fix }, notes)
}

#[cfg(test)]
mod tests {
    use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};

    use super::*;
    use crate::{
        access_log::testing::{evidence, failure, verdict},
        verdict::Judgement,
    };

    #[test]
    fn the_backends_time_and_the_total_are_wanted() {
        // protocols, format, what is missing; `!` where it passes with a note
        let all: &[Protocol] = &Protocol::ALL;
        let table: &[(&[Protocol], &str, &str)] = &[
            (all, "$context.integration.latency $context.responseLatency", ""),
            (all, "$context.integrationLatency,$context.responseLatency", ""),
            (&[Websocket], "$context.integrationLatency", ""),
            (&[Websocket], "$context.integration.latency", ""),
            (&[Rest, Http], "$context.integration.latency", "responseLatency"),
            (&[Rest, Http], "$context.responseLatency", "integration.latency"),
            (&[Websocket], "$context.responseLatency", "integration.latency"),
            (&[Rest, Http], "{}", "integration.latency, responseLatency"),
            (&[Websocket], "{}", "integration.latency"),
            (all, "$context.authorizer.integrationLatency $context.responseLatency", "integration.latency"),
            (all, "$context.Integration.latency $context.responseLatency", "integration.latency"),
            (&[Rest, Http], "$context.integration.latency $context.responselatency", "responseLatency"),
            (all, "${context.integration.latency} $context.responseLatency", "!"),
            (&[Rest, Http], "$context.integration.latency ${context.responseLatency}", "!"),
        ];
        for (protocols, format, missing) in table {
            for protocol in *protocols {
                match (verdict(&CHECK, *protocol, Some(format)).expect("known"), *missing) {
                    (Judgement::Pass, "") | (Judgement::PassNoted(_), "!") => {}
                    (Judgement::Fail(failure), missing) => {
                        assert_eq!(evidence(&failure, "missing"), Some(missing), "{protocol:?} {format}");
                    }
                    (other, _) => panic!("{protocol:?} {format}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn what_does_not_count_is_explained() {
        let format = "$context.responseLatency $context.authorizer.latency";
        let authorizer = failure(&CHECK, Rest, format);
        assert_eq!(
            authorizer.message,
            "The access log lacks integration.latency; authorizer.latency does not count: it is the latency of the \
             authorizer."
        );
        assert_eq!(evidence(&authorizer, "at"), Some("column 26"));
        let near = failure(&CHECK, Websocket, "$context.integration.latenci");
        assert_eq!(
            near.message,
            "The access log lacks integration.latency; `$context.integration.latenci` is a different name and is \
             always empty."
        );
        // With the backend's time there, the authorizer's is no stand-in for anything.
        let total = failure(&CHECK, Http, "$context.authorizer.latency $context.integration.latency");
        assert!(!total.message.contains("authorizer"), "{}", total.message);
    }
}
