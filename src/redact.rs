//! Removes what looks like a secret, a token or an address from a log line, before it gets into an inventory or a report.
//!
//! It rather removes too much than too little: a sample only shows what kind of line it was, and the log group has all of
//! it. What one needs to find the cause stays: error codes, ARNs, account ids, request and trace ids, plain words.
//!
//! The kinds are those of the public rules of gitleaks
//! (<https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml>) and detect-secrets
//! (<https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins>): values by the name of their key
//! (`keys`), values by what stands around them and tokens by their form (`shapes`), addresses, and words that look random
//! (`tokens`).

mod addresses;
mod keys;
mod marks;
mod shapes;
mod tokens;
mod values;

/// Characters of a line that are kept at most.
const MAX_SAMPLE: usize = 200;
/// Characters of a line that are examined. More than are kept, as a secret that begins before the cut is recognised only
/// as a whole.
const MAX_EXAMINED: usize = 4_096;

/// A line as a sample may show it: redacted, without control characters, at most 200 characters.
pub(crate) fn redact(line: &str) -> String {
    let plain: String = line.chars().take(MAX_EXAMINED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let redacted = scrub(&plain);
    let mut cut: String = redacted.chars().take(MAX_SAMPLE).collect();
    if redacted.chars().count() > MAX_SAMPLE || line.chars().nth(MAX_EXAMINED).is_some() {
        cut = cut.chars().take(MAX_SAMPLE - 1).collect();
        cut.push('…');
    }
    cut
}

/// Takes time in proportion to the length.
fn scrub(line: &str) -> String {
    tokens::redact(&addresses::redact(&values::redact(&shapes::redact(line))))
}

#[cfg(test)]
mod tests;
