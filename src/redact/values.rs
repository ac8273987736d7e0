//! The values of keys whose names say that they are secret: `key=value`, `"key": "value"`, `--key value`,
//! `<key>value</key>`, `Authorization: …`, `Bearer …`.

use super::{
    keys::Name,
    marks::{REMOVED, is_end_of_word},
};

/// The most words of a value without quotes.
const MOST_WORDS: usize = 24;
/// How much of a tag is looked through for its end, in bytes.
const LONGEST_TAG: usize = 256;
/// Words that a sentence has and a passphrase hardly has.
const OF_SENTENCES: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "at",
    "be",
    "been",
    "by",
    "cannot",
    "could",
    "denied",
    "does",
    "empty",
    "error",
    "expired",
    "failed",
    "failure",
    "for",
    "from",
    "has",
    "have",
    "in",
    "incorrect",
    "invalid",
    "is",
    "it",
    "mismatch",
    "missing",
    "must",
    "no",
    "not",
    "of",
    "on",
    "or",
    "required",
    "should",
    "the",
    "to",
    "too",
    "was",
    "were",
    "will",
    "with",
    "wrong",
];
/// Values that tell of no secret.
const TELLING: &[&str] = &["null", "none", "nil", "undefined", "true", "false", "redacted", "unset"];

/// Removes the values.
pub(super) fn redact(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_key_char) {
        let (before, from_key) = rest.split_at(start);
        out.push_str(before);
        let end = from_key.find(|c| !is_key_char(c)).unwrap_or(from_key.len());
        let (key, after) = from_key.split_at(end);
        let found = found(&out, key, after);
        out.push_str(key);
        rest = after;
        if let Some(Value { at, length }) = found {
            out.push_str(&after[..at]);
            if length > 0 {
                out.push_str(REMOVED);
            }
            rest = &after[at + length..];
        }
    }
    out.push_str(rest);
    out
}

fn is_key_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where a secret stands in what follows its key, in bytes.
struct Value {
    at: usize,
    length: usize,
}

fn found(before: &str, key: &str, after: &str) -> Option<Value> {
    let name = Name::of(key);
    if is_in_an_arn(before) {
        return None;
    }
    if name.is_secret() {
        let value = assigned(&name, after)
            .or_else(|| of_an_option(key, after))
            .or_else(|| of_an_element(before, key, after))
            .or_else(|| of_a_sentence(after));
        if value.is_some() {
            return value;
        }
    } else if name.is_secret_in_a_query(before.ends_with(['?', '&'])) && after.starts_with(['=', '%']) {
        return assigned(&name, after);
    }
    if name.is_scheme() { of_a_scheme(after) } else { None }
}

/// `arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db` is the name of a secret, not a secret.
fn is_in_an_arn(before: &str) -> bool {
    let near = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST_TAG))..];
    let word = near.rsplit(|c| is_end_of_word(c) || c == '=').next().unwrap_or_default();
    before.ends_with(':') && word.starts_with("arn:")
}

/// `=`, `: `, `": "`, `\": \"`, `%3D`, `", "value": "`.
fn assigned(name: &Name, after: &str) -> Option<Value> {
    let at = separator(after)?;
    let value = &after[at..];
    let length = if let Some(list) = value.strip_prefix('[') {
        // A list, or a word in brackets: to its end, or to the end of the word.
        list.find(']').map_or_else(|| value.len(), |end| end + 2)
    } else if is_told(value)
        || value.starts_with('{') && value[1..].trim_start_matches([' ', '\\']).starts_with(['"', '\''])
    {
        0
    } else {
        length_of(name, value.trim_start_matches('{')) + value.len() - value.trim_start_matches('{').len()
    };
    Some(Value { at, length })
}

/// The length in bytes of what separates a key from its value.
fn separator(text: &str) -> Option<usize> {
    let rest = without_quotes(text);
    let rest = sign(rest).or_else(|| {
        // The key is a value itself, and what follows is called `value`.
        let rest = without_quotes(rest.strip_prefix(',').unwrap_or(rest));
        let value = rest.get(..5).filter(|word| word.eq_ignore_ascii_case("value"))?;
        sign(without_quotes(&rest[value.len()..]))
    })?;
    Some(text.len() - rest.len())
}

/// Without quotes, plain and escaped, blanks, and what ends an index.
fn without_quotes(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start_matches(['\\', '"', '\'', '`', ' ', ']']);
        let rest = rest.strip_prefix("&quot;").or_else(|| rest.strip_prefix("&#34;")).unwrap_or(rest);
        if rest.len() == text.len() {
            return rest;
        }
        text = rest;
    }
}

fn sign(text: &str) -> Option<&str> {
    let signs = ["===", "==", "!=", "=>", ":=", "=", ":", "%3D", "%3d", "%3A", "%3a", "\\u003d", "||"];
    let rest = signs.into_iter().find_map(|sign| text.strip_prefix(sign))?;
    let rest = rest.trim_start_matches([' ', '\\']);
    Some(rest.strip_prefix("&quot;").or_else(|| rest.strip_prefix("&#34;")).unwrap_or(rest))
}

