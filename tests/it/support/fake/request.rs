//! Requests as they come in.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read},
    net::TcpStream,
    time::Instant,
};

use serde_json::Value;

use crate::support::wire::Head;

/// A request, as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    /// `apigateway:GetStages`; for what the synthetic AWS does not know, the request line.
    pub(crate) operation: String,
    /// From the signature.
    pub(crate) region: String,
    /// Whether a fault was its answer.
    pub(crate) spoiled: bool,
    /// The path without its query.
    pub(crate) path: String,
    /// The query or the form, decoded.
    fields: BTreeMap<String, String>,
    pub(crate) json: Value,
    pub(crate) body: Vec<u8>,
}

pub(super) fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let at = Instant::now();
    let mut parts = line.split_whitespace().map(str::to_owned);
    let (method, url) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let header = |name: &str| headers.get(name).map_or("", String::as_str);
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let bytes = body;
    let body = String::from_utf8_lossy(&bytes).into_owned();

    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let fields = form(if header("content-type").contains("x-www-form-urlencoded") { &body } else { query });
    // Credential=AKID/20260101/eu-west-1/logs/aws4_request
    let region = header("authorization").split('/').nth(2).unwrap_or_default().to_owned();
    let service = header("authorization").split('/').nth(3).unwrap_or_default();
    let (target, action) = (headers.get("x-amz-target"), fields.get("Action"));
    let (target, action) = (target.map(String::as_str), action.map(String::as_str));
    let operation = Head { method: &method, path, service, target, action }.operation();
    let operation = operation.unwrap_or_else(|| line.clone());
    let json = serde_json::from_str(&body).unwrap_or_default();
    Ok(Some(Request { at, operation, region, spoiled: false, path: path.to_owned(), fields, json, body: bytes }))
}

/// Decodes `a=b%20c&…`.
fn form(text: &str) -> BTreeMap<String, String> {
    fn decode(text: &str) -> String {
        let (mut bytes, mut decoded) = (text.bytes(), Vec::new());
        while let Some(byte) = bytes.next() {
            decoded.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let hex =
                        [bytes.next(), bytes.next()].map(|digit| char::from(digit.unwrap()).to_digit(16).unwrap());
                    u8::try_from(hex[0] * 16 + hex[1]).unwrap()
                }
                other => other,
            });
        }
        String::from_utf8(decoded).unwrap()
    }
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

/// The token after which the first page comes.
pub(super) const FIRST: &str = "the first+page/=";

impl Request {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    pub(super) fn service(&self) -> &str {
        self.operation.split(':').next().unwrap_or_default()
    }

    /// The token of the page that is asked for.
    pub(super) fn token(&self) -> &str {
        ["position", "nextToken", "NextToken", "Marker"]
            .into_iter()
            .find_map(|name| self.fields.get(name).map(String::as_str).or_else(|| self.json[name].as_str()))
            .unwrap_or_default()
    }

    /// The index of the first element that is asked for. Tokens hold characters that must be encoded in a URL.
    pub(super) fn page_start(&self) -> usize {
        self.token().strip_prefix("from+/=").map_or(0, |start| start.parse().unwrap())
    }

    /// The name and place of the token of the next page.
    pub(super) fn token_name(&self) -> &'static str {
        match self.service() {
            "apigateway" => "position",
            "iam" => "Marker",
            "lambda" => "NextMarker",
            "organizations" | "xray" => "NextToken",
            _ => "nextToken",
        }
    }
}
