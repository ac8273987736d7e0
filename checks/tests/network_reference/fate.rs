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
}

use Fate::{Arrives, Stops, Unknown};

impl Fate {
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
            Arrives => {}
        }
    }
    fate
}

/// Gates side by side: one that surely opens is enough.
pub(crate) fn any(gates: impl IntoIterator<Item = Fate>) -> Fate {
    let mut fate = Stops;
    for gate in gates {
        match gate {
            Arrives => return Arrives,
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
