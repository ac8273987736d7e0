//! What is known of a name: whether a kind of API fills it, and whether it is a slip of the pen for one that it fills.

use std::borrow::Cow;

use gatelight_model::inventory::Protocol;

use super::{BEYOND_THE_WEBSOCKET_TABLE, HTTP, REST, REST_BEYOND_THE_TABLE, WEBSOCKET, table};

/// What is known of a name on a kind of API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This kind of API fills it: AWS's table has it, or it is a free name below `authorizer`, or on REST below
    /// `requestOverride` and `responseOverride`.
    Filled,
    /// AWS's table lacks it, but it is named elsewhere in the documentation or known to be filled.
    BeyondTheTable,
    /// Other kinds of API fill it, and this one never does.
    NeverHere,
    /// No table has it.
    Unknown,
}

/// Under these, any name may stand.
const FREE: [&str; 3] = ["authorizer", "requestOverride", "responseOverride"];

/// What is known of the name on that kind of API.
#[must_use]
pub fn standing(protocol: Protocol, name: &str) -> Standing {
    let is_override = ["requestOverride.", "responseOverride."].iter().any(|free| name.starts_with(free));
    if table(protocol).contains(&name) || name.starts_with("authorizer.") {
        return Standing::Filled;
    }
    if is_override {
        return if protocol == Protocol::Rest { Standing::Filled } else { Standing::NeverHere };
    }
    let named_elsewhere = protocol == Protocol::Websocket && BEYOND_THE_WEBSOCKET_TABLE.contains(&name);
    if named_elsewhere || REST_BEYOND_THE_TABLE.contains(&name) {
        return Standing::BeyondTheTable;
    }
    if is_listed(name) { Standing::NeverHere } else { Standing::Unknown }
}

/// Whether some kind of API has it in its table.
pub(super) fn is_listed(name: &str) -> bool {
    [REST, HTTP, WEBSOCKET].iter().any(|table| table.contains(&name))
}

/// A known name that another one was perhaps meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The known name.
    pub name: Cow<'static, str>,
    /// Whether the two differ in upper and lower case alone.
    pub differs_in_case: bool,
}

/// The known name that is nearest to one that no table has: this kind of API's own names come first, and case comes
/// before letters. Free names are known by what they stand under.
#[must_use]
pub fn spelling(protocol: Protocol, name: &str) -> Option<Spelling> {
    if standing(protocol, name) != Standing::Unknown {
        return None;
    }
    let known = || {
        let others = [REST, REST_BEYOND_THE_TABLE, HTTP, WEBSOCKET];
        [table(protocol)].into_iter().chain(others).flatten().copied().filter(|known| is_near(name, known))
    };
    let in_case = |other: &str| name.eq_ignore_ascii_case(other);
    let listed = known().find(|known| in_case(known)).or_else(|| known().next());
    if let Some(known) = listed {
        return Some(Spelling { name: Cow::Borrowed(known), differs_in_case: in_case(known) });
    }
    let (root, rest) = name.split_once('.')?;
    let free = FREE.iter().find(|free| is_near(root, free))?;
    Some(Spelling { name: Cow::Owned(format!("{free}.{rest}")), differs_in_case: root.eq_ignore_ascii_case(free) })
}

/// Whether two different names differ only in case, or by one letter: inserted, lost, changed, or two neighbours
/// swapped.
#[must_use]
pub fn is_near(name: &str, other: &str) -> bool {
    if name == other || name.len().abs_diff(other.len()) > 1 {
        return false;
    }
    if name.eq_ignore_ascii_case(other) {
        return true;
    }
    let (name, other) = (name.as_bytes(), other.as_bytes());
    // What is left when the same beginning and the same end are taken off. Names are ASCII.
    let start = name.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (name, other) = (&name[start..], &other[start..]);
    let end = name.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&name[..name.len() - end], &other[..other.len() - end]) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => (a, b) == (d, c),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stands_differently_on_each_kind_of_api() {
        use Protocol::{Http, Rest, Websocket};
        use Standing::{BeyondTheTable, Filled, NeverHere, Unknown};
        for (name, expected) in [
            ("requestId", [Filled, Filled, Filled]),
            ("xrayTraceId", [Filled, NeverHere, NeverHere]),
            ("routeKey", [NeverHere, Filled, Filled]),
            ("connectionId", [NeverHere, NeverHere, Filled]),
            ("authorizer.claims.sub", [Filled, Filled, Filled]),
            ("authorizer.tenant", [Filled, Filled, Filled]),
            ("requestOverride.header.x", [Filled, NeverHere, NeverHere]),
            ("responseOverride.status", [Filled, NeverHere, NeverHere]),
            ("integrationErrorMessage", [Filled, Filled, BeyondTheTable]),
            ("integrationStatus", [Filled, Filled, BeyondTheTable]),
            ("tlsVersion", [BeyondTheTable, BeyondTheTable, BeyondTheTable]),
            ("integration.timeToFirstContent", [Filled, NeverHere, NeverHere]),
            ("requestid", [Unknown, Unknown, Unknown]),
            ("", [Unknown, Unknown, Unknown]),
        ] {
            assert_eq!([Rest, Http, Websocket].map(|protocol| standing(protocol, name)), expected, "{name}");
        }
    }

    #[test]
    fn near_is_case_or_one_letter() {
        for near in ["requestid", "REQUESTID", "requestIdd", "requestI", "requestOd", "reqeustId", "equestId"] {
            assert!(is_near(near, "requestId"), "{near}");
        }
        for far in ["requestId", "requestIdFoo", "rqeustId", "id", ""] {
            assert!(!is_near(far, "requestId"), "{far}");
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
            let expected =
                expected.map(|(name, differs_in_case)| Spelling { name: Cow::Borrowed(name), differs_in_case });
            assert_eq!(spelling(protocol, name), expected, "{protocol:?} {name}");
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
            prop_assert_eq!(is_near(&name, &other), naive, "{} {}", name, other);
            prop_assert_eq!(is_near(&other, &name), naive);
        }

        #[test]
        fn any_two_texts_can_be_compared(name in "\\PC{0,4}", other in "\\PC{0,4}") {
            let _ = is_near(&name, &other);
        }
    }
}
