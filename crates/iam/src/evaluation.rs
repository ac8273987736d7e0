//! The order of evaluation: which policies must allow a request, and which may deny it. Where condition keys are not
//! known the result may be undetermined; [`solve`](crate::solve) then tries the values that those keys could have.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use gatelight_model::Gap;

use crate::{
    document::{Document, Effect, Statement},
    keys::ConditionKeys,
    statement::RequestView,
    truth::{Truth, UnknownReason},
};

/// Policies that are evaluated together: the group allows what any of them allows.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyGroup<'a> {
    pub(super) documents: Vec<&'a Document>,
    /// Why a policy of the group could not be read; that policy may say anything.
    pub(super) unread: Option<&'a Gap>,
    /// What messages call the group where it does not allow the request.
    pub(super) name: String,
}

/// Which of the identity's and the resource's policies must allow the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiredAllow {
    /// The identity's policies; the resource's are not considered.
    IdentityPolicy,
    /// Identity and resource are in one account: either policy is enough.
    SameAccount,
    /// They are in one account, and the resource policy must allow it: a role's trust policy, a KMS key policy.
    SameAccountResourcePolicy,
    /// They are in two accounts: both policies must allow it.
    CrossAccount,
    /// It is not known whether they are in one account; `true` if the resource policy must allow it in either case.
    UnknownAccount(bool),
    /// The resource policy: the principal is a service or anonymous and has no policies.
    ResourcePolicyOnly,
}

/// A request and all policies that apply to it.
#[derive(Clone, Debug)]
pub(super) struct Evaluation<'a> {
    /// The request as the identity's policies and SCPs see it.
    pub(super) request: RequestView<'a>,
    /// The request as the resource's policies see it.
    pub(super) resource_request: RequestView<'a>,
    pub(super) required: RequiredAllow,
    /// `None`: a root user, which needs no allow.
    pub(super) identity: Option<PolicyGroup<'a>>,
    pub(super) boundary: Option<PolicyGroup<'a>>,
    pub(super) session: Option<PolicyGroup<'a>>,
    pub(super) scps: Vec<PolicyGroup<'a>>,
    pub(super) rcps: Vec<PolicyGroup<'a>>,
    pub(super) resource: PolicyGroup<'a>,
    pub(super) endpoint: Option<PolicyGroup<'a>>,
}

/// A statement and the document that holds it.
pub(super) type StatementRef<'a> = (&'a Document, &'a Statement);

/// The result of one evaluation, with the keys that are known.
#[derive(Clone, Debug)]
pub(super) enum PartialDecision<'a> {
    /// By this statement; a root user needs none.
    Allowed(Option<StatementRef<'a>>),
    ExplicitDeny(StatementRef<'a>),
    ImplicitDeny(ImplicitDeny),
    /// Denied, implicitly or perhaps by a Deny statement that may apply.
    SomeDeny(ImplicitDeny),
    Undetermined(Uncertainty<'a>),
}

/// Which allow is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImplicitDeny {
    /// No policy that could grant the request allows it.
    NoAllow,
    /// The group of this name must allow it as well, and does not.
    NotAllowedBy(String),
}

/// What the decision depends on and is not known.
#[derive(Clone, Debug)]
pub(super) enum Uncertainty<'a> {
    Unread(&'a Gap),
    Statement(StatementRef<'a>, UnknownReason),
    /// Whether identity and resource are in one account.
    Account,
}

/// Whether some statement with an effect applies.
#[derive(Clone, Debug)]
enum Applicability<'a> {
    /// This one; a root user needs none.
    Applies(Option<StatementRef<'a>>),
    MayApply(Uncertainty<'a>),
    DoesNotApply,
}

impl<'a> Applicability<'a> {
    fn of(applies: Truth, statement: StatementRef<'a>) -> Self {
        match applies {
            Truth::True => Self::Applies(Some(statement)),
            Truth::Unknown(why) => Self::MayApply(Uncertainty::Statement(statement, why)),
            Truth::False => Self::DoesNotApply,
        }
    }

    /// `Applies` beats `MayApply` beats `DoesNotApply`; of two equal ones the first is kept.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Applies(_), _) | (Self::MayApply(_), Self::MayApply(_)) | (_, Self::DoesNotApply) => self,
            _ => other,
        }
    }

    /// `DoesNotApply` beats `MayApply` beats `Applies`; of two equal ones the first is kept.
    fn and(self, other: &Self) -> Self {
        match (&self, other) {
            (Self::DoesNotApply, _) | (Self::MayApply(_), Self::MayApply(_)) | (_, Self::Applies(_)) => self,
            _ => other.clone(),
        }
    }

    fn in_group(group: &PolicyGroup<'a>, effect: Effect, request: RequestView<'_>, keys: &ConditionKeys) -> Self {
        let mut found = group.unread.map_or(Self::DoesNotApply, |gap| Self::MayApply(Uncertainty::Unread(gap)));
        for document in &group.documents {
            for statement in &document.statements {
                let one = Self::of(statement.applies(effect, request, keys), (document, statement));
                found = found.or(one);
                if let Self::Applies(_) = found {
                    return found;
                }
            }
        }
        found
    }
}

/// What the resource's policies allow, by how they name the principal.
struct ResourceAllows<'a> {
    direct: Applicability<'a>,
    role: Applicability<'a>,
    account: Applicability<'a>,
}

