//! What the collector remembers from one look to the next, where a ledger keeps it.

use std::collections::BTreeMap;

/// What is remembered in a region, by what it is about: a log group's name, or a stage and what of it. Whoever wrote one
/// knows its form; one of another form is no memory.
pub(crate) type Memories = BTreeMap<String, String>;

/// The same by account and region.
pub(crate) type Remembered = BTreeMap<(String, String), Memories>;
