//! Why a fact is not known.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::AccessDenial;

/// Why a fact is not known. Cheap to clone: one gap is cited by every verdict that it leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap(Arc<GapDetails>);

/// What a [`Gap`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GapDetails {
    /// The call that would have given it, in AWS's words: `apigateway:GetStages`.
    pub operation: String,
    /// The IAM action that allows the call: `apigateway:GET`. Empty where no permission is at stake.
    pub permission: String,
    /// The ARN or name that was asked about; `*` where everything was.
    pub resource: String,
    /// Which kind of gap it is.
    pub kind: GapKind,
    /// What AWS answered, or why the fact cannot be known; plain text.
    pub message: String,
    /// Which policy denied the call, where AWS says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied_by: Option<AccessDenial>,
}

/// Why a fact can be missing. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// AWS refused the call.
    Denied,
    /// AWS asked to slow down until we gave up.
    Throttled,
    /// No answer within the time limits.
    TimedOut,
    /// The service or the endpoint does not know the call.
    Unsupported,
    /// Any other error, and answers that cannot be read.
    Failed,
    /// Nobody outside can prove it, whatever the permissions.
    Unprovable,
    /// Nobody asked: a check that was not chosen needs it, or an older version saved the file.
    NotCollected,
}

impl GapKind {
    /// The name in the JSON report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::TimedOut => "timed-out",
            Self::Unsupported => "unsupported",
            Self::Failed => "failed",
            Self::Unprovable => "unprovable",
            Self::NotCollected => "not-collected",
        }
    }
}

impl Gap {
    /// A gap that holds `why`.
    #[must_use]
    pub fn new(why: GapDetails) -> Self {
        Self(Arc::new(why))
    }

    /// A fact that no call can prove, or that the rules here do not understand. `about` names the thing.
    #[must_use]
    pub fn unprovable(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::without_call(GapKind::Unprovable, about, message)
    }

    /// A fact that nobody asked for.
    #[must_use]
    pub fn not_collected(about: impl Into<String>) -> Self {
        Self::without_call(GapKind::NotCollected, about, "the inventory does not hold it")
    }

    fn without_call(kind: GapKind, about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(GapDetails {
            operation: String::new(),
            permission: String::new(),
            resource: about.into(),
            kind,
            message: message.into(),
            denied_by: None,
        })
    }

    /// Whether a listing of everything could not be read, rather than what was asked about one thing.
    #[must_use]
    pub fn is_of_a_listing(&self) -> bool {
        self.why().resource == "*" && !self.why().operation.is_empty()
    }

    /// Whether granting its permission is what would help: AWS denied the call, and names no policy that a grant does not
    /// change.
    #[must_use]
    pub fn wants_a_grant(&self) -> bool {
        let GapDetails { kind, permission, denied_by, .. } = self.why();
        *kind == GapKind::Denied && !permission.is_empty() && denied_by.as_ref().is_none_or(AccessDenial::wants_a_grant)
    }

    /// What is known about it.
    #[must_use]
    pub fn why(&self) -> &GapDetails {
        &self.0
    }
}

/// A gap can be the reason why an account cannot be read at all.
impl std::error::Error for Gap {}

/// One sentence for a person: what is not known and, where one would help, the permission that is missing.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GapDetails { operation, permission, resource, kind, message, denied_by } = self.why();
        match kind {
            GapKind::Denied => {
                write!(f, "{operation} was denied")?;
                let on = if resource.is_empty() { String::new() } else { format!(" on {resource}") };
                match permission.as_str() {
                    "" => {}
                    permission if self.wants_a_grant() => write!(f, "; needs {permission}{on}")?,
                    permission => write!(f, " ({permission}{on})")?,
                }
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
                match denied_by.as_ref().and_then(AccessDenial::advice) {
                    Some(advice) => write!(f, "; {advice}"),
                    None => Ok(()),
                }
            }
            GapKind::Throttled => write!(f, "{operation} was throttled until Gatelight gave up: {message}"),
            GapKind::TimedOut => write!(f, "{operation} did not answer in time: {message}"),
            GapKind::Unsupported => write!(f, "{operation} is not supported here: {message}"),
            // An account that could not be opened failed before any call.
            GapKind::Failed if operation.is_empty() => f.write_str(message),
            GapKind::Failed => write!(f, "{operation} failed: {message}"),
            GapKind::Unprovable => f.write_str(message),
            GapKind::NotCollected => write!(f, "not collected: {resource}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DenyingPolicy;

    #[test]
    fn a_denied_call_names_the_missing_permission() {
        let gap = Gap::new(GapDetails {
            operation: "apigateway:GetStages".into(),
            permission: "apigateway:GET".into(),
            resource: "/restapis/a/stages".into(),
            kind: GapKind::Denied,
            message: String::new(),
            denied_by: None,
        });
        assert_eq!(gap.to_string(), "apigateway:GetStages was denied; needs apigateway:GET on /restapis/a/stages");
    }

    #[test]
    fn a_call_that_a_policy_of_the_organization_denied_does_not_ask_for_a_permission() {
        let denial = AccessDenial {
            policy: Some(DenyingPolicy::ServiceControlPolicy),
            explicit: true,
            arn: Some("arn:aws:organizations::987654321098:policy/o-a/service_control_policy/p-1".into()),
        };
        let gap = Gap::new(GapDetails {
            operation: "apigateway:GetRestApis".into(),
            permission: "apigateway:GET".into(),
            resource: "/restapis".into(),
            kind: GapKind::Denied,
            message: denial.to_string(),
            denied_by: Some(denial),
        });
        assert!(!gap.wants_a_grant());
        assert_eq!(
            gap.to_string(),
            "apigateway:GetRestApis was denied (apigateway:GET on /restapis): explicit deny in a service control policy \
             (arn:aws:organizations::987654321098:policy/o-a/service_control_policy/p-1); no permission in this account \
             helps; only an administrator of the organization can change that policy"
        );
    }
}
