//! Credentials, and the clients that use them.

use std::{
    env,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use aws_config::{
    BehaviorVersion, Region, SdkConfig,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};
use gatelight_model::{Gap, arn::Arn};

use super::{
    assumed_role::{AssumedRole, Refreshing, credentials},
    call::{Calls, lacks},
    credentials::{CredentialSource, RoleToAssume, check_endpoints, check_profile, without_user},
    integrity::WellFormed,
    operation::Operation,
    refusal::{BAD_CREDENTIALS, chain, rejection},
};

/// Where to call services and ask about regions when nobody named one.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

const CONNECT_LIMIT: Duration = Duration::from_millis(3_100);
const READ_LIMIT: Duration = Duration::from_secs(10);
const ATTEMPT_LIMIT: Duration = Duration::from_secs(12);
/// Finding credentials may ask an instance's metadata service, a process or SSO.
const CREDENTIALS_LIMIT: Duration = Duration::from_secs(8);

/// Credentials, and one HTTP client for all who use them.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    whose: CredentialSource,
    config: SdkConfig,
}

/// Who the credentials belong to.
#[derive(Clone, Debug)]
pub(crate) struct CallerIdentity {
    /// Twelve digits, if it is known.
    pub(crate) account: Result<String, Gap>,
    /// From the caller's ARN.
    pub(crate) partition: Option<String>,
}

impl Session {
    /// Checks that the settings and profiles it would use exist.
    ///
    /// # Errors
    /// Names the profile or variable that is wrong.
    pub(crate) async fn check(whose: &CredentialSource) -> anyhow::Result<()> {
        check_endpoints()?;
        match whose {
            CredentialSource::Role(role) => check_profile(&role.base()).await,
            CredentialSource::Default | CredentialSource::Profile(_) => check_profile(whose).await,
        }
    }

    /// Finds credentials. `calls` assumes the role, if it is one.
    ///
    /// # Errors
    /// If there are none: one sentence with what to do; or the gap that a refused role leaves.
    pub(crate) async fn open(whose: &CredentialSource, http: &SharedHttpClient, calls: &Calls) -> anyhow::Result<Self> {
        match whose {
            CredentialSource::Role(role) => Self::find(&role.base(), http).await?.assume(role, calls).await,
            CredentialSource::Default | CredentialSource::Profile(_) => Self::find(whose, http).await,
        }
    }

    /// The session of a role that this one's credentials assume.
    async fn assume(self, role: &RoleToAssume, calls: &Calls) -> anyhow::Result<Self> {
        let region = self.region().unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let provider = AssumedRole { sts: self.sts(&region), role: role.clone() };
        let first = calls.call(Operation::AssumeRole, &role.arn, async || provider.assume().await).await?;
        let first = credentials(first).context("the answer to sts:AssumeRole lacks the credentials")?;
        let provider = SharedCredentialsProvider::new(Refreshing::new(first, provider));
        let config = self.config.to_builder().credentials_provider(provider).build();
        Ok(Self { whose: CredentialSource::Role(role.clone()), config })
    }

