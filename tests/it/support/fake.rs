//! A synthetic AWS: the read calls that Gatelight makes, over HTTP/1.1 on 127.0.0.1, answered from a described account.
//! Unlike the emulators it pages, throttles and breaks, on request. The wire forms are those that the SDK reads.

mod account;
mod answer;
mod apigateway;
mod deliveries;
mod ec2;
mod iam;
mod insights;
mod logs;
mod organization;
mod request;
mod rules;
mod server;
mod services;

pub(crate) use account::{Account, Api, Role, function};
use answer::{Answer, Body, page};
pub(crate) use deliveries::Delivery;
pub(crate) use organization::Organization;
pub(crate) use request::Request;
pub(crate) use rules::{Fault, Rule};
pub(crate) use server::Fake;

pub(crate) const ACCOUNT: &str = "123456789012";
