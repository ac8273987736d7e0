//! One room a command: what `gatelight COMMAND` does.

pub(crate) mod audit;
pub(crate) mod can;
pub(crate) mod cost;
pub(crate) mod demo;
pub(crate) mod explain;
pub(crate) mod format;
pub(crate) mod history;
pub(crate) mod iam_policy;
pub(crate) mod manpages;
pub(crate) mod path;
