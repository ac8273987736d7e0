//! What AWS said about an account: the saved inventory, the facts in it, and the gaps where AWS would not say.
//!
//! Everything else speaks of these types. Nothing here judges, and nothing here does I/O.

pub mod arn;
pub mod fetched;
pub mod inventory;
pub mod log_patterns;
mod need;
mod subject;
pub mod text;

pub use fetched::{Fetched, Gap, GapKind, Listing, all, any};
pub use need::Need;
pub use subject::{Severity, Subject, SubjectKind};
