//! A proxy between the binary and moto: records every request, and refuses or rewrites those that a test chooses.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    cbor, moto,
    seed::Keys,
    wire::{Head, Protocol},
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `iam:GetRole`; for what is not known, the method and path.
    pub(crate) operation: String,
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    /// From the signature's scope.
    pub(crate) region: String,
    pub(crate) body: Vec<u8>,
}

/// What to do with a request.
pub(crate) enum Rule {
    Forward,
    /// Answers "access denied", in the words of the service's protocol.
    Deny,
    /// Forwards it and edits the body of the answer.
    Rewrite(fn(&str) -> String),
    /// Answers with this in the place of moto.
    Answer(String),
    /// Forwards it as another's: moto looks at the name of the access key alone.
    As(Keys),
    /// Answers with CBOR.
    Cbor(Vec<u8>),
}

/// A proxy before moto.
pub(crate) struct Proxy {
    port: u16,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Proxy {
    /// Listens until the test process ends.
    pub(crate) fn start(rule: impl Fn(&Call) -> Rule + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (log, rule, upstream) = (Arc::clone(&calls), Arc::new(rule), moto::port());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (log, rule) = (Arc::clone(&log), Arc::clone(&rule));
                thread::spawn(move || serve(&client, upstream, &log, rule.as_ref()));
            }
        });
        Self { port, calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request up to now.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Every operation that was asked for up to now.
    pub(crate) fn operations(&self) -> BTreeSet<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }
}

/// One request a connection: every answer closes it, as moto's do.
fn serve(mut client: &TcpStream, upstream: u16, log: &Mutex<Vec<Call>>, rule: &dyn Fn(&Call) -> Rule) {
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let Some((head, body)) = read_message(&mut client) else { return };
    let call = Call { body: body.clone(), ..Call::new(&head, &String::from_utf8_lossy(&body)) };
    log.lock().unwrap().push(call.clone());
    let answer = match rule(&call) {
        Rule::Deny => refusal(&call.operation),
        Rule::Forward => forward(upstream, &head, &body),
        Rule::As(keys) => forward(upstream, &in_the_name_of(&head, &keys), &body),
        Rule::Answer(body) if body.starts_with('<') => response(200, "Content-Type: text/xml\r\n", body.as_bytes()),
        Rule::Answer(body) => response(200, "Content-Type: application/json\r\n", body.as_bytes()),
        Rule::Cbor(body) => response(200, CBOR, &body),
        Rule::Rewrite(edit) => {
            let answer = forward(upstream, &head, &body);
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let kept: Vec<&str> =
                head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:")).collect();
            let body = edit(body);
            format!("{}\r\nContent-Length: {}\r\n\r\n{body}", kept.join("\r\n"), body.len()).into_bytes()
        }
    };
    // The binary may have given up waiting.
    let _ = client.write_all(&answer);
    let _ = client.shutdown(Shutdown::Write);
}

fn forward(upstream: u16, head: &str, body: &[u8]) -> Vec<u8> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
    server.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
    server.write_all(body).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    answer
}

/// A head with another access key in its signature.
fn in_the_name_of(head: &str, keys: &Keys) -> String {
    let (before, after) = head.split_once("Credential=").expect("a signed request");
    let (_, scope) = after.split_once('/').expect("the key's scope");
    format!("{before}Credential={}/{scope}", keys.id)
}

/// The head, without the empty line, and the body of a request.
fn read_message(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut body = bytes.split_off(end + 4);
    let seen = body.len();
    body.resize(header(&head, "content-length").map_or(0, |length| length.parse().unwrap()), 0);
    stream.read_exact(&mut body[seen..]).ok()?;
    Some((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

impl Call {
    fn new(head: &str, body: &str) -> Self {
        let mut request = head.lines().next().unwrap().split(' ');
        let method = request.next().unwrap().to_owned();
        let path = request.next().unwrap().split('?').next().unwrap().to_owned();
        // AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …
        let scope = header(head, "authorization").and_then(|value| value.split("Credential=").nth(1)).unwrap_or("");
        let mut scope = scope.split('/').skip(2);
        let region = scope.next().unwrap_or("").to_owned();
        let service = scope.next().unwrap_or("");
        let action = body.split('&').find_map(|field| field.strip_prefix("Action="));
        let target = header(head, "x-amz-target");
        let operation = Head { method: &method, path: &path, service, target, action }.operation();
        let operation = operation.unwrap_or_else(|| format!("{method} {path}"));
        Self { operation, method, path, region, body: vec![] }
    }
}

/// "Access denied" as each protocol says it. The text leaves the permission out: the program must know it.
fn refusal(operation: &str) -> Vec<u8> {
    const TEXT: &str = "User is not authorized";
    let (service, _) = operation.split_once(':').unwrap_or_default();
    let query = |code: &str| {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{TEXT}</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        )
    };
    let (status, extra, body) = match Protocol::of(service) {
        Protocol::Query => (403, "Content-Type: text/xml\r\n", query("AccessDenied")),
        Protocol::Ec2 => (
            403,
            "Content-Type: text/xml\r\n",
            format!(
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>{TEXT}</Message></Error></Errors>\
                 <RequestID>r</RequestID></Response>"
            ),
        ),
        Protocol::Cbor => {
            return response(403, CBOR, &cbor::texts(&[("__type", "AccessDeniedException"), ("message", TEXT)]));
        }
        Protocol::Json => (
            400,
            "Content-Type: application/x-amz-json-1.1\r\n",
            json!({"__type": "AccessDeniedException", "Message": TEXT}).to_string(),
        ),
        Protocol::Rest => (
            403,
            "Content-Type: application/json\r\nx-amzn-errortype: AccessDeniedException\r\n",
            json!({"message": TEXT}).to_string(),
        ),
    };
    response(status, extra, body.as_bytes())
}

const CBOR: &str = "Content-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n";

fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} -\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
