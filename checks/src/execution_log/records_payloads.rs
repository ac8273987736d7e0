//! `execution-log-records-payloads`: whole requests and responses are written to the execution log.

use gatelight_model::{
    Need, Severity,
    inventory::{MethodLogging, Protocol, StageOf},
};

use super::off::{REPEAT, Setting, command};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    verdict::{Evidence, Failure, Fix},
    visibility::Signals,
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "execution-log-records-payloads",
    title: "Execution log records full requests and responses",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::None,
    docs: include_str!("records_payloads.md"),
    scenarios: &[],
};

const DATA_TRACE: Setting = Setting { rest: ("logging/dataTrace", "false"), websocket: ("DataTraceEnabled", "false") };

#[expect(clippy::unnecessary_wraps, reason = "the signature of every judgement")]
fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.protocol() == Protocol::Http {
        return Ok(Judgement::NotApplicable("HTTP APIs have no execution log"));
    }
    let tracing: Vec<_> = stage.stage.method_logging.iter().filter(|setting| setting.data_trace).collect();
    if tracing.is_empty() {
        return Ok(Judgement::Pass);
    }
    let what = if stage.protocol() == Protocol::Rest { "method" } else { "route" };
    let overrides: Vec<_> = tracing.iter().filter_map(|setting| setting.method.as_deref()).collect();
    let stage_wide = overrides.len() < tracing.len();
    let place = match (stage_wide, &overrides[..]) {
        (true, []) => "for the whole stage".to_owned(),
        (true, [_]) => format!("for the whole stage and by 1 {what} setting"),
        (true, many) => format!("for the whole stage and by {} {what} settings", many.len()),
        (false, [one]) => format!("for {what} {one}"),
        (false, many) => format!("by {} {what} settings", many.len()),
    };
    let silent = if tracing.iter().any(|setting| setting.logs()) {
        ""
    } else {
        " Nothing is written while the log level is OFF."
    };
    let spelled = |setting: &MethodLogging| {
        let level = setting.level.as_deref().unwrap_or("none");
        let name = setting.method.as_deref().map_or_else(|| "stage-wide".to_owned(), str::to_owned);
        Evidence::new(name, format!("data tracing on, level {level}"))
    };
    let targets: Vec<_> = tracing.iter().map(|setting| setting.method.as_deref()).collect();
    let repeat = if stage.protocol() == Protocol::Websocket { REPEAT } else { "" };
    let say = "Turn data tracing off. Existing entries stay in the log until they expire or are deleted.";
    Ok(Failure {
        severity: None,
        cause: None,
        message: format!("Data tracing (full requests and responses) is on {place}.{silent}"),
        evidence: tracing.iter().map(|setting| spelled(setting)).collect(),
        affects: vec![],
        fix: Fix::text(format!("{say}{repeat}")).commands([command(stage, context, &targets, &DATA_TRACE)]),
        ..Failure::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Inventory, healthy, logging};

    fn with(stage: &str, settings: &[(Option<&str>, &str, bool)]) -> Inventory {
        let mut inventory = healthy();
        let setting = |(method, level, data_trace): &(Option<&str>, &str, bool)| MethodLogging {
            data_trace: *data_trace,
            ..logging(*method, Some(level))
        };
        inventory.stage_mut(stage).method_logging = settings.iter().map(setting).collect();
        inventory
    }

    #[test]
    fn passes_where_it_is_off_everywhere_or_nothing_is_set() {
        for stage in ["orders/prod", "chat/prod"] {
            assert_eq!(healthy().verdict(&CHECK, stage), Ok(Judgement::Pass));
            assert_eq!(with(stage, &[]).verdict(&CHECK, stage), Ok(Judgement::Pass));
        }
    }

    #[test]
    fn http_apis_have_none_whatever_is_stated() {
        let inventory = with("shop/$default", &[(None, "INFO", true)]);
        let reason = "HTTP APIs have no execution log";
        assert_eq!(inventory.verdict(&CHECK, "shop/$default"), Ok(Judgement::NotApplicable(reason)));
    }

    #[test]
    fn fails_wherever_it_is_on_and_says_where() {
        for (settings, place) in [
            (&[(None, "INFO", true), (Some("a/GET"), "INFO", false)][..], "on for the whole stage."),
            (&[(None, "INFO", true), (Some("a/GET"), "INFO", true)], "on for the whole stage and by 1 method setting."),
            (&[(None, "INFO", false), (Some("a/GET"), "INFO", true)], "on for method a/GET."),
            (&[(Some("a/GET"), "INFO", true), (Some("b/GET"), "INFO", true)], "on by 2 method settings."),
        ] {
            let failure = with("orders/prod", settings).failure(&CHECK, "orders/prod");
            assert!(failure.message.ends_with(place), "{}", failure.message);
            assert_eq!(failure.evidence.len(), settings.iter().filter(|setting| setting.2).count());
        }
    }

    #[test]
    fn a_level_of_off_fails_too_and_the_message_says_so() {
        let failure = with("chat/prod", &[(None, "OFF", true)]).failure(&CHECK, "chat/prod");
        assert!(failure.message.ends_with("Nothing is written while the log level is OFF."));
        let failure =
            with("chat/prod", &[(None, "OFF", true), (Some("a"), "ERROR", true)]).failure(&CHECK, "chat/prod");
        assert!(!failure.message.contains("Nothing is written"));
    }

    #[test]
    fn the_fix_turns_it_off_where_it_is_on() {
        let settings = [(None, "INFO", true), (Some("pets/GET"), "INFO", true), (Some("b/GET"), "INFO", false)];
        let command = with("orders/prod", &settings).failure(&CHECK, "orders/prod").fix.only_command();
        assert_eq!(
            command[10..],
            [
                "op=replace,path=/*/*/logging/dataTrace,value=false",
                "op=replace,path=/~1pets/GET/logging/dataTrace,value=false"
            ]
        );
        let command = with("chat/prod", &settings).failure(&CHECK, "chat/prod").fix.only_command();
        assert_eq!(
            command[9..],
            [
                "--default-route-settings",
                "LoggingLevel=INFO,DataTraceEnabled=false",
                "--route-settings",
                r#"{"pets/GET":{"DataTraceEnabled":false,"LoggingLevel":"INFO"}}"#
            ]
        );
    }
}
