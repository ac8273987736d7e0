//! IAM roles and their policies: global in an account, and fetched only where something names them.

mod account_authorization;
mod paging;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_iam as iam;
use futures_util::{StreamExt, future::join, stream};
use gatelight_checks::plan::WantedRoles;
use gatelight_model::{
    Gap, Listing,
    arn::Arn,
    inventory::{AttachedPolicy, InlinePolicy, ManagedPolicy, Role, RoleAnswer},
};

use super::{
    aws::{Calls, Operation, Page, Promised, lacks},
    iam::{
        account_authorization::{Listed, list_all},
        paging::next_marker,
    },
};

const SIDE_BY_SIDE: usize = 8;

/// More roles than this are read all at once, from the account's list of all its roles and policies: role by role each
/// takes three calls and more.
const FEW: usize = 40;

/// IAM, as one account's credentials see it.
pub(super) struct Iam<'a> {
    pub(super) client: iam::Client,
    pub(super) calls: &'a Calls,
}

impl Iam<'_> {
    /// What AWS says about each role of `wanted`, and about the managed policies that those whose policies are wanted
    /// name, each once.
    pub(super) async fn read(&self, wanted: &WantedRoles) -> (Vec<RoleAnswer>, Vec<ManagedPolicy>) {
        let many = wanted.values().filter(|&&with_policies| with_policies).count() > FEW;
        let mut listed = if many { list_all(&self.client, self.calls, wanted).await } else { Listed::default() };
        let total = wanted.len();
        let describe = |(arn, with_policies): (&String, &bool)| {
            // What the list does not hold, or not whole, is asked for: the list proves nothing about what is missing.
            let listed = role_name(arn).and_then(|name| listed.roles.remove(name));
            let (arn, with_policies) = (arn.clone(), *with_policies);
            async move {
                let role = match listed {
                    Some(role) => Ok(Some(role)),
                    None => self.role(&arn, with_policies).await,
                };
                RoleAnswer { arn, role: role.into() }
            }
        };
        let roles: Vec<RoleAnswer> = stream::iter(wanted)
            .map(describe)
            .buffered(SIDE_BY_SIDE)
            .enumerate()
            .inspect(|(done, _)| self.calls.progress().show(|| format!("IAM: {} of {total} roles", done + 1)))
            .map(|(_, answer)| answer)
            .collect()
            .await;
        let policies = self.managed_policies(wanted, &roles, listed.policies).await;
        (roles, policies)
    }

    async fn managed_policies(
        &self,
        wanted: &WantedRoles,
        roles: &[RoleAnswer],
        mut listed: HashMap<String, String>,
    ) -> Vec<ManagedPolicy> {
        let with_policies = roles.iter().filter(|answer| wanted.get(&answer.arn) == Some(&true));
        let known = with_policies.filter_map(|answer| answer.role.get().ok()?.as_ref());
        let arns: BTreeSet<&str> = known
            .flat_map(|role| {
                let attached = role.attached_policies.seen.iter().map(|policy| policy.arn.as_str());
                attached.chain(role.boundary.as_deref())
            })
            .collect();
        let describe = |arn: &str| {
            let (arn, listed) = (arn.to_owned(), listed.remove(arn));
            async move {
                let document = match listed {
                    Some(document) => Ok(document),
                    None => self.document(&arn).await,
                };
                ManagedPolicy { arn, document: document.into() }
            }
        };
        stream::iter(arns).map(describe).buffered(SIDE_BY_SIDE).collect().await
    }

    async fn role(&self, arn: &str, with_policies: bool) -> Result<Option<Role>, Gap> {
        // `role/path/name`: IAM asks for the name alone.
        let name = role_name(arn).ok_or_else(|| Gap::unprovable(arn, format!("{arn} is not the ARN of a role")))?;
        let operation = Operation::GetRole;
        let answer = self.calls.find(operation, arn, || self.client.get_role().role_name(name).send()).await?;
        let Some(answer) = answer else { return Ok(None) };
        let role = answer.role.ok_or_else(|| lacks(operation, arn, "the role"))?;
        let trust_policy =
            role.assume_role_policy_document.ok_or_else(|| lacks(operation, arn, "the role's trust policy"))?;
        if role.arn.is_empty() {
            // The SDK puts "" in the place of a field that AWS promises and did not send.
            return Err(lacks(operation, arn, "the role's ARN"));
        }
        let boundary = match role.permissions_boundary {
            None => None,
            Some(boundary) => {
                let boundary = boundary.permissions_boundary_arn.filter(|arn| !arn.is_empty());
                Some(boundary.ok_or_else(|| lacks(operation, arn, "the permissions boundary's ARN"))?)
            }
        };
        let (inline_policies, attached_policies) = if with_policies {
            join(self.inline_policies(arn, name), self.attached_policies(arn, name)).await
        } else {
            let gap = || Gap::not_collected(format!("policies of {arn}"));
            (Listing::unread(gap()), Listing::unread(gap()))
        };
        Ok(Some(Role { arn: role.arn, trust_policy, boundary, inline_policies, attached_policies }))
    }

    async fn inline_policies(&self, arn: &str, role: &str) -> Listing<InlinePolicy> {
        let operation = Operation::ListRolePolicies;
        let names = self
            .calls
            .pages(operation, arn, async |marker| {
                let answer = self
                    .calls
                    .call(operation, arn, || {
                        let list = self.client.list_role_policies().role_name(role).set_marker(marker.clone());
                        list.customize().interceptor(Promised("PolicyNames")).send()
                    })
                    .await?;
                let next = next_marker(operation, arn, answer.is_truncated, answer.marker)?;
                Ok(Page { elements: answer.policy_names.into_iter().map(Ok).collect(), next })
            })
            .await;
        let describe = |name: String| async move {
            let document = self.inline_document(arn, role, &name).await.into();
            InlinePolicy { name, document }
        };
        let seen = stream::iter(names.seen).map(describe).buffered(SIDE_BY_SIDE).collect().await;
        Listing { seen, rest: names.rest }
    }

    async fn inline_document(&self, arn: &str, role: &str, policy: &str) -> Result<String, Gap> {
        let (operation, resource) = (Operation::GetRolePolicy, format!("{arn} (policy {policy})"));
        let answer = self
            .calls
            .call(operation, &resource, || self.client.get_role_policy().role_name(role).policy_name(policy).send())
            .await?;
        Some(answer.policy_document)
            .filter(|document| !document.is_empty())
            .ok_or_else(|| lacks(operation, &resource, "the policy document"))
    }

    async fn attached_policies(&self, arn: &str, role: &str) -> Listing<AttachedPolicy> {
        let operation = Operation::ListAttachedRolePolicies;
        self.calls
            .pages(operation, arn, async |marker| {
                let answer = self
                    .calls
                    .call(operation, arn, || {
                        self.client.list_attached_role_policies().role_name(role).set_marker(marker.clone()).send()
                    })
                    .await?;
                let next = next_marker(operation, arn, answer.is_truncated, answer.marker)?;
                let policies = answer.attached_policies.ok_or_else(|| lacks(operation, arn, "the list of policies"))?;
                let read = |policy: iam::types::AttachedPolicy| {
                    let arn = policy.policy_arn.ok_or_else(|| lacks(operation, arn, "a policy's ARN"))?;
                    Ok(AttachedPolicy { arn })
                };
                Ok(Page { elements: policies.into_iter().map(read).collect(), next })
            })
            .await
    }

    /// The document of a managed policy's default version.
    async fn document(&self, arn: &str) -> Result<String, Gap> {
        let operation = Operation::GetPolicy;
        let answer = self.calls.call(operation, arn, || self.client.get_policy().policy_arn(arn).send()).await?;
        let version = answer
            .policy
            .and_then(|policy| policy.default_version_id)
            .ok_or_else(|| lacks(operation, arn, "the policy's default version"))?;
        let operation = Operation::GetPolicyVersion;
        let answer = self
            .calls
            .call(operation, arn, || self.client.get_policy_version().policy_arn(arn).version_id(&version).send())
            .await?;
        answer
            .policy_version
            .and_then(|version| version.document)
            .ok_or_else(|| lacks(operation, arn, "the policy document"))
    }
}

/// The name at the end of a role's ARN; `None` if it is not the ARN of a role.
fn role_name(arn: &str) -> Option<&str> {
    Arn::parse(arn)?.role_name()
}
