//! Delivers a message. The connection opens first, on its own: when the program dies, only the message that was being
//! written may or may not have arrived. No error here contains the webhook's address.

use std::{error::Error, io, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::{
    legacy::connect::{HttpConnector, proxy::Tunnel},
    proxy::matcher::Matcher,
};
use serde_json::Value;
use tokio::time::timeout;
use tower_service::Service;

use super::webhook::Address;
use crate::{config::route::Webhook, text::with_causes};

/// For DNS, TCP, a proxy and TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// From the request's first byte to the answer's last.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The most that is read of an answer, in bytes. Slack's are one word.
const ANSWER_SIZE: usize = 4 << 10;
/// The longest wait, even if Slack asks for more. No message is lost by it: it is tried again.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// The first wait after a delivery that failed; each further one is twice as long, up to `LONGEST_WAIT`.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Slack said `ok`.
    Delivered,
    /// Not now.
    Later {
        /// How long Slack asks to wait, an hour at most; none: see [`backoff`].
        after: Option<Duration>,
        /// Why, as a sentence without its end; it names no address.
        why: String,
        /// Whether the request was written and no answer came, so that the message may have been posted all the same: the
        /// next attempt has to say "(repeated)".
        maybe_delivered: bool,
    },
    /// This message or this address will never be accepted: there is no use in another attempt.
    Refused {
        /// Why, as a sentence without its end; it names no address.
        why: String,
    },
}

impl Delivery {
    fn later(why: impl Into<String>) -> Self {
        Self::Later { after: None, why: why.into(), maybe_delivered: false }
    }

    fn maybe_delivered(why: impl Into<String>) -> Self {
        Self::Later { after: None, why: why.into(), maybe_delivered: true }
    }

    fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }
}

/// How long to wait before the next attempt when Slack does not say: 15 seconds, 30 seconds, a minute … up to an hour, of
/// which `random`, from 0 to 1, takes up to half away, so that many programs do not ask at once. `attempts` are those
/// that failed, from 1.
pub(crate) fn backoff(attempts: u32, random: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1).min(16));
    let whole = FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT);
    whole.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

/// A connection that is open, for one message.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: Address,
    /// Reads and writes for it; it ends with the connection.
    driver: tokio::task::JoinHandle<hyper::Result<()>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Opens a connection to a webhook's address, which is read now. Through the proxy of `HTTPS_PROXY`, unless `NO_PROXY`
/// names the host; TLS with the system's certificates.
///
/// # Errors
/// What became of the message instead: later, as nothing has been sent.
pub(crate) async fn connect(webhook: &Webhook) -> Result<Connection, Delivery> {
    // An address that is missing or wrong can be corrected while the message waits.
    let address = webhook.address().map_err(|problem| Delivery::later(with_causes(&problem)))?;
    match timeout(CONNECT_LIMIT, open(address)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(problem)) => Err(Delivery::later(format!("no connection: {}", redacted_cause(problem.as_ref())))),
        Err(_) => Err(Delivery::later(format!("no connection within {} seconds", CONNECT_LIMIT.as_secs()))),
    }
}

/// Posts a message: [`connect`] and [`Connection::post`].
pub(crate) async fn post(webhook: &Webhook, body: &Value) -> Delivery {
    match connect(webhook).await {
        Ok(connection) => connection.post(body).await,
        Err(instead) => instead,
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

async fn open(address: Address) -> Result<Connection, BoxError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let uri = address.uri().clone();
    let proxy = if address.is_loopback() { None } else { Matcher::from_env().intercept(&uri) };
    let stream = match proxy {
        None => connector(tcp, &address)?.call(uri).await?,
        Some(proxy) if proxy.uri().scheme_str() != Some("http") => {
            return Err("the proxy is not one that is spoken to over http://".into());
        }
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            connector(tunnel, &address)?.call(uri).await?
        }
    };
    let (sender, connection) = http1::handshake(stream).await?;
    Ok(Connection { sender, address, driver: tokio::spawn(connection) })
}

fn connector<C>(inner: C, address: &Address) -> Result<HttpsConnector<C>, BoxError> {
    // With ring, which the SDK's client brings: the process has no default provider.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = if address.is_loopback() && address.uri().scheme_str() == Some("http") {
        // Nothing is encrypted; reading the system's certificates would take a while, and there may be none.
        config.with_root_certificates(rustls::RootCertStore::empty())
    } else {
        config.with_native_roots()?
    };
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config.with_no_client_auth())
        .https_or_http()
        .enable_http1()
        .wrap_connector(inner))
}

impl Connection {
    /// Posts a message.
    pub(crate) async fn post(mut self, body: &Value) -> Delivery {
        let Ok(request) = self.request(body) else {
            return Delivery::refused("its address or the message cannot be put into a request");
        };
        let exchange = async {
            let response = self.sender.send_request(request).await.map_err(|problem| {
                let why = format!("no answer: {}", redacted_cause(&problem));
                // Hyper hands back what it never began to write.
                if problem.is_canceled() { Delivery::later(why) } else { Delivery::maybe_delivered(why) }
            })?;
            Ok(delivery_of(response).await)
        };
        match timeout(ANSWER_LIMIT, exchange).await {
            Ok(Ok(delivery) | Err(delivery)) => delivery,
            Err(_) => Delivery::maybe_delivered(format!("no answer within {} seconds", ANSWER_LIMIT.as_secs())),
        }
    }

    fn request(&self, body: &Value) -> Result<Request<Full<Bytes>>, BoxError> {
        let uri = self.address.uri();
        let host = uri.authority().ok_or("no host")?.as_str();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(USER_AGENT, concat!("gatelight/", env!("CARGO_PKG_VERSION")))
            .body(Full::from(serde_json::to_vec(body)?))?)
    }
}

