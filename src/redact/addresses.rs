//! Web and e-mail addresses.

use super::marks::{REMOVED, is_end_of_word};

/// Removes user, password, path and query of web addresses, and e-mail addresses.
pub(super) fn redact(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, from) = rest.split_at(at);
        let from = &from["://".len()..];
        out.push_str(before);
        out.push_str("://");
        let end = from.find(|c: char| is_end_of_word(c) || c == '\\').unwrap_or(from.len());
        let (address, after) = from.split_at(end);
        let host_end = address.find(['/', '?', '#']).unwrap_or(address.len());
        // The last `@`, even after a slash: passwords may hold slashes.
        let host = match address.rfind('@') {
            Some(at) => {
                out.push_str(REMOVED);
                let host = &address[at..];
                &host[..host.find(['/', '?', '#']).unwrap_or(host.len())]
            }
            None => &address[..host_end],
        };
        out.push_str(host);
        if host_end < address.len() {
            // A webhook's secret is its path; the host is enough to know which it was.
            out.push('/');
            out.push_str(REMOVED);
        }
        rest = after;
    }
    out.push_str(rest);
    emails(&out)
}

fn emails(line: &str) -> String {
    let is_local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '=');
    let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((at, sign)) = next_sign(rest) {
        let (before, after) = (&rest[..at], &rest[at + sign.len()..]);
        let local = before.len() - before.chars().rev().take_while(|c| is_local(*c)).map(char::len_utf8).sum::<usize>();
        let domain: usize = after.chars().take_while(|c| is_domain(*c)).map(char::len_utf8).sum();
        if local < before.len() && domain > 0 {
            out.push_str(&before[..local]);
            out.push_str(REMOVED);
            rest = &after[domain..];
        } else {
            out.push_str(before);
            out.push_str(sign);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// Where the next `@` is, and how it is written: plain, URL-encoded, in JSON, in HTML.
fn next_sign(text: &str) -> Option<(usize, &'static str)> {
    text.match_indices(['@', '%', '\\', '&']).find_map(|(at, _)| {
        let sign = ["@", "%40", "\\u0040", "&#64;"].into_iter().find(|sign| text[at..].starts_with(sign))?;
        Some((at, sign))
    })
}
