//! Fails if an access log lacks the fields that show why an integration failed.

use gatelight_formats::{
    Format,
    variables::{Support, aliases, is_misspelling, support},
};
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
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-lacks-integration-fields",
    title: "Access log lacks the integration's error and status",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::FailureReason, Loss::Dark)]),
    docs: include_str!("lacks_integration_fields.md"),
    scenarios: &[],
};

/// The names of the integration's error. AWS lists the second for REST and HTTP APIs and mentions it for WebSocket APIs.
const ERRORS: [&str; 2] = ["integration.error", "integrationErrorMessage"];
/// The name of the status that the backend returned.
const STATUS: &str = "integration.status";
/// The names of the status that the Lambda service returned: 200 even when the function failed.
const SERVICE_STATUSES: [&str; 2] = ["integrationStatus", "integration.integrationStatus"];

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails if the variable for the error, for the backend's status, or one that the owner requires is missing. The syntax
/// around them does not matter.
pub(super) fn rule(format: &Format<'_>, policy: &Policy) -> RuleResult {
    let error = ERRORS.iter().find_map(|name| format.find(name));
    let status = format.find(STATUS);
    // On HTTP APIs AWS calls the two equivalent and, on the same page, describes integrationStatus as the status of
    // the Lambda service: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    let substitute = format.find(SERVICE_STATUSES[0]).filter(|_| format.protocol == Protocol::Http && status.is_none());
    let mut missing = Vec::new();
    if error.is_none() {
        missing.push(ERRORS[0].to_owned());
    }
    if status.or(substitute).is_none() {
        missing.push(STATUS.to_owned());
    }
    let lacks_status = missing.last().is_some_and(|name| name == STATUS);
    let required = missing_required(format, &policy.required_fields, &missing);
    let mut notes = Vec::new();
    for braced in [error, status.or(substitute)].into_iter().flatten().filter(|variable| variable.is_braced()) {
        notes.push(format!("`{}` is treated as `$context.{}`.", braced.source, braced.name));
    }
    if substitute.is_some() {
        notes.push(
            "integrationStatus is accepted for integration.status: AWS calls them equivalent on HTTP APIs, but also \
             describes integrationStatus as the status of the Lambda service for Lambda proxy integrations. \
             integration.status is unambiguous."
                .to_owned(),
        );
    }
    if missing.is_empty() && required.is_empty() {
        return RuleResult::pass(notes);
    }
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(join_names(&missing));
    }
    if !required.is_empty() {
        parts.push(format!("{} (required by your configuration)", join_names(&required)));
    }
    let mut message = format!("The access log lacks {}", parts.join(", and "));
    let mut at = None;
    let trap = SERVICE_STATUSES.iter().find_map(|name| format.find(name));
    if let Some(trap) = trap.filter(|_| lacks_status) {
        at = Some(trap.at);
        message = format!(
            "{message}; {} does not count: for Lambda proxy integrations it is the status of the Lambda service: 200 \
             even when the function failed",
            trap.name
        );
    }
    missing.extend(required);
    let near = |name: &String| {
        format.template.variables().find(|variable| is_misspelled(format.protocol, variable.name, name))
    };
    if let Some(near) = missing.iter().find_map(near) {
        at = at.or(Some(near.at));
        message = format!("{message}; `{}` is a different name and is always empty", near.source);
    }
    message.push('.');
    let fix = format!("Add {} to the format.", as_variables(&missing));
    RuleResult::fail(Problem { message, at, missing, fix }, notes)
}

/// The required fields that a format has neither under their own name nor under an alias. Fields that this kind of API
/// never fills are left out.
fn missing_required(format: &Format<'_>, required: &[String], missing: &[String]) -> Vec<String> {
    let mut lacking: Vec<String> = Vec::new();
    for name in required {
        let others = aliases(format.protocol, name);
        let is_named = |names: &[String]| names.iter().any(|other| other == name || others.contains(&other.as_str()));
        let has = format.find(name).is_some() || others.iter().any(|other| format.find(other).is_some());
        if !has && support(format.protocol, name) != Support::OtherApis && !is_named(missing) && !is_named(&lacking) {
            lacking.push(name.clone());
        }
    }
    lacking
}

/// Whether an unknown name looks like the other.
fn is_misspelled(protocol: Protocol, name: &str, other: &str) -> bool {
    is_misspelling(name, other) && support(protocol, name) == Support::Unknown
}

