//! The least-privilege policy: exactly the calls that this version makes, out of the table that makes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use serde::Serialize;

use crate::{cli::Partition, collect::aws::Operation};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

/// What to grant beside what every audit needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Also {
    /// What AWS tells to an organization's management account and delegated administrators alone.
    pub(crate) organization: bool,
    /// Queries of CloudWatch Logs Insights, which AWS bills.
    pub(crate) insights: bool,
}

/// Prints the policy as JSON.
pub(crate) fn print(partition: Partition, also: Also, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &policy(partition, also))?;
    out.write_all(b"\n")?;
    Ok(())
}

fn policy(partition: Partition, also: Also) -> Policy {
    let partition = match partition {
        Partition::Aws => "aws",
        Partition::AwsCn => "aws-cn",
        Partition::AwsUsGov => "aws-us-gov",
    };
    // Each service's actions are granted on each action's own resources, so a statement holds what shares them.
    let mut by_resource: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for operation in granted(also) {
        by_resource.entry(operation.grant_on()).or_default().insert(operation.permission());
    }
    let mut statements: BTreeMap<Vec<&'static str>, Vec<String>> = BTreeMap::new();
    for (resource, actions) in by_resource {
        let resource = if resource == "*" { resource.to_owned() } else { format!("arn:{partition}:{resource}") };
        statements.entry(actions.into_iter().collect()).or_default().push(resource);
    }
    let statement = statements
        .into_iter()
        .map(|(action, resource)| Statement { sid: sid(&action), effect: "Allow", action, resource })
        .collect();
    Policy { version: "2012-10-17", statement }
}

/// The calls that it grants.
fn granted(also: Also) -> impl Iterator<Item = Operation> {
    Operation::ALL.into_iter().filter(move |operation| {
        (also.organization || !operation.is_of_organization()) && (also.insights || !operation.is_of_insights())
    })
}

fn sid(actions: &[&str]) -> &'static str {
    let has = |action| actions.contains(&action);
    match actions.first().and_then(|action| action.split(':').next()) {
        // Those that take no resource.
        _ if has("sts:GetCallerIdentity") => "ListAndDescribe",
        Some("apigateway") => "ReadApiGateway",
        Some("logs") if has("logs:DescribeLogGroups") => "FindLogGroups",
        Some("logs") => "SearchLogGroups",
        Some("firehose") => "FindStreams",
        Some("iam") if has("iam:GetRole") => "ReadRoles",
        Some("iam") => "ReadPolicies",
        Some("lambda") if has("lambda:GetPolicy") => "ReadCallers",
        Some("lambda") => "ReadCapacityProviders",
        Some("ec2") if has("ec2:GetManagedPrefixListEntries") => "ReadPrefixLists",
        Some("ec2") => "ReadTransitRoutes",
        Some("kms") => "ReadKeys",
        Some("organizations") => "ReadOrganizationPolicies",
        _ => "ReadOthers",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_policy() {
        let mut policy = Vec::new();
        print(Partition::Aws, Also::default(), &mut policy).expect("prints");
        let policy = String::from_utf8(policy).expect("text");
        assert!(include_str!("../../README.md").contains(&policy), "the README's policy should be:\n{policy}");
    }

    #[test]
    fn every_call_is_granted_and_nothing_else() {
        for (organization, insights) in [(false, false), (false, true), (true, false), (true, true)] {
            let policy = policy(Partition::Aws, Also { organization, insights });
            let granted: BTreeSet<_> =
                policy.statement.iter().flat_map(|statement| &statement.action).copied().collect();
            let called: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.permission()).collect();
            let (of_organization, others): (BTreeSet<_>, BTreeSet<_>) =
                called.into_iter().partition(|action| action.starts_with("organizations:"));
            assert_eq!(of_organization.len(), 5);
            let (of_insights, mut expected): (BTreeSet<_>, BTreeSet<_>) =
                others.into_iter().partition(|action| action.contains("Query"));
            assert_eq!(of_insights, ["logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"].into());
            expected.extend(of_organization.into_iter().filter(|_| organization));
            expected.extend(of_insights.into_iter().filter(|_| insights));
            assert_eq!(granted, expected);
            let sids: BTreeSet<_> = policy.statement.iter().map(|statement| statement.sid).collect();
            assert_eq!(sids.len(), policy.statement.len());
            assert!(!sids.contains("ReadOthers"), "{sids:?}");
            let text = serde_json::to_string(&policy).expect("serialises");
            assert!(!text.contains("apikeys") && !text.contains("::/*"), "{text}");
        }
    }
}
