//! Names of regions, and which are enabled.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use gatelight_model::Gap;

use super::aws::{Calls, DEFAULT_REGION, Operation, Session, lacks};

/// The regions that this version knows (botocore's endpoint data, 2026-05). A name that is not among them is looked up
/// at AWS before anything is read, so that a misspelt region is an error that names it, and a new one works.
const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

/// The partition that a region lies in, by the form of its name.
pub(crate) fn partition_of(region: &str) -> &'static str {
    const PREFIXES: &[(&str, &str)] = &[
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// Makes sure that every name is a region's.
///
/// # Errors
/// The first name that AWS does not know, with the nearest that it does.
pub(crate) async fn check_regions(session: &Session, names: &[String], calls: &Calls) -> anyhow::Result<()> {
    for name in names.iter().filter(|name| !KNOWN.contains(&name.as_str())) {
        let hint = crate::suggest::nearest(&name.to_lowercase(), KNOWN.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_name || name.is_empty() {
            bail!("{name:?} is not the name of an AWS region{hint}");
        }
        match describe(session, session.region().as_deref().unwrap_or(DEFAULT_REGION), calls, true).await {
            Ok(regions) if regions.contains(name) => {}
            Ok(_) => bail!("AWS has no region {name:?}{hint}"),
            Err(gap) => bail!("{name:?} is not a region that this version knows{hint} (AWS could not be asked: {gap})"),
        }
    }
    Ok(())
}

/// The regions that are enabled for the account, or all that there are.
///
/// # Errors
/// The gap, if AWS gave no answer.
pub(super) async fn describe(session: &Session, home: &str, calls: &Calls, all: bool) -> Result<Vec<String>, Gap> {
    Ok(ask(session, home, calls, all).await?.into_keys().collect())
}

/// The regions that are not enabled for the account.
///
/// # Errors
/// The gap, if AWS gave no answer.
pub(super) async fn not_enabled(session: &Session, home: &str, calls: &Calls) -> Result<BTreeSet<String>, Gap> {
    let regions = ask(session, home, calls, true).await?;
    Ok(regions
        .into_iter()
        .filter(|(_, status)| status.as_deref() == Some("not-opted-in"))
        .map(|(name, _)| name)
        .collect())
}

/// Regions, and whether they are enabled, as AWS says it: `opt-in-not-required`, `opted-in`, `not-opted-in`.
async fn ask(session: &Session, home: &str, calls: &Calls, all: bool) -> Result<BTreeMap<String, Option<String>>, Gap> {
    let client = session.ec2(home);
    let operation = Operation::DescribeRegions;
    let answer = calls.call(operation, "*", || client.describe_regions().all_regions(all).send()).await?;
    let regions = answer.regions.ok_or_else(|| lacks(operation, "*", "the list of regions"))?;
    let named = regions.into_iter().map(|region| {
        let name = region.region_name.ok_or_else(|| lacks(operation, "*", "a region's name"))?;
        Ok((name, region.opt_in_status))
    });
    named.collect()
}

/// The regions that are enabled for the account.
///
/// # Errors
/// If AWS gave no answer: then it is not known which regions to read.
pub(crate) async fn every_region(session: &Session, calls: &Calls) -> anyhow::Result<Vec<String>> {
    let home = session.region().unwrap_or_else(|| DEFAULT_REGION.to_owned());
    match describe(session, &home, calls, false).await {
        Ok(names) if names.is_empty() => bail!("AWS lists no enabled region; use --region"),
        Ok(names) => Ok(names),
        Err(gap) => bail!("--all-regions needs the list of regions, but {gap}; you can use --region instead"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_has_a_partition() {
        assert_eq!(partition_of("eu-west-1"), "aws");
        assert_eq!(partition_of("cn-north-1"), "aws-cn");
        assert_eq!(partition_of("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition_of("us-isob-east-1"), "aws-iso-b");
        assert_eq!(partition_of("us-iso-east-1"), "aws-iso");
        assert!(KNOWN.is_sorted());
    }
}
