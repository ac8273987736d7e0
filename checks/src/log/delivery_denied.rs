//! No resource policy lets the service that delivers the access logs of HTTP APIs, and the execution logs of REST APIs
//! that a delivery source sends on, write to a log group.

use gatelight_iam::Denial;
use gatelight_model::{
    Need, Severity, Subject,
    inventory::{Protocol, StageOf},
};

use super::resource_policy::{LogWriter, Refused, nearly_full};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge, Scenario},
    context::LogGroupUse,
    role::{self, few},
    verdict::{Evidence, Failure, Fix},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "log-delivery-denied",
    title: "Logs may not be delivered to a log group",
    severity: Severity::High,
    needs: &[Need::Stages, Need::LogDeliveries, Need::LogPolicies],
    judge: Judge::LogGroup(|group| http_stages(group).next().is_some() || !group.delivered.is_empty(), judge),
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
            let failure = failure(group, context, &writer, &denied);
            Ok(Failure { evidence: failure.evidence.into_iter().chain(nearly_full(context)).collect(), ..failure }.into())
        }
        Some(gap) => Err(gap),
        None => Ok(nearly_full(context).next().map_or(Judgement::Pass, |evidence| {
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
    refused: &[(&str, Denial)],
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
    let actions: Vec<&str> = refused.iter().map(|(action, _)| *action).collect();
    Failure {
        severity: None,
        cause: None,
        message: format!(
            "The resource policies of CloudWatch Logs in {} do not let {SERVICE} do {} on log group {}, so {} do not \
             arrive there. {whose} do not use the CloudWatch role of API Gateway.",
            context.region().name,
            actions.join(" and "),
            group.name,
            logs.join(" and ")
        ),
        evidence: refused.iter().map(|(action, denial)| Evidence::new(*action, denial.to_string())).collect(),
        affects: access.into_iter().chain(execution).collect(),
        fix: fix(context, writer, refused),
        ..Failure::default()
    }
}

/// One policy for all groups of the region: an account may have ten.
fn fix(context: &Context<'_>, writer: &LogWriter<'_, '_>, refused: &[(&str, Denial)]) -> Fix {
    let wanted = format!("{SERVICE} may do logs:CreateLogStream and logs:PutLogEvents");
    role::clear_the_way(refused.iter().map(|(_, denial)| denial), &wanted).unwrap_or_else(|| {
        let streams = format!(r#""{}:log-group:*:log-stream:*""#, writer.here("logs"));
        let actions = r#""logs:CreateLogStream","logs:PutLogEvents""#;
        Fix::text(format!(
            "Add a resource policy by which {wanted}; the one of the command does so on every log group of this region."
        ))
        .command([
            "aws",
            "logs",
            "put-resource-policy",
            "--region",
            &context.region().name,
            "--policy-name",
            "gatelight-log-delivery",
            "--policy-document",
            &writer.grant("GatelightLogDelivery", actions, &streams),
        ])
    })
}

#[cfg(test)]
mod tests;
