//! Removes what looks like a secret, a token or an address from a log line, before it gets into an inventory or a report.
//!
//! It rather removes too much than too little: a sample only shows what kind of line it was, and the log group has all of
//! it.

mod addresses;
mod marks;
mod tokens;

use self::marks::{REMOVED, is_end_of_word};

/// Characters of a line that are kept at most.
const MAX_SAMPLE: usize = 200;
/// Characters of a line that are examined. More than are kept, as a secret that begins before the cut is recognised only
/// as a whole.
const MAX_EXAMINED: usize = 4_096;

/// Keys whose value is a secret, in lower case, without `-` and `_`. Matched at the end of a key: `db_password`.
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
/// Authentication schemes, which a credential follows, in lower case.
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "apikey", "token"];
/// Headers whose value may hold spaces, so that the rest of the line is secret.
const SECRET_TO_END: &[&str] = &["authorization", "cookie", "setcookie", "proxyauthorization"];

/// A line as a sample may show it: redacted, without control characters, at most 200 characters.
pub(crate) fn redact(line: &str) -> String {
    let plain: String = line.chars().take(MAX_EXAMINED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let redacted = tokens::redact(&addresses::redact(&values(&plain)));
    let mut cut: String = redacted.chars().take(MAX_SAMPLE).collect();
    if redacted.chars().count() > MAX_SAMPLE || line.chars().nth(MAX_EXAMINED).is_some() {
        cut = cut.chars().take(MAX_SAMPLE - 1).collect();
        cut.push('…');
    }
    cut
}

/// Removes the values of `key=value`, `"key": "value"`, `Authorization: …`, `Bearer …`.
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
            let to_end = SECRET_TO_END.iter().any(|key| name.ends_with(key));
            let length = value_length(value, to_end);
            if length > 0 {
                out.push_str(REMOVED);
            }
            rest = &value[length..];
        } else if SCHEMES.contains(&name.as_str())
            && let Some(value) = after.strip_prefix(' ')
        {
            let length = value.find(is_end_of_word).unwrap_or(value.len());
            // `token expired` and `basic auth` are plain words; a credential is long or holds digits.
            if length >= 16 || value[..length].bytes().any(|byte| byte.is_ascii_digit()) {
                out.push(' ');
                out.push_str(REMOVED);
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
    SECRET_TO_END.contains(&name) || SECRET_KEYS.iter().any(|key| name.ends_with(key))
}

/// The length in bytes of what separates a key from its value: `=`, `: `, `": "`, `\": \"`, `%3D`.
fn separator(text: &str) -> Option<usize> {
    let quoted = text.trim_start_matches(['\\', '"', '\'', ' ', ']']);
    let sign = ["=>", ":=", "=", ":", "%3D", "%3d", "%3A", "%3a"].into_iter().find(|sign| quoted.starts_with(sign))?;
    let value = quoted[sign.len()..].trim_start_matches([' ', '\\', '[', '{']);
    Some(text.len() - value.len())
}

/// The length in bytes of a value: to its closing quote, or to the end of the word.
fn value_length(value: &str, to_end: bool) -> usize {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let mut escaped = false;
        for (at, c) in value.char_indices().skip(1) {
            if c == quote {
                // A quote after a backslash may end a value of JSON in JSON or be part of a JSON value, so go on to what can
                // only be the end.
                let next = value[at + 1..].trim_start().chars().next();
                if !escaped || next.is_none_or(|c| matches!(c, ',' | '}' | ']' | ')' | ';' | '\\')) {
                    return at + 1;
                }
            }
            escaped = c == '\\';
        }
        return value.len();
    }
    if to_end {
        return value.len();
    }
    value.find(is_end_of_word).unwrap_or(value.len())
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
            let redacted = redact(&line);
            assert!(!redacted.contains(&secret), "{line} → {redacted}");
        }
    }

    #[test]
    fn nor_do_they_within_other_text() {
        for (line, secret) in secrets() {
            for around in [format!("[ERROR] Failed to emit logs: {line}"), format!("{{\"msg\":\"{line}\"}}")] {
                let redacted = redact(&around);
                assert!(!redacted.contains(&secret), "{around} → {redacted}");
            }
        }
    }

    #[test]
    fn nor_does_a_part_that_the_cut_would_leave() {
        for (line, secret) in secrets().into_iter().filter(|(_, secret)| secret.len() >= 16) {
            for at in 100..200 {
                let redacted = redact(&format!("{} {line}", "a ".repeat(at / 2)));
                assert!(!redacted.contains(&secret[..8]), "{line} after {at} → {redacted}");
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
            assert_eq!(redact(line), line);
        }
    }

    #[test]
    fn a_line_is_cut_and_has_no_control_characters() {
        let long = redact(&"ä ".repeat(400));
        assert!(long.chars().count() == 200 && long.ends_with('…'), "{long}");
        assert_eq!(redact("a\u{1b}[31mb\nc\td"), "a [31mb c d");
        assert_eq!(redact(&"x ".repeat(100)).chars().count(), 200);
        assert!(redact(&" ".repeat(1_000_000)).chars().count() <= 200);
    }

    #[test]
    fn whatever_comes_it_does_not_panic() {
        for line in
            ["password=", "token:", "@", "a@", "@b", "://", "https://@", "\"password\":\"", "ä=ß", "pass='ä", "%40"]
        {
            let _ = redact(line);
        }
    }
}
