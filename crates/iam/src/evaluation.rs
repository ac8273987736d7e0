//! The order of evaluation: which policies must allow, and which may deny. For keys of which some are not known the
//! answer is one of three; [`solve`](super::solve) then looks at what those keys could be.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use gatelight_model::Gap;

use super::{
    answer::{Answer, Why},
    document::{Document, Effect, Statement},
    keys::Keys,
    statement::Ask,
};

/// Policies that count as one: what one of them allows, they allow.
#[derive(Clone, Debug, Default)]
pub(super) struct Group<'a> {
    pub(super) documents: Vec<&'a Document>,
    /// Why some policy of the group could not be read: it may hold anything.
    pub(super) unread: Option<&'a Gap>,
    /// What to call it where it allows nothing.
    pub(super) name: String,
}

/// Who must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Only the identity's policies are asked.
    Identity,
    /// Identity and resource are of one account: either may allow.
    Same,
    /// So they are, and the resource's policy must allow: the trust policy of a role, the policy of a KMS key.
    SameAndNamed,
    /// They are of two accounts: both must allow.
    Across,
    /// Nobody knows whether they are of one account; `true` where the resource's policy must allow anyway.
    Unknown(bool),
    /// Whoever asks has no policies: a service, or nobody that AWS knows.
    Resource,
}

/// All policies that apply to a request.
#[derive(Clone, Debug)]
pub(super) struct Case<'a> {
    pub(super) ask: Ask<'a>,
    /// As resource policies see it.
    pub(super) ask_of_resource: Ask<'a>,
    pub(super) side: Side,
    /// None: a root user, which may do everything.
    pub(super) identity: Option<Group<'a>>,
    pub(super) boundary: Option<Group<'a>>,
    pub(super) session: Option<Group<'a>>,
    pub(super) scps: Vec<Group<'a>>,
    pub(super) rcps: Vec<Group<'a>>,
    pub(super) resource: Group<'a>,
    pub(super) endpoint: Option<Group<'a>>,
}

/// A statement of a document.
pub(super) type Place<'a> = (&'a Document, &'a Statement);

/// What the policies say.
#[derive(Clone, Debug)]
pub(super) enum Rule<'a> {
    /// A root user needs no statement.
    Allowed(Option<Place<'a>>),
    Explicit(Place<'a>),
    /// These do not allow it.
    Implicit(ImplicitDeny),
    /// It is denied, and it is not known by what.
    Denied(ImplicitDeny),
    Open(Uncertainty<'a>),
}

/// What does not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImplicitDeny {
    /// No policy that could grant it does.
    Grant,
    /// These policies, which must allow it too.
    Level(String),
}

/// What is in doubt.
#[derive(Clone, Debug)]
pub(super) enum Uncertainty<'a> {
    Unread(&'a Gap),
    Statement(Place<'a>, Why),
    /// Whether the accounts are one.
    Account,
}

/// Whether something in a policy allows, or denies.
#[derive(Clone, Debug)]
enum Found<'a> {
    Surely(Option<Place<'a>>),
    Maybe(Uncertainty<'a>),
    Never,
}

impl<'a> Found<'a> {
    fn of(answer: Answer, place: Place<'a>) -> Self {
        match answer {
            Answer::Yes => Self::Surely(Some(place)),
            Answer::Unknown(why) => Self::Maybe(Uncertainty::Statement(place, why)),
            Answer::No => Self::Never,
        }
    }

    /// Surely beats maybe beats never; the first counts.
    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Surely(_), _) | (Self::Maybe(_), Self::Maybe(_)) | (_, Self::Never) => self,
            _ => other,
        }
    }

    /// Never beats maybe beats surely; the first counts.
    fn and(self, other: &Self) -> Self {
        match (&self, other) {
            (Self::Never, _) | (Self::Maybe(_), Self::Maybe(_)) | (_, Self::Surely(_)) => self,
            _ => other.clone(),
        }
    }

    fn in_group(group: &Group<'a>, effect: Effect, ask: Ask<'_>, keys: &Keys) -> Self {
        let mut found = group.unread.map_or(Self::Never, |gap| Self::Maybe(Uncertainty::Unread(gap)));
        for document in &group.documents {
            for statement in &document.statements {
                let one = Self::of(statement.applies(effect, ask, keys), (document, statement));
                found = found.or(one);
                if let Self::Surely(_) = found {
                    return found;
                }
            }
        }
        found
    }
}

/// What a resource's policies allow, by what they are worth.
struct Named<'a> {
    direct: Found<'a>,
    role: Found<'a>,
    account: Found<'a>,
}

impl<'a> Case<'a> {
    /// Every group, and whether principals are named in its policies.
    pub(super) fn groups(&self) -> impl Iterator<Item = (&Group<'a>, Ask<'a>)> {
        let own = self.identity.iter().chain(&self.boundary).chain(&self.session).chain(&self.scps);
        let others = self.rcps.iter().chain(std::iter::once(&self.resource)).chain(&self.endpoint);
        let with_caller = Ask { caller: self.ask_of_resource.caller, ..self.ask };
        let trust = &self.resource;
        own.map(|group| (group, self.ask)).chain(others.map(move |group| {
            // Only the resource's own policy may leave out the resource.
            (group, if std::ptr::eq(group, trust) { self.ask_of_resource } else { with_caller })
        }))
    }

