//! `execution-log-off`: a stage, or some of its methods or routes, write nothing about how requests are processed.

use gatelight_model::{
    Gap, Need, Severity,
    inventory::{MethodLogging, Protocol, StageOf},
};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    gateway_role::setup::role_first,
    patch,
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "execution-log-off",
    title: "Execution log is off",
    severity: Severity::Medium,
    // The fix begins with the CloudWatch role where there is none.
    needs: &[Need::Stages, Need::GatewaySettings],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::ExecutionLog, Loss::Dark)]),
    docs: include_str!("off.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.protocol() == Protocol::Http {
        return Ok(Judgement::NotApplicable("HTTP APIs have no execution log"));
    }
    let settings = &stage.stage.method_logging;
    let stage_wide = settings.iter().filter(|setting| setting.method.is_none());
    let overrides = || settings.iter().filter(|setting| setting.method.is_some());
    let stage_wide_logs = stage_wide.clone().any(MethodLogging::logs);
    let off: Vec<_> = overrides().filter(|setting| setting.level.as_deref() == Some("OFF")).collect();

    let what = if stage.protocol() == Protocol::Rest { "method" } else { "route" };
    let message = if !stage_wide_logs {
        match overrides().filter(|setting| setting.logs()).count() {
            0 => "The execution log is off.".to_owned(),
            1 => format!("The execution log is off stage-wide; only 1 {what} setting overrides that and logs."),
            n => format!("The execution log is off stage-wide; only {n} {what} settings override that and log."),
        }
    } else if let [one] = off[..] {
        let name = one.method.as_deref().unwrap_or_default();
        format!("The execution log is on stage-wide, but off for {what} {name}.")
    } else if !off.is_empty() {
        format!("The execution log is on stage-wide, but {} {what} settings turn it off.", off.len())
    } else if let Some(unstated) = overrides().find(|setting| setting.level.is_none()) {
        // AWS does not document whether such an override falls back to the stage's level. Its own example of
        // `update-stage` shows one with every other setting filled in by default and no level, next to no stage-wide
        // setting (aws-cli, examples/apigateway/update-stage.rst), which proves neither.
        let name = unstated.method.as_deref().unwrap_or_default();
        let about = context.stage_subject(stage).name;
        let message = format!(
            "{what} {name} overrides the stage's settings without a log level, and AWS does not document which level \
             then applies"
        );
        return Err(Gap::unprovable(about, message));
    } else {
        return Ok(Judgement::Pass);
    };

    let level = |setting: &MethodLogging| setting.level.clone().unwrap_or_else(|| "none".to_owned());
    let mut evidence: Vec<_> = stage_wide.map(|setting| Evidence::new("stage-wide level", level(setting))).collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("stage-wide level", "none"));
    }
    evidence.extend(overrides().map(|setting| {
        Evidence::new(format!("level of {}", setting.method.as_deref().unwrap_or_default()), level(setting))
    }));
    let stage_wide = (!stage_wide_logs).then_some(None);
    let targets: Vec<_> = stage_wide.into_iter().chain(off.iter().map(|setting| setting.method.as_deref())).collect();
    let fix = Fix::text("Set the log level to ERROR or INFO.").commands([command(stage, context, &targets, &LEVEL)]);
    let fix = role_first(context, fix);
    Ok(Failure { severity: None, cause: None, message, evidence, affects: vec![], fix, ..Failure::default() }.into())
}

/// A setting of a stage or of one of its methods or routes, in the words of both APIs.
pub(super) struct Setting {
    /// The end of a REST patch path, and the value.
    pub rest: (&'static str, &'static str),
    /// The key in WebSocket route settings, and the value.
    pub websocket: (&'static str, &'static str),
}

/// What must be known about the command for a WebSocket stage.
pub(super) const REPEAT: &str = " If it has throttling limits, repeat them in the same call: AWS does not document \
    whether omitted settings are kept.";

const LEVEL: Setting = Setting { rest: ("logging/loglevel", "ERROR"), websocket: ("LoggingLevel", "ERROR") };

