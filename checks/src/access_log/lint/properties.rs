//! Formats made of an owner's fields and broken in one place: the fixed format passes every check, holds nothing that AWS
//! refuses, and has each field under its name with its variable or that variable's counterpart.

use gatelight_model::inventory::Protocol::{Http, Rest, Websocket};
use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use super::*;

/// Variables that owners write, and what a fixed format has in their place on REST, HTTP and WebSocket APIs. The empty
/// text: nothing, as that kind of API never fills it.
const VARIABLES: &[(&str, [&str; 3])] = &[
    ("requestId", ["requestId"; 3]),
    ("extendedRequestId", ["extendedRequestId"; 3]),
    ("identity.sourceIp", ["identity.sourceIp"; 3]),
    ("requestTime", ["requestTime"; 3]),
    ("requestTimeEpoch", ["requestTimeEpoch"; 3]),
    ("status", ["status"; 3]),
    ("stage", ["stage"; 3]),
    ("error.message", ["error.message"; 3]),
    ("error.messageString", ["error.message"; 3]),
    ("integration.latency", ["integration.latency"; 3]),
    ("integrationLatency", ["integrationLatency"; 3]),
    ("integration.status", ["integration.status"; 3]),
    ("authorizer.tenant", ["authorizer.tenant"; 3]),
    ("authorizer.claims.cognito:username", ["authorizer.claims.cognito:username"; 3]),
    ("httpMethod", ["httpMethod", "httpMethod", ""]),
    ("path", ["path", "path", ""]),
    ("responseLatency", ["responseLatency", "responseLatency", ""]),
    ("responseLength", ["responseLength", "responseLength", ""]),
    ("integrationErrorMessage", ["integrationErrorMessage"; 3]),
    ("integrationStatus", ["integrationStatus"; 3]),
    ("resourcePath", ["resourcePath", "routeKey", "routeKey"]),
    ("routeKey", ["resourcePath", "routeKey", "routeKey"]),
    ("xrayTraceId", ["xrayTraceId", "", ""]),
    ("waf.error", ["waf.error", "", "waf.error"]),
    ("connectionId", ["", "", "connectionId"]),
    ("dataProcessed", ["", "dataProcessed", ""]),
    ("wafError", ["waf.error", "", "waf.error"]),
    ("sourceIp", ["identity.sourceIp"; 3]),
    ("errorMessage", ["error.message"; 3]),
    ("requestid", ["requestId"; 3]),
    ("identity.userAgnt", ["identity.userAgent"; 3]),
    ("brandNew", ["brandNew", "", "brandNew"]),
];

fn counterpart_of(protocol: Protocol, name: &str) -> &'static str {
    let (_, there) = VARIABLES.iter().find(|(own, _)| *own == name).expect("listed");
    there[match protocol {
        Rest => 0,
        Http => 1,
        Websocket => 2,
    }]
}

/// Text, and the name of the variable after it, if there is one.
type Part = (String, Option<&'static str>);

/// A field of an owner: its name, and its value as text and names of variables.
#[derive(Clone, Debug)]
struct Field {
    key: String,
    value: Vec<Part>,
    is_quoted: bool,
    is_nested: bool,
}

impl Field {
    /// The value as the owner wrote it.
    fn written(&self) -> String {
        self.value_with(|name| Some(format!("$context.{name}")))
    }

    /// The value as the fixed format should have it. `None` where nothing but variables that are never filled was in it.
    fn expected(&self, protocol: Protocol) -> Option<String> {
        let [(text, Some(name))] = &self.value[..] else {
            let there = |name| match counterpart_of(protocol, name) {
                "" => Some("-".to_owned()),
                name => Some(format!("$context.{name}")),
            };
            return Some(self.value_with(there));
        };
        if text.is_empty() && counterpart_of(protocol, name).is_empty() {
            return None;
        }
        let there = counterpart_of(protocol, name);
        Some(if there.is_empty() { format!("{text}-") } else { format!("{text}$context.{there}") })
    }

    fn value_with(&self, there: impl Fn(&'static str) -> Option<String>) -> String {
        let parts =
            self.value.iter().flat_map(|(text, name)| [text.clone(), name.and_then(&there).unwrap_or_default()]);
        parts.collect()
    }
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let name = || prop::sample::select(VARIABLES).prop_map(|(name, _)| name);
    let value = prop_oneof![
        6 => name().prop_map(|name| vec![(String::new(), Some(name))]),
        1 => (name(), name()).prop_map(|(a, b)| vec![(String::new(), Some(a)), (" ".to_owned(), Some(b))]),
        1 => name().prop_map(|name| vec![("https://api.example.com/".to_owned(), Some(name))]),
        1 => Just(vec![("eu-west-1".to_owned(), None)]),
    ];
    let key =
        prop_oneof!["[a-z]{1,6}", "[a-z]{2,5}[A-Z][a-z]{1,5}", "[a-z]{2,5}_[a-z]{2,5}", "[a-z]{2,5}[.-][a-z]{2,5}"];
    let field = (key, value, any::<bool>(), prop::bool::weighted(0.15));
    prop::collection::vec(field, 1..9).prop_map(|fields| {
        let number = |at: usize, (key, value, bare, is_nested): (String, Vec<Part>, bool, bool)| {
            let is_bare =
                bare && matches!(&value[..], [(text, Some("status" | "requestTimeEpoch"))] if text.is_empty());
            Field { key: format!("{key}{at}"), value, is_quoted: !is_bare, is_nested }
        };
        fields.into_iter().enumerate().map(|(at, field)| number(at, field)).collect()
    })
}

/// The tokens of a format, and the white space after each mark.
fn tokens(fields: &[Field], layout: usize) -> Vec<String> {
    let (open, colon, comma, close) = [
        ("{", ":", ",", "}"),
        ("{ ", ": ", ", ", " }"),
        ("{\n  ", ": ", ",\n  ", "\n}"),
        ("{\n\t", " : ", " ,\n\t", "\n}\n"),
    ][layout];
    let mut tokens = vec![open.to_owned()];
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            tokens.push(comma.to_owned());
        }
        if field.is_nested {
            tokens.extend(["\"", &format!("in{at}"), "\"", colon, open].map(str::to_owned));
        }
        tokens.extend(["\"", &field.key, "\"", colon].map(str::to_owned));
        let quote = if field.is_quoted { "\"" } else { "" };
        tokens.extend([quote.to_owned(), field.written(), quote.to_owned()]);
        if field.is_nested {
            tokens.push(close.trim_end_matches('\n').to_owned());
        }
    }
    tokens.push(close.to_owned());
    tokens.retain(|token| !token.is_empty());
    tokens
}

