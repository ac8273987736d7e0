//! Policies of the organization keep the role from writing to the log groups of its stages, or from being assumed.

use std::collections::BTreeSet;

use gatelight_iam::{Caller, ConditionKeys, Denial, Identity, PossibleValue, Request, Text};
use gatelight_model::{Gap, Need, Severity, inventory::Role};

use super::{
    Asked, SetRole, count, existing_role,
    log_access::{self as writing, DeniedGroup, Groups, LogAccess, NO_GROUP, Silenced},
    silenced,
};
use crate::{
    Context, Judgement, Verdict,
    check::{Check, Judge},
    organization::{Bound, Membership, membership},
    role::{self, DeniedAction, few},
    verdict::{Evidence, Failure, Fix},
    visibility::{Loss, Signals},
};

/// See the documentation beside this file.
pub const CHECK: Check = Check {
    id: "gateway-role-denied-by-organization",
    title: "An organization policy denies writing API Gateway logs",
    severity: Severity::High,
    needs: &[Need::Stages, Need::GatewaySettings, Need::GatewayRole, Need::ExecutionLogGroups, Need::Organization],
    judge: Judge::Account(judge),
    signals: Signals::OfRole(Loss::Dark),
    docs: include_str!("denied_by_organization.md"),
    scenarios: &[],
};

const SERVICE: &str = "apigateway.amazonaws.com";
const NO_ORGANIZATION: &str = "the account belongs to no organization";
const ASSUME: &str = "sts:AssumeRole";

fn judge(context: &Context<'_>) -> Verdict {
    let (set, role) = match existing_role(context)? {
        Asked::No(why) => return Ok(Judgement::NotApplicable(why)),
        Asked::Yes(found) => found,
    };
    let account = context.account_id()?;
    let bound = match membership(context, account)? {
        Membership::None => return Ok(Judgement::NotApplicable(NO_ORGANIZATION)),
        Membership::Free => return Ok(Judgement::Pass),
        Membership::Bound(bound) => bound,
    };
    let groups = writing::groups(context, &set.stages.seen);
    let LogAccess { refused, mut gap, undecided } = refused(context, &bound, account, role, &groups)?;
    let assuming = if groups.is_empty() { Ok(None) } else { assuming(context, &bound, account, role) };
    let assuming = assuming.unwrap_or_else(|why| {
        gap = gap.take().or(Some(why));
        None
    });
    let more = gap.is_some() || set.stages.unseen.is_some();
    if assuming.is_some() || !refused.is_empty() {
        // A role that is not assumed writes nothing at all.
        let decided = assuming.is_none().then(|| writing::decided(&refused, undecided));
        let denied = Denied { assuming, refused };
        return Ok(Failure { groups: decided, ..denied.failure(context, &bound, &set, &groups, more) }.into());
    }
    match gap.or(set.stages.unseen) {
        Some(gap) => Err(gap),
        None if groups.is_empty() => Ok(Judgement::NotApplicable(NO_GROUP)),
        None => Ok(Judgement::Pass),
    }
}

/// What of writing the organization denies, asked as the role's own policies are.
///
/// # Errors
/// If the role's ARN is none that identities have.
fn refused<'g>(
    context: &Context<'_>,
    bound: &Bound<'_>,
    account: &str,
    role: &Role,
    groups: &'g Groups,
) -> Result<LogAccess<'g>, Gap> {
    let Some(identity) = Identity::read(&role.arn) else {
        return Err(Gap::unprovable(&role.arn, format!("{} is not the ARN of a role", role.arn)));
    };
    let keys = bound.of_resource(bound.of_principal(role::session_keys(context, account, role)));
    let decide = |action, resource: Text<'_>| {
        let caller = Some(Caller::Identity(&identity));
        denied(bound, action, &Request { action, resource: Some(resource), caller, keys: &keys })
    };
    Ok(writing::refused(groups, |group, creates| role::refusals_of_writing(context, account, group, creates, &decide)))
}

/// What the organization denies of a request.
///
/// # Errors
/// As [`Guardrails::denial`](gatelight_iam::Guardrails::denial).
fn denied(bound: &Bound<'_>, action: &'static str, request: &Request<'_>) -> Result<Option<DeniedAction>, Gap> {
    let denial = bound.guardrails.denial(request)?;
    Ok(denial.map(|denial| {
        let near_misses = bound.guardrails.near_misses(request, &denial);
        DeniedAction { action, denial, near_misses }
    }))
}

