//! The organization that an account belongs to, and the policies between its root and the account. Only the management
//! account and delegated administrators can read the policies; for all others they are gaps.

use std::collections::BTreeMap;

use aws_sdk_organizations::{
    self as organizations,
    types::{PolicySummary, PolicyType as Kind, PolicyTypeSummary},
};
use gatelight_model::{
    Gap, Listing,
    inventory::{Organization, OrganizationLevel, OrganizationPolicy, PolicyType},
};

use super::aws::{Calls, Operation, Page, failed, lacks};

/// What restricts permissions; other types of policy do not matter here.
const KINDS: [Kind; 2] = [Kind::ServiceControlPolicy, Kind::ResourceControlPolicy];

/// Organizational units lie in one another five deep
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>). An answer that goes on for
/// longer is not believed.
const DEEPEST: usize = 50;

/// Organizations, as one account's credentials see it.
pub(super) struct Organizations<'a> {
    pub(super) client: organizations::Client,
    pub(super) calls: &'a Calls,
}

impl Organizations<'_> {
    /// What AWS says about the organization of `account`; nothing more than that where its policies cannot apply.
    pub(super) async fn read(&self, account: &str) -> Result<Option<Organization>, Gap> {
        let operation = Operation::DescribeOrganization;
        let answer = self.calls.find(operation, account, || self.client.describe_organization().send()).await?;
        let Some(answer) = answer else { return Ok(None) };
        let told = answer.organization.ok_or_else(|| lacks(operation, account, "the organization"))?;
        let stated = |text: Option<String>, what| {
            text.filter(|text| !text.is_empty()).ok_or_else(|| lacks(operation, account, what))
        };
        let not_asked = || Gap::not_collected("the policies of an organization that cannot apply");
        let mut organization = Organization {
            id: stated(told.id, "the organization's id")?,
            management_account: stated(told.master_account_id, "the management account")?,
            feature_set: stated(told.feature_set.map(|set| set.as_str().to_owned()), "the feature set")?,
            policy_types: Err(not_asked()).into(),
            levels: Vec::new(),
            policies: Vec::new(),
        };
        if organization.management_account == account || organization.feature_set == "CONSOLIDATED_BILLING" {
            return Ok(Some(organization));
        }
        let types = self.policy_types(&organization.id).await;
        // Whoever may not know which types there are may not know the rest either.
        if let Ok(types) = &types {
            let enabled: Vec<Kind> =
                KINDS.into_iter().filter(|kind| types.iter().any(|stated| stated.kind == kind.as_str())).collect();
            if !enabled.is_empty() {
                (organization.levels, organization.policies) = self.levels(account, &enabled).await;
            }
        }
        organization.policy_types = types.into();
        Ok(Some(organization))
    }

    /// The types of policy that the root states.
    async fn policy_types(&self, organization: &str) -> Result<Vec<PolicyType>, Gap> {
        let operation = Operation::ListRoots;
        let roots = self
            .calls
            .pages(operation, organization, async |token| {
                let send = || self.client.list_roots().set_next_token(token.clone()).send();
                let answer = self.calls.call(operation, organization, send).await?;
                let roots = answer.roots.ok_or_else(|| lacks(operation, organization, "the list of roots"))?;
                let types = roots.into_iter().map(|root| {
                    root.policy_types.ok_or_else(|| lacks(operation, organization, "the types of policy of a root"))
                });
                Ok(Page { elements: types.collect(), next: answer.next_token })
            })
            .await;
        roots.rest.get()?;
        match <[Vec<PolicyTypeSummary>; 1]>::try_from(roots.seen) {
            Ok([types]) => types.into_iter().map(|stated| policy_type(stated, organization)).collect(),
            // "Currently, you can have only one root."
            Err(roots) => Err(failed(operation, organization, &format!("it lists {} roots", roots.len()))),
        }
    }

    /// The account, every organizational unit above it, and the root; and the policies that they name.
    async fn levels(&self, account: &str, enabled: &[Kind]) -> (Vec<OrganizationLevel>, Vec<OrganizationPolicy>) {
        let (mut levels, mut policies) = (Vec::new(), BTreeMap::new());
        let mut next = Some(account.to_owned());
        while let Some(id) = next.take() {
            self.calls.progress().show(|| format!("Organizations: {id}"));
            let parent = if levels.len() < DEEPEST {
                self.parent(&id).await
            } else {
                Err(failed(Operation::ListParents, &id, &format!("there are more than {DEEPEST} levels")))
            };
            next = parent.as_ref().ok().cloned().flatten();
            let service_control_policies = self.attached(&id, Kind::ServiceControlPolicy, enabled, &mut policies).await;
            let resource_control_policies =
                self.attached(&id, Kind::ResourceControlPolicy, enabled, &mut policies).await;
            levels.push(OrganizationLevel {
                id,
                parent: parent.into(),
                service_control_policies,
                resource_control_policies,
            });
        }
        (levels, self.documents(policies).await)
    }

    /// What something lies in: one unit or root. A root lies in nothing, and is not asked about.
    async fn parent(&self, id: &str) -> Result<Option<String>, Gap> {
        if id.starts_with("r-") {
            return Ok(None);
        }
        let operation = Operation::ListParents;
        let parents = self
            .calls
            .pages(operation, id, async |token| {
                let send = || self.client.list_parents().child_id(id).set_next_token(token.clone()).send();
                let answer = self.calls.call(operation, id, send).await?;
                let parents = answer.parents.ok_or_else(|| lacks(operation, id, "the list of parents"))?;
                let ids = parents.into_iter().map(|parent| {
                    parent.id.filter(|id| !id.is_empty()).ok_or_else(|| lacks(operation, id, "a parent's id"))
                });
                Ok(Page { elements: ids.collect(), next: answer.next_token })
            })
            .await;
        parents.rest.get()?;
        match <[String; 1]>::try_from(parents.seen) {
            Ok([parent]) => Ok(Some(parent)),
            Err(parents) => Err(failed(operation, id, &format!("it lists {} parents", parents.len()))),
        }
    }

    /// The ids of the policies attached to something; the summary of each is kept in `policies`.
    async fn attached(
        &self,
        target: &str,
        kind: Kind,
        enabled: &[Kind],
        policies: &mut BTreeMap<String, (String, String)>,
    ) -> Listing<String> {
        if !enabled.contains(&kind) {
            return Listing::unread(Gap::not_collected(format!(
                "policies of type {}, which are not enabled",
                kind.as_str()
            )));
        }
        let operation = Operation::ListPoliciesForTarget;
        let attached = self
            .calls
            .pages(operation, target, async |token| {
                let send = || {
                    let call = self.client.list_policies_for_target().target_id(target).filter(kind.clone());
                    call.set_next_token(token.clone()).send()
                };
                let answer = self.calls.call(operation, target, send).await?;
                let policies = answer.policies.ok_or_else(|| lacks(operation, target, "the list of policies"))?;
                let summaries = policies.into_iter().map(|policy| summary(policy, target));
                Ok(Page { elements: summaries.collect(), next: answer.next_token })
            })
            .await;
        let ids = attached.seen.into_iter().map(|(id, arn, name)| {
            policies.entry(id.clone()).or_insert((arn, name));
            id
        });
        Listing { seen: ids.collect(), rest: attached.rest }
    }

    /// Each policy with its document.
    async fn documents(&self, policies: BTreeMap<String, (String, String)>) -> Vec<OrganizationPolicy> {
        let mut described = Vec::with_capacity(policies.len());
        for (id, (arn, name)) in policies {
            let document = self.document(&id).await.into();
            described.push(OrganizationPolicy { id, arn, name, document });
        }
        described
    }

    async fn document(&self, id: &str) -> Result<String, Gap> {
        let operation = Operation::DescribePolicy;
        let answer = self.calls.call(operation, id, || self.client.describe_policy().policy_id(id).send()).await?;
        let content = answer.policy.and_then(|policy| policy.content).filter(|content| !content.is_empty());
        content.ok_or_else(|| lacks(operation, id, "the policy's content"))
    }
}

