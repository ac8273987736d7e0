//! A synthetic AWS: the read calls that Gatelight makes, over HTTP/1.1 on 127.0.0.1, answered from a described account.
//! Unlike the emulators it pages, throttles and breaks, on request. The wire forms are those of the SDK's deserialisers.

mod deliveries;
mod insights;
mod organization;

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{
    cbor,
    cloudwatch::{self, Query},
    wire::{Head, Protocol},
    xray::Xray,
};
pub(crate) use deliveries::Delivery;
pub(crate) use organization::Organization;

pub(crate) const ACCOUNT: &str = "123456789012";

/// What the synthetic account holds, the same in every region. Stages and log groups are in AWS's wire form.
#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) rest_apis: Vec<Api>,
    pub(crate) v2_apis: Vec<Api>,
    pub(crate) cloudwatch_role: Option<String>,
    pub(crate) log_groups: BTreeMap<String, Value>,
    pub(crate) streams: Vec<String>,
    pub(crate) roles: BTreeMap<String, Role>,
    /// By ARN.
    pub(crate) managed_policies: BTreeMap<String, String>,
    /// In AWS's wire form.
    pub(crate) functions: Vec<Value>,
    /// The resource policies of functions, by the function's name.
    pub(crate) callers: BTreeMap<String, String>,
    /// The account's resource policies of CloudWatch Logs, by name.
    pub(crate) log_policies: BTreeMap<String, String>,
    /// Where delivery sources send execution logs.
    pub(crate) deliveries: Vec<Delivery>,
    /// The policies of KMS keys that are enabled, by ARN.
    pub(crate) keys: BTreeMap<String, String>,
    /// What log groups hold: lines, all of them an hour and a half old. Groups that are not here took nothing.
    pub(crate) events: BTreeMap<String, Vec<String>>,
    /// What CloudWatch counts: a metric's name, the values of its dimensions, and the statistic, separated by spaces; for
    /// `AWS/Logs` what stands in `events`.
    pub(crate) metrics: BTreeMap<String, f64>,
    /// The elements that EC2 lists, by action.
    pub(crate) ec2: BTreeMap<&'static str, Vec<String>>,
    pub(crate) xray: Xray,
    /// None: it belongs to no organization.
    pub(crate) organization: Option<Organization>,
    /// No page holds more elements than this, whatever is asked for. 0: as many as AWS allows.
    pub(crate) page: usize,
}

#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `HTTP` or `WEBSOCKET`; not used for REST APIs.
    pub(crate) protocol: &'static str,
    pub(crate) stages: Vec<Value>,
}

#[derive(Clone, Default)]
pub(crate) struct Role {
    pub(crate) trust: String,
    pub(crate) boundary: Option<String>,
    pub(crate) inline: BTreeMap<String, String>,
    pub(crate) attached: Vec<String>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// In each protocol's own error form, like the next four.
    Denied,
    Throttled,
    /// 500 or 503.
    ServerError(u16),
    Unsupported,
    NotFound,
    /// The request is read and never answered.
    Hang,
    /// The head comes at once and the body a byte a second, for ever.
    Drip,
    /// `Content-Length` promises more than comes before the end.
    CutOff,
    /// TCP reset instead of an answer.
    Reset,
    /// The connection is closed, without an error, instead of an answer.
    HangUp,
    /// CloudWatch says that it told only a part.
    Partial,
    /// A query is, or ended, so; and has found nothing yet.
    Status(&'static str),
    /// A document that breaks the rules of its syntax.
    Malformed,
    /// Half a document, as if it were the whole.
    Truncated,
    Html,
    Empty,
    /// A good answer that lacks these fields, wherever they stand.
    Without(&'static [&'static str]),
    /// The first page, and a token for the next: the same one each time.
    SameToken,
    /// Before the first page comes an empty one with a token. AWS does this; it is no fault.
    EmptyPageFirst,
}

/// When it goes wrong: in the calls of that operation with these numbers, counted from 0.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) operation: &'static str,
    pub(crate) calls: Range<usize>,
    pub(crate) fault: Fault,
}

impl Rule {
    pub(crate) fn always(operation: &'static str, fault: Fault) -> Self {
        Self::first(usize::MAX, operation, fault)
    }

