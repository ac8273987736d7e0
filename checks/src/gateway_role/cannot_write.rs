//! The role's policies do not let it write to the log groups of its stages.

use std::collections::BTreeSet;

use gatelight_model::{Need, Severity};

use super::{
    Asked, SetRole, count, existing_role,
    log_access::{self as writing, DeniedGroup, Groups, LogAccess, NO_GROUP, Silenced},
    silenced,
};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    role::{self, Powers, few},
    verdict::{Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-cannot-write",
    title: "CloudWatch role lacks permission to write logs",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::GatewaySettings,
        Need::GatewayRole,
        Need::GatewayRolePolicies,
        Need::ExecutionLogGroups,
    ],
    judge: Judge::Account(judge),
    signals: Signals::OfRole(Loss::Dark),
    docs: include_str!("cannot_write.md"),
    scenarios: &[],
};

fn judge(context: &Context<'_>) -> Verdict {
    let (set, role) = match existing_role(context)? {
        Asked::No(why) => return Ok(Judgement::NotApplicable(why)),
        Asked::Yes(found) => found,
    };
    let account = context.account_id()?;
    let groups = writing::groups(context, &set.stages.seen);
    let powers = Powers::of(context, account, role);
    let LogAccess { refused, gap, undecided } =
        writing::refused(&groups, |group, creates| powers.refusals_of_writing(group, creates));
    if !refused.is_empty() {
        let more = gap.is_some() || set.stages.unseen.is_some();
        let failure = failure(context, account, &set, &groups, &refused, more);
        return Ok(Failure { groups: Some(writing::decided(&refused, undecided)), ..failure }.into());
    }
    match gap.or(set.stages.unseen) {
        Some(gap) => Err(gap),
        None if groups.is_empty() => Ok(Judgement::NotApplicable(NO_GROUP)),
        None => Ok(Judgement::Pass),
    }
}

/// `more`: there may be more refusals, which could not be checked.
fn failure(
    context: &Context<'_>,
    account: &str,
    set: &SetRole<'_>,
    groups: &Groups,
    refused: &[DeniedGroup<'_>],
    more: bool,
) -> Failure {
    let partition = &context.account().partition;
    let region = &context.region().name;
    let Silenced { names, stages, apis } = writing::silenced(context, set, groups, refused);
    let actions: BTreeSet<&str> = refused.iter().map(|refusal| refusal.refusal.action).collect();
    let actions: Vec<&str> = actions.into_iter().collect();
    Failure {
        severity: None,
        cause: Some(role::subject(set.arn)),
        message: role::with_near_misses(
            format!(
                "{}, the CloudWatch role of API Gateway in {region}, is not allowed to call {} on {} of {} that its \
                 stages write to: {}. {}",
                set.arn,
                few(&actions),
                names.len(),
                count(groups.len(), "log group", "log groups"),
                few(&names),
                silenced(&stages, apis, more),
            ),
            refused.iter().map(|refused| &refused.refusal),
        ),
        evidence: writing::evidence(refused),
        affects: stages,
        fix: fix(role::name(set.arn), partition, region, account, refused),
        ..Failure::default()
    }
}

/// A policy that allows it mends what no policy allows; what a statement denies must be changed by hand.
fn fix(role: &str, partition: &str, region: &str, account: &str, refused: &[DeniedGroup<'_>]) -> Fix {
    let wanted = "logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents on every log group of its stages";
    let denials = refused.iter().map(|refused| &refused.refusal.denial);
    if let Some(fix) = role::clear_the_way(denials, &format!("role {role} may do {wanted}")) {
        return fix;
    }
    let resource = format!("arn:{partition}:logs:{region}:{account}:log-group:*");
    let actions = r#"["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"]"#;
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{actions},"Resource":"{resource}"}}]}}"#
    );
    let name = format!("gatelight-api-gateway-logs-{region}");
    Fix::text(format!("Allow role {role} {wanted}.")).command([
        "aws",
        "iam",
        "put-role-policy",
        "--role-name",
        role,
        "--policy-name",
        &name,
        "--policy-document",
        &document,
    ])
}

#[cfg(test)]
mod tests;
