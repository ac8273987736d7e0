//! Who makes a request, and whom a Principal or NotPrincipal element names. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.

use super::{
    answer::Answer,
    glob::{Colons, Match, Text, run},
    json::Json,
    keys::Keys,
    pattern::Pattern,
};
use crate::identity::{Identity, Who, arn_kind};

/// Who makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// An AWS service, by its principal: `apigateway.amazonaws.com`.
    Service(&'a str),
    /// An identity of an account.
    Identity(&'a Identity),
    /// Nobody that AWS knows.
    Anonymous,
}

/// What a Principal element names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Principals {
    /// NotPrincipal.
    pub(super) negated: bool,
    pub(super) named: Named,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Named {
    /// `"*"`.
    Everyone,
    /// By kind: `AWS`, `Service`, …
    Listed(Vec<(String, Vec<String>)>),
}

/// As what a caller is named. What an Allow is worth hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grants {
    /// As itself, or as one of all: nothing else need allow it in the same account.
    pub(super) direct: Answer,
    /// As the role whose session it is: boundaries and session policies still limit it.
    pub(super) role: Answer,
    /// As one of an account, which must then allow it.
    pub(super) account: Answer,
}

impl Grants {
    fn direct(direct: Answer) -> Self {
        Self { direct, role: Answer::No, account: Answer::No }
    }

    fn none() -> Self {
        Self::direct(Answer::No)
    }

    pub(super) fn any(self) -> Answer {
        Answer::any([self.direct, self.role, self.account])
    }

    fn or(self, other: Self) -> Self {
        let either = |one, other| Answer::any([one, other]);
        Self {
            direct: either(self.direct, other.direct),
            role: either(self.role, other.role),
            account: either(self.account, other.account),
        }
    }
}

impl Principals {
    pub(super) fn read(json: Json, negated: bool) -> Result<Self, String> {
        let element = if negated { "NotPrincipal" } else { "Principal" };
        let named = match json {
            Json::Text(text) if text == "*" => Named::Everyone,
            Json::Map(kinds) if !kinds.is_empty() => {
                let listed = |(kind, names): (String, Json)| Some((kind, names.texts()?));
                let kinds = kinds.into_iter().map(listed).collect::<Option<_>>();
                Named::Listed(kinds.ok_or_else(|| format!("its {element} is no text or list"))?)
            }
            _ => return Err(format!("its {element} cannot be read")),
        };
        Ok(Self { negated, named })
    }

    /// Whether a statement with this element is about the caller, and as what it names it. `denies`: the statement has
    /// the effect Deny.
    pub(super) fn include(&self, caller: Caller<'_>, denies: bool) -> Grants {
        match (&self.named, caller) {
            (Named::Everyone, _) => Grants::direct(Answer::from(!self.negated)),
            (Named::Listed(kinds), Caller::Identity(identity)) if self.negated => {
                Grants::direct(all_but(kinds, identity, denies))
            }
            (Named::Listed(kinds), _) => {
                let names = kinds.iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind.as_str(), name)));
                let found = names.map(|(kind, name)| one(kind, name, caller, denies)).fold(Grants::none(), Grants::or);
                if self.negated { Grants::direct(!found.any()) } else { found }
            }
        }
    }
}

/// Whether one principal is the caller.
fn one(kind: &str, name: &str, caller: Caller<'_>, denies: bool) -> Grants {
    match (kind, caller) {
        ("Service", Caller::Service(service)) => Grants::direct(is_service(name, service)),
        // "For anonymous users, the following elements are equivalent" to `"*"`; identities are all the more named.
        ("AWS", Caller::Service(_)) if name == "*" => Grants::direct(Answer::unknown(
            "AWS does not document whether the principal {\"AWS\": \"*\"} includes AWS services",
        )),
        ("AWS", _) if name == "*" => Grants::direct(Answer::Yes),
        ("AWS", Caller::Identity(identity)) => is_identity(name, identity, denies),
        // A canonical user is an account, by another name.
        ("CanonicalUser", Caller::Identity(_)) => {
            Grants::direct(Answer::unknown("which account its canonical user is is not known"))
        }
        ("AWS" | "Service" | "Federated" | "CanonicalUser", _) => Grants::none(),
        _ => Grants::direct(Answer::unknown(format!("its Principal has the kind {kind}, which is not known"))),
    }
}