    pub(crate) fn first(calls: usize, operation: &'static str, fault: Fault) -> Self {
        Self { operation, calls: 0..calls, fault }
    }
}

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
            let rule = shared.rules.iter().find(|r| r.operation == request.operation && r.calls.contains(&number));
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

fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
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
const FIRST: &str = "the first+page/=";

impl Request {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn service(&self) -> &str {
        self.operation.split(':').next().unwrap_or_default()
    }

    /// The token of the page that is asked for.
    fn token(&self) -> &str {
        ["position", "nextToken", "NextToken", "Marker"]
            .into_iter()
            .find_map(|name| self.fields.get(name).map(String::as_str).or_else(|| self.json[name].as_str()))
            .unwrap_or_default()
    }

    /// The index of the first element that is asked for. Tokens hold characters that must be encoded in a URL.
    fn page_start(&self) -> usize {
        self.token().strip_prefix("from+/=").map_or(0, |start| start.parse().unwrap())
    }

    /// The name and place of the token of the next page.
    fn token_name(&self) -> &'static str {
        match self.service() {
            "apigateway" => "position",
            "iam" => "Marker",
            "lambda" => "NextMarker",
            "organizations" | "xray" => "NextToken",
            _ => "nextToken",
        }
    }
}

/// An answer, before anything goes wrong.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Json(Value),
    Xml(String),
    Cbor(Vec<u8>),
}

impl Answer {
    fn json(value: Value) -> Self {
        Self { status: 200, headers: vec![], body: Body::Json(value) }
    }

    /// The result of an IAM or STS action.
    fn xml(action: &str, result: &str) -> Self {
        let body = format!(
            "<{action}Response xmlns=\"https://aws.amazon.com/doc/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
        );
        Self { status: 200, headers: vec![], body: Body::Xml(body) }
    }

    /// An error in the form of the service's protocol.
    fn error(service: &str, status: u16, code: &str, message: &str) -> Self {
        let (mut headers, body) = (
            vec![],
            match Protocol::of(service) {
                Protocol::Query => Body::Xml(format!(
                    "<ErrorResponse xmlns=\"https://aws.amazon.com/doc/\"><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
                )),
                Protocol::Ec2 => Body::Xml(format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
                 <RequestID>0</RequestID></Response>"
                )),
                Protocol::Json => Body::Json(json!({"__type": code, "message": message})),
                Protocol::Cbor => Body::Cbor(cbor::texts(&[("__type", code), ("message", message)])),
                Protocol::Rest => Body::Json(json!({"message": message})),
            },
        );
        if Protocol::of(service) == Protocol::Rest {
            headers.push(("x-amzn-ErrorType", format!("{code}:http://internal.amazon.com/coral/")));
        }
        Self { status, headers, body }
    }

    /// The answer with that token for the next page.
    fn with_token(mut self, name: &str, token: &str) -> Self {
        match &mut self.body {
            Body::Json(value) => value[name] = json!(token),
            Body::Xml(text) => {
                let marked = format!("<IsTruncated>true</IsTruncated><Marker>{token}</Marker>");
                *text = text.replacen("<IsTruncated>false</IsTruncated>", &marked, 1);
                *text = text.replacen("<nextToken/>", &format!("<nextToken>{token}</nextToken>"), 1);
            }
            Body::Cbor(_) => {}
        }
        self
    }
}

