//! What the collector remembers from one run to the next, if there is a ledger that keeps it.

use std::collections::BTreeMap;

/// What is remembered of a region, by topic: a log group's name, or a stage and a kind of fact. The writer of an entry
/// knows its form; an entry of another form is ignored.
pub(crate) type RegionCache = BTreeMap<String, String>;

/// The same by account and region.
pub(crate) type CollectorCache = BTreeMap<(String, String), RegionCache>;
