//! The only maker of AWS clients: credentials, time limits, retries, pacing, and the table of all calls.

mod call;
mod integrity;
mod operation;
mod pace;
mod session;

pub(crate) use call::{Calls, Page, Traffic, failed, lacks, stated};
pub(crate) use integrity::{Promised, PromisedOfEach};
pub(crate) use operation::{Grant, Granted, Operation};
pub(crate) use pace::Pace;
pub(crate) use session::{Caller, Role, Session, Whose, http_client};
