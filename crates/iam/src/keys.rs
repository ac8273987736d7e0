//! What is known about the condition keys of a request.

use std::collections::BTreeMap;

/// One of the values that a condition key may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PossibleValue {
    /// The request does not contain the key.
    Absent,
    /// Exactly this value.
    Value(String),
    /// Several values at once, for a multivalued key.
    Many(Vec<String>),
    /// Some ARN with this partition, region and account; service and resource are not known.
    Arn {
        /// `aws`, …
        partition: String,
        /// `us-east-1`.
        region: String,
        /// Twelve digits, or empty as in API Gateway's ARNs.
        account: String,
    },
    /// Some longer text that begins with this.
    Begins(String),
    /// Some value of which nothing is known.
    Anything,
}

impl PossibleValue {
    /// Whether it is one certain value.
    pub(super) fn is_known(&self) -> bool {
        matches!(self, Self::Absent | Self::Value(_) | Self::Many(_))
    }
}

/// The condition keys of a request. A key that is not listed may be absent or have any value.
#[derive(Clone, Debug, Default)]
pub struct ConditionKeys(BTreeMap<String, KeyState>);

/// The possible values of a key, and why no more is known: the end of a sentence.
type KeyState = (Vec<PossibleValue>, &'static str);

const UNLISTED: (&[PossibleValue], &str) =
    (&[PossibleValue::Absent, PossibleValue::Anything], "its value is not known");

impl ConditionKeys {
    /// Adds a key whose value is known.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        self.with_possible(key, vec![PossibleValue::Value(value.to_owned())], UNLISTED.1)
    }

    /// Adds a key that has one of `possible`; `why` completes the sentence that says why no more is known.
    #[must_use]
    pub fn with_possible(mut self, key: &str, possible: Vec<PossibleValue>, why: &'static str) -> Self {
        self.0.insert(key.to_ascii_lowercase(), (possible, why));
        self
    }

    /// Whether the key is listed. Case does not matter.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(&key.to_ascii_lowercase())
    }

    /// The possible values of a key, whose name is given in lower case, and why there are several.
    pub(super) fn possible(&self, lower: &str) -> (&[PossibleValue], &'static str) {
        self.0.get(lower).map_or(UNLISTED, |(possible, why)| (possible, *why))
    }

    /// The value of a key, if only one is possible.
    pub(super) fn known(&self, lower: &str) -> Option<&PossibleValue> {
        match self.possible(lower).0 {
            [only] if only.is_known() => Some(only),
            _ => None,
        }
    }

    /// Assumes that a key has this value. Returns its former state, for [`restore`](Self::restore).
    pub(super) fn assume(&mut self, lower: &str, value: PossibleValue) -> Option<KeyState> {
        let why = self.possible(lower).1;
        self.0.insert(lower.to_owned(), (vec![value], why))
    }

    /// Undoes [`assume`](Self::assume).
    pub(super) fn restore(&mut self, lower: &str, before: Option<KeyState>) {
        match before {
            Some(before) => self.0.insert(lower.to_owned(), before),
            None => self.0.remove(lower),
        };
    }
}
