//! `trace-sampling-off`: the sampling rule that decides for a REST stage records nothing.

use gatelight_model::{
    Gap, Need, Severity, Subject, SubjectKind,
    inventory::{Protocol, SamplingRule, StageOf},
};

use super::sampling::{self, Deciding, Sampled, Target, decide, unknown_account};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signal, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "trace-sampling-off",
    title: "No request of the stage is sampled for tracing",
    severity: Severity::Medium,
    needs: &[Need::Stages, Need::SamplingRules],
    judge: Judge::Stage(judge),
    signals: Signals::Own(&[(Signal::Trace, Loss::Dark)]),
    docs: include_str!("sampling_off.md"),
    scenarios: &[],
};

fn judge(stage: &StageOf<'_>, context: &Context<'_>) -> Verdict {
    if stage.protocol() != Protocol::Rest {
        return Ok(Judgement::NotApplicable("API Gateway cannot trace HTTP and WebSocket APIs"));
    }
    if stage.stage.tracing != Some(true) {
        return Ok(Judgement::NotApplicable("tracing is off"));
    }
    let rules = &context.region().sampling_rules;
    // A rule that was not seen may come before all others, whatever these say: it may record, or record nothing.
    rules.rest.get()?;
    Ok(match decide(&rules.seen, &target(stage, context))? {
        Sampled::Something => Judgement::Pass,
        Sampled::Nothing { rule, or } => failure(rule, &or, context).into(),
    })
}

/// The rule that decides for the requests of a stage that nothing narrower takes first.
///
/// # Errors
/// If it hangs on what is not known.
pub(crate) fn deciding<'a>(stage: &StageOf<'_>, context: &Context<'a>) -> Result<Deciding<'a>, Gap> {
    let rules = &context.region().sampling_rules;
    rules.rest.get()?;
    sampling::deciding(&rules.seen, &target(stage, context))
}

fn target(stage: &StageOf<'_>, context: &Context<'_>) -> Target {
    let (partition, region) = (&context.account().partition, &context.region().name);
    let (account, gap) = match context.account_id() {
        Ok(account) => (account.to_owned(), None),
        Err(gap) => (unknown_account(), Some(gap)),
    };
    let (api, name) = (&stage.api.id, &stage.stage.name);
    Target {
        service_name: format!("{}/{name}", stage.api.name),
        arns: [
            format!("arn:{partition}:execute-api:{region}:{account}:{api}/{name}"),
            context.stage_subject(stage).arn,
        ],
        account: gap,
    }
}

/// `for_paths`: rules that decide in its place if API Gateway does not compare URL paths.
fn failure(rule: &SamplingRule, for_paths: &[&SamplingRule], context: &Context<'_>) -> Failure {
    let name = &rule.name;
    let region = &context.region().name;
    let mut message = format!(
        "X-Ray's sampling rule {name} applies and samples nothing (rate 0, reservoir 0): tracing is on, but only \
         requests already sampled upstream are traced."
    );
    let mut say = format!(
        "Set a rate or a reservoir for sampling rule {name}; the command restores the AWS default, one request a \
         second and 5 % of the rest."
    );
    if name != "Default" {
        say.push_str(" Or delete the rule, so that the next one applies.");
    }
    let mut evidence = vec![
        Evidence::new("sampling rule", name),
        Evidence::new("priority", rule.priority.to_string()),
        Evidence::new("fixed rate", rule.fixed_rate.to_string()),
        Evidence::new("reservoir size", rule.reservoir_size.to_string()),
    ];
    if !for_paths.is_empty() {
        let names: Vec<_> = for_paths.iter().map(|rule| rule.name.as_str()).collect();
        let names = names.join(", ");
        message += &format!(
            " For the paths of {names}, that rule applies, which samples nothing either; AWS's guides contradict each \
             other on whether API Gateway compares paths."
        );
        say += &format!(
            " Leave {names} as it is to keep its paths out of X-Ray. If still no traces arrive, API Gateway does not \
             compare paths, and {names} applies to every request: delete it."
        );
        evidence.extend(for_paths.iter().map(|rule| {
            Evidence::new("earlier rule for a URL path", format!("{}: {}, samples nothing", rule.name, rule.url_path))
        }));
    }
    let update = serde_json::json!({"RuleName": name, "FixedRate": 0.05, "ReservoirSize": 1}).to_string();
    Failure {
        severity: None,
        cause: Some(subject(rule, context)),
        message,
        evidence,
        affects: vec![],
        fix: Fix::text(say).command([
            "aws",
            "xray",
            "update-sampling-rule",
            "--region",
            region,
            "--sampling-rule-update",
            &update,
        ]),
        ..Failure::default()
    }
}

/// The ARN is of the form in
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>.
fn subject(rule: &SamplingRule, context: &Context<'_>) -> Subject {
    let (partition, region) = (&context.account().partition, &context.region().name);
    let account = context.account_id().unwrap_or_default();
    Subject {
        kind: SubjectKind::SamplingRule,
        arn: format!("arn:{partition}:xray:{region}:{account}:sampling-rule/{}", rule.name),
        name: rule.name.clone(),
    }
}

#[cfg(test)]
mod tests;