/// What Slack's answer means (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>,
/// <https://docs.slack.dev/apis/web-api/rate-limits>). Redirects are not followed.
async fn delivery_of(response: Response<Incoming>) -> Delivery {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(seconds);
    let body = Limited::new(response.into_body(), ANSWER_SIZE).collect().await.map(http_body_util::Collected::to_bytes);
    if status == StatusCode::OK {
        return match body {
            Ok(body) if body.trim_ascii() == b"ok" => Delivery::Delivered,
            Ok(_) => Delivery::refused("it was answered 200, but not with Slack's ok: this is no Slack webhook"),
            // It was accepted, or nearly.
            Err(_) => Delivery::maybe_delivered("the answer 200 broke off"),
        };
    }
    let body = body.unwrap_or_default();
    let code = error_code(&body).map_or_else(String::new, |(code, meaning)| format!(" {code}: {meaning}"));
    let why = format!("Slack answered {}{code}", status.as_u16());
    match status.as_u16() {
        429 | 500..=599 => Delivery::Later { after, why, maybe_delivered: false },
        408 | 425 => Delivery::later(why),
        300..=399 => Delivery::refused(format!("{why}: a redirect is not followed")),
        _ => Delivery::refused(why),
    }
}

/// `Retry-After` in seconds, the only form that Slack uses; at least one, at most an hour.
fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds.max(1)).min(LONGEST_WAIT))
}

/// Slack's error code, and what it means. Other answers are not repeated: they could quote the address.
fn error_code(body: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = std::str::from_utf8(body).ok()?.trim();
    ERROR_CODES.iter().copied().find(|(code, _)| *code == text)
}

const ERROR_CODES: &[(&str, &str)] = &[
    ("invalid_payload", "the message is not of Slack's form; please report this as a fault of gatelight"),
    ("invalid_blocks", "the message is not of Slack's form; please report this as a fault of gatelight"),
    ("invalid_blocks_format", "the message is not of Slack's form; please report this as a fault of gatelight"),
    ("msg_blocks_too_long", "the message is too long; please report this as a fault of gatelight"),
    ("msg_too_long", "the message is too long; please report this as a fault of gatelight"),
    ("no_text", "the message has no text; please report this as a fault of gatelight"),
    ("too_many_attachments", "the message has too many attachments"),
    ("user_not_found", "whoever made the webhook is not there any more"),
    ("channel_not_found", "the webhook's channel does not exist"),
    ("channel_is_archived", "the webhook's channel is archived"),
    ("action_prohibited", "the workspace's owners do not let this webhook post there"),
    ("posting_to_general_channel_denied", "this webhook may not post to the general channel"),
    ("no_service", "the webhook was removed or turned off, or its address is not right"),
    ("no_service_id", "the webhook's address is not complete"),
    ("no_team", "the workspace does not exist any more, or the webhook's address is not right"),
    ("team_disabled", "the workspace was turned off"),
    ("no_active_hooks", "the webhook was turned off"),
    ("invalid_token", "the webhook's address is not right any more"),
    ("rate_limited", "too many messages"),
    ("ratelimited", "too many messages"),
    ("rollup_error", "a fault of Slack's"),
];

/// What kind of error it is. The error's own text could contain the address.
fn redacted_cause(problem: &(dyn Error + 'static)) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = Some(problem);
    let mut text = None;
    while let Some(problem) = cause {
        if let Some(problem) = problem.downcast_ref::<rustls::Error>() {
            return match problem {
                rustls::Error::InvalidCertificate(_) => "TLS: its certificate is not trusted here".to_owned(),
                _ => "TLS failed".to_owned(),
            };
        }
        if let Some(problem) = problem.downcast_ref::<io::Error>() {
            // TLS problems come inside these.
            text = Some(problem.kind().to_string());
            cause = problem.get_ref().map(|inner| inner as &(dyn Error + 'static)).or_else(|| problem.source());
            continue;
        }
        if let Some(problem) = problem.downcast_ref::<hyper::Error>()
            && (problem.is_incomplete_message() || problem.is_closed() || problem.is_canceled())
        {
            text.get_or_insert_with(|| "the connection was closed".to_owned());
        } else if problem.to_string().contains("dns error") {
            return "the host's name was not found".to_owned();
        } else if problem.to_string().contains("proxy") || problem.to_string().contains("tunnel") {
            text.get_or_insert_with(|| "the proxy did not let it through".to_owned());
        }
        cause = problem.source();
    }
    text.unwrap_or_else(|| "it is not spoken as HTTP".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_an_hour_and_are_spread() {
        let seconds = |attempts, random| backoff(attempts, random).as_secs_f64();
        for (attempts, whole) in
            [(0, 15.0), (1, 15.0), (2, 30.0), (3, 60.0), (8, 1_920.0), (9, 3_600.0), (u32::MAX, 3_600.0)]
        {
            assert!((seconds(attempts, 0.0) - whole).abs() < 1e-6, "{attempts}");
            assert!((seconds(attempts, 1.0) - whole / 2.0).abs() < 1e-6, "{attempts}");
        }
    }

    #[test]
    fn retry_after_is_seconds_between_one_and_an_hour() {
        for (text, wait) in
            [("30", Some(30)), ("0", Some(1)), (" 7 ", Some(7)), ("99999999", Some(3_600)), ("-1", None)]
        {
            assert_eq!(seconds(text), wait.map(Duration::from_secs), "{text}");
        }
        assert_eq!(seconds("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn causes_are_redacted() {
        let nested = io::Error::other(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
        assert_eq!(redacted_cause(&nested), "TLS: its certificate is not trusted here");
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "https://hooks.slack.com/s3cr3t");
        assert_eq!(redacted_cause(&refused), "connection refused");
    }
}
