//! Who makes a request, and whether a Principal or NotPrincipal element names that caller. The rules are those of
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.

use crate::{
    glob::{Colons, Match, Text, match_text},
    identity::{self, Identity, IdentityKind},
    json::Json,
    keys::ConditionKeys,
    pattern::Pattern,
    truth::Truth,
};

/// Who makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// An AWS service, by its principal: `apigateway.amazonaws.com`.
    Service(&'a str),
    /// An identity of an account.
    Identity(&'a Identity),
    /// A caller without AWS credentials.
    Anonymous,
}

/// A Principal or NotPrincipal element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PrincipalElement {
    /// It is a NotPrincipal.
    pub(super) negated: bool,
    pub(super) names: PrincipalNames,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum PrincipalNames {
    /// `"*"`.
    Everyone,
    /// Names by type: `AWS`, `Service`, …
    Listed(Vec<(String, Vec<String>)>),
}

/// How a Principal element names the caller, which decides what else must allow the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrincipalMatch {
    /// By its own name or as everyone: in the same account, nothing else need allow the request.
    pub(super) direct: Truth,
    /// By the role of its session: permissions boundary and session policies still limit it.
    pub(super) role: Truth,
    /// By its account, whose identity policies must then allow the request as well.
    pub(super) account: Truth,
}

impl PrincipalMatch {
    pub(super) fn direct(direct: Truth) -> Self {
        Self { direct, role: Truth::False, account: Truth::False }
    }

    fn none() -> Self {
        Self::direct(Truth::False)
    }

    pub(super) fn any(self) -> Truth {
        Truth::any([self.direct, self.role, self.account])
    }

    fn or(self, other: Self) -> Self {
        let either = |one, other| Truth::any([one, other]);
        Self {
            direct: either(self.direct, other.direct),
            role: either(self.role, other.role),
            account: either(self.account, other.account),
        }
    }
}

impl PrincipalElement {
    pub(super) fn read(json: Json, negated: bool) -> Result<Self, String> {
        let element = if negated { "NotPrincipal" } else { "Principal" };
        let names = match json {
            Json::Text(text) if text == "*" => PrincipalNames::Everyone,
            Json::Map(kinds) if !kinds.is_empty() => {
                let listed = |(kind, names): (String, Json)| Some((kind, names.texts()?));
                let kinds = kinds.into_iter().map(listed).collect::<Option<_>>();
                PrincipalNames::Listed(kinds.ok_or_else(|| format!("its {element} is no text or list"))?)
            }
            _ => return Err(format!("its {element} cannot be read")),
        };
        Ok(Self { negated, names })
    }

    /// The services that it names; none where it names who is excepted.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let kinds = match &self.names {
            PrincipalNames::Listed(kinds) if !self.negated => &kinds[..],
            _ => &[],
        };
        let services = kinds.iter().filter(|(kind, _)| kind == "Service");
        services.flat_map(|(_, names)| names.iter().map(String::as_str))
    }

    /// How the element names the caller. `denies`: the statement has the effect Deny.
    pub(super) fn matches(&self, caller: Caller<'_>, denies: bool) -> PrincipalMatch {
        match (&self.names, caller) {
            (PrincipalNames::Everyone, _) => PrincipalMatch::direct(Truth::from(!self.negated)),
            (PrincipalNames::Listed(kinds), Caller::Identity(identity)) if self.negated => {
                PrincipalMatch::direct(not_principal_applies(kinds, identity, denies))
            }
            (PrincipalNames::Listed(kinds), _) => {
                let names = kinds.iter().flat_map(|(kind, names)| names.iter().map(move |name| (kind.as_str(), name)));
                let found = names
                    .map(|(kind, name)| match_name(kind, name, caller, denies))
                    .fold(PrincipalMatch::none(), PrincipalMatch::or);
                if self.negated { PrincipalMatch::direct(!found.any()) } else { found }
            }
        }
    }
}

/// How one name in the element names the caller.
fn match_name(kind: &str, name: &str, caller: Caller<'_>, denies: bool) -> PrincipalMatch {
    match (kind, caller) {
        ("Service", Caller::Service(service)) => PrincipalMatch::direct(is_service(name, service)),
        // "For anonymous users, the following elements are equivalent" to `"*"`; so they are for identities.
        ("AWS", Caller::Service(_)) if name == "*" => PrincipalMatch::direct(Truth::not_understood(
            "AWS does not document whether the principal {\"AWS\": \"*\"} includes AWS services",
        )),
        ("AWS", _) if name == "*" => PrincipalMatch::direct(Truth::True),
        ("AWS", Caller::Identity(identity)) => match_identity(name, identity, denies),
        // A canonical user ID is another name for an account.
        ("CanonicalUser", Caller::Identity(_)) => {
            PrincipalMatch::direct(Truth::not_understood("which account its canonical user is is not known"))
        }
        ("AWS" | "Service" | "Federated" | "CanonicalUser", _) => PrincipalMatch::none(),
        _ => PrincipalMatch::direct(Truth::not_understood(format!(
            "its Principal has the kind {kind}, which is not known"
        ))),
    }
}

