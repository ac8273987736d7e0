//! What an account's organization lets happen in it: the service and resource control policies of every level from the
//! root to the account, and what is known of a request because both sides belong to one organization.

use std::collections::BTreeMap;

use gatelight_iam::{ConditionKeys, Denial, Document, GuardrailLevel, Guardrails, PossibleValue};
use gatelight_model::{
    Gap, Listing, Subject, SubjectKind,
    inventory::{Organization, OrganizationLevel, OrganizationPolicy},
};

use crate::context::Context;

/// How an account stands to an organization.
pub(crate) enum Membership<'a> {
    /// It belongs to none.
    None,
    /// It belongs to one whose policies restrict nothing in it.
    Free,
    /// It belongs to one whose policies apply to it.
    Bound(Bound<'a>),
}

/// The policies of an organization that apply to an account.
pub(crate) struct Bound<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) guardrails: Guardrails,
    own: &'a str,
    /// `o-…/r-…/ou-…/`, if every level is known.
    path: Option<String>,
    /// By what reports call them.
    policies: BTreeMap<String, &'a OrganizationPolicy>,
}

/// A type of policy.
struct Kind {
    /// In AWS's words.
    name: &'static str,
    one: &'static str,
    many: &'static str,
    of: fn(&OrganizationLevel) -> &Listing<String>,
}

const SCPS: Kind = Kind {
    name: "SERVICE_CONTROL_POLICY",
    one: "service control policy",
    many: "service control policies",
    of: |level| &level.service_control_policies,
};

const RCPS: Kind = Kind {
    name: "RESOURCE_CONTROL_POLICY",
    one: "resource control policy",
    many: "resource control policies",
    of: |level| &level.resource_control_policies,
};

/// How `own`, the account of the audit, stands to its organization. Policies restrict nothing in the
/// management account, and there are none where the organization has only its bills in common
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>).
///
/// # Errors
/// If AWS would not say whether it belongs to one. What it would not say about policies is within.
pub(crate) fn membership<'a>(context: &Context<'a>, own: &'a str) -> Result<Membership<'a>, Gap> {
    let Some(organization) = context.account().organization.get()? else { return Ok(Membership::None) };
    if organization.management_account == own || organization.feature_set == "CONSOLIDATED_BILLING" {
        return Ok(Membership::Free);
    }
    let mut bound = Bound {
        organization,
        guardrails: Guardrails::default(),
        own,
        path: path(organization, own),
        policies: BTreeMap::new(),
    };
    let (scps, rcps) = (bound.levels(&SCPS), bound.levels(&RCPS));
    bound.guardrails = Guardrails { scps, rcps };
    let Guardrails { scps, rcps } = &bound.guardrails;
    Ok(if scps.is_empty() && rcps.is_empty() { Membership::Free } else { Membership::Bound(bound) })
}

impl<'a> Bound<'a> {
    /// The levels of one kind of policy; none where it is not enabled. A level that is not known may hold anything.
    fn levels(&mut self, kind: &Kind) -> Vec<GuardrailLevel> {
        let unread = |gap| vec![GuardrailLevel { name: kind.many.to_owned(), policies: vec![], rest: Err(gap) }];
        let types = match self.organization.policy_types.get() {
            Ok(types) => types,
            Err(gap) => return unread(gap),
        };
        match types.iter().find(|stated| stated.kind == kind.name).map(|stated| stated.status.as_str()) {
            None => vec![],
            Some("ENABLED") => {
                let (levels, gap) = upwards(self.organization, self.own);
                let levels = levels.into_iter().map(|level| self.level(kind, level));
                gap.map(unread).into_iter().flatten().chain(levels.rev().collect::<Vec<_>>()).collect()
            }
            Some(status) => {
                let why = format!("whether {} apply is not known: AWS reports the status {status}", kind.many);
                unread(Gap::unprovable(&self.organization.id, why))
            }
        }
    }

    fn level(&mut self, kind: &Kind, level: &'a OrganizationLevel) -> GuardrailLevel {
        let place = level_name(&level.id);
        let attached = (kind.of)(level);
        let mut names = Vec::new();
        let policies = attached.seen.iter().map(|id| {
            let policy = self.organization.policies.iter().find(|policy| policy.id == *id);
            let policy = policy.ok_or_else(|| Gap::not_collected(format!("{} {id}", kind.one)))?;
            names.push(policy.name.as_str());
            let name = format!("{} {} ({id}) of {place}", kind.one, policy.name);
            self.policies.insert(name.clone(), policy);
            Document::parse(name, policy.document.get()?)
        });
        let policies = policies.collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        GuardrailLevel {
            name: format!("the level of {place} in the {} ({names})", kind.many),
            policies,
            rest: attached.rest.get().copied(),
        }
    }

    /// The policy that a denial names.
    pub(crate) fn cause(&self, denial: &Denial) -> Option<Subject> {
        let Denial::Explicit(decider) = denial else { return None };
        let policy = self.policies.get(&decider.policy)?;
        Some(Subject { kind: SubjectKind::Policy, arn: policy.arn.clone(), name: policy.name.clone() })
    }

    /// Adds what is known of every request about resources of this account.
    pub(crate) fn of_resource(&self, keys: ConditionKeys) -> ConditionKeys {
        self.side(keys, "aws:ResourceOrgID", "aws:ResourceOrgPaths")
    }

    /// Adds what is known of every request by identities of this account.
    pub(crate) fn of_principal(&self, keys: ConditionKeys) -> ConditionKeys {
        self.side(keys, "aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
    }

    /// Adds what a service says of the account for whose sake it calls.
    pub(crate) fn of_source(&self, keys: ConditionKeys) -> ConditionKeys {
        self.side(keys, "aws:SourceOrgID", "aws:SourceOrgPaths")
    }

    fn side(&self, keys: ConditionKeys, id: &str, paths: &str) -> ConditionKeys {
        let keys = keys.with(id, &self.organization.id);
        match &self.path {
            Some(path) => keys.with_possible(paths, vec![PossibleValue::Many(vec![path.clone()])], ""),
            None => keys,
        }
    }
}

/// The levels from that of an account up to the root, and why those above are not known.
fn upwards<'a>(organization: &'a Organization, own: &str) -> (Vec<&'a OrganizationLevel>, Option<Gap>) {
    let mut levels: Vec<&OrganizationLevel> = Vec::new();
    let mut next = own;
    loop {
        let Some(level) = organization.levels.iter().find(|level| level.id == next) else {
            return (levels, Some(Gap::not_collected(format!("the level of {}", level_name(next)))));
        };
        if levels.iter().any(|below| below.id == level.id) {
            let why = format!("AWS lists {} as its own parent", level_name(next));
            return (levels, Some(Gap::unprovable(next, why)));
        }
        levels.push(level);
        match level.parent.get().map(Option::as_deref) {
            Ok(Some(parent)) => next = parent,
            Ok(None) => return (levels, None),
            Err(gap) => return (levels, Some(gap)),
        }
    }
}

/// Where an account lies in its organization, as condition keys have it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>): without the account.
fn path(organization: &Organization, own: &str) -> Option<String> {
    let (levels, None) = upwards(organization, own) else { return None };
    let above = levels.iter().skip(1).rev().map(|level| level.id.as_str());
    Some(std::iter::once(organization.id.as_str()).chain(above).flat_map(|id| [id, "/"]).collect())
}

fn level_name(id: &str) -> String {
    match id.split('-').next() {
        Some("r") => format!("root {id}"),
        Some("ou") => format!("organizational unit {id}"),
        _ => format!("account {id}"),
    }
}
