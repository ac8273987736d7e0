//! The KMS keys of log groups.

use serde::{Deserialize, Serialize};

use crate::{Fetched, gaps::walk_gaps};

/// What AWS said about a KMS key that a log group names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyAnswer {
    /// The ARN as the log group has it.
    pub arn: String,
    /// The key, or that there is none.
    pub key: Fetched<Option<Key>>,
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// `Enabled`, `Disabled`, `PendingDeletion`, `Creating`, …
    pub state: String,
    /// Its policy as AWS sent it: JSON.
    pub policy: Fetched<String>,
}

walk_gaps! {
    KeyAnswer { arn, key }
    Key { state, policy }
}
