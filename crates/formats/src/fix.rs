//! Fixes formats: what is almost JSON becomes JSON on one line, and missing variables are added.

mod keys;
mod repair;
mod rewrite;
mod tidy;
mod variables;

use gatelight_model::inventory::Protocol;

use crate::{
    format::Format,
    refused::HTTP_MAX_BYTES,
    template::Template,
    variables::{Support, support},
};

pub use rewrite::rewrite;

/// The format as one JSON object on one line: with the `missing` variables added, names corrected, quotes around what can
/// be absent, and without variables that are never filled or that AWS refuses. Keys, their order and the white space
/// between them are kept; for an HTTP API's limit the white space goes. `None` where that is not possible.
#[must_use]
pub fn fix(format: &Format<'_>, missing: &[String]) -> Option<String> {
    let text = if format.json().is_ok() { format.text().to_owned() } else { as_json(format.text())? };
    let line = on_one_line(&text);
    let tidy = Format::new(format.protocol, &line);
    tidy.json().ok()?;
    let fixed = with_missing(format.protocol, &variables::with_fixed_variables(&tidy)?, missing)?;
    let fits = |text: &String| format.protocol != Protocol::Http || text.len() <= HTTP_MAX_BYTES;
    let fixed = if fits(&fixed) { fixed } else { without_space(&fixed) };
    (fits(&fixed) && Format::new(format.protocol, &fixed).json().is_ok()).then_some(fixed)
}

/// Text that is not JSON as JSON, in one of two ways: tidied between its tokens, or repaired where a parser stops. The
/// way that keeps more of its variables counts, because a lost quote turns text into strings and strings into text.
fn as_json(text: &str) -> Option<String> {
    let text = unwrapped(&with_words_joined(text));
    let count = |text: &String| Template::parse(text).variables().count();
    let is_json = |text: &String| Format::new(Protocol::Rest, text).json().is_ok();
    let tidied = Some(on_one_line(&tidy::tidied(&text))).filter(is_json);
    if tidied.as_ref().is_some_and(|tidied| count(tidied) == count(&text)) {
        return tidied;
    }
    // Of equally many the last one is taken: the tidied text, with its white space kept.
    [repair::repaired(&text), tidied].into_iter().flatten().max_by_key(count)
}

/// Removes line breaks inside words, such as a terminal's edge puts there, but not after the whole name of a variable.
fn with_words_joined(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\n') {
        joined.push_str(rest[..at].trim_end_matches('\r'));
        let before = &joined[joined.trim_end_matches(is_word).len()..];
        let whole_name = joined[..joined.len() - before.len()]
            .ends_with('$')
            .then(|| before.strip_prefix("context."))
            .flatten()
            .is_some_and(|name| Protocol::ALL.iter().any(|protocol| is_known(*protocol, name)));
        rest = &rest[at + 1..];
        if before.is_empty() || whole_name || !rest.starts_with(is_word) {
            joined.push('\n');
        }
    }
    joined + rest
}

fn is_known(protocol: Protocol, name: &str) -> bool {
    matches!(support(protocol, name), Support::Supported | Support::Unlisted)
}

/// JSON without the white space between its tokens.
fn without_space(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let is_kept = |c: &char| {
        let is_end = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        in_string ^= is_end;
        in_string || !c.is_whitespace()
    };
    json.chars().filter(is_kept).collect()
}

/// Removes quotes around the whole format, and escapes that some program should have undone.
fn unwrapped(text: &str) -> String {
    let body = text.trim().trim_start_matches('\u{feff}');
    let inside = |quote| body.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let unescaped = |text: &str| serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
    let is_escaped = body.starts_with('{') && body[1..].trim_start().starts_with("\\\"");
    inside('"')
        .and_then(unescaped)
        .or_else(|| inside('\'').map(str::to_owned))
        .or_else(|| is_escaped.then(|| unescaped(body)).flatten())
        .unwrap_or_else(|| body.to_owned())
}

/// Puts JSON on one line: each line break becomes one space, together with the white space around it.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text.trim();
    while let Some(found) = rest.find(['\n', '\r']) {
        line.push_str(rest[..found].trim_end());
        line.push(' ');
        rest = rest[found..].trim_start();
    }
    line + rest
}

/// Adds the missing variables at the end of the object, with white space and keys in the style of its other
/// members.
fn with_missing(protocol: Protocol, text: &str, missing: &[String]) -> Option<String> {
    let format = Format::new(protocol, text);
    let missing = missing.iter().filter(|name| format.find(name).is_none());
    let (object, rendered) = format.parsed().ok()?;
    let colon = object.colon.map_or(":", |range| &rendered.line()[range]);
    let space = object.space_before_key.map_or("", |range| &rendered.line()[range]);
    let mut keys = object.keys;
    let mut comma = if keys.is_empty() { "" } else { "," };
    let mut members = String::new();
    for name in missing {
        let key = keys::unused(name, &keys);
        members.push_str(comma);
        members.push_str(if comma.is_empty() { "" } else { space });
        members.extend(["\"", &key, "\"", colon, "\"$context.", name, "\""]);
        keys.insert(key);
        comma = ",";
    }
    let end = rendered.template_end(object.last_end);
    Some(format!("{}{members}{}", &text[..end], &text[end..]))
}

#[cfg(test)]
mod tests;
