//! The organization of the scenarios: a root, an organizational unit and the account, each with service and resource control
//! policies; and what it looks like when they deny, or are not told.

use gatelight_model::{
    Fetched, Listing,
    inventory::{Organization, OrganizationLevel, OrganizationPolicy, PolicyType},
};

use super::{Fault, Inventory, denied};

const ACCOUNT: &str = "123456789012";
const UNIT: &str = "ou-ab12-11111111";
const ROOT: &str = "r-ab12";

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const ALL_RESOURCES: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
/// What is common: regions that are closed, and an exception for the organization's own role.
const REGIONS: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Regions","Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","#,
    r#""Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]},"#,
    r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/landing-zone"}}}]}"#
);
/// A perimeter: nobody from elsewhere, but services; and services only for the organization's own accounts.
const PERIMETER: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Identities","Effect":"Deny","Principal":"*","Action":["logs:*","sts:AssumeRole"],"Resource":"*","#,
    r#""Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}},"#,
    r#"{"Sid":"Deputies","Effect":"Deny","Principal":"*","Action":["logs:*","sts:*"],"Resource":"*","#,
    r#""Condition":{"StringNotEqualsIfExists":{"aws:SourceOrgID":"o-a1b2c3d4e5"},"Null":{"aws:SourceAccount":"false"},"Bool":{"aws:PrincipalIsAWSService":"true"}}}]}"#
);

/// The organization of the healthy account.
pub(super) fn organization() -> Organization {
    let enabled = |kind: &str| PolicyType { kind: kind.to_owned(), status: "ENABLED".to_owned() };
    let level = |id: &str, parent: Option<&str>, scps: &[&str], rcps: &[&str]| OrganizationLevel {
        id: id.to_owned(),
        parent: Fetched::known(parent.map(str::to_owned)),
        service_control_policies: Listing::whole(scps.iter().map(|id| (*id).to_owned()).collect()),
        resource_control_policies: Listing::whole(rcps.iter().map(|id| (*id).to_owned()).collect()),
    };
    let all = "p-FullAWSAccess";
    let own = "p-RCPFullAWSAccess";
    Organization {
        id: "o-a1b2c3d4e5".to_owned(),
        management_account: "210987654321".to_owned(),
        feature_set: "ALL".to_owned(),
        policy_types: Fetched::known(vec![enabled("SERVICE_CONTROL_POLICY"), enabled("RESOURCE_CONTROL_POLICY")]),
        levels: vec![
            level(ACCOUNT, Some(UNIT), &[all], &[own]),
            level(UNIT, Some(ROOT), &[all, "p-regions1"], &[own]),
            level(ROOT, None, &[all], &[own, "p-perimeter"]),
        ],
        policies: vec![
            policy("aws", "service", all, "FullAWSAccess", ALL),
            policy("aws", "resource", own, "RCPFullAWSAccess", ALL_RESOURCES),
            policy("210987654321", "service", "p-regions1", "regions", REGIONS),
            policy("210987654321", "resource", "p-perimeter", "perimeter", PERIMETER),
        ],
    }
}

fn policy(owner: &str, kind: &str, id: &str, name: &str, document: &str) -> OrganizationPolicy {
    let of = if owner == "aws" { "" } else { "o-a1b2c3d4e5/" };
    OrganizationPolicy {
        id: id.to_owned(),
        arn: format!("arn:aws:organizations::{owner}:policy/{of}{kind}_control_policy/{id}"),
        name: name.to_owned(),
        document: Fetched::known(document.to_owned()),
    }
}

impl Inventory {
    /// Changes the organization that the account belongs to.
    ///
    /// # Panics
    /// If it belongs to none.
    pub fn change_organization(&mut self, change: impl FnOnce(&mut Organization)) {
        super::change_known(&mut self.account.organization, change);
    }

    /// Attaches a service control policy, of one statement, to an organizational unit or account above or of this one.
    ///
    /// # Panics
    /// If there is no such level.
    pub fn restrict(&mut self, level: &str, name: &str, statement: &str) {
        self.change_organization(|organization| {
            let id = format!("p-{name}");
            let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
            organization.policies.push(policy("210987654321", "service", &id, name, &document));
            level_mut(organization, level).service_control_policies.seen.push(id);
        });
    }
}

fn level_mut<'a>(organization: &'a mut Organization, id: &str) -> &'a mut OrganizationLevel {
    organization.levels.iter_mut().find(|level| level.id == id).expect("that level")
}

pub(super) const ORGANIZATIONS: &[Fault] = &[
    ("an organization that denies writing some logs", |inventory| {
        let deny = r#"{"Sid":"Freeze","Effect":"Deny","Action":"logs:Put*","Resource":"arn:aws:logs:*:*:log-group:/gateway/chat:*"}"#;
        inventory.restrict(UNIT, "freeze", deny);
    }),
    ("an organization that allows some services, and no logs", |inventory| {
        let allow = r#"{"Effect":"Allow","Action":["xray:*","lambda:*"],"Resource":"*"}"#;
        inventory.restrict(ACCOUNT, "some", allow);
        inventory.change_organization(|organization| {
            level_mut(organization, ACCOUNT).service_control_policies.seen.remove(0);
        });
    }),
    ("an organization that denies creating a log group, which is absent", |inventory| {
        let deny = r#"{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"arn:aws:logs:*:*:log-group:/aws/apigateway/*/test:*"}"#;
        inventory.restrict(ROOT, "groups", deny);
    }),
    ("an organization that lets no service assume roles", |inventory| {
        inventory.change_organization(|organization| {
            let mut policies = organization.policies.iter_mut();
            let perimeter = policies.find(|policy| policy.name == "perimeter").expect("the perimeter");
            let narrow =
                r#""StringNotEqualsIfExists":{"aws:SourceOrgID":"o-a1b2c3d4e5"},"Null":{"aws:SourceAccount":"false"},"#;
            perimeter.document = Fetched::known(PERIMETER.replace(narrow, ""));
        });
    }),
    ("an organization that does not tell a member its policies", |inventory| {
        inventory.change_organization(|organization| {
            organization.policy_types = Err(denied("organizations:ListRoots")).into();
            organization.levels.clear();
            organization.policies.clear();
        });
    }),
    ("an organization whose policies are being enabled, and an account that moves", |inventory| {
        inventory.change_organization(|organization| {
            let types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];
            let status = ["ENABLED", "PENDING_ENABLE"];
            let types = types.iter().zip(status);
            let types = types
                .map(|(kind, status)| PolicyType { kind: (*kind).to_owned(), status: status.to_owned() })
                .collect();
            organization.policy_types = Fetched::known(types);
            level_mut(organization, UNIT).parent = Err(denied("organizations:ListParents")).into();
        });
    }),
    ("an organization that has enabled no policies", |inventory| {
        inventory.change_organization(|organization| {
            organization.policy_types = Fetched::known(vec![]);
            organization.policies.clear();
            for level in &mut organization.levels {
                level.service_control_policies.seen.clear();
                level.resource_control_policies.seen.clear();
            }
        });
    }),
    ("the management account of an organization", |inventory| {
        inventory.restrict(ACCOUNT, "freeze", r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#);
        inventory.change_organization(|organization| ACCOUNT.clone_into(&mut organization.management_account));
    }),
    ("no organization", |inventory| inventory.account.organization = Fetched::known(None)),
];
