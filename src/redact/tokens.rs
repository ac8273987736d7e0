//! Keys and tokens that are known by their form alone.

use super::marks::REMOVED;

/// Removes words that look like keys and tokens by themselves.
pub(super) fn redact(line: &str) -> String {
    // `/` occurs in AWS's secret keys and in paths, so each part of a path is checked too.
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.' | '~');
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        // `Root=1-…`.
        if word.rsplit('=').next().is_some_and(is_trace_id) {
            out.push_str(word);
        } else if is_token(word) || is_random_path(word) {
            out.push_str(REMOVED);
        } else {
            let parts = word.split_inclusive(['/', '=']);
            for part in parts {
                let bare = part.trim_end_matches(['/', '=']);
                if is_token(bare) || looks_random(bare, 20) {
                    out.push_str(REMOVED);
                    out.push_str(&part[bare.len()..]);
                } else {
                    out.push_str(part);
                }
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether a word with slashes looks random as a whole. One that names something by a UUID, `key/0a1b2c3d-…`, is a path.
fn is_random_path(word: &str) -> bool {
    word.contains('/') && looks_random(word, 40) && !word.split('/').any(is_uuid)
}

/// Known forms: AWS key ids, JWTs, long hex strings.
fn is_token(word: &str) -> bool {
    const AWS: &[&str] = &["AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA"];
    let key_id = AWS.iter().any(|prefix| {
        word.match_indices(prefix).any(|(at, _)| {
            let id = word[at..].bytes().take(16).take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            id.count() >= 16
        })
    });
    let jwt = word.match_indices("eyJ").any(|(at, _)| word[at..].len() >= 16);
    key_id || jwt || has_long_hex(word)
}

/// Trace ids of X-Ray and of W3C's `traceparent` stay: they are how one finds the trace.
fn is_trace_id(word: &str) -> bool {
    let lengths = word.split('-').map(str::len);
    let is_hex = word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    is_hex && (word.starts_with("1-") && lengths.clone().eq([1, 8, 24]) || lengths.eq([2, 32, 16, 2]))
}

/// Whether there are 20 or more hex digits in a row, some but not all of them decimal digits: letters alone are a word. 32
/// decimal digits are too long for a number.
fn has_long_hex(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_hexdigit()).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        run.len() >= 20 && digits > 0 && (digits < run.len() || run.len() >= 32)
    })
}

/// Whether a word of at least that length mixes upper case, lower case and digits as words do not.
fn looks_random(word: &str, min_length: usize) -> bool {
    if word.len() < min_length {
        return false;
    }
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    // `PutTraceSegments2` changes its kind of character at the ends of words only, base64 at every other character.
    let kind = |byte: u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = word.as_bytes();
    let changes = bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let mixed = upper > 0 && lower > 0 && digits > 0 || (digits > 3 && upper + lower > 3);
    if is_uuid(word) || is_made_of_words(word) {
        return false;
    }
    // Dates, ids with dashes and names of log streams change as often, but have separators between short parts.
    let parts = word.split(['-', '_', '.', '/', '~']).map(str::len).max().unwrap_or_default();
    (mixed && changes * 3 >= bytes.len() && parts >= 12) || (upper > 3 && lower > 3 && changes * 3 >= bytes.len())
}

/// Names of headers, `Ocp-Apim-Subscription-Key`, change their kind of character often, too.
fn is_made_of_words(word: &str) -> bool {
    word.split(['-', '_']).all(|part| {
        part.bytes().all(|byte| byte.is_ascii_alphabetic())
            && part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
    })
}

/// Request ids are UUIDs. They stay: they are how one finds the request.
fn is_uuid(word: &str) -> bool {
    let lengths = word.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
