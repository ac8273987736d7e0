//! How much log groups took in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fetched, gaps::walk_gaps};

/// How much a log group took in the window of the audit. Whole periods that lie inside the window are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IngestedAnswer {
    /// The name of the group.
    pub group: String,
    /// Where the window begins.
    pub since: Timestamp,
    /// Where it ends.
    pub until: Timestamp,
    /// `IncomingBytes`: the volume of log events before compression.
    pub bytes: Fetched<u64>,
}

walk_gaps! {
    IngestedAnswer { group, since, until, bytes }
}