/// The command that changes `setting` for `targets`: methods or routes as AWS spells them, `None` for the stage.
pub(super) fn command(
    stage: &StageOf<'_>,
    context: &Context<'_>,
    targets: &[Option<&str>],
    setting: &Setting,
) -> Vec<String> {
    let (api, id_flag) = match stage.protocol() {
        Protocol::Rest => ("apigateway", "--rest-api-id"),
        Protocol::Http | Protocol::Websocket => ("apigatewayv2", "--api-id"),
    };
    let (region, id, name) = (context.region().name.as_str(), stage.api.id.as_str(), stage.stage.name.as_str());
    let mut argv: Vec<String> =
        ["aws", api, "update-stage", "--region", region, id_flag, id, "--stage-name", name].map(str::to_owned).into();
    if stage.protocol() == Protocol::Rest {
        let (path, value) = setting.rest;
        argv.push("--patch-operations".to_owned());
        let paths = targets.iter().map(|target| {
            let method = target.map_or_else(|| "*/*".to_owned(), patch_path);
            format!("/{method}/{path}")
        });
        let paths: Vec<_> = paths.collect();
        argv.extend(patch::replace(paths.iter().map(|path| (path.as_str(), value))));
        return argv;
    }
    let (key, value) = setting.websocket;
    // What is known of the other settings is sent along, so that the call cannot undo it.
    let settings = |target: Option<&str>| {
        let now = stage.stage.method_logging.iter().find(|logging| logging.method.as_deref() == target);
        let level = now.and_then(|logging| logging.level.as_deref()).unwrap_or("OFF");
        let data_trace = if now.is_some_and(|logging| logging.data_trace) { "true" } else { "false" };
        [("LoggingLevel", level), ("DataTraceEnabled", data_trace)]
            .map(|(name, now)| (name, if name == key { value } else { now }))
    };
    if targets.contains(&None) {
        let shorthand = settings(None).map(|(name, value)| format!("{name}={value}")).join(",");
        argv.extend(["--default-route-settings".to_owned(), shorthand]);
    }
    let routes: serde_json::Map<_, _> = targets
        .iter()
        .flatten()
        .map(|route| {
            let [(level, is), (trace, on)] = settings(Some(route));
            ((*route).to_owned(), serde_json::json!({ level: is, trace: on == "true" }))
        })
        .collect();
    if !routes.is_empty() {
        argv.extend(["--route-settings".to_owned(), serde_json::Value::Object(routes).to_string()]);
    }
    argv
}

