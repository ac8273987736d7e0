//! `access-log-off`: a stage writes no access log.

use gatelight_model::{
    Need, Severity,
    inventory::{AccessLogSetting, Protocol, StageOf},
};

use crate::{
    check::{Check, Judge},
    context::Context,
    verdict::{Evidence, Failure, Fix, Judgement, Verdict},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "access-log-off",
    title: "Access log is off",
    severity: Severity::High,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    docs: include_str!("off.md"),
    scenarios: &[],
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every judgement")]
fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.access_log().is_some() {
        return Ok(Judgement::Pass);
    }
    // AWS treats empty as not set, and so does `StageOf::access_log`.
    let half = |get: fn(&AccessLogSetting) -> &Option<String>| {
        stage.stage.access_log.as_ref().and_then(|setting| get(setting).as_deref()).filter(|text| !text.is_empty())
    };
    let (destination, format) = (half(|setting| &setting.destination), half(|setting| &setting.format));
    let message = match (destination, format) {
        (None, None) => "The access log is off: it has neither a destination nor a format.",
        (None, _) => "The access log is off: it has a format but no destination.",
        (_, None) => "The access log is off: it has a destination but no format.",
        // Unreachable: a log that is on has passed above.
        (Some(_), Some(_)) => "The access log is off.",
    };
    let shown = |half: Option<&str>| half.unwrap_or("none").to_owned();
    Ok(Failure {
        severity: None,
        cause: None,
        message: message.to_owned(),
        evidence: vec![Evidence::new("destination", shown(destination)), Evidence::new("format", shown(format))],
        affects: vec![],
        fix: fix(stage, context, destination.is_some(), format.is_some()),
        ..Failure::default()
    }
    .into())
}

/// The fix has a command only where nothing but the ARN of a log group is missing: a doubly quoted format is unreadable.
fn fix(stage: &StageOf<'_>, context: &Context<'_>, has_destination: bool, has_format: bool) -> Fix {
    let protocol = match stage.protocol() {
        Protocol::Rest => "rest",
        Protocol::Http => "http",
        Protocol::Websocket => "websocket",
    };
    let print = format!("`gatelight format print --protocol {protocol}` prints one that passes every check");
    if !has_format {
        let also = if has_destination { "" } else { "the ARN of a log group as destination and " };
        return Fix::text(format!("Give the stage {also}a format: {print}."));
    }
    let (region, id, name) = (&context.region().name, &stage.api.id, &stage.stage.name);
    let fix = Fix::text("Give the stage the ARN of a log group as destination.");
    match stage.protocol() {
        Protocol::Rest => fix.command([
            "aws",
            "apigateway",
            "update-stage",
            "--region",
            region,
            "--rest-api-id",
            id,
            "--stage-name",
            name,
            "--patch-operations",
            "op=replace,path=/accessLogSettings/destinationArn,value=<log group ARN>",
        ]),
        // Send the format too: AWS does not document that it keeps what the call leaves out.
        Protocol::Http | Protocol::Websocket => Fix::text(format!(
            "Give the stage the ARN of a log group as destination, and send its format in the same call ({print})."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::healthy;

    const STAGES: [&str; 3] = ["orders/prod", "shop/$default", "chat/prod"];

    #[test]
    fn passes_where_both_halves_are_set() {
        for stage in STAGES {
            assert_eq!(healthy().verdict(&CHECK, stage), Ok(Judgement::Pass));
        }
    }

    #[test]
    fn fails_without_a_setting() {
        for stage in STAGES {
            let mut inventory = healthy();
            inventory.stage_mut(stage).access_log = None;
            assert!(inventory.failure(&CHECK, stage).message.contains("neither a destination nor a format"));
        }
    }

    #[test]
    fn names_the_half_that_is_missing_and_empty_is_missing() {
        for none in [None, Some(String::new())] {
            for stage in STAGES {
                let mut inventory = healthy();
                inventory.access_log_mut(stage).destination.clone_from(&none);
                let failure = inventory.failure(&CHECK, stage);
                assert!(failure.message.ends_with("has a format but no destination."), "{}", failure.message);
                assert_eq!(failure.evidence[0], Evidence::new("destination", "none"));

                let mut inventory = healthy();
                inventory.access_log_mut(stage).format.clone_from(&none);
                let failure = inventory.failure(&CHECK, stage);
                assert!(failure.message.ends_with("has a destination but no format."), "{}", failure.message);
                assert_eq!(failure.evidence[1], Evidence::new("format", "none"));
                assert!(failure.fix.commands.is_empty());
            }
        }
    }

    #[test]
    fn the_fix_names_the_stage() {
        let mut inventory = healthy();
        inventory.access_log_mut("orders/prod").destination = None;
        let command = inventory.failure(&CHECK, "orders/prod").fix.only_command().join(" ");
        assert!(command.starts_with("aws apigateway update-stage --region us-east-1 --rest-api-id a1b2c3d4e5"));
    }
}