/// Whether a value is one that explains: an ARN, an error, a status, or that there is none.
fn is_told(value: &str) -> bool {
    let value = value.trim_start_matches(['"', '\'', '`', '\\', '<', '[', '(']);
    let word = value.split(|c| is_end_of_word(c) || matches!(c, '\\' | ']')).next().unwrap_or_default();
    let word = word.trim_end_matches([':', '.']);
    let is_status = word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_none = TELLING.iter().any(|told| word.eq_ignore_ascii_case(told)) || word.chars().all(|c| c == '*');
    value.starts_with("arn:") || is_status || word.ends_with("Exception") || !word.is_empty() && is_none
}

/// The length in bytes of a value: to its closing quote, to the end of its words, or to the end of the word.
fn length_of(name: &Name, value: &str) -> usize {
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) {
        return quoted(value, quote);
    }
    if name.is_to_the_end() {
        return value.len();
    }
    let word = value.find(is_end_of_word).unwrap_or(value.len());
    if name.may_be_of_words() { words(value, name.is_of_words()).unwrap_or(word).max(word) } else { word }
}

fn quoted(value: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in value.char_indices().skip(1) {
        if c == quote {
            // A quote after a backslash may end a value of JSON in JSON or be part of a JSON value, so go on to what can
            // only be the end.
            let next = value[at + 1..].chars().find(|c| !c.is_whitespace());
            if !escaped || next.is_none_or(|c| matches!(c, ',' | '}' | ']' | ')' | ';' | '\\')) {
                return at + 1;
            }
        }
        escaped = c == '\\';
    }
    value.len()
}

/// The length in bytes of a value of several words without quotes, if it is one. Where it may be a sentence as well, it is
/// three words or more, of letters alone, none of which a sentence is made of.
fn words(value: &str, certain: bool) -> Option<usize> {
    let (mut end, mut count, mut rest) = (0, 0, value);
    loop {
        let length = rest.find(is_end_of_word).unwrap_or(rest.len());
        let word = &rest[..length];
        let bare = word.trim_end_matches(['.', '!']);
        // What has a value of its own is a key: `user=…`, `attempts: 3`.
        if word.contains(['=', ':']) {
            break;
        }
        let is_plain = bare.len() >= 2 && bare.chars().all(char::is_alphabetic);
        if !certain && (!is_plain || OF_SENTENCES.iter().any(|of| bare.eq_ignore_ascii_case(of))) {
            return None;
        }
        end = value.len() - rest.len() + length;
        count += 1;
        match rest[length..].strip_prefix(' ') {
            Some(next) if count < MOST_WORDS && next.starts_with(|c| !is_end_of_word(c)) => rest = next,
            _ => break,
        }
    }
    (certain || count >= 3).then_some(end)
}

/// `--password hunter2`, `-token 'a b'`.
fn of_an_option(key: &str, after: &str) -> Option<Value> {
    let value = after.trim_start_matches(' ');
    let at = after.len() - value.len();
    let taken = key.starts_with('-') && at > 0 && !value.is_empty() && !value.starts_with('-') && !is_told(value);
    taken.then(|| {
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let length =
            quote.map_or_else(|| value.find(is_end_of_word).unwrap_or(value.len()), |quote| quoted(value, quote));
        Value { at, length }
    })
}

/// `<password>…</password>`, also with a prefix and attributes, and escaped.
fn of_an_element(before: &str, key: &str, after: &str) -> Option<Value> {
    const BRACKETS: [[&str; 2]; 3] = [["<", ">"], ["&lt;", "&gt;"], ["\\u003c", "\\u003e"]];
    BRACKETS.into_iter().find_map(|[open, close]| {
        // `\u003cpassword`: the sign's letters and the name are one word.
        let is_joined = open.starts_with('\\') && before.ends_with('\\') && key.starts_with("u003c");
        if !(before.ends_with(open) || before.ends_with(':') || is_joined) {
            return None;
        }
        let tag = &after[..after.floor_char_boundary(LONGEST_TAG)];
        let end = tag.find(close).filter(|end| !tag[..*end].contains(open))?;
        // The name ends here, or attributes follow.
        if end > 0 && !after.starts_with(' ') {
            return None;
        }
        let at = end + close.len();
        let value = &after[at..];
        let length = value.find(open).unwrap_or(value.len());
        Some(Value { at, length: if is_told(value) { 0 } else { length } })
    })
}

/// `the password is hunter2`: no word of a sentence is made of letters and digits.
fn of_a_sentence(after: &str) -> Option<Value> {
    let at = [" is ", " was ", " "].into_iter().find_map(|verb| after.starts_with(verb).then_some(verb.len()))?;
    let value = after[at..].trim_start_matches(['"', '\'']);
    let at = after.len() - value.len();
    let length = value.find(is_end_of_word).unwrap_or(value.len());
    let word = value[..length].trim_end_matches(['.', ',']);
    let holds = |is: fn(char) -> bool| word.chars().any(is);
    let is_secret =
        word.len() >= 6 && holds(char::is_alphabetic) && holds(char::is_numeric) && !word.contains([':', '=', '/']);
    (is_secret && at > 1).then_some(Value { at, length: word.len() })
}

/// `Bearer …`. `token expired` and `basic auth` are plain words; a credential is long, holds digits or mixes cases.
fn of_a_scheme(after: &str) -> Option<Value> {
    let value = after.strip_prefix(' ')?;
    let length = value.find(is_end_of_word).unwrap_or(value.len());
    let word = &value[..length];
    let mixes = word.len() >= 8
        && word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_secret = length >= 16 || mixes || word.ends_with('=') || word.bytes().any(|byte| byte.is_ascii_digit());
    is_secret.then_some(Value { at: 1, length })
}
