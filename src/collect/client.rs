//! The calls to one region of one account: its clients' settings, its pace, and what the calls cost.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::aws::{CallerIdentity, Calls, Pace, Session};
use crate::progress::Progress;

/// A region that is being read.
pub(super) struct RegionClient {
    pub(super) name: String,
    /// The account's id, if that is known.
    pub(super) account: Option<String>,
    /// The settings of the region's clients.
    pub(super) config: SdkConfig,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) calls: Calls,
    /// The credentials that are behind these clients.
    pub(super) session: Session,
    /// The other accounts of the run: what this one leads to may belong to one of them.
    pub(super) others: Arc<[OtherAccount]>,
}

/// An account of the run.
#[derive(Clone, Debug)]
pub(crate) struct OtherAccount {
    /// Twelve digits.
    pub(crate) account: String,
    pub(crate) session: Session,
}

impl RegionClient {
    pub(super) fn new(
        (session, others): (&Session, &Arc<[OtherAccount]>),
        caller: &CallerIdentity,
        name: &str,
        pace: Pace,
        progress: Progress,
    ) -> Self {
        Self {
            name: name.to_owned(),
            account: caller.account.clone().ok(),
            config: session.in_region(name),
            ec2: session.ec2(name),
            calls: Calls::new(pace, progress),
            session: session.clone(),
            others: Arc::clone(others),
        }
    }
}
