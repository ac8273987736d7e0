//! What is known about the condition keys of a request.

use std::collections::BTreeMap;

/// One of the values that a single-valued key may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible {
    /// The request does not hold the key.
    Absent,
    /// Exactly this.
    Value(String),
    /// Some ARN with this partition, region and account; service and resource are not known.
    Arn {
        /// `aws`, …
        partition: String,
        /// `us-east-1`.
        region: String,
        /// Twelve digits, or empty as in the ARNs of API Gateway.
        account: String,
    },
    /// Some text that begins like this and goes on.
    Begins(String),
    /// Some value of which nothing is known.
    Anything,
}

/// The condition keys of a request. A key that is not listed may have any value, or none.
#[derive(Clone, Debug, Default)]
pub struct Keys(BTreeMap<String, (Vec<Possible>, &'static str)>);

const UNLISTED: (&[Possible], &str) = (&[Possible::Absent, Possible::Anything], "its value is not known");

impl Keys {
    /// Adds a key whose value is known.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        self.with_possible(key, vec![Possible::Value(value.to_owned())], UNLISTED.1)
    }

    /// Adds a key that has one of `possible`; `why` ends a sentence that tells why no more is known.
    #[must_use]
    pub fn with_possible(mut self, key: &str, possible: Vec<Possible>, why: &'static str) -> Self {
        self.0.insert(key.to_ascii_lowercase(), (possible, why));
        self
    }

    /// The possible values of a key, whose name is not case-sensitive, and why there are several.
    pub(super) fn possible(&self, key: &str) -> (&[Possible], &'static str) {
        self.0.get(&key.to_ascii_lowercase()).map_or(UNLISTED, |(possible, why)| (possible, *why))
    }

    /// The value of a key, if it can have no other.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        match self.possible(key).0 {
            [Possible::Value(value)] => Some(value),
            _ => None,
        }
    }
}