/// What AWS would say, from the element with the number `start` on.
fn answer(account: &Account, request: &Request, start: usize) -> Answer {
    let name = request.operation.split(':').nth(1).unwrap_or_default();
    match request.service() {
        "apigateway" | "apigatewayv2" => gateway(account, request, start),
        "logs" if name == "DescribeLogGroups" => log_groups(account, request, start),
        "logs" if name == "DescribeResourcePolicies" => log_policies(account, request, start),
        "logs" if name == "FilterLogEvents" => events(account, request, start),
        "logs" if name.starts_with("DescribeDeliver") => deliveries::answer(account, request, name, start),
        "logs" if name.contains("Query") => insights::answer(account, request, name),
        "lambda" if name == "ListFunctions" => functions(account, request, start),
        "lambda" => {
            let name = request.path.split('/').nth(3).unwrap_or_default().replace("%3A", ":");
            let name = name.rsplit(':').next().unwrap_or_default();
            match account.callers.get(name) {
                Some(policy) => Answer::json(json!({"Policy": policy, "RevisionId": "r"})),
                None => Answer::error(
                    "lambda",
                    404,
                    "ResourceNotFoundException",
                    "The resource you requested does not exist.",
                ),
            }
        }
        "cloudwatch" => {
            let value = |query: &Query| {
                if query.namespace == "AWS/Logs" && query.metric != "IncomingBytes" {
                    let lines = account.events.get(query.dimension("LogGroupName"))?;
                    return Some(f64::from(u32::try_from(lines.len()).unwrap()));
                }
                let values = query.dimensions.iter().map(|(_, value)| value.as_str());
                let key = [query.metric.as_str()].into_iter().chain(values).chain([query.statistic.as_str()]);
                account.metrics.get(&key.collect::<Vec<_>>().join(" ")).copied()
            };
            let asked = cloudwatch::asked(&request.body);
            Answer { body: Body::Cbor(cloudwatch::answer(&asked, value)), ..Answer::json(Value::Null) }
        }
        "xray" if name == "GetSamplingRules" => {
            let (records, token) = page(account, account.xray.records(), start, 100);
            let answer = Answer::json(json!({"SamplingRuleRecords": records}));
            match token {
                Some(token) => answer.with_token("NextToken", &token),
                None => answer,
            }
        }
        "xray" => Answer::json(account.xray.trace_destination()),
        "firehose" if name == "DescribeDeliveryStream" => delivery_stream(account, request),
        "kms" => key(account, request, name),
        "organizations" => organization::answer(account, request, name, start),
        "iam" => iam(account, request, name, start),
        "sts" if name == "GetCallerIdentity" => {
            let arn = format!("arn:aws:iam::{ACCOUNT}:user/auditor");
            Answer::xml(name, &format!("<UserId>AIDA</UserId><Account>{ACCOUNT}</Account><Arn>{arn}</Arn>"))
        }
        "ec2" if name == "DescribeRegions" => {
            let item = |region| {
                format!(
                    "<item><regionName>{region}</regionName><regionEndpoint>ec2.{region}.amazonaws.com</regionEndpoint>\
                     <optInStatus>opt-in-not-required</optInStatus></item>"
                )
            };
            let items: String = ["eu-west-1", "us-east-1"].map(item).concat();
            Answer {
                body: Body::Xml(format!(
                    "<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
                )),
                ..Answer::json(Value::Null)
            }
        }
        "ec2" => ec2(account, request, name, start),
        service => Answer::error(service, 404, "UnknownOperationException", "not an operation of the synthetic AWS"),
    }
}

/// A page of `elements`, and the token of the next.
fn page<T>(account: &Account, elements: Vec<T>, start: usize, asked: usize) -> (Vec<T>, Option<String>) {
    let size = if account.page == 0 { asked } else { asked.min(account.page) };
    let next = start.saturating_add(size);
    let token = (next < elements.len()).then(|| format!("from+/={next}"));
    (elements.into_iter().skip(start).take(size).collect(), token)
}

