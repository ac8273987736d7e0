//! No resource policy lets the service that delivers the access logs of HTTP APIs, and the execution logs of REST APIs
//! that a delivery source sends on, write to a log group.

use gatelight_model::{
    Need, Severity, Subject,
    inventory::{Protocol, StageOf},
};

use super::{
    policy_room::{Grant, PolicyRoom},
    resource_policy::{LogWriter, Refused},
};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge, Scenario},
    context::LogGroupUse,
    role::{self, DeniedAction, few},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-delivery-denied",
    title: "Log delivery to a log group is not allowed",
    severity: Severity::High,
    needs: &[Need::Stages, Need::LogDeliveries, Need::LogPolicies],
    judge: Judge::LogGroup(|group| http_stages(group).next().is_some() || !group.delivered.is_empty(), judge),
    signals: Signals::OfDelivery(Loss::Dark),
    docs: include_str!("delivery_denied.md"),
    scenarios: &[Scenario {
        name: "no resource policy of CloudWatch Logs",
        change: |_, region| region.log_policies.seen.clear(),
        in_demo: false,
    }],
};

const SERVICE: &str = "delivery.logs.amazonaws.com";

fn http_stages<'g, 'a>(group: &'g LogGroupUse<'a>) -> impl Iterator<Item = &'g StageOf<'a>> {
    group.access.iter().filter(|stage| stage.protocol() == Protocol::Http)
}

fn judge(group: &LogGroupUse<'_>, context: &Context<'_>) -> Verdict {
    // On behalf of a delivery source in the account.
    let writer = LogWriter::new(context, SERVICE, "logs")?;
    let Refused { denied, gap } = writer.refused(&["logs:CreateLogStream", "logs:PutLogEvents"], &group.name);
    match gap {
        _ if !denied.is_empty() => {
            Ok(failure(group, context, &writer, &denied).into())
        }
        Some(gap) => Err(gap),
        None => Ok(PolicyRoom::of(context).nearly_full().next().map_or(Judgement::Pass, |evidence| {
            Judgement::PassNoted(format!(
                "The resource policy {} has {}. When it is full, AWS puts /aws/vendedlogs/* in the place of its list, and \
                 groups of other names are left out.",
                evidence.name, evidence.value
            ))
        })),
    }
}

fn failure(
    group: &LogGroupUse<'_>,
    context: &Context<'_>,
    writer: &LogWriter<'_, '_>,
    refused: &[DeniedAction],
) -> Failure {
    let subjects = |stages: &mut dyn Iterator<Item = &StageOf<'_>>| -> Vec<_> {
        stages.map(|stage| context.stage_subject(stage)).collect()
    };
    let (access, execution) = (subjects(&mut http_stages(group)), subjects(&mut group.delivered.iter()));
    let of = |what: &str, stages: &[Subject]| {
        let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("the {what} logs of {}", few(&names)))
    };
    let logs: Vec<_> = of("access", &access).into_iter().chain(of("execution", &execution)).collect();
    let whose = if access.is_empty() { "Delivery sources" } else { "HTTP APIs" };
    let actions: Vec<&str> = refused.iter().map(|refused| refused.action).collect();
    let denials = refused.iter().map(|refused| Evidence::new(refused.action, refused.denial.to_string()));
    let evidence = denials.chain(role::near_miss_evidence(refused)).chain(PolicyRoom::of(context).evidence());
    Failure {
        severity: None,
        cause: None,
        message: role::with_near_misses(
            format!(
                "The resource policies of CloudWatch Logs in {} do not let {SERVICE} do {} on log group {}, so {} do not \
                 arrive there. {whose} do not use the CloudWatch role of API Gateway.",
                context.region().name,
                actions.join(" and "),
                group.name,
                logs.join(" and ")
            ),
            refused,
        ),
        evidence: evidence.collect(),
        affects: access.into_iter().chain(execution).collect(),
        fix: fix(group, context, writer, refused),
        ..Failure::default()
    }
}

/// One statement for all groups of the region: an account may have ten policies.
fn fix(group: &LogGroupUse<'_>, context: &Context<'_>, writer: &LogWriter<'_, '_>, refused: &[DeniedAction]) -> Fix {
    const ACTIONS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
    let wanted = format!("{SERVICE} is allowed to call {}", ACTIONS.join(" and "));
    role::clear_the_way(refused.iter().map(|refused| &refused.denial), &wanted).unwrap_or_else(|| {
        let statement = |resource| writer.statement("GatelightLogDelivery", &ACTIONS, &[resource]);
        let own = context.log_group_subject(&group.name).arn;
        PolicyRoom::of(context).fix(&Grant {
            name: "gatelight-log-delivery",
            statement: statement(format!("{}:log-group:*:log-stream:*", writer.here("logs"))),
            own: Some((own.clone(), statement(format!("{own}:*")))),
            wanted: &format!("{wanted} on every log group of this region"),
        })
    })
}

#[cfg(test)]
mod tests;
