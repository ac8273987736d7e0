//! Names of variables: whether a kind of API fills them, their aliases, and which name a misspelled one was meant to be.

use std::borrow::Cow;

use gatelight_model::inventory::Protocol;

use super::tables::{HTTP, REST, REST_UNLISTED, WEBSOCKET, WEBSOCKET_UNLISTED, table};

/// Whether a kind of API fills a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does: AWS's table lists the variable, or it is a custom name below `authorizer`, or on REST below
    /// `requestOverride` and `responseOverride`.
    Supported,
    /// It may: AWS's table does not list the variable, but other pages do, or it was seen to be filled.
    Unlisted,
    /// It never does; other kinds of API do.
    OtherApis,
    /// No table lists the variable.
    Unknown,
}

/// Below these, any name is possible.
const CUSTOM_ROOTS: [&str; 3] = ["authorizer", "requestOverride", "responseOverride"];

/// Whether that kind of API fills the variable with that name.
#[must_use]
pub fn support(protocol: Protocol, name: &str) -> Support {
    let is_override = ["requestOverride.", "responseOverride."].iter().any(|free| name.starts_with(free));
    if table(protocol).contains(&name) || name.starts_with("authorizer.") {
        return Support::Supported;
    }
    if is_override {
        return if protocol == Protocol::Rest { Support::Supported } else { Support::OtherApis };
    }
    let named_elsewhere = protocol == Protocol::Websocket && WEBSOCKET_UNLISTED.contains(&name);
    if named_elsewhere || REST_UNLISTED.contains(&name) {
        return Support::Unlisted;
    }
    if is_listed(name) { Support::OtherApis } else { Support::Unknown }
}

/// Whether AWS's table for some kind of API lists the name.
pub(super) fn is_listed(name: &str) -> bool {
    [REST, HTTP, WEBSOCKET].iter().any(|table| table.contains(&name))
}

/// The known name that a misspelled one was probably meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The known name.
    pub name: Cow<'static, str>,
    /// Whether the two differ only in upper and lower case.
    pub case_only: bool,
}

/// The known name most like one that no table lists. This kind of API's own names come first, and names that differ only
/// in case come before those that differ in a letter. For custom names, only the root is compared.
#[must_use]
pub fn suggestion(protocol: Protocol, name: &str) -> Option<Suggestion> {
    if support(protocol, name) != Support::Unknown {
        return None;
    }
    let known = || {
        let others = [REST, REST_UNLISTED, HTTP, WEBSOCKET];
        [table(protocol)].into_iter().chain(others).flatten().copied().filter(|known| is_misspelling(name, known))
    };
    let in_case = |other: &str| name.eq_ignore_ascii_case(other);
    let listed = known().find(|known| in_case(known)).or_else(|| known().next());
    if let Some(known) = listed {
        return Some(Suggestion { name: Cow::Borrowed(known), case_only: in_case(known) });
    }
    let (root, rest) = name.split_once('.')?;
    let free = CUSTOM_ROOTS.iter().find(|free| is_misspelling(root, free))?;
    Some(Suggestion { name: Cow::Owned(format!("{free}.{rest}")), case_only: root.eq_ignore_ascii_case(free) })
}

/// Whether two different names differ only in case, or by one letter: inserted, lost, changed, or two neighbours
/// swapped.
#[must_use]
pub fn is_misspelling(name: &str, other: &str) -> bool {
    if name == other || name.len().abs_diff(other.len()) > 1 {
        return false;
    }
    if name.eq_ignore_ascii_case(other) {
        return true;
    }
    let (name, other) = (name.as_bytes(), other.as_bytes());
    // Compare what remains without the common prefix and suffix. Names are ASCII.
    let start = name.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (name, other) = (&name[start..], &other[start..]);
    let end = name.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&name[..name.len() - end], &other[..other.len() - end]) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

/// Other names of the same value, as far as AWS documents them for that kind of API.
#[must_use]
pub fn aliases(protocol: Protocol, name: &str) -> &'static [&'static str] {
    match name {
        "integration.error" => &["integrationErrorMessage"],
        "integrationErrorMessage" => &["integration.error"],
        "integration.latency" => &["integrationLatency"],
        "integrationLatency" => &["integration.latency"],
        "integration.requestId" => &["awsEndpointRequestId"],
        "awsEndpointRequestId" => &["integration.requestId"],
        // REST APIs have two different ids: a client can choose one and not the other.
        "extendedRequestId" if protocol != Protocol::Rest => &["requestId"],
        "requestId" if protocol != Protocol::Rest => &["extendedRequestId"],
        _ => &[],
    }
}

