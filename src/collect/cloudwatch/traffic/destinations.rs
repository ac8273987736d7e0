//! The destinations of access logs, by name.

use gatelight_model::inventory::{DeliveryStreamAnswer, LogGroupAnswer};

/// What AWS answered about the destinations of access logs, sorted by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogDestinations<'a> {
    pub(crate) groups: &'a [LogGroupAnswer],
    pub(crate) streams: &'a [DeliveryStreamAnswer],
}

impl<'a> LogDestinations<'a> {
    pub(crate) fn group(self, name: &str) -> Option<&'a LogGroupAnswer> {
        let at = self.groups.binary_search_by(|answer| answer.name.as_str().cmp(name)).ok()?;
        self.groups.get(at)
    }

    pub(crate) fn stream(self, name: &str) -> Option<&'a DeliveryStreamAnswer> {
        let at = self.streams.binary_search_by(|answer| answer.name.as_str().cmp(name)).ok()?;
        self.streams.get(at)
    }
}
