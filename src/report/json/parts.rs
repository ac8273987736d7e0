//! What several parts of the JSON report hold.

use gatelight_model::Subject;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::text::to_second;

#[derive(Serialize)]
pub(super) struct SubjectEntry<'a> {
    kind: &'static str,
    arn: &'a str,
    name: &'a str,
}

pub(super) fn subject(subject: &Subject) -> SubjectEntry<'_> {
    SubjectEntry { kind: subject.kind.name(), arn: &subject.arn, name: &subject.name }
}

/// RFC 3339 in UTC, to the second.
pub(super) fn seconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&to_second(*time))
}

#[expect(clippy::ref_option, reason = "serde hands it over like this")]
pub(super) fn seconds_or_null<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
