//! Writes the fields of a format that is no JSON as one JSON object: CLF, CSV, XML, key=value pairs, and JSON that is
//! beyond repair.

use std::collections::HashSet;

use gatelight_model::inventory::Protocol;

use super::{keys, variables::fixed_name};
use crate::{
    format::Format,
    refused::HTTP_MAX_BYTES,
    template::{TemplatePart, Variable},
};

/// The longest name before a variable that is taken for a field's name, in bytes.
const MAX_NAME: usize = 60;

/// A JSON object with every variable of the format, under the name that stands before it (`status=$context.status`) or
/// its own, and with the `missing` ones. Left out are text without variables, and variables that are never filled or
/// that AWS refuses. `None` if no variable is left, or the result would be too long.
#[must_use]
pub fn rewrite(format: &Format<'_>, missing: &[String]) -> Option<String> {
    let mut fields = fields(format);
    if fields.is_empty() {
        return None;
    }
    for name in missing {
        if fields.iter().all(|(_, variable)| variable != name) {
            fields.push((None, name.clone()));
        }
    }
    let mut used = HashSet::new();
    // Names that the owner chose come first: names that are made here keep clear of them.
    let names: Vec<_> =
        fields.iter().map(|(name, _)| name.clone().filter(|name| keys::take(name, &mut used))).collect();
    let members = fields.iter().zip(names).map(|((_, variable), name)| {
        let name = name.unwrap_or_else(|| keys::unused(variable, &used));
        used.insert(name.clone());
        format!("\"{name}\":\"$context.{variable}\"")
    });
    let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    (format.protocol != Protocol::Http || text.len() <= HTTP_MAX_BYTES).then_some(text)
}

/// The variables with the names that stand before them. One that has no name stands there once.
fn fields(format: &Format<'_>) -> Vec<(Option<String>, String)> {
    let mut fields: Vec<(Option<String>, String)> = Vec::new();
    let mut before = "";
    for part in format.template.parts() {
        let variable: &Variable<'_> = match part {
            TemplatePart::Variable(variable) => variable,
            TemplatePart::Text(text) | TemplatePart::Unsupported(text) => {
                before = text;
                continue;
            }
        };
        let name = name_before(std::mem::take(&mut before));
        let Some(variable) = fixed_name(format, variable, true) else { continue };
        if name.is_some() || fields.iter().all(|(_, other)| *other != variable) {
            fields.push((name.map(str::to_owned), variable.into_owned()));
        }
    }
    fields
}

/// The name at the end of the text before a variable: `"status":"`, `status=`, `status: [`, `<status>`.
fn name_before(text: &str) -> Option<&str> {
    let is_open = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '‘' | '[' | '(' | '{' | '$' | '\\');
    let text = text.trim_end_matches(is_open);
    let end = text.strip_suffix([':', '=', '>'])?;
    let is_quote = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '“' | '”' | '‘' | '’' | '\\');
    let end = end.trim_end_matches(is_quote);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = &end[end.trim_end_matches(is_name).len()..];
    (name.len() <= MAX_NAME && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some(name)
}

#[cfg(test)]
mod tests {
    use Protocol::{Http, Rest};

    use super::*;

    fn rewritten(protocol: Protocol, text: &str, missing: &[&str]) -> Option<String> {
        let missing: Vec<_> = missing.iter().map(|name| (*name).to_owned()).collect();
        rewrite(&Format::new(protocol, text), &missing)
    }

    #[test]
    fn every_field_stands_under_the_name_before_it_or_its_own() {
        for (text, expected) in [
            (
                r#"$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.path" $context.status"#,
                r#"{"identitySourceIp":"$context.identity.sourceIp","requestTime":"$context.requestTime","httpMethod":"$context.httpMethod","path":"$context.path","status":"$context.status"}"#,
            ),
            ("$context.status,$context.path", r#"{"status":"$context.status","path":"$context.path"}"#),
            (
                "id=$context.requestId code: [$context.status] error.message = '$context.error.message'",
                r#"{"id":"$context.requestId","code":"$context.status","error.message":"$context.error.message"}"#,
            ),
            (
                r#"<request id="$context.requestId"><ip>$context.identity.sourceIp</ip></request>"#,
                r#"{"id":"$context.requestId","ip":"$context.identity.sourceIp"}"#,
            ),
            // A name and its variable, whatever stands around them.
            (r#"{{"s":"$context.status",,"p" "#, r#"{"s":"$context.status"}"#),
            ("a=$context.path b=$context.path $context.path", r#"{"a":"$context.path","b":"$context.path"}"#),
            // Names in the style of the others, and none twice.
            (
                "source_ip=$context.identity.sourceIp $context.integration.error request_id=$context.requestId",
                r#"{"source_ip":"$context.identity.sourceIp","integration_error":"$context.integration.error","request_id":"$context.requestId"}"#,
            ),
            ("$context.path Path=$context.resourcePath", r#"{"Path2":"$context.path","Path":"$context.resourcePath"}"#),
            ("a=$context.path A=$context.status", r#"{"a":"$context.path","status":"$context.status"}"#),
            // A name is not a sentence or a number.
            ("the path is: $context.path", r#"{"is":"$context.path"}"#),
            ("1=$context.path", r#"{"path":"$context.path"}"#),
            ("$context.error.messageString", r#"{"errorMessage":"$context.error.message"}"#),
            (
                "$$context.requestId $$context.status",
                r#"{"requestId":"$context.requestId","status":"$context.status"}"#,
            ),
        ] {
            assert_eq!(rewritten(Rest, text, &[]).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_never_filled_left_out() {
        let text = "p=$context.resourcePath x=$context.xrayTraceId n=$context.brandNew b=$input.body";
        assert_eq!(
            rewritten(Http, text, &["requestId", "routeKey"]).as_deref(),
            Some(r#"{"p":"$context.routeKey","requestId":"$context.requestId"}"#)
        );
        assert_eq!(rewritten(Http, "$context.xrayTraceId", &["requestId"]), None);
        assert_eq!(rewritten(Rest, "plain text", &["requestId"]), None);
        let long = format!("$context.authorizer.{}", "x".repeat(HTTP_MAX_BYTES));
        assert_eq!(rewritten(Http, &long, &[]), None);
    }
}
