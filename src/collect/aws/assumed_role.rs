//! The credentials of a role that is assumed, renewed when they expire.

use std::{
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

use super::credentials::RoleToAssume;

/// Assumes a role.
#[derive(Clone, Debug)]
pub(super) struct AssumedRole {
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) role: RoleToAssume,
}

pub(super) type Assumed = Result<AssumeRoleOutput, SdkError<AssumeRoleError, HttpResponse>>;

impl AssumedRole {
    pub(super) async fn assume(&self) -> Assumed {
        let call = self.sts.assume_role().role_arn(&self.role.arn).role_session_name("gatelight");
        call.set_external_id(self.role.external_id.clone()).send().await
    }
}

/// The credentials of the first time that the role was assumed, and new ones when those have expired.
#[derive(Debug)]
pub(super) struct Refreshing {
    first: Mutex<Option<Credentials>>,
    provider: AssumedRole,
}

impl Refreshing {
    pub(super) fn new(first: Credentials, provider: AssumedRole) -> Self {
        Self { first: Mutex::new(Some(first)), provider }
    }
}

impl ProvideCredentials for Refreshing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        future::ProvideCredentials::new(async move {
            if let Some(first) = first {
                return Ok(first);
            }
            let answer = self.provider.assume().await.map_err(CredentialsError::provider_error)?;
            credentials(answer).ok_or_else(|| CredentialsError::unhandled("the answer lacks the credentials"))
        })
    }
}

/// The credentials in an answer; `None` if it lacks them.
pub(super) fn credentials(answer: AssumeRoleOutput) -> Option<Credentials> {
    let given = answer.credentials?;
    let expires = SystemTime::try_from(given.expiration).ok()?;
    Some(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        Some(expires),
        "AssumeRole",
    ))
}
