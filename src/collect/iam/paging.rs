//! The pages of IAM's lists.

use gatelight_model::Gap;

use crate::collect::aws::{Operation, lacks};

/// IAM says in a field of its own whether there is more.
pub(super) fn next_marker(
    operation: Operation,
    resource: &str,
    truncated: bool,
    marker: Option<String>,
) -> Result<Option<String>, Gap> {
    match (truncated, marker.filter(|marker| !marker.is_empty())) {
        // The SDK reads a missing "there is more" as "no"; a marker says so all the same.
        (_, Some(marker)) => Ok(Some(marker)),
        (false, None) => Ok(None),
        (true, None) => Err(lacks(operation, resource, "the marker of the next page")),
    }
}