fn gateway(account: &Account, request: &Request, start: usize) -> Answer {
    let service = request.service();
    let apis = if service == "apigateway" { &account.rest_apis } else { &account.v2_apis };
    let asked = |name| request.field(name).parse().ok();
    let limit: usize = asked("limit").or(asked("maxResults")).unwrap_or(25);
    if limit > 500 {
        return Answer::error(service, 400, "BadRequestException", "Invalid limit");
    }
    let (list, elements) = match request.operation.as_str() {
        "apigateway:GetAccount" => {
            let mut account_settings = json!({
                "apiKeyVersion": "4", "features": ["UsagePlans"],
                "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
            });
            if let Some(role) = &account.cloudwatch_role {
                account_settings["cloudwatchRoleArn"] = json!(role);
            }
            return Answer::json(account_settings);
        }
        "apigateway:GetRestApis" => {
            let api = |api: &Api| json!({"id": api.id, "name": api.name, "createdDate": 1_700_000_000});
            ("item", apis.iter().map(api).collect())
        }
        "apigatewayv2:GetApis" => {
            let api = |api: &Api| {
                json!({
                    "apiId": api.id, "name": api.name, "protocolType": api.protocol, "createdDate": "2026-01-01T00:00:00Z",
                    "routeSelectionExpression": "$request.method $request.path",
                })
            };
            ("items", apis.iter().map(api).collect())
        }
        _ => {
            let id = request.path.trim_start_matches("/v2").split('/').nth(2).unwrap_or_default();
            let Some(api) = apis.iter().find(|api| api.id == id) else {
                return Answer::error(service, 404, "NotFoundException", "Invalid API identifier specified");
            };
            // The only list of these that has no pages.
            if service == "apigateway" {
                return Answer::json(json!({"item": api.stages}));
            }
            ("items", api.stages.clone())
        }
    };
    let (elements, token) = page::<Value>(account, elements, start, limit);
    let answer = Answer::json(json!({list: elements}));
    match token {
        Some(token) => answer.with_token(request.token_name(), &token),
        None => answer,
    }
}

