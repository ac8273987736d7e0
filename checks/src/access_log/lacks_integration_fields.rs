//! Whether an access log tells why an integration failed.

use crate::{
    Context, Verdict,
    access_log::format::{
        Fault, Format, Ruling,
        rule::{self, listed},
        variables::is_near,
    },
    check::{Check, Judge, Need, Severity},
    inventory::{Protocol, StageOf},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-lacks-integration-fields",
    title: "Access log cannot tell why an integration failed",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("lacks_integration_fields.md"),
};

/// The names of the integration's error. AWS lists the second for REST and HTTP APIs, and names it for WebSocket APIs.
const ERRORS: [&str; 2] = ["integration.error", "integrationErrorMessage"];
/// The name of the status that the backend returned.
const STATUS: &str = "integration.status";
/// The names of the status that the Lambda service returned: 200 even when the function failed.
const SERVICE_STATUSES: [&str; 2] = ["integrationStatus", "integration.integrationStatus"];

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    rule::judge(rule, stage, context)
}

/// Fails if a variable for the error or for the backend's status is not there, whatever the syntax around them.
pub(super) fn rule(format: &Format<'_>) -> Ruling {
    let error = ERRORS.iter().find_map(|name| format.find(name));
    let status = format.find(STATUS);
    // On HTTP APIs AWS calls the two equivalent and, on the same page, describes integrationStatus as the status of
    // the Lambda service: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
    let stand_in = format.find(SERVICE_STATUSES[0]).filter(|_| format.protocol == Protocol::Http && status.is_none());
    let mut missing = Vec::new();
    if error.is_none() {
        missing.push(ERRORS[0]);
    }
    if status.or(stand_in).is_none() {
        missing.push(STATUS);
    }
    let mut notes = Vec::new();
    for braced in [error, status.or(stand_in)].into_iter().flatten().filter(|variable| variable.is_braced()) {
        notes.push(format!("`{}` is read as `$context.{}`.", braced.source, braced.name));
    }
    if stand_in.is_some() {
        notes.push(
            "integrationStatus stands in for integration.status: AWS calls them equivalent on HTTP APIs, yet describes \
             integrationStatus as the Lambda service's own status. integration.status leaves no doubt."
                .to_owned(),
        );
    }
    if missing.is_empty() {
        return Ruling::pass(notes);
    }
    let mut message = format!("The access log lacks {}", listed(&missing));
    let mut at = None;
    let trap = SERVICE_STATUSES.iter().find_map(|name| format.find(name));
    if let Some(trap) = trap.filter(|_| missing.contains(&STATUS)) {
        at = Some(trap.at);
        message = format!(
            "{message}; {} does not count: it is the Lambda service's own status, 200 even when the function failed",
            trap.name
        );
    }
    let near = |name| format.template.variables().find(|variable| is_near(variable.name, name));
    if let Some(near) = missing.iter().find_map(|name| near(name)) {
        at = at.or(Some(near.at));
        message = format!("{message}; `{}` is another name, which is never filled", near.source);
    }
    message.push('.');
    let variables: Vec<_> = missing.iter().map(|name| format!("`$context.{name}`")).collect();
    let variables: Vec<_> = variables.iter().map(String::as_str).collect();
    let fix = format!("Add {} to the format.", listed(&variables));
    Ruling { fault: Some(Fault { message, at, missing, fix }), notes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Judgement,
        access_log::format::rule::testing::{evidence, failure, verdict},
        inventory::Protocol::{Http, Rest, Websocket},
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
    fn the_trap_is_explained() {
        let failure = failure(&CHECK, Rest, "$context.integrationErrorMessage $context.integrationStatus");
        assert_eq!(
            failure.message,
            "The access log lacks integration.status; integrationStatus does not count: it is the Lambda service's own \
             status, 200 even when the function failed."
        );
        assert_eq!(evidence(&failure, "at"), Some("column 34"));
    }

    #[test]
    fn a_note_says_what_stands_in() {
        let format = "$context.integration.error $context.integrationStatus";
        let Ok(Judgement::PassNoted(note)) = verdict(&CHECK, Http, Some(format)) else { panic!("no note") };
        assert!(note.starts_with("integrationStatus stands in for integration.status"), "{note}");
    }
}
