//! `stage-tracing-off`: a REST stage starts no traces.

use gatelight_model::{
    Need, Severity,
    inventory::{Protocol, StageOf},
};

use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "stage-tracing-off",
    title: "X-Ray tracing of the stage is off",
    severity: Severity::Medium,
    needs: &[Need::Stages],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::Trace, Loss::Dark)]),
    docs: include_str!("tracing_off.md"),
    scenarios: &[],
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every judgement")]
fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.protocol() != Protocol::Rest {
        return Ok(Judgement::NotApplicable("API Gateway cannot trace HTTP and WebSocket APIs"));
    }
    if stage.stage.tracing == Some(true) {
        return Ok(Judgement::Pass);
    }
    let stated = stage.stage.tracing.map_or("none", |_| "false");
    Ok(Failure {
        severity: None,
        cause: None,
        message: "X-Ray tracing is off: only requests already sampled upstream are traced.".to_owned(),
        evidence: vec![Evidence::new("tracingEnabled", stated)],
        affects: vec![],
        fix: Fix::text("Turn tracing on.").command([
            "aws",
            "apigateway",
            "update-stage",
            "--region",
            &context.region().name,
            "--rest-api-id",
            &stage.api.id,
            "--stage-name",
            &stage.stage.name,
            "--patch-operations",
            "op=replace,path=/tracingEnabled,value=true",
        ]),
        ..Failure::default()
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::healthy;

    #[test]
    fn only_true_is_on() {
        assert_eq!(healthy().verdict(&CHECK, "orders/prod"), Ok(Judgement::Pass));
        for (tracing, stated) in [(Some(false), "false"), (None, "none")] {
            let mut inventory = healthy();
            inventory.rest_stage_mut().tracing = tracing;
            let failure = inventory.failure(&CHECK, "orders/prod");
            assert_eq!(failure.evidence, [Evidence::new("tracingEnabled", stated)]);
            assert_eq!(
                failure.fix.only_command().join(" "),
                "aws apigateway update-stage --region us-east-1 --rest-api-id a1b2c3d4e5 --stage-name prod \
                 --patch-operations op=replace,path=/tracingEnabled,value=true"
            );
        }
    }

    #[test]
    fn http_and_websocket_apis_cannot_be_traced_whatever_is_stated() {
        for stage in ["shop/$default", "chat/prod"] {
            for tracing in [None, Some(false), Some(true)] {
                let mut inventory = healthy();
                inventory.stage_mut(stage).tracing = tracing;
                let reason = "API Gateway cannot trace HTTP and WebSocket APIs";
                assert_eq!(inventory.verdict(&CHECK, stage), Ok(Judgement::NotApplicable(reason)));
            }
        }
    }
}