fn log_groups(account: &Account, request: &Request, start: usize) -> Answer {
    let limit = request.json["limit"].as_u64().map_or(50, |limit| usize::try_from(limit).unwrap());
    if limit > 50 {
        return Answer::error("logs", 400, "InvalidParameterException", "limit must be at most 50");
    }
    let prefix = request.json["logGroupNamePrefix"].as_str().unwrap_or_default().to_owned();
    let identifiers: Option<Vec<&str>> =
        request.json["logGroupIdentifiers"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect());
    let groups =
        account.log_groups.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix)).filter(
            |(name, _)| identifiers.as_ref().is_none_or(|list| list.iter().any(|asked| asked.ends_with(*name))),
        );
    let (groups, token) = page(account, groups.collect(), start, limit);
    let element = |(name, settings): (&String, &Value)| {
        let arn = format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{name}", request.region);
        let mut group = json!({
            "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn, "logGroupClass": "STANDARD",
            "creationTime": 1_700_000_000_000_u64, "metricFilterCount": 0, "storedBytes": 0,
        });
        for (key, value) in settings.as_object().into_iter().flatten() {
            group[key] = value.clone();
        }
        group
    };
    let answer = Answer::json(json!({"logGroups": groups.into_iter().map(element).collect::<Vec<_>>()}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

fn log_policies(account: &Account, request: &Request, start: usize) -> Answer {
    let of_account = request.json["policyScope"].as_str().is_none_or(|scope| scope == "ACCOUNT");
    let policies: Vec<_> = account.log_policies.iter().filter(|_| of_account).collect();
    let limit = request.json["limit"].as_u64().map_or(50, |limit| usize::try_from(limit).unwrap());
    let (policies, token) = page(account, policies, start, limit);
    let element = |(name, document): (&String, &String)| json!({"policyName": name, "policyDocument": document, "lastUpdatedTime": 1_700_000_000_000_u64});
    let answer = Answer::json(json!({"resourcePolicies": policies.into_iter().map(element).collect::<Vec<_>>()}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

fn key(account: &Account, request: &Request, name: &str) -> Answer {
    let arn = request.json["KeyId"].as_str().unwrap_or_default();
    match (name, account.keys.get(arn)) {
        (_, None) => Answer::error("kms", 400, "NotFoundException", "Key does not exist"),
        ("DescribeKey", Some(_)) => {
            let id = arn.rsplit('/').next().unwrap_or_default();
            Answer::json(json!({"KeyMetadata": {"KeyId": id, "Arn": arn, "KeyState": "Enabled", "Enabled": true}}))
        }
        (_, Some(policy)) => Answer::json(json!({"Policy": policy, "PolicyName": "default"})),
    }
}

/// Every line: whoever asks with a pattern looks again.
fn events(account: &Account, request: &Request, start: usize) -> Answer {
    let group = request.json["logGroupName"].as_str().or(request.json["logGroupIdentifier"].as_str());
    let group = group.unwrap_or_default().rsplit("log-group:").next().unwrap_or_default();
    if !account.log_groups.contains_key(group) {
        return Answer::error("logs", 400, "ResourceNotFoundException", "The specified log group does not exist.");
    }
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let lines = account.events.get(group).into_iter().flatten().enumerate().collect();
    let limit = request.json["limit"].as_u64().map_or(10_000, |limit| usize::try_from(limit).unwrap());
    let (lines, token) = page(account, lines, start, limit);
    let element = |(at, line): (usize, &String)| {
        json!({
            "logStreamName": "0", "timestamp": now - 5_400_000, "ingestionTime": now - 5_399_000, "message": line,
            "eventId": format!("{at:056}"),
        })
    };
    let lines: Vec<Value> = lines.into_iter().map(element).collect();
    let answer = Answer::json(json!({"events": lines, "searchedLogStreams": []}));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

fn functions(account: &Account, request: &Request, start: usize) -> Answer {
    let asked = request.field("MaxItems").parse().unwrap_or(50).min(50);
    let (functions, token) = page(account, account.functions.clone(), start, asked);
    let answer = Answer::json(json!({"Functions": functions}));
    match token {
        Some(token) => answer.with_token("NextMarker", &token),
        None => answer,
    }
}

/// A function in AWS's wire form.
pub(crate) fn function(region: &str, name: &str, role: &str, mode: &str) -> Value {
    json!({
        "FunctionName": name, "FunctionArn": format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"),
        "Role": format!("arn:aws:iam::{ACCOUNT}:role/{role}"), "Runtime": "python3.13", "Handler": "index.handler",
        "CodeSize": 1_234, "Timeout": 3, "MemorySize": 128, "Version": "$LATEST", "PackageType": "Zip",
        "LastModified": "2026-01-01T00:00:00.000+0000", "TracingConfig": {"Mode": mode}, "Architectures": ["arm64"],
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")},
        "Environment": {"Variables": {"TABLE": "orders", "PASSWORD": "secret-of-a-function"}},
    })
}

/// The lists of EC2, each with the name that it has in the answer. Filters are not looked at: whoever asks gets all.
const LISTS: &[(&str, &str)] = &[
    ("DescribeSubnets", "subnetSet"),
    ("DescribeVpcs", "vpcSet"),
    ("DescribeRouteTables", "routeTableSet"),
    ("DescribeNatGateways", "natGatewaySet"),
    ("DescribeInternetGateways", "internetGatewaySet"),
    ("DescribeVpcEndpoints", "vpcEndpointSet"),
    ("DescribeSecurityGroups", "securityGroupInfo"),
    ("DescribeNetworkAcls", "networkAclSet"),
    ("DescribeDhcpOptions", "dhcpOptionsSet"),
    ("DescribeNetworkInterfaces", "networkInterfaceSet"),
    ("DescribeVpcPeeringConnections", "vpcPeeringConnectionSet"),
    ("DescribeTransitGateways", "transitGatewaySet"),
    ("DescribeTransitGatewayAttachments", "transitGatewayAttachments"),
    ("DescribeTransitGatewayVpcAttachments", "transitGatewayVpcAttachments"),
];

fn ec2(account: &Account, request: &Request, action: &str, start: usize) -> Answer {
    let xml = |result: &str| Answer {
        body: Body::Xml(format!("<{action}Response><requestId>r</requestId>{result}</{action}Response>")),
        ..Answer::json(Value::Null)
    };
    if action == "DescribeVpcAttribute" {
        let mut attribute = request.field("Attribute").to_owned();
        attribute.replace_range(..1, &attribute[..1].to_lowercase());
        let vpc = request.field("VpcId");
        return xml(&format!("<vpcId>{vpc}</vpcId><{attribute}><value>true</value></{attribute}>"));
    }
    let Some((_, list)) = LISTS.iter().find(|(name, _)| *name == action) else {
        return Answer::error("ec2", 400, "InvalidAction", "not an operation of the synthetic AWS");
    };
    let elements = account.ec2.get(action).cloned().unwrap_or_default();
    let asked = request.field("MaxResults").parse().unwrap_or(1_000);
    let (elements, token) = page(account, elements, start, asked);
    let items = elements.iter().map(|element| format!("<item>{element}</item>")).collect::<Vec<_>>().concat();
    let answer = xml(&format!("<{list}>{items}</{list}><nextToken/>"));
    match token {
        Some(token) => answer.with_token("nextToken", &token),
        None => answer,
    }
}

fn delivery_stream(account: &Account, request: &Request) -> Answer {
    let name = request.json["DeliveryStreamName"].as_str().unwrap_or_default();
    if !account.streams.iter().any(|stream| stream == name) {
        return Answer::error("firehose", 400, "ResourceNotFoundException", "Firehose not found");
    }
    Answer::json(json!({"DeliveryStreamDescription": {
        "DeliveryStreamName": name, "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut",
        "DeliveryStreamARN": format!("arn:aws:firehose:{}:{ACCOUNT}:deliverystream/{name}", request.region),
        "VersionId": "1", "CreateTimestamp": 1_700_000_000.0, "Destinations": [], "HasMoreDestinations": false,
    }}))
}

fn iam(account: &Account, request: &Request, action: &str, start: usize) -> Answer {
    let no_such = || Answer::error("iam", 404, "NoSuchEntity", "It cannot be found.");
    let limit = request.field("MaxItems").parse().unwrap_or(100);
    if let "GetPolicy" | "GetPolicyVersion" = action {
        let arn = request.field("PolicyArn");
        let Some(document) = account.managed_policies.get(arn) else { return no_such() };
        let dates = "<CreateDate>2026-01-01T00:00:00Z</CreateDate>";
        return Answer::xml(
            action,
            &match request.field("VersionId") {
                "" => format!(
                    "<Policy><PolicyName>p</PolicyName><PolicyId>ANPA</PolicyId><Arn>{arn}</Arn><Path>/</Path>\
                 <DefaultVersionId>v2</DefaultVersionId><AttachmentCount>1</AttachmentCount>\
                 <IsAttachable>true</IsAttachable>{dates}</Policy>"
                ),
                "v2" => format!(
                    "<PolicyVersion><Document>{}</Document><VersionId>v2</VersionId>\
                 <IsDefaultVersion>true</IsDefaultVersion>{dates}</PolicyVersion>",
                    encoded(document)
                ),
                _ => return no_such(),
            },
        );
    }
    let name = request.field("RoleName");
    let Some(role) = account.roles.get(name) else { return no_such() };
    let list = |tag: &str, elements: Vec<String>| {
        let (elements, token) = page(account, elements, start, limit);
        let members = elements.iter().map(|element| format!("<member>{element}</member>")).collect::<Vec<_>>().concat();
        let answer = Answer::xml(action, &format!("<{tag}>{members}</{tag}><IsTruncated>false</IsTruncated>"));
        match token {
            Some(token) => answer.with_token("Marker", &token),
            None => answer,
        }
    };
    match action {
        "GetRole" => {
            let boundary = role.boundary.as_ref().map_or(String::new(), |arn| {
                format!(
                    "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>\
                     <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
                )
            });
            Answer::xml(
                action,
                &format!(
                    "<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId>\
                 <Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
                 <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>{boundary}</Role>",
                    encoded(&role.trust)
                ),
            )
        }
        "ListRolePolicies" => list("PolicyNames", role.inline.keys().cloned().collect()),
        "ListAttachedRolePolicies" => {
            let element = |arn: &String| format!("<PolicyName>p</PolicyName><PolicyArn>{arn}</PolicyArn>");
            list("AttachedPolicies", role.attached.iter().map(element).collect())
        }
        "GetRolePolicy" => match role.inline.get(request.field("PolicyName")) {
            Some(document) => Answer::xml(
                action,
                &format!(
                    "<RoleName>{name}</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
                    request.field("PolicyName"),
                    encoded(document)
                ),
            ),
            None => no_such(),
        },
        _ => Answer::error("iam", 400, "InvalidAction", "Could not find operation"),
    }
}

/// As IAM sends policy documents: URL-encoded.
fn encoded(document: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    document.bytes().map(byte).collect()
}

/// The answer that the fault puts in the place of a good one.
fn spoil(service: &str, mut answer: Answer, fault: Fault) -> Answer {
    let (query, json) = (matches!(service, "iam" | "sts"), matches!(service, "logs" | "firehose"));
    let ec2 = service == "ec2";
    let (status, code, message) = match fault {
        Fault::Denied if ec2 => (403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        Fault::Denied if query => (403, "AccessDenied", "User: auditor is not authorized to perform this"),
        Fault::Denied => (if json { 400 } else { 403 }, "AccessDeniedException", "User: auditor is not authorized"),
        Fault::Throttled if ec2 => (503, "RequestLimitExceeded", "Request limit exceeded."),
        Fault::Throttled if query => (400, "Throttling", "Rate exceeded"),
        Fault::Throttled if json => (400, "ThrottlingException", "Rate exceeded"),
        Fault::Throttled => (429, "TooManyRequestsException", "Too Many Requests"),
        Fault::ServerError(500) if query || ec2 => (500, "InternalFailure", "We encountered an internal error."),
        Fault::ServerError(status) if query || ec2 => (status, "ServiceUnavailable", "Please try again."),
        Fault::ServerError(500) => (500, "InternalServerErrorException", "We encountered an internal error."),
        Fault::ServerError(status) => (status, "ServiceUnavailableException", "Please try again."),
        Fault::Unsupported if query || ec2 => (400, "InvalidAction", "Could not find operation"),
        Fault::Unsupported => (if json { 400 } else { 404 }, "UnknownOperationException", ""),
        Fault::NotFound if query || ec2 => (404, "NoSuchEntity", "It cannot be found."),
        Fault::NotFound if json => (400, "ResourceNotFoundException", "It cannot be found."),
        Fault::NotFound => (404, "NotFoundException", "Invalid API identifier specified"),
        Fault::Without(fields) => {
            match &mut answer.body {
                Body::Json(value) => fields.iter().for_each(|field| leave_out(value, field)),
                Body::Xml(text) => fields.iter().for_each(|field| leave_out_element(text, field)),
                Body::Cbor(_) => {}
            }
            return answer;
        }
        Fault::Status(status) => {
            if let Body::Json(value) = &mut answer.body {
                (value["status"], value["results"]) = (json!(status), json!([]));
            }
            return answer;
        }
        Fault::Partial => {
            if let Body::Cbor(bytes) = &mut answer.body {
                *bytes = cloudwatch::partial(bytes);
            }
            return answer;
        }
        _ => return answer,
    };
    let mut answer = Answer::error(service, status, code, message);
    if status == 429 {
        answer.headers.push(("Retry-After", "1".to_owned()));
    }
    answer
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
    if let Body::Cbor(body) = answer.body {
        let body = if fault == Some(Fault::Truncated) { body[..body.len() / 2].to_vec() } else { body };
        let length = body.len();
        let kind = "Content-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor";
        let head = format!("HTTP/1.1 {} -\r\n{kind}\r\nContent-Length: {length}\r\n\r\n", answer.status);
        stream.write_all(&[head.as_bytes(), &body].concat())?;
        return Ok(true);
    }
    let (mut kind, mut body) = match answer.body {
        Body::Cbor(_) => unreachable!("sent above"),
        Body::Json(value) if Protocol::of(service) == Protocol::Rest => ("application/json", value.to_string()),
        Body::Json(value) => ("application/x-amz-json-1.1", value.to_string()),
        Body::Xml(text) => ("text/xml", text),
    };
    match fault {
        Some(Fault::Html) => {
            (kind, body) =
                ("text/html", "<!DOCTYPE html><html><body><p>Sign in to the network</p></body></html>".into());
        }
        Some(Fault::Empty) => body.clear(),
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

fn leave_out_element(text: &mut String, name: &str) {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    while let Some(start) = text.find(&open) {
        let end = start + text[start..].find(&close).unwrap() + close.len();
        text.replace_range(start..end, "");
    }
}

fn leave_out(value: &mut Value, field: &str) {
    match value {
        Value::Object(object) => {
            object.remove(field);
            object.values_mut().for_each(|value| leave_out(value, field));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|value| leave_out(value, field)),
        _ => {}
    }
}