fn policy_type(stated: PolicyTypeSummary, organization: &str) -> Result<PolicyType, Gap> {
    let lacking = |what| lacks(Operation::ListRoots, organization, what);
    Ok(PolicyType {
        kind: stated.r#type.ok_or_else(|| lacking("a type of policy"))?.as_str().to_owned(),
        status: stated.status.ok_or_else(|| lacking("the status of a type of policy"))?.as_str().to_owned(),
    })
}

/// Id, ARN and name.
fn summary(policy: PolicySummary, target: &str) -> Result<(String, String, String), Gap> {
    let stated = |text: Option<String>, what| {
        text.filter(|text| !text.is_empty()).ok_or_else(|| lacks(Operation::ListPoliciesForTarget, target, what))
    };
    Ok((
        stated(policy.id, "a policy's id")?,
        stated(policy.arn, "a policy's ARN")?,
        stated(policy.name, "a policy's name")?,
    ))
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::PolicyTypeStatus;
    use gatelight_model::GapKind;

    use super::*;

    #[test]
    fn a_policy_or_a_type_that_lacks_something_is_a_gap() {
        let whole = || PolicySummary::builder().id("p-1").arn("arn:aws:organizations::1:policy/o/p-1").name("one");
        assert_eq!(summary(whole().build(), "r-1").expect("whole").2, "one");
        for half in [whole().set_id(None), whole().set_arn(None), whole().name("")] {
            let gap = summary(half.build(), "r-1").expect_err("a gap");
            assert_eq!((gap.why().kind, gap.why().resource.as_str()), (GapKind::Failed, "r-1"));
        }
        let whole =
            || PolicyTypeSummary::builder().r#type(Kind::ServiceControlPolicy).status(PolicyTypeStatus::Enabled);
        let told = policy_type(whole().build(), "o-1").expect("whole");
        assert_eq!((told.kind.as_str(), told.status.as_str()), ("SERVICE_CONTROL_POLICY", "ENABLED"));
        assert!(policy_type(whole().set_type(None).build(), "o-1").is_err());
        assert!(policy_type(whole().set_status(None).build(), "o-1").is_err());
    }
}
