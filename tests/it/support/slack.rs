//! A stand-in for Slack's incoming webhooks, over HTTP/1.1 on 127.0.0.1: it keeps Slack's documented limits and errors,
//! breaks on request, and remembers what was posted. And slack_sdk, which reads messages back.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// What stands in the address, and may stand nowhere else.
pub(crate) const SECRET: &str = "s3cr3tW3bh00kT0k3n";

/// How a post is answered in the place of Slack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// As Slack does, by what was posted.
    Slacks,
    /// Status and body, whatever was posted.
    Says(u16, &'static str),
    /// 429 with `Retry-After` in seconds.
    TooMany(u64),
    /// The request is read and never answered.
    Hang,
    /// The post is taken, and the connection closed without an answer.
    HangUp,
    /// The post is taken, and the answer ends before its promised length.
    CutOff,
    /// A body that does not end.
    Endless,
    /// A redirect to here.
    Redirect,
}

/// A post, as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) at: Instant,
    /// Null if it was not JSON.
    pub(crate) body: Value,
    /// Whether it stands in the channel.
    pub(crate) taken: bool,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    posts: Mutex<Vec<Post>>,
    connections: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    stopped: AtomicBool,
}

/// A running stand-in; dropping it ends it and every connection.
pub(crate) struct Slack {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Slack {
    /// One that gives these answers first, and then Slack's own.
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { answers: Mutex::new(answers.into_iter().collect()), ..Shared::default() });
        let server = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if server.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let Ok(handle) = stream.try_clone() else { continue };
                server.accepted.fetch_add(1, Ordering::SeqCst);
                server.connections.lock().unwrap().push(handle);
                let server = Arc::clone(&server);
                // A client that leaves in the middle is none of our business.
                thread::spawn(move || drop(serve(&server, &stream)));
            }
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// An address to post to.
    pub(crate) fn webhook(&self) -> String {
        format!("http://{}/services/T0000TEST/B0000TEST/{SECRET}", self.address)
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.shared.posts.lock().unwrap().clone()
    }

    /// What stands in the channel.
    pub(crate) fn channel(&self) -> Vec<Value> {
        self.posts().into_iter().filter(|post| post.taken).map(|post| post.body).collect()
    }

    /// How many connections were opened.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Slack {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        for stream in self.shared.connections.lock().unwrap().iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            // The list of connections holds it too, so that it would stay open.
            return stream.shutdown(Shutdown::Both);
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if !answer(shared, stream, &line, &headers, &body)? {
            return stream.shutdown(Shutdown::Both);
        }
    }
}

/// Gives whether the connection goes on.
fn answer(
    shared: &Shared,
    mut stream: &TcpStream,
    line: &str,
    headers: &BTreeMap<String, String>,
    body: &[u8],
) -> io::Result<bool> {
    let answer = shared.answers.lock().unwrap().pop_front().unwrap_or(Answer::Slacks);
    let value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let refused = refused(line, headers, &value);
    let taken = match answer {
        Answer::Slacks => refused.is_none(),
        Answer::Says(status, _) => status == 200,
        Answer::HangUp | Answer::CutOff => true,
        Answer::TooMany(_) | Answer::Hang | Answer::Endless | Answer::Redirect => false,
    };
    let post = Post { at: Instant::now(), body: value, taken };
    shared.posts.lock().unwrap().push(post);
    let (status, text, more) = match answer {
        Answer::Slacks => match refused {
            None => (200, "ok", String::new()),
            Some((status, word)) => (status, word, String::new()),
        },
        Answer::Says(status, text) => (status, text, String::new()),
        Answer::TooMany(seconds) => (429, "rate_limited", format!("Retry-After: {seconds}\r\n")),
        Answer::Redirect => (302, "", "Location: /services/elsewhere\r\n".to_owned()),
        Answer::HangUp => return Ok(false),
        Answer::CutOff => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")?;
            return Ok(false);
        }
        Answer::Hang => {
            while !shared.stopped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
            return Ok(false);
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")?;
            while !shared.stopped.load(Ordering::SeqCst) {
                stream.write_all(&[b'x'; 1 << 12])?;
            }
            return Ok(false);
        }
    };
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n{more}\r\n{text}"
    )?;
    Ok(true)
}

