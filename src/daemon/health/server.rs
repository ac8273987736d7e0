//! The health server. Anyone may reach its port, so everything is bounded: the length of a request, the duration of a
//! connection, one request for each connection, and the number of connections.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{ConnectInfo, State, connect_info::Connected},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, Sleep, sleep_until},
};

use super::state::Health;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 32;
/// How long a connection may last.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// Bytes that are read from a connection at most: a request is a line and some headers.
const MAX_REQUEST: usize = 16 << 10;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct HealthServer(JoinHandle<()>);

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A bound address at which no request is answered yet.
#[derive(Debug)]
pub(crate) struct HealthListener(TcpListener);

impl HealthListener {
    /// Binds an address.
    ///
    /// # Errors
    /// Names the address.
    pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let problem = || format!("[daemon]: health: {address} cannot be listened to");
        TcpListener::bind(address).await.map(Self).with_context(problem)
    }

    /// The address that was bound.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    /// Starts to answer requests.
    pub(crate) fn serve(self, health: Health) -> HealthServer {
        let listener = LimitedListener { listener: self.0, permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)) };
        let service = router(health).into_make_service_with_connect_info::<Peer>();
        HealthServer(tokio::spawn(async move {
            // It never returns: `LimitedListener` tries again when it cannot accept.
            let _ = axum::serve(listener, service).await;
        }))
    }
}

fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || text("ok\n".to_owned())))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/", get(page))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let late = health.late();
    if late.is_empty() {
        return text("ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, text(format!("not ready\n{}\n", late.join("\n")))).into_response()
}

async fn metrics(State(health): State<Health>) -> Response {
    let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer(form, health.metrics())
}

/// The report names resources, so only this machine may read it. The Host header is checked too, against DNS rebinding: a
/// web page could make its own name resolve to this machine, and a browser that runs here would then send that name.
async fn page(State(health): State<Health>, ConnectInfo(peer): ConnectInfo<Peer>, headers: HeaderMap) -> Response {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    };
    if !is_loopback(peer.0.ip()) || !host.is_some_and(names_this_machine) {
        let why = "The report is served to this machine only, by the name localhost, 127.0.0.1 or [::1].\n";
        return (StatusCode::FORBIDDEN, text(why.to_owned())).into_response();
    }
    text(health.page())
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a Host header names this machine, with or without a port.
fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

fn text(text: String) -> Response {
    answer("text/plain; charset=utf-8", text)
}

fn answer(form: &'static str, text: String) -> Response {
    // Names of resources are hostile input: no browser may take the text for anything else.
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, form),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
    ];
    (headers, text).into_response()
}

/// The client's address.
#[derive(Clone, Copy, Debug)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, LimitedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, LimitedListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Accepts at most `MAX_CONNECTIONS` at a time.
struct LimitedListener {
    listener: TcpListener,
    permits: Arc<Semaphore>,
}

impl Listener for LimitedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BoundedStream, SocketAddr) {
        loop {
            let permit = Arc::clone(&self.permits).acquire_owned().await;
            match (permit, self.listener.accept().await) {
                (Ok(permit), Ok((stream, peer))) => return (BoundedStream::new(stream, permit), peer),
                // Most likely the process is out of file descriptors.
                _ => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails when its time or its bytes are used up.
struct BoundedStream {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    left: usize,
    _permit: OwnedSemaphorePermit,
}

impl BoundedStream {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        Self {
            stream,
            end: Box::pin(sleep_until(Instant::now() + CONNECTION_LIMIT)),
            left: MAX_REQUEST,
            _permit: permit,
        }
    }

    fn is_timed_out(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_timed_out(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        // The last read may exceed the limit by one buffer; that is still bounded.
        self.left = self.left.saturating_sub(into.filled().len() - before);
        read
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_timed_out(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for own in ["localhost", "LOCALHOST:9464", "127.0.0.1", "127.0.0.1:9464", "[::1]", "[::1]:9464"] {
            assert!(names_this_machine(own), "{own}");
        }
        for other in [
            "",
            ":",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:9464",
            "localhost:",
            "localhost:x",
            "user@localhost",
            "::1",
            "10.0.0.1",
        ] {
            assert!(!names_this_machine(other), "{other}");
        }
        assert!(is_loopback("::ffff:127.0.0.1".parse().expect("an address")));
        assert!(!is_loopback("192.0.2.1".parse().expect("an address")));
    }
}
