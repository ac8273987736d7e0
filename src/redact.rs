//! Takes out of a line what looks like a key, a token or an address, before it gets into an inventory or a report.
//! Rather too much than too little: a sample shows what kind of line it was, and the log group holds the whole.

/// How much of a line is kept.
const MOST: usize = 200;
/// How much of a line is looked at: what is cut off anyway need not be scrubbed, but a secret that begins before the cut
/// must be seen whole to be known as one.
const LOOKED_AT: usize = 4_096;
/// What stands where something was taken out.
const GONE: &str = "…";

/// Words whose value is a secret, in lower case, without `-` and `_`. Matched at the end of a key: `db_password`.
const SECRET_KEYS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "sharedkey",
    "accountkey",
    "accesskeyid",
    "keyid",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "cookie",
    "session",
    "sessionid",
    "sessionkey",
    "sessiontoken",
    "signature",
    "sig",
    "pin",
    "otp",
    "authcode",
    "clientsecret",
    "jwt",
    "bearer",
    "webhook",
    "connectionstring",
    "dsn",
];
/// Words after which comes a credential, in lower case.
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "apikey", "token"];
/// Headers and the like whose whole rest of line is secret, as it holds blanks.
const WHOLE_REST: &[&str] = &["authorization", "cookie", "setcookie", "proxyauthorization"];

