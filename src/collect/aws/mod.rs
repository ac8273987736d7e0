//! The only maker of AWS clients: credentials, time limits, retries, pacing, and the table of all calls.

mod assumed_role;
mod call;
mod credentials;
mod denial;
mod http;
mod integrity;
mod operation;
mod pace;
mod refusal;
mod request_counts;
mod session;
mod size_limit;
mod unreadable;

pub(crate) use call::{Calls, Page, failed, lacks, stated};
pub(crate) use credentials::{CredentialSource, RoleToAssume};
pub(crate) use http::http_client;
pub(crate) use integrity::{Promised, PromisedOfEach};
pub(crate) use operation::{Grant, Granted, Operation};
pub(crate) use pace::Pace;
pub(crate) use request_counts::Traffic;
pub(crate) use session::{CallerIdentity, DEFAULT_REGION, Session};
