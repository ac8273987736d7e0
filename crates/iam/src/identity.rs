//! Identities of AWS accounts, read from their ARNs.

use gatelight_model::arn::Arn;

/// An identity of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub(super) arn: String,
    pub(super) partition: String,
    pub(super) account: String,
    pub(super) kind: IdentityKind,
}

/// What kind of identity it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IdentityKind {
    /// The account's root user; in a Principal element, the whole account.
    Root,
    User,
    /// By its name, without the path.
    Role(String),
    /// A session of a role.
    Session {
        role: String,
    },
    /// A session of a federated user, from GetFederationToken.
    Federated,
}

impl Identity {
    /// Reads the ARN of a user, a role, a session or a root user.
    #[must_use]
    pub fn read(arn: &str) -> Option<Self> {
        parse(arn).filter(|identity| !arn.contains(['*', '?']) && identity.account.len() == 12)
    }

    /// Twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The value of `aws:PrincipalArn`: "for IAM roles, the request context returns the ARN of the role, not the ARN of
    /// the user that assumed the role"
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). `None` for
    /// sessions of Identity Center's roles: these roles have a path, and a session's ARN does not contain it.
    #[must_use]
    pub fn principal_arn(&self) -> Option<String> {
        match &self.kind {
            IdentityKind::Session { role } if role.starts_with("AWSReservedSSO_") => None,
            IdentityKind::Session { role } => Some(format!("arn:{}:iam::{}:role/{role}", self.partition, self.account)),
            _ => Some(self.arn.clone()),
        }
    }

    /// Whether it is a session of that role.
    pub(super) fn is_session_of(&self, role: &Self) -> bool {
        match (&self.kind, &role.kind) {
            (IdentityKind::Session { role: own }, IdentityKind::Role(name)) => {
                own == name && (&self.partition, &self.account) == (&role.partition, &role.account)
            }
            _ => false,
        }
    }

    /// Whether it is a service-linked role, which neither SCPs nor RCPs restrict
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>).
    pub(super) fn is_service_linked(&self) -> bool {
        match &self.kind {
            IdentityKind::Role(name) | IdentityKind::Session { role: name } => {
                name.starts_with("AWSServiceRoleFor")
                    && (matches!(self.kind, IdentityKind::Session { .. })
                        || self.arn.contains(":role/aws-service-role/"))
            }
            _ => false,
        }
    }
}

/// Reads the ARN of an identity, or of an account as its root user.
pub(super) fn parse(text: &str) -> Option<Identity> {
    let Arn { partition, service, region, account, resource } = Arn::parse(text)?;
    let last = |path: &str| path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    let kind = match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => IdentityKind::Root,
        ("iam", Some(("user", path))) => last(path).map(|_| IdentityKind::User)?,
        ("iam", Some(("role", path))) => IdentityKind::Role(last(path)?),
        ("sts", Some(("assumed-role", rest))) => {
            let (role, session) = rest.split_once('/')?;
            if role.is_empty() || session.is_empty() || session.contains('/') {
                return None;
            }
            IdentityKind::Session { role: role.to_owned() }
        }
        ("sts", Some(("federated-user", name))) if !name.is_empty() => IdentityKind::Federated,
        _ => return None,
    };
    let digits = account.bytes().all(|byte| byte.is_ascii_digit());
    (region.is_empty() && !account.is_empty() && digits).then(|| Identity {
        arn: text.to_owned(),
        partition: partition.to_owned(),
        account: account.to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arns_of_identities_are_read() {
        for (arn, principal) in [
            ("arn:aws:iam::111122223333:root", Some("arn:aws:iam::111122223333:root")),
            ("arn:aws:iam::111122223333:user/a/b", Some("arn:aws:iam::111122223333:user/a/b")),
            ("arn:aws-cn:iam::111122223333:role/p/r", Some("arn:aws-cn:iam::111122223333:role/p/r")),
            ("arn:aws:sts::111122223333:assumed-role/r/s", Some("arn:aws:iam::111122223333:role/r")),
            ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_x/s", None),
            ("arn:aws:sts::111122223333:federated-user/u", Some("arn:aws:sts::111122223333:federated-user/u")),
        ] {
            let identity = Identity::read(arn).expect(arn);
            assert_eq!(identity.principal_arn().as_deref(), principal);
            assert_eq!(identity.account(), "111122223333");
        }
        for arn in [
            "",
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::1111:role/r",
            "arn:aws:iam::abcdefghijkl:role/r",
            "arn:aws:iam:us-east-1:111122223333:role/r",
            "arn:aws:iam:::role/r",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:sts::111122223333:assumed-role/r",
            "arn:aws:sts::111122223333:assumed-role//s",
            "arn:aws:sts::111122223333:assumed-role/r/",
            "arn:aws:sts::111122223333:assumed-role/r/s/t",
            "arn:aws:sts::111122223333:federated-user/",
            "arn:aws:s3:::bucket",
        ] {
            assert_eq!(Identity::read(arn), None, "{arn}");
        }
    }

    #[test]
    fn a_service_linked_role_is_recognized_by_path_and_name() {
        for (rest, expected) in [
            ("iam::111122223333:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway", true),
            // The ARN of a session has no path.
            ("sts::111122223333:assumed-role/AWSServiceRoleForAPIGateway/s", true),
            ("iam::111122223333:role/AWSServiceRoleForAPIGateway", false),
            ("iam::111122223333:role/aws-service-role/x/other", false),
            ("sts::111122223333:assumed-role/r/s", false),
            ("iam::111122223333:user/AWSServiceRoleForAPIGateway", false),
        ] {
            let arn = format!("arn:aws:{rest}");
            assert_eq!(Identity::read(&arn).expect(&arn).is_service_linked(), expected, "{arn}");
        }
    }
}
