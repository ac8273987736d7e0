//! The only maker of AWS clients: credentials, time limits, retries, pacing, and the table of all calls.

mod call;
mod operation;
mod pace;
mod session;
mod whole;

pub(crate) use call::{Calls, Page, Traffic, failed, lacks, stated};
pub(crate) use operation::Operation;
pub(crate) use pace::Pace;
pub(crate) use session::{Caller, Role, Session, Whose, http_client};
pub(crate) use whole::{Promised, PromisedOfEach};