/// A line as a sample may show it: at most 200 characters, none of them control characters, scrubbed.
pub(crate) fn scrub(line: &str) -> String {
    let plain: String = line.chars().take(LOOKED_AT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let scrubbed = words(&addresses(&values(&plain)));
    let mut cut: String = scrubbed.chars().take(MOST).collect();
    if scrubbed.chars().count() > MOST || line.chars().nth(LOOKED_AT).is_some() {
        cut = cut.chars().take(MOST - 1).collect();
        cut.push('…');
    }
    cut
}

/// Takes the values out of `key=value`, `"key": "value"`, `Authorization: …`, `Bearer …`.
fn values(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_key_char) {
        let (before, from_key) = rest.split_at(start);
        out.push_str(before);
        let end = from_key.find(|c| !is_key_char(c)).unwrap_or(from_key.len());
        let (key, after) = from_key.split_at(end);
        out.push_str(key);
        rest = after;
        let name: String = key.chars().filter(|c| !matches!(c, '-' | '_' | '.')).collect::<String>().to_lowercase();
        if let Some(length) = separator(after)
            // `code: 503` explains a failure; `code=…` is a login.
            && (is_secret(&name) || name == "code" && after.starts_with(['=', '%']))
        {
            let (separator, value) = after.split_at(length);
            out.push_str(separator);
            let whole_rest = WHOLE_REST.iter().any(|key| name.ends_with(key));
            let length = value_length(value, whole_rest);
            if length > 0 {
                out.push_str(GONE);
            }
            rest = &value[length..];
        } else if SCHEMES.contains(&name.as_str())
            && let Some(value) = after.strip_prefix(' ')
        {
            let length = value.find(is_end_of_word).unwrap_or(value.len());
            // `token expired`, `basic auth` are words; a credential is long or has digits in it.
            if length >= 16 || value[..length].bytes().any(|byte| byte.is_ascii_digit()) {
                out.push(' ');
                out.push_str(GONE);
                rest = &value[length..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_key_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn is_secret(name: &str) -> bool {
    WHOLE_REST.contains(&name) || SECRET_KEYS.iter().any(|key| name.ends_with(key))
}

/// The length of what stands between a key and its value: `=`, `: `, `": "`, `\": \"`, `%3D`.
fn separator(text: &str) -> Option<usize> {
    let quoted = text.trim_start_matches(['\\', '"', '\'', ' ', ']']);
    let sign = ["=>", ":=", "=", ":", "%3D", "%3d", "%3A", "%3a"].into_iter().find(|sign| quoted.starts_with(sign))?;
    let value = quoted[sign.len()..].trim_start_matches([' ', '\\', '[', '{']);
    Some(text.len() - value.len())
}

/// The length of a value: within its quotes, or to the end of the word.
fn value_length(value: &str, whole_rest: bool) -> usize {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let mut escaped = false;
        for (at, c) in value.char_indices().skip(1) {
            if c == quote {
                // A quote after one backslash ends a value of JSON in JSON, or stands in a value of JSON: to be sure,
                // go on to what can only be the end.
                let next = value[at + 1..].trim_start().chars().next();
                if !escaped || next.is_none_or(|c| matches!(c, ',' | '}' | ']' | ')' | ';' | '\\')) {
                    return at + 1;
                }
            }
            escaped = c == '\\';
        }
        return value.len();
    }
    if whole_rest {
        return value.len();
    }
    value.find(is_end_of_word).unwrap_or(value.len())
}

fn is_end_of_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '}' | ')' | '<' | '>' | '|')
}

/// Takes out user and password, path and query of web addresses, and e-mail addresses.
fn addresses(line: &str) -> String {
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
        // An `@` after the first slash too: passwords hold slashes.
        let host = match address.rfind('@') {
            Some(at) => {
                out.push_str(GONE);
                let host = &address[at..];
                &host[..host.find(['/', '?', '#']).unwrap_or(host.len())]
            }
            None => &address[..host_end],
        };
        out.push_str(host);
        if host_end < address.len() {
            // A webhook's secret is its path; which host it was says enough.
            out.push('/');
            out.push_str(GONE);
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
    // In an address, in JSON, in HTML.
    let signs = ["@", "%40", "\\u0040", "&#64;"];
    while let Some((at, sign)) = signs.into_iter().filter_map(|sign| Some((rest.find(sign)?, sign))).min() {
        let (before, after) = (&rest[..at], &rest[at + sign.len()..]);
        let local = before.len() - before.chars().rev().take_while(|c| is_local(*c)).map(char::len_utf8).sum::<usize>();
        let domain: usize = after.chars().take_while(|c| is_domain(*c)).map(char::len_utf8).sum();
        if local < before.len() && domain > 0 {
            out.push_str(&before[..local]);
            out.push_str(GONE);
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

/// Takes out words that look like keys and tokens by themselves.
fn words(line: &str) -> String {
    // `/` is in secret keys of AWS and in paths: a path's parts are looked at too, each for itself.
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.' | '~');
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        if is_token(word) || (word.contains('/') && looks_random(word, 40)) {
            out.push_str(GONE);
        } else {
            let parts = word.split_inclusive(['/', '=']);
            for part in parts {
                let bare = part.trim_end_matches(['/', '=']);
                if is_token(bare) || looks_random(bare, 20) {
                    out.push_str(GONE);
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

/// Forms that are known: AWS key ids, JWTs, tokens of other services, long hex strings.
fn is_token(word: &str) -> bool {
    const AWS: &[&str] = &["AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA"];
    const OTHERS: &[&str] = &[
        "xoxa-",
        "xoxb-",
        "xoxp-",
        "xoxr-",
        "xoxs-",
        "xapp-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "sk_live_",
        "sk_test_",
        "rk_live_",
        "pk_live_",
        "whsec_",
        "sk-",
        "AIza",
        "ya29.",
        "npm_",
        "pypi-",
        "SG.",
        "dapi",
        "hvs.",
        "dop_v1_",
        "shpat_",
    ];
    let key_id = AWS.iter().any(|prefix| {
        word.match_indices(prefix).any(|(at, _)| {
            let id = word[at..].bytes().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count();
            id >= 16
        })
    });
    let other = OTHERS.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| rest.len() >= 10));
    let jwt = word.match_indices("eyJ").any(|(at, _)| word[at..].len() >= 16);
    key_id || other || jwt || has_long_hex(word)
}

/// Whether 20 hex digits and more stand in a row, some of them decimal digits: a word of letters alone is a word, and a
/// number is a number.
fn has_long_hex(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_hexdigit()).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        run.len() >= 20 && digits > 0 && (digits < run.len() || run.len() >= 32)
    })
}

/// Whether a word of at least that length mixes its kinds of characters as words do not.
fn looks_random(word: &str, least: usize) -> bool {
    if word.len() < least {
        return false;
    }
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    // Changes of kind: `PutTraceSegments2` changes at its words' ends only, base64 at every other character.
    let kind = |byte: u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = word.as_bytes();
    let changes = bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    let mixed = upper > 0 && lower > 0 && digits > 0 || (digits > 3 && upper + lower > 3);
    if is_uuid(word) {
        return false;
    }
    // Dates, ids with dashes and names of log streams change too: those have marks between short parts.
    let parts = word.split(['-', '_', '.', '/', '~']).map(str::len).max().unwrap_or_default();
    (mixed && changes * 3 >= bytes.len() && parts >= 12) || (upper > 3 && lower > 3 && changes * 3 >= bytes.len())
}

/// Request ids are UUIDs: without them nobody finds the request.
fn is_uuid(word: &str) -> bool {
    let lengths = word.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made of parts, so that no scanner takes this file for a leak.
    fn secrets() -> Vec<(String, String)> {
        let key_id = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        let temporary = format!("ASIA{}", "Y34FZKBOKMUTVV7A");
        let secret = format!("wJalrXUtnFEMI/{}", "K7MDENG/bPxRfiCYEXAMPLEKEY");
        let jwt =
            format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", "eyJzdWIiOiIxMjM0NTY3ODkwIn0", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P");
        let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let hook = format!("https://hooks.slack.com/services/T00000000/B00000000/{}", "XXXXXXXXXXXXXXXXXXXXXXXX");
        let pairs: Vec<(String, &str)> = vec![
            (format!("key {key_id} used"), &key_id),
            (format!("(id={temporary})"), &temporary),
            (format!("Credential={key_id}/20261122/us-east-1/logs/aws4_request, SignedHeaders=host"), &key_id),
            (format!("secret is {secret} ok"), "wJalrXUtnFEMI"),
            (format!("secret is {secret} ok"), "bPxRfiCYEXAMPLEKEY"),
            (format!("{{\"aws_secret_access_key\":\"{secret}\"}}"), "wJalrXUtnFEMI"),
            (format!("Authorization: Bearer {jwt}"), "dozjgNryP4J3"),
            (format!("jwt {jwt} expired"), "eyJ"),
            ("bearer abcdef0123456789".to_owned(), "abcdef0123456789"),
            ("Authorization: Basic dXNlcjpodW50ZXIy".to_owned(), "dXNlcjpodW50ZXIy"),
            (r#"{"headers":{"authorization":"Basic dXNlcjpw d2Q="},"n":1}"#.to_owned(), "dXNlcjpw"),
            (format!("digest {hex}"), "9f86d081"),
            ("id 0123456789abcdef0123".to_owned(), "0123456789abcdef0123"),
            (format!("posting to {hook} failed"), "XXXXXXXX"),
            (format!("posting to {hook} failed"), "T00000000"),
            ("https://user:hunter2@example.com/x".to_owned(), "hunter2"),
            ("postgres://shop:p/w@db.internal:5432/shop".to_owned(), "p/w"),
            ("mail to jane.doe+x@example.co.uk now".to_owned(), "jane.doe"),
            ("mail to jane.doe+x@example.co.uk now".to_owned(), "example.co.uk"),
            ("user=jane%40example.com".to_owned(), "jane"),
            (r#"{"user":"jane\u0040example.com"}"#.to_owned(), "jane"),
            ("<td>jane&#64;example.com</td>".to_owned(), "example.com"),
            ("0x9f86d081884c7d659a2feaa0c55ad015 is the key".to_owned(), "884c7d65"),
            ("password=hunter2&x=1".to_owned(), "hunter2"),
            ("PASSWORD: hunter2".to_owned(), "hunter2"),
            ("db_password = 'hunter 2'".to_owned(), "hunter"),
            (r#"{"password":"hunt\"er2","n":1}"#.to_owned(), "er2"),
            (r#"{"log":"{\"password\":\"hunter2\",\"n\":1}"}"#.to_owned(), "hunter2"),
            ("--token hunter2hunter2".to_owned(), "hunter2hunter2"),
            ("token=abc".to_owned(), "abc"),
            ("x-api-key: da2-abcdefgh".to_owned(), "abcdefgh"),
            ("apiKey=>q1w2e3".to_owned(), "q1w2e3"),
            ("client_secret%3Dq1w2e3".to_owned(), "q1w2e3"),
            ("Cookie: a=b; session=c; theme=dark".to_owned(), "dark"),
            (format!("token {}", ["ghp", "_0123456789abcdefghij"].concat()), "0123456789"),
            (["xoxb", "-1234567890-abcdefghij"].concat(), "abcdefghij"),
            (["sk", "_live_abcdefghij0123456789"].concat(), "abcdefghij"),
            ("X-Amz-Security-Token=IQoJb3JpZ2luX2VjEJv%2F%2F".to_owned(), "IQoJb3Jp"),
            ("GET /callback?code=q1w2e3&state=1".to_owned(), "q1w2e3"),
            ("X-Amz-Signature=abcdef".to_owned(), "abcdef"),
            ("blob dGhpcyBpcyBhIHNlY3JldCBrZXkgb2Yg here".to_owned(), "dGhpcyBp"),
        ];
        pairs.into_iter().map(|(line, secret)| (line, secret.to_owned())).collect()
    }

    #[test]
    fn secrets_do_not_survive() {
        for (line, secret) in secrets() {
            let scrubbed = scrub(&line);
            assert!(!scrubbed.contains(&secret), "{line} → {scrubbed}");
        }
    }

    #[test]
    fn nor_do_they_within_other_text() {
        for (line, secret) in secrets() {
            for around in [format!("[ERROR] Failed to emit logs: {line}"), format!("{{\"msg\":\"{line}\"}}")] {
                let scrubbed = scrub(&around);
                assert!(!scrubbed.contains(&secret), "{around} → {scrubbed}");
            }
        }
    }

    #[test]
    fn nor_does_a_part_that_the_cut_would_leave() {
        for (line, secret) in secrets().into_iter().filter(|(_, secret)| secret.len() >= 16) {
            for at in 100..200 {
                let scrubbed = scrub(&format!("{} {line}", "a ".repeat(at / 2)));
                assert!(!scrubbed.contains(&secret[..8]), "{line} after {at} → {scrubbed}");
            }
        }
    }

    #[test]
    fn what_explains_a_failure_stays() {
        for line in [
            "2026-11-22T09:00:00.123Z 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f ERROR Failed to emit logs: dispatch failure",
            "[Error] Sending segment batch failed with: RequestError: send request failed",
            "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/orders-role/orders is not authorized to",
            "perform: logs:PutLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/orders",
            "dial tcp 10.0.12.7:443: i/o timeout, status code: 503, statusCode=503",
            "Exporting failed. Rejecting data. {\"kind\": \"exporter\", \"dropped_items\": 12}",
            "Segment dropped. Consider increasing memory limit",
            "the security token included in the request is expired",
            "InvalidParameterCombinationException: TelemetryRecordsUnprocessed",
            "",
        ] {
            assert_eq!(scrub(line), line);
        }
    }

    #[test]
    fn a_line_is_cut_and_has_no_control_characters() {
        let long = scrub(&"ä ".repeat(400));
        assert!(long.chars().count() == 200 && long.ends_with('…'), "{long}");
        assert_eq!(scrub("a\u{1b}[31mb\nc\td"), "a [31mb c d");
        assert_eq!(scrub(&"x ".repeat(100)).chars().count(), 200);
        assert!(scrub(&" ".repeat(1_000_000)).chars().count() <= 200);
    }

    #[test]
    fn whatever_comes_it_does_not_panic() {
        for line in
            ["password=", "token:", "@", "a@", "@b", "://", "https://@", "\"password\":\"", "ä=ß", "pass='ä", "%40"]
        {
            let _ = scrub(line);
        }
    }
}