/// Whether API Gateway is denied to assume the role: a role is a resource, and STS is among the services that resource
/// control policies apply to
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>).
///
/// A service sends what it says of its caller together or not at all, so both cases are asked.
fn assuming(context: &Context<'_>, bound: &Bound<'_>, account: &str, role: &Role) -> Result<Option<DeniedAction>, Gap> {
    const WHY: &str = "AWS is not known to send it here";
    let keys = ConditionKeys::default().with("aws:PrincipalIsAWSService", "true").with("aws:ResourceAccount", account);
    let keys = bound.of_resource(keys);
    let silent = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"]
        .into_iter()
        .fold(keys.clone(), |keys, key| keys.with_possible(key, vec![PossibleValue::Absent], WHY));
    let arn = |account: &str| PossibleValue::Arn {
        partition: context.account().partition.clone(),
        region: context.region().name.clone(),
        account: account.to_owned(),
    };
    let telling = bound.of_source(keys.with("aws:SourceAccount", account)).with_possible(
        "aws:SourceArn",
        vec![PossibleValue::Absent, arn(account), arn("")],
        WHY,
    );
    let ask = |keys: &ConditionKeys| {
        let caller = Some(Caller::Service(SERVICE));
        denied(bound, ASSUME, &Request { action: ASSUME, resource: Some(Text::whole(&role.arn)), caller, keys })
    };
    match (ask(&silent)?, ask(&telling)?) {
        (None, None) => Ok(None),
        (Some(denied), Some(_)) => Ok(Some(denied)),
        (Some(DeniedAction { denial, .. }), None) | (None, Some(DeniedAction { denial, .. })) => Err(Gap::unprovable(
            &role.arn,
            format!(
                "cannot tell whether {SERVICE} is allowed to call {ASSUME} on {}: that it is {denial} depends on aws:SourceAccount and \
                 its like, which AWS is not known to send here",
                role.arn
            ),
        )),
    }
}

/// What the organization denies.
struct Denied<'g> {
    /// That API Gateway assumes the role.
    assuming: Option<DeniedAction>,
    /// What the role does.
    refused: Vec<DeniedGroup<'g>>,
}

impl Denied<'_> {
    fn actions(&self) -> impl Iterator<Item = &DeniedAction> {
        self.assuming.iter().chain(self.refused.iter().map(|refused| &refused.refusal))
    }

    fn denials(&self) -> impl Iterator<Item = &Denial> {
        self.actions().map(|denied| &denied.denial)
    }

    /// `more`: there may be more that is denied.
    fn failure(
        &self,
        context: &Context<'_>,
        bound: &Bound<'_>,
        set: &SetRole<'_>,
        groups: &Groups,
        more: bool,
    ) -> Failure {
        let region = &context.region().name;
        let organization = &bound.organization.id;
        let Silenced { names, stages, apis } = writing::silenced(context, set, groups, &self.refused);
        let actions: BTreeSet<&str> = self.refused.iter().map(|refusal| refusal.refusal.action).collect();
        let actions: Vec<&str> = actions.into_iter().collect();
        let mut what = Vec::new();
        if self.assuming.is_some() {
            what.push(format!("that {SERVICE} assumes it"));
        }
        if !names.is_empty() {
            let all = count(groups.len(), "log group", "log groups");
            let (actions, named) = (few(&actions), few(&names));
            what.push(format!("{actions} on {} of {all} that its stages write to: {named}", names.len()));
        }
        // A role that is not assumed writes nothing at all.
        let (silence, affects) = match &self.assuming {
            Some(_) => (set.stages.silenced(context), set.stages.subjects(context)),
            None => (silenced(&stages, apis, more), stages),
        };
        let ways: BTreeSet<String> = self.denials().map(ToString::to_string).collect();
        let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
        let assumed = self.assuming.iter();
        let assumed = assumed.map(|denied| Evidence::new(set.arn, format!("{ASSUME}: {}", denied.denial)));
        let near = role::near_miss_evidence(&self.assuming);
        Failure {
            severity: None,
            cause: self.denials().find_map(|denial| bound.cause(denial)),
            message: role::with_near_misses(
                format!(
                    "Policies of organization {organization} deny {}, the CloudWatch role of API Gateway in {region}, {} \
                     ({}). {silence}",
                    set.arn,
                    what.join("; and "),
                    few(&ways),
                ),
                self.actions(),
            ),
            evidence: assumed.chain(near).chain(writing::evidence(&self.refused)).collect(),
            affects,
            fix: fix(set.arn, bound, &ways),
            ..Failure::default()
        }
    }
}

/// No command of this account mends it.
fn fix(role: &str, bound: &Bound<'_>, ways: &[&str]) -> Fix {
    let organization = bound.organization;
    Fix::text(format!(
        "In organization {} (its management account is {}), change what stands in the way ({}), so that {SERVICE} may \
         assume {role}, and {role} may do logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents on every log \
         group of its stages. A statement that denies can except the role by ArnNotLike on aws:PrincipalArn; a level that \
         does not allow it needs a policy that does.",
        organization.id,
        organization.management_account,
        few(ways)
    ))
}

#[cfg(test)]
mod tests;