/// The kind of API in a sentence: `REST APIs`.
#[must_use]
pub fn apis(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Rest => "REST APIs",
        Protocol::Http => "HTTP APIs",
        Protocol::Websocket => "WebSocket APIs",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stands_differently_on_each_kind_of_api() {
        use Protocol::{Http, Rest, Websocket};
        use Support::{OtherApis, Supported, Unknown, Unlisted};
        for (name, expected) in [
            ("requestId", [Supported, Supported, Supported]),
            ("xrayTraceId", [Supported, OtherApis, OtherApis]),
            ("routeKey", [OtherApis, Supported, Supported]),
            ("connectionId", [OtherApis, OtherApis, Supported]),
            ("authorizer.claims.sub", [Supported, Supported, Supported]),
            ("authorizer.tenant", [Supported, Supported, Supported]),
            ("requestOverride.header.x", [Supported, OtherApis, OtherApis]),
            ("responseOverride.status", [Supported, OtherApis, OtherApis]),
            ("integrationErrorMessage", [Supported, Supported, Unlisted]),
            ("integrationStatus", [Supported, Supported, Unlisted]),
            ("tlsVersion", [Unlisted, Unlisted, Unlisted]),
            ("integration.timeToFirstContent", [Supported, OtherApis, OtherApis]),
            ("requestid", [Unknown, Unknown, Unknown]),
            ("", [Unknown, Unknown, Unknown]),
        ] {
            assert_eq!([Rest, Http, Websocket].map(|protocol| support(protocol, name)), expected, "{name}");
        }
    }

    #[test]
    fn near_is_case_or_one_letter() {
        for near in ["requestid", "REQUESTID", "requestIdd", "requestI", "requestOd", "reqeustId", "equestId"] {
            assert!(is_misspelling(near, "requestId"), "{near}");
        }
        for far in ["requestId", "requestIdFoo", "rqeustId", "id", ""] {
            assert!(!is_misspelling(far, "requestId"), "{far}");
        }
    }

    #[test]
    fn a_slip_is_put_right() {
        use Protocol::{Http, Rest, Websocket};
        for (protocol, name, expected) in [
            (Rest, "requestid", Some(("requestId", true))),
            (Rest, "requestIdd", Some(("requestId", false))),
            (Rest, "identity.sourceIP", Some(("identity.sourceIp", true))),
            (Rest, "statsu", Some(("status", false))),
            (Rest, "tlsversion", Some(("tlsVersion", true))),
            // What is known is no slip, whoever else has a name like it.
            (Rest, "authorize.status", None),
            (Http, "authorize.status", None),
            (Rest, "responseLatency", None),
            // The own table first, and others after it.
            (Websocket, "routekey", Some(("routeKey", true))),
            (Rest, "routekey", Some(("routeKey", true))),
            // Free names.
            (Rest, "authorizer.whatever", None),
            (Rest, "authorizer.principalid", None),
            (Rest, "Authorizer.claims.sub", Some(("authorizer.claims.sub", true))),
            (Http, "authoriser.tenant", Some(("authorizer.tenant", false))),
            (Rest, "requestoverride.header.x-y", Some(("requestOverride.header.x-y", true))),
            (Rest, "authorizer", None),
            (Rest, "nothing.like.it", None),
        ] {
            let expected = expected.map(|(name, case_only)| Suggestion { name: Cow::Borrowed(name), case_only });
            assert_eq!(suggestion(protocol, name), expected, "{protocol:?} {name}");
        }
    }

    /// A name with up to three changes, most of them of one letter.
    fn changed() -> impl Strategy<Value = (String, String)> {
        let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..5, "[a-zA-Z._]"), 0..3);
        (prop::sample::select(REST), edits).prop_map(|(name, edits)| {
            let mut letters: Vec<char> = name.chars().collect();
            for (index, kind, letter) in edits {
                let letter = letter.chars().next().expect("one");
                let at = index.index(letters.len().max(1));
                match kind {
                    0 => letters.insert(at, letter),
                    1 if at < letters.len() => drop(letters.remove(at)),
                    2 if at < letters.len() => letters[at] = letter,
                    3 if at + 1 < letters.len() => letters.swap(at, at + 1),
                    4 if at < letters.len() => letters[at].make_ascii_uppercase(),
                    _ => {}
                }
            }
            (name.to_owned(), letters.into_iter().collect())
        })
    }

    proptest! {
        #[test]
        fn near_is_what_a_naive_reading_says((name, other) in changed()) {
            let naive = name != other && (name.eq_ignore_ascii_case(&other) || strsim::osa_distance(&name, &other) == 1);
            prop_assert_eq!(is_misspelling(&name, &other), naive, "{} {}", name, other);
            prop_assert_eq!(is_misspelling(&other, &name), naive);
        }

        #[test]
        fn any_two_texts_can_be_compared(name in "\\PC{0,4}", other in "\\PC{0,4}") {
            let _ = is_misspelling(&name, &other);
        }
    }
}
