//! Credentials, and the clients that use them.

use std::{
    collections::HashMap,
    env, fmt, fs,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, anyhow, bail};
use aws_config::{
    BehaviorVersion, Region, SdkConfig,
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::HttpResponse,
    result::SdkError,
};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};
use gatelight_model::{Gap, arn::Arn};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{
    call::{BAD_CREDENTIALS, Calls, chain},
    integrity::WellFormed,
    operation::Operation,
};

const CONNECT_LIMIT: Duration = Duration::from_millis(3_100);
const READ_LIMIT: Duration = Duration::from_secs(10);
const ATTEMPT_LIMIT: Duration = Duration::from_secs(12);
/// Finding credentials may ask an instance's metadata service, a process or SSO.
const CREDENTIALS_LIMIT: Duration = Duration::from_secs(8);

/// Which credentials to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The default chain: environment, shared files, SSO, web identity, container, instance.
    Default,
    /// A profile of the shared configuration and credentials files, whatever the environment holds.
    Profile(String),
    /// A role, assumed.
    Role(Role),
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    /// `arn:P:iam::A:role/NAME`.
    pub(crate) arn: String,
    /// What the role's trust policy may ask for.
    pub(crate) external_id: Option<String>,
    /// The profile that assumes it; the default chain without one.
    pub(crate) base: Option<String>,
}

impl Role {
    fn base(&self) -> Whose {
        self.base.clone().map_or(Whose::Default, Whose::Profile)
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default credential chain"),
            Self::Profile(name) => write!(f, "profile {name:?}"),
            Self::Role(role) => write!(f, "role {}", role.arn),
        }
    }
}

/// Credentials, and one HTTP client for all who use them.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    whose: Whose,
    config: SdkConfig,
}

/// Who the credentials belong to.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Twelve digits, if AWS would say.
    pub(crate) account: Result<String, Gap>,
    /// From the caller's ARN.
    pub(crate) partition: Option<String>,
}

impl Session {
    /// Looks whether the names that it rests on exist.
    ///
    /// # Errors
    /// Names the profile or variable that is wrong.
    pub(crate) async fn check(whose: &Whose) -> anyhow::Result<()> {
        check_endpoints()?;
        match whose {
            Whose::Role(role) => check_profile(&role.base()).await,
            Whose::Default | Whose::Profile(_) => check_profile(whose).await,
        }
    }

    /// Finds credentials. `calls` assumes the role, if it is one.
    ///
    /// # Errors
    /// If there are none: one sentence with what to do; or the gap that a refused role leaves.
    pub(crate) async fn open(whose: &Whose, http: &SharedHttpClient, calls: &Calls) -> anyhow::Result<Self> {
        match whose {
            Whose::Role(role) => Self::find(&role.base(), http).await?.assume(role, calls).await,
            Whose::Default | Whose::Profile(_) => Self::find(whose, http).await,
        }
    }

    /// The session of a role that this one's credentials assume.
    async fn assume(self, role: &Role, calls: &Calls) -> anyhow::Result<Self> {
        let region = self.region().unwrap_or_else(|| super::super::regions::ANY.to_owned());
        let provider = AssumedRole { sts: self.sts(&region), role: role.clone() };
        let first = calls.call(Operation::AssumeRole, &role.arn, async || provider.assume().await).await?;
        let first = credentials(first).context("the answer to sts:AssumeRole lacks the credentials")?;
        let provider = SharedCredentialsProvider::new(Refreshing { first: Mutex::new(Some(first)), provider });
        let config = self.config.to_builder().credentials_provider(provider).build();
        Ok(Self { whose: Whose::Role(role.clone()), config })
    }

    async fn find(whose: &Whose, http: &SharedHttpClient) -> anyhow::Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .operation_attempt_timeout(ATTEMPT_LIMIT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled());
        if let Whose::Profile(name) = whose {
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
            Whose::Default => {
                "pass --profile NAME, run `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned()
            }
            Whose::Profile(name) => format!("look at that profile, or run `aws sso login --profile {name}`"),
            Whose::Role(_) => unreachable!("a role is assumed, not found"),
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

    fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(&self.in_region(region)).interceptor(WellFormed);
        aws_sdk_sts::Client::from_conf(config.build())
    }

