//! Lists of names, of which the page shows the first few.

use std::collections::HashSet;

use crate::text::{list_and_more, plain};

/// How many names a list shows unless all are asked for; the others are counted.
const SHOWN: usize = 4;

/// How many names a list shows.
pub(super) fn shown(verbose: bool) -> usize {
    if verbose { usize::MAX } else { SHOWN }
}

/// Names, each counted once, of which only the first few are shown.
#[derive(Default)]
pub(super) struct NameList {
    shown: Vec<String>,
    all: HashSet<String>,
}

impl NameList {
    /// Adds a name, which is shown if fewer than `most` are so far.
    pub(super) fn add(&mut self, name: &str, most: usize) {
        if !self.all.contains(name) {
            self.all.insert(name.to_owned());
            if self.shown.len() < most {
                self.shown.push(shortened(&plain(name)));
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// `a, b and 3 more`.
    pub(super) fn list(&self) -> String {
        list_and_more(&self.shown, self.all.len() - self.shown.len())
    }
}

/// A name that would fill the page by itself, without its middle.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 66;
    const END: usize = 20;
    let length = name.chars().count();
    if length <= LONGEST {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST - END - 1).collect();
    let end: String = name.chars().skip(length - END).collect();
    format!("{start}…{end}")
}