    /// What the policies say, as far as the keys are known.
    pub(super) fn rule(&self, keys: &Keys) -> Rule<'a> {
        let mut denied = Found::Never;
        for (group, ask) in self.groups() {
            denied = denied.or(Found::in_group(group, Effect::Deny, ask, keys));
            if let Found::Surely(Some(place)) = denied {
                return Rule::Explicit(place);
            }
        }
        let allows = |group: &Group<'a>, ask| Found::in_group(group, Effect::Allow, ask, keys);
        let with_caller = Ask { caller: self.ask_of_resource.caller, ..self.ask };
        let mut allowed = self.granted(keys);
        let mut lack = match &allowed {
            (Found::Never, lack) => Some(lack.clone()),
            _ => None,
        };
        let levels = self.rcps.iter().chain(&self.endpoint).map(|group| (group, with_caller));
        for (level, ask) in self.scps.iter().map(|group| (group, self.ask)).chain(levels) {
            if lack.is_some() {
                break;
            }
            let found = allows(level, ask);
            if let Found::Never = found {
                lack = Some(ImplicitDeny::Level(level.name.clone()));
            }
            allowed.0 = allowed.0.and(&found);
        }
        match (lack, allowed.0, denied) {
            (Some(lack), _, Found::Never) => Rule::Implicit(lack),
            (Some(lack), ..) => Rule::Denied(lack),
            (None, Found::Surely(place), Found::Never) => Rule::Allowed(place),
            (None, Found::Maybe(doubt), _) | (None, _, Found::Maybe(doubt)) => Rule::Open(doubt),
            // A surely denied one was told above; what is never allowed lacks something.
            (None, ..) => Rule::Denied(ImplicitDeny::Grant),
        }
    }

    /// Whether identity and resource allow it, each as far as it must; and what lacks if they never do.
    fn granted(&self, keys: &Keys) -> (Found<'a>, ImplicitDeny) {
        let within = |group: &Option<Group<'a>>| match group {
            None => Found::Surely(None),
            Some(group) => Found::in_group(group, Effect::Allow, self.ask, keys),
        };
        let identity = within(&self.identity);
        let boundary = within(&self.boundary);
        let session = within(&self.session);
        let own = identity.clone().and(&boundary).and(&session);
        let level = |group: &Option<Group<'a>>| {
            group.as_ref().map_or(ImplicitDeny::Grant, |own| ImplicitDeny::Level(own.name.clone()))
        };
        let lack = match (&identity, &boundary, &session) {
            (Found::Never, ..) => ImplicitDeny::Grant,
            (_, Found::Never, _) => level(&self.boundary),
            (_, _, Found::Never) => level(&self.session),
            _ => ImplicitDeny::Grant,
        };
        if self.side == Side::Identity {
            return (own, lack);
        }
        let Named { direct, role, account } = self.named(keys);
        let of_resource = || ImplicitDeny::Level(self.resource.name.clone());
        let by_any = direct.clone().or(role.clone()).or(account.clone());
        let same = |named: bool| {
            let by_role = role.clone().and(&boundary).and(&session);
            let by_resource = direct.clone().or(by_role).or(own.clone().and(&account));
            if named {
                let lack = if matches!(by_any, Found::Never) { of_resource() } else { lack.clone() };
                (by_resource, lack)
            } else {
                (own.clone().or(by_resource), lack.clone())
            }
        };
        let across = || {
            let lack = if matches!(own, Found::Never) { lack.clone() } else { of_resource() };
            (own.clone().and(&by_any), lack)
        };
        match self.side {
            Side::Identity => (own, lack),
            Side::Resource => (direct, of_resource()),
            Side::Same => same(false),
            Side::SameAndNamed => same(true),
            Side::Across => across(),
            Side::Unknown(named) => match (same(named), across()) {
                ((Found::Surely(place), lack), (Found::Surely(_), _)) => (Found::Surely(place), lack),
                ((Found::Never, lack), (Found::Never, _)) => (Found::Never, lack),
                ((Found::Maybe(doubt), lack), _) | (_, (Found::Maybe(doubt), lack)) => (Found::Maybe(doubt), lack),
                ((_, lack), _) => (Found::Maybe(Uncertainty::Account), lack),
            },
        }
    }

    fn named(&self, keys: &Keys) -> Named<'a> {
        let maybe = || self.resource.unread.map_or(Found::Never, |gap| Found::Maybe(Uncertainty::Unread(gap)));
        let mut named = Named { direct: maybe(), role: Found::Never, account: Found::Never };
        for document in &self.resource.documents {
            for statement in &document.statements {
                let has = statement.has(Effect::Allow, self.ask_of_resource, keys);
                if has == Answer::No {
                    continue;
                }
                let grants = statement.grants(self.ask_of_resource, false);
                let found = |answer| Found::of(Answer::all([has.clone(), answer]), (document, statement));
                named = Named {
                    direct: named.direct.or(found(grants.direct)),
                    role: named.role.or(found(grants.role)),
                    account: named.account.or(found(grants.account)),
                };
            }
        }
        named
    }
}
