//! Fails if an access log has no request id, without which its lines cannot be matched with other logs.

use gatelight_formats::{Format, variables::is_misspelling};
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
    id: "access-log-lacks-request-id",
    title: "Access log lacks the request id",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::FailureReason, Loss::Partly)]),
    docs: include_str!("lacks_request_id.md"),
    scenarios: &[],
};

const IDS: [&str; 2] = ["requestId", "extendedRequestId"];

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails if neither id is among the variables. The syntax around them does not matter.
pub(super) fn rule(format: &Format<'_>, _: &Policy) -> RuleResult {
    let found: Vec<_> = IDS.iter().filter_map(|id| format.find(id)).collect();
    if !found.is_empty() {
        let is_documented = found.iter().any(|variable| !variable.is_braced());
        return RuleResult::pass(note_on_braces(format).filter(|_| !is_documented).into_iter().collect());
    }
    let mut message = "The access log lacks requestId and extendedRequestId".to_owned();
    let near = format.template.variables().find(|variable| IDS.iter().any(|id| is_misspelling(variable.name, id)));
    if let Some(near) = near {
        message = format!("{message}; `{}` is a different name and is always empty", near.source);
    }
    let problem = Problem {
        message: message + ".",
        at: near.map(|variable| variable.at),
        missing: vec!["requestId".to_owned()],
        fix: "Add `$context.requestId` to the format.".to_owned(),
    };
    RuleResult::fail(problem, vec![])
}

#[cfg(test)]
mod tests {
    use gatelight_model::inventory::Protocol::{self, Rest};

    use super::*;
    use crate::{
        access_log::testing::{evidence, failure, verdict},
        verdict::Judgement,
    };

    #[test]
    fn ids_are_compared_as_whole_names() {
        for protocol in Protocol::ALL {
            for format in [
                "$context.requestId",
                "$context.extendedRequestId",
                "{\"id\": \"$context.requestId\"}",
                "$context.requestId.",
                "$context.requestId-$context.status",
                "$$context.requestId",
                "not { json $context.requestId",
            ] {
                assert_eq!(verdict(&CHECK, protocol, Some(format)), Ok(Judgement::Pass), "{format}");
            }
            for format in [
                "$context.requestIdFoo",
                "$context.requestId.foo",
                "$context.integration.requestId",
                "$context.authorizer.requestId",
                "$context.requestid",
                "$context.requestTime",
                "context.requestId",
                "$input.requestId",
                "$Context.requestId",
                "${context.requestId",
                "{\"requestId\": \"x\"}",
            ] {
                let failure = failure(&CHECK, protocol, format);
                assert_eq!(evidence(&failure, "missing"), Some("requestId"), "{format}");
            }
        }
    }

    #[test]
    fn an_id_in_braces_passes_with_a_note() {
        let noted = |format| matches!(verdict(&CHECK, Rest, Some(format)), Ok(Judgement::PassNoted(_)));
        assert!(noted("${context.requestId}"));
        assert!(!noted("${context.requestId} $context.requestId"));
        assert!(!noted("${context.requestId} $context.extendedRequestId"));
        assert!(!noted("${context.status} $context.requestId"));
    }

    #[test]
    fn a_near_miss_is_named() {
        let failure = failure(&CHECK, Rest, "{\"id\": \"$context.requestID\"}");
        assert_eq!(
            failure.message,
            "The access log lacks requestId and extendedRequestId; `$context.requestID` is a different name and is \
             always empty."
        );
    }
}
