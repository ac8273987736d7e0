//! The resource policies of CloudWatch Logs: those of the account, and those of single log groups.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::{
    self as logs,
    types::{PolicyScope, ResourcePolicy},
};
use futures_util::{StreamExt, stream};
use gatelight_model::{Fetched, Gap, Listing, inventory::LogPolicy};

use crate::collect::{
    aws::{Operation, Page, lacks, stated},
    client::RegionClient,
};

const SIDE_BY_SIDE: usize = 4;

/// The account's resource policies, and those of the log groups of `groups` (ARNs without `:*`).
pub(crate) async fn log_policies(region: &RegionClient, groups: BTreeSet<String>) -> Listing<LogPolicy> {
    let client = logs::Client::new(&region.config);
    region.calls.progress().show(|| format!("{}: resource policies of {} log groups", region.name, groups.len()));
    let scopes = std::iter::once(None).chain(groups.into_iter().map(Some));
    let ask = |group: Option<String>| {
        let client = &client;
        async move { of(region, client, group.as_deref()).await }
    };
    let parts: Vec<Listing<LogPolicy>> = stream::iter(scopes).map(ask).buffered(SIDE_BY_SIDE).collect().await;
    whole(parts)
}

/// The policies of a log group, or else of the account.
async fn of(region: &RegionClient, client: &logs::Client, group: Option<&str>) -> Listing<LogPolicy> {
    let (operation, resource) = (Operation::DescribeResourcePolicies, group.unwrap_or("*"));
    region
        .calls
        .pages(operation, resource, async |token| {
            let send = || {
                let call = client.describe_resource_policies().set_next_token(token.clone());
                match group {
                    // Left out, so that endpoints which do not know scopes are asked nothing new.
                    None => call,
                    Some(arn) => call.policy_scope(PolicyScope::Resource).resource_arn(arn),
                }
                .send()
            };
            let answer = match group {
                None => region.calls.call(operation, resource, send).await?,
                Some(_) => match region.calls.find(operation, resource, send).await? {
                    Some(answer) => answer,
                    None => return Ok(Page { elements: Vec::new(), next: None }),
                },
            };
            let policies =
                answer.resource_policies.ok_or_else(|| lacks(operation, resource, "the list of policies"))?;
            let elements = policies.into_iter().map(|policy| log_policy(policy, group)).collect();
            Ok(Page { elements, next: answer.next_token })
        })
        .await
}

/// A policy that came when `asked` was asked about. An endpoint that does not know scopes answers with the account's
/// policies whatever it is asked, so the answer itself shows whose the policy is.
fn log_policy(policy: ResourcePolicy, asked: Option<&str>) -> Result<LogPolicy, Gap> {
    let (operation, resource) = (Operation::DescribeResourcePolicies, asked.unwrap_or("*"));
    let named = stated(policy.resource_arn).map(|arn| arn.trim_end_matches(":*").to_owned());
    let log_group = match policy.policy_scope {
        Some(PolicyScope::Resource) => {
            let group = named.or_else(|| asked.map(str::to_owned));
            Some(group.ok_or_else(|| lacks(operation, resource, "whose policy it is"))?)
        }
        Some(PolicyScope::Account) => None,
        _ => named,
    };
    Ok(LogPolicy {
        name: stated(policy.policy_name).ok_or_else(|| lacks(operation, resource, "a policy's name"))?,
        document: stated(policy.policy_document).ok_or_else(|| lacks(operation, resource, "a policy's document"))?,
        log_group,
    })
}

/// One list of many, each policy once. What broke off in one broke off in the whole.
fn whole(parts: Vec<Listing<LogPolicy>>) -> Listing<LogPolicy> {
    let (mut seen, mut rest) = (Vec::new(), Fetched::known(()));
    for part in parts {
        seen.extend(part.seen);
        rest = rest.get().and(part.rest.get()).copied().into();
    }
    seen.sort_by(|a: &LogPolicy, b| (&a.log_group, &a.name).cmp(&(&b.log_group, &b.name)));
    seen.dedup_by(|a, b| (&a.log_group, &a.name) == (&b.log_group, &b.name));
    Listing { seen, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:g";

    fn policy(name: &str) -> aws_sdk_cloudwatchlogs::types::builders::ResourcePolicyBuilder {
        ResourcePolicy::builder().policy_name(name).policy_document("{}")
    }

    #[test]
    fn the_answer_tells_whose_a_policy_is() {
        let read = |policy: ResourcePolicy, asked| log_policy(policy, asked).expect("is whole").log_group;
        let of_group = || policy("p").policy_scope(PolicyScope::Resource);
        assert_eq!(read(of_group().resource_arn(format!("{GROUP}:*")).build(), Some(GROUP)).as_deref(), Some(GROUP));
        assert_eq!(read(of_group().build(), Some(GROUP)).as_deref(), Some(GROUP));
        assert_eq!(read(policy("p").resource_arn(GROUP).build(), None).as_deref(), Some(GROUP));
        assert_eq!(read(policy("p").policy_scope(PolicyScope::Account).build(), Some(GROUP)), None);
        assert_eq!(read(policy("p").build(), Some(GROUP)), None, "an endpoint that does not know scopes");
        assert!(log_policy(of_group().build(), None).is_err());
        assert!(log_policy(policy("p").set_policy_name(None).build(), None).is_err());
        assert!(log_policy(policy("p").set_policy_document(None).build(), None).is_err());
    }

    #[test]
    fn a_policy_that_came_twice_is_one_and_a_gap_stays() {
        let one = |log_group: Option<&str>| LogPolicy {
            name: "p".to_owned(),
            log_group: log_group.map(str::to_owned),
            document: "{}".to_owned(),
        };
        let gap = || Gap::unprovable("x", "hidden");
        let both =
            whole(vec![Listing::whole(vec![one(None)]), Listing::broken(vec![one(Some(GROUP)), one(None)], gap())]);
        assert_eq!((both.seen, both.rest.get()), (vec![one(None), one(Some(GROUP))], Err(gap())));
    }
}
