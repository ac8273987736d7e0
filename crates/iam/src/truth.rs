//! Three-valued truth: true, false, or unknown with the reason.

use std::borrow::Cow;

/// Whether a statement, or a part of it, applies to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unknown(UnknownReason),
}

/// Why it is unknown: a clause that completes a sentence about the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnknownReason {
    /// It depends on condition keys whose values are not known.
    MissingKeys(Cow<'static, str>),
    /// The engine does not understand something, or AWS does not document it.
    NotUnderstood(Cow<'static, str>),
}

impl UnknownReason {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::MissingKeys(text) | Self::NotUnderstood(text) => text,
        }
    }
}

impl Truth {
    pub(super) fn not_understood(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(UnknownReason::NotUnderstood(why.into()))
    }

    pub(super) fn missing_key(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(UnknownReason::MissingKeys(why.into()))
    }

    /// And: false beats unknown beats true. Stops at the first false; keeps the first reason.
    pub(super) fn all(terms: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::True;
        for term in terms {
            match term {
                Self::False => return Self::False,
                Self::Unknown(_) if all == Self::True => all = term,
                Self::True | Self::Unknown(_) => {}
            }
        }
        all
    }

    /// Or: true beats unknown beats false. Stops at the first true; keeps the first reason.
    pub(super) fn any(terms: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(terms.into_iter().map(|term| !term))
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown(why) => Self::Unknown(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True};

    #[test]
    fn false_beats_unknown_beats_true_in_all_and_the_reverse_in_any() {
        let unknown = || Truth::not_understood("?");
        assert_eq!(Truth::all([True, unknown(), False]), False);
        assert_eq!(Truth::all([unknown(), True]), unknown());
        assert_eq!(Truth::all([]), True);
        assert_eq!(Truth::any([False, unknown(), True]), True);
        assert_eq!(Truth::any([unknown(), False]), unknown());
        assert_eq!(Truth::any([]), False);
    }

    #[test]
    fn the_first_reason_is_kept() {
        let (one, other) = (Truth::not_understood("one"), Truth::missing_key("other"));
        assert_eq!(Truth::all([True, one.clone(), other.clone()]), one);
        assert_eq!(Truth::any([False, other.clone(), one]), other);
    }
}
