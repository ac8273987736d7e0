//! Where credentials come from, and whether the settings that name them can be used: the SDK finds out only later, and
//! says it less clearly.

use std::{env, fmt};

use anyhow::{Context as _, bail};

/// Which credentials to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    /// The default chain: environment, shared files, SSO, web identity, container, instance.
    Default,
    /// A profile of the shared configuration and credentials files, whatever the environment holds.
    Profile(String),
    /// A role, assumed.
    Role(RoleToAssume),
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleToAssume {
    /// `arn:P:iam::A:role/NAME`.
    pub(crate) arn: String,
    /// What the role's trust policy may ask for.
    pub(crate) external_id: Option<String>,
    /// The profile that assumes it; the default chain without one.
    pub(crate) base: Option<String>,
}

impl RoleToAssume {
    pub(super) fn base(&self) -> CredentialSource {
        self.base.clone().map_or(CredentialSource::Default, CredentialSource::Profile)
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default credential chain"),
            Self::Profile(name) => write!(f, "profile {name:?}"),
            Self::Role(role) => write!(f, "role {}", role.arn),
        }
    }
}

/// An address without the user and password that it may hold.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "the address that is set".to_owned() };
    let host = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{}", host.rsplit('@').next().unwrap_or_default())
}

fn is_address(url: &str) -> bool {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.contains(char::is_whitespace))
}

/// Checks the addresses in the environment. An address may hold a password and is not shown.
pub(super) fn check_endpoints() -> anyhow::Result<()> {
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

/// Checks that the profile exists and its address can be used.
pub(super) async fn check_profile(whose: &CredentialSource) -> anyhow::Result<()> {
    let (name, given_by) = match whose {
        CredentialSource::Profile(name) => (name.clone(), "--profile"),
        CredentialSource::Default => match env::var("AWS_PROFILE") {
            Ok(name) if !name.is_empty() => (name, "AWS_PROFILE"),
            _ => ("default".to_owned(), ""),
        },
        CredentialSource::Role(_) => return Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(without_user("http://user:hunter2@127.0.0.1:5000/x"), "http://127.0.0.1:5000");
        assert_eq!(without_user("https://sts.example.com"), "https://sts.example.com");
        assert_eq!(without_user("hunter2"), "the address that is set");
    }
}
