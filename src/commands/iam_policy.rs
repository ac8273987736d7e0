//! The least-privilege policy. It grants exactly the calls that this version makes, and reads them from their table.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use serde::Serialize;

use crate::{
    cli::Partition,
    collect::aws::{Grant, Granted, Operation},
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDocument {
    version: &'static str,
    statement: Vec<PolicyStatement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyStatement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

/// What to grant in addition to what every audit needs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OptionalGrants {
    /// What only an organization's management account and delegated administrators can read.
    pub(crate) organization: bool,
    /// Queries of CloudWatch Logs Insights, which AWS bills.
    pub(crate) insights: bool,
}

/// Prints the policy as JSON.
pub(crate) fn print(partition: Partition, optional: OptionalGrants, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &policy(partition, optional))?;
    out.write_all(b"\n")?;
    Ok(())
}

fn policy(partition: Partition, optional: OptionalGrants) -> PolicyDocument {
    let partition = match partition {
        Partition::Aws => "aws",
        Partition::AwsCn => "aws-cn",
        Partition::AwsUsGov => "aws-us-gov",
    };
    // A service's actions apply to different resources, so a statement holds the actions that share them.
    let mut by_resource: BTreeMap<Grant, BTreeSet<&'static str>> = BTreeMap::new();
    for operation in granted(optional) {
        by_resource.entry(operation.grant()).or_default().insert(operation.permission());
    }
    let mut statements: BTreeMap<Vec<&'static str>, PolicyStatement> = BTreeMap::new();
    for (Grant { resource, sid }, actions) in by_resource {
        let resource = if resource == "*" { resource.to_owned() } else { format!("arn:{partition}:{resource}") };
        let action: Vec<_> = actions.into_iter().collect();
        let statement = statements.entry(action.clone());
        let statement =
            statement.or_insert_with(|| PolicyStatement { sid, effect: "Allow", action, resource: Vec::new() });
        statement.resource.push(resource);
    }
    PolicyDocument { version: "2012-10-17", statement: statements.into_values().collect() }
}

/// The calls that the policy grants.
fn granted(optional: OptionalGrants) -> impl Iterator<Item = Operation> {
    Operation::ALL.iter().copied().filter(move |operation| match operation.granted() {
        Granted::Always => true,
        Granted::WithInsights => optional.insights,
        Granted::WithOrganization => optional.organization,
        Granted::Never => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_the_readme_has_the_policy() {
        let mut policy = Vec::new();
        print(Partition::Aws, OptionalGrants::default(), &mut policy).expect("prints");
        let policy = String::from_utf8(policy).expect("text");
        crate::generated::compare("README.md", "policy", &format!("```json\n{policy}```\n"));
    }

    /// The table of facts and the table of calls name the same calls.
    #[test]
    fn every_call_that_gives_a_fact_is_made() {
        let made: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        for fact in gatelight_model::FACTS {
            for call in fact.operations {
                assert!(made.contains(call), "{call}, which gives {}, is no row of the table of calls", fact.path);
            }
        }
    }

    #[test]
    fn every_call_is_granted_and_nothing_else() {
        for (organization, insights) in [(false, false), (false, true), (true, false), (true, true)] {
            let policy = policy(Partition::Aws, OptionalGrants { organization, insights });
            let granted: BTreeSet<_> =
                policy.statement.iter().flat_map(|statement| &statement.action).copied().collect();
            let called: BTreeSet<_> = Operation::ALL
                .iter()
                .map(|operation| operation.permission())
                .filter(|action| *action != "sts:AssumeRole")
                .collect();
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
            let text = serde_json::to_string(&policy).expect("serialises");
            assert!(!text.contains("apikeys") && !text.contains("::/*"), "{text}");
        }
    }
}
