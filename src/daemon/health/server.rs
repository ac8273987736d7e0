//! The health server. Anyone may reach its port, so everything is bounded: the length of a request, the duration of a
//! connection, one request for each connection, and the number of connections. A new connection never waits for others:
//! where there are too many, the oldest ends.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{ConnectInfo, State, connect_info::Connected},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, Sleep, sleep_until},
};

use super::state::Health;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 128;
/// How long a connection may last, whatever comes after it: enough for whoever asks at once.
const GRACE: Duration = Duration::from_millis(100);
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
        let problem = || format!("[daemon]: health: cannot listen on {address}");
        TcpListener::bind(address).await.map(Self).with_context(problem)
    }

    /// The address that was bound.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    /// Starts to answer requests.
    pub(crate) fn serve(self, health: Health) -> HealthServer {
        let listener = LimitedListener { listener: self.0, open: VecDeque::new() };
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
        .fallback(async || (StatusCode::NOT_FOUND, text("Not found.\n".to_owned())))
        .layer(map_response(with_headers))
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
        let why = "The report is available only on this machine, as localhost, 127.0.0.1 or [::1].\n";
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
    ([(header::CONTENT_TYPE, form)], text).into_response()
}

/// What every answer says, errors too.
async fn with_headers(mut response: Response) -> Response {
    // Names of resources are hostile input: no browser may take the text for anything else.
    let headers: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
    ];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// The client's address.
#[derive(Clone, Copy, Debug)]
struct Peer(SocketAddr);

impl Connected<IncomingStream<'_, LimitedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, LimitedListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Keeps at most `MAX_CONNECTIONS` open.
struct LimitedListener {
    listener: TcpListener,
    /// What ends each connection that may still be open, the oldest first.
    open: VecDeque<OpenConnection>,
}

struct OpenConnection {
    since: Instant,
    end: oneshot::Sender<()>,
}

impl LimitedListener {
    /// Makes room for one more connection.
    async fn make_room(&mut self) {
        self.open.retain(|connection| !connection.end.is_closed());
        while self.open.len() >= MAX_CONNECTIONS {
            self.end_oldest().await;
        }
    }

    async fn end_oldest(&mut self) {
        if let Some(oldest) = self.open.pop_front() {
            sleep_until(oldest.since + GRACE).await;
            // It may have ended by itself.
            let _ = oldest.end.send(());
        }
    }
}

impl Listener for LimitedListener {
    type Io = BoundedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BoundedStream, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                self.make_room().await;
                let (end, ended) = oneshot::channel();
                self.open.push_back(OpenConnection { since: Instant::now(), end });
                return (BoundedStream::new(stream, ended), peer);
            }
            // Most likely the process is out of file descriptors, of which the oldest connection has one.
            self.end_oldest().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails when its time or its bytes are used up, or a newer one needs its place.
struct BoundedStream {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    left: usize,
    /// Answers when it has to make room.
    ended: oneshot::Receiver<()>,
}

impl BoundedStream {
    fn new(stream: TcpStream, ended: oneshot::Receiver<()>) -> Self {
        Self { stream, end: Box::pin(sleep_until(Instant::now() + CONNECTION_LIMIT)), left: MAX_REQUEST, ended }
    }

    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
            || self.ended.is_terminated()
            || Pin::new(&mut self.ended).poll(context).is_ready()
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_over(context) {
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
        if self.is_over(context) {
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