    async fn find(whose: &CredentialSource, http: &SharedHttpClient) -> anyhow::Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .operation_attempt_timeout(ATTEMPT_LIMIT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled());
        if let CredentialSource::Profile(name) = whose {
            // An explicit profile wins over keys in the environment, as with the AWS CLI. The region does not: there
            // AWS_REGION comes first.
            let region = ProfileFileRegionProvider::builder().profile_name(name).build();
            let region = aws_config::meta::region::RegionProviderChain::first_try(
                aws_config::environment::EnvironmentVariableRegionProvider::new(),
            )
            .or_else(region);
            let region = region.region().await;
            let provider = ProviderConfig::empty().with_http_client(http.clone()).with_region(region.clone());
            let provider = ProfileFileCredentialsProvider::builder().profile_name(name).configure(&provider).build();
            loader = loader.profile_name(name).region(region).credentials_provider(provider);
        }
        let advice = match whose {
            CredentialSource::Default => {
                "pass --profile NAME, run `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned()
            }
            CredentialSource::Profile(name) => format!("check that profile, or run `aws sso login --profile {name}`"),
            CredentialSource::Role(_) => unreachable!("a role is assumed, not found"),
        };
        let find = async {
            let config = loader.load().await;
            let Some(provider) = config.credentials_provider() else {
                bail!("no AWS credentials in {whose}; {advice}");
            };
            if let Err(error) = provider.provide_credentials().await {
                bail!("no AWS credentials from {whose} ({}); {advice}", chain(&error));
            }
            Ok(Self { whose: whose.clone(), config })
        };
        match tokio::time::timeout(CREDENTIALS_LIMIT, find).await {
            Ok(found) => found,
            Err(_) => bail!("no AWS credentials from {whose} within {} seconds; {advice}", CREDENTIALS_LIMIT.as_secs()),
        }
    }

    /// The region of the environment or profile.
    pub(crate) fn region(&self) -> Option<String> {
        self.config.region().map(ToString::to_string)
    }

    /// The settings for the clients of a region.
    pub(crate) fn in_region(&self, region: &str) -> SdkConfig {
        self.config.to_builder().region(Region::new(region.to_owned())).build()
    }

    /// IAM as it is called in a region's partition.
    pub(crate) fn iam(&self, region: &str) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::config::Builder::from(&self.in_region(region)).interceptor(WellFormed);
        aws_sdk_iam::Client::from_conf(config.build())
    }

    /// EC2 in a region.
    pub(crate) fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let config = aws_sdk_ec2::config::Builder::from(&self.in_region(region)).interceptor(WellFormed);
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// Organizations as it is called in a region's partition.
    pub(crate) fn organizations(&self, region: &str) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.in_region(region))
    }

    /// Route 53 as it is called in a region's partition.
    pub(crate) fn route53(&self, region: &str) -> aws_sdk_route53::Client {
        let config = aws_sdk_route53::config::Builder::from(&self.in_region(region)).interceptor(WellFormed);
        aws_sdk_route53::Client::from_conf(config.build())
    }

    fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.in_region(region)).interceptor(WellFormed);
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// Asks AWS which identity these credentials belong to.
    ///
    /// # Errors
    /// If AWS rejects them, or cannot be reached. A refused call is no error: the account is then not known.
    pub(crate) async fn caller(&self, region: &str, calls: &Calls) -> anyhow::Result<CallerIdentity> {
        let sts = self.sts(region);
        // The first call shows what the gap would not: whether anybody is there, and takes the credentials.
        let fatal = Mutex::new(None);
        let answer = calls
            .call(Operation::GetCallerIdentity, "*", async || {
                let answer = sts.get_caller_identity().send().await;
                if let Err(error) = &answer {
                    *fatal.lock().unwrap_or_else(PoisonError::into_inner) = self.fatal(region, error);
                }
                answer
            })
            .await;
        if let Some(fatal) = fatal.into_inner().unwrap_or_else(PoisonError::into_inner)
            && answer.is_err()
        {
            return Err(fatal);
        }
        Ok(match answer {
            Ok(identity) => CallerIdentity {
                partition: identity.arn().and_then(Arn::parse).map(|arn| arn.partition.to_owned()),
                account: identity.account.ok_or_else(|| lacks(Operation::GetCallerIdentity, "*", "the account")),
            },
            Err(gap) => CallerIdentity { account: Err(gap), partition: None },
        })
    }

    fn fatal<E: ProvideErrorMetadata + std::error::Error + 'static>(
        &self,
        region: &str,
        error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    ) -> Option<anyhow::Error> {
        match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Some(anyhow!(
                "could not reach AWS at {} for region {region} ({}); {}",
                self.endpoint(region),
                chain(error),
                if chain(error).contains("certificate") {
                    "if a proxy opens TLS connections, name its certificate in AWS_CA_BUNDLE"
                } else {
                    "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
                }
            )),
            SdkError::ConstructionFailure(_) => {
                Some(anyhow!("no AWS credentials from {}: {}", self.whose, chain(error)))
            }
            SdkError::ServiceError(service) => {
                let code = service.err().code()?;
                // Its message is not shown: it may quote the signed request, session token and all.
                BAD_CREDENTIALS.contains(&code).then(|| {
                    let why = rejection(code, service.err().message());
                    anyhow!("AWS rejected the credentials of {} in {region} ({code}): {why}", self.whose)
                })
            }
            _ => None,
        }
    }

    /// The address that STS is called at.
    fn endpoint(&self, region: &str) -> String {
        let given = env::var("AWS_ENDPOINT_URL_STS").ok().or_else(|| self.config.endpoint_url().map(str::to_owned));
        match given {
            Some(url) => without_user(&url),
            None => format!("sts.{region}.amazonaws.com{}", if region.starts_with("cn-") { ".cn" } else { "" }),
        }
    }
}
