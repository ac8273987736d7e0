//! The organization of the synthetic account, as Organizations answers about it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ACCOUNT, Account, Answer, Request, page};

/// An organization, in which every level has the same policies.
#[derive(Clone)]
pub(crate) struct Organization {
    /// From the account up to the root: the account's own id is not among them.
    pub(crate) above: Vec<String>,
    /// The documents of service control policies, by id.
    pub(crate) scps: BTreeMap<String, String>,
    /// The documents of resource control policies, by id.
    pub(crate) rcps: BTreeMap<String, String>,
}

pub(super) fn answer(account: &Account, request: &Request, name: &str, start: usize) -> Answer {
    let Some(organization) = &account.organization else {
        return Answer::error("organizations", 400, "AWSOrganizationsNotInUseException", "Not in use.");
    };
    let asked = |field: &str| request.json[field].as_str().unwrap_or_default();
    let list = |field: &str, elements: Vec<Value>| {
        let (elements, token) = page(account, elements, start, 20);
        let answer = Answer::json(json!({field: elements}));
        match token {
            Some(token) => answer.with_token("NextToken", &token),
            None => answer,
        }
    };
    let policy = |kind: &str, id: &str| {
        let arn = format!("arn:aws:organizations::210987654321:policy/o-a1b2c3d4e5/{kind}/{id}");
        json!({"Id": id, "Arn": arn, "Name": format!("name of {id}"), "Type": kind, "AwsManaged": false})
    };
    match name {
        "DescribeOrganization" => Answer::json(json!({"Organization": {
            "Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": "210987654321",
        }})),
        "ListRoots" => {
            let enabled = |kind| json!({"Type": kind, "Status": "ENABLED"});
            let types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"].map(enabled);
            list("Roots", vec![json!({"Id": organization.above.last(), "Name": "Root", "PolicyTypes": types})])
        }
        "ListParents" => {
            let mut levels = std::iter::once(ACCOUNT).chain(organization.above.iter().map(String::as_str));
            levels.find(|level| *level == asked("ChildId")).expect("a level of the account");
            list("Parents", vec![json!({"Id": levels.next().expect("a root is not asked for"), "Type": "ROOT"})])
        }
        "ListPoliciesForTarget" => {
            let kind = asked("Filter");
            let policies = if kind == "SERVICE_CONTROL_POLICY" { &organization.scps } else { &organization.rcps };
            list("Policies", policies.keys().map(|id| policy(kind, id)).collect())
        }
        "DescribePolicy" => {
            let id = asked("PolicyId");
            let document = organization.scps.get(id).or_else(|| organization.rcps.get(id)).expect("a policy");
            Answer::json(
                json!({"Policy": {"PolicySummary": policy("SERVICE_CONTROL_POLICY", id), "Content": document}}),
            )
        }
        other => panic!("organizations:{other}"),
    }
}
