//! Reads which policy denied a call out of AWS's message. All services write it alike, whatever their protocol; EC2 puts an
//! encoded message behind it, and a service that takes no part says nothing of it
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).

use gatelight_model::{AccessDenial, DenyingPolicy};

/// Begins what AWS says of a `Deny`: `with an explicit deny in a service control policy: arn:…`.
const EXPLICIT: &str = "with an explicit deny";
/// Begins what it says of a missing `Allow`: `because no session policy allows the logs:FilterLogEvents action`.
const IMPLICIT: &str = "because no ";
/// Where the policy of a VPC endpoint denied only because another did, AWS's advice is to change that other one.
const TRANSITIVELY: &str = " transitively through a";
/// Behind these stands what tells nothing more to a person: a text for `sts:DecodeAuthorizationMessage`, and a link into the
/// console with an id that differs from call to call.
const ASIDES: [&str; 2] = ["Encoded authorization failure message", "Go to https://"];

/// Which policy a message says that denied the call; `None` if it does not.
pub(super) fn read(message: &str) -> Option<AccessDenial> {
    let message = without_asides(message);
    let text = message.split_whitespace().collect::<Vec<_>>().join(" ");
    // A name in front of it, such as a log group's, could hold the same words.
    let (explicit, start) = [(true, EXPLICIT), (false, IMPLICIT)]
        .into_iter()
        .filter_map(|(explicit, words)| find_last(&text, words).map(|at| (explicit, at + words.len())))
        .max_by_key(|(_, start)| *start)?;
    let said = &text[start..];
    let deciding = if explicit { find_last(said, TRANSITIVELY).map_or(said, |at| &said[at..]) } else { said };
    let policy = policy_kind(deciding);
    // Other sentences go on like this too: "because no healthy upstream …".
    if !explicit && policy.is_none() {
        return None;
    }
    Some(AccessDenial { policy, explicit, arn: if explicit { arn(said) } else { None } })
}

/// A message without what follows the reason.
pub(super) fn without_asides(message: &str) -> &str {
    let end = ASIDES.iter().filter_map(|aside| find_last(message, aside)).min().unwrap_or(message.len());
    message[..end].trim_end()
}

/// The kind of policy that is named first.
fn policy_kind(text: &str) -> Option<DenyingPolicy> {
    let named = DenyingPolicy::ALL.into_iter().filter_map(|policy| {
        // AWS's examples hold "a sessions policy" too.
        let plural = policy.words().replacen("session ", "sessions ", 1);
        let at = find_first(text, policy.words()).or_else(|| find_first(text, &plural))?;
        Some((at, policy))
    });
    named.min().map(|(_, policy)| policy)
}

/// The ARN that follows: `policy: arn:…`, or `policy, with policy ARN: arn:…`.
fn arn(text: &str) -> Option<String> {
    let arn = text.split(' ').find(|word| word.starts_with("arn:"))?.trim_end_matches(['.', ',', ';']);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/:".contains(c);
    (arn.len() <= 2_048 && arn.split(':').count() >= 6 && arn.chars().all(is_plain)).then(|| arn.to_owned())
}

fn find_last(text: &str, words: &str) -> Option<usize> {
    text.to_ascii_lowercase().rfind(&words.to_ascii_lowercase())
}

fn find_first(text: &str, words: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(&words.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
