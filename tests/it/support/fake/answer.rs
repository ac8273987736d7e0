//! Answers, before anything goes wrong.

use serde_json::{Value, json};

use super::Account;
use crate::support::{cbor, wire::Protocol};

/// An answer, before anything goes wrong.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

pub(super) enum Body {
    Json(Value),
    Xml(String),
    Cbor(Vec<u8>),
}

impl Answer {
    pub(super) fn json(value: Value) -> Self {
        Self { status: 200, headers: vec![], body: Body::Json(value) }
    }

    /// The result of an IAM or STS action.
    pub(super) fn xml(action: &str, result: &str) -> Self {
        let body = format!(
            "<{action}Response xmlns=\"https://aws.amazon.com/doc/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
        );
        Self { status: 200, headers: vec![], body: Body::Xml(body) }
    }

    /// An error in the form of the service's protocol.
    pub(super) fn error(service: &str, status: u16, code: &str, message: &str) -> Self {
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
    pub(super) fn with_token(mut self, name: &str, token: &str) -> Self {
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

/// A page of `elements`, and the token of the next.
pub(super) fn page<T>(account: &Account, elements: Vec<T>, start: usize, asked: usize) -> (Vec<T>, Option<String>) {
    let size = if account.page == 0 { asked } else { asked.min(account.page) };
    let next = start.saturating_add(size);
    let token = (next < elements.len()).then(|| format!("from+/={next}"));
    (elements.into_iter().skip(start).take(size).collect(), token)
}
