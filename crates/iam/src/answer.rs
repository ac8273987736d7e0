//! Yes, no, or unknown and why.

use std::borrow::Cow;

/// An answer of three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown(Why),
}

/// Why an answer is unknown: a clause that ends a sentence on the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It hangs on condition keys whose values are not known.
    Keys(Cow<'static, str>),
    /// Something is not understood, or not documented.
    Problem(Cow<'static, str>),
}

impl Why {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Keys(text) | Self::Problem(text) => text,
        }
    }
}

impl Answer {
    /// Unknown, because something is not understood.
    pub(super) fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(Why::Problem(why.into()))
    }

    /// Unknown, because the value of a key is.
    pub(super) fn hangs(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(Why::Keys(why.into()))
    }

    /// No beats unknown beats yes. Stops asking at the first no; the first reason is kept.
    pub(super) fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for answer in answers {
            match answer {
                Self::No => return Self::No,
                Self::Unknown(_) if all == Self::Yes => all = answer,
                Self::Yes | Self::Unknown(_) => {}
            }
        }
        all
    }

    /// Yes beats unknown beats no. Stops asking at the first yes; the first reason is kept.
    pub(super) fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(answers.into_iter().map(|answer| !answer))
    }
}

impl From<bool> for Answer {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Answer {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown(why) => Self::Unknown(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{self, No, Yes};

    #[test]
    fn no_beats_unknown_beats_yes_and_the_other_way_round_for_any() {
        let unknown = || Answer::unknown("?");
        assert_eq!(Answer::all([Yes, unknown(), No]), No);
        assert_eq!(Answer::all([unknown(), Yes]), unknown());
        assert_eq!(Answer::all([]), Yes);
        assert_eq!(Answer::any([No, unknown(), Yes]), Yes);
        assert_eq!(Answer::any([unknown(), No]), unknown());
        assert_eq!(Answer::any([]), No);
    }

    #[test]
    fn the_first_reason_is_the_one_that_is_told() {
        let (one, other) = (Answer::unknown("one"), Answer::hangs("other"));
        assert_eq!(Answer::all([Yes, one.clone(), other.clone()]), one);
        assert_eq!(Answer::any([No, other.clone(), one]), other);
    }
}
