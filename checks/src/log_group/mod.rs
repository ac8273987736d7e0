//! Log groups that something writes to: how long they keep events, and whether their KMS keys work.

pub mod key_unusable;
pub mod never_expires;
