//! Yes, no, or unknown and why.

use std::borrow::Cow;

/// An answer of three values. The reason of an unknown one is a clause that ends a sentence on the statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown(Cow<'static, str>),
}

impl Answer {
    pub(super) fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(why.into())
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
}