/// A key of `methodSettings` as a patch path names it: the resource path as one JSON-pointer segment, then the method.
/// AWS gives `~1pets/GET`; `pets/GET` and `/pets/GET` are what other tools have been seen to store.
fn patch_path(key: &str) -> String {
    let (resource, method) = key.rsplit_once('/').unwrap_or((key, "*"));
    if resource == "*" || resource.starts_with("~1") {
        return format!("{}/{method}", resource.replace('/', "~1"));
    }
    format!("~1{}/{method}", resource.trim_start_matches('/').replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Inventory, denied, healthy, logging};

    fn with(stage: &str, settings: &[(Option<&str>, Option<&str>)]) -> Inventory {
        let mut inventory = healthy();
        let settings = settings.iter().map(|(method, level)| logging(*method, *level));
        inventory.stage_mut(stage).method_logging = settings.collect();
        inventory
    }

    #[test]
    fn a_level_other_than_off_passes_for_both_kinds_of_api() {
        for stage in ["orders/prod", "chat/prod"] {
            for level in ["ERROR", "INFO"] {
                let inventory = with(stage, &[(None, Some(level)), (Some("pets/GET"), Some(level))]);
                assert_eq!(inventory.verdict(&CHECK, stage), Ok(Judgement::Pass));
            }
        }
    }

    #[test]
    fn http_apis_have_none_whatever_is_stated() {
        let inventory = with("shop/$default", &[(None, Some("OFF"))]);
        let reason = "HTTP APIs have no execution log";
        assert_eq!(inventory.verdict(&CHECK, "shop/$default"), Ok(Judgement::NotApplicable(reason)));
    }

    #[test]
    fn no_setting_no_level_and_off_are_all_off() {
        for settings in [&[][..], &[(None, None)], &[(None, Some("OFF"))], &[(Some("a/GET"), Some("OFF"))]] {
            for stage in ["orders/prod", "chat/prod"] {
                assert_eq!(with(stage, settings).failure(&CHECK, stage).message, "The execution log is off.");
            }
        }
    }

    #[test]
    fn overrides_that_log_are_counted_and_do_not_save_the_stage() {
        let mut settings = vec![(Some("a/GET"), Some("INFO")), (Some("b/GET"), Some("OFF")), (Some("c/GET"), None)];
        let failure = with("orders/prod", &settings).failure(&CHECK, "orders/prod");
        assert!(failure.message.ends_with("only 1 method setting overrides that and logs."), "{}", failure.message);
        assert_eq!(
            failure.fix.only_command()[9..],
            [
                "--patch-operations",
                "op=replace,path=/*/*/logging/loglevel,value=ERROR",
                "op=replace,path=/~1b/GET/logging/loglevel,value=ERROR"
            ]
        );
        settings.push((Some("d/GET"), Some("ERROR")));
        let failure = with("chat/prod", &settings).failure(&CHECK, "chat/prod");
        assert!(failure.message.ends_with("only 2 route settings override that and log."), "{}", failure.message);
    }

    #[test]
    fn an_override_that_turns_it_off_fails_even_beside_one_that_cannot_be_judged() {
        let settings = [(None, Some("INFO")), (Some("~1pets/GET"), Some("OFF")), (Some("b/GET"), None)];
        let failure = with("orders/prod", &settings).failure(&CHECK, "orders/prod");
        assert!(failure.message.ends_with("but off for method ~1pets/GET."), "{}", failure.message);
        assert_eq!(
            failure.evidence,
            [
                Evidence::new("stage-wide level", "INFO"),
                Evidence::new("level of ~1pets/GET", "OFF"),
                Evidence::new("level of b/GET", "none")
            ]
        );
        let command = failure.fix.only_command();
        assert_eq!(command[10..], ["op=replace,path=/~1pets/GET/logging/loglevel,value=ERROR"]);
    }

    #[test]
    fn the_fix_begins_with_the_role_where_there_is_none() {
        for stage in ["orders/prod", "chat/prod"] {
            let mut inventory = with(stage, &[]);
            assert_eq!(inventory.failure(&CHECK, stage).fix.commands.len(), 1);
            inventory.set_gateway_role(None);
            let fix = inventory.failure(&CHECK, stage).fix;
            let commands: Vec<_> = fix.commands.iter().map(|command| command[2].as_str()).collect();
            assert_eq!(commands, ["create-role", "attach-role-policy", "update-account", "update-stage"]);
            inventory.region.gateway_settings = Err(denied("apigateway:GetAccount")).into();
            let fix = inventory.failure(&CHECK, stage).fix;
            assert!(fix.commands.len() == 1 && fix.text.contains("could not be checked"), "{}", fix.text);
        }
    }

    #[test]
    fn an_override_without_a_level_against_a_stage_that_logs_cannot_be_judged() {
        let settings = [(Some("pets/GET"), None), (None, Some("INFO"))];
        let gap = with("orders/prod", &settings).verdict(&CHECK, "orders/prod").expect_err("a gap");
        assert!(gap.to_string().contains("method pets/GET overrides"), "{gap}");
    }

    #[test]
    fn the_fix_of_a_websocket_stage_uses_route_settings() {
        let settings = [(None, Some("OFF")), (Some("send \"it\""), Some("OFF"))];
        let command = with("chat/prod", &settings).failure(&CHECK, "chat/prod").fix.only_command();
        assert_eq!(
            command[5..],
            [
                "--api-id",
                "p6q7r8s9t0",
                "--stage-name",
                "prod",
                "--default-route-settings",
                "LoggingLevel=ERROR,DataTraceEnabled=false",
                "--route-settings",
                r#"{"send \"it\"":{"DataTraceEnabled":false,"LoggingLevel":"ERROR"}}"#
            ]
        );
    }

    #[test]
    fn a_name_that_shorthand_would_cut_is_sent_as_json() {
        let settings = [(None, Some("INFO")), (Some("~1a,b/GET"), Some("OFF"))];
        let command = with("orders/prod", &settings).failure(&CHECK, "orders/prod").fix.only_command();
        assert_eq!(command[10..], [r#"[{"op":"replace","path":"/~1a,b/GET/logging/loglevel","value":"ERROR"}]"#]);
    }

    #[test]
    fn a_patch_path_is_the_same_however_the_method_is_spelled() {
        for (spellings, path) in [
            (&["pets/GET", "/pets/GET", "~1pets/GET"][..], "~1pets/GET"),
            (&["pets/{id}/GET", "/pets/{id}/GET", "~1pets~1{id}/GET"], "~1pets~1{id}/GET"),
            (&["//GET", "/GET", "~1/GET"], "~1/GET"),
            (&["*/GET"], "*/GET"),
            (&["~1pets/*", "pets/*"], "~1pets/*"),
        ] {
            for spelling in spellings {
                assert_eq!(patch_path(spelling), path, "{spelling}");
            }
        }
    }
}
