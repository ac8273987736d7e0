//! The role's policies do not let it write to the log groups of its stages.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, SetRole, count, existing_role, silenced};
use crate::{
    Context, Judgement, Verdict,
    arn::Destination,
    check::{Check, Evidence, Failure, Fix, Judge, Need, Severity},
    inventory::StageOf,
    role::{self, Powers, few},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-cannot-write",
    title: "The role that writes API Gateway's logs may not write them",
    severity: Severity::High,
    needs: &[
        Need::Stages,
        Need::GatewaySettings,
        Need::GatewayRole,
        Need::GatewayRolePolicies,
        Need::ExecutionLogGroups,
    ],
    judge: Judge::Account(judge),
    docs: include_str!("cannot_write.md"),
};

/// How many refusals are given as evidence.
const EVIDENCE: usize = 20;

/// What is written to a log group, and by which stages: their places among those that were seen.
#[derive(Default)]
struct Written {
    stages: BTreeSet<usize>,
    /// API Gateway makes execution-log groups itself.
    execution: bool,
}

fn judge(context: &Context<'_>) -> Verdict {
    let (set, role) = match existing_role(context)? {
        Asked::No(why) => return Ok(Judgement::NotApplicable(why)),
        Asked::Yes(found) => found,
    };
    let account = context.account_id()?;
    let groups = groups(context, &set.stages.seen);
    let powers = Powers::of(context, account, role);
    let mut refused = Vec::new();
    let mut gap = None;
    for (name, written) in &groups {
        for refusal in powers.refusals_of_writing(name, written.execution) {
            match refusal {
                Ok(refusal) => refused.push(Refusal { group: name, refusal }),
                Err(why) => gap = gap.or(Some(why)),
            }
        }
    }
    if !refused.is_empty() {
        let more = gap.is_some() || set.stages.unseen.is_some();
        return Ok(failure(context, account, &set, &groups, &refused, more).into());
    }
    match gap.or(set.stages.unseen) {
        Some(gap) => Err(gap),
        None if groups.is_empty() => {
            Ok(Judgement::NotApplicable("no REST or WebSocket stage logs to a log group of this account and region"))
        }
        None => Ok(Judgement::Pass),
    }
}

/// The log groups of this account and region that the role writes to.
fn groups(context: &Context<'_>, stages: &[StageOf<'_>]) -> BTreeMap<String, Written> {
    let mut groups: BTreeMap<String, Written> = BTreeMap::new();
    for (at, stage) in stages.iter().enumerate() {
        if let Some(log) = stage.access_log()
            && let Destination::LogGroup(_, name) = log.destination
            && context.is_here(&log.destination)
        {
            groups.entry(name.to_owned()).or_default().stages.insert(at);
        }
        if stage.logs_execution() {
            for name in stage.execution_log_groups() {
                let written = groups.entry(name).or_default();
                written.stages.insert(at);
                written.execution = true;
            }
        }
    }
    groups
}

/// An action on a log group that is denied.
struct Refusal<'a> {
    group: &'a str,
    refusal: role::Refusal,
}

/// `more`: there may be more refusals, which could not be checked.
fn failure(
    context: &Context<'_>,
    account: &str,
    set: &SetRole<'_>,
    groups: &BTreeMap<String, Written>,
    refused: &[Refusal<'_>],
    more: bool,
) -> Failure {
    let partition = &context.account().partition;
    let region = &context.region().name;
    let names: BTreeSet<&str> = refused.iter().map(|refusal| refusal.group).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let stages: BTreeSet<usize> = names.iter().flat_map(|name| &groups[*name].stages).copied().collect();
    let stages: Vec<&StageOf<'_>> = stages.into_iter().map(|at| &set.stages.seen[at]).collect();
    let affects: Vec<_> = stages.iter().map(|stage| context.stage_subject(stage)).collect();
    let apis = stages.iter().map(|stage| &stage.api.id).collect::<BTreeSet<_>>().len();
    let actions: BTreeSet<&str> = refused.iter().map(|refusal| refusal.refusal.action).collect();
    let actions: Vec<&str> = actions.into_iter().collect();

    let mut evidence: Vec<_> = refused
        .iter()
        .take(EVIDENCE)
        .map(|Refusal { group, refusal }| Evidence::new(*group, format!("{}: {}", refusal.action, refusal.denial)))
        .collect();
    if let more @ 1.. = refused.len().saturating_sub(EVIDENCE) {
        evidence.push(Evidence::new("more", format!("{more} more refusals like these")));
    }
    Failure {
        severity: None,
        cause: Some(role::subject(set.arn)),
        message: format!(
            "{}, the CloudWatch role of API Gateway in {region}, may not do {} on {} of {} that its stages write to: {}. {}",
            set.arn,
            few(&actions),
            names.len(),
            count(groups.len(), "log group", "log groups"),
            few(&names),
            silenced(&affects, apis, more),
        ),
        evidence,
        affects,
        fix: fix(role::name(set.arn), partition, region, account, refused),
    }
}

/// A policy that allows it mends what no policy allows; what a statement denies must be changed by hand.
fn fix(role: &str, partition: &str, region: &str, account: &str, refused: &[Refusal<'_>]) -> Fix {
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
    Fix::say(format!("Allow role {role} {wanted}.")).command([
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