#[cfg(test)]
mod tests {
    use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};

    use super::*;
    use crate::{
        access_log::testing::{evidence, failure, verdict, verdict_under},
        verdict::Judgement,
    };

    #[test]
    fn the_error_and_the_backends_status_are_wanted() {
        // protocol, format, what is missing; `!` where it passes with a note
        let table: &[(&[Protocol], &str, &str)] = &[
            (&[Rest, Http, Websocket], "$context.integration.error $context.integration.status", ""),
            (&[Rest, Http, Websocket], "$context.integrationErrorMessage,$context.integration.status", ""),
            (&[Rest, Http, Websocket], "$context.requestId", "integration.error, integration.status"),
            (&[Rest, Http, Websocket], "$context.integration.status", "integration.error"),
            (&[Rest, Http, Websocket], "$context.integration.error", "integration.status"),
            // The Lambda service's status.
            (&[Rest, Websocket], "$context.integration.error $context.integrationStatus", "integration.status"),
            (&[Http], "$context.integration.error $context.integrationStatus", "!"),
            (&[Http], "$context.integration.status $context.integration.error $context.integrationStatus", ""),
            (&[Http], "$context.integrationStatus", "integration.error"),
            (
                &[Rest, Http, Websocket],
                "$context.integration.error $context.integration.integrationStatus",
                "integration.status",
            ),
            // Other names.
            (&[Rest, Http, Websocket], "$context.integration.errors $context.integration.status", "integration.error"),
            (&[Rest, Http, Websocket], "$context.integration.error.x $context.integration.status", "integration.error"),
            (&[Rest, Http, Websocket], "$context.Integration.error $context.integration.status", "integration.error"),
            (
                &[Rest, Http, Websocket],
                "$context.error.message $context.status",
                "integration.error, integration.status",
            ),
            (&[Rest, Http, Websocket], "integration.error integration.status", "integration.error, integration.status"),
            (&[Rest], "$context.authorizer.integrationStatus $context.integration.error", "integration.status"),
            // Whatever the syntax.
            (&[Rest, Http, Websocket], "{\"a\": $context.integration.error.$context.integration.status,, <", ""),
            (&[Rest, Http, Websocket], "${context.integration.error} $context.integration.status", "!"),
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
    fn a_slip_of_the_pen_is_named_and_a_name_of_its_own_is_none() {
        let slip = failure(&CHECK, Rest, "$context.integration.eror $context.integration.status");
        assert_eq!(
            slip.message,
            "The access log lacks integration.error; `$context.integration.eror` is a different name and is always \
             empty."
        );
        let other = failure(&CHECK, Rest, "$context.brandNew $context.integration.status");
        assert_eq!(other.message, "The access log lacks integration.error.");
        // One letter apart, and both are names that REST APIs fill.
        let policy = Policy { required_fields: vec!["authorizer.error".to_owned()], ..Policy::default() };
        let format = "$context.integration.error $context.integration.status $context.authorize.error";
        let Ok(Judgement::Fail(known)) = verdict_under(&policy, &CHECK, Rest, Some(format)) else { panic!("it fails") };
        assert_eq!(known.message, "The access log lacks authorizer.error (required by your configuration).");
    }

    #[test]
    fn an_owner_can_require_more() {
        let policy = |fields: &[&str]| Policy {
            required_fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            ..Policy::default()
        };
        let enough = "$context.integration.error $context.integration.status";
        // protocols, required, what else the format has, what is missing
        let all: &[Protocol] = &[Rest, Http, Websocket];
        let table: &[(&[Protocol], &[&str], &str, &str)] = &[
            (all, &["identity.sourceIp"], "", "identity.sourceIp"),
            (all, &["identity.sourceIp"], "$context.identity.sourceIp", ""),
            (all, &["identity.sourceIp"], "$context.identity.sourceIpp", "identity.sourceIp"),
            (all, &["stage", "apiId", "stage"], "", "stage, apiId"),
            // By its other name.
            (all, &["integration.latency"], "$context.integrationLatency", ""),
            (all, &["integrationErrorMessage"], "", ""),
            (&[Http, Websocket], &["extendedRequestId"], "$context.requestId", ""),
            (&[Rest], &["extendedRequestId"], "$context.requestId", "extendedRequestId"),
            (all, &["integration.latency", "integrationLatency"], "", "integration.latency"),
            // Not asked of a kind of API that never fills it.
            (&[Websocket], &["httpMethod", "responseLatency"], "", ""),
            (&[Rest, Http], &["httpMethod"], "", "httpMethod"),
            (&[Http, Websocket], &["xrayTraceId", "requestOverride.header.x"], "", ""),
            // What no table has, and what an authorizer gives.
            (all, &["brandNew", "authorizer.tenant"], "", "brandNew, authorizer.tenant"),
        ];
        for (protocols, required, more, missing) in table {
            for protocol in *protocols {
                let format = format!("{enough} {more}");
                match (verdict_under(&policy(required), &CHECK, *protocol, Some(&format)).expect("known"), *missing) {
                    (Judgement::Pass, "") => {}
                    (Judgement::Fail(failure), missing) => {
                        assert_eq!(evidence(&failure, "missing"), Some(missing), "{protocol:?} {required:?} {format}");
                        let names = join_names(&missing.split(", ").collect::<Vec<_>>());
                        let message = format!("The access log lacks {names} (required by your configuration)");
                        assert!(failure.message.starts_with(&message), "{}", failure.message);
                    }
                    (other, _) => panic!("{protocol:?} {required:?} {format}: {other:?}"),
                }
            }
        }
        let policy = policy(&["stage", "integration.status"]);
        let Ok(Judgement::Fail(both)) = verdict_under(&policy, &CHECK, Rest, Some("$context.integration.error")) else {
            panic!("no failure")
        };
        assert_eq!(
            both.message,
            "The access log lacks integration.status, and stage (required by your configuration)."
        );
    }

    #[test]
    fn the_trap_is_explained() {
        let failure = failure(&CHECK, Rest, "$context.integrationErrorMessage $context.integrationStatus");
        assert_eq!(
            failure.message,
            "The access log lacks integration.status; integrationStatus does not count: for Lambda proxy integrations \
             it is the status of the Lambda service: 200 even when the function failed."
        );
        assert_eq!(evidence(&failure, "at"), Some("column 34"));
    }

    #[test]
    fn a_note_says_what_stands_in() {
        let format = "$context.integration.error $context.integrationStatus";
        let Ok(Judgement::PassNoted(note)) = verdict(&CHECK, Http, Some(format)) else { panic!("no note") };
        assert!(note.starts_with("integrationStatus is accepted for integration.status"), "{note}");
    }
}
