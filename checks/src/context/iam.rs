//! Roles and their policies, by ARN.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use gatelight_iam::{Document, Policies};
use gatelight_model::{
    Fetched, Gap,
    inventory::{Account, Role, RoleAnswer},
};

/// The roles and managed policies of an account by ARN.
#[derive(Debug)]
pub(super) struct IamIndex<'a> {
    roles: HashMap<&'a str, &'a RoleAnswer>,
    managed_policies: HashMap<&'a str, &'a Fetched<String>>,
    /// By role. Many functions share one, and parsing its policies is most of the work.
    policies: RefCell<HashMap<String, Rc<Policies>>>,
}

impl<'a> IamIndex<'a> {
    /// Indexes the roles and policies of an account.
    pub(super) fn new(account: &'a Account) -> Self {
        Self {
            roles: account.roles.iter().map(|answer| (answer.arn.as_str(), answer)).collect(),
            managed_policies: account.managed_policies.iter().map(|p| (p.arn.as_str(), &p.document)).collect(),
            policies: RefCell::default(),
        }
    }

    /// As `Context::role`.
    pub(super) fn role(&self, arn: &str) -> Result<&'a RoleAnswer, Gap> {
        self.roles.get(arn).copied().ok_or_else(|| Gap::not_collected(format!("role {arn}")))
    }

    /// As `Context::managed_policy`.
    pub(super) fn managed_policy(&self, arn: &str) -> Result<&'a str, Gap> {
        let found = self.managed_policies.get(arn);
        Ok(found.ok_or_else(|| Gap::not_collected(format!("policy {arn}")))?.get()?)
    }

    /// The role's policies, each parsed once.
    pub(super) fn policies(&self, role: &Role) -> Rc<Policies> {
        let known = self.policies.borrow().get(&role.arn).cloned();
        known.unwrap_or_else(|| {
            let parsed = Rc::new(self.parse_policies(role));
            self.policies.borrow_mut().insert(role.arn.clone(), Rc::clone(&parsed));
            parsed
        })
    }

    fn parse_policies(&self, role: &Role) -> Policies {
        let inline = role
            .inline_policies
            .seen
            .iter()
            .map(|policy| Document::parse(format!("inline policy {}", policy.name), policy.document.get()?));
        let managed = |arn: &str, name: String| Document::parse(name, self.managed_policy(arn)?);
        let attached =
            role.attached_policies.seen.iter().map(|policy| managed(&policy.arn, format!("policy {}", policy.arn)));
        Policies {
            identity: inline.chain(attached).collect(),
            rest: role.inline_policies.rest.get().and(role.attached_policies.rest.get()).copied(),
            boundary: role.boundary.as_ref().map(|arn| managed(arn, format!("permissions boundary {arn}"))),
        }
    }
}