/// Whether a principal of the kind `AWS`, other than `*`, is the identity.
fn is_identity(name: &str, identity: &Identity, denies: bool) -> Grants {
    let as_account = |holds: bool| Grants { account: holds.into(), ..Grants::none() };
    if name == identity.account {
        return as_account(true);
    }
    match arn_kind(name) {
        Some(named) if named.who == Who::Root => as_account(named.account == identity.account),
        Some(_) if name == identity.arn => match identity.who {
            Who::Role(_) => Grants { role: Answer::Yes, ..Grants::none() },
            _ => Grants::direct(Answer::Yes),
        },
        // The role of a session. Its path is not in the session's ARN, and names are unique without it.
        Some(named) if identity.is_session_of(&named) => Grants { role: Answer::Yes, ..Grants::none() },
        // "You cannot use a wildcard to match part of a principal name or ARN": it names nobody. AWS refuses such a
        // policy; where it denies, that is not relied on.
        _ if denies && name.contains(['*', '?']) && is_like(name, &identity.arn) => {
            Grants::direct(Answer::unknown(format!("its principal {name} has a wildcard, which AWS does not allow")))
        }
        _ => Grants::none(),
    }
}

fn is_like(name: &str, arn: &str) -> bool {
    run(&Pattern::read(name, true, false).tokens(&Keys::default()), Text::whole(arn), Colons::Free) == Match::Yes
}

/// Whether a NotPrincipal leaves the identity in. "AWS might validate the account first, then the role, and then the
/// assumed-role user": one that is named itself, but not with its role and account, may or may not be left out.
fn all_but(kinds: &[(String, Vec<String>)], identity: &Identity, denies: bool) -> Answer {
    let (mut itself, mut role, mut account) = (false, false, false);
    for (kind, names) in kinds {
        if !["AWS", "Service", "Federated"].contains(&kind.as_str()) {
            return Answer::unknown(format!(
                "its NotPrincipal has the kind {kind}, of which it is not known whom it means"
            ));
        }
        for name in names.iter().filter(|_| kind == "AWS") {
            if name == "*" {
                return Answer::No;
            }
            let found = is_identity(name, identity, true);
            if let Answer::Unknown(why) = found.direct {
                return Answer::Unknown(why);
            }
            itself |= *name == identity.arn;
            role |= found.role == Answer::Yes;
            account |= found.account == Answer::Yes;
        }
    }
    let role = role || !matches!(identity.who, Who::Session { .. });
    let itself = itself || (account && identity.who == Who::Root);
    match (itself, role && account) {
        (true, true) => Answer::No,
        (true, false) => Answer::unknown(
            "its NotPrincipal names who asks without their account or role, which AWS may deny all the same",
        ),
        // "All principals except": naming the account as well does not leave its other identities out.
        (false, _) if denies => Answer::Yes,
        (false, _) if account || role && matches!(identity.who, Who::Session { .. }) => {
            Answer::unknown("its NotPrincipal names the account or role of who asks, and not who asks")
        }
        (false, _) => Answer::Yes,
    }
}

fn is_service(name: &str, service: &str) -> Answer {
    if name == service {
        return Answer::Yes;
    }
    let wild = Pattern::action(name);
    // `apigateway.us-east-1.amazonaws.com`, `apigateway.amazonaws.com.cn`: the same service in some places.
    let kin = service.split_once('.').map_or(service, |(first, _)| first);
    let first = name.split_once('.').map_or(name, |(first, _)| first);
    // The principals of two regions are two: `logs.us-east-1.amazonaws.com`, `logs.eu-west-1.amazonaws.com`.
    if let (Some(one), Some(other)) = (region_of(name), region_of(service))
        && one != other
    {
        return Answer::No;
    }
    if first.eq_ignore_ascii_case(kin)
        || run(&wild.tokens(&Keys::default()), Text::whole(service), Colons::Free) == Match::Yes
    {
        return Answer::unknown(format!("it is not known whether the service {name} is {service} here"));
    }
    Answer::No
}

/// The region in a service's principal, if it names one.
fn region_of(service: &str) -> Option<&str> {
    let middle = service.strip_suffix(".amazonaws.com")?.split_once('.')?.1;
    let is_region = middle.ends_with(|c: char| c.is_ascii_digit()) && !middle.contains(['.', '*', '?']);
    is_region.then_some(middle)
}

#[cfg(test)]
mod tests;
