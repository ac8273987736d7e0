//! Accounts of moto, seeded by API calls; every outcome of the JSON report has the verdict that the contract gives.
//! Where moto is not AWS and it matters, a comment says so.

mod accounts;
mod choices;
mod destinations;
mod execution;
pub(crate) mod formats;
mod functions;
pub(crate) mod functions_and_roles;
mod gateway_role;
mod keys;
mod logs;
pub(crate) mod mixed;
mod networks;
mod organization;
mod saved;
mod secrets;
mod traces;