impl<'a> Evaluation<'a> {
    /// The request as RCPs and endpoint policies see it: with the caller and always with the resource.
    fn caller_request(&self) -> RequestView<'a> {
        RequestView { caller: self.resource_request.caller, ..self.request }
    }

    /// The request as identity policies see it.
    fn identity_request(&self) -> RequestView<'a> {
        // Resource policies that decide alone take the identity policies' place and have a caller.
        RequestView { by_identity_policy: self.request.caller.is_none(), ..self.request }
    }

    /// The groups of which one statement may be enough to grant the request, and the request as its policies see it.
    pub(super) fn granting_groups(&self) -> impl Iterator<Item = (&PolicyGroup<'a>, RequestView<'a>)> {
        let identity = self.identity.iter().map(|group| (group, self.identity_request()));
        identity.chain(std::iter::once((&self.resource, self.resource_request)))
    }

    /// Every group, and the request as its policies see it.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&PolicyGroup<'a>, RequestView<'a>)> {
        let identity = self.identity.iter().map(|group| (group, self.identity_request()));
        let limits = self.boundary.iter().chain(&self.session).chain(&self.scps).map(|group| (group, self.request));
        let rcps = self.rcps.iter().map(|group| (group, self.caller_request()));
        let resource = std::iter::once((&self.resource, self.resource_request));
        let endpoint = self.endpoint.iter().map(|group| (group, self.caller_request()));
        identity.chain(limits).chain(rcps).chain(resource).chain(endpoint)
    }

    /// Evaluates the policies with the keys that are known.
    pub(super) fn evaluate(&self, keys: &ConditionKeys) -> PartialDecision<'a> {
        let mut denied = Applicability::DoesNotApply;
        for (group, request) in self.groups() {
            denied = denied.or(Applicability::in_group(group, Effect::Deny, request, keys));
            if let Applicability::Applies(Some(statement)) = denied {
                return PartialDecision::ExplicitDeny(statement);
            }
        }
        let (mut allowed, deny) = self.granted(keys);
        let mut missing = matches!(allowed, Applicability::DoesNotApply).then_some(deny);
        let scps = self.scps.iter().map(|group| (group, self.request));
        let others = self.rcps.iter().chain(&self.endpoint).map(|group| (group, self.caller_request()));
        for (group, request) in scps.chain(others) {
            if missing.is_some() {
                break;
            }
            let found = Applicability::in_group(group, Effect::Allow, request, keys);
            if let Applicability::DoesNotApply = found {
                missing = Some(ImplicitDeny::NotAllowedBy(group.name.clone()));
            }
            allowed = allowed.and(&found);
        }
        match (missing, allowed, denied) {
            (Some(deny), _, Applicability::DoesNotApply) => PartialDecision::ImplicitDeny(deny),
            (Some(deny), ..) => PartialDecision::SomeDeny(deny),
            (None, Applicability::Applies(statement), Applicability::DoesNotApply) => {
                PartialDecision::Allowed(statement)
            }
            (None, Applicability::MayApply(why), _) | (None, _, Applicability::MayApply(why)) => {
                PartialDecision::Undetermined(why)
            }
            // Not reached: a Deny that applies returned above, and without an allow `missing` is set.
            (None, ..) => PartialDecision::SomeDeny(ImplicitDeny::NoAllow),
        }
    }

    /// Whether the identity's and the resource's policies allow it, as far as each must, and which allow is missing if
    /// they do not.
    fn granted(&self, keys: &ConditionKeys) -> (Applicability<'a>, ImplicitDeny) {
        let in_group = |group: &Option<PolicyGroup<'a>>, request| match group {
            None => Applicability::Applies(None),
            Some(group) => Applicability::in_group(group, Effect::Allow, request, keys),
        };
        let identity = in_group(&self.identity, self.identity_request());
        let boundary = in_group(&self.boundary, self.request);
        let session = in_group(&self.session, self.request);
        let own = identity.clone().and(&boundary).and(&session);
        let not_allowed_by = |group: &Option<PolicyGroup<'a>>| {
            group.as_ref().map_or(ImplicitDeny::NoAllow, |group| ImplicitDeny::NotAllowedBy(group.name.clone()))
        };
        let own_deny = match (&identity, &boundary, &session) {
            (Applicability::DoesNotApply, ..) => ImplicitDeny::NoAllow,
            (_, Applicability::DoesNotApply, _) => not_allowed_by(&self.boundary),
            (_, _, Applicability::DoesNotApply) => not_allowed_by(&self.session),
            _ => ImplicitDeny::NoAllow,
        };
        if self.required == RequiredAllow::IdentityPolicy {
            return (own, own_deny);
        }
        let ResourceAllows { direct, role, account } = self.resource_allows(keys);
        let resource_deny = || ImplicitDeny::NotAllowedBy(self.resource.name.clone());
        let by_any = direct.clone().or(role.clone()).or(account.clone());
        let same_account = |resource_policy_required: bool| {
            let by_role = role.clone().and(&boundary).and(&session);
            let by_resource = direct.clone().or(by_role).or(own.clone().and(&account));
            if resource_policy_required {
                let none = matches!(by_any, Applicability::DoesNotApply);
                (by_resource, if none { resource_deny() } else { own_deny.clone() })
            } else {
                (own.clone().or(by_resource), own_deny.clone())
            }
        };
        let cross_account = || {
            let deny = if matches!(own, Applicability::DoesNotApply) { own_deny.clone() } else { resource_deny() };
            (own.clone().and(&by_any), deny)
        };
        match self.required {
            RequiredAllow::IdentityPolicy => (own, own_deny),
            RequiredAllow::ResourcePolicyOnly => (direct, resource_deny()),
            RequiredAllow::SameAccount => same_account(false),
            RequiredAllow::SameAccountResourcePolicy => same_account(true),
            RequiredAllow::CrossAccount => cross_account(),
            RequiredAllow::UnknownAccount(required) => match (same_account(required), cross_account()) {
                ((found @ Applicability::Applies(_), deny), (Applicability::Applies(_), _))
                | ((found @ Applicability::DoesNotApply, deny), (Applicability::DoesNotApply, _))
                | ((found @ Applicability::MayApply(_), deny), _)
                | (_, (found @ Applicability::MayApply(_), deny)) => (found, deny),
                ((_, deny), _) => (Applicability::MayApply(Uncertainty::Account), deny),
            },
        }
    }

    fn resource_allows(&self, keys: &ConditionKeys) -> ResourceAllows<'a> {
        let unread = self.resource.unread.map(|gap| Applicability::MayApply(Uncertainty::Unread(gap)));
        let none = Applicability::DoesNotApply;
        let mut allows = ResourceAllows { direct: unread.unwrap_or(none.clone()), role: none.clone(), account: none };
        for document in &self.resource.documents {
            for statement in &document.statements {
                let has_effect = statement.has_effect(Effect::Allow, self.resource_request, keys);
                if has_effect == Truth::False {
                    continue;
                }
                let principal = statement.principal_match(self.resource_request, false);
                let found =
                    |matches| Applicability::of(Truth::all([has_effect.clone(), matches]), (document, statement));
                allows = ResourceAllows {
                    direct: allows.direct.or(found(principal.direct)),
                    role: allows.role.or(found(principal.role)),
                    account: allows.account.or(found(principal.account)),
                };
            }
        }
        allows
    }
}
