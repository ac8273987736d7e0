//! What becomes of a packet, in three values, and the three ways to put several of them together.

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It gets there, and so do the answers.
    Arrives,
    /// It, or the answer, is dropped.
    Stops,
    /// The inventory does not tell.
    Unknown,
    /// It gets there with traces, and not with the statistics about them.
    Segments,
}

use Fate::{Arrives, Segments, Stops, Unknown};

impl Fate {
    /// Where it is counted: what arrives in part arrives.
    pub(crate) fn index(self) -> usize {
        match self {
            Arrives | Segments => 0,
            Stops => 1,
            Unknown => 2,
        }
    }

    /// A fact that may be hidden: true lets the packet on.
    pub(crate) fn of(fact: Option<bool>) -> Self {
        fact.map_or(Unknown, |lets| if lets { Arrives } else { Stops })
    }
}

/// Hops one behind the other: the packet has to pass all of them. One that surely drops it decides, whatever is not
/// known of the others.
pub(crate) fn all(hops: impl IntoIterator<Item = Fate>) -> Fate {
    let mut fate = Arrives;
    for hop in hops {
        match hop {
            Stops => return Stops,
            Unknown => fate = Unknown,
            Segments if fate == Arrives => fate = Segments,
            Segments | Arrives => {}
        }
    }
    fate
}

/// Gates side by side: one that surely opens is enough.
pub(crate) fn any(gates: impl IntoIterator<Item = Fate>) -> Fate {
    let mut fate = Stops;
    for gate in gates {
        match gate {
            Arrives | Segments => return gate,
            Unknown => fate = Unknown,
            Stops => {}
        }
    }
    fate
}

/// One of these happens and nobody can say which: known only if they are all the same.
pub(crate) fn either(fates: impl IntoIterator<Item = Fate>) -> Fate {
    let mut fates = fates.into_iter();
    let first = fates.next().unwrap_or(Unknown);
    if fates.all(|fate| fate == first) { first } else { Unknown }
}