/// Why Slack would not take a post: the errors of incoming webhooks and the limits of Block Kit, as documented, and the
/// limit on all text, as reported (slackapi/bolt-js#2509).
fn refused(line: &str, headers: &BTreeMap<String, String>, body: &Value) -> Option<(u16, &'static str)> {
    let mut line = line.split(' ');
    if line.next() != Some("POST") {
        return Some((405, "method_not_allowed"));
    }
    let path = line.next().unwrap_or_default();
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["services", "T0000TEST", _, SECRET] => {}
        ["services", "T0000TEST", ..] => return Some((404, "no_service")),
        _ => return Some((404, "no_team")),
    }
    let is_json = headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if !is_json || !body.is_object() {
        return Some((400, "invalid_payload"));
    }
    let text = body.get("text").and_then(Value::as_str);
    let blocks = body.get("blocks").map(|blocks| blocks.as_array().ok_or((400, "invalid_blocks_format")));
    let blocks = match blocks.transpose() {
        Ok(blocks) => blocks,
        Err(problem) => return Some(problem),
    };
    if blocks.is_none_or(Vec::is_empty) && text.is_none_or(str::is_empty) {
        return Some((400, "no_text"));
    }
    let blocks = blocks?;
    if blocks.len() > 50 || !blocks.iter().all(is_block) {
        return Some((400, "invalid_blocks"));
    }
    let all: usize = blocks.iter().map(|block| block.to_string().chars().count()).sum();
    (all > 13_200).then_some((400, "msg_blocks_too_long"))
}

fn is_block(block: &Value) -> bool {
    let is_text = |text: &Value, kinds: &[&str], most: usize| {
        let kind = text["type"].as_str().unwrap_or_default();
        let length = text["text"].as_str().map_or(0, |text| text.encode_utf16().count());
        let only_its_own = text.as_object().is_some_and(|keys| {
            keys.keys().all(|key| match key.as_str() {
                "type" | "text" => true,
                "emoji" => kind == "plain_text",
                "verbatim" => kind == "mrkdwn",
                _ => false,
            })
        });
        kinds.contains(&kind) && (1..=most).contains(&length) && only_its_own
    };
    match block["type"].as_str() {
        Some("header") => is_text(&block["text"], &["plain_text"], 150),
        Some("section") => is_text(&block["text"], &["plain_text", "mrkdwn"], 3_000),
        Some("context") => block["elements"].as_array().is_some_and(|elements| {
            (1..=10).contains(&elements.len())
                && elements.iter().all(|one| is_text(one, &["plain_text", "mrkdwn"], 3_000))
        }),
        Some("divider") => true,
        _ => false,
    }
}

/// What slack_sdk has to say against each of these messages.
pub(crate) fn read_back<'a>(
    messages: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> BTreeMap<String, Option<String>> {
    const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/slack-requirements.txt");
    let python = super::moto::install("slack-sdk", Path::new("python3"), REQUIREMENTS);
    let python = python.unwrap_or_else(|why| panic!("{why}")).join("bin/python");
    let lines: String =
        messages.into_iter().map(|(name, body)| json!({"name": name, "body": body}).to_string() + "\n").collect();
    let mut reader = Command::new(python)
        .args(["-I", "-c", include_str!("slack_sdk.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = reader.stdin.take().unwrap();
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = reader.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "slack_sdk's reader failed");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    answers
        .map(|answer| (answer["name"].as_str().unwrap().to_owned(), answer["problem"].as_str().map(str::to_owned)))
        .collect()
}
