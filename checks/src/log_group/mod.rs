//! Log groups that something writes to: how long they keep, who may write, and whether their keys serve.

pub mod delivery_denied;
pub mod key_unusable;
pub mod never_expires;
pub(crate) mod writer;
