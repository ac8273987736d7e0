//! Fixes formats: what is almost JSON becomes JSON on one line, and missing variables are added.

mod keys;
mod tidy;
mod variables;

use gatelight_model::inventory::Protocol;

use crate::{format::Format, refused::HTTP_MAX_BYTES};

/// The format as one JSON object on one line: with the `missing` variables added, names corrected, quotes around what can
/// be absent, and without variables that are never filled or that AWS refuses. Keys, their order and the white space between them are kept.
/// `None` where that is not possible, or the result would be too long.
#[must_use]
pub fn fix(format: &Format<'_>, missing: &[String]) -> Option<String> {
    let text = if format.json().is_ok() { format.text().to_owned() } else { tidy::tidied(&unwrapped(format.text())) };
    let line = on_one_line(&text);
    let tidy = Format::new(format.protocol, &line);
    tidy.json().ok()?;
    let fixed = with_missing(format.protocol, &variables::with_fixed_variables(&tidy)?, missing)?;
    let fits = format.protocol != Protocol::Http || fixed.len() <= HTTP_MAX_BYTES;
    (fits && Format::new(format.protocol, &fixed).json().is_ok()).then_some(fixed)
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
