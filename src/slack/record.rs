//! What became of a message of the outbox, written into the ledger: the same for the daemon and for one audit.

use std::time::Duration;

use jiff::Timestamp;

use super::client::Delivery;
use crate::ledger::{Ledger, Outgoing};

/// Why a message is given up whose route is gone.
pub(crate) const NO_ROUTE: &str = "the configuration has no webhook of this name any more";

/// What became of a message, as the ledger has it now.
#[derive(Debug)]
pub(crate) enum Settled {
    Sent,
    /// It was not posted, and waits.
    Later {
        why: String,
        wait: Duration,
    },
    /// It may have been posted, and is sent once more.
    Again {
        why: String,
        wait: Duration,
    },
    /// It may have been posted, and was sent twice: it is given up.
    Uncertain {
        why: String,
        wait: Duration,
    },
    /// It is given up.
    Refused {
        why: String,
    },
}

/// Writes down what a delivery came to. `own` is how long to wait where Slack named no time.
///
/// # Errors
/// If the ledger cannot be written.
pub(crate) fn settle(
    ledger: &Ledger,
    message: &Outgoing,
    delivery: Delivery,
    now: Timestamp,
    own: impl FnOnce() -> Duration,
) -> anyhow::Result<Settled> {
    let id = message.id;
    Ok(match delivery {
        Delivery::Delivered => {
            ledger.sent(id, now)?;
            Settled::Sent
        }
        Delivery::Refused { why } => {
            ledger.refused(id, &why, now)?;
            Settled::Refused { why }
        }
        Delivery::Later { after, why, perhaps } => {
            let wait = after.unwrap_or_else(own);
            let at = now.checked_add(wait)?;
            if !perhaps {
                ledger.later(id, at, &why)?;
                Settled::Later { why, wait }
            } else if ledger.in_doubt(id, at, &why, now)? {
                Settled::Again { why, wait }
            } else {
                Settled::Uncertain { why, wait }
            }
        }
    })
}
