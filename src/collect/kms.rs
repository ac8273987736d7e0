//! The KMS keys of log groups.

use std::collections::BTreeSet;

use aws_sdk_kms as kms;
use futures_util::{StreamExt, stream};
use gatelight_model::{
    Gap,
    inventory::{Key, KeyAnswer, LogGroupAnswer},
};

use super::{
    aws::{Operation, lacks},
    client::RegionClient,
};

const SIDE_BY_SIDE: usize = 4;

/// The only policy that a key has
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>).
const POLICY: &str = "default";

/// The keys that log groups name.
pub(super) fn of_groups(groups: &[LogGroupAnswer]) -> BTreeSet<String> {
    let groups = groups.iter().filter_map(|answer| answer.group.get().ok()?.as_ref());
    groups.filter_map(|group| group.kms_key.clone()).filter(|arn| !arn.is_empty()).collect()
}

/// What AWS says about each key of `arns`.
pub(super) async fn keys(region: &RegionClient, arns: BTreeSet<String>) -> Vec<KeyAnswer> {
    if arns.is_empty() {
        return Vec::new();
    }
    region.calls.progress().show(|| format!("{}: {} KMS keys", region.name, arns.len()));
    let client = kms::Client::new(&region.config);
    let ask = |arn: String| {
        let client = &client;
        async move {
            let key = key(region, client, &arn).await.into();
            KeyAnswer { arn, key }
        }
    };
    stream::iter(arns).map(ask).buffered(SIDE_BY_SIDE).collect().await
}

async fn key(region: &RegionClient, client: &kms::Client, arn: &str) -> Result<Option<Key>, Gap> {
    let operation = Operation::DescribeKey;
    let describe = || client.describe_key().key_id(arn).send();
    let Some(answer) = region.calls.find(operation, arn, describe).await? else { return Ok(None) };
    let state = answer.key_metadata.and_then(|key| key.key_state).map(|state| state.as_str().to_owned());
    let state = state.filter(|state| !state.is_empty()).ok_or_else(|| lacks(operation, arn, "the key's state"))?;
    let policy = policy(region, client, arn).await.into();
    Ok(Some(Key { state, policy }))
}

async fn policy(region: &RegionClient, client: &kms::Client, arn: &str) -> Result<String, Gap> {
    let operation = Operation::GetKeyPolicy;
    let get = || client.get_key_policy().key_id(arn).policy_name(POLICY).send();
    let answer = region.calls.call(operation, arn, get).await?;
    answer.policy.filter(|policy| !policy.is_empty()).ok_or_else(|| lacks(operation, arn, "the key's policy"))
}

#[cfg(test)]
mod tests {
    use gatelight_model::{Fetched, inventory::LogGroup};

    use super::*;

    #[test]
    fn each_key_is_asked_about_once() {
        let group = |key: Option<&str>| LogGroupAnswer {
            name: "g".to_owned(),
            group: Fetched::known(Some(LogGroup {
                arn: "a".to_owned(),
                retention_days: None,
                class: None,
                kms_key: key.map(str::to_owned),
                created_at: Err(Gap::not_collected("g")).into(),
            })),
        };
        let absent = LogGroupAnswer { name: "g".to_owned(), group: Fetched::known(None) };
        let groups = [group(Some("k")), group(None), group(Some("")), group(Some("k")), absent];
        assert_eq!(of_groups(&groups), BTreeSet::from(["k".to_owned()]));
    }
}