/// How a principal of the type `AWS`, other than `*`, names the identity.
fn match_identity(name: &str, identity: &Identity, denies: bool) -> PrincipalMatch {
    let as_account = |holds: bool| PrincipalMatch { account: holds.into(), ..PrincipalMatch::none() };
    if name == identity.account {
        return as_account(true);
    }
    match identity::parse(name) {
        Some(named) if named.kind == IdentityKind::Root => as_account(named.account == identity.account),
        Some(_) if name == identity.arn => match identity.kind {
            IdentityKind::Role(_) => PrincipalMatch { role: Truth::True, ..PrincipalMatch::none() },
            _ => PrincipalMatch::direct(Truth::True),
        },
        // The role of the session. The session's ARN lacks the role's path, but role names are unique without it.
        Some(named) if identity.is_session_of(&named) => PrincipalMatch { role: Truth::True, ..PrincipalMatch::none() },
        // "You cannot use a wildcard to match part of a principal name or ARN": it names nobody, and AWS rejects such a
        // policy. A Deny is unknown instead, to be safe.
        _ if denies && name.contains(['*', '?']) && matches_with_wildcards(name, &identity.arn) => {
            PrincipalMatch::direct(Truth::not_understood(format!(
                "its principal {name} has a wildcard, which AWS does not allow"
            )))
        }
        _ => PrincipalMatch::none(),
    }
}

fn matches_with_wildcards(name: &str, arn: &str) -> bool {
    match_text(&Pattern::read(name, true, false).tokens(&ConditionKeys::default()), Text::whole(arn), Colons::Free)
        == Match::Yes
}

/// Whether a statement with this NotPrincipal applies to the identity. "AWS might validate the account first, then the
/// role, and then the assumed-role user": unknown if the identity is named, but not its role and account as well.
fn not_principal_applies(kinds: &[(String, Vec<String>)], identity: &Identity, denies: bool) -> Truth {
    let (mut itself, mut role, mut account) = (false, false, false);
    for (kind, names) in kinds {
        if !["AWS", "Service", "Federated"].contains(&kind.as_str()) {
            return Truth::not_understood(format!(
                "its NotPrincipal has the kind {kind}, of which it is not known whom it means"
            ));
        }
        for name in names.iter().filter(|_| kind == "AWS") {
            if name == "*" {
                return Truth::False;
            }
            let found = match_identity(name, identity, true);
            if let Truth::Unknown(why) = found.direct {
                return Truth::Unknown(why);
            }
            itself |= *name == identity.arn;
            role |= found.role == Truth::True;
            account |= found.account == Truth::True;
        }
    }
    let role = role || !matches!(identity.kind, IdentityKind::Session { .. });
    let itself = itself || (account && identity.kind == IdentityKind::Root);
    match (itself, role && account) {
        (true, true) => Truth::False,
        (true, false) => Truth::not_understood(
            "its NotPrincipal names who asks without their account or role, which AWS may deny all the same",
        ),
        // "All principals except" those named: naming an account does not exempt its other identities.
        (false, _) if denies => Truth::True,
        (false, _) if account || role && matches!(identity.kind, IdentityKind::Session { .. }) => {
            Truth::not_understood("its NotPrincipal names the account or role of who asks, and not who asks")
        }
        (false, _) => Truth::True,
    }
}

fn is_service(name: &str, service: &str) -> Truth {
    if name == service {
        return Truth::True;
    }
    let wild = Pattern::action(name);
    // `apigateway.us-east-1.amazonaws.com`, `apigateway.amazonaws.com.cn`: the same service in some regions.
    let service_name = service.split_once('.').map_or(service, |(first, _)| first);
    let first = name.split_once('.').map_or(name, |(first, _)| first);
    // Principals of two regions differ: `logs.us-east-1.amazonaws.com`, `logs.eu-west-1.amazonaws.com`.
    if let (Some(one), Some(other)) = (region_of(name), region_of(service))
        && one != other
    {
        return Truth::False;
    }
    if first.eq_ignore_ascii_case(service_name)
        || match_text(&wild.tokens(&ConditionKeys::default()), Text::whole(service), Colons::Free) == Match::Yes
    {
        return Truth::not_understood(format!("it is not known whether the service {name} is {service} here"));
    }
    Truth::False
}

/// The region in a service principal, if it contains one.
fn region_of(service: &str) -> Option<&str> {
    let middle = service.strip_suffix(".amazonaws.com")?.split_once('.')?.1;
    let is_region = middle.ends_with(|c: char| c.is_ascii_digit()) && !middle.contains(['.', '*', '?']);
    is_region.then_some(middle)
}

#[cfg(test)]
mod tests;
