//! Log groups that something writes to: how long they keep, and who may write.

pub mod delivery_denied;
pub mod never_expires;
