//! The HTTP client that all AWS clients share.

use std::{
    collections::HashMap,
    env, fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::size_limit::LimitedConnector;

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
/// the system's certificates, or those in `AWS_CA_BUNDLE`; a proxy if the environment names one. No answer may be longer
/// than 64 MiB.
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
                SharedHttpConnector::new(LimitedConnector(SharedHttpConnector::new(connector.build())))
            })
            .clone()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
