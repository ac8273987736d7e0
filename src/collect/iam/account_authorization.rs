//! The account's list of all its roles and policies: many of them in few calls.

use std::collections::{HashMap, HashSet};

use aws_sdk_iam::{self as iam, types as sdk};
use gatelight_checks::plan::WantedRoles;
use gatelight_model::{
    Listing,
    arn::Arn,
    inventory::{AttachedPolicy, InlinePolicy, Role},
};

use super::paging::next_marker;
use crate::collect::aws::{Calls, Operation, Page};

/// Roles and policies in a page: a thousand would take AWS long to gather.
const PAGE: i32 = 300;

/// What the list holds whole. Whatever it lacks has to be asked for by name.
#[derive(Default)]
pub(super) struct Listed {
    /// By name: names are unique in an account, whatever the path.
    pub(super) roles: HashMap<String, Role>,
    /// The documents in force, by ARN.
    pub(super) policies: HashMap<String, String>,
}

/// Reads the list. One that is refused, or breaks off, holds what was seen of it.
pub(super) async fn list_all(client: &iam::Client, calls: &Calls, wanted: &WantedRoles) -> Listed {
    let names: HashSet<&str> = wanted.keys().filter_map(|arn| Arn::parse(arn)?.role_name()).collect();
    let (operation, resource) = (Operation::GetAccountAuthorizationDetails, "*");
    let mut listed = Listed::default();
    let mut seen = 0;
    calls
        .pages(operation, resource, async |marker| {
            let send = || {
                let list = client.get_account_authorization_details().max_items(PAGE);
                let list = list.filter(sdk::EntityType::Role).filter(sdk::EntityType::LocalManagedPolicy);
                list.filter(sdk::EntityType::AwsManagedPolicy).set_marker(marker.clone()).send()
            };
            let answer = calls.call(operation, resource, send).await?;
            let next = next_marker(operation, resource, answer.is_truncated, answer.marker)?;
            for detail in answer.role_detail_list.unwrap_or_default() {
                seen += 1;
                if let Some((name, role)) = role(detail)
                    && names.contains(name.as_str())
                {
                    listed.roles.insert(name, role);
                }
            }
            listed.policies.extend(answer.policies.unwrap_or_default().into_iter().filter_map(policy));
            calls.progress().show(|| format!("IAM: {seen} roles in the list of all"));
            Ok(Page { elements: Vec::<Result<(), _>>::new(), next })
        })
        .await;
    listed
}

/// A role and its name, if it is there whole.
fn role(detail: sdk::RoleDetail) -> Option<(String, Role)> {
    let stated = |text: Option<String>| text.filter(|text| !text.is_empty());
    let inline = detail.role_policy_list?.into_iter().map(|policy| {
        let document = Ok(stated(policy.policy_document)?).into();
        Some(InlinePolicy { name: stated(policy.policy_name)?, document })
    });
    let attached = detail
        .attached_managed_policies?
        .into_iter()
        .map(|policy| Some(AttachedPolicy { arn: stated(policy.policy_arn)? }));
    let boundary = match detail.permissions_boundary {
        None => None,
        Some(boundary) => Some(stated(boundary.permissions_boundary_arn)?),
    };
    let role = Role {
        arn: stated(detail.arn)?,
        trust_policy: stated(detail.assume_role_policy_document)?,
        boundary,
        inline_policies: Listing::whole(inline.collect::<Option<_>>()?),
        attached_policies: Listing::whole(attached.collect::<Option<_>>()?),
    };
    Some((stated(detail.role_name)?, role))
}

/// A managed policy's ARN and the document in force.
fn policy(detail: sdk::ManagedPolicyDetail) -> Option<(String, String)> {
    let version = detail.default_version_id.filter(|id| !id.is_empty())?;
    let mut versions = detail.policy_version_list?.into_iter();
    let in_force = versions.find(|candidate| candidate.version_id.as_ref() == Some(&version))?;
    Some((detail.arn.filter(|arn| !arn.is_empty())?, in_force.document.filter(|document| !document.is_empty())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> sdk::builders::RoleDetailBuilder {
        sdk::RoleDetail::builder()
            .role_name("r")
            .arn("arn:aws:iam::123456789012:role/path/r")
            .assume_role_policy_document("%7B%7D")
            .role_policy_list(sdk::PolicyDetail::builder().policy_name("p").policy_document("%7B%7D").build())
            .attached_managed_policies(sdk::AttachedPolicy::builder().policy_arn("arn:aws:iam::aws:policy/p").build())
            .permissions_boundary(
                sdk::AttachedPermissionsBoundary::builder()
                    .permissions_boundary_arn("arn:aws:iam::aws:policy/b")
                    .build(),
            )
    }

    #[test]
    fn a_role_is_taken_from_the_list_only_whole() {
        let (name, read) = role(full().build()).expect("is whole");
        assert_eq!((name.as_str(), read.arn.as_str()), ("r", "arn:aws:iam::123456789012:role/path/r"));
        assert_eq!(read.boundary.as_deref(), Some("arn:aws:iam::aws:policy/b"));
        assert_eq!((read.inline_policies.seen.len(), read.attached_policies.seen.len()), (1, 1));
        assert_eq!(role(full().set_permissions_boundary(None).build()).expect("is whole").1.boundary, None);
        for broken in [
            full().set_role_name(None),
            full().set_arn(None),
            full().set_assume_role_policy_document(None),
            full().set_role_policy_list(None),
            full().set_attached_managed_policies(None),
            full().permissions_boundary(sdk::AttachedPermissionsBoundary::builder().build()),
            full().role_policy_list(sdk::PolicyDetail::builder().policy_name("p").build()),
            full().role_policy_list(sdk::PolicyDetail::builder().policy_document("%7B%7D").build()),
            full().attached_managed_policies(sdk::AttachedPolicy::builder().build()),
        ] {
            assert!(role(broken.build()).is_none());
        }
    }

    #[test]
    fn the_version_in_force_is_taken() {
        let version = |id: &str, document: &str| {
            sdk::PolicyVersion::builder().version_id(id).document(document).is_default_version(id == "v1").build()
        };
        let full = || {
            sdk::ManagedPolicyDetail::builder()
                .arn("a")
                .default_version_id("v2")
                .policy_version_list(version("v1", "old"))
                .policy_version_list(version("v2", "new"))
        };
        assert_eq!(policy(full().build()), Some(("a".to_owned(), "new".to_owned())));
        for broken in [
            full().set_arn(None),
            full().set_default_version_id(None),
            full().default_version_id("v3"),
            full().set_policy_version_list(None),
        ] {
            assert_eq!(policy(broken.build()), None);
        }
    }
}
