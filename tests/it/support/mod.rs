//! What the tests share.

pub(crate) mod cbor;
pub(crate) mod cloudwatch;
pub(crate) mod fake;
pub(crate) mod inventory;
pub(crate) mod ministack;
pub(crate) mod moto;
pub(crate) mod proxy;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod seed;
pub(crate) mod slack;
pub(crate) mod wire;
pub(crate) mod xray;