    /// Asks AWS whose credentials these are.
    ///
    /// # Errors
    /// If AWS does not take them, or cannot be reached. A refusal is no error: the account is then not known.
    pub(crate) async fn caller(&self, region: &str, calls: &Calls) -> anyhow::Result<Caller> {
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
            Ok(identity) => Caller {
                partition: identity.arn().and_then(Arn::parse).map(|arn| arn.partition.to_owned()),
                account: identity.account.ok_or_else(|| super::lacks(Operation::GetCallerIdentity, "*", "the account")),
            },
            Err(gap) => Caller { account: Err(gap), partition: None },
        })
    }

    fn fatal<E: ProvideErrorMetadata + std::error::Error + 'static>(
        &self,
        region: &str,
        error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    ) -> Option<anyhow::Error> {
        match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => Some(anyhow!(
                "could not reach AWS at {} for region {region} ({}); is the address right, and is there a way to it?",
                self.endpoint(region),
                chain(error)
            )),
            SdkError::ConstructionFailure(_) => {
                Some(anyhow!("no AWS credentials from {}: {}", self.whose, chain(error)))
            }
            SdkError::ServiceError(service) => {
                let code = service.err().code()?;
                // Its message is not shown: it may quote the signed request, session token and all.
                BAD_CREDENTIALS.contains(&code).then(|| {
                    anyhow!(
                        "AWS does not take the credentials of {} in {region} ({code}); renew them, or enable the region \
                         if it is not enabled for this account",
                        self.whose
                    )
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

/// Assumes a role.
#[derive(Clone, Debug)]
struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: Role,
}

type Assumed = Result<AssumeRoleOutput, SdkError<AssumeRoleError, HttpResponse>>;

impl AssumedRole {
    async fn assume(&self) -> Assumed {
        let call = self.sts.assume_role().role_arn(&self.role.arn).role_session_name("gatelight");
        call.set_external_id(self.role.external_id.clone()).send().await
    }
}

/// The credentials that were got when the role was first assumed, and new ones when those have expired.
#[derive(Debug)]
struct Refreshing {
    first: Mutex<Option<Credentials>>,
    provider: AssumedRole,
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

fn credentials(answer: AssumeRoleOutput) -> Option<Credentials> {
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

/// An address without the user and password that it may hold.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "the address that is set".to_owned() };
    let host = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{}", host.rsplit('@').next().unwrap_or_default())
}

fn is_address(url: &str) -> bool {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace))
}

/// The SDK finds out only later, and says it less clearly. The address itself may hold a password and is not shown.
fn check_endpoints() -> anyhow::Result<()> {
    for (name, value) in env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if name.starts_with("AWS_ENDPOINT_URL") {
            // The SDK panics over an empty one.
            if !is_address(value) {
                bail!("{name} is not an address such as http://127.0.0.1:5000");
            }
        }
    }
    Ok(())
}

/// The SDK finds out only later, and says it less clearly.
async fn check_profile(whose: &Whose) -> anyhow::Result<()> {
    let (name, given_by) = match whose {
        Whose::Profile(name) => (name.clone(), "--profile"),
        Whose::Default => match env::var("AWS_PROFILE") {
            Ok(name) if !name.is_empty() => (name, "AWS_PROFILE"),
            _ => ("default".to_owned(), ""),
        },
        Whose::Role(_) => return Ok(()),
    };
    let files = aws_config::profile::load(
        &aws_types::os_shim_internal::Fs::real(),
        &aws_types::os_shim_internal::Env::real(),
        &aws_runtime::env_config::file::EnvConfigFiles::default(),
        None,
    )
    .await
    .context("the shared AWS configuration cannot be read")?;
    let profile = files.get_profile(&name);
    if profile.is_some_and(|profile| profile.get("endpoint_url").is_some_and(|url| !is_address(url))) {
        bail!("endpoint_url of profile {name:?} is not an address such as http://127.0.0.1:5000");
    }
    // Nobody has to have a default profile.
    if profile.is_none() && !given_by.is_empty() {
        let known: Vec<_> = files.profiles().collect();
        let hint = crate::suggest::nearest(&name, known.iter().copied());
        bail!(
            "there is no profile {name:?} ({given_by}) in the shared AWS configuration and credentials files{}",
            hint.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
        );
    }
    Ok(())
}

/// The HTTP client takes certificates on trust and panics over bad ones.
fn check_certificates(pem: &[u8]) -> anyhow::Result<()> {
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|error| anyhow!("it holds a PEM section that cannot be read: {error}"))?;
        store.add(certificate).context("it holds a certificate that cannot be used")?;
    }
    if store.is_empty() {
        bail!("it holds no PEM certificate");
    }
    Ok(())
}

/// Time limits on connecting and on reading.
type Limits = (Option<Duration>, Option<Duration>);

/// One HTTP client for all: a client of its own costs each SDK client 30 ms and 100 KiB. TLS by rustls with ring;
/// the system's certificates, or those in `AWS_CA_BUNDLE`; a proxy if the environment names one.
///
/// # Errors
/// If `AWS_CA_BUNDLE` cannot be read.
pub(crate) fn http_client() -> anyhow::Result<SharedHttpClient> {
    let trust = match env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        None => TrustStore::default(),
        Some(path) => {
            let pem = fs::read(&path)
                .with_context(|| format!("AWS_CA_BUNDLE names {}, which cannot be read", path.display()))?;
            check_certificates(&pem).with_context(|| format!("AWS_CA_BUNDLE names {}", path.display()))?;
            TrustStore::empty().with_pem_certificate(pem)
        }
    };
    let context = TlsContext::builder().with_trust_store(trust).build()?;
    // Connectors are kept by their time limits: the SDK's own metadata clients use shorter ones.
    let connectors: Mutex<HashMap<Limits, SharedHttpConnector>> = Mutex::default();
    Ok(http_client_fn(move |settings, components| {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = connectors.lock().unwrap_or_else(PoisonError::into_inner);
        connectors
            .entry(key)
            .or_insert_with(|| {
                let mut limits = HttpConnectorSettings::builder();
                limits.set_connect_timeout(key.0).set_read_timeout(key.1);
                let mut connector = Connector::builder()
                    .connector_settings(limits.build())
                    .proxy_config(ProxyConfig::from_env())
                    .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                    .tls_context(context.clone());
                connector.set_sleep_impl(components.sleep_impl());
                SharedHttpConnector::new(connector.build())
            })
            .clone()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(without_user("http://user:hunter2@127.0.0.1:5000/x"), "http://127.0.0.1:5000");
        assert_eq!(without_user("https://sts.example.com"), "https://sts.example.com");
        assert_eq!(without_user("hunter2"), "the address that is set");
    }

    #[test]
    fn a_bundle_of_certificates_that_is_none_is_an_error() {
        for pem in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\nAAAA",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(check_certificates(pem.as_bytes()).is_err(), "{pem:?}");
        }
    }
}
