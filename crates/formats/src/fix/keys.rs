//! Chooses keys for variables that are added to a format, in the style of the keys that it has.

use std::collections::HashSet;

use crate::variables::{HTTP, REST, WEBSOCKET};

/// How the words of a key are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyStyle {
    /// `integrationStatus`
    Camel,
    /// `IntegrationStatus`
    Pascal,
    /// `integration_status`
    Snake,
    /// `integration-status`
    Kebab,
    /// `integration.status`
    Dotted,
    /// `INTEGRATION_STATUS`
    ScreamingSnake,
    /// `integrationstatus`
    Flat,
}

impl KeyStyle {
    /// The style of most of the keys that show one; `Camel` where none does.
    fn of(keys: &HashSet<String>) -> Self {
        let has_upper = |key: &str| key.chars().skip(1).any(char::is_uppercase);
        let has_lower = |key: &str| key.contains(char::is_lowercase);
        let style = |key: &String| match key.chars().next()? {
            _ if key.contains('.') => Some(Self::Dotted),
            _ if key.contains('_') && !has_lower(key) => Some(Self::ScreamingSnake),
            _ if key.contains('_') && !has_upper(key) => Some(Self::Snake),
            _ if key.contains('-') && !has_upper(key) => Some(Self::Kebab),
            first if first.is_uppercase() && has_lower(key) => Some(Self::Pascal),
            _ if has_upper(key) && has_lower(key) => Some(Self::Camel),
            _ if is_flat(key) => Some(Self::Flat),
            _ => None,
        };
        let count = |wanted: Self| keys.iter().filter(|key| style(key) == Some(wanted)).count();
        // Of equally many the last one is taken: `Camel`.
        let styles =
            [Self::Flat, Self::ScreamingSnake, Self::Dotted, Self::Kebab, Self::Snake, Self::Pascal, Self::Camel];
        styles.into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(Self::Camel)
    }

    /// The name of a variable in this style.
    fn key(self, name: &str) -> String {
        let words = words(name);
        match self {
            Self::Dotted => name.to_owned(),
            Self::Snake => words.join("_"),
            Self::Kebab => words.join("-"),
            Self::ScreamingSnake => words.join("_").to_uppercase(),
            Self::Flat => words.concat(),
            Self::Pascal => words.iter().map(|word| capitalized(word)).collect(),
            Self::Camel => {
                let (first, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
                first.chars().chain(rest.iter().map(|word| capitalized(word)).collect::<String>().chars()).collect()
            }
        }
    }
}

/// Whether a key of small letters alone is a name of several words: `sourceip`.
fn is_flat(key: &str) -> bool {
    let is_name = |name: &&str| {
        let own = name.rsplit('.').next().unwrap_or(name);
        [name, own].iter().any(|name| words(name).len() > 1 && folded(name) == key)
    };
    [REST, HTTP, WEBSOCKET].iter().any(|table| table.iter().any(is_name))
}

/// A key for a variable that differs from all `used` keys in more than case, `_`, `-` and `.`: `integrationStatus`, or else
/// with a number. Log readers such as Glue and Athena take keys that differ in less for the same column.
pub(super) fn unused(name: &str, used: &HashSet<String>) -> String {
    let key = KeyStyle::of(used).key(name);
    let taken: HashSet<_> = used.iter().map(|key| folded(key)).collect();
    let numbered = (2..).map(|number: usize| format!("{key}{number}"));
    let mut keys = std::iter::once(key.clone()).chain(numbered);
    keys.find(|key| !taken.contains(&folded(key))).unwrap_or(key)
}

/// Takes a key if it differs from all `used` ones in more than case and separators.
pub(super) fn take(key: &str, used: &mut HashSet<String>) -> bool {
    let is_free = used.iter().all(|other| folded(other) != folded(key));
    is_free && used.insert(key.to_owned())
}

/// A key without what does not tell it from others.
fn folded(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
}

/// `["integration", "request", "id"]` for `integration.requestId`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word = String::new();
    for character in name.chars() {
        if character == '.' || character.is_uppercase() {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        if character != '.' {
            word.extend(character.to_lowercase());
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, used: &[&str]) -> String {
        unused(name, &used.iter().map(|key| (*key).to_owned()).collect())
    }

    #[test]
    fn keys_follow_the_style_of_the_others() {
        for (used, expected) in [
            (&[][..], "integrationRequestId"),
            (&["ip", "status"], "integrationRequestId"),
            (&["sourceIp", "user_agent"], "integrationRequestId"),
            (&["source_ip", "user_agent", "routeKey"], "integration_request_id"),
            (&["source-ip"], "integration-request-id"),
            (&["Status", "SourceIp", "path"], "IntegrationRequestId"),
            (&["identity.sourceIp", "status"], "integration.requestId"),
            (&["SOURCE_IP", "STATUS"], "INTEGRATION_REQUEST_ID"),
            (&["requestid", "sourceip", "status"], "integrationrequestid"),
        ] {
            assert_eq!(key("integration.requestId", used), expected, "{used:?}");
        }
        assert_eq!(key("responseLatency", &["source_ip"]), "response_latency");
    }

    #[test]
    fn no_key_differs_from_another_in_case_and_separators_alone() {
        for used in ["requestId", "requestid", "RequestID", "request_id", "request-id", "request.id"] {
            assert!(key("requestId", &[used]).ends_with('2'), "{used}");
        }
        assert_eq!(key("requestId", &["requestId", "request_id2"]), "requestId3");
    }
}
