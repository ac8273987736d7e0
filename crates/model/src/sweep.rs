//! For tests that hide facts: a fact by its JSON pointer, changed in place, and the facts that an audit read.

use std::{any::Any, cell::RefCell, collections::BTreeSet};

use crate::{Fetched, Gap, Listing};

/// Something in the inventory that may hold facts.
pub trait Node {
    /// The fact at `path`: the keys and indexes of its JSON pointer from here.
    fn fact(&mut self, path: &[&str]) -> Option<&mut dyn FactSlot>;
}

/// The place of a fact, whatever its type.
pub trait FactSlot {
    /// Which one it is, for [`reads`]. It stays the same until the inventory is moved.
    fn address(&self) -> usize;

    /// Why it is not known; none if it is.
    fn gap(&self) -> Option<Gap>;

    /// Puts `gap` in its place, and gives back what was there.
    fn hide(&mut self, gap: Gap) -> Box<dyn Any>;

    /// Puts back what [`hide`](Self::hide) gave.
    ///
    /// # Panics
    /// If that was another fact.
    fn restore(&mut self, hidden: Box<dyn Any>);
}

impl<T: 'static> FactSlot for Fetched<T> {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn gap(&self) -> Option<Gap> {
        self.get().err()
    }

    fn hide(&mut self, gap: Gap) -> Box<dyn Any> {
        Box::new(std::mem::replace(self, Err(gap).into()))
    }

    fn restore(&mut self, hidden: Box<dyn Any>) {
        *self = *hidden.downcast().expect("the same fact");
    }
}

impl<T: Node> Node for Vec<T> {
    fn fact(&mut self, path: &[&str]) -> Option<&mut dyn FactSlot> {
        let (index, rest) = path.split_first()?;
        self.get_mut(index.parse::<usize>().ok()?)?.fact(rest)
    }
}

impl<T: Node> Node for Option<T> {
    fn fact(&mut self, path: &[&str]) -> Option<&mut dyn FactSlot> {
        self.as_mut()?.fact(path)
    }
}

impl<T: Node> Node for Listing<T> {
    fn fact(&mut self, path: &[&str]) -> Option<&mut dyn FactSlot> {
        let (field, rest) = path.split_first()?;
        match *field {
            "seen" => self.seen.fact(rest),
            "rest" => self.rest.fact(rest),
            _ => None,
        }
    }
}

thread_local! {
    static READS: RefCell<Option<BTreeSet<usize>>> = const { RefCell::new(None) };
}

/// What `run` gives, and the addresses of the facts that it read on this thread. One at the begin of another has the same
/// address: then both count.
pub fn reads<T>(run: impl FnOnce() -> T) -> (T, BTreeSet<usize>) {
    READS.set(Some(BTreeSet::new()));
    let given = run();
    (given, READS.take().unwrap_or_default())
}

pub(crate) fn note_read<T>(fact: &Fetched<T>) {
    READS.with_borrow_mut(|reads| {
        if let Some(reads) = reads {
            reads.insert(std::ptr::from_ref(fact).addr());
        }
    });
}
