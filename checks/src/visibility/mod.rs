//! Visibility: what would be there of each stage and function if a request failed now. It is derived from the outcomes of
//! the checks and judges nothing itself: a row of the table of checks says which signals a failure takes away.

mod gather;
mod signal;
mod signals;

pub(crate) use gather::{About, Gatherer};
pub use gather::{Cause, SubjectVisibility, shown_signals};
pub use signal::{Signal, SignalValue, State};
pub use signals::{Loss, Signals};
