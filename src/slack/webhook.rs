//! A webhook's address. It is read for each message, so a changed one is used at once. Whoever knows the address can post,
//! so nothing prints it.

use std::{env, fmt, fs::File, io::Read, net::IpAddr, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context as _, anyhow, bail};
use hyper::Uri;

use crate::config::route::{AddressSource, Webhook};

/// The longest address that is read, in bytes. Slack's have about 80.
const LONGEST: u64 = 2048;

/// An address that may be posted to. It has neither `Display` nor a derived `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    route: String,
    uri: Uri,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address of {}", self.route)
    }
}

impl Webhook {
    /// Whether an address is there and may be posted to.
    ///
    /// # Errors
    /// Names the webhook and where the address should be; never the address.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.address().map(drop)
    }

    /// A warning, if its file is readable by every user of the machine.
    pub(crate) fn warning(&self) -> Option<String> {
        let AddressSource::File(path) = self.source() else { return None };
        let mode = path.metadata().ok()?.permissions().mode();
        (mode & 0o004 != 0).then(|| {
            let path = path.display();
            format!("Slack webhook {}: every user of this machine can read {path}: chmod o-rwx it", self.route())
        })
    }

    /// The address, read now.
    ///
    /// # Errors
    /// Names the webhook and where the address should be; never the address.
    pub(super) fn address(&self) -> anyhow::Result<Address> {
        let (text, place) = self.read().with_context(|| format!("Slack webhook {}", self.route()))?;
        // The cause is dropped: it could quote the text.
        address(text.trim(), self.route()).map_err(|why| anyhow!("Slack webhook {}: {place} {why}", self.route()))
    }

    fn read(&self) -> anyhow::Result<(String, String)> {
        match self.source() {
            AddressSource::Environment(name) => {
                let place = format!("the environment variable {name}");
                match env::var(name) {
                    Ok(text) => Ok((text, place)),
                    Err(env::VarError::NotPresent) => bail!("{place} is not set"),
                    Err(env::VarError::NotUnicode(_)) => bail!("{place} is not text"),
                }
            }
            AddressSource::File(path) => read_file(path),
            AddressSource::Credential(name) => {
                let folder =
                    env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).with_context(|| {
                        format!(
                            "the credential {name} is systemd's (LoadCredential=), and CREDENTIALS_DIRECTORY is not set"
                        )
                    })?;
                read_file(&Path::new(&folder).join(name))
            }
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<(String, String)> {
    let place = format!("the file {}", path.display());
    let problem = || format!("{place} cannot be read");
    let mut bytes = Vec::new();
    File::open(path).with_context(problem)?.take(LONGEST + 1).read_to_end(&mut bytes).with_context(problem)?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{place} is not text"))?;
    Ok((text, place))
}

impl Address {
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether the host is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.uri)
    }
}

fn address(text: &str, route: &str) -> Result<Address, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() as u64 > LONGEST {
        return Err("is too long for an address");
    }
    let uri: Uri = text.parse().map_err(|_| "does not hold an address such as https://hooks.slack.com/services/…")?;
    let authority = uri.authority().ok_or("does not hold an address such as https://hooks.slack.com/services/…")?;
    if authority.as_str().contains('@') {
        return Err("holds an address with a user or password, which no webhook has");
    }
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(&uri) => {}
        _ => return Err("holds an address that does not begin with https://"),
    }
    Ok(Address { route: route.to_owned(), uri })
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(text: &str) -> bool {
        address(text, "r").is_ok()
    }

    #[test]
    fn only_https_or_this_machine() {
        assert!(is_taken("https://hooks.slack.com/services/T0/B0/x"));
        for here in ["http://127.0.0.1:80/x", "http://localhost:1/x", "http://[::1]:9/x", "http://127.8.9.1/x"] {
            assert!(is_taken(here), "{here}");
        }
        for other in [
            "",
            "hooks.slack.com",
            "/services/T0",
            "http://hooks.slack.com/services/T0/B0/x",
            "http://localhost.example.com/x",
            "http://10.0.0.1/x",
            "ftp://127.0.0.1/x",
            "https://user:secret@hooks.slack.com/x",
            "https://a b/",
            "https://x/\nhttps://y/",
        ] {
            assert!(!is_taken(other), "{other}");
        }
    }

    #[test]
    fn nothing_prints_an_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("webhook");
        let webhook = Webhook::new("on-call", AddressSource::File(path.clone()));
        let problem = format!("{:?}", webhook.address().expect_err("not there"));
        assert!(problem.contains("on-call") && problem.contains("webhook"), "{problem}");
        for bad in ["http://hooks.slack.com/services/s3cr3t", "s3cr3t", "https://s3cr3t@x/", "https://s3cr3t:\\"] {
            std::fs::write(&path, bad).expect("writes");
            let problem = format!("{0:?} {0:#}", webhook.address().expect_err(bad));
            assert!(problem.contains("on-call") && !problem.contains("s3cr3t"), "{problem}");
        }
        std::fs::write(&path, "https://hooks.slack.com/services/s3cr3t\n").expect("writes");
        let address = webhook.address().expect("an address");
        assert_eq!(format!("{address:?} {webhook}"), "the address of on-call on-call");
        assert!(!format!("{webhook:?}").contains("s3cr3t"));
    }

    #[test]
    fn an_address_that_was_changed_is_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("webhook");
        let webhook = Webhook::new("r", AddressSource::File(path.clone()));
        for text in ["https://a.example/1", "https://a.example/2\n"] {
            std::fs::write(&path, text).expect("writes");
            assert_eq!(webhook.address().expect("an address").uri().to_string(), text.trim());
        }
    }

    #[test]
    fn a_file_that_everyone_can_read_is_warned_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("webhook");
        std::fs::write(&path, "https://a.example/s3cr3t").expect("writes");
        let webhook = Webhook::new("r", AddressSource::File(path.clone()));
        for (mode, warned) in [(0o644, true), (0o640, false), (0o600, false), (0o604, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("sets");
            let warning = webhook.warning();
            assert_eq!(warning.is_some(), warned, "{mode:o}");
            assert!(!warning.unwrap_or_default().contains("s3cr3t"));
        }
    }
}
