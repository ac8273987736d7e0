//! The server: reads requests, applies the rules, sends answers.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    Account, Answer, Body, Fault, Request, Rule,
    request::{FIRST, read_request},
    rules::spoil,
    services::answer,
};
use crate::support::wire::Protocol;

struct Shared {
    account: Account,
    rules: Vec<Rule>,
    requests: Mutex<Vec<Request>>,
    connections: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

/// A running server; dropping it ends it and every connection.
pub(crate) struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Fake {
    pub(crate) fn start(account: Account, rules: impl Into<Vec<Rule>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            account,
            rules: rules.into(),
            requests: Mutex::default(),
            connections: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let server = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if server.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let _ = stream.set_nodelay(true);
                let Ok(handle) = stream.try_clone() else { continue };
                server.connections.lock().unwrap().push(handle);
                let server = Arc::clone(&server);
                // A client that leaves in the middle of an answer is none of our business.
                thread::spawn(move || drop(serve(&server, &stream)));
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How often each operation was called, retries too.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.shared.requests.lock().unwrap().iter() {
            *counts.entry(request.operation.clone()).or_default() += 1;
        }
        counts
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        for connection in self.shared.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        let _ = self.acceptor.take().map(JoinHandle::join);
    }
}

/// Answers one connection's requests until either side ends it.
fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(mut request) = read_request(&mut reader)? {
        let fault = {
            let mut requests = shared.requests.lock().unwrap();
            let number = requests.iter().filter(|earlier| earlier.operation == request.operation).count();
            let rule = shared.rules.iter().find(|r| r.is_about(&request.operation, number, &request.region));
            request.spoiled = rule.is_some();
            requests.push(request.clone());
            rule.map(|rule| rule.fault)
        };
        let answer = match fault {
            Some(Fault::EmptyPageFirst) if request.token().is_empty() => {
                answer(&shared.account, &request, usize::MAX).with_token(request.token_name(), FIRST)
            }
            Some(Fault::SameToken) => answer(&shared.account, &request, 0).with_token(request.token_name(), "again"),
            _ => answer(&shared.account, &request, request.page_start()),
        };
        if !send(shared, stream, request.service(), answer, fault)? {
            break;
        }
    }
    Ok(())
}

/// Sends the answer as the fault has it. Whether the connection lives on.
fn send(
    shared: &Shared,
    mut stream: &TcpStream,
    service: &str,
    answer: Answer,
    fault: Option<Fault>,
) -> io::Result<bool> {
    let answer = match fault {
        Some(fault) => spoil(service, answer, fault),
        None => answer,
    };
    let is_page = matches!(fault, Some(Fault::Page(_) | Fault::Redirect));
    if let (Body::Cbor(body), false) = (&answer.body, is_page) {
        let body = if fault == Some(Fault::Truncated) { &body[..body.len() / 2] } else { body.as_slice() };
        let length = body.len();
        let kind = "Content-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor";
        let head = format!("HTTP/1.1 {} -\r\n{kind}\r\nContent-Length: {length}\r\n\r\n", answer.status);
        stream.write_all(&[head.as_bytes(), body].concat())?;
        return Ok(true);
    }
    let (mut kind, mut body) = match answer.body {
        Body::Cbor(_) => ("application/cbor", String::new()),
        Body::Json(value) if Protocol::of(service) == Protocol::Rest => ("application/json", value.to_string()),
        Body::Json(value) => ("application/x-amz-json-1.1", value.to_string()),
        Body::Xml(text) => ("text/xml", text),
    };
    match fault {
        Some(Fault::Html | Fault::Page(_)) => {
            let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in</p></body></html>";
            (kind, body) = ("text/html", page.into());
        }
        Some(Fault::Redirect | Fault::Empty) => body.clear(),
        Some(Fault::Malformed) if kind == "text/xml" => body.insert_str(body.len() / 2, "<&</"),
        Some(Fault::Malformed) => body.insert(1, ','),
        Some(Fault::Truncated) => body.truncate(body.len() / 2),
        _ => {}
    }
    let mut head =
        format!("HTTP/1.1 {} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", answer.status, body.len());
    for (name, value) in answer.headers {
        head = head + name + ": " + &value + "\r\n";
    }
    head += "x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\n\r\n";
    let body = body.as_bytes();
    match fault {
        Some(Fault::Hang) => {
            // Ends when the client or the test does.
            let _ = stream.read(&mut [0]);
            return Ok(false);
        }
        Some(Fault::Reset) => {
            socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
            // The handle that `Drop` would shut down keeps the socket open.
            let peer = stream.peer_addr()?;
            shared.connections.lock().unwrap().retain(|other| other.peer_addr().ok() != Some(peer));
            return Ok(false);
        }
        Some(Fault::HangUp) => {
            stream.shutdown(Shutdown::Both)?;
            return Ok(false);
        }
        Some(Fault::CutOff) => {
            stream.write_all(&[head.as_bytes(), &body[..body.len() / 2]].concat())?;
            stream.shutdown(Shutdown::Both)?;
            return Ok(false);
        }
        Some(Fault::Endless) => {
            let head = format!("HTTP/1.1 200 -\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes())?;
            let chunk = [format!("{:x}\r\n", 1 << 20).as_bytes(), &vec![b' '; 1 << 20], b"\r\n"].concat();
            // The program leaves, or the test fails for this: more than it may read is sent.
            for _ in 0..200 {
                stream.write_all(&chunk)?;
            }
            stream.shutdown(Shutdown::Both)?;
            return Ok(false);
        }
        Some(Fault::Drip) => {
            stream.write_all(head.as_bytes())?;
            for byte in body {
                stream.write_all(&[*byte])?;
                thread::sleep(Duration::from_secs(1));
            }
        }
        _ => stream.write_all(&[head.as_bytes(), body].concat())?,
    }
    Ok(true)
}
