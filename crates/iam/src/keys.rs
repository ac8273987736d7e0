//! What is known about the condition keys of a request.

use std::collections::BTreeMap;

/// One of the values that a key may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible {
    /// The request does not hold the key.
    Absent,
    /// Exactly this.
    Value(String),
    /// Several values at once, as multivalued keys have.
    Many(Vec<String>),
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

impl Possible {
    /// Whether nothing about it is left open.
    pub(super) fn is_known(&self) -> bool {
        matches!(self, Self::Absent | Self::Value(_) | Self::Many(_))
    }
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

    /// Whether the key is listed.
    #[must_use]
    pub fn lists(&self, key: &str) -> bool {
        self.0.contains_key(&key.to_ascii_lowercase())
    }

    /// The possible values of a key, whose name is given in lower case, and why there are several.
    pub(super) fn possible(&self, lower: &str) -> (&[Possible], &'static str) {
        self.0.get(lower).map_or(UNLISTED, |(possible, why)| (possible, *why))
    }

    /// The value of a key, if it can have no other.
    pub(super) fn known(&self, lower: &str) -> Option<&Possible> {
        match self.possible(lower).0 {
            [only] if only.is_known() => Some(only),
            _ => None,
        }
    }

    /// Supposes that a key has this value. What was known before is handed back, for [`restore`](Self::restore).
    pub(super) fn suppose(&mut self, lower: &str, possible: Possible) -> Option<(Vec<Possible>, &'static str)> {
        let why = self.possible(lower).1;
        self.0.insert(lower.to_owned(), (vec![possible], why))
    }

    /// Takes a supposition back.
    pub(super) fn restore(&mut self, lower: &str, before: Option<(Vec<Possible>, &'static str)>) {
        match before {
            Some(before) => self.0.insert(lower.to_owned(), before),
            None => self.0.remove(lower),
        };
    }
}