/// A single way in which a format breaks.
#[derive(Clone, Copy, Debug)]
enum Break {
    Lose(&'static str),
    AddBefore(&'static str),
    Nothing,
}

const BREAKS: &[Break] = &[
    Break::Lose(","),
    Break::Lose(":"),
    Break::Lose("\""),
    Break::Lose("{"),
    Break::Lose("}"),
    Break::AddBefore(","),
    Break::AddBefore("// a note\n"),
    Break::AddBefore("# it's \"noted\"\n"),
    Break::AddBefore("/* a note */"),
    Break::AddBefore("\n"),
    Break::Nothing,
];

/// The tokens, joined, with one mark lost or something added between two tokens. A comma is added before a closing brace.
fn broken(tokens: &[String], how: Break, place: Index) -> String {
    let is = |mark: &str| (0..tokens.len()).filter(|at| tokens[*at].trim() == mark).collect::<Vec<_>>();
    let mut tokens = tokens.to_vec();
    match how {
        Break::Nothing => {}
        Break::Lose(mark) => {
            let places = is(mark);
            if !places.is_empty() {
                let at = places[place.index(places.len())];
                tokens[at] = tokens[at].replace(mark, "");
            }
        }
        Break::AddBefore(text) => {
            let ends = if text == "," { is("}") } else { [is(","), is(":"), is("}")].concat() };
            tokens.insert(ends[place.index(ends.len())], text.to_owned());
        }
    }
    tokens.concat()
}

/// The value of the first field with that name, at any depth. Variables without quotes are read as if they had some.
fn value_of(format: &Format<'_>, key: &str) -> Option<String> {
    fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
        let object = value.as_object()?;
        object.get(key).or_else(|| object.values().find_map(|value| find(value, key)))
    }
    let mut text = String::new();
    let mut from = 0;
    for used in format.template.variable_uses() {
        let quote = if used.in_string { "" } else { "\"" };
        text += &format!("{}{quote}{}{quote}", &format.text()[from..used.variable.at], used.variable.source);
        from = used.variable.end();
    }
    let object: Value = serde_json::from_str(&(text + &format.text()[from..])).expect("JSON");
    Some(find(&object, key)?.as_str().expect("text").to_owned())
}

proptest! {
    #[test]
    fn a_format_broken_in_one_place_is_fixed_with_all_its_fields(
        fields in fields(),
        protocol in prop::sample::select(&Protocol::ALL[..]),
        layout in 0..4_usize,
        how in prop::sample::select(BREAKS),
        place in any::<Index>(),
    ) {
        let text = broken(&tokens(&fields, layout), how, place);
        let linted = lint(protocol, &text);
        let Some(fixed) = linted.fixed else {
            prop_assert!(linted.refused.is_empty());
            return Ok(());
        };
        prop_assert!(linted.keeps_format, "{text}");
        let after = lint(protocol, &fixed);
        prop_assert!(after.findings.iter().all(|finding| finding.verdict == LintVerdict::Pass), "{text}\n{fixed}");
        prop_assert_eq!((after.fixed, after.refused), (None, vec![]), "{}\n{}", text, fixed);
        let format = Format::new(protocol, &fixed);
        for field in &fields {
            prop_assert_eq!(value_of(&format, &field.key), field.expected(protocol), "{}\n{}", text, fixed);
        }
    }
}
