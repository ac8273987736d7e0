//! What AWS said about an account: the saved inventory, the facts in it, and the gaps where AWS would not say.
//!
//! Everything else speaks of these types. Nothing here judges, and nothing here does I/O.

mod access_denial;
pub mod arn;
pub mod facts;
pub mod fetched;
mod gap;
mod gaps;
pub mod inventory;
pub mod log_patterns;
mod need;
mod subject;
#[cfg(feature = "sweep")]
pub mod sweep;
pub mod text;

pub use access_denial::{AccessDenial, DenyingPolicy};
pub use facts::{FACTS, Fact};
pub use fetched::{Fetched, Listing, all, any};
pub use gap::{Gap, GapDetails, GapKind};
pub use gaps::Gaps;
pub use need::Need;
pub use subject::{Confidence, Severity, Subject, SubjectKind};
